from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goals.kinds import grown, step_of, wants_less
from goals.models import Distribution, Goal, Kind, State
from goals.selectors import goal_for, goal_get, goal_list, goals_for_subjects
from goals.services import goal_change, goal_create, goal_delete, may_set
from goals.shares import evenly, shares
from goals.terms import Terms, stretch_growth
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


# Terms, versions, participants ----------------------------------------------------------------------

WINTER = Period(dt.date(2026, 12, 1), dt.date(2027, 3, 1))
DECEMBER = Period(dt.date(2026, 12, 1), dt.date(2027, 1, 1))
LAST_DECEMBER = Period(dt.date(2025, 12, 1), dt.date(2026, 1, 1))
NOW = dt.datetime(2026, 11, 18, 9, tzinfo=dt.UTC)


def won(company: Company, day: dt.date, amount: str) -> None:
    factories.deal(company.org, company.bob, opened_on=day, closed_on=day, status="won", amount=amount)


def called(company: Company, day: dt.date, times: int) -> None:
    for _ in range(times):
        factories.activity(company.org, company.bob, day, "call")


def change(company: Company, goal: Goal, **changes: Any) -> Goal:
    asked: dict[str, Any] = {"kpi": goal.kpi, "subject": goal.subject, "period": goal.period, "target": goal.target, "now": NOW}
    return goal_change(scope=company.scope("alice"), goal=goal, today=TODAY, **(asked | changes))


def test_growth_stands_on_a_frozen_baseline(company: Company) -> None:
    called(company, dt.date(2025, 12, 3), 33)
    goal = make(company, kpi="calls", period=DECEMBER, target=None, terms=Terms(kind=Kind.GROWTH, growth=Decimal("0.14")), now=NOW)
    assert (goal.target, goal.baseline, goal.baseline_records, goal.baseline_period, goal.baseline_at) == (
        38, 33, 33, LAST_DECEMBER, NOW
    )
    called(company, dt.date(2025, 12, 4), 50)  # comes in late: what was frozen stays
    change(company, goal, target=None, terms=Terms(kind=Kind.GROWTH, growth=Decimal("0.20")))
    assert (goal.target, goal.baseline) == (40, 33)


def test_a_stretch_of_growth_stays_as_it_is_shown(company: Company) -> None:
    called(company, dt.date(2025, 12, 3), 33)
    terms = Terms(kind=Kind.GROWTH, growth=Decimal("0.14"), stretch_growth=Decimal("0.2"))
    goal = make(company, kpi="calls", period=DECEMBER, target=None, terms=terms)
    assert goal.stretch == 40
    shown = stretch_growth(goal)
    change(company, goal, target=None, terms=replace(terms, stretch_growth=shown))
    assert (goal.stretch, goal.versions.count()) == (40, 1)


def test_another_target_of_a_goal_that_grows_is_another_growth(company: Company) -> None:
    won(company, dt.date(2025, 12, 3), "1000")
    goal = make(company, period=DECEMBER, target=None, terms=Terms(kind=Kind.GROWTH, growth=Decimal("0.1")))
    change(company, goal, target=Decimal(1500))
    assert (goal.target, goal.growth, goal.kind) == (1500, Decimal("0.5"), Kind.GROWTH)


def test_a_baseline_that_is_not_over_goes_a_year_further_back(company: Company) -> None:
    won(company, dt.date(2025, 5, 5), "1000")
    won(company, dt.date(2026, 5, 5), "5000")
    year = Period(dt.date(2027, 1, 1), dt.date(2028, 1, 1))
    goal = make(company, period=year, target=None, terms=Terms(kind=Kind.GROWTH, growth=Decimal("0.1")))
    assert (goal.target, goal.baseline_from) == (1100, dt.date(2025, 1, 1))


@pytest.mark.parametrize(
    ("changes", "terms", "field", "code"),
    [
        ({"kpi": "win_rate", "target": Decimal("0.3")}, {"kind": Kind.REACH, "distribution": Distribution.RAMP, "shape": {"months": "3"}},
         "distribution", "nothing_to_spread"),
        ({"kpi": "calls", "target": Decimal(5)}, {"kind": Kind.ABOVE}, "kind", "kind_does_not_fit"),
        ({"kpi": "sales_growth", "target": Decimal("0.1")}, {"kind": Kind.GROWTH, "growth": Decimal(1)}, "kind", "kind_does_not_fit"),
        ({}, {"kind": Kind.GROWTH}, "growth", "growth_missing"),
        ({}, {"kind": Kind.GROWTH, "growth": Decimal("-0.995")}, "growth", "growth_out_of_range"),
        ({}, {"kind": Kind.GROWTH, "growth": Decimal("10.01")}, "growth", "growth_out_of_range"),
        ({}, {"kind": Kind.GROWTH, "growth": Decimal("0.12345")}, "growth", "too_many_decimals"),
        ({}, {"kind": Kind.GROWTH, "growth": Decimal("0.1")}, "growth", "no_baseline"),
        ({}, {"kind": Kind.GROWTH, "growth": Decimal("0.1"), "baseline": NOVEMBER}, "baseline_end", "baseline_running"),
        ({}, {"kind": Kind.GROWTH, "growth": Decimal("0.1"), "baseline": Period(dt.date(2025, 1, 1), dt.date(2025, 7, 1))},
         "baseline_end", "baseline_length"),
        ({"target": None}, {}, "target", "target_missing"),
        ({}, {"stretch": Decimal(640_000)}, "stretch", "stretch_not_beyond"),
        ({}, {"kind": Kind.BELOW, "stretch": Decimal(700_000)}, "stretch", "stretch_not_beyond"),
        ({"kpi": "sales_cycle_days", "target": Decimal(40)}, {"stretch": Decimal(45)}, "stretch", "stretch_not_beyond"),
        ({}, {"distribution": Distribution.LAST_YEAR}, "distribution", "no_last_year"),
        ({}, {"distribution": Distribution.MONTHS}, "distribution", "shape"),
        ({}, {"distribution": Distribution.MONTHS, "shape": {"2026-11": "0"}}, "distribution", "shape"),
        ({}, {"distribution": Distribution.MONTHS, "shape": {"2026-11": "1", "2026-12": "1"}}, "distribution", "shape"),
        ({}, {"distribution": Distribution.MONTHS, "shape": {"2026-11": "-1"}}, "distribution", "shape"),
        ({}, {"distribution": Distribution.MONTHS, "shape": {"2026-11": "many"}}, "distribution", "shape"),
        ({}, {"distribution": Distribution.WEEKDAYS, "shape": {"7": "1"}}, "distribution", "shape"),
        ({}, {"distribution": Distribution.RAMP, "shape": {"months": "0"}}, "distribution", "ramp_months"),
        ({}, {"distribution": Distribution.RAMP, "shape": {"months": "1.5"}}, "distribution", "ramp_months"),
    ],
)
def test_terms_that_make_no_sense(company: Company, changes: dict[str, Any], terms: dict[str, Any], field: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        make(company, terms=Terms(**terms), **changes)
    assert (refused.value.field, refused.value.code) == (field, code)
    assert not Goal.objects.exists()


def test_last_year_s_shape_is_frozen_by_month(company: Company) -> None:
    won(company, dt.date(2025, 12, 3), "1000")
    won(company, dt.date(2026, 2, 3), "3000")
    goal = make(company, period=WINTER, terms=Terms(distribution=Distribution.LAST_YEAR))
    assert goal.shape == {"2026-12": "1000", "2027-02": "3000"}
    won(company, dt.date(2026, 1, 5), "500")
    change(company, goal, why="Still the same")
    assert goal.shape == {"2026-12": "1000", "2027-02": "3000"}


def test_last_year_s_shape_of_a_month_is_by_weekday(company: Company) -> None:
    called(company, dt.date(2025, 12, 1), 10)  # one of five Mondays
    called(company, dt.date(2025, 12, 5), 8)  # one of three Fridays that are no holiday
    called(company, dt.date(2025, 12, 6), 8)  # a Saturday, on which nobody works
    goal = make(company, kpi="calls", period=DECEMBER, target=Decimal(100), terms=Terms(distribution=Distribution.LAST_YEAR))
    fridays = sum(1 for day in (5, 12, 19, 26) if day != 26)
    assert goal.shape == {"0": "2", "4": f"{round(Decimal(8) / fridays, 4).normalize():f}"}


def test_shapes_by_hand_are_kept_without_their_zeros(company: Company) -> None:
    shape = {"2026-12": "3.0", "2027-01": "0", "2027-02": "1"}
    goal = make(company, period=WINTER, terms=Terms(distribution=Distribution.MONTHS, shape=shape))
    assert goal.shape == {"2026-12": "3", "2027-02": "1"}


def test_shares_come_to_the_target_and_more_may_be_taken_on(company: Company) -> None:
    bob, bea = company.bob.id, company.bea.id
    goal = make(company, kpi="calls", subject=ORGANISATION, target=Decimal(7), participants={bob: None, bea: None})
    assert dict(goal.participants.values_list("rep_id", "share")) == {bob: 4, bea: 3}
    change(company, goal, participants={bob: Decimal(6), bea: None})
    assert dict(goal.participants.values_list("rep_id", "share")) == {bob: 6, bea: 1}
    change(company, goal, participants={bob: Decimal(6), bea: Decimal(5)})  # over-assigned
    assert dict(goal.participants.values_list("rep_id", "share")) == {bob: 6, bea: 5}
    change(company, goal, participants={bea: None})
    assert dict(goal.participants.values_list("rep_id", "share")) == {bea: 7}


def test_of_a_level_each_keeps_the_whole(company: Company) -> None:
    participants = {company.bob.id: None, company.bea.id: None}
    goal = make(company, kpi="win_rate", subject=ORGANISATION, target=Decimal("0.3"), participants=participants)
    assert set(goal.participants.values_list("share", flat=True)) == {Decimal("0.3")}


@pytest.mark.parametrize(("who", "share", "code"), [("bea", None, "not_of_this_scope"), ("bob", Decimal(-1), "share_negative")])
def test_who_cannot_take_part(company: Company, who: str, share: Decimal | None, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        make(company, participants={getattr(company, who).id: share})
    assert (refused.value.field, refused.value.code) == ("participants", code)
    assert not Goal.objects.exists()


def test_a_goal_is_made_in_its_state(company: Company) -> None:
    bob = {company.bob.id: None}
    draft = make(company, kpi="calls", target=Decimal(9), state=State.DRAFT, participants=bob)
    proposed = make(company, kpi="emails", target=Decimal(9), state=State.PROPOSED, participants=bob)
    decided = make(company, kpi="revenue", state=State.AGREED, participants=bob)
    assert [(one.state, one.decided_by, one.versions.get().in_force) for one in (draft, proposed, decided)] == [
        (State.DRAFT, None, False), (State.PROPOSED, None, False), (State.AGREED, company.users["alice"], True),
    ]
    with pytest.raises(InvalidInput) as refused:
        make(company, kpi="conversations", target=Decimal(9), state=State.PROPOSED)
    assert refused.value.code == "nobody"


def test_a_draft_becomes_a_proposal(company: Company) -> None:
    goal = make(company, kpi="calls", target=Decimal(9), state=State.DRAFT, participants={company.bob.id: None})
    change(company, goal, target=Decimal(12), state=State.PROPOSED, participants={company.bob.id: None})
    goal.refresh_from_db()
    assert (goal.state, goal.target) == (State.PROPOSED, 12)
    assert list(goal.versions.values_list("number", "target", "in_force")) == [(1, 12, False)]


def test_another_target_of_a_running_goal_is_a_version_with_a_reason(company: Company) -> None:
    goal = make(company)
    with pytest.raises(InvalidInput) as refused:
        change(company, goal, target=Decimal(700_000))
    assert (refused.value.field, refused.value.code) == ("reason", "reason_missing")
    goal.refresh_from_db()
    assert (goal.target, goal.versions.count()) == (640_000, 1)
    change(company, goal, target=Decimal(700_000), reason="Two more sellers")
    first, second = goal.versions.order_by("number")
    assert (first.target, first.asks_from) == (640_000, NOVEMBER.start)
    assert (second.target, second.asks_from, second.reason, second.author, second.made_at) == (
        700_000, TODAY, "Two more sellers", company.users["alice"], NOW
    )
    assert goal.asked_since == ((NOVEMBER.start, 640_000), (TODAY, 700_000))


def test_after_a_change_what_the_days_are_measured_by_stays(company: Company) -> None:
    goal = make(company)
    change(company, goal, target=Decimal(700_000), reason="More")
    with pytest.raises(InvalidInput) as refused:
        change(company, goal, period=WINTER)
    assert refused.value.code == "has_history"
    goal.refresh_from_db()
    change(company, goal, why="Said better")
    goal.refresh_from_db()
    assert (goal.why, goal.target, goal.versions.count()) == ("Said better", 700_000, 2)


def test_a_goal_that_is_over_or_closed_keeps_its_target(company: Company) -> None:
    october = Period(dt.date(2026, 10, 1), dt.date(2026, 11, 1))
    goal = make(company, period=october)
    with pytest.raises(InvalidInput) as refused:
        change(company, goal, target=Decimal(1), reason="Easier")
    assert refused.value.code == "over"
    Goal.objects.update(state=State.CLOSED)
    goal.refresh_from_db()
    with pytest.raises(InvalidInput) as refused:
        change(company, goal, why="x")
    assert refused.value.code == "closed"


def test_a_changed_proposal_is_put_before_all_again(company: Company) -> None:
    goal = make(company, period=DECEMBER, state=State.PROPOSED, participants={company.bob.id: None})
    change(company, goal, target=Decimal(500_000), participants={company.bob.id: None})
    assert list(goal.versions.order_by("number").values_list("number", "target", "in_force")) == [(1, 640_000, False), (2, 500_000, False)]
    change(company, goal, why="Only words")
    assert goal.versions.count() == 2
    change(company, goal, participants={company.bob.id: Decimal(400_000)})
    assert goal.versions.count() == 3


@given(
    baseline=st.decimals(Decimal("0.01"), Decimal(10) ** 9, places=2), growth=st.decimals(Decimal("-0.99"), Decimal(10), places=4),
    kpi=st.sampled_from([factories.kpi(key) for key in ("calls", "revenue", "win_rate", "deals_lost", "sales_cycle_days")]),
)
def test_growth_is_never_rounded_to_less_than_was_asked(baseline: Decimal, growth: Decimal, kpi: Any) -> None:
    target, exact, step = grown(baseline, growth, kpi), baseline * (1 + growth), step_of(kpi)
    assert target > 0
    assert target % step == 0
    if wants_less(Kind.GROWTH, kpi):
        assert exact - step < target <= max(exact, step)
    else:
        assert exact <= target < exact + step


@given(
    target=st.decimals(Decimal("0.01"), Decimal(10) ** 9, places=2), number=st.integers(1, 60),
    typed=st.lists(st.decimals(0, 10**6, places=2), max_size=5),
)
def test_equal_shares_lose_nothing(target: Decimal, number: int, typed: list[Decimal]) -> None:
    step = Decimal("0.01")
    parts = evenly(target, number, step)
    assert (sum(parts), len(parts)) == (target, number)
    assert max(parts) - min(parts) <= step
    asked: dict[int, Decimal | None] = dict.fromkeys(range(number)) | {1000 + rep: share for rep, share in enumerate(typed)}
    taken = shares(target, asked, step=step, fills=True)
    assert sum(taken.values()) == max(target, sum(typed))
