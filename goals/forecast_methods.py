"""Ways to tell what the rest of a period brings, each one rule of thumb. Pure.

None of them is right everywhere: which one to believe follows from how far off each was before (`forecast_record`).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from goals.forecast_series import TINY, Point, Series

# How many earlier periods the same part is taken over.
PARTS_BACK = 12


class Method(StrEnum):
    """Why the days to come should bring what they are expected to."""

    EVEN = "even"  # as much as those of this period so far: the straight line by working days
    RECENT = "recent"  # as much as those of the last two months, the youngest counting most: exponential smoothing
    YEAR = "year"  # as much as those of the last twelve months
    SAME_PART = "same_part"  # as much as the same part of earlier periods
    LAST_YEAR = "last_year"  # as this period so far, and then as much more or less as in the same period last year
    DEALS = "deals"  # what the open deals bring by their stage and age, and the new ones (`forecast_deals`)
    STAYS = "stays"  # nothing any more: a stock stays where it is


def rates(series: Series, at: Point, earlier: Sequence[Point], last_year: Point | None) -> dict[Method, float]:
    """What each unit of the carrier brings from `at.now` on, by each method that has anything to go by.

    earlier: the same point of the periods before, oldest first; last_year: that of the one a year ago. Nothing on or after
    `at.now` is looked at.
    """
    found = {
        Method.EVEN: series.rate(at.start, at.now),
        Method.RECENT: series.recent(at.now),
        Method.YEAR: series.year(at.now),
        Method.SAME_PART: _same_part(series, earlier[-PARTS_BACK:]),
        Method.LAST_YEAR: _as_last_year(series, at, last_year) if last_year else None,
    }
    return {method: max(rate, 0.0) for method, rate in found.items() if rate is not None}


def _same_part(series: Series, earlier: Sequence[Point]) -> float | None:
    carrier = sum(series.carrier(one.now, one.end) for one in earlier)
    return sum(series.amount(one.now, one.end) for one in earlier) / carrier if carrier > TINY else None


def _as_last_year(series: Series, at: Point, before: Point) -> float | None:
    """The even rate, changed halfway by how last year's rate changed at this point: one year's shape is half chance."""
    rate = series.rate(at.start, at.now)
    whole, first = series.rate(before.start, before.end), series.rate(before.start, before.now)
    carried, total = series.carrier(before.start, before.now), series.carrier(before.start, before.end)
    if rate is None or not whole or first is None or whole < 0 or first < 0:
        return None
    gone = carried / total
    share = (gone * first / whole + gone) / 2
    return rate * (1 - share) / share * gone / (1 - gone) if gone < 1 else rate
