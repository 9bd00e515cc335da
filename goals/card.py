"""One goal's page as data: the answer, the figures behind it, its curve and what was reached before."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext, pgettext

from goals import sentences
from goals.asked import Draft, asked
from goals.curve import GoalCurve, goal_curve
from goals.models import Goal
from goals.panel import Panel, panel
from goals.progress import GoalProgress, progress
from goals.rows import Row, row
from kpi_tracker import charts, formats
from kpi_tracker.charts import ChartLine, Look


@dataclass(frozen=True, slots=True)
class Card:
    """headline: the page's title. chart: None where there is no curve (growth)."""

    row: Row
    headline: str
    actual: str
    of_target: str
    chart_title: str
    facts: tuple[tuple[str, str], ...]
    curve: GoalCurve | None
    chart: dict[str, Any] | None
    before: Panel

    @property
    def goal(self) -> Goal:
        return self.row.goal


def card(goal: Goal, *, today: dt.date) -> Card:
    standing = progress(goal.organisation, [goal], today=today)[goal.id]
    curve = goal_curve(standing)
    draft = Draft(goal.kpi, goal.subject, goal.period, goal.target)
    return Card(
        row=row(standing), headline=sentences.headline(standing), actual=sentences.kpi_figure(goal, standing.actual),
        of_target=sentences.of_target(goal), chart_title=chart_title(standing), facts=tuple(_facts(standing)),
        curve=curve, chart=_figure(standing, curve) if curve else None,
        before=replace(panel(goal.organisation, asked(goal.organisation, draft, today=today)), warning=""),  # warnings are for the form
    )


def chart_title(standing: GoalProgress) -> str:
    """What the curve shows: "Revenue: 374 k€ so far, 612 k€ by the end at this rate"."""
    goal = standing.goal
    values = {
        "kpi": standing.kpi.label, "actual": sentences.kpi_figure(goal, standing.actual, short=True),
        "projected": sentences.projected_figure(goal, standing.projected, short=True), "target": sentences.target_words(goal, short=True),
    }
    if not standing.clock.begun:
        return gettext("%(kpi)s: the pace to %(target)s") % values
    if standing.clock.over:
        return gettext("%(kpi)s: %(actual)s in the end, the goal was %(target)s") % values
    if standing.projected is None or not standing.clock.gone:
        return gettext("%(kpi)s: %(actual)s so far, the goal is %(target)s") % values
    return gettext("%(kpi)s: %(actual)s so far, %(projected)s by the end at this rate") % values


def _facts(standing: GoalProgress) -> list[tuple[str, str]]:
    goal, at, pace = standing.goal, standing.clock, standing.pace
    if not at.begun:
        begins = (gettext("Begins"), formats.day(goal.starts_on))
        return [(gettext("Target"), sentences.target_words(goal)), begins, (gettext("Working days"), formats.number(at.days))]
    days = gettext("%(gone)s of %(days)s") % {"gone": formats.number(at.days_gone), "days": formats.number(at.days)}
    facts: list[tuple[str, str]] = [(gettext("Working days gone"), days)]

    def add(label: str, value: Decimal | None) -> None:
        if value is not None:
            facts.append((label, sentences.kpi_figure(goal, value)))

    if pace is not None and not at.over:
        add(gettext("Expected by now"), pace.expected)
        add(gettext("Expected by tonight"), pace.expected_tonight if pace.expected_tonight != pace.expected else None)
        add(gettext("Needed per working day left"), pace.required)
    if not at.over and standing.projected is not None:
        facts.append((gettext("At this rate by the end"), sentences.projected_figure(goal, standing.projected)))
    if pace is not None and standing.gap:
        add(gettext("Missing to the goal"), standing.gap)
    if standing.attainment is not None:
        facts.append((gettext("Share of the goal"), formats.percent(standing.attainment, 0)))
    if pace is None:
        facts.append((gettext("Records behind the value"), formats.number(standing.records)))
    return facts


def _figure(standing: GoalProgress, curve: GoalCurve) -> dict[str, Any]:
    goal = standing.goal

    def write(value: Decimal) -> str:
        return sentences.kpi_figure(goal, value, short=True)

    def end(text: str, points: tuple[tuple[dt.date, Decimal], ...]) -> str:
        return text % {"value": write(points[-1][1])} if points else ""

    last_year = end(pgettext("chart", "Last year %(value)s"), curve.last_year)
    ends = sentences.projected_figure(goal, standing.projected, short=True)
    at_this_rate = pgettext("chart", "At this rate %(value)s") % {"value": ends} if curve.projection else ""
    goal_label = pgettext("chart", "Goal %(value)s") % {"value": write(goal.target)}
    actual_label = end("%(value)s", curve.actual) if not curve.projection else ""
    lines = [
        ChartLine(Look.LAST_YEAR, pgettext("chart", "Last year"), curve.last_year, last_year),
        ChartLine(Look.PACE, pgettext("chart", "Pace of the goal"), curve.due, goal_label if curve.due else ""),
        ChartLine(Look.PROJECTION, pgettext("chart", "At this rate"), curve.projection, at_this_rate),
        ChartLine(Look.ACTUAL, str(standing.kpi.label), curve.actual, actual_label),
    ]
    return charts.lines_figure(
        lines, period=goal.period, today=standing.today, calendar=goal.organisation.calendar, write=write,
        level=None if curve.due else goal.target, level_label="" if curve.due else goal_label,
    )
