"""The kinds of KPI: frozen data over measures, never code."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.translation import pgettext_lazy

from kpi_tracker.kpis.measures import Measure, Unit


class Direction(StrEnum):
    UP = "up"  # more is better
    DOWN = "down"  # less is better


class Category(StrEnum):
    ACTIVITY = "activity"
    RESULT = "result"
    EFFICIENCY = "efficiency"
    ORGANISATION = "organisation"

    @property
    def label(self) -> Any:
        return _CATEGORY_LABELS[self]


_CATEGORY_LABELS = {
    Category.ACTIVITY: pgettext_lazy("KPI category", "Activity"),
    Category.RESULT: pgettext_lazy("KPI category", "Result"),
    Category.EFFICIENCY: pgettext_lazy("KPI category", "Efficiency"),
    Category.ORGANISATION: pgettext_lazy("KPI category", "Organisation"),
}


class Owner(StrEnum):
    """Who normally answers for a KPI: whoever can move it."""

    PROSPECTOR = "prospector"  # finds companies and books meetings
    CLOSER = "closer"  # takes the meetings and closes the deals
    MANAGEMENT = "management"

    @property
    def label(self) -> Any:
        return _OWNER_LABELS[self]


_OWNER_LABELS = {
    Owner.PROSPECTOR: pgettext_lazy("KPI owner", "Reps who book meetings"),
    Owner.CLOSER: pgettext_lazy("KPI owner", "Reps who close deals"),
    Owner.MANAGEMENT: pgettext_lazy("KPI owner", "Management"),
}


class SubjectKind(StrEnum):
    """Whom a figure is about."""

    ORGANISATION = "organisation"
    TEAM = "team"
    REP = "rep"
    CUSTOMER = "customer"


EVERY_SUBJECT = frozenset(SubjectKind)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Kpi:
    """What every KPI declares.

    label, description, clock: translatable texts; `clock` names the date that puts a record in a period.
    """

    key: str
    label: Any
    description: Any
    clock: Any
    category: Category
    owner: Owner
    unit: Unit
    direction: Direction = Direction.UP
    subjects: frozenset[SubjectKind] = EVERY_SUBJECT
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimpleKpi(Kpi):
    """The measure itself."""

    measure: Measure


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RatioKpi(Kpi):
    """Sum of the numerator over sum of the denominator, of the whole scope and period.

    median: also give the median of the numerator's quantity over its records.
    """

    numerator: Measure
    denominator: Measure
    median: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GrowthKpi(Kpi):
    """(now - before) / before of another KPI; before is the period just before this one."""

    of: SimpleKpi


AnyKpi = SimpleKpi | RatioKpi | GrowthKpi


def measures_of(kpi: AnyKpi) -> tuple[Measure, ...]:
    match kpi:
        case SimpleKpi():
            return (kpi.measure,)
        case RatioKpi():
            return (kpi.numerator, kpi.denominator)
        case GrowthKpi():
            return (kpi.of.measure,)
