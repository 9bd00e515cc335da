"""One goal's page as data: the answer, the figures behind it, its curve and what was reached before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext, pgettext

from goals import sentences
from goals.asked import Draft, asked
from goals.curve import GoalCurve, goal_curve
from goals.forecast_reading import GoalForecast, Opening, goal_forecast, looked_at
from goals.forecast_words import ForecastPanel, forecast_panel, likely_label
from goals.models import Goal
from goals.panel import Panel, panel
from goals.plan_page import can_be_planned
from goals.progress import GoalProgress, progress
from goals.rows import Row, row
from goals.worktime import WorkTime
from kpi_tracker import charts, formats
from kpi_tracker.charts import ChartLine, Look


@dataclass(frozen=True, slots=True)
class Card:
    """headline: the page's title. chart: None where there is no curve (growth). forecast: None where none is made."""

    row: Row
    headline: str
    actual: str
    of_target: str
    chart_title: str
    facts: tuple[tuple[str, str], ...]
    curve: GoalCurve | None
    chart: dict[str, Any] | None
    before: Panel
    forecast: ForecastPanel | None

    @property
    def goal(self) -> Goal:
        return self.row.goal

    @property
    def has_plan(self) -> bool:
        """Whether the way to it can be planned, and there is time left for it."""
        return can_be_planned(self.goal) and not self.row.progress.clock.over


def card(goal: Goal, *, today: dt.date) -> Card:
    worktime = WorkTime(goal.organisation, [looked_at(goal.period)])
    standing = progress(goal.organisation, [goal], today=today, worktime=worktime)[goal.id]
    curve, forecast = goal_curve(standing), goal_forecast(standing, worktime)
    past = asked(goal.organisation, Draft(goal.kpi, goal.subject, goal.period, goal.target), today=today, worktime=worktime)
    return Card(
        row=row(standing), headline=sentences.headline(standing), actual=sentences.kpi_figure(goal, standing.actual),
        of_target=sentences.of_target(goal, standing.target), chart_title=chart_title(standing, forecast), facts=tuple(_facts(standing)),
        curve=curve, chart=_figure(standing, curve, forecast) if curve else None,
        before=replace(panel(goal.organisation, past), warning=""),  # warnings are for the form
        forecast=forecast_panel(forecast) if forecast else None,
    )


def chart_title(standing: GoalProgress, forecast: GoalForecast | None = None) -> str:
    """What the curve shows: "Revenue: 374 k€ so far, most likely 612 k€ in the end"."""
    goal = standing.goal
    values = {
        "kpi": standing.kpi.label, "actual": sentences.kpi_figure(goal, standing.actual, short=True),
        "projected": sentences.projected_figure(goal, standing.projected, short=True),
        "target": sentences.target_words(goal, standing.target, short=True),
    }
    if not standing.clock.begun:
        return gettext("%(kpi)s: the pace to %(target)s") % values
    if standing.clock.over:
        return gettext("%(kpi)s: %(actual)s in the end, the goal was %(target)s") % values
    if forecast is not None:
        values["likely"] = sentences.projected_figure(goal, forecast.median, short=True)
        return gettext("%(kpi)s: %(actual)s so far, most likely %(likely)s in the end") % values
    if standing.projected is None or not standing.clock.gone:
        return gettext("%(kpi)s: %(actual)s so far, the goal is %(target)s") % values
    return gettext("%(kpi)s: %(actual)s so far, %(projected)s by the end at this rate") % values


def _facts(standing: GoalProgress) -> list[tuple[str, str]]:
    goal, at, pace = standing.goal, standing.clock, standing.pace
    if not at.begun:
        begins = (gettext("Begins"), formats.day(goal.starts_on))
        target = sentences.target_words(goal, standing.target)
        return [(gettext("Target"), target), begins, (gettext("Working days"), formats.number(at.days))]
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
    add(gettext("Stretch"), standing.stretch)
    if standing.attainment is not None:
        facts.append((gettext("Share of the goal"), formats.percent(standing.attainment, 0)))
    if pace is None:
        facts.append((gettext("Records behind the value"), formats.number(standing.records)))
    return facts


def _figure(standing: GoalProgress, curve: GoalCurve, forecast: GoalForecast | None) -> dict[str, Any]:
    goal = standing.goal

    def write(value: Decimal) -> str:
        return sentences.kpi_figure(goal, value, short=True)

    def end(text: str, points: tuple[tuple[dt.date, Decimal], ...]) -> str:
        return text % {"value": write(points[-1][1])} if points else ""

    last_year = end(pgettext("chart", "Last year %(value)s"), curve.last_year)
    fan = forecast.fan() if forecast else ()
    ahead = _expected(fan, forecast) if forecast and fan else _at_this_rate(standing, curve)
    goal_label = pgettext("chart", "Goal %(value)s") % {"value": write(standing.target)}
    actual_label = end("%(value)s", curve.actual) if not ahead.points else ""
    lines = [
        ChartLine(Look.LAST_YEAR, pgettext("chart", "Last year"), curve.last_year, last_year),
        ChartLine(Look.PACE, pgettext("chart", "Pace of the goal"), curve.due, goal_label if curve.due else ""),
        ahead,
        ChartLine(Look.ACTUAL, str(standing.kpi.label), curve.actual, actual_label),
    ]
    return charts.lines_figure(
        lines, period=goal.period, today=standing.today, calendar=goal.organisation.calendar, write=write,
        level=None if curve.due else standing.target, level_label="" if curve.due else goal_label,
        fan=[(day, low, high) for day, low, _, high in fan], fan_name=pgettext("chart", "Four of five ends"),
    )


def _expected(fan: Sequence[Opening], forecast: GoalForecast) -> ChartLine:
    middle = tuple((day, median) for day, _, median, _ in fan)
    return ChartLine(Look.PROJECTION, pgettext("chart", "Likely"), middle, likely_label(forecast))


def _at_this_rate(standing: GoalProgress, curve: GoalCurve) -> ChartLine:
    ends = sentences.projected_figure(standing.goal, standing.projected, short=True)
    label = pgettext("chart", "At this rate %(value)s") % {"value": ends} if curve.projection else ""
    return ChartLine(Look.PROJECTION, pgettext("chart", "At this rate"), curve.projection, label)
