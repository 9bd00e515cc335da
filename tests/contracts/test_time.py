"""Traps of days, weeks, months and running periods."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from kpi_tracker.orgs.models import ClosingDay
from kpi_tracker.periods import Grain
from kpi_tracker.sales.models import Activity, Deal, Stage
from kpi_tracker.sales.records import ActivityRecord, Kind
from kpi_tracker.sales.services import deal_move_stage, records_upsert
from tests import factories
from tests.contracts.asking import day, figure, period, table, value
from tests.contracts.conftest import Company


def calls(company: Company, *days: str) -> None:
    for each in days:
        factories.activity(company.org, company.ada, day(each))


def won(company: Company, amount: str, on: str) -> Deal:
    return factories.deal(company.org, company.ada, opened_on=None, closed_on=day(on), status="won", amount=amount)


def test_weeks_do_not_nest_in_months(company: Company) -> None:
    """The week from 29 April to 5 May 2024 lies in both months; a month is its days, not its weeks."""
    calls(company, "2024-04-28", "2024-04-29", "2024-04-30", "2024-05-01", "2024-05-05", "2024-05-06")
    assert value(company.org, "calls", "2024-04-29", "2024-05-06") == 4
    assert value(company.org, "calls", "2024-04-01", "2024-05-01") == 3
    assert value(company.org, "calls", "2024-05-01", "2024-06-01") == 3


def test_a_range_ends_before_its_end(company: Company) -> None:
    calls(company, "2024-03-01", "2024-03-31", "2024-04-01")
    assert value(company.org, "calls", "2024-03-01", "2024-04-01") == 2
    assert value(company.org, "calls", "2024-03-31", "2024-04-01") == 1


@pytest.mark.parametrize("last", ["2023-02-28", "2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30", "2024-12-31"])
def test_the_last_day_of_a_month_is_in_it(company: Company, last: str) -> None:
    month = company.org.calendar.bucket(Grain.MONTH, day(last))
    calls(company, last, month.start.isoformat(), month.end.isoformat())
    assert month.last == day(last)
    assert value(company.org, "calls", month.start.isoformat(), month.end.isoformat()) == 2


@pytest.mark.parametrize("monday", ["2023-12-25", "2024-02-26", "2024-03-25", "2024-10-21", "2024-12-30", "2026-12-28"])
def test_a_week_has_seven_days_not_eight(company: Company, monday: str) -> None:
    """Where a year ends, in the 53rd week, over the leap day and where clocks are changed."""
    first = day(monday)
    calls(company, *((first + dt.timedelta(days=n)).isoformat() for n in range(-1, 8)))
    week = company.org.calendar.bucket(Grain.WEEK, first + dt.timedelta(days=3))
    assert (week.start, len(week)) == (first, 7)
    assert value(company.org, "calls", monday, week.end.isoformat()) == 7
    days = [(each.isoformat(), (each + dt.timedelta(days=1)).isoformat()) for each in week.days()]
    assert [found.value for found in table(company.org, "calls", days).values()] == [1] * 7


def test_an_empty_bucket_is_zero_in_a_sum_and_no_value_in_a_ratio(company: Company) -> None:
    """It does not vanish, and it is not filled with its neighbour's value."""
    won(company, "10", "2024-01-31")
    won(company, "30", "2024-03-01")
    months = [("2024-01-01", "2024-02-01"), ("2024-02-01", "2024-03-01"), ("2024-03-01", "2024-04-01")]
    assert [found.value for found in table(company.org, "revenue", months).values()] == [10, 0, 30]
    for kpi in ("win_rate", "average_deal_value", "win_rate_cohort", "show_rate", "stage_conversion"):
        assert table(company.org, kpi, months)[months[1][0], None].value is None
    assert value(company.org, "sales_growth", *months[2]) is None  # from nothing


def test_last_year_is_the_same_dates_not_365_days_ago(company: Company) -> None:
    """365 days before 1 January to 1 March 2025 would begin on 2 January 2024; 365 days before 1 March 2024 is 2 March 2023."""
    for on, amount in (
        ("2023-02-28", "1"), ("2023-03-01", "20"), ("2024-01-01", "300"), ("2024-02-29", "4000"), ("2024-03-01", "50000"),
        ("2025-02-28", "8600"),
    ):
        won(company, amount, on)
    after = figure(company.org, "sales_growth_ytd", "2025-02-01", "2025-03-01")
    assert (after.denominator, after.value) == (4300, 1)
    leap = figure(company.org, "sales_growth_ytd", "2024-02-01", "2024-03-01")
    assert (leap.denominator, leap.numerator) == (1, 4299)
    on_leap_day = figure(company.org, "sales_growth_ytd", "2024-02-29", "2024-03-01")
    assert on_leap_day.denominator == 1


def test_a_running_year_to_date_is_compared_like_with_like(company: Company) -> None:
    """On 1 February 2024 the whole of last year is not yet what is compared with: only as many working days."""
    for on, amount in (("2023-02-02", "100"), ("2023-02-03", "1000"), ("2023-12-01", "5000"), ("2024-01-15", "150")):
        won(company, amount, on)
    found = figure(company.org, "sales_growth_ytd", "2024-01-01", "2025-01-01", today="2024-02-01")
    assert (found.denominator, found.value) == (100, Decimal("0.5"))


def test_a_meeting_planned_for_tomorrow_is_not_missed_yet(company: Company) -> None:
    acme = factories.customer(company.org, "Acme", company.ada)
    factories.activity(company.org, company.ada, day("2024-03-05"), "meeting", outcome="reached", customer=acme)
    factories.activity(company.org, company.ada, day("2024-03-06"), "meeting", outcome="planned", customer=acme)
    march = ("2024-03-01", "2024-04-01")
    assert value(company.org, "show_rate", *march, today="2024-03-05") == 1
    assert value(company.org, "show_rate", *march, today="2024-03-06") == Decimal("0.5")
    assert value(company.org, "show_rate", *march, today="2024-02-29") is None


def test_the_leap_day_counts_once(company: Company) -> None:
    calls(company, "2024-02-28", "2024-02-29", "2024-03-01")
    assert value(company.org, "calls", "2024-02-01", "2024-03-01") == 2
    assert value(company.org, "calls", "2024-02-29", "2024-03-01") == 1
    assert value(company.org, "calls", "2024-01-01", "2025-01-01") == 3


@pytest.mark.parametrize("grain", list(Grain))
def test_the_last_point_of_a_curve_is_the_periods_total(company: Company, grain: Grain) -> None:
    calls(company, "2023-12-31", "2024-01-01", "2024-02-29", "2024-02-29", "2024-03-31", "2024-04-01", "2024-12-31", "2025-01-01")
    calendar = company.org.calendar
    whole = calendar.bucket(grain, day("2024-02-29"))
    points = [(piece.start.isoformat(), piece.end.isoformat()) for piece in calendar.clipped(Grain.DAY, whole)]
    curve = table(company.org, "calls", points)
    total = value(company.org, "calls", whole.start.isoformat(), whole.end.isoformat())
    assert sum((point.numerator for point in curve.values()), Decimal(0)) == total


def test_an_event_at_midnight_belongs_to_the_organisations_day(company: Company) -> None:
    """23:30 in UTC on the last of the month is the next month in Stockholm, where the organisation is."""
    moment = dt.datetime(2024, 2, 29, 23, 30, tzinfo=dt.UTC)
    late = ActivityRecord(external_id="1", kind="call", rep="Ada", occurred_at=moment)
    early = ActivityRecord(external_id="2", kind="call", rep="Ada", occurred_at=moment - dt.timedelta(minutes=31))
    records_upsert(organisation=company.org, kind=Kind.ACTIVITIES, records=[late, early], source="test", now=moment)
    assert value(company.org, "calls", "2024-02-01", "2024-03-01") == 1
    assert value(company.org, "calls", "2024-03-01", "2024-04-01") == 1


def test_a_deal_won_at_midnight_closes_on_the_organisations_day(company: Company) -> None:
    deal = factories.deal(company.org, company.ada, opened_on=day("2024-02-01"), amount="5")
    stage = Stage.objects.get(organisation=company.org, kind="won")
    deal_move_stage(deal=deal, stage=stage, at=dt.datetime(2024, 3, 31, 22, 0, tzinfo=dt.UTC))
    assert value(company.org, "revenue", "2024-04-01", "2024-04-02") == 5


def test_won_is_dated_by_the_closing_day(company: Company) -> None:
    """Not by the last edit, nor by the day on which it was expected."""
    deal = won(company, "10", "2024-03-05")
    Deal.objects.filter(pk=deal.pk).update(expected_close_on=day("2024-06-01"), name="Renamed in July")
    assert value(company.org, "deals_won", "2024-03-01", "2024-04-01") == 1
    assert value(company.org, "deals_won", "2024-06-01", "2024-08-01") == 0


def test_a_meeting_is_booked_on_one_day_and_held_on_another(company: Company) -> None:
    acme = factories.customer(company.org, "Acme", company.ada)
    factories.activity(
        company.org, company.ada, day("2024-03-05"), "meeting", outcome="reached", booked_on=day("2024-02-20"), customer=acme
    )
    assert value(company.org, "meetings_booked", "2024-02-01", "2024-03-01") == 1
    assert value(company.org, "first_meetings_held", "2024-02-01", "2024-03-01") == 0
    assert value(company.org, "first_meetings_held", "2024-03-01", "2024-04-01") == 1
    assert value(company.org, "meetings_booked", "2024-03-01", "2024-04-01") == 0


def test_a_deleted_last_deal_leaves_no_stale_value(company: Company) -> None:
    deal = won(company, "10", "2024-03-05")
    assert value(company.org, "revenue", "2024-03-01", "2024-04-01", of=company.north) == 10
    deal.delete()
    found = figure(company.org, "revenue", "2024-03-01", "2024-04-01", of=company.north)
    assert (found.value, found.count) == (0, 0)
    assert value(company.org, "win_rate", "2024-03-01", "2024-04-01") is None


def test_a_reopened_deal_is_no_longer_won(company: Company) -> None:
    deal = won(company, "10", "2024-03-05")
    assert value(company.org, "deals_won", "2024-03-01", "2024-04-01") == 1
    stage = Stage.objects.filter(organisation=company.org, kind="open").first()
    assert stage is not None
    deal_move_stage(deal=deal, stage=stage, at=dt.datetime(2024, 4, 2, 9, 0, tzinfo=dt.UTC))
    assert value(company.org, "deals_won", "2024-01-01", "2025-01-01") == 0


def test_a_running_month_is_compared_with_as_many_working_days(company: Company) -> None:
    """On Friday 8 March 2024 six working days have gone; the first six of February are those up to the 8th."""
    for on, amount in (("2024-02-05", "100"), ("2024-02-08", "40"), ("2024-02-09", "1000"), ("2024-03-04", "210")):
        won(company, amount, on)
    found = figure(company.org, "sales_growth", "2024-03-01", "2024-04-01", today="2024-03-08")
    assert (found.denominator, found.value) == (140, Decimal(70) / 140)
    whole = figure(company.org, "sales_growth", "2024-03-01", "2024-04-01", today="2024-04-01")
    assert (whole.denominator, whole.value) == (1140, Decimal(-930) / 1140)


def test_a_closing_day_is_no_working_day_of_the_comparison(company: Company) -> None:
    won(company, "100", "2024-02-08")
    won(company, "10", "2024-02-09")
    assert figure(company.org, "sales_growth", "2024-03-01", "2024-04-01", today="2024-03-08").denominator == 100
    ClosingDay.objects.create(organisation=company.org, day=day("2024-02-06"))
    assert figure(company.org, "sales_growth", "2024-03-01", "2024-04-01", today="2024-03-08").denominator == 110


def test_before_the_first_working_day_there_is_nothing_to_compare(company: Company) -> None:
    """1 January and Sunday 1 December are no working days: none has gone, so none of the month before counts."""
    won(company, "100", "2024-11-01")
    won(company, "40", "2024-12-01")
    won(company, "50", "2024-12-02")
    won(company, "7", "2025-01-01")
    january = figure(company.org, "sales_growth", "2025-01-01", "2025-02-01", today="2025-01-01")
    assert january.denominator == 40  # on Sunday, before the first working day
    december = figure(company.org, "sales_growth", "2024-12-01", "2025-01-01", today="2024-12-01")
    assert (december.denominator, december.value) == (0, None)  # November began with a working day


def test_a_running_year_is_compared_with_the_same_part_of_last_year(company: Company) -> None:
    """23 working days have gone on 1 February 2024; the 23rd of 2023, when Epiphany was a Friday, was the day after."""
    for on, amount in (("2023-02-02", "100"), ("2023-02-03", "1000"), ("2024-01-15", "150"), ("2024-02-01", "60")):
        won(company, amount, on)
    found = figure(company.org, "sales_growth", "2024-01-01", "2025-01-01", today="2024-02-01")
    assert (found.denominator, found.value) == (100, Decimal("1.1"))


@pytest.mark.parametrize(("before", "now", "expected"), [
    ("0", "100", None), ("-50", "100", None), ("100", "0", Decimal(-1)), ("100", "-50", Decimal("-1.5")), ("80", "100", Decimal("0.25")),
])
def test_growth_from_nothing_or_less_has_no_percentage(company: Company, before: str, now: str, expected: Decimal | None) -> None:
    won(company, before, "2024-02-05")
    won(company, now, "2024-03-05")
    found = figure(company.org, "sales_growth", "2024-03-01", "2024-04-01")
    assert (found.value, found.numerator) == (expected, Decimal(now) - Decimal(before))


def test_fiscal_quarters_grow_against_fiscal_quarters(company: Company) -> None:
    company.org.fiscal_year_month = 2
    company.org.save()
    won(company, "10", "2023-11-01")
    won(company, "30", "2024-02-01")
    found = figure(company.org, "sales_growth", "2024-02-01", "2024-05-01")
    assert (found.denominator, found.value) == (10, 2)


def test_weeks_may_start_on_sunday_and_change(company: Company) -> None:
    """Also after the setting is changed, when cells of other weeks are there."""
    calls(company, "2024-03-02", "2024-03-03", "2024-03-09", "2024-03-10")
    assert value(company.org, "calls", "2024-03-04", "2024-03-11") == 2
    company.org.week_start = 7
    company.org.save()
    assert company.org.calendar.bucket(Grain.WEEK, day("2024-03-05")) == period("2024-03-03", "2024-03-10")
    assert value(company.org, "calls", "2024-03-03", "2024-03-10") == 2
    assert value(company.org, "calls", "2024-03-10", "2024-03-17") == 1


def test_a_record_without_its_day_is_not_counted_anywhere(company: Company) -> None:
    factories.customer(company.org, "Acme", company.ada, created_on=None)
    factories.deal(company.org, company.ada, opened_on=None)
    for kpi in ("companies_added", "opportunities_created", "deals_won"):
        assert value(company.org, kpi, "1990-01-01", "2030-01-01") == 0
    assert not Activity.objects.exists()
