"""Buckets and working days by walking from day to day."""

from __future__ import annotations

import datetime as dt
from functools import cache

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


def months_before(day: dt.date, months: int) -> dt.date:
    """The same day of the month, so many months earlier; the month's last day where it has no such day."""
    year, month = day.year, day.month
    for _ in range(months):
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
    first = dt.date(year, month, 1)
    candidates = [first + n * ONE for n in range(day.day)]
    return [each for each in candidates if each.month == month][-1]


def year_back(span: Span) -> Span:
    """The same dates one year earlier. A range from 29 February is taken from the 28th, one that ends before it still holds the 28th."""
    start, end = span
    leap = (2, 29)
    return (
        start.replace(year=start.year - 1, day=28) if (start.month, start.day) == leap else start.replace(year=start.year - 1),
        dt.date(end.year - 1, 3, 1) if (end.month, end.day) == leap else end.replace(year=end.year - 1),
    )


@cache
def _free(country: str, year: int) -> frozenset[dt.date]:
    return frozenset(holidays.country_holidays(country, years=year))


def is_eve(country: str, day: dt.date) -> bool:
    """Midsummer's Eve, the Friday before the Saturday of 20 to 26 June; Christmas Eve; New Year's Eve."""
    midsummer = day.month == 6 and 19 <= day.day <= 25 and day.isoweekday() == 5
    return country in ("SE", "FI") and (midsummer or (day.month, day.day) in ((12, 24), (12, 31)))


def open_days(world: World, span: Span) -> list[dt.date]:
    """The organisation's working days."""
    own = world.organisation
    closed = {row["day"] for row in world.closing_days}
    return [
        day for day in days(span)
        if str(day.isoweekday()) in own["working_days"] and day not in closed and day not in _free(own["country"], day.year)
        and not (own["eves_free"] and is_eve(own["country"], day))
    ]


def is_running(span: Span, today: dt.date) -> bool:
    """Whether the span has begun and has days after today."""
    return span[0] <= today < span[1] - ONE


def before(world: World, span: Span) -> Span:
    """The span just before: the bucket before where `span` is a whole one, else as many days."""
    settings = _settings(world)
    for grain in ("year", "quarter", "month", "week"):
        if bucket(grain, span[0], **settings) == span:
            return bucket(grain, span[0] - ONE, **settings)
    return span[0] - (span[1] - span[0]), span[0]


def compared_with(world: World, span: Span, today: dt.date) -> Span | None:
    """What growth compares `span` with. While it runs: the span before, up to where as many working days have gone.

    None where no working day has gone and the span before begins with one.
    """
    earlier = before(world, span)
    if not is_running(span, today):
        return earlier
    return _as_far(world, earlier, len(open_days(world, (span[0], today + ONE))))


def year_so_far(world: World, span: Span, today: dt.date) -> Span:
    """From the start of the fiscal year of the span's last day (of today, if it lies within) to the span's end."""
    anchor = today if span[0] <= today < span[1] else span[1] - ONE
    return bucket("year", anchor, **_settings(world))[0], span[1]


def compared_year(world: World, span: Span, today: dt.date) -> Span | None:
    """What the year so far is compared with: the same dates; while the span runs, as many working days of the year before."""
    so_far = year_so_far(world, span, today)
    if not is_running(span, today):
        return year_back(so_far)
    gone = len(open_days(world, (so_far[0], today + ONE)))
    return _as_far(world, (months_before(so_far[0], 12), so_far[0]), gone)


def _as_far(world: World, span: Span, gone: int) -> Span | None:
    """The span up to its working day number `gone` + 1; all of it where it has no more."""
    worked = open_days(world, span)
    if gone >= len(worked):
        return span
    return (span[0], worked[gone]) if worked[gone] > span[0] else None


def _settings(world: World) -> dict[str, int]:
    return {"week_start": world.organisation["week_start"], "fiscal_month": world.organisation["fiscal_year_month"]}
