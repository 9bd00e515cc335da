from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from goals.models import Goal
from goals.selectors import goal_for, goal_get, goal_list, goals_for_subjects
from goals.services import goal_change, goal_create, goal_delete, may_set
from kpi_tracker.errors import InvalidInput, NotPermitted
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.orgs.models import Rep
from kpi_tracker.periods import Period
from tests import factories
from tests.goals.conftest import TODAY, Company

NOVEMBER = Period(dt.date(2026, 11, 1), dt.date(2026, 12, 1))
ORGANISATION = Subject(SubjectKind.ORGANISATION)


def make(company: Company, name: str = "alice", **changes: Any) -> Goal:
    asked: dict[str, Any] = {
        "kpi": "revenue", "subject": Subject(SubjectKind.TEAM, company.stockholm.id), "period": NOVEMBER, "target": Decimal(640_000),
        "why": " Growth ",
    }
    return goal_create(scope=company.scope(name), today=TODAY, **(asked | changes))


def subjects(company: Company) -> dict[str, Subject]:
    return {
        "organisation": ORGANISATION,
        "stockholm": Subject(SubjectKind.TEAM, company.stockholm.id), "malmo": Subject(SubjectKind.TEAM, company.malmo.id),
        "bob": Subject(SubjectKind.REP, company.bob.id), "bea": Subject(SubjectKind.REP, company.bea.id),
        "acme": Subject(SubjectKind.CUSTOMER, company.acme.id), "bolt": Subject(SubjectKind.CUSTOMER, company.bolt.id),
    }


def test_it_works(company: Company) -> None:
    goal = make(company)
    goal.refresh_from_db()
    assert (goal.team, goal.period, goal.target, goal.why) == (company.stockholm, NOVEMBER, Decimal(640_000), "Growth")
    assert goal.created_by == company.users["alice"]


@pytest.mark.parametrize(
    ("name", "may"),
    [
        ("alice", {"organisation", "stockholm", "malmo", "bob", "bea", "acme", "bolt"}), ("mona", {"stockholm", "bob", "acme"}),
        ("bob", set()), ("vera", set()),
    ],
)
def test_who_may_set_which_goals(company: Company, name: str, may: set[str]) -> None:
    scope = company.scope(name)
    for key, subject in subjects(company).items():
        assert may_set(scope, subject, today=TODAY) is (key in may)
        if key in may:
            goal = make(company, name, subject=subject)
            goal_change(scope=scope, goal=goal, kpi="calls", subject=subject, period=NOVEMBER, target=Decimal(5), today=TODAY)
            goal_delete(scope=scope, goal=goal, today=TODAY)
        else:
            with pytest.raises(NotPermitted):
                make(company, name, subject=subject)
            goal = make(company, subject=subject)
            with pytest.raises(NotPermitted):
                goal_change(scope=scope, goal=goal, kpi="calls", subject=subject, period=NOVEMBER, target=Decimal(5), today=TODAY)
            with pytest.raises(NotPermitted):
                goal_delete(scope=scope, goal=goal, today=TODAY)


def test_a_goal_cannot_be_handed_to_somebody_else_s_team(company: Company) -> None:
    goal, subject = make(company, "mona"), Subject(SubjectKind.TEAM, company.malmo.id)
    with pytest.raises(NotPermitted):
        goal_change(scope=company.scope("mona"), goal=goal, kpi="revenue", subject=subject, period=NOVEMBER, target=Decimal(1), today=TODAY)


def test_another_organisation_s_goal_is_nobody_s(company: Company) -> None:
    goal = make(company)
    with pytest.raises(NotPermitted):
        goal_change(
            scope=company.scope("charlie"), goal=goal, kpi="revenue", subject=ORGANISATION, period=NOVEMBER, target=Decimal(1), today=TODAY
        )


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"kpi": "luck"}, "kpi", "unknown_kpi"),
        ({"target": Decimal(0)}, "target", "target_not_positive"),
        ({"target": Decimal(-5)}, "target", "target_not_positive"),
        ({"target": Decimal("NaN")}, "target", "target_not_positive"),
        ({"target": Decimal(10) ** 13}, "target", "target_too_large"),
        ({"target": Decimal("1.00001")}, "target", "too_many_decimals"),
        ({"kpi": "calls", "target": Decimal("10.5")}, "target", "target_not_whole"),
        ({"kpi": "win_rate", "target": Decimal("1.01")}, "target", "over_100_percent"),
        ({"period": Period(dt.date(2026, 1, 1), dt.date(2030, 1, 1))}, "end", "too_long"),
        ({"subject": Subject(SubjectKind.TEAM, 999_999)}, "subject", "unknown_subject"),
        ({"subject": Subject(SubjectKind.REP, 999_999)}, "subject", "unknown_subject"),
        ({"subject": Subject(SubjectKind.CUSTOMER, 999_999)}, "subject", "unknown_subject"),
    ],
)
def test_what_makes_no_sense_is_refused_beside_its_field(company: Company, changes: dict[str, Any], field: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        make(company, **changes)
    assert (refused.value.field, refused.value.code) == (field, code)
    assert not Goal.objects.exists()


def test_growth_may_be_more_than_doubling(company: Company) -> None:
    assert make(company, kpi="sales_growth", target=Decimal("1.5")).target == Decimal("1.5")


def test_subjects_of_other_organisations_are_unknown(company: Company) -> None:
    elsewhere = factories.team(company.other, "North")
    with pytest.raises(InvalidInput):
        make(company, subject=Subject(SubjectKind.TEAM, elsewhere.id))


def test_records_without_a_rep_have_no_goal(company: Company) -> None:
    nobody = Rep.objects.get(organisation=company.org, is_unassigned=True)
    with pytest.raises(InvalidInput):
        make(company, subject=Subject(SubjectKind.REP, nobody.id))


def test_one_goal_for_one_kpi_subject_and_period(company: Company) -> None:
    first = make(company)
    with pytest.raises(InvalidInput) as refused:
        make(company, target=Decimal(1))
    assert refused.value.code == "duplicate"
    other = make(company, kpi="calls")
    with pytest.raises(InvalidInput):
        goal_change(
            scope=company.scope("alice"), goal=other, kpi="revenue", subject=first.subject, period=NOVEMBER, target=Decimal(1), today=TODAY
        )


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("alice", {"organisation", "stockholm", "malmo", "bob", "bea", "acme", "bolt"}),
        ("vera", {"organisation", "stockholm", "malmo", "bob", "bea", "acme", "bolt"}),
        ("mona", {"organisation", "stockholm", "malmo", "bob", "acme"}),
        ("bob", {"stockholm", "bob", "acme"}),
        ("charlie", set()),
    ],
)
def test_goals_are_seen_with_the_figures_of_their_subject(company: Company, name: str, seen: set[str]) -> None:
    made = {key: make(company, subject=subject) for key, subject in subjects(company).items()}
    scope = company.scope(name)
    assert set(goal_list(scope)) == {made[key] for key in seen}
    for key, goal in made.items():
        assert (goal_get(scope, goal.id) is not None) is (key in seen)
        found = goal_for(scope, kpi="revenue", subject=goal.subject, period=NOVEMBER)
        assert found == (goal if key in seen else None)


def test_a_curve_has_the_goal_of_exactly_its_period(company: Company) -> None:
    goal = make(company)
    scope = company.scope("alice")
    week = Period(dt.date(2026, 11, 16), dt.date(2026, 11, 23))
    assert goal_for(scope, kpi="revenue", subject=goal.subject, period=week) is None
    assert list(goal_list(scope, meets=week)) == [goal]
    ids = [company.stockholm.id, company.malmo.id]
    found = goals_for_subjects(scope, kpis=["revenue", "calls"], kind=SubjectKind.TEAM, ids=ids, period=NOVEMBER)
    assert found == {("revenue", company.stockholm.id): goal}
