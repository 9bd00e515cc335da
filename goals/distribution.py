"""How what a goal asks is spread over the days of its period: day weights from working time and the goal's shape. Pure."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Protocol

from goals.models import Distribution
from goals.pacing import Weights

ZERO = Decimal(0)


class Spread(Protocol):
    """A goal, or one that is being written: its distribution, and the weights of its months or weekdays as decimal strings."""

    @property
    def distribution(self) -> str: ...

    @property
    def shape(self) -> Mapping[str, str]: ...


def month_key(day: dt.date) -> str:
    return f"{day:%Y-%m}"


def weekday_key(day: dt.date) -> str:
    """From "0", a Monday, to "6"."""
    return str(day.weekday())


def weights(goal: Spread, working: Weights) -> Weights:
    """The share that each day has of what is asked, in any unit; days are those of `working`.

    Within a month with a weight of its own, working time decides; by weekday, working time times the weekday's weight. A month in
    which nobody works gives its part to all its days alike. Where the shape leaves nothing at all, working time decides alone.
    """
    if goal.distribution not in (Distribution.LAST_YEAR, Distribution.MONTHS, Distribution.WEEKDAYS) or not goal.shape:
        return working
    by_weekday = all(len(key) == 1 for key in goal.shape)
    found = _by_weekday(goal.shape, working) if by_weekday else _by_month(goal.shape, working)
    return found if any(found.values()) else working


def _by_weekday(shape: Mapping[str, str], working: Weights) -> dict[dt.date, Decimal]:
    return {day: weight * Decimal(shape.get(weekday_key(day), "0")) for day, weight in working.items()}


def _by_month(shape: Mapping[str, str], working: Weights) -> dict[dt.date, Decimal]:
    months: dict[str, dict[dt.date, Decimal]] = defaultdict(dict)
    for day, weight in working.items():
        months[month_key(day)][day] = weight
    found: dict[dt.date, Decimal] = {}
    for key, days in months.items():
        share = Decimal(shape.get(key, "0"))
        worked = days if any(days.values()) else dict.fromkeys(days, Decimal(1))
        total = sum(worked.values(), ZERO)
        found |= {day: share * weight / total for day, weight in worked.items()}
    return found


def shape_of(days: Iterable[tuple[dt.date, Decimal]], key: Callable[[dt.date], str]) -> dict[str, str]:
    """The weights of months or weekdays, from values by day; none is below 0."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for day, value in days:
        sums[key(day)] += value
    return {name: str(max(value, ZERO)) for name, value in sorted(sums.items())}
