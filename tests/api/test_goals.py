"""Goals with how they stand: the same verdict as on the pages."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from goals.models import Goal
from goals.progress import progress
from kpi_tracker.orgs.models import Organisation, Rep
from tests import factories
from tests.api.conftest import Program, error_of


@pytest.fixture
def ann(org: Organisation) -> Rep:
    return factories.rep(org, "Ann", factories.team(org, "Stockholm"))


def goal(
    org: Organisation, kpi: str = "calls", start: str = "2024-03-01", end: str = "2024-04-01", target: str = "5", **about: object
) -> Goal:
    made: Goal = Goal.objects.create(
        organisation=org, kpi=kpi, subject_kind=next(iter(about), "organisation"), starts_on=dt.date.fromisoformat(start),
        ends_on=dt.date.fromisoformat(end), target=Decimal(target), **about,
    )
    return made


def test_a_goal_that_was_met(program: Program, org: Organisation, ann: Rep) -> None:
    made = goal(org, rep=ann, why="More talks")
    for day in range(1, 7):
        factories.activity(org, ann, dt.date(2024, 3, day))
    found = program.get(f"goals/{made.pk}").json()
    stands = found.pop("progress")
    assert found == {
        "id": made.pk, "kpi": "calls", "scope": f"rep:{ann.pk}", "scope_name": "Ann", "from": "2024-03-01", "to": "2024-03-31",
        "target": "5.0000", "why": "More talks", "changed_at": found["changed_at"],
    }
    assert (stands["status"], stands["actual"], stands["attainment"]) == ("achieved", "6", "1.2")
    assert stands["working_days"] == stands["working_days_gone"] == 20  # 21 weekdays, of which Good Friday is none
    assert stands["why"]


def test_the_figures_are_those_of_the_pages(program: Program, org: Organisation, ann: Rep) -> None:
    today = org.local_day(timezone.now())
    made = goal(org, rep=ann, start=str(today - dt.timedelta(days=30)), end=str(today + dt.timedelta(days=30)), target="100")
    factories.activity(org, ann, today)
    standing = progress(org, [made], today=today)[made.pk]
    found = program.get(f"goals/{made.pk}").json()["progress"]
    assert standing.pace is not None
    assert found["status"] == standing.verdict.status
    assert Decimal(found["expected"]) == standing.pace.expected
    assert Decimal(found["actual"]) == 1


def test_a_ratio_has_no_pace(program: Program, org: Organisation) -> None:
    made = goal(org, kpi="win_rate", target="0.3")
    found = program.get(f"goals/{made.pk}").json()
    assert (found["scope"], found["progress"]["expected"], found["progress"]["actual"]) == ("organisation", None, None)


def test_filters(program: Program, org: Organisation, ann: Rep) -> None:
    march = goal(org, rep=ann)
    april = goal(org, rep=ann, start="2024-04-01", end="2024-05-01")
    revenue = goal(org, kpi="revenue", start="2024-03-01", end="2024-04-01")

    def found(**parameters: object) -> list[int]:
        return [row["id"] for row in program.get("goals/", **parameters).json()["results"]]

    assert found() == [march.pk, april.pk, revenue.pk]
    assert found(kpi="revenue") == [revenue.pk]
    assert found(scope="rep:Ann") == [march.pk, april.pk]
    assert found(scope="organisation") == [revenue.pk]
    assert found(from_="2024-04-01") == [april.pk]
    assert found(to="2024-03-31") == [march.pk, revenue.pk]
    assert found(from_="2024-03-31", to="2024-04-01", limit=2) == [march.pk, april.pk]
    assert error_of(program.get("goals/", scope="rep:Nobody")) == (404, "not_found", "scope")


def test_a_page_takes_as_many_queries_for_many_goals_as_for_few(program: Program, org: Organisation) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert program.get("goals/").status_code == 200
        return len(seen)

    for n in range(3):
        goal(org, rep=factories.rep(org, f"Rep {n}", factories.team(org, f"Team {n}")))
    queries()
    few = queries()
    for n in range(3, 12):
        goal(org, rep=factories.rep(org, f"Rep {n}", factories.team(org, f"Team {n}")))
    queries()
    assert queries() == few
