"""Splitting a goal: who gets what, by which measure, and what is written."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from goals.cascading import Basis, Level, Plan, Wish, levels, may_split, plan, split_save
from goals.deciding import marks_of
from goals.models import Goal, Kind, State
from kpi_tracker.errors import InvalidInput, NotPermitted
from kpi_tracker.orgs.models import Absence, Team
from kpi_tracker.rollups.builder import refresh_fully
from tests import factories
from tests.goals.conftest import TODAY, Company

NOW = dt.datetime(2026, 11, 18, 9, tzinfo=dt.UTC)
NOVEMBER, DECEMBER = (dt.date(2026, 11, 1), dt.date(2026, 12, 1)), (dt.date(2026, 12, 1), dt.date(2027, 1, 1))


@pytest.fixture
def ann(company: Company) -> Any:
    return factories.rep(company.org, "Ann Alm", company.stockholm)


@pytest.fixture
def team_goal(company: Company, ann: Any) -> Goal:
    return factories.goal(company.org, "revenue", company.stockholm, *DECEMBER, 100_000)


def planned(company: Company, goal: Goal, name: str = "alice", **wish: Any) -> Plan:
    return plan(company.scope(name), goal, Wish(**wish), today=TODAY)


def amounts(found: Plan) -> dict[str, Decimal]:
    return {part.name: part.amount for part in found.parts}


def save(company: Company, found: Plan, name: str = "alice", reason: str = "") -> int:
    seen = {0: found.mark} | {part.id: part.mark for part in found.parts}
    return split_save(scope=company.scope(name), goal=found.goal, found=found, seen=seen, reason=reason, now=NOW, today=TODAY)


def test_it_works(company: Company, team_goal: Goal) -> None:
    found = planned(company, team_goal, basis=Basis.EQUAL)
    assert amounts(found) == {"Ann Alm": 50_000, "Bob Berg": 50_000}
    assert save(company, found) == 2
    children = Goal.objects.filter(parent=team_goal)
    assert {(child.rep and child.rep.name, child.target, child.split_target, child.state) for child in children} == {
        ("Ann Alm", 50_000, 50_000, State.AGREED), ("Bob Berg", 50_000, 50_000, State.AGREED)
    }
    assert {child.decided_by for child in children} == {company.users["alice"]}
    assert save(company, planned(company, team_goal, basis=Basis.EQUAL)) == 0


def test_an_organisation_goal_goes_to_the_teams_below(company: Company) -> None:
    """Sweden alone stands below the organisation: its teams are asked."""
    goal = factories.goal(company.org, "calls", company.org, *DECEMBER, 101)
    assert levels(company.scope("alice"), goal) == [Level.TEAMS, Level.REPS]
    assert amounts(planned(company, goal, basis=Basis.EQUAL)) == {"Malmö": 50, "Stockholm": 51}
    assert set(amounts(planned(company, goal, level=Level.REPS))) == {"Bea Bok", "Bob Berg"}


def test_by_history_of_last_year_and_of_four_quarters(company: Company, ann: Any, team_goal: Goal) -> None:
    won = ((ann, dt.date(2025, 12, 8), 300), (company.bob, dt.date(2025, 12, 9), 100), (company.bob, dt.date(2026, 5, 5), 900))
    for rep, day, amount in won:
        factories.deal(company.org, rep, opened_on=day, closed_on=day, status="won", amount=str(amount))
    refresh_fully(company.org)
    assert amounts(planned(company, team_goal, basis=Basis.LAST_YEAR)) == {"Ann Alm": 75_000, "Bob Berg": 25_000}
    quarters = planned(company, team_goal, basis=Basis.QUARTERS)
    assert quarters.history is not None
    assert (quarters.history.start, quarters.history.end) == (dt.date(2025, 10, 1), dt.date(2026, 10, 1))
    assert amounts(quarters) == {"Ann Alm": Decimal(23_077), "Bob Berg": Decimal(76_923)}
    assert quarters.gap == 0


def test_by_working_time(company: Company, ann: Any, team_goal: Goal) -> None:
    Absence.objects.create(organisation=company.org, rep=ann, valid_from=dt.date(2026, 12, 1), valid_to=dt.date(2027, 1, 1), reason="leave")
    assert amounts(planned(company, team_goal, basis=Basis.WORKTIME)) == {"Ann Alm": 0, "Bob Berg": 100_000}


def test_locked_amounts_stay_and_the_others_share_the_rest(company: Company, ann: Any, team_goal: Goal) -> None:
    found = planned(company, team_goal, basis=Basis.EQUAL, amounts={ann.id: Decimal(70_000)}, locked=frozenset({ann.id}))
    assert amounts(found) == {"Ann Alm": 70_000, "Bob Berg": 30_000}
    save(company, found)
    assert amounts(planned(company, team_goal, basis=Basis.EQUAL)) == {"Ann Alm": 70_000, "Bob Berg": 30_000}  # still locked


def test_over_assignment_by_hand_is_shown(company: Company, ann: Any, team_goal: Goal) -> None:
    found = planned(company, team_goal, basis=Basis.HAND, amounts={ann.id: Decimal(70_000), company.bob.id: Decimal(60_000)})
    assert (found.total, found.gap) == (130_000, -30_000)


def test_a_rate_is_handed_down(company: Company, ann: Any) -> None:
    goal = factories.goal(company.org, "win_rate", company.stockholm, *DECEMBER, "0.35", kind=Kind.ABOVE)
    found = planned(company, goal)
    assert (amounts(found), found.adds_up) == ({"Ann Alm": Decimal("0.35"), "Bob Berg": Decimal("0.35")}, False)
    save(company, found)
    assert {(child.target, child.kind) for child in goal.children.all()} == {(Decimal("0.35"), Kind.ABOVE)}


def test_a_child_changed_by_hand_keeps_its_link(company: Company, team_goal: Goal) -> None:
    save(company, planned(company, team_goal, basis=Basis.EQUAL))
    child = team_goal.children.get(rep=company.bob)
    child.target = Decimal(60_000)
    child.save()
    client = Client()
    client.force_login(company.users["alice"], backend="django.contrib.auth.backends.ModelBackend")
    with time_machine.travel(NOW, tick=False):
        page = client.get(reverse("goals:detail", args=["nordlys", team_goal.id])).content.decode()
        part = client.get(reverse("goals:detail", args=["nordlys", child.id])).content.decode()
    assert "changed by hand" in page
    assert "more than the goal" in page
    assert "changed by hand since it was split" in part


def test_an_existing_goal_is_changed_by_a_version(company: Company, team_goal: Goal) -> None:
    there = factories.goal(company.org, "revenue", company.bob, *DECEMBER, 40_000, stretch=45_000)
    save(company, planned(company, team_goal, basis=Basis.EQUAL))
    there.refresh_from_db()
    assert (there.parent, there.target, there.stretch, there.versions.count()) == (team_goal, 50_000, 55_000, 2)


def test_running_goals_need_a_reason(company: Company) -> None:
    goal = factories.goal(company.org, "calls", company.stockholm, *NOVEMBER, 100)
    factories.goal(company.org, "calls", company.bob, *NOVEMBER, 40)
    with pytest.raises(InvalidInput) as refused:
        save(company, planned(company, goal, basis=Basis.EQUAL))
    assert (refused.value.field, Goal.objects.filter(parent=goal).count()) == ("reason", 0)
    assert save(company, planned(company, goal, basis=Basis.EQUAL), reason="New plan") == 1


def test_what_changed_meanwhile_is_not_overwritten(company: Company, team_goal: Goal) -> None:
    found = planned(company, team_goal, basis=Basis.EQUAL)
    factories.goal(company.org, "revenue", company.bob, *DECEMBER, 40_000)
    with pytest.raises(InvalidInput) as refused:
        save(company, found)
    assert (refused.value.code, Goal.objects.filter(parent=team_goal).count()) == ("changed", 0)


def test_goals_that_wait_for_an_answer_stay(company: Company, team_goal: Goal) -> None:
    factories.goal(company.org, "revenue", company.bob, *DECEMBER, 40_000, state=State.PROPOSED)
    found = planned(company, team_goal, basis=Basis.EQUAL)
    assert amounts(found) == {"Ann Alm": 60_000, "Bob Berg": 40_000}
    save(company, found)
    assert Goal.objects.get(rep=company.bob).state == State.PROPOSED


def test_a_split_among_others_takes_the_links_away(company: Company) -> None:
    goal = factories.goal(company.org, "calls", company.org, *DECEMBER, 100)
    save(company, planned(company, goal, level=Level.TEAMS, basis=Basis.EQUAL))
    save(company, planned(company, goal, level=Level.REPS, basis=Basis.EQUAL))
    assert {child.subject_kind for child in goal.children.all()} == {"rep"}
    assert Goal.objects.filter(team__isnull=False, parent=None).count() == 2


def test_rights(company: Company, team_goal: Goal) -> None:
    whole = factories.goal(company.org, "calls", company.org, *DECEMBER, 100)
    assert save(company, planned(company, team_goal, "mona", basis=Basis.EQUAL), "mona") == 2
    with pytest.raises(NotPermitted):
        save(company, planned(company, whole, "mona", level=Level.TEAMS, basis=Basis.EQUAL), "mona")
    assert not may_split(company.scope("alice"), factories.goal(company.org, "calls", company.bob, *DECEMBER, 100))


@pytest.mark.parametrize(("name", "status"), [("alice", 200), ("mona", 200), ("bob", 403), ("vera", 403), ("charlie", 404)])
def test_the_page_works_out_and_saves_what_is_seen(company: Company, ann: Any, team_goal: Goal, name: str, status: int) -> None:
    client = Client()
    client.force_login(company.users[name], backend="django.contrib.auth.backends.ModelBackend")
    place = reverse("goals:split", args=["nordlys", team_goal.id])
    with time_machine.travel(NOW, tick=False):
        assert client.get(place).status_code == status
        if status != 200:
            return
        sent = {f"amount-{ann.id}": "70 000", f"lock-{ann.id}": "on", f"amount-{company.bob.id}": "0", "basis": "equal", "level": "reps"}
        page = client.post(place, sent | {"act": "work"})
        assert amounts(page.context["plan"]) == {"Ann Alm": 70_000, "Bob Berg": 30_000}
        assert not team_goal.children.exists()
        seen = {f"seen-{part.id}": part.mark for part in page.context["plan"].parts}
        seen |= {"seen-0": marks_of(company.org, [team_goal])[team_goal.id]}
        wrong = client.post(place, sent | seen | {"act": "save", f"amount-{company.bob.id}": "lots"})
        assert wrong.status_code == 422
        assert client.post(place, sent | seen | {"act": "save", f"amount-{company.bob.id}": "30000"}).status_code == 302
    assert {child.target for child in team_goal.children.all()} == {70_000, 30_000}
    assert team_goal.children.get(rep=ann).locked


def test_a_page_of_few_and_of_many_parts_asks_as_often(company: Company, team_goal: Goal) -> None:
    old = factories.goal(company.org, "revenue", company.stockholm, *NOVEMBER, 90_000)
    Goal.objects.filter(pk=team_goal.pk).update(carried_from=old, carries_over=True)
    client, place = Client(), reverse("goals:detail", args=["nordlys", team_goal.id])
    client.force_login(company.users["mona"], backend="django.contrib.auth.backends.ModelBackend")
    counts = []
    for number in (10, 30):
        for i in range(number):
            rep = factories.rep(company.org, f"Rep {number} {i}", company.stockholm)
            factories.goal(company.org, "revenue", rep, *DECEMBER, 100, parent=team_goal, split_target=90)
        with time_machine.travel(NOW, tick=False):
            client.get(place)
            with CaptureQueriesContext(connection) as captured:
                assert client.get(place).status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 15


def test_teams_without_anybody_below(company: Company) -> None:
    empty = Team.objects.create(organisation=company.org, name="Empty")
    goal = factories.goal(company.org, "calls", empty, *DECEMBER, 100)
    assert planned(company, goal).parts == ()
