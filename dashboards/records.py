"""The records behind a figure: counted, and left out with the reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, QuerySet, Sum
from django.utils.translation import gettext, gettext_lazy, pgettext_lazy

from dashboards.subjects import address, may_see_customer
from kpi_tracker import formats
from kpi_tracker.kpis import facts, query
from kpi_tracker.kpis.engine import concerning, within_spans
from kpi_tracker.kpis.measures import Fact, Measure, Quantity, Unit
from kpi_tracker.kpis.metrics import AnyKpi, GrowthKpi, RatioKpi, SimpleKpi, SubjectKind
from kpi_tracker.kpis.query import Subject
from kpi_tracker.periods import Period
from kpi_tracker.scope import Scope

PAGE = 50


@dataclass(frozen=True, slots=True)
class Text:
    """What a cell shows, and where it leads."""

    text: str
    address: str = ""
    plain: Any = None

    @property
    def raw(self) -> Any:
        """For files: the value itself where there is one."""
        return self.text if self.plain is None else self.plain


@dataclass(frozen=True, slots=True)
class Column:
    """order: the field that it sorts by; none where it does not sort."""

    key: str
    title: Any
    write: Callable[[Any, Scope], Text]
    order: str = ""
    right: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One of the measures that a KPI is made of."""

    key: str
    label: str
    measure: Measure


@dataclass(frozen=True, slots=True)
class LeftOut:
    reason: str
    number: int
    rows: tuple[tuple[Text, ...], ...]


@dataclass(frozen=True, slots=True)
class Records:
    """total: the measure's value over all of its records, as in the figure; hidden: those that the scope does not show."""

    part: Part
    columns: tuple[Column, ...]
    found: QuerySet[Any]
    number: int
    total: Decimal
    hidden: int
    sort: str

    def page(self, number: str) -> Page[Any]:
        return Paginator(self.found, PAGE, allow_empty_first_page=True).get_page(number)

    def rows(self, scope: Scope, records: Any) -> list[tuple[Text, ...]]:
        return [tuple(column.write(record, scope) for column in self.columns) for record in records]


def parts_of(kpi: AnyKpi) -> list[Part]:
    match kpi:
        case SimpleKpi():
            return [Part("numerator", str(kpi.label), kpi.measure)]
        case RatioKpi():
            return [
                Part("numerator", gettext("Above the line: %(measure)s") % {"measure": measure_label(kpi.numerator)}, kpi.numerator),
                Part("denominator", gettext("Below the line: %(measure)s") % {"measure": measure_label(kpi.denominator)}, kpi.denominator),
            ]
        case GrowthKpi():
            return [Part("numerator", str(kpi.of.label), kpi.of.measure)]


def measure_label(measure: Measure) -> str:
    labels = {
        "deals_won": gettext("deals won"), "deals_closed": gettext("deals closed"), "revenue": gettext("revenue"),
        "deals_won_with_amount": gettext("deals won with an amount"), "deals_won_with_cycle": gettext("deals won with a known start"),
        "cycle_days": gettext("days of deals won"),
    }
    return labels.get(measure.key, measure.key.replace("_", " "))


def records(scope: Scope, part: Part, subject: Subject, period: Period, *, sort: str) -> Records:
    measure, organisation = part.measure, scope.organisation
    about = concerning(organisation, measure, subject) & within_spans(measure, [period])
    counted = facts.counted(measure, organisation).filter(about)
    sums = counted.order_by().aggregate(number=Count("pk"), total=Sum("quantity"))
    columns = columns_of(measure, subject)
    seen = counted if scope.rep_ids is None else facts.counted(measure, organisation).filter(about).within(scope)  # type: ignore[attr-defined]
    hidden = 0 if scope.rep_ids is None else sums["number"] - seen.count()
    order = _order(columns, sort, measure)
    found = seen.select_related(*_related(measure)).order_by(*order, "-id")
    return Records(part, columns, found, sums["number"], query.in_unit(int(sums["total"] or 0), measure.unit), hidden, sort)


def left_out(scope: Scope, part: Part, subject: Subject, period: Period) -> list[LeftOut]:
    """What the measure could not count: the number of all, and the first that the scope shows."""
    measure = part.measure
    about = concerning(scope.organisation, measure, subject) & within_spans(measure, [period])
    columns = columns_of(measure, subject, with_quantity=False)
    found = []
    for need, records in facts.left_out(measure, scope.organisation):
        lacking = records.filter(about)
        if number := lacking.count():
            seen = lacking.within(scope).select_related(*_related(measure)).order_by(f"-{measure.day}", "-id")[:PAGE]  # type: ignore[attr-defined]
            rows = tuple(tuple(column.write(record, scope) for column in columns) for record in seen)
            found.append(LeftOut(str(need.reason), number, rows))
    return found


def _order(columns: tuple[Column, ...], sort: str, measure: Measure) -> list[str]:
    field = next((column.order for column in columns if column.order and column.key == sort.removeprefix("-")), "")
    if not field:
        return [f"-{measure.day}"]
    return [f"-{field}" if sort.startswith("-") else field]


def _related(measure: Measure) -> list[str]:
    related = {
        Fact.ACTIVITY: ["rep", "customer", "type"], Fact.CONTACT: ["added_by", "customer"], Fact.CUSTOMER: ["added_by", "owner"],
        Fact.DEAL: ["customer", "stage", measure.rep.removesuffix("_id")], Fact.LEAD: ["rep", "customer"],
    }
    return related[measure.fact]


# Columns -------------------------------------------------------------------------------------------

def _rep(field: str) -> Callable[[Any, Scope], Text]:
    def write(record: Any, scope: Scope) -> Text:
        rep = getattr(record, field)
        if rep is None:
            return Text(formats.NO_VALUE)
        seen = scope.may_see_rep(rep.id) and not rep.is_unassigned
        return Text(str(rep), address(scope, Subject(SubjectKind.REP, rep.id)) if seen else "")

    return write


def _customer(record: Any, scope: Scope) -> Text:
    if record.customer is None:
        return Text(getattr(record, "company", "") or formats.NO_VALUE)
    seen = may_see_customer(scope, record.customer)
    return Text(record.customer.name, address(scope, Subject(SubjectKind.CUSTOMER, record.customer_id)) if seen else "")


def _own_page(record: Any, scope: Scope) -> Text:
    seen = may_see_customer(scope, record)
    return Text(record.name, address(scope, Subject(SubjectKind.CUSTOMER, record.pk)) if seen else "")


def _day(field: str) -> Callable[[Any, Scope], Text]:
    return lambda record, scope: Text(formats.short_day(getattr(record, field), year=True), plain=getattr(record, field))


def _text(field: str) -> Callable[[Any, Scope], Text]:
    return lambda record, scope: Text(str(getattr(record, field) or formats.NO_VALUE))


def _amount(record: Any, scope: Scope) -> Text:
    return Text(formats.money(record.amount, record.currency), plain="" if record.amount is None else record.amount)


def _kind(record: Any, scope: Scope) -> Text:
    label = str(record.type) if record.type else record.get_kind_display()
    return Text(label[:1].upper() + label[1:])


def _outcome(record: Any, scope: Scope) -> Text:
    return Text(str(record.get_outcome_display()))


def _quantity(measure: Measure) -> Column | None:
    """What each record adds to the figure, where that is not simply one."""
    titles = {Quantity.AMOUNT: pgettext_lazy("column", "Counted"), Quantity.CYCLE_DAYS: pgettext_lazy("column", "Days")}
    if measure.quantity is None:
        return None
    return Column("counted", titles[measure.quantity], lambda record, scope: _counted(measure, record, scope), "quantity", right=True)


def _counted(measure: Measure, record: Any, scope: Scope) -> Text:
    value = query.in_unit(int(record.quantity), measure.unit)
    text = formats.money(value, scope.organisation.base_currency) if measure.unit is Unit.MONEY else formats.number(value)
    return Text(text, plain=value)


def columns_of(measure: Measure, subject: Subject, *, with_quantity: bool = True) -> tuple[Column, ...]:
    rep_field = measure.rep.removesuffix("_id")
    day = Column("day", pgettext_lazy("column", "Day"), _day(measure.day), measure.day)
    rep = Column("rep", pgettext_lazy("column", "Rep"), _rep(rep_field), f"{rep_field}__name")
    customer = Column("customer", pgettext_lazy("column", "Customer"), _customer, "customer__name")
    found: list[Column]
    match measure.fact:
        case Fact.ACTIVITY:
            outcome = Column("outcome", pgettext_lazy("column", "Outcome"), _outcome, "outcome")
            found = [day, Column("kind", pgettext_lazy("column", "What"), _kind, "kind"), customer, rep, outcome,
                     Column("subject", pgettext_lazy("column", "Subject"), _text("subject"))]
        case Fact.CONTACT:
            found = [day, Column("name", pgettext_lazy("column", "Contact"), _text("name"), "name"), customer, rep]
        case Fact.CUSTOMER:
            found = [day, Column("name", pgettext_lazy("column", "Company"), _own_page, "name"),
                     Column("business", pgettext_lazy("column", "Business id"), _text("business_id"), "business_id"), rep]
        case Fact.DEAL:
            found = [day, Column("name", pgettext_lazy("column", "Deal"), _text("name"), "name"), customer, rep,
                     Column("stage", pgettext_lazy("column", "Stage"), _text("stage"), "stage__position"),
                     Column("amount", gettext_lazy("Amount"), _amount, "amount", right=True)]
            if measure.quantity is Quantity.CYCLE_DAYS:
                found[5:5] = [Column("first", pgettext_lazy("column", "First contact"), _day("first_contact_on"), "first_contact_on"),
                              Column("opened", pgettext_lazy("column", "Opened"), _day("opened_on"), "opened_on")]
        case Fact.LEAD:
            found = [day, Column("company", pgettext_lazy("column", "Company"), _customer, "company_key"),
                     Column("name", pgettext_lazy("column", "Contact"), _text("name"), "name"),
                     Column("channel", pgettext_lazy("column", "Source"), _text("channel"), "channel"), rep]
    quantity = _quantity(measure) if with_quantity else None
    if subject.kind is SubjectKind.REP and rep in found:
        found.remove(rep)
    if subject.kind is SubjectKind.CUSTOMER and customer in found:
        found.remove(customer)
    return tuple([*found, quantity] if quantity else found)
