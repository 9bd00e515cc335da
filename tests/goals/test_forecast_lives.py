"""The deals behind a forecast, from records."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from goals import forecast_lives
from goals.forecast_deals import Life
from goals.forecast_lives import lives
from goals.forecast_methods import Method
from goals.forecast_reading import GoalForecast, goal_forecast
from goals.models import Goal
from goals.progress import progress
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import EVERYTHING, Subject
from kpi_tracker.orgs.models import Organisation, Rep, TeamAssignment
from kpi_tracker.sales.models import Stage, StageChange
from tests import factories

TODAY = dt.date(2026, 11, 18)
SINCE = dt.date(2026, 6, 1)


@pytest.fixture
def org(db: None) -> Organisation:
    return factories.organisation(country="")


@pytest.fixture
def anna(org: Organisation) -> Rep:
    """Every second day a deal, which is won or lost after three weeks if that has passed."""
    anna = factories.rep(org, "Anna")
    for n in range(0, (TODAY - SINCE).days, 2):
        opened, closed = SINCE + dt.timedelta(days=n), SINCE + dt.timedelta(days=n + 21)
        status = "open" if closed >= TODAY else "lost" if n % 6 == 0 else "won"
        factories.deal(org, anna, status=status, opened_on=opened, closed_on=None if status == "open" else closed, amount=100)
    return anna


def november(org: Organisation, kpi: str, subject: Any) -> Goal:
    return factories.goal(org, kpi, subject, dt.date(2026, 11, 1), dt.date(2026, 12, 1), 10)


def forecast(org: Organisation, goal: Goal) -> GoalForecast:
    found = goal_forecast(progress(org, [goal], today=TODAY)[goal.id])
    assert found is not None
    return found


def read(org: Organisation, subject: Subject = EVERYTHING) -> list[Life]:
    return lives(org, subject, since=SINCE, today=TODAY)


@pytest.mark.parametrize("kpi", ["deals_won", "revenue"])
def test_it_works(org: Organisation, anna: Rep, kpi: str) -> None:
    methods = {one.method: one for one in forecast(org, november(org, kpi, anna)).forecast.opinions}
    assert methods[Method.DEALS].error is not None
    assert methods[Method.DEALS].end == pytest.approx(10 * (100 if kpi == "revenue" else 1), rel=0.25)  # two of three won


def test_other_kpis_ask_no_deals(org: Organisation, anna: Rep) -> None:
    assert Method.DEALS not in {one.method for one in forecast(org, november(org, "deals_lost", anna)).forecast.opinions}


@pytest.mark.parametrize("kpi", ["deals_won", "revenue"])
def test_what_happens_later_changes_nothing(org: Organisation, anna: Rep, kpi: str) -> None:
    goal = november(org, kpi, org)
    before = forecast(org, goal)
    factories.deal(org, anna, status="open", opened_on=TODAY, amount=10**6)
    factories.deal(org, anna, status="won", opened_on=TODAY, closed_on=TODAY + dt.timedelta(days=3), amount=10**6)
    factories.deal(org, anna, status="won", opened_on=None, closed_on=TODAY + dt.timedelta(days=3), amount=10**6)
    assert forecast(org, goal) == before


def test_days_are_numbered_and_a_closed_deal_without_an_opening_opened_as_it_closed(org: Organisation) -> None:
    anna = factories.rep(org, "Anna")
    factories.deal(org, anna, opened_on=SINCE - dt.timedelta(days=9), amount="12.50")
    factories.deal(org, anna, status="won", opened_on=None, closed_on=dt.date(2026, 6, 4))
    factories.deal(org, anna, status="lost", opened_on=dt.date(2026, 6, 9), closed_on=dt.date(2026, 6, 4))
    factories.deal(org, anna, opened_on=None)
    factories.deal(org, anna, status="won", opened_on=dt.date(2026, 5, 1), closed_on=SINCE - dt.timedelta(days=1))
    found = sorted(read(org), key=lambda life: (life.opened, life.won))
    assert found == [Life(-9, None, False, 12.5), Life(3, 3, False, None), Life(3, 3, True, None)]


def test_stages_are_those_entered_on_their_days(org: Organisation) -> None:
    anna = factories.rep(org, "Anna")
    deal = factories.deal(org, anna, opened_on=SINCE)
    first, second = Stage.objects.filter(organisation=org, kind="open")
    for day, left, entered in ((3, first, second), (7, second, first)):
        at = dt.datetime(2026, 6, 1 + day, 9, tzinfo=dt.UTC)
        StageChange.objects.create(organisation=org, deal=deal, from_stage=left, to_stage=entered, changed_at=at, changed_on=at.date())
    (life,) = read(org)
    assert [life.stage(day) for day in (0, 3, 4, 7, 8)] == [first.pk, first.pk, second.pk, second.pk, first.pk]


def test_a_subject_has_its_own_deals(org: Organisation) -> None:
    north, south = factories.team(org, "North"), factories.team(org, "South")
    anna, bo = factories.rep(org, "Anna", north), factories.rep(org, "Bo", south)
    acme = factories.customer(org, "Acme", bo)
    factories.deal(org, anna, opened_on=SINCE, amount=1)
    factories.deal(org, bo, opened_on=SINCE, amount=2, customer=acme)
    factories.deal(org, bo, status="won", opened_on=SINCE, closed_on=dt.date(2026, 7, 1), amount=4, closed_by=anna)
    other = factories.organisation("other", country="")
    factories.deal(other, factories.rep(other, "Carl"), opened_on=SINCE, amount=8)

    def worth(kind: SubjectKind, pk: int) -> float:
        return sum(life.amount or 0 for life in read(org, Subject(kind, pk)))

    assert sum(life.amount or 0 for life in read(org)) == 7
    assert [worth(SubjectKind.REP, one.pk) for one in (anna, bo)] == [5, 2]
    assert [worth(SubjectKind.TEAM, one.pk) for one in (north, south)] == [5, 2]
    assert worth(SubjectKind.CUSTOMER, acme.pk) == 2
    TeamAssignment.objects.filter(rep=anna).update(valid_to=dt.date(2026, 8, 1))
    assert worth(SubjectKind.TEAM, north.pk) == 4  # what she closed while she was there


def test_too_many_deals_are_not_read(org: Organisation, anna: Rep, monkeypatch: pytest.MonkeyPatch) -> None:
    many = len(read(org))
    monkeypatch.setattr(forecast_lives, "MOST_DEALS", many)
    assert len(read(org)) == many
    monkeypatch.setattr(forecast_lives, "MOST_DEALS", 9)
    assert read(org) == []
    assert Method.DEALS not in {one.method for one in forecast(org, november(org, "revenue", org)).forecast.opinions}


@pytest.mark.parametrize(("subject", "most"), [("organisation", 2), ("rep", 2), ("team", 6)])
def test_it_takes_few_queries(org: Organisation, anna: Rep, subject: str, most: int) -> None:
    team = factories.team(org, "North")
    whose = {"organisation": EVERYTHING, "rep": Subject(SubjectKind.REP, anna.pk), "team": Subject(SubjectKind.TEAM, team.pk)}[subject]
    with CaptureQueriesContext(connection) as asked:
        read(org, whose)
    assert len(asked) <= most
