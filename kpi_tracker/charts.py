"""Line charts as Plotly figures: plain dicts with the names of our colour variables in place of colours. Pure.

All texts are written here, in the person's language; the browser only draws.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.utils.translation import get_language, pgettext

from kpi_tracker import formats
from kpi_tracker.periods import Calendar, Grain, Period

Write = Callable[[Decimal], str]
Points = Sequence[tuple[dt.date, Decimal]]
# Lowest and highest value of each day.
Fan = Sequence[tuple[dt.date, Decimal, Decimal]]
# How far the axis reaches over the highest value.
ROOM = Decimal("1.06")
HOVER_DAYS = {"sv": "%Y-%m-%d", "fi": "%-d.%-m.%Y"}


class Look(StrEnum):
    """What a line stands for; each always looks the same."""

    ACTUAL = "actual"
    ASKED = "asked"
    PACE = "pace"
    PROJECTION = "projection"
    LAST_YEAR = "last_year"


_LINES: dict[Look, dict[str, Any]] = {
    Look.ACTUAL: {"color": "var(--actual)", "width": 2.6},
    Look.ASKED: {"color": "var(--actual)", "width": 2, "dash": "6px,4px"},
    Look.PACE: {"color": "var(--pace)", "width": 1.5, "dash": "5px,4px", "shape": "hv"},
    Look.PROJECTION: {"color": "var(--actual)", "width": 1.8, "dash": "dot"},
    Look.LAST_YEAR: {"color": "var(--last)", "width": 1.4},
}
_LABELS = {
    Look.ACTUAL: "var(--actual)", Look.ASKED: "var(--actual)",
    Look.PACE: "var(--ink-2)", Look.PROJECTION: "var(--actual)", Look.LAST_YEAR: "var(--last-ink)",
}


@dataclass(frozen=True, slots=True)
class ChartLine:
    """label: written at the line's end; none where it is empty."""

    look: Look
    name: str
    points: Points
    label: str = ""


def lines_figure(
    lines: Sequence[ChartLine], *, period: Period, today: dt.date, calendar: Calendar, write: Write,
    level: Decimal | None = None, level_label: str = "", fan: Fan = (), fan_name: str = "",
) -> dict[str, Any]:
    """Lines over the days of `period`, drawn in the order given, over the soft `fan`; `level` is a dashed rule across."""
    drawn = [line for line in lines if line.points]
    edges = [value for _, *both in fan for value in both]
    layout = layout_for([value for line in drawn for _, value in line.points] + edges + ([level] if level is not None else []), write)
    layout["xaxis"] |= _day_axis(period, calendar)
    layout["shapes"], layout["annotations"] = [], [_end_label(line, period, today) for line in drawn if line.label]
    if level is not None:
        rule = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": float(level), "y1": float(level), "layer": "below"}
        layout["shapes"].append(rule | {"line": {"color": "var(--pace)", "width": 1.5, "dash": "5px,4px"}})
        layout["annotations"].append(_label(period.last, level, level_label, "var(--ink-2)"))
    if today in period and today != period.last:
        upright = {"type": "line", "layer": "below", "x0": today.isoformat(), "x1": today.isoformat(), "yref": "paper", "y0": 0, "y1": 1}
        layout["shapes"].append(upright | {"line": {"color": "var(--line-2)", "width": 1}})
        layout["annotations"].append({
            "x": today.isoformat(), "y": 1, "yref": "paper", "yanchor": "bottom", "showarrow": False, "text": pgettext("chart", "today"),
            "font": {"size": 11, "color": "var(--ink-3)"},
        })
    traces = [*_fan(fan, fan_name, write), *(_trace(line, write) for line in drawn)]
    traces += [_dot(line) for line in drawn if line.look is Look.ACTUAL]
    return {"data": traces, "layout": layout}


def _trace(line: ChartLine, write: Write) -> dict[str, Any]:
    texts = [write(value) for _, value in line.points]
    if line.look is Look.PROJECTION:
        texts[0] = ""  # there the actual line says it already
    return {
        "type": "scatter", "mode": "lines", "name": line.name, "x": [day.isoformat() for day, _ in line.points],
        "y": [round(float(value), 4) for _, value in line.points], "text": texts, "hovertemplate": "%{text}", "showlegend": False,
        "line": {"dash": "solid", "shape": "linear"} | _LINES[line.look],
    }


def _fan(fan: Fan, name: str, write: Write) -> list[dict[str, Any]]:
    """Two lines without colour, and what lies between them filled; what is hovered over says both."""
    if not fan:
        return []
    days = [day.isoformat() for day, _, _ in fan]
    bare = {"type": "scatter", "mode": "lines", "x": days, "showlegend": False, "line": {"width": 0, "color": "var(--actual-soft)"}}
    low = bare | {"y": [round(float(low), 4) for _, low, _ in fan], "hoverinfo": "skip"}
    texts = ["", *(f"{write(low)} – {write(high)}" for _, low, high in fan[1:])]  # today both are the actual value
    high = bare | {
        "y": [round(float(high), 4) for _, _, high in fan], "fill": "tonexty", "fillcolor": "var(--actual-soft)", "name": name,
        "text": texts, "hovertemplate": "%{text}",
    }
    return [low, high]


def _dot(line: ChartLine) -> dict[str, Any]:
    day, value = line.points[-1]
    return {
        "type": "scatter", "mode": "markers", "x": [day.isoformat()], "y": [float(value)], "hoverinfo": "skip", "showlegend": False,
        "marker": {"color": "var(--actual)", "size": 9, "line": {"color": "var(--card)", "width": 2}},
    }


def _end_label(line: ChartLine, period: Period, today: dt.date) -> dict[str, Any]:
    """Beside the last point of a line that stops at today, else at the edge of the chart."""
    day, value = line.points[-1]
    stops = line.look is Look.ACTUAL and today in period
    return _label(day if stops else period.last, value, line.label, _LABELS[line.look])


def _label(day: dt.date, value: Decimal, text: str, colour: str) -> dict[str, Any]:
    """The browser pushes labels named "end" apart, which needs the height in pixels."""
    return {
        "name": "end", "x": day.isoformat(), "y": float(value), "text": text, "showarrow": False, "xanchor": "left", "yanchor": "middle",
        "xshift": 9, "bgcolor": "var(--card)", "borderpad": 0, "font": {"color": colour, "size": 12},
    }


def layout_for(values: Sequence[Decimal], write: Write) -> dict[str, Any]:
    """The look that all charts share, with an axis of values that reaches from 0 (or below, if they do) to just over the highest."""
    return {
        "margin": {"l": 62, "r": 128, "t": 22, "b": 30}, "showlegend": False, "hovermode": "x unified", "dragmode": False,
        "barmode": "overlay",
        "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "Inter, system-ui, sans-serif", "size": 12, "color": "var(--ink-3)"},
        "hoverlabel": {"bgcolor": "var(--card)", "bordercolor": "var(--line-2)", "font": {"color": "var(--ink)", "size": 12}},
        "xaxis": {"type": "date", "showgrid": False, "ticks": "", "linecolor": "var(--line)", "zeroline": False, "fixedrange": True},
        "yaxis": value_axis(values, write),
    }


def value_axis(values: Sequence[Decimal], write: Write) -> dict[str, Any]:
    ticks = round_ticks(values)
    top = max(values, default=Decimal(0)) * ROOM or ticks[-1]
    return {
        "gridcolor": "var(--line)", "zeroline": ticks[0] < 0, "zerolinecolor": "var(--line-2)", "fixedrange": True,
        "range": [float(ticks[0]), float(max(top, ticks[-1]))], "tickmode": "array",
        "tickvals": [float(tick) for tick in ticks], "ticktext": [write(tick) + "  " for tick in ticks],
    }


def round_ticks(values: Sequence[Decimal], steps: int = 5) -> list[Decimal]:
    """Round numbers from 0 (or below, if values are), the last near the highest value, in steps of 1, 2 or 5: those are short to write."""
    high, low = max([*values, Decimal(0)]), min([*values, Decimal(0)])
    if high == low:
        return [Decimal(0), Decimal(1)]
    rough = (high - low) / steps
    power = Decimal(1).scaleb(rough.adjusted())
    step = next(power * nice for nice in (1, 2, 5, 10) if power * nice >= rough)
    first = int((low / step).to_integral_value(rounding="ROUND_FLOOR"))
    last = int((high * ROOM / step).to_integral_value(rounding="ROUND_FLOOR"))
    return [step * i for i in range(first, last + 1)]


def _day_axis(period: Period, calendar: Calendar) -> dict[str, Any]:
    """Ticks on days, week beginnings, every other one, or month beginnings: as many as can be read."""
    weeks = [bucket.start for bucket in calendar.buckets(Grain.WEEK, period) if bucket.start in period]
    months = [bucket.start for bucket in calendar.buckets(Grain.MONTH, period) if bucket.start in period]
    days = list(period.days()) if len(period) <= 10 else weeks if len(period) <= 45 else weeks[::2] if len(period) <= 120 else months
    days = days[:: max(1, -(-len(days) // 13))]
    write = formats.short_month if len(period) > 120 else formats.short_day
    return {
        "tickmode": "array", "tickvals": [day.isoformat() for day in days], "ticktext": [write(day) for day in days],
        "range": [period.start.isoformat(), period.last.isoformat()],
        "hoverformat": HOVER_DAYS.get((get_language() or "en").split("-")[0], "%-d %b %Y"),
    }
