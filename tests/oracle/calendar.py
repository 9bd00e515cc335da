"""Buckets and working days by walking from day to day."""

from __future__ import annotations

import datetime as dt

import holidays

from tests.oracle.world import World

ONE = dt.timedelta(days=1)
Span = tuple[dt.date, dt.date]


def begins(grain: str, day: dt.date, *, week_start: int = 1, fiscal_month: int = 1) -> bool:
    """Whether a bucket of `grain` begins on `day`."""
    return {
        "day": True,
        "week": day.isoweekday() == week_start,
        "month": day.day == 1,
        "quarter": day.day == 1 and day.month % 3 == fiscal_month % 3,
        "year": day.day == 1 and day.month == fiscal_month,
    }[grain]


def bucket(grain: str, day: dt.date, *, week_start: int = 1, fiscal_month: int = 1) -> Span:
    """The bucket that `day` lies in: from its first day up to the next one's."""
    start = day
    while not begins(grain, start, week_start=week_start, fiscal_month=fiscal_month):
        start -= ONE
    end = day + ONE
    while not begins(grain, end, week_start=week_start, fiscal_month=fiscal_month):
        end += ONE
    return start, end


def days(span: Span) -> list[dt.date]:
    return [span[0] + n * ONE for n in range((span[1] - span[0]).days)]


def open_days(world: World, span: Span) -> list[dt.date]:
    """The organisation's working days."""
    own = world.organisation
    closed = {row["day"] for row in world.closing_days}
    free = holidays.country_holidays(own["country"], years=range(span[0].year, span[1].year + 1))
    return [day for day in days(span) if str(day.isoweekday()) in own["working_days"] and day not in closed and day not in free]


def before(world: World, span: Span) -> Span:
    """The span just before: the bucket before where `span` is a whole one, else as many days."""
    settings = {"week_start": world.organisation["week_start"], "fiscal_month": world.organisation["fiscal_year_month"]}
    for grain in ("year", "quarter", "month", "week"):
        if bucket(grain, span[0], **settings) == span:
            return bucket(grain, span[0] - ONE, **settings)
    return span[0] - (span[1] - span[0]), span[0]


def compared_with(world: World, span: Span, today: dt.date) -> Span | None:
    """What growth compares `span` with. While it runs: the span before, up to where as many working days have gone.

    None where no working day has gone and the span before begins with one.
    """
    earlier = before(world, span)
    if not span[0] <= today < span[1] - ONE:
        return earlier
    gone = len(open_days(world, (span[0], today + ONE)))
    worked = open_days(world, earlier)
    if gone >= len(worked):
        return earlier
    return (earlier[0], worked[gone]) if worked[gone] > earlier[0] else None
