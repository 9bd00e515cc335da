"""Daily amounts as forecasts look at them. Pure.

A day is its number, counted from the first day of the history. Estimates are floats: no figure that is counted comes from here.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

YEAR = 365
# Rounding of sums of floats: working time is given in hundredths of a day.
TINY = 1e-6
# The recent rate: a day counts half as much as one that is this many days younger.
HALF_LIFE = 30


@dataclass(frozen=True, slots=True)
class Point:
    """The period `[start, end)` seen from the beginning of the day `now`: the days before it are known."""

    start: int
    now: int
    end: int


class Series:
    """Amounts by day, beside what carries them: working time where they are sums, the denominator where they are its numerator.

    Carriers may reach further than amounts: the calendar is known ahead.
    """

    def __init__(self, amounts: Sequence[float], carriers: Sequence[float]) -> None:
        self._days = list(zip(amounts, carriers, strict=False))
        self._all_carriers = carriers
        self._amounts = [0.0, *accumulate(amounts)]
        self._carriers = [0.0, *accumulate(carriers)]
        self._recent = list(_smoothed(self._days))

    def amount(self, start: int, end: int) -> float:
        return self._amounts[end] - self._amounts[start]

    def carrier(self, start: int, end: int) -> float:
        return self._carriers[end] - self._carriers[start]

    def rate(self, start: int, end: int) -> float | None:
        """Amount for each unit of the carrier; None where nothing carries."""
        carrier = self.carrier(start, end)
        return self.amount(start, end) / carrier if carrier > TINY else None

    def recent(self, now: int) -> float | None:
        """The rate of the days before `now`, the youngest counting most."""
        amount, carrier = self._recent[now]
        return amount / carrier if carrier > TINY else None

    def year(self, now: int) -> float | None:
        """The rate of the twelve months before `now`, or of as much as there is."""
        return self.rate(max(0, now - YEAR), now)

    def active(self, now: int) -> int:
        """On how many days before `now` anything was carried."""
        return sum(1 for _, carrier in self._days[:now] if carrier)

    def carrying(self, amounts: Sequence[float]) -> Series:
        """Other amounts beside the same carriers."""
        return Series(amounts, self._all_carriers)

    def noise(self, now: int) -> float:
        """How much the amounts of the last twelve months jump about: variance for each unit of amount that comes in.

        1 for single records that come by chance, the size of a deal for deals, 0 for amounts that follow their carrier exactly.
        """
        first, rate = max(0, now - YEAR), self.year(now)
        if rate is None or not rate:
            return 0.0
        squares = sum((amount - rate * carrier) ** 2 for amount, carrier in self._days[first:now])
        return squares / abs(self.amount(first, now))

    def same_point(self, like: Point, start: int, end: int) -> Point:
        """`[start, end)` seen when as large a share of what carries it was over as of `like`; by days where nothing carries it."""
        whole, total = self.carrier(like.start, like.end), self.carrier(start, end)
        by_days = start + round((end - start) * (like.now - like.start) / (like.end - like.start))
        if whole <= TINY or total <= TINY:
            return Point(start, by_days, end)
        gone = self._carriers[start] + total * self.carrier(like.start, like.now) / whole
        first = bisect_left(self._carriers, gone - TINY, start, end)
        last = max(first, bisect_right(self._carriers, gone + TINY, start, end + 1) - 1)
        return Point(start, min(max(by_days, first), last), end)  # days off may lie between


def _smoothed(days: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Amount and carrier before each day, and after the last one, fading with age."""
    fade, amount, carrier = 0.5 ** (1 / HALF_LIFE), 0.0, 0.0
    yield amount, carrier
    for day in days:
        amount, carrier = amount * fade + day[0], carrier * fade + day[1]
        yield amount, carrier
