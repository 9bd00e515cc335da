"""The form's live panel: the checks, the curve that would be asked for, and what was reached before."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext, ngettext, pgettext

from goals import distribution, pacing, sentences
from goals.kinds import step_of, wants_less
from goals.models import Goal, Kind
from goals.panel import Panel, panel
from goals.selectors import about
from goals.shares import over, shares
from goals.smart import Smart, smart
from goals.smart_reading import Reading
from kpi_tracker import charts, formats
from kpi_tracker.charts import ChartLine, Look
from kpi_tracker.kpis.metrics import Course
from kpi_tracker.periods import Calendar, Grain, Period

# A curve needs a point a day where there are few, else one a week.
MOST_POINTS = 100


@dataclass(frozen=True, slots=True)
class Outline:
    """chart: None where there is no curve. Hints stand beside the fields; over: how the shares differ from the target."""

    smart: Smart
    panel: Panel
    title: str
    chart: dict[str, Any] | None
    chart_title: str
    growth_hint: str
    stretch_hint: str
    period_hint: str
    spread_hint: str
    share: str
    over: str


def outline(reading: Reading) -> Outline:
    goal = draft_goal(reading)
    name = sentences.subject_name(goal)
    return Outline(
        smart=smart(reading, name), panel=panel(reading.organisation, reading.asked), title=title(reading, goal),
        chart=chart(reading), chart_title=_chart_title(reading), growth_hint=_growth_hint(reading),
        stretch_hint=_figure(reading, reading.stretch) if reading.writing.kind is Kind.GROWTH and reading.stretch else "",
        period_hint=_period_hint(reading), spread_hint=reading.problem, share=_equal_share(reading), over=_over(reading),
    )


def draft_goal(reading: Reading) -> Goal:
    """The goal as it would be, unsaved, for the sentences about it."""
    draft, writing = reading.asked.draft, reading.writing
    goal = Goal(
        organisation=reading.organisation, kpi=draft.kpi, kind=draft.kind, starts_on=draft.period.start, ends_on=draft.period.end,
        **about(draft.subject),
    )
    if draft.kind is Kind.GROWTH:
        goal.growth = writing.growth
    if draft.target is not None:
        goal.target = draft.target
    return goal


def title(reading: Reading, goal: Goal) -> str:
    """The goal that is being written, as a sentence."""
    return sentences.question(goal) if reading.asked.draft.target is None else sentences.title_in_period(goal)


def asked_curve(reading: Reading) -> list[tuple[dt.date, Decimal]]:
    """What would be due by the end of each day; empty for what does not fill up."""
    asked = reading.asked
    if asked.draft.target is None or not asked.kpi.adds_up or wants_less(asked.draft.kind, asked.kpi):
        return []
    return pacing.expected_curve(asked.draft.target, distribution.weights(asked.draft, reading.weights))


def chart(reading: Reading) -> dict[str, Any] | None:
    """The curve asked for over last year's; of what does not fill up the level to keep."""
    asked, period = reading.asked, reading.asked.draft.period
    target, curve = asked.draft.target, asked_curve(reading)
    if asked.kpi.course is Course.WHOLE or (target is None and not reading.last_year):
        return None
    ends = _ends(reading.organisation.calendar, period)

    def write(value: Decimal) -> str:
        return formats.kpi_value(asked.kpi, value, reading.organisation.base_currency, short=True)

    label = pgettext("chart", "%(value)s asked") % {"value": write(target)} if target is not None else ""
    lines = []
    if reading.last_year:
        last = pgettext("chart", "Last year %(value)s") % {"value": write(reading.last_year[-1][1])}
        lines.append(ChartLine(Look.LAST_YEAR, pgettext("chart", "Last year"), reading.last_year, last))
    if curve:
        points = [(day, value) for day, value in curve if day in ends]
        lines.append(ChartLine(Look.ASKED, pgettext("chart", "Asked"), points, label))
    level = None if curve else target
    return charts.lines_figure(
        lines, period=period, today=reading.today, calendar=reading.organisation.calendar, write=write, level=level,
        level_label=label if level is not None else "",
    )


def _ends(calendar: Calendar, period: Period) -> set[dt.date]:
    if len(period) <= MOST_POINTS:
        return set(period.days())
    return {week.last for week in calendar.clipped(Grain.WEEK, period)}


def _chart_title(reading: Reading) -> str:
    """What the curve shows."""
    asked = reading.asked
    values = {"kpi": asked.kpi.label, "target": _figure(reading, asked.draft.target, short=True)}
    if asked.draft.target is None:
        return gettext("%(kpi)s last year, in total") % values
    if not reading.last_year:
        return gettext("%(kpi)s: %(target)s asked") % values
    return gettext("%(kpi)s: %(target)s asked, over last year's curve") % values


def _figure(reading: Reading, value: Decimal | None, *, short: bool = False) -> str:
    return formats.kpi_value(reading.asked.kpi, value, reading.organisation.base_currency, short=short)


def _growth_hint(reading: Reading) -> str:
    """ "1 460 000 €, up from 1 280 000 € (1 December 2025 – 28 February 2026, frozen)"."""
    found = reading.baseline
    if found is None:
        return ""
    values = {"baseline": _figure(reading, found.value), "target": _figure(reading, reading.asked.draft.target),
              "period": formats.day_range(found.period), "records": formats.number(found.records)}
    if reading.asked.draft.target is None:
        return ngettext(
            "Baseline: %(baseline)s of %(records)s record (%(period)s, frozen with the goal).",
            "Baseline: %(baseline)s of %(records)s records (%(period)s, frozen with the goal).", found.records,
        ) % values
    return ngettext(
        "%(target)s, from %(baseline)s of %(records)s record (%(period)s, frozen with the goal).",
        "%(target)s, from %(baseline)s of %(records)s records (%(period)s, frozen with the goal).", found.records,
    ) % values


def _period_hint(reading: Reading) -> str:
    days = reading.asked.working_days
    values = {"period": formats.day_range(reading.asked.draft.period), "days": formats.number(days)}
    return ngettext("%(period)s: %(days)s working day", "%(period)s: %(days)s working days", days) % values


def _taken(reading: Reading) -> dict[int, Decimal]:
    target, typed = reading.asked.draft.target, reading.writing.participants
    if target is None or not typed:
        return {}
    return shares(target, typed, step=step_of(reading.asked.kpi), fills=reading.asked.kpi.adds_up)


def _equal_share(reading: Reading) -> str:
    """What those without a share of their own take on."""
    taken, typed = _taken(reading), reading.writing.participants or {}
    equal = [share for rep, share in taken.items() if typed[rep] is None]
    return _figure(reading, max(equal)) if equal else ""


def _over(reading: Reading) -> str:
    """How the shares compare with the target; empty where they make it up."""
    target, taken = reading.asked.draft.target, _taken(reading)
    if target is None or not taken or not reading.asked.kpi.adds_up:
        return ""
    more = over(target, taken)
    values = {"sum": _figure(reading, target + more), "more": _figure(reading, abs(more)), "target": _figure(reading, target)}
    if more > 0:
        return gettext("The shares come to %(sum)s: %(more)s over the target of %(target)s.") % values
    if more < 0:
        return gettext("The shares come to %(sum)s: %(more)s of the target nobody has taken on.") % values
    return ""
