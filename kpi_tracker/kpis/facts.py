"""Measures as queries over the fact tables. The reference engine and the rollup builder both use these,
so a measure means the same in a cell and in a list of its records.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import BigIntegerField, Case, Count, Exists, F, Func, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce

from kpi_tracker.kpis.measures import Agg, Measure, Quantity, Requirement
from kpi_tracker.orgs.models import ExchangeRate, Organisation
from kpi_tracker.sales.models import Customer, Deal

EVERY = Q()


class MinorUnits(Func):
    """An amount, times a rate where one is given, in whole hundredths; halves away from zero."""

    output_field = BigIntegerField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "ROUND(%(expressions)s * 100)::bigint"
        return self.as_sql(compiler, connection, template=template, arg_joiner=" * ", **context)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        if len(self.source_expressions) == 1:
            return self.as_sql(compiler, connection, template="CAST(ROUND(%(expressions)s * 100) AS INTEGER)", **context)
        return self.as_sql(compiler, connection, template="kpi_minor_units(%(expressions)s)", **context)


class YearlyMinorUnits(Func):
    """Of an amount, its one-time part, a rate and a term in months: what recurs in a year, in whole hundredths, halves away from zero."""

    output_field = BigIntegerField()
    arity = 4

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        amount, one_time, rate, months = (compiler.compile(part) for part in self.source_expressions)
        above, below = f"(({amount[0]} - {one_time[0]}) * {rate[0]} * 1200)", f"GREATEST({months[0]}, 12)"
        sql = f"(SIGN({above}) * DIV(2 * ABS({above}) + {below}, 2 * {below}))::bigint"
        above_params, below_params = (*amount[1], *one_time[1], *rate[1]), tuple(months[1])
        return sql, (*above_params, *above_params, *below_params, *below_params)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="kpi_yearly_minor_units(%(expressions)s)", **context)


class DaysBetween(Func):
    """Whole days from the second day to the first."""

    output_field = IntegerField()
    arity = 2

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="(%(expressions)s)", arg_joiner=" - ", **context)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        later, earlier = (compiler.compile(part) for part in self.source_expressions)
        sql = f"CAST(julianday({later[0]}) - julianday({earlier[0]}) AS INTEGER)"
        return sql, (*later[1], *earlier[1])


def _rates(day: str) -> QuerySet[ExchangeRate]:
    """The rates of the outer record's currency up to its day, newest first."""
    return ExchangeRate.objects.filter(
        organisation_id=OuterRef("organisation_id"), currency=OuterRef("currency"), day__lte=OuterRef(day)
    ).order_by("-day")


def requirement(need: Requirement, measure: Measure, organisation: Organisation) -> Q:
    if need.where is not None:
        return need.where
    return Q(currency=organisation.base_currency) | Q(Exists(_rates(measure.converted_on)))


def quantity(measure: Measure, organisation: Organisation) -> Any:
    """What the measure adds up of one record, as an SQL expression of whole numbers."""
    rate = Subquery(_rates(measure.converted_on).values("rate")[:1])
    match measure.quantity:
        case Quantity.AMOUNT:
            return Case(
                When(currency=organisation.base_currency, then=MinorUnits("amount")), default=MinorUnits("amount", rate),
                output_field=BigIntegerField(),
            )
        case Quantity.YEARLY_AMOUNT:
            one_time = Coalesce("one_time_amount", Decimal(0))
            return Case(
                When(currency=organisation.base_currency, then=YearlyMinorUnits("amount", one_time, Value(1), "term_months")),
                default=YearlyMinorUnits("amount", one_time, rate, "term_months"), output_field=BigIntegerField(),
            )
        case Quantity.CYCLE_DAYS:
            return DaysBetween(F("closed_on"), Coalesce("first_contact_on", "opened_on"))
        case Quantity.DURATION:
            return (F("duration_s") + 30) / 60  # whole numbers: to the nearest minute
        case Quantity.DEALS_WON_AFTER:
            won = deals_won_after().order_by().values("organisation_id").annotate(number=Count("pk")).values("number")
            return Coalesce(Subquery(won), 0, output_field=BigIntegerField())
        case None:
            return Value(1)


def deals_won_after() -> QuerySet[Deal]:
    """The deals won with the outer activity's customer, on its day or later."""
    return Deal.objects.filter(
        organisation_id=OuterRef("organisation_id"), customer_id=OuterRef("customer_id"), status="won",
        closed_on__gte=OuterRef("occurred_on"),
    )


def _only_once(measure: Measure, organisation: Organisation) -> Q:
    """The condition that a record is the first (or, if `later`, not the first) of its `per`."""
    once = measure.once
    if once is None:
        return Q()
    order = once.order or measure.day
    same = {path: OuterRef(path) for path in ("organisation_id", *once.per)}
    earlier = _countable(measure, organisation).filter(**same)
    before = Q(**{f"{order}__lt": OuterRef(order)}) | Q(**{order: OuterRef(order), "id__lt": OuterRef("id")})
    earlier = earlier.filter(before, **{f"{order}__lte": OuterRef(order)})  # said once more, as an index can use it
    if once.days is not None:
        earlier = earlier.alias(gap=DaysBetween(OuterRef(order), F(order))).filter(gap__lt=once.days)
    first = ~Q(Exists(earlier))
    for path in once.per:
        if path.endswith("_key"):
            first |= Q(**{path: ""})
    return ~first if once.later else first


def _meant(measure: Measure, organisation: Organisation) -> QuerySet[Any]:
    """The records that the measure is about, whether or not they can be counted."""
    rows: QuerySet[Any] = measure.fact.model._default_manager.filter(measure.where, organisation=organisation)
    return rows


def _countable(measure: Measure, organisation: Organisation) -> QuerySet[Any]:
    """Records that the measure could count, before telling first from later ones."""
    found = _meant(measure, organisation).filter(**{f"{measure.day}__isnull": False})
    for need in measure.requires:
        found = found.filter(requirement(need, measure, organisation))
    return found


def counted(measure: Measure, organisation: Organisation) -> QuerySet[Any]:
    """The records that the measure counts, each with its `quantity`."""
    found = _countable(measure, organisation).filter(_only_once(measure, organisation)).filter(measure.only)
    rows: QuerySet[Any] = found.annotate(quantity=quantity(measure, organisation))
    return rows


def left_out(measure: Measure, organisation: Organisation, restrict: Q = EVERY) -> list[tuple[Requirement, QuerySet[Any]]]:
    """The records of the measure's kind that lack something, under the first thing that they lack.

    restrict: look among these alone; a condition added afterwards would leave the whole history to be read.
    """
    rest = _meant(measure, organisation).filter(restrict)
    found = []
    for need in measure.requires:
        met = rest.filter(requirement(need, measure, organisation)).values("pk")
        found.append((need, rest.exclude(pk__in=met)))
        rest = rest.filter(pk__in=met)
    return found


def others(measure: Measure, organisation: Organisation, restrict: Q = EVERY) -> QuerySet[Any]:
    """The records that could be counted, were they the first (or, if `later`, not the first) of their kind; see `left_out`."""
    rows: QuerySet[Any] = _countable(measure, organisation).filter(restrict).exclude(pk__in=_firsts(measure, organisation, restrict))
    return rows


def without_outcome(measure: Measure, organisation: Organisation, restrict: Q = EVERY) -> QuerySet[Any]:
    """Of the first of their kind those of which did not come what the measure counts (`only`); see `left_out`."""
    firsts = _countable(measure, organisation).filter(restrict).filter(pk__in=_firsts(measure, organisation, restrict))
    rows: QuerySet[Any] = firsts.exclude(pk__in=counted(measure, organisation).filter(restrict).values("pk"))
    return rows


def _firsts(measure: Measure, organisation: Organisation, restrict: Q) -> Any:
    return _countable(measure, organisation).filter(restrict).filter(_only_once(measure, organisation)).values("pk")


def _firsts_of_all(measure: Measure, organisation: Organisation) -> QuerySet[Any, int]:
    """Every customer's first record. Quicker than asking of each record whether an earlier one exists, where many are read."""
    order = measure.once.order if measure.once and measure.once.order else measure.day
    first = _countable(measure, organisation).filter(customer_id=OuterRef("pk")).order_by(order, "pk").values("pk")[:1]
    return Customer.objects.filter(organisation=organisation).values_list(Subquery(first), flat=True)


def sums(
    organisation: Organisation, family: Sequence[Measure], restrict: Q, by: dict[str, Any], *, all_history: bool = False
) -> QuerySet[Any, dict[str, Any]]:
    """One pass over a family's table, grouped by the expressions in `by`.

    Rows are dicts with the keys of `by` and, for the i-th measure, `v<i>` its value and `n<i>` the records in it.
    all_history: `restrict` leaves so many records that looking up every customer's first one is the shorter way.
    """
    first = family[0]
    base = first.fact.model._default_manager.filter(restrict, organisation=organisation, **{f"{first.day}__isnull": False})
    if first.once:
        conditions = [measure.only for measure in family]
        by_customer = all_history and first.once.per == ("customer_id",) and not first.once.later
        only = Q(pk__in=_firsts_of_all(first, organisation)) if by_customer else _only_once(first, organisation)
        base = _countable(first, organisation).filter(only).filter(restrict)
    else:
        conditions = [_condition(measure, organisation) for measure in family]
        if all(measure.where for measure in family):  # an empty one lets all through, and would be lost among the others
            base = base.filter(reduce(or_, [measure.where for measure in family]))
    columns: dict[str, Any] = {}
    for i, (measure, condition) in enumerate(zip(family, conditions, strict=True)):
        kept = condition or None
        columns[f"n{i}"] = Count("pk", filter=kept)
        match measure.agg:
            case Agg.COUNT:
                columns[f"v{i}"] = Count("pk", filter=kept)
            case Agg.SUM:
                columns[f"v{i}"] = Coalesce(Sum(quantity(measure, organisation), filter=kept), 0, output_field=BigIntegerField())
    if "__" in first.day:  # the record that has the day is of the same organisation; said so, its index can be used
        base = base.filter(**{f"{first.day.rpartition('__')[0]}__organisation": organisation})
    rows: QuerySet[Any, dict[str, Any]] = base.order_by().values(**by).annotate(**columns)
    return rows


def _condition(measure: Measure, organisation: Organisation) -> Q:
    """What a record of the measure's table must meet, apart from its day."""
    met = measure.where & measure.only
    for need in measure.requires:
        met &= requirement(need, measure, organisation)
    return met


def families(measures: Sequence[Measure]) -> list[list[Measure]]:
    """The measures, without repetition, grouped into families."""
    grouped: dict[tuple[str, ...], dict[str, Measure]] = {}
    for measure in measures:
        grouped.setdefault(measure.family, {})[measure.key] = measure
    return [list(group.values()) for group in grouped.values()]
