"""Forecasts of goals, from records."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from goals.card import card
from goals.forecast_methods import Method
from goals.forecast_reading import GoalForecast, a_year, earlier_periods, goal_forecast
from goals.forecast_words import forecast_panel, headline
from goals.models import Goal
from goals.progress import progress
from kpi_tracker.orgs.models import Organisation, Rep
from kpi_tracker.periods import Calendar, Period
from tests import factories

D = Decimal
NOVEMBER = Period(dt.date(2026, 11, 1), dt.date(2026, 12, 1))
TODAY = dt.date(2026, 11, 18)


@pytest.fixture
def org(db: None) -> Organisation:
    return factories.organisation(country="")  # weekends are the only days off


@pytest.fixture
def anna(org: Organisation) -> Rep:
    """Two calls on each working day from June to the day before TODAY."""
    anna = factories.rep(org, "Anna")
    calls(org, anna, Period(dt.date(2026, 6, 1), TODAY))
    return anna


def calls(org: Organisation, who: Rep, period: Period, each: int = 2) -> None:
    for day in period.days():
        for _ in range(each if day.isoweekday() < 6 else 0):
            factories.activity(org, who, day)


def november(org: Organisation, kpi: str, subject: Any, target: Any) -> Goal:
    return factories.goal(org, kpi, subject, NOVEMBER.start, NOVEMBER.end, target)


def forecast(goal: Goal, today: dt.date = TODAY) -> GoalForecast:
    found = goal_forecast(progress(goal.organisation, [goal], today=today)[goal.id])
    assert found is not None
    return found


def test_it_works(org: Organisation, anna: Rep) -> None:
    found = forecast(november(org, "calls", anna, 42))
    assert (found.median, found.band[0] <= 42 <= found.band[1]) == (D(42), True)  # 21 working days
    assert 0.5 < found.likely < 1
    assert found.forecast.periods == 4  # July to October; June had nothing before it
    assert found.forecast.error == pytest.approx(0)
    assert headline(found).endswith("likely to reach 42")


def test_what_happens_later_changes_nothing(org: Organisation, anna: Rep) -> None:
    goal = november(org, "calls", anna, 42)
    before = forecast(goal)
    calls(org, anna, Period(TODAY + dt.timedelta(days=1), dt.date(2026, 12, 20)), each=9)
    assert forecast(goal) == before


def test_records_of_today_raise_what_is_certain_and_nothing_else(org: Organisation, anna: Rep) -> None:
    goal = november(org, "calls", anna, 42)
    before = forecast(goal)
    calls(org, anna, Period(TODAY, TODAY + dt.timedelta(days=1)), each=30)
    after = forecast(goal)
    assert after.forecast.opinions == before.forecast.opinions
    assert (after.likely, after.median) == (1, D(24 + 30))
    assert headline(after) == "The goal is reached already"


def test_a_limit_is_kept_with_the_rest_of_the_probability(org: Organisation) -> None:
    anna = factories.rep(org, "Anna")
    for month in range(6, 11):
        for day in (3, 10, 17, 24):
            factories.deal(org, anna, status="lost", opened_on=dt.date(2026, month, 1), closed_on=dt.date(2026, month, day))
    for day in (3, 10, 17):
        factories.deal(org, anna, status="lost", opened_on=dt.date(2026, 11, 1), closed_on=dt.date(2026, 11, day))
    goal, likely = november(org, "deals_lost", anna, 3), list[float]()
    for limit in (3, 4, 6, 12):
        goal.target = D(limit)
        likely.append(forecast(goal).likely)
    assert likely == sorted(likely)
    assert likely[0] < 0.5 < likely[2]


def test_a_win_rate_is_forecast_from_its_parts(org: Organisation) -> None:
    anna = factories.rep(org, "Anna")
    for day in Period(dt.date(2026, 6, 1), TODAY).days():
        if day.isoweekday() < 6:
            for outcome in ("won", "lost", "lost", "lost"):
                factories.deal(org, anna, status=outcome, opened_on=day, closed_on=day, amount=D(100))
    found = forecast(november(org, "win_rate", anna, D("0.2")))
    assert found.median == pytest.approx(D("0.25"))
    assert found.likely > 0.5
    assert headline(found).endswith("likely to end at 20\u00a0% or more")


def test_too_little_history_says_nothing(org: Organisation) -> None:
    anna = factories.rep(org, "Anna")
    goal = november(org, "calls", anna, 42)
    assert goal_forecast(progress(org, [goal], today=TODAY)[goal.id]) is None
    factories.activity(org, anna, dt.date(2026, 11, 17))
    assert goal_forecast(progress(org, [goal], today=TODAY)[goal.id]) is None
    assert card(goal, today=TODAY).forecast is None


def test_only_running_goals_have_one(org: Organisation, anna: Rep) -> None:
    goal = november(org, "calls", anna, 42)
    for day in (dt.date(2026, 10, 31), dt.date(2026, 12, 1)):
        assert goal_forecast(progress(org, [goal], today=day)[goal.id]) is None
    assert forecast(goal, dt.date(2026, 11, 1)).median == 42
    assert 24 <= forecast(goal, dt.date(2026, 11, 30)).median <= 26  # 24 until TODAY, nothing since, and one day left


def test_the_fan_opens_from_where_it_stands_to_the_band(org: Organisation, anna: Rep) -> None:
    found = forecast(november(org, "calls", anna, 42))
    fan = found.fan()
    assert fan[0] == (TODAY, D(24), D(24), D(24))
    assert fan[-1] == (NOVEMBER.last, found.band[0], found.median, found.band[1])
    assert all(low <= middle <= high for _, low, middle, high in fan)
    assert all(one[1] >= 24 for one in fan)


def test_the_page_s_words(org: Organisation, anna: Rep) -> None:
    shown = card(november(org, "calls", anna, 42), today=TODAY)
    assert shown.chart_title == "Calls: 24 so far, most likely 42 in the end"
    assert shown.forecast is not None
    assert shown.forecast.record == "At this point of the last 4 months it was off by 0\u00a0% on average."
    assert shown.forecast.median == "42"
    assert len(shown.forecast.methods) == 4  # last year's shape needs a year
    names = [trace.get("name") for trace in (shown.chart or {})["data"]]
    assert "Four of five ends" in names
    assert "Likely" in names


def test_a_history_with_a_year_also_asks_last_year(org: Organisation) -> None:
    anna = factories.rep(org, "Anna")
    calls(org, anna, Period(dt.date(2025, 10, 1), TODAY))
    methods = {one.method for one in forecast(november(org, "calls", anna, 42)).forecast.opinions}
    assert methods == set(Method) - {Method.STAYS, Method.DEALS}


def test_a_stock_needs_a_few_earlier_periods(org: Organisation) -> None:
    anna = factories.rep(org, "Anna")
    for month in range(1, 11):
        factories.deal(org, anna, opened_on=dt.date(2026, month, 2), amount=D(1000))
    found = forecast(november(org, "open_pipeline", anna, 5000))
    assert (found.median, found.forecast.opinions[0].method) == (D(10_000), Method.STAYS)
    assert forecast_panel(found).methods[0].name == "without any change"


@pytest.mark.parametrize(("subject", "most"), [("organisation", 5), ("rep", 5), ("team", 9)])
def test_it_takes_few_queries_however_long_the_history(org: Organisation, anna: Rep, subject: str, most: int) -> None:
    team = factories.team(org, "North")
    who = {"organisation": org, "rep": anna, "team": team}[subject]
    standing = progress(org, [goal := november(org, "calls", who, 42)], today=TODAY)[goal.id]
    with CaptureQueriesContext(connection, ) as asked:
        goal_forecast(standing)
    assert len(asked) <= most


@pytest.mark.parametrize(
    ("period", "last", "a_year_has"),
    [
        (NOVEMBER, Period(dt.date(2026, 10, 1), dt.date(2026, 11, 1)), 12),
        (Period(dt.date(2026, 10, 1), dt.date(2027, 1, 1)), Period(dt.date(2026, 7, 1), dt.date(2026, 10, 1)), 4),
        (Period(dt.date(2026, 7, 1), dt.date(2027, 1, 1)), Period(dt.date(2026, 1, 1), dt.date(2026, 7, 1)), 2),
        (Period(dt.date(2026, 11, 16), dt.date(2026, 11, 23)), Period(dt.date(2026, 11, 9), dt.date(2026, 11, 16)), 52),
        (Period(dt.date(2026, 11, 3), dt.date(2026, 11, 13)), Period(dt.date(2026, 10, 24), dt.date(2026, 11, 3)), None),
        (Period(dt.date(2026, 1, 1), dt.date(2026, 6, 1)), Period(dt.date(2025, 8, 1), dt.date(2026, 1, 1)), None),
    ],
)
def test_earlier_periods_are_of_the_same_kind(period: Period, last: Period, a_year_has: int | None) -> None:
    since = dt.date(2025, 1, 1)
    found = earlier_periods(Calendar(), period, since=since)
    assert found[-1] == last
    assert all(one.end <= two.start for one, two in zip(found, [*found[1:], period], strict=True))
    assert found[0].start >= since
    assert a_year(Calendar(), period) == a_year_has
