"""Goals over records: their people's working days, and many goals from few queries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import holidays
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from goals.models import Goal
from goals.pacing import clock, pace
from goals.progress import GoalProgress, progress
from goals.status import Reason, Status, of_reach
from goals.worktime import WorkTime
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.orgs.models import Absence, ClosingDay, Organisation, Rep, TeamAssignment
from kpi_tracker.periods import Period
from tests import factories

pytestmark = pytest.mark.django_db
D = Decimal
NOVEMBER = Period(dt.date(2026, 11, 1), dt.date(2026, 12, 1))
YEAR = Period(dt.date(2026, 1, 1), dt.date(2027, 1, 1))


@pytest.fixture
def org() -> Organisation:
    return factories.organisation(country="SE")


def standing(goal: Goal, today: dt.date, **options: Any) -> GoalProgress:
    return progress(goal.organisation, [goal], today=today, **options)[goal.id]


def november(org: Organisation, kpi: str, subject: Any, target: Any) -> Goal:
    return factories.goal(org, kpi, subject, NOVEMBER.start, NOVEMBER.end, target)


def test_it_works(org: Organisation) -> None:
    anna = factories.rep(org, "Anna")
    for day in (2, 3, 3, 9, 10, 12, 27):
        factories.activity(org, anna, dt.date(2026, 11, day))
    found = standing(november(org, "calls", anna, 21), dt.date(2026, 11, 10))
    assert (found.actual, found.clock.days, found.clock.days_gone) == (D(5), 21, 6)  # the 12th and the 27th are yet to come
    assert found.pace is not None
    assert (found.pace.expected, found.pace.expected_tonight) == (D(6), D(7))
    assert found.attainment == D(5) / 21
    assert found.verdict.reason is Reason.WITHIN_CHANCE


def test_reports_count_the_day_itself(org: Organisation) -> None:
    anna = factories.rep(org, "Anna")
    found = standing(november(org, "calls", anna, 21), dt.date(2026, 11, 10), today_counts=True)
    assert found.clock.days_gone == 7


def test_a_goal_that_has_not_begun(org: Organisation) -> None:
    anna = factories.rep(org, "Anna")
    factories.activity(org, anna, dt.date(2026, 11, 3))
    found = standing(november(org, "calls", anna, 21), dt.date(2026, 10, 30))
    assert (found.verdict.status, found.actual, found.clock.days) == (Status.UPCOMING, D(0), 21)


def working_days(country: str, period: Period) -> list[dt.date]:
    free = holidays.country_holidays(country, years=range(period.start.year, period.last.year + 1))
    days = [period.start + dt.timedelta(days=n) for n in range((period.end - period.start).days)]
    return [day for day in days if day.weekday() < 5 and day not in free]


def sick_in_may(org: Organisation, rep: Rep) -> None:
    Absence.objects.create(organisation=org, rep=rep, valid_from=dt.date(2026, 5, 4), valid_to=dt.date(2026, 5, 25))


def nothing(org: Organisation, rep: Rep) -> None:
    pass


@pytest.mark.parametrize("country", ["SE", "FI", "NO", "DK"])
@pytest.mark.parametrize(
    ("terms", "happens"),
    [
        ({}, nothing), ({"share": D("0.6")}, nothing), ({"started_on": dt.date(2026, 3, 18)}, nothing),
        ({"ended_on": dt.date(2026, 9, 4)}, nothing), ({}, sick_in_may),
    ],
    ids=["full time", "part time", "joiner", "leaver", "leave"],
)
def test_a_rep_at_working_day_pace_is_on_track_on_every_day_of_the_year(
    org: Organisation, country: str, terms: dict[str, Any], happens: Callable[[Organisation, Rep], None]
) -> None:
    """Each working day brings the same; whoever looks, in the morning or at night, on a holiday or on leave, sees "on track"."""
    rep = factories.rep(org, "Aino", country=country, **terms)
    happens(org, rep)
    ClosingDay.objects.create(organisation=org, day=dt.date(2026, 6, 5))
    away = Absence.objects.filter(rep=rep).first()
    worked = [
        day for day in working_days(country, YEAR)
        if (rep.started_on or day) <= day <= (rep.ended_on or day) and day != dt.date(2026, 6, 5)
        and not (away and away.valid_from <= day < away.valid_to)
    ]
    goal = factories.goal(org, "calls", rep, YEAR.start, YEAR.end, 12 * len(worked))
    at_start = progress(org, [goal], today=YEAR.start)[goal.id]
    for day in YEAR.days():
        for counts in (False, True):
            gone = sum(1 for one in worked if one < day or (counts and one == day))
            status = status_of(at_start, 12 * gone, day, counts=counts)
            if gone == len(worked):
                assert status is Status.ACHIEVED
            elif gone * 10 < len(worked):
                assert status is Status.TOO_EARLY
            else:
                assert status is Status.ON_TRACK, (day, counts)


def status_of(known: GoalProgress, actual: int, day: dt.date, *, counts: bool) -> Status:
    at = clock(known.weights, today=day, today_counts=counts)
    stands = pace(target=known.target, actual=D(actual), at=at)
    return of_reach(target=known.target, actual=D(actual), records=actual, is_count=True, at=at, pace=stands).status


def test_from_records_too(org: Organisation) -> None:
    """The same through the database: two calls on each working day of a month with a holiday and leave in it."""
    aino = factories.rep(org, "Aino", country="FI", share=D("0.5"))
    december = Period(dt.date(2026, 12, 1), dt.date(2027, 1, 1))
    Absence.objects.create(organisation=org, rep=aino, valid_from=dt.date(2026, 12, 21), valid_to=dt.date(2026, 12, 24))
    worked = [day for day in working_days("FI", december) if not dt.date(2026, 12, 21) <= day < dt.date(2026, 12, 24)]
    for day in worked:
        factories.activity(org, aino, day)
        factories.activity(org, aino, day)
    goal = factories.goal(org, "calls", aino, december.start, december.end, 2 * len(worked))
    for day in december.days():
        found = standing(goal, day, today_counts=True)
        gone = sum(1 for one in worked if one <= day)
        assert (found.clock.days, found.clock.days_gone) == (len(worked), gone)
        expected = Status.ACHIEVED if gone == len(worked) else Status.TOO_EARLY if gone * 10 < len(worked) else Status.ON_TRACK
        assert found.verdict.status is expected, day


def test_a_team_counts_its_members_while_they_are_in_it(org: Organisation) -> None:
    above = factories.team(org, "Sweden")
    team, other = factories.team(org, "Stockholm", above), factories.team(org, "Malmö")
    anna = factories.rep(org, "Anna", team)
    bo = factories.rep(org, "Bo", other, share=D("0.5"))
    TeamAssignment.objects.filter(rep=bo).update(valid_to=dt.date(2026, 11, 16))
    TeamAssignment.objects.create(organisation=org, rep=bo, team=team, valid_from=dt.date(2026, 11, 16))
    worktime = WorkTime(org, [NOVEMBER])
    for subject in (team, above):
        weights = worktime.weights(Subject(SubjectKind.TEAM, subject.id), NOVEMBER)
        assert (weights[dt.date(2026, 11, 13)], weights[dt.date(2026, 11, 16)], weights[dt.date(2026, 11, 14)]) == (1, D("1.5"), 0)
        assert sum(weights.values()) == 10 + 11 * D("1.5")
    assert sum(worktime.weights(Subject(SubjectKind.TEAM, other.id), NOVEMBER).values()) == 10 * D("0.5")
    assert sum(worktime.weights(Subject(SubjectKind.REP, anna.id), NOVEMBER).values()) == 21
    assert sum(worktime.weights(Subject(SubjectKind.ORGANISATION), NOVEMBER).values()) == 21 * D("1.5")


def test_where_nobody_is_there_the_open_days_count(org: Organisation) -> None:
    worktime = WorkTime(org, [NOVEMBER])
    assert sum(worktime.weights(Subject(SubjectKind.ORGANISATION), NOVEMBER).values()) == 21
    weekend = Period(dt.date(2026, 11, 7), dt.date(2026, 11, 9))
    assert sum(worktime.weights(Subject(SubjectKind.ORGANISATION), weekend).values()) == 2


def test_ratios_compare_the_value_to_date(org: Organisation) -> None:
    anna = factories.rep(org, "Anna")
    for n in range(10):
        status = "won" if n < 4 else "lost"
        factories.deal(org, anna, opened_on=dt.date(2026, 10, 1), closed_on=dt.date(2026, 11, 3), status=status, amount="1000")
    found = standing(november(org, "win_rate", anna, "0.3"), dt.date(2026, 11, 12))
    assert (found.actual, found.pace, found.projected, found.records) == (D("0.4"), None, None, 10)
    assert found.verdict.status is Status.ON_TRACK
    assert standing(november(org, "win_rate", org, "0.5"), dt.date(2026, 11, 12)).verdict.status is Status.BEHIND
    assert standing(november(org, "deals_lost", org, "8"), dt.date(2026, 11, 12)).verdict.reason is Reason.LIMIT_IN_DANGER


def test_growth_of_a_running_month_is_against_as_many_working_days(org: Organisation) -> None:
    anna = factories.rep(org, "Anna")
    for day, amount in ((dt.date(2026, 10, 2), "100"), (dt.date(2026, 10, 30), "900"), (dt.date(2026, 11, 3), "120")):
        factories.deal(org, anna, opened_on=day, closed_on=day, status="won", amount=amount)
    assert standing(november(org, "sales_growth", org, "0.1"), dt.date(2026, 11, 12)).actual == D("0.2")


def test_many_goals_take_no_more_queries_than_few(org: Organisation) -> None:
    teams = [factories.team(org, f"Team {n}") for n in range(4)]
    reps = [factories.rep(org, f"Rep {n}", teams[n % 4]) for n in range(40)]

    def goals(count: int) -> list[Goal]:
        Goal.objects.all().delete()
        made = [november(org, "revenue", org, 100)]
        made += [november(org, kpi, team, 10) for team in teams for kpi in ("calls", "win_rate")]
        made += [november(org, kpi, rep, 10) for rep in reps[:count] for kpi in ("calls", "revenue")]
        found = Goal.objects.filter(id__in=[goal.id for goal in made])
        return list(found.select_related("organisation", "team", "rep", "customer"))

    counts = []
    for count in (10, 40):
        asked = goals(count)
        with CaptureQueriesContext(connection) as queries:
            assert len(progress(org, asked, today=dt.date(2026, 11, 12))) == len(asked)
        counts.append(len(queries))
    assert counts[0] >= counts[1]


def test_goals_together_stand_as_they_do_alone(org: Organisation) -> None:
    teams = [factories.team(org, f"Team {n}") for n in range(3)]
    reps = [factories.rep(org, f"Rep {n}", teams[n % 2]) for n in range(5)]
    for n, rep in enumerate(reps):
        for day in range(2, 3 + n):
            factories.activity(org, rep, dt.date(2026, 11, day))
    made = [november(org, "calls", subject, 20) for subject in (org, *teams, *reps)]
    today = dt.date(2026, 11, 12)
    together = progress(org, made, today=today)
    assert [together[goal.id].actual for goal in made] == [standing(goal, today).actual for goal in made]
    assert [together[goal.id].weights for goal in made] == [standing(goal, today).weights for goal in made]
