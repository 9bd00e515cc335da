"""Sales velocity in words: its factors, what each lever brings, and which one pays most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from django.utils.translation import gettext, ngettext

from goals.plan_reading import REVENUE, PlanReading
from goals.plan_words import amount, decimal, kpi_of, of_one
from goals.velocity import TENTH, Pays, Velocity, better, pays
from goals.velocity_reading import COMPARED, Best, VelocityReading
from kpi_tracker import formats
from kpi_tracker.kpis.metrics import Lever
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.periods import Grain, Period


@dataclass(frozen=True, slots=True)
class Tile:
    """A factor with what it is called; sign: what stands before it."""

    sign: str
    value: str
    label: str


@dataclass(frozen=True, slots=True)
class LeverRow:
    """A lever: what it is, what a tenth better brings a month, the best it has been, how far that is off, and what it would bring.

    kpi, quarter: of the figure that the best is; empty where it is none of a KPI.
    """

    label: str
    now: str
    tenth: str
    tenth_percent: str
    best: str
    when: str
    reach: str
    off: str = ""
    kpi: str = ""
    quarter: Period | None = None


@dataclass(frozen=True, slots=True)
class VelocityPanel:
    """finding: which lever pays most. why: the same for each lever made better by a tenth. changed: with the what-ifs; else empty."""

    finding: str
    why: str
    value: str
    on: Period
    subject: Subject
    a_month: str
    tiles: tuple[Tile, ...]
    rows: tuple[LeverRow, ...]
    changed: str = ""


def velocity_panel(reading: PlanReading, changes: Mapping[Lever, Fraction]) -> VelocityPanel | None:
    """changes: the what-ifs, as factors of the levers. None where the organisation does not show velocity."""
    found = reading.velocity
    if found is None:
        return None
    currency = reading.organisation.base_currency
    value = formats.kpi_value(kpi_of(reading, "sales_velocity"), found.value.value, currency)
    if found.now is None:
        finding = gettext("Velocity cannot be told: there is no value for %(lever)s yet")
        lever = found.missing.label if found.missing else ""
        return VelocityPanel(
            finding=finding % {"lever": str(lever).lower()}, why="", value=value, on=found.on, subject=reading.whose.subject, a_month="",
            tiles=(), rows=(),
        )
    ranked = pays(found.now, {lever: best.factor for lever, best in found.best.items()})
    return VelocityPanel(
        finding=_finding(reading, found, ranked), why=_why(found.now), value=value, on=found.on, subject=reading.whose.subject,
        a_month=_a_month(reading, found.now.a_month), tiles=_tiles(reading, found.now),
        rows=tuple(_row(reading, found, one) for one in ranked), changed=_changed(reading, found.now, changes),
    )


def _a_month(reading: PlanReading, value: Fraction) -> str:
    return gettext("%(amount)s a month") % {"amount": amount(reading, REVENUE, value, short=True)}


def _tiles(reading: PlanReading, now: Velocity) -> tuple[Tile, ...]:
    signs = {Lever.OPPORTUNITIES: "", Lever.CYCLE: "÷"}
    return tuple(Tile(signs.get(lever, "×"), lever_value(reading, lever, now.of(lever)), str(lever.label)) for lever in Lever)


def lever_value(reading: PlanReading, lever: Lever, value: Fraction) -> str:
    match lever:
        case Lever.OPPORTUNITIES:
            return formats.number(decimal(value), 0 if value.denominator == 1 else 1)
        case Lever.WIN_RATE:
            return formats.percent(decimal(value))
        case Lever.DEAL_VALUE:
            return amount(reading, REVENUE, value)
        case Lever.CYCLE:
            return formats.days(decimal(value))


def _finding(reading: PlanReading, found: VelocityReading, ranked: list[Pays]) -> str:
    """Which lever pays most, by what can be reached."""
    first = ranked[0]
    if first.reach is None:
        return gettext("No lever is known to have been better than now")
    best = found.best[first.lever]
    words = {
        "lever": str(first.lever.label), "amount": amount(reading, REVENUE, first.reach, short=True),
        "best": _best_value(reading, first.lever, best.value), "now": _best_value(reading, first.lever, best.now),
    }
    if best.name:
        words["name"] = best.name
        return gettext("%(lever)s pays most: %(best)s, as %(name)s has it, instead of %(now)s brings %(amount)s a month") % words
    if best.quarter is None:
        return gettext("%(lever)s pays most: %(best)s, as the best teams have it, instead of %(now)s brings %(amount)s a month") % words
    words["quarter"] = _quarter(reading, best.quarter)
    if first.lever is Lever.OPPORTUNITIES and not of_one(reading):
        return gettext(
            "%(lever)s pay most: %(best)s for each seller, as in %(quarter)s, instead of %(now)s bring %(amount)s a month"
        ) % words
    if first.lever is Lever.OPPORTUNITIES:
        return gettext("%(lever)s pay most: %(best)s, as in %(quarter)s, instead of %(now)s bring %(amount)s a month") % words
    return gettext("%(lever)s pays most: %(best)s, as in %(quarter)s, instead of %(now)s brings %(amount)s a month") % words


def _why(now: Velocity) -> str:
    """What the same effort on each lever brings, by arithmetic alone."""
    gains = {lever: now.by({lever: better(lever, TENTH)}).a_month / now.a_month - 1 if now.a_month else None for lever in Lever}
    cycle, other = gains[Lever.CYCLE], gains[Lever.OPPORTUNITIES]
    if cycle is None or other is None or cycle <= other:
        return gettext("Which lever can be moved furthest decides: the table ranks by what has been reached before.")
    return gettext(
        "By arithmetic a cycle shorter by a tenth brings %(cycle)s, a tenth more of any other lever %(other)s. "
        "What can be reached decides: the table ranks by what has been reached before."
    ) % {"cycle": formats.signed_percent(decimal(cycle), 1), "other": formats.signed_percent(decimal(other), 0)}


def _row(reading: PlanReading, found: VelocityReading, one: Pays) -> LeverRow:
    best, now = found.best.get(one.lever), found.now
    label = str(one.lever.label)
    share = one.tenth / now.a_month if now is not None and now.a_month else None
    current = lever_value(reading, one.lever, now.of(one.lever)) if now is not None else formats.NO_VALUE
    percent = formats.signed_percent(decimal(share), 1 if one.lever is Lever.CYCLE else 0) if share is not None else ""
    row = (label, current, _plus(reading, one.tenth), percent)
    if best is None or one.reach is None:
        when = gettext("nothing better is known") if one.lever in found.compared else gettext("too few records to compare")
        return LeverRow(*row, best=formats.NO_VALUE, when=when, reach=formats.NO_VALUE)
    return LeverRow(
        *row, best=_best_value(reading, one.lever, best.value), when=_when(reading, one.lever, best), reach=_plus(reading, one.reach),
        off=formats.signed_percent(decimal(best.factor - 1), 0), kpi=best.kpi if best.quarter else "", quarter=best.quarter,
    )


def _when(reading: PlanReading, lever: Lever, best: Best) -> str:
    """When or where a lever was at its best, and what it is now."""
    words = {"now": _best_value(reading, lever, best.now), "number": formats.number(best.of), "name": best.name}
    if best.name:
        return gettext("%(name)s (now %(now)s)") % words
    if best.quarter is None:
        return gettext("the best quarter of %(number)s teams (now %(now)s)") % words
    words["quarter"] = _quarter(reading, best.quarter)
    if lever is not Lever.OPPORTUNITIES:
        return ngettext(
            "%(quarter)s, %(number)s deal (now %(now)s)", "%(quarter)s, %(number)s deals (now %(now)s)", best.of
        ) % words
    if of_one(reading):
        return gettext("%(quarter)s (now %(now)s)") % words
    return gettext("for each seller, %(quarter)s (now %(now)s)") % words


def _plus(reading: PlanReading, value: Fraction) -> str:
    return formats.signed_money(decimal(value), reading.organisation.base_currency, short=True)


def _best_value(reading: PlanReading, lever: Lever, value: Fraction) -> str:
    """Of a KPI as it is shown anywhere; of opportunities how many each seller had."""
    if lever is Lever.OPPORTUNITIES:
        return formats.number(decimal(value), 0 if value.denominator == 1 else 1)
    return formats.kpi_value(kpi_of(reading, COMPARED[lever]), decimal(value), reading.organisation.base_currency)


def _quarter(reading: PlanReading, quarter: Period) -> str:
    return formats.period_name(Grain.QUARTER, quarter, fiscal_month=reading.organisation.calendar.fiscal_month, in_sentence=True)


def _changed(reading: PlanReading, now: Velocity, changes: Mapping[Lever, Fraction]) -> str:
    after = now.by(changes)
    if after.a_day == now.a_day:
        return ""
    by = formats.signed_percent(decimal(after.a_day / now.a_day - 1), 0) if now.a_day else ""
    amount_a_day = formats.kpi_value(
        kpi_of(reading, "sales_velocity"), decimal(after.a_day), reading.organisation.base_currency, short=False
    )
    return gettext("With these changes %(amount)s (%(change)s), when they have come through") % {"amount": amount_a_day, "change": by}
