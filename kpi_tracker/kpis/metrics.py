"""The kinds of KPI: frozen data over measures, never code."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.translation import pgettext_lazy

from kpi_tracker.kpis.measures import DirectKind, Measure, Term, Unit, measures_in


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


class Lever(StrEnum):
    """A factor of sales velocity."""

    OPPORTUNITIES = "opportunities"
    WIN_RATE = "win_rate"
    DEAL_VALUE = "deal_value"
    CYCLE = "cycle"

    @property
    def label(self) -> Any:
        return _LEVER_LABELS[self]


_LEVER_LABELS = {
    Lever.OPPORTUNITIES: pgettext_lazy("factor of sales velocity", "Open opportunities"),
    Lever.WIN_RATE: pgettext_lazy("factor of sales velocity", "Win rate"),
    Lever.DEAL_VALUE: pgettext_lazy("factor of sales velocity", "Deal value"),
    Lever.CYCLE: pgettext_lazy("factor of sales velocity", "Sales cycle"),
}


class SubjectKind(StrEnum):
    """Whom a figure is about."""

    ORGANISATION = "organisation"
    TEAM = "team"
    REP = "rep"
    CUSTOMER = "customer"


EVERY_SUBJECT = frozenset(SubjectKind)
PEOPLE = frozenset({SubjectKind.ORGANISATION, SubjectKind.TEAM, SubjectKind.REP})
ORGANISATION_ONLY = frozenset({SubjectKind.ORGANISATION})


class Course(StrEnum):
    """How a KPI's value comes about within a period."""

    FILLS = "fills"  # adds up, from nothing at its start
    LEVELS = "levels"  # a ratio of sums, both of which fill
    STANDS = "stands"  # is what it is at each moment
    WHOLE = "whole"  # has a meaning for the whole period only


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Kpi:
    """What every KPI declares.

    label, description, clock: translatable texts; `clock` names the date that puts a record in a period.
    levers: the factors of sales velocity that it moves.
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
    levers: frozenset[Lever] = frozenset()
    version: int = 1

    @property
    def course(self) -> Course:
        return Course.STANDS

    @property
    def adds_up(self) -> bool:
        """Whether its values for days and for reps sum up to those of longer periods and larger teams."""
        return self.course is Course.FILLS


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimpleKpi(Kpi):
    """The term itself."""

    measure: Term

    @property
    def course(self) -> Course:
        return Course.FILLS if isinstance(self.measure, Measure) else Course.STANDS


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RatioKpi(Kpi):
    """Sum of the numerator over sum of the denominator, of the whole scope and period.

    median: also give the median of the numerator's quantity over its records.
    cohort: what became of the records of the period; immature until the usual sales cycle has passed.
    until_today: what lies in the future does not count yet.
    share: the numerator's records are among the denominator's, so that the value is at most 1.
    lagged: the numerator's span lies one usual sales cycle earlier where the organisation wants that.
    """

    numerator: Term
    denominator: Term
    median: bool = False
    cohort: bool = False
    until_today: bool = False
    lagged: bool = False
    share: bool = False

    @property
    def course(self) -> Course:
        if isinstance(self.numerator, Measure) and isinstance(self.denominator, Measure):
            return Course.LEVELS
        return Course.WHOLE if self.denominator.key == DirectKind.REMAINING_TARGET else Course.STANDS


class Against(StrEnum):
    """What growth compares with."""

    PERIOD_BEFORE = "period_before"
    YEAR_BEFORE = "year_before"  # the fiscal year so far with as much of the one before


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GrowthKpi(Kpi):
    """(now - before) / before of another KPI."""

    of: SimpleKpi
    against: Against = Against.PERIOD_BEFORE

    @property
    def course(self) -> Course:
        return Course.WHOLE


class Window(StrEnum):
    """The days that a factor of a formula is taken over."""

    SPAN = "span"
    TRAILING = "trailing"  # as many months as the organisation looks back, up to the end of the span
    YEAR = "year"  # the twelve months up to the end of the span


class Limit(StrEnum):
    """A bound of a factor's value."""

    ONE_OR_MORE = "one_or_more"
    CUSTOMER_LIFETIME = "customer_lifetime"  # at most the organisation's longest lifetime; that, too, where there is no value


@dataclass(frozen=True, slots=True, eq=False)
class Factor:
    kpi: SimpleKpi | RatioKpi | FormulaKpi
    window: Window = Window.SPAN
    limit: Limit | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FormulaKpi(Kpi):
    """The product of the values of `times` over the product of those of `over`; without value where a factor has none."""

    times: tuple[Factor, ...]
    over: tuple[Factor, ...] = ()

    @property
    def factors(self) -> tuple[Factor, ...]:
        return (*self.times, *self.over)


AnyKpi = SimpleKpi | RatioKpi | GrowthKpi | FormulaKpi


def terms_of(kpi: AnyKpi) -> tuple[Term, ...]:
    """What the KPI itself is made of; a formula's factors have terms of their own."""
    match kpi:
        case SimpleKpi():
            return (kpi.measure,)
        case RatioKpi():
            return (kpi.numerator, kpi.denominator)
        case GrowthKpi():
            return (kpi.of.measure,)
        case FormulaKpi():
            return ()


def all_terms_of(kpi: AnyKpi) -> tuple[Term, ...]:
    """With those of a formula's factors."""
    if isinstance(kpi, FormulaKpi):
        return tuple(term for factor in kpi.factors for term in all_terms_of(factor.kpi))
    return terms_of(kpi)


def measures_of(kpi: AnyKpi) -> tuple[Measure, ...]:
    """The measures with cells that the KPI needs."""
    return tuple(measure for term in all_terms_of(kpi) for measure in measures_in(term))
