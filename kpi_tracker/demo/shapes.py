"""The shapes of a sales year: weekdays, seasons, pushes before the end of a quarter, and who works when."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from decimal import Decimal
from functools import cache
from random import Random

from kpi_tracker.demo.records import Seller, dice
from kpi_tracker.orgs.workdays import Presence, WorkWeek
from kpi_tracker.periods import DAY, Calendar, Grain, Period

# Of the work done in a year; people who leave and newcomers take some of it away again.
GROWTH = 0.14
WEEKDAY = {1: 1.0, 2: 1.1, 3: 1.1, 4: 1.05, 5: 0.75, 6: 1.0, 7: 1.0}
SEASON = {1: 0.95, 2: 1.0, 3: 1.06, 4: 1.0, 5: 1.0, 6: 0.92, 7: 0.55, 8: 0.9, 9: 1.08, 10: 1.08, 11: 1.06, 12: 0.82}
# How long a newcomer takes until there is nothing more to learn.
RAMP_DAYS = 150


def season_of(day: dt.date) -> float:
    return SEASON[day.month] * (0.6 if day.month == 12 and day.day > 14 else 1.0)


class Days:
    """The working days of one seller between two days, and how much selling each of them holds.

    weight: the seller's time, weekday, season, growth and ramp together; an ordinary day of a full-time seller at
    the end of the first year is about 1.
    """

    def __init__(self, seller: Seller, *, week: WorkWeek, span: Period, origin: dt.date, seed: int) -> None:
        employed = Period(seller.started_on or span.start, (seller.ended_on or span.last) + DAY)
        self.seller = seller
        self.presence = Presence(seller.country, seller.share, employed, tuple(leave.days for leave in seller.leaves))
        self.time = {day: time for day, time in week.weights(span, [self.presence]).items() if time}
        self.all = sorted(self.time)
        self.weight = {day: self._weight(day, origin) for day in self.all}
        self._add_noise(dice(seed, "form", seller.name))

    def _weight(self, day: dt.date, origin: dt.date) -> float:
        season = season_of(day)
        growth: float = (1 + GROWTH) ** ((day - origin).days / 365.25 - 1)
        ramp = 1.0
        if self.seller.started_on:
            ramp = min(1.0, 0.25 + 0.75 * (day - self.seller.started_on).days / RAMP_DAYS)
        return float(self.time[day]) * WEEKDAY[day.isoweekday()] * season * growth * ramp

    def _add_noise(self, chance: Random) -> None:
        """Good and bad weeks, each a little like the one before."""
        mood, last = 0.0, None
        for day in self.all:
            if (current := day.isocalendar()[:2]) != last:
                mood, last = 0.6 * mood + chance.gauss(0, 0.11), current
            self.weight[day] *= max(0.4, 1 + mood + chance.gauss(0, 0.08))

    def works(self, day: dt.date) -> bool:
        return day in self.time

    def on_or_after(self, day: dt.date) -> dt.date | None:
        place = bisect_left(self.all, day)
        return self.all[place] if place < len(self.all) else None

    def on_or_before(self, day: dt.date) -> dt.date:
        """The last working day up to `day`; the first of all where there is none."""
        return self.all[max(0, bisect_left(self.all, day + DAY) - 1)]

    def later(self, day: dt.date, steps: int) -> dt.date:
        """The working day `steps` after the one at or after `day`, or the last of all."""
        return self.all[min(len(self.all) - 1, bisect_left(self.all, day) + steps)]


@cache
def closing_pull(day: dt.date) -> float:
    """How much a deal likes to close on `day`: the last days of a month and, more so, of a quarter."""
    calendar = Calendar()
    quarter = calendar.bucket(Grain.QUARTER, day)
    left_of_quarter = (quarter.last - day).days
    left_of_month = (calendar.bucket(Grain.MONTH, day).last - day).days
    pull = 2.6 if left_of_quarter < 9 else 1.5 if left_of_month < 5 else 0.75 if (day - quarter.start).days < 21 else 1.0
    if day.month == 7:
        pull *= 0.7
    if day.month == 12 and day.day > 20:
        pull *= 0.5
    return pull * (0.8 if day.isoweekday() == 1 else 1.0)


# Where the hours of a working day lie: quarter hours from 8:00, quiet at lunch.
QUARTERS = range(32, 68)
_USUAL: list[float] = [
    0.4, 0.7, 1, 1.2, 1.5, 1.6, 1.6, 1.6, 1.5, 1.4, 1.3, 1.1, 0.8, 0.6, 0.4, 0.3, 0.3, 0.4,
    0.7, 1, 1.2, 1.3, 1.4, 1.4, 1.3, 1.3, 1.2, 1.1, 1, 0.9, 0.8, 0.6, 0.5, 0.3, 0.2, 0.1,
]
_FRIDAY: list[float] = [share * (1.15 if place < 14 else 0.5 if place < 24 else 0.15) for place, share in enumerate(_USUAL)]


def share_of_day(day: dt.date, second: int) -> float:
    """How much of a working day's work is done at `second`; 0 before there is any to speak of."""
    shares = _FRIDAY if day.isoweekday() == 5 else _USUAL
    done = sum(share for quarter, share in zip(QUARTERS, shares, strict=True) if (quarter + 1) * 900 <= second)
    return done / sum(shares)


def second_of_day(chance: Random, day: dt.date, *, until: int | None = None) -> int:
    """A moment of the working day, before the second `until` if that is given (and if there is any work by then)."""
    shares = _FRIDAY if day.isoweekday() == 5 else _USUAL
    over = len(shares) if until is None or not share_of_day(day, until) else until // 900 - QUARTERS[0]
    return chance.choices(QUARTERS[:over], shares[:over])[0] * 900 + chance.randrange(900)


def stretch(total: Decimal | float, step: int) -> Decimal:
    """`total` as people say it: a whole multiple of `step`, at least one."""
    return Decimal(max(1, round(float(total) / step)) * step)
