"""Days, buckets and periods. Pure: no database, no clock.

Every range is half-open, `[start, end)`, in local days of the organisation's zone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never
from zoneinfo import ZoneInfo

from kpi_tracker.errors import InvalidInput

DAY = dt.timedelta(days=1)
WEEK = dt.timedelta(days=7)


class Grain(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Local days from `start` up to, and without, `end`."""

    start: dt.date
    end: dt.date

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise InvalidInput(f"A period must end after it starts, not {self.start} to {self.end}.")

    @property
    def last(self) -> dt.date:
        return self.end - DAY

    def __contains__(self, day: dt.date) -> bool:
        return self.start <= day < self.end

    def __len__(self) -> int:
        return (self.end - self.start).days

    def days(self) -> Iterator[dt.date]:
        day = self.start
        while day < self.end:
            yield day
            day += DAY

    def covers(self, other: Period) -> bool:
        return self.start <= other.start and other.end <= self.end

    def meets(self, other: Period) -> bool:
        """Whether the two share a day."""
        return self.start < other.end and other.start < self.end

    def overlap(self, other: Period) -> Period | None:
        if not self.meets(other):
            return None
        return Period(max(self.start, other.start), min(self.end, other.end))

    def year_before(self) -> Period:
        """The same calendar dates one year earlier (never 365 days: leap days). 29 February compares with the 28th."""
        end = add_months(self.end, -12)
        return Period(add_months(self.start, -12), end if end.day == self.end.day else end + DAY)


def whole(spans: Sequence[Period]) -> Period:
    """From the start of the first to the end of the last."""
    return Period(min(span.start for span in spans), max(span.end for span in spans))


def add_months(day: dt.date, months: int) -> dt.date:
    """The same day of the month, `months` on; the month's last day where it has no such day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    first = dt.date(year, month + 1, 1)
    next_first = dt.date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return first.replace(day=min(day.day, (next_first - DAY).day))


def day_read(value: dt.date | str) -> dt.date:
    """A day as a query of our own gives it: SQLite knows of a column that it has worked out itself only that it is text."""
    return dt.date.fromisoformat(value) if isinstance(value, str) else value


def day_after(day: dt.date) -> dt.date:
    return day + DAY


@dataclass(frozen=True, slots=True)
class Calendar:
    """How one organisation cuts time into buckets.

    week_start: ISO weekday on which weeks begin, 1 Monday (ISO 8601) or 7 Sunday.
    fiscal_month: month, 1 to 12, in which the fiscal year begins; quarters and years follow it.
    """

    week_start: int = 1
    fiscal_month: int = 1

    def bucket(self, grain: Grain, day: dt.date) -> Period:
        """The bucket of `grain` that `day` lies in."""
        match grain:
            case Grain.DAY:
                return Period(day, day + DAY)
            case Grain.WEEK:
                start = day - dt.timedelta(days=(day.isoweekday() - self.week_start) % 7)
                return Period(start, start + WEEK)
            case Grain.MONTH:
                start = day.replace(day=1)
                return Period(start, add_months(start, 1))
            case Grain.QUARTER:
                start = add_months(day.replace(day=1), -((day.month - self.fiscal_month) % 3))
                return Period(start, add_months(start, 3))
            case Grain.YEAR:
                start = add_months(day.replace(day=1), -((day.month - self.fiscal_month) % 12))
                return Period(start, add_months(start, 12))
            case _:
                assert_never(grain)

    def buckets(self, grain: Grain, period: Period) -> list[Period]:
        """All buckets that share a day with `period`, in order, whole even at its edges."""
        found = [self.bucket(grain, period.start)]
        while found[-1].end < period.end:
            found.append(self.bucket(grain, found[-1].end))
        return found

    def clipped(self, grain: Grain, period: Period) -> list[Period]:
        """The buckets of `period`, cut at its edges; they tile it exactly."""
        return [cut for bucket in self.buckets(grain, period) if (cut := bucket.overlap(period))]

    def shift(self, grain: Grain, bucket: Period, steps: int) -> Period:
        """The bucket `steps` after (before, if negative) the one that starts like `bucket`."""
        start = bucket.start
        match grain:
            case Grain.DAY:
                return self.bucket(grain, start + steps * DAY)
            case Grain.WEEK:
                return self.bucket(grain, start + steps * WEEK)
            case Grain.MONTH:
                return self.bucket(grain, add_months(start, steps))
            case Grain.QUARTER:
                return self.bucket(grain, add_months(start, 3 * steps))
            case Grain.YEAR:
                return self.bucket(grain, add_months(start, 12 * steps))
            case _:
                assert_never(grain)

    def is_whole(self, grain: Grain, period: Period) -> bool:
        """Whether `period` is made of whole buckets of `grain`."""
        return (
            self.bucket(grain, period.start).start == period.start
            and self.bucket(grain, period.last).end == period.end
        )

    def last_year(self, grain: Grain, bucket: Period) -> Period:
        """The bucket to compare with one year back; weeks keep their weekdays (52 weeks)."""
        if grain is Grain.WEEK:
            return self.shift(grain, bucket, -52)
        return bucket.year_before()


def local_day(moment: dt.datetime, zone: ZoneInfo) -> dt.date:
    """The local day of an aware `moment` in `zone`."""
    if moment.tzinfo is None:
        raise InvalidInput(f"A moment needs a time zone: {moment.isoformat()}")
    return moment.astimezone(zone).date()
