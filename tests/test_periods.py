from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_tracker.errors import InvalidInput
from kpi_tracker.periods import Calendar, Grain, Period, add_months, day_after, local_day
from tests.oracle.calendar import bucket

DAYS = st.dates(dt.date(1999, 1, 1), dt.date(2041, 12, 31))
CALENDARS = st.builds(Calendar, week_start=st.sampled_from([1, 7]), fiscal_month=st.integers(1, 12))
GRAINS = st.sampled_from(list(Grain))
PERIODS = st.builds(lambda day, days: Period(day, day + dt.timedelta(days=days)), DAYS, st.integers(1, 500))


def period(start: str, end: str) -> Period:
    return Period(dt.date.fromisoformat(start), dt.date.fromisoformat(end))


@given(calendar=CALENDARS, grain=GRAINS, day=DAYS)
def test_a_bucket_is_the_one_found_by_walking_from_day_to_day(calendar: Calendar, grain: Grain, day: dt.date) -> None:
    found = calendar.bucket(grain, day)
    assert (found.start, found.end) == bucket(grain.value, day, week_start=calendar.week_start, fiscal_month=calendar.fiscal_month)
    assert day in found


@given(calendar=CALENDARS, grain=GRAINS, asked=PERIODS)
def test_buckets_tile_time(calendar: Calendar, grain: Grain, asked: Period) -> None:
    found = calendar.buckets(grain, asked)
    assert [each.end for each in found[:-1]] == [each.start for each in found[1:]]
    assert asked.start in found[0]
    assert asked.last in found[-1]
    assert calendar.is_whole(grain, Period(found[0].start, found[-1].end))
    cut = calendar.clipped(grain, asked)
    assert sum(len(each) for each in cut) == len(asked)
    assert (cut[0].start, cut[-1].end) == (asked.start, asked.end)
    assert calendar.is_whole(grain, asked) == (cut == found)


@given(calendar=CALENDARS, grain=GRAINS, day=DAYS, steps=st.integers(-60, 60))
def test_a_shift_and_its_return_meet(calendar: Calendar, grain: Grain, day: dt.date, steps: int) -> None:
    start = calendar.bucket(grain, day)
    there = calendar.shift(grain, start, steps)
    assert calendar.shift(grain, there, -steps) == start
    between = calendar.buckets(grain, Period(min(start.start, there.start), max(start.end, there.end)))
    assert len(between) == abs(steps) + 1


@given(day=DAYS, months=st.integers(-200, 200))
def test_add_months_lands_in_the_month_asked_for(day: dt.date, months: int) -> None:
    found = add_months(day, months)
    assert (found.year - day.year) * 12 + found.month - day.month == months
    assert found.day == day.day or (found.day < day.day and day_after(found).day == 1)


@given(first=PERIODS, second=PERIODS)
def test_an_overlap_is_the_days_of_both(first: Period, second: Period) -> None:
    both = set(first.days()) & set(second.days())
    overlap = first.overlap(second)
    assert set(overlap.days() if overlap else ()) == both
    assert first.meets(second) == bool(both)
    assert first.covers(second) == (both == set(second.days()))


@pytest.mark.parametrize(("day", "months", "expected"), [
    ("2024-01-31", 1, "2024-02-29"),
    ("2023-01-31", 1, "2023-02-28"),
    ("2024-02-29", 12, "2025-02-28"),
    ("2024-02-29", -12, "2023-02-28"),
    ("2024-02-29", 48, "2028-02-29"),
    ("2024-12-31", 2, "2025-02-28"),
    ("2024-03-31", -1, "2024-02-29"),
    ("2024-01-15", -1, "2023-12-15"),
])
def test_add_months(day: str, months: int, expected: str) -> None:
    assert add_months(dt.date.fromisoformat(day), months) == dt.date.fromisoformat(expected)


@pytest.mark.parametrize(("year", "week", "start"), [
    (2020, 53, "2020-12-28"),  # a year of 53 weeks
    (2021, 1, "2021-01-04"),
    (2026, 53, "2026-12-28"),
    (2024, 1, "2024-01-01"),
    (2025, 1, "2024-12-30"),  # the first week of a year may begin in the year before
])
def test_weeks_are_iso_weeks(year: int, week: int, start: str) -> None:
    first = dt.date.fromisoformat(start)
    assert first.isocalendar()[:2] == (year, week)
    assert Calendar().bucket(Grain.WEEK, first + dt.timedelta(days=3)) == Period(first, first + dt.timedelta(days=7))


def test_weeks_may_start_on_sunday() -> None:
    calendar = Calendar(week_start=7)
    assert calendar.bucket(Grain.WEEK, dt.date(2024, 3, 9)) == period("2024-03-03", "2024-03-10")
    assert calendar.bucket(Grain.WEEK, dt.date(2024, 3, 10)) == period("2024-03-10", "2024-03-17")


@pytest.mark.parametrize(("fiscal_month", "day", "quarter", "year"), [
    (1, "2024-05-15", ("2024-04-01", "2024-07-01"), ("2024-01-01", "2025-01-01")),
    (7, "2024-06-30", ("2024-04-01", "2024-07-01"), ("2023-07-01", "2024-07-01")),
    (7, "2024-07-01", ("2024-07-01", "2024-10-01"), ("2024-07-01", "2025-07-01")),
    (2, "2024-01-31", ("2023-11-01", "2024-02-01"), ("2023-02-01", "2024-02-01")),
    (12, "2024-02-29", ("2023-12-01", "2024-03-01"), ("2023-12-01", "2024-12-01")),
])
def test_fiscal_quarters_and_years(fiscal_month: int, day: str, quarter: tuple[str, str], year: tuple[str, str]) -> None:
    calendar = Calendar(fiscal_month=fiscal_month)
    assert calendar.bucket(Grain.QUARTER, dt.date.fromisoformat(day)) == period(*quarter)
    assert calendar.bucket(Grain.YEAR, dt.date.fromisoformat(day)) == period(*year)


def test_last_year_keeps_dates_and_weeks_keep_weekdays() -> None:
    calendar = Calendar()
    assert calendar.last_year(Grain.MONTH, period("2024-02-01", "2024-03-01")) == period("2023-02-01", "2023-03-01")
    assert calendar.last_year(Grain.MONTH, period("2025-02-01", "2025-03-01")) == period("2024-02-01", "2024-03-01")
    assert calendar.last_year(Grain.YEAR, period("2025-01-01", "2026-01-01")) == period("2024-01-01", "2025-01-01")
    before = calendar.last_year(Grain.WEEK, period("2025-03-03", "2025-03-10"))
    assert before == period("2024-03-04", "2024-03-11")


@pytest.mark.parametrize(("asked", "expected"), [
    (("2024-02-29", "2024-03-01"), ("2023-02-28", "2023-03-01")),  # the leap day has none of its own to compare with
    (("2024-02-28", "2024-02-29"), ("2023-02-28", "2023-03-01")),
    (("2024-02-26", "2024-02-29"), ("2023-02-26", "2023-03-01")),
    (("2025-02-28", "2025-03-01"), ("2024-02-28", "2024-03-01")),
    (("2024-02-29", "2024-03-05"), ("2023-02-28", "2023-03-05")),
])
def test_a_year_before_around_leap_days(asked: tuple[str, str], expected: tuple[str, str]) -> None:
    assert period(*asked).year_before() == period(*expected)


@given(asked=PERIODS)
def test_every_period_has_a_year_before(asked: Period) -> None:
    before = asked.year_before()
    assert (before.start.year, before.start.month) == (asked.start.year - 1, asked.start.month)
    assert abs(len(before) - len(asked)) <= 1


@pytest.mark.parametrize("end", ["2024-03-01", "2024-02-29"])
def test_an_empty_period_is_refused(end: str) -> None:
    with pytest.raises(InvalidInput):
        period("2024-03-01", end)


@pytest.mark.parametrize(("moment", "zone", "expected"), [
    ("2024-02-29T22:59:59+00:00", "Europe/Stockholm", "2024-02-29"),
    ("2024-02-29T23:00:00+00:00", "Europe/Stockholm", "2024-03-01"),
    ("2024-02-29T22:00:00+00:00", "Europe/Helsinki", "2024-03-01"),
    ("2024-03-31T21:59:59+00:00", "Europe/Stockholm", "2024-03-31"),  # summer time began that night: an hour earlier than the day before
    ("2024-03-31T22:00:00+00:00", "Europe/Stockholm", "2024-04-01"),
    ("2024-10-27T22:59:59+00:00", "Europe/Stockholm", "2024-10-27"),  # and ended on this day, of 25 hours
    ("2024-01-01T00:00:00+00:00", "America/New_York", "2023-12-31"),
    ("2024-01-01T00:00:00+14:00", "UTC", "2023-12-31"),
])
def test_a_moment_belongs_to_a_local_day(moment: str, zone: str, expected: str) -> None:
    assert local_day(dt.datetime.fromisoformat(moment), ZoneInfo(zone)) == dt.date.fromisoformat(expected)


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(InvalidInput):
        local_day(dt.datetime.fromisoformat("2024-01-01T00:00:00"), ZoneInfo("UTC"))
