"""An organisation's own KPIs: rows that become measures and KPIs like the built-in ones.

A definition has versions. Which one holds on a day is worked out in `timeline`; all of them together make one measure, whose
condition asks of each record what held on its day. So history keeps what a figure meant then, or does not, as the admin chose.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import groupby
from operator import or_
from typing import Any

from django.db.models import Q
from django.db.models.lookups import GreaterThanOrEqual, IsNull, LessThanOrEqual
from django.utils.functional import lazystr
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from kpi_tracker.errors import InternalError
from kpi_tracker.kpis import facts
from kpi_tracker.kpis.catalogue import BACKWARDS, NO_AMOUNT, NO_RATE, NO_START, NOT_DONE
from kpi_tracker.kpis.measures import Agg, Fact, Measure, Quantity, Requirement, Unit
from kpi_tracker.kpis.metrics import AnyKpi, Category, Direction, Owner, RatioKpi, SimpleKpi
from kpi_tracker.kpis.models import OwnKpi, OwnKpiVersion
from kpi_tracker.kpis.own_definition import FILTERS, NOT_RECORDED, Aggregation, Definition, Side, read
from kpi_tracker.kpis.own_words import Sentence
from kpi_tracker.orgs.kept import kept
from kpi_tracker.orgs.models import Organisation

NOT_CLOSED = Requirement(Q(closed_on__isnull=False), _("not closed yet"))
NO_DURATION = Requirement(Q(duration_s__isnull=False), _("no duration"))
REQUIRED: dict[Quantity | None, tuple[Requirement, ...]] = {
    None: (),
    Quantity.AMOUNT: (NO_AMOUNT, NO_RATE),
    Quantity.CYCLE_DAYS: (NOT_CLOSED, NO_START, BACKWARDS),
    Quantity.DURATION: (NO_DURATION,),
}


@dataclass(frozen=True, slots=True)
class Held:
    """A definition and the days on which it holds: `[start, end)`, None where there is no bound."""

    definition: Definition
    start: dt.date | None = None
    end: dt.date | None = None
    version: OwnKpiVersion | None = None


def own_kpis(organisation: Organisation) -> tuple[AnyKpi, ...]:
    """The organisation's own KPIs that are switched on, by name."""
    return kept(organisation, ("own KPIs",), lambda: _read_own_kpis(organisation))


def _read_own_kpis(organisation: Organisation) -> tuple[AnyKpi, ...]:
    versions = OwnKpiVersion.objects.filter(organisation=organisation, own_kpi__enabled=True).select_related("own_kpi")
    ordered = versions.order_by("own_kpi__name", "own_kpi_id", "id")
    found = {own: list(group) for own, group in groupby(ordered, key=lambda version: version.own_kpi)}
    return tuple(kpi_of(own, timeline(said), organisation, version=len(said)) for own, said in found.items())


def is_own(kpi: AnyKpi) -> bool:
    """Whether the organisation made it: then nobody knows beforehand which records its parts count."""
    return kpi.key.startswith("own:")


def timeline(versions: Sequence[OwnKpiVersion]) -> tuple[Held, ...]:
    """Which version holds when. versions: of one KPI, in the order in which they were made.

    A version replaces from its day on whatever was said before; one without a day replaces all.
    """
    kept: list[OwnKpiVersion] = []
    for version in versions:
        start = version.valid_from
        kept = [] if start is None else [one for one in kept if one.valid_from is None or one.valid_from < start]
        kept.append(version)
    ends = [version.valid_from for version in kept[1:]]
    return tuple(
        Held(read(version.definition), version.valid_from, end, version) for version, end in zip(kept, [*ends, None], strict=True)
    )


def kpi_of(own: OwnKpi, held: Sequence[Held], organisation: Organisation, *, version: int = 1) -> AnyKpi:
    """The KPI that the versions make. `own` need not be saved: the preview's is not. version: how often it has been defined."""
    if not held:
        raise InternalError(f"The own KPI {own.pk} has no version.")
    definition = held[-1].definition
    measures = measures_of(own.key, held, organisation)
    declared: dict[str, Any] = {
        "key": own.key, "label": own.name, "description": own.description or lazystr(Sentence(organisation, definition)),
        "clock": _clock(definition), "category": Category(own.category), "owner": Owner(own.owner), "unit": Unit(own.unit),
        "direction": Direction(own.direction), "version": version,
    }
    if len(measures) == 1:
        return SimpleKpi(measure=measures[0], **declared)
    median = definition.aggregation is Aggregation.AVERAGE and definition.above.quantity is Quantity.CYCLE_DAYS
    return RatioKpi(numerator=measures[0], denominator=measures[1], median=median, **declared)


def measures_of(key: str, held: Sequence[Held], organisation: Organisation) -> tuple[Measure, ...]:
    """One measure of a count or a sum; of an average and a ratio what is above and what is below the line."""
    above = [(one, one.definition.above) for one in held]
    measures = [_measure(f"{key}:above", above, held[-1].definition.above.quantity, organisation)]
    match held[-1].definition.aggregation:
        case Aggregation.AVERAGE:
            measures.append(_measure(f"{key}:below", above, None, organisation))
        case Aggregation.RATIO:
            below = [(one, one.definition.below) for one in held if one.definition.below is not None]
            measures.append(_measure(f"{key}:below", below, below[-1][1].quantity, organisation))
    return tuple(measures)


def _measure(key: str, sides: Sequence[tuple[Held, Side]], quantity: Quantity | None, organisation: Organisation) -> Measure:
    """quantity: what is added up; None counts the same records, so an average leaves out in both what has nothing to add up."""
    last = sides[-1][1]
    clock = last.counts_on
    return Measure(
        key=key, fact=last.fact, day=clock.day, rep=clock.rep, agg=Agg.COUNT if quantity is None else Agg.SUM, quantity=quantity,
        unit=Unit.COUNT if quantity is None else last.unit,
        where=reduce(or_, [_where(side, organisation) & _on_days(clock.day, held) for held, side in sides]),
        requires=(*REQUIRED[last.quantity], *_required_by_filters(sides, organisation)),
    )


def _on_days(day: str, held: Held) -> Q:
    from_start = Q() if held.start is None else Q(**{f"{day}__gte": held.start})
    return from_start if held.end is None else from_start & Q(**{f"{day}__lt": held.end})


def _not_on_days(day: str, held: Held) -> Q:
    """The opposite; matches nothing where a version always holds."""
    before = Q(pk__in=[]) if held.start is None else Q(**{f"{day}__lt": held.start})
    return before if held.end is None else before | Q(**{f"{day}__gte": held.end})


def _where(side: Side, organisation: Organisation) -> Q:
    met = Q()
    for name, path in FILTERS[side.fact].items():
        if chosen := side.chosen(name):
            met &= Q(**{path: ["" if one == NOT_RECORDED and name == "outcomes" else one for one in chosen]})
    if leaves_out_undone(side):
        met &= ~Q(outcome__in=NOT_DONE)
    return met & _amount_between(side, organisation) if side.has_amount_filter else met


def leaves_out_undone(side: Side) -> bool:
    """Whether planned and cancelled activities are left out: on the day they happen, unless an outcome is asked for."""
    return side.fact is Fact.ACTIVITY and side.clock == "occurred" and not side.outcomes


def _amount_between(side: Side, organisation: Organisation) -> Q:
    """Also where there is no amount in the base currency: such a deal is listed as left out, not passed over."""
    amount = facts.quantity(_amount_of(side), organisation)
    met = Q()
    if side.amount_from is not None:
        met &= Q(GreaterThanOrEqual(amount, int(side.amount_from * 100)))
    if side.amount_to is not None:
        met &= Q(LessThanOrEqual(amount, int(side.amount_to * 100)))
    return met | Q(IsNull(amount, True))


def _amount_of(side: Side) -> Measure:
    clock = side.counts_on
    return Measure(key="amount", fact=Fact.DEAL, day=clock.day, rep=clock.rep, agg=Agg.SUM, quantity=Quantity.AMOUNT, unit=Unit.MONEY)


def _required_by_filters(sides: Sequence[tuple[Held, Side]], organisation: Organisation) -> tuple[Requirement, ...]:
    """A filter by amount needs one, on the days on which a version has that filter."""
    last = sides[-1][1]
    if last.quantity is Quantity.AMOUNT or not any(side.has_amount_filter for _held, side in sides):
        return ()
    amount = _amount_of(last)
    needed = []
    for need in (NO_AMOUNT, NO_RATE):
        met = Q()
        for held, side in sides:
            if side.has_amount_filter:
                met &= facts.requirement(need, amount, organisation) | _not_on_days(last.counts_on.day, held)
        needed.append(Requirement(met, need.reason))
    return tuple(needed)


def _clock(definition: Definition) -> Any:
    labels = [side.counts_on.label for side in definition.sides]
    return labels[0] if len(labels) == 1 or labels[0] == labels[1] else format_lazy("{} ÷ {}", *labels)
