"""A goal's forecast in words: how likely it is, where it ends, which method says so and how far off it was before."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext, ngettext, pgettext, pgettext_lazy

from goals import sentences
from goals.forecast import Opinion
from goals.forecast_methods import Method
from goals.forecast_reading import GoalForecast
from goals.progress import fills_up
from kpi_tracker import formats
from kpi_tracker.periods import Grain

# Nothing that is still to come is certain.
SURE = 0.995
METHODS: dict[Method, Any] = {
    Method.EVEN: pgettext_lazy("if the days left are", "as those of this period so far"),
    Method.RECENT: pgettext_lazy("if the days left are", "as those of the last two months"),
    Method.YEAR: pgettext_lazy("if the days left are", "as those of the last twelve months"),
    Method.SAME_PART: pgettext_lazy("if the days left are", "as the same part of earlier periods"),
    Method.LAST_YEAR: pgettext_lazy("if the days left are", "as last year from this point on"),
    Method.DEALS: pgettext_lazy("if the days left are", "as the open deals by stage and age, and new ones, suggest"),
    Method.STAYS: pgettext_lazy("if the days left are", "without any change"),
}


@dataclass(frozen=True, slots=True)
class MethodRow:
    """One method of the table; off: how far off it was before, empty without a record."""

    name: Any
    end: str
    off: str
    trust: str


@dataclass(frozen=True, slots=True)
class ForecastPanel:
    """The forecast's part of a goal's page. band: from one end in ten below it to one in ten above it."""

    headline: str
    median: str
    band: str
    record: str
    methods: tuple[MethodRow, ...]


def forecast_panel(found: GoalForecast) -> ForecastPanel:
    low, high = found.band
    return ForecastPanel(
        headline=headline(found), median=_ends(found, found.median),
        band=gettext("%(low)s to %(high)s") % {"low": _ends(found, low), "high": _ends(found, high)},
        record=record(found), methods=tuple(_method(found, one) for one in found.forecast.opinions),
    )


def headline(found: GoalForecast) -> str:
    """ "72 % likely to reach 640 k€"."""
    standing, goal = found.standing, found.standing.goal
    paced = fills_up(goal, standing.kpi)
    if paced and standing.actual is not None and standing.actual >= standing.target:
        return gettext("The goal is reached already")
    values = {"percent": likely_words(found.likely), "target": sentences.target_words(goal, standing.target, short=True)}
    if paced:
        return gettext("%(percent)s likely to reach %(target)s") % values
    if standing.kpi.adds_up:
        return gettext("%(percent)s likely to stay at %(target)s") % values
    return gettext("%(percent)s likely to end at %(target)s") % values


def likely_words(chance: float) -> str:
    """A probability, from 0 to 1, as people say it: never certain."""
    if chance >= SURE:
        return gettext("More than %(percent)s") % {"percent": formats.percent(Decimal("0.99"), 0)}
    if chance <= 1 - SURE:
        return gettext("Less than %(percent)s") % {"percent": formats.percent(Decimal("0.01"), 0)}
    return formats.percent(Decimal(str(round(chance, 4))), 0)


def record(found: GoalForecast) -> str:
    """How far off forecasts like this one were at the same point of earlier periods."""
    count, goal = found.forecast.periods, found.standing.goal
    if found.forecast.error is None:
        return gettext("No earlier period shows yet how far off such a forecast is, so the range is wide.")
    match sentences.grain_of(goal.organisation.calendar, goal.period):
        case Grain.WEEK:
            text = ngettext(
                "At this point of the week before it was off by %(off)s.",
                "At this point of the last %(count)s weeks it was off by %(off)s on average.", count,
            )
        case Grain.MONTH:
            text = ngettext(
                "At this point of the month before it was off by %(off)s.",
                "At this point of the last %(count)s months it was off by %(off)s on average.", count,
            )
        case Grain.QUARTER:
            text = ngettext(
                "At this point of the quarter before it was off by %(off)s.",
                "At this point of the last %(count)s quarters it was off by %(off)s on average.", count,
            )
        case Grain.YEAR:
            text = ngettext(
                "At this point of the year before it was off by %(off)s.",
                "At this point of the last %(count)s years it was off by %(off)s on average.", count,
            )
        case _:
            text = ngettext(
                "At this point of the period before it was off by %(off)s.",
                "At this point of the last %(count)s periods of this length it was off by %(off)s on average.", count,
            )
    return text % {"count": formats.number(count), "off": _off(found.forecast.error)}


def likely_label(found: GoalForecast) -> str:
    """At the end of the line of the chart."""
    return pgettext("chart", "Likely %(value)s") % {"value": _ends(found, found.median)}


def _method(found: GoalForecast, one: Opinion) -> MethodRow:
    end = _ends(found, Decimal(str(round(one.end, 6))))
    return MethodRow(name=METHODS[one.method], end=end, off=_off(one.error), trust=formats.percent(Decimal(str(one.trust)), 0))


def _off(error: float | None) -> str:
    return "–" if error is None else formats.percent(Decimal(str(round(error, 4))), 0)


def _ends(found: GoalForecast, value: Decimal) -> str:
    """Amounts in short: an estimate is not known to the last euro."""
    return sentences.projected_figure(found.standing.goal, value, short=True)
