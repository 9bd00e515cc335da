"""What the catalogue says of a KPI, in words: for the handbook's pages and for docs/kpis.md."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, assert_never

from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from kpi_tracker.kpis.measures import Term, Unit
from kpi_tracker.kpis.metrics import (
    Against,
    AnyKpi,
    Direction,
    Factor,
    FormulaKpi,
    GrowthKpi,
    Limit,
    RatioKpi,
    SimpleKpi,
    SubjectKind,
    Window,
)


class Kind(StrEnum):
    """How a KPI behaves over days and people."""

    FLOW = "flow"
    RATIO = "ratio"
    COHORT = "cohort"
    STOCK = "stock"
    GROWTH = "growth"
    FORMULA = "formula"

    @property
    def label(self) -> Any:
        return _KIND_LABELS[self]

    @property
    def meaning(self) -> Any:
        return _KIND_MEANINGS[self]


_KIND_LABELS = {
    Kind.FLOW: pgettext_lazy("kind of KPI", "Flow"),
    Kind.RATIO: pgettext_lazy("kind of KPI", "Ratio"),
    Kind.COHORT: pgettext_lazy("kind of KPI", "Cohort"),
    Kind.STOCK: pgettext_lazy("kind of KPI", "Stock"),
    Kind.GROWTH: pgettext_lazy("kind of KPI", "Growth"),
    Kind.FORMULA: pgettext_lazy("kind of KPI", "Formula"),
}
_KIND_MEANINGS = {
    Kind.FLOW: _("Adds up over days and over people."),
    Kind.RATIO: _("Sum over sum of the whole period and group, never a mean of ratios; no value where the lower sum is 0."),
    Kind.COHORT: _("Follows the records of the period to this day; immature until the usual sales cycle has passed."),
    Kind.STOCK: _("How things stand at the end of the period; never added up over days."),
    Kind.GROWTH: _("The change against an earlier period; no value where nothing was there before."),
    Kind.FORMULA: _("Made of other KPIs; no value where one of them has none."),
}
SUBJECT_LABELS = {
    SubjectKind.ORGANISATION: pgettext_lazy("measured for", "organisation"),
    SubjectKind.TEAM: pgettext_lazy("measured for", "team"),
    SubjectKind.REP: pgettext_lazy("measured for", "rep"),
    SubjectKind.CUSTOMER: pgettext_lazy("measured for", "customer"),
}
UNIT_LABELS = {
    Unit.COUNT: pgettext_lazy("unit", "number"),
    Unit.MONEY: pgettext_lazy("unit", "money"),
    Unit.PERCENT: pgettext_lazy("unit", "percent"),
    Unit.DAYS: pgettext_lazy("unit", "days"),
    Unit.MONEY_PER_DAY: pgettext_lazy("unit", "money per day"),
    Unit.TIMES: pgettext_lazy("unit", "times"),
}


def kind_of(kpi: AnyKpi) -> Kind:
    match kpi:
        case SimpleKpi():
            return Kind.FLOW if kpi.adds_up else Kind.STOCK
        case RatioKpi():
            return Kind.COHORT if kpi.cohort else Kind.RATIO
        case GrowthKpi():
            return Kind.GROWTH
        case FormulaKpi():
            return Kind.FORMULA
        case _:
            assert_never(kpi)


def better(kpi: AnyKpi) -> str:
    return gettext("more") if kpi.direction is Direction.UP else gettext("less")


def subjects(kpi: AnyKpi) -> str:
    """organisation, team, rep, customer."""
    return ", ".join(str(SUBJECT_LABELS[kind]) for kind in SubjectKind if kind in kpi.subjects)


def parts(kpi: AnyKpi, name: Callable[[Term], str]) -> str:
    """What is divided by what: "deals won ÷ deals closed"; empty for a KPI that is one part. `name` writes a term."""
    match kpi:
        case SimpleKpi():
            return ""
        case RatioKpi():
            return f"{name(kpi.numerator)} ÷ {name(kpi.denominator)}"
        case GrowthKpi():
            now = name(kpi.of.measure)
            earlier = str(_EARLIER[kpi.against]) % {"measure": now}
            return f"({now} − {earlier}) ÷ {earlier}"
        case FormulaKpi():
            return " ÷ ".join([" × ".join(map(factor_words, kpi.times)), *map(factor_words, kpi.over)])
        case _:
            assert_never(kpi)


def factor_words(factor: Factor) -> str:
    """A factor of a formula with its window and its limit, where they are not the plain ones."""
    notes = [str(note) for note in (_WINDOWS[factor.window], _LIMITS[factor.limit]) if note]
    label = lower_first(str(factor.kpi.label))
    return f"{label} ({', '.join(notes)})" if notes else label


_EARLIER = {Against.PERIOD_BEFORE: _("%(measure)s of the period before"), Against.YEAR_BEFORE: _("%(measure)s of the year before")}
_WINDOWS = {Window.SPAN: "", Window.TRAILING: _("of the trailing months"), Window.YEAR: _("of twelve months")}
_LIMITS = {None: "", Limit.ONE_OR_MORE: _("at least 1"), Limit.CUSTOMER_LIFETIME: _("at most the longest lifetime")}


def lower_first(label: str) -> str:
    """A label inside a sentence; an abbreviation keeps its capitals."""
    word = label.split(" ")[0]
    return label if len(word) > 1 and word.isupper() else label[:1].lower() + label[1:]
