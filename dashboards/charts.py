"""Curves as Plotly figures: the shared line chart, with bars where a curve has them. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext, pgettext

from dashboards.curves import Bar, Curve, Shape
from kpi_tracker import charts, formats
from kpi_tracker.charts import ChartLine, Look
from kpi_tracker.kpis.measures import Unit
from kpi_tracker.periods import Grain, Period

Write = Callable[[Decimal], str]
DAY_MS = 86_400_000


def figure(curve: Curve) -> dict[str, Any]:
    """The chart of a curve."""
    write = _writer(curve)
    return _trend(curve, write) if curve.shape is Shape.TREND else _lines(curve, write)


def _writer(curve: Curve) -> Write:
    currency = curve.frame.organisation.base_currency
    if curve.shown.kpi.unit is Unit.MONEY_PER_DAY:  # the title says that it is a day's: no room beside the axis
        return lambda value: formats.money(value, currency, short=True)
    return lambda value: formats.kpi_value(curve.shown.kpi, value, currency, short=True)


def _lines(curve: Curve, write: Write) -> dict[str, Any]:
    level = curve.target if curve.shape is Shape.LEVEL else None
    frame = curve.frame
    figure = charts.lines_figure(
        _chart_lines(curve, write), period=frame.period, today=frame.today, calendar=frame.organisation.calendar, write=write,
        level=level, level_label=_goal_label(level, write) if level is not None else "",
    )
    bars = [(bar, bar.value) for bar in curve.bars if bar.value is not None]
    if bars:
        values = [value for line in (curve.actual, curve.last_year) for _, value in line] + [value for _, value in bars]
        figure["layout"]["yaxis"] = charts.value_axis([*values, *([level] if level is not None else [])], write)
        figure["layout"]["xaxis"]["range"] = _with_edges(curve)
    return {"data": [_part_bar(bar, value, write) for bar, value in bars] + figure["data"], "layout": figure["layout"]}


def _chart_lines(curve: Curve, write: Write) -> list[ChartLine]:
    """The four lines, the one that matters most on top, each with its label."""
    last_year = pgettext("chart", "Last year %(value)s") % {"value": write(curve.last_year[-1][1])} if curve.last_year else ""
    at_this_rate = pgettext("chart", "At this rate %(value)s") % {"value": write(curve.projection[-1][1])} if curve.projection else ""
    actual = write(curve.actual[-1][1]) if curve.actual and not curve.projection else ""
    goal = _goal_label(curve.target, write) if curve.target is not None else ""
    name = pgettext("chart", "To date") if curve.shape is Shape.LEVEL else curve.shown.label
    return [
        ChartLine(Look.LAST_YEAR, pgettext("chart", "Last year"), curve.last_year, last_year),
        ChartLine(Look.PACE, pgettext("chart", "Pace of the goal"), curve.pace, goal),
        ChartLine(Look.PROJECTION, pgettext("chart", "At this rate"), curve.projection, at_this_rate),
        ChartLine(Look.ACTUAL, name, curve.actual, actual),
    ]


def _goal_label(target: Decimal, write: Write) -> str:
    return pgettext("chart", "Goal %(value)s") % {"value": write(target)}


def _part_bar(bar: Bar, value: Decimal, write: Write) -> dict[str, Any]:
    """One part of the period, as wide as its days."""
    middle = bar.period.start + (bar.period.last - bar.period.start) / 2
    trace = _bar_trace([middle.isoformat()], [value], [write(value)], "var(--actual-soft)", _part_name(bar.period))
    return trace | {"width": [len(bar.period) * DAY_MS * 0.86]}


def _with_edges(curve: Curve) -> list[str]:
    """Half a day of room on both sides, for the bars."""
    half = dt.timedelta(hours=12)
    ends = (curve.frame.period.start, -half), (curve.frame.period.last, half)
    return [(dt.datetime.combine(day, dt.time.min) + room).isoformat() for day, room in ends]


def _trend(curve: Curve, write: Write) -> dict[str, Any]:
    bars = [(bar, bar.value) for bar in curve.bars if bar.value is not None]
    days = [bar.period.start.isoformat() for bar, _ in bars]
    trace = _bar_trace(days, [value for _, value in bars], [write(value) for _, value in bars], "", "")
    trace["marker"]["color"] = ["var(--actual)" if bar.chosen else "var(--actual-soft)" for bar, _ in bars]
    trace["width"] = [len(bar.period) * DAY_MS * 0.8 for bar, _ in bars]
    trace["customdata"] = [_bucket_name(curve, day) for day in days]
    trace["hovertemplate"] = "%{customdata}: %{text}<extra></extra>"
    layout = charts.layout_for([value for _, value in bars], write)
    layout["hovermode"] = "closest"
    layout["margin"] = layout["margin"] | {"r": 18}
    shown = [bar.period for bar in curve.bars]
    first_day = curve.frame.organisation.week_start
    picked = [span for span in shown if span.start.isoweekday() == first_day] if curve.frame.grain is Grain.DAY else shown
    layout["xaxis"] |= {
        "tickmode": "array", "tickvals": [span.start.isoformat() for span in picked],
        "ticktext": [_tick_name(curve, span) for span in picked],
    }
    layout["annotations"] = [
        {"x": bar.period.start.isoformat(), "y": float(value), "text": write(value), "showarrow": False, "yanchor": "bottom", "yshift": 3,
         "font": {"color": "var(--actual)", "size": 12}}
        for bar, value in bars if bar.chosen
    ]
    return {"data": [trace] if bars else [], "layout": layout}


def _bucket_name(curve: Curve, day: str) -> str:
    start = dt.date.fromisoformat(day)
    if curve.frame.grain is Grain.DAY:
        return formats.weekday(start)
    bucket = curve.frame.organisation.calendar.bucket(curve.frame.grain, start)
    return formats.period_name(curve.frame.grain, bucket, fiscal_month=curve.frame.organisation.fiscal_year_month)


def _tick_name(curve: Curve, span: Period) -> str:
    if curve.frame.grain in (Grain.DAY, Grain.WEEK):
        return formats.short_day(span.start)
    if curve.frame.grain is Grain.MONTH:
        return formats.short_month(span.start)
    return formats.period_name(curve.frame.grain, span, fiscal_month=curve.frame.organisation.fiscal_year_month)


def _part_name(period: Period) -> str:
    if len(period) == 1:
        return formats.short_day(period.start)
    return gettext("%(first)s – %(last)s") % {"first": formats.short_day(period.start), "last": formats.short_day(period.last)}


def _bar_trace(x: Sequence[str], y: Sequence[Decimal | None], text: Sequence[str], colour: str, name: str) -> dict[str, Any]:
    heights = [None if value is None else round(float(value), 4) for value in y]
    return {
        "type": "bar", "x": list(x), "y": heights, "text": list(text), "name": name,
        "textposition": "none", "marker": {"color": colour, "line": {"width": 0}}, "hovertemplate": "%{text}", "showlegend": False,
    }
