"""The curve and what was reached before, against plain sums over the records."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goals.asked import Draft, asked, earlier, year_before
from goals.card import card
from goals.curve import goal_curve
from goals.progress import progress
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.orgs.models import Organisation, Rep
from kpi_tracker.orgs.workdays import Presence, WorkWeek
from kpi_tracker.periods import Calendar, Period
from tests import factories

D = Decimal
TODAY = dt.date(2026, 11, 18)
NOVEMBER = Period(dt.date(2026, 11, 1), dt.date(2026, 12, 1))


@pytest.fixture
def org(db: None) -> Organisation:
    return factories.organisation(country="SE")


@pytest.fixture
def anna(org: Organisation) -> Rep:
    return factories.rep(org, "Anna")


def test_it_works(org: Organisation, anna: Rep) -> None:
    for day, amount in ((dt.date(2026, 11, 3), "100"), (dt.date(2026, 11, 10), "50"), (dt.date(2025, 11, 10), "70")):
        factories.deal(org, anna, opened_on=day, closed_on=day, status="won", amount=amount)
    goal = factories.goal(org, "revenue", anna, NOVEMBER.start, NOVEMBER.end, 210)
    standing = progress(org, [goal], today=TODAY)[goal.id]
    curve = goal_curve(standing)
    assert curve is not None
    assert dict(curve.actual)[dt.date(2026, 11, 9)] == 100
    assert curve.actual[-1] == (TODAY, 150)
    assert curve.due[-1] == (dt.date(2026, 11, 30), 210)
    assert curve.last_year[-1] == (dt.date(2026, 11, 30), 70)
    assert (curve.projection[0], curve.projection[-1]) == ((TODAY, 150), (dt.date(2026, 11, 30), standing.projected))
    assert [step.total for step in curve.steps if step.period.start > TODAY] == [None] * 12


def test_a_ratio_s_curve_comes_from_the_sums_of_its_parts(org: Organisation, anna: Rep) -> None:
    for day, status in ((3, "won"), (3, "lost"), (4, "won"), (5, "won")):
        factories.deal(org, anna, opened_on=dt.date(2026, 11, 1), closed_on=dt.date(2026, 11, day), status=status)
    goal = factories.goal(org, "win_rate", anna, NOVEMBER.start, NOVEMBER.end, "0.5")
    curve = goal_curve(progress(org, [goal], today=TODAY)[goal.id])
    assert curve is not None
    assert curve.actual[:3] == ((dt.date(2026, 11, 3), D("0.5")), (dt.date(2026, 11, 4), D(2) / 3), (dt.date(2026, 11, 5), D("0.75")))
    assert (curve.due, curve.projection) == ((), ())


def test_a_year_steps_by_weeks_and_ends_at_the_same_total(org: Organisation, anna: Rep) -> None:
    for month in range(1, 12):
        factories.activity(org, anna, dt.date(2026, month, 11))
    goal = factories.goal(org, "calls", org, dt.date(2026, 1, 1), dt.date(2027, 1, 1), 24)
    standing = progress(org, [goal], today=TODAY)[goal.id]
    curve = goal_curve(standing)
    assert curve is not None
    assert curve.by_week
    assert curve.actual[-1] == (TODAY, standing.actual) == (TODAY, 11)


def test_growth_has_no_curve_but_a_page(org: Organisation, anna: Rep) -> None:
    goal = factories.goal(org, "sales_growth", org, NOVEMBER.start, NOVEMBER.end, "0.1")
    page = card(goal, today=TODAY)
    assert (page.curve, page.chart) == (None, None)


@pytest.mark.parametrize("kpi", ["revenue", "calls", "win_rate", "sales_cycle_days", "deals_lost"])
@pytest.mark.parametrize("today", [dt.date(2026, 10, 1), dt.date(2026, 11, 1), TODAY, dt.date(2026, 11, 30), dt.date(2027, 2, 1)])
def test_a_chart_can_be_written_down_on_every_day(org: Organisation, anna: Rep, kpi: str, today: dt.date) -> None:
    factories.deal(org, anna, opened_on=dt.date(2026, 10, 1), closed_on=dt.date(2026, 11, 5), status="won", amount="10")
    goal = factories.goal(org, kpi, anna, NOVEMBER.start, NOVEMBER.end, 1)
    figure = card(goal, today=today).chart
    assert figure is not None
    assert json.loads(json.dumps(figure)) == figure
    assert all(trace["x"] for trace in figure["data"])


def test_what_was_reached_before(org: Organisation, anna: Rep) -> None:
    for day, count in ((dt.date(2025, 11, 5), 4), (dt.date(2026, 3, 5), 9), (dt.date(2026, 10, 5), 6), (dt.date(2026, 11, 4), 2)):
        for _ in range(count):
            factories.activity(org, anna, day)
    draft = Draft("calls", Subject(SubjectKind.REP, anna.id), Period(dt.date(2026, 12, 1), dt.date(2027, 1, 1)), D(6))
    found = asked(org, draft, today=TODAY)
    assert (found.working_days, found.per_day) == (22, D(6) / 22)
    assert (found.before.value, found.before.running) == (2, True)
    assert found.last_year.value == 0
    assert [past.value for past in found.history] == [4, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 6]
    assert (found.better, found.best and found.best.value) == (2, 9)


def test_nothing_was_ever_counted(org: Organisation, anna: Rep) -> None:
    found = asked(org, Draft("calls", Subject(SubjectKind.REP, anna.id), NOVEMBER, D(6)), today=TODAY)
    assert (found.is_empty, found.history, found.best, found.better) == (True, (), None, None)


@given(st.dates(dt.date(2019, 1, 1), dt.date(2029, 1, 1)), st.integers(1, 400), st.integers(1, 12))
def test_periods_before_lie_before(start: dt.date, days: int, steps: int) -> None:
    period = Period(start, start + dt.timedelta(days=days))
    assert earlier(Calendar(), period, steps).end <= period.start
    assert abs((period.start - year_before(Calendar(), period).start).days - 365) <= 1
    assert len(year_before(Calendar(), period)) - len(period) in (-1, 0, 1)


spans = st.tuples(st.integers(0, 40), st.integers(1, 40)).map(
    lambda drawn: Period(dt.date(2026, 4, 20) + dt.timedelta(days=drawn[0]), dt.date(2026, 4, 20) + dt.timedelta(days=drawn[0] + drawn[1]))
)
people = st.builds(
    Presence, country=st.sampled_from(["", "SE", "FI", "NO"]), share=st.sampled_from([D(1), D("0.6"), D("0.125")]), employed=spans,
    away=st.lists(spans, max_size=3).map(tuple),
)


@given(st.lists(people, max_size=6), spans)
def test_working_time_is_counted_day_by_day(presences: list[Presence], period: Period) -> None:
    week = WorkWeek(weekdays=frozenset({1, 2, 3, 4, 5}), country="SE", closed=frozenset({dt.date(2026, 5, 15)}))
    plain = {
        day: sum(
            (one.share for one in presences
             if day in one.employed and week.is_open(day, one.country) and not any(day in away for away in one.away)), D(0)
        )
        for day in period.days()
    }
    assert week.weights(period, presences) == plain
