"""What to measure whom on: the proposed sets, and what is wrong with a set."""

from __future__ import annotations

import pytest

from kpi_tracker.kpis import guidance, registry
from kpi_tracker.kpis.advice import MOST_KPIS, PROPOSED, CautionKind, Job, can_move, cautions, is_work, job_of, proposed
from kpi_tracker.kpis.metrics import AnyKpi, Lever, SubjectKind

KNOWN = {kpi.key: kpi for kpi in registry.built_in()}
REP_JOBS = (Job.PROSPECTOR, Job.CLOSER, Job.FULL_CYCLE)


def named(*keys: str) -> list[AnyKpi]:
    return [KNOWN[key] for key in keys]


def found(job: Job, *own: str, shared: tuple[str, ...] = ()) -> dict[CautionKind, tuple[list[str], list[str]]]:
    """By kind: what is wrong, and what to measure on instead."""
    listed = cautions(job, named(*own), named(*shared), offered=registry.built_in())
    return {one.kind: ([kpi.key for kpi in one.kpis], [kpi.key for kpi in one.instead]) for one in listed}


@pytest.mark.parametrize("job", Job)
def test_each_set_is_small_and_all_of_it_can_be_moved(job: Job) -> None:
    small = proposed(job, registry.built_in())
    assert [one.kpi.key for one in small] == list(PROPOSED[job])
    assert 4 <= len(small) <= MOST_KPIS
    assert all(one.reason for one in small)


@pytest.mark.parametrize("job", [*REP_JOBS, Job.MANAGER])
def test_each_set_has_something_to_do_tomorrow(job: Job) -> None:
    assert any(is_work(one.kpi) for one in proposed(job, registry.built_in()))


@pytest.mark.parametrize("job", [Job.FULL_CYCLE, Job.MANAGER])
def test_who_answers_for_all_of_it_has_every_factor_of_velocity(job: Job) -> None:
    assert frozenset().union(*(one.kpi.levers for one in proposed(job, registry.built_in()))) == frozenset(Lever)


@pytest.mark.parametrize("job", Job)
def test_nothing_is_wrong_with_the_proposed_sets(job: Job) -> None:
    assert found(job, *PROPOSED[job]) == {}


def test_a_kpi_that_is_switched_off_is_not_proposed() -> None:
    assert "win_rate" not in [one.kpi.key for one in proposed(Job.CLOSER, named("revenue", "proposals_sent"))]


def test_management_answers_for_what_no_rep_can_move() -> None:
    for key in ("cac", "clv", "clv_to_cac", "churn_rate", "sales_growth", "revenue_per_inbound_lead"):
        assert not any(can_move(job, KNOWN[key]) for job in REP_JOBS)
        assert can_move(Job.MANAGEMENT, KNOWN[key])


def test_a_prospector_on_win_rate() -> None:
    wrong, instead = found(Job.PROSPECTOR, "calls", "win_rate")[CautionKind.OUT_OF_REACH]
    assert wrong == ["win_rate"]
    assert instead
    assert set(instead) <= set(PROPOSED[Job.PROSPECTOR])


def test_a_rep_on_sales_growth() -> None:
    assert found(Job.FULL_CYCLE, "calls", "sales_growth")[CautionKind.OUT_OF_REACH][0] == ["sales_growth"]


def test_a_team_goal_is_not_what_a_rep_must_move_alone() -> None:
    assert found(Job.PROSPECTOR, "calls", shared=("win_rate", "revenue")) == {}


def test_more_than_seven_counting_the_teams() -> None:
    seven = ("calls", "conversations", "companies_added", "meetings_booked", "qualified_leads", "emails", "contacts_added")
    assert found(Job.PROSPECTOR, *seven) == {}
    assert found(Job.PROSPECTOR, *seven, shared=("calls",)) == {}
    wrong, keep = found(Job.PROSPECTOR, *seven, shared=("revenue",))[CautionKind.TOO_MANY]
    assert len(wrong) == 8
    assert keep == ["conversations", "companies_added", "meetings_booked", "qualified_leads"]


def test_results_without_an_activity() -> None:
    wrong, add = found(Job.CLOSER, "revenue", "win_rate")[CautionKind.RESULTS_ONLY]
    assert wrong == ["revenue", "win_rate"]
    assert add == ["first_meetings_held", "proposals_sent"]
    assert CautionKind.RESULTS_ONLY not in found(Job.CLOSER, "revenue", shared=("proposals_sent",))
    assert CautionKind.RESULTS_ONLY not in found(Job.MANAGEMENT, "revenue")


def test_who_has_no_goals_is_not_warned() -> None:
    assert found(Job.CLOSER, shared=("revenue",)) == {}


@pytest.mark.parametrize(
    ("kind", "did", "closed", "job"),
    [
        (SubjectKind.ORGANISATION, 0, 0, Job.MANAGEMENT), (SubjectKind.TEAM, 0, 0, Job.MANAGER),
        (SubjectKind.REP, 5, 0, Job.PROSPECTOR), (SubjectKind.REP, 0, 5, Job.CLOSER), (SubjectKind.REP, 1, 5, Job.CLOSER),
        (SubjectKind.REP, 1, 4, Job.FULL_CYCLE), (SubjectKind.REP, 40, 4, Job.FULL_CYCLE), (SubjectKind.REP, 0, 0, Job.FULL_CYCLE),
    ],
)
def test_the_job_is_told_by_the_work(kind: SubjectKind, did: int, closed: int, job: Job) -> None:
    assert job_of(kind, found=did, closed=closed) is job


def test_the_advice_names_no_kpi_that_is_gone() -> None:
    assert set(guidance.GUIDANCE) | {key for small in PROPOSED.values() for key in small} <= set(KNOWN)


@pytest.mark.parametrize("kpi", registry.built_in(), ids=lambda kpi: kpi.key)
def test_every_kpi_says_how_it_moves_velocity_and_what_to_do(kpi: AnyKpi) -> None:
    assert guidance.moves(kpi).endswith(".")
    assert guidance.influence(kpi).endswith(".")
