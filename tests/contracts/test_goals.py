"""Traps of goals: what is shown of a target must follow the records and the people, whatever was shown before."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from goals.models import Goal
from goals.progress import GoalProgress, progress
from goals.status import Status
from kpi_tracker.orgs.models import Absence
from kpi_tracker.rollups.builder import refresh_fully
from kpi_tracker.sales.models import Deal, Stage
from kpi_tracker.sales.services import deal_move_stage
from tests import factories
from tests.contracts.asking import day, figure
from tests.contracts.conftest import Company

MARCH = ("2024-03-01", "2024-04-01")


def won(company: Company, amount: str, on: str, **fields: Any) -> Deal:
    return factories.deal(company.org, company.ada, opened_on=day("2024-01-10"), closed_on=day(on), status="won", amount=amount, **fields)


def goal(company: Company, whose: Any, target: str, kpi: str = "revenue") -> Goal:
    return factories.goal(company.org, kpi, whose, day(MARCH[0]), day(MARCH[1]), target)


def standing(of: Goal, on: str) -> GoalProgress:
    """As it stands, whether or not cells are there."""
    dirty = progress(of.organisation, [of], today=day(on))[of.id]
    refresh_fully(of.organisation)
    kept = progress(of.organisation, [of], today=day(on))[of.id]
    assert (kept.actual, kept.attainment, kept.verdict.status) == (dirty.actual, dirty.attainment, dirty.verdict.status)
    return kept


@pytest.mark.parametrize(("amount", "attained"), [("100", "1"), ("100.01", "1.0001"), ("250", "2.5"), ("1000", "10")])
def test_attainment_is_not_cut_off_at_100_percent(company: Company, amount: str, attained: str) -> None:
    won(company, amount, "2024-03-05")
    assert standing(goal(company, company.ada, "100"), "2024-03-20").attainment == Decimal(attained)


def test_an_absent_sellers_goal_is_recomputed(company: Company) -> None:
    """Of 20 working days in March 2024 five have gone on the morning of the 8th; with the first week away, of 16 only one."""
    mine = goal(company, company.ada, "100")
    before = standing(mine, "2024-03-08")
    assert before.pace is not None
    assert (before.clock.days, before.clock.days_gone, before.pace.expected) == (20, 5, 25)
    leave = Absence.objects.create(organisation=company.org, rep=company.ada, valid_from=day("2024-03-04"), valid_to=day("2024-03-08"))
    after = standing(mine, "2024-03-08")
    assert after.pace is not None
    assert (after.clock.days, after.clock.days_gone, after.pace.expected) == (16, 1, Decimal("6.25"))
    leave.delete()
    assert standing(mine, "2024-03-08").clock == before.clock
    Absence.objects.create(organisation=company.org, rep=company.ada, valid_from=day("2024-03-18"), valid_to=day("2024-03-23"))
    ahead = standing(mine, "2024-03-08")
    assert ahead.pace is not None
    assert (ahead.clock.days, before.pace.required, ahead.pace.required) == (15, Decimal(100) / 15, 10)


def test_an_absent_seller_lessens_what_the_team_should_have_done_by_now(company: Company) -> None:
    team = goal(company, company.north, "400")
    together = standing(team, "2024-03-08")
    assert together.pace is not None
    assert together.pace.expected == 100
    Absence.objects.create(organisation=company.org, rep=company.ada, valid_from=day("2024-03-01"), valid_to=day("2024-03-08"))
    alone = standing(team, "2024-03-08")
    assert alone.pace is not None
    assert alone.pace.expected.quantize(Decimal("0.0001")) == (Decimal(400) * 5 / 35).quantize(Decimal("0.0001"))


@pytest.mark.parametrize("how", ["deleted", "reopened", "lost", "smaller", "moved to April"])
def test_reached_is_taken_back_when_the_record_is(company: Company, how: str) -> None:
    mine = goal(company, company.ada, "100")
    deal = won(company, "100", "2024-03-05")
    assert standing(mine, "2024-03-20").verdict.status is Status.ACHIEVED
    same = Deal.objects.filter(pk=deal.pk)
    match how:
        case "deleted":
            deal.delete()
        case "reopened":
            stage = Stage.objects.filter(organisation=company.org, kind="open").first()
            assert stage is not None
            deal_move_stage(deal=deal, stage=stage, at=dt.datetime(2024, 3, 21, 9, 0, tzinfo=dt.UTC))
        case "lost":
            same.update(status="lost")
        case "smaller":
            same.update(amount="99.99")
        case _:
            same.update(closed_on=day("2024-04-01"))
    assert standing(mine, "2024-03-20").verdict.status is not Status.ACHIEVED
    assert standing(mine, "2024-04-01").verdict.status is Status.MISSED


def test_a_coverage_that_was_reached_is_taken_back_too(company: Company) -> None:
    goal(company, company.org, "100")
    deal = won(company, "100", "2024-03-05")
    factories.deal(company.org, company.bo, opened_on=day("2024-02-01"), amount="60", expected_close_on=day("2024-03-28"))
    reached = figure(company.org, "pipeline_coverage", *MARCH, today="2024-03-20")
    assert (reached.value, reached.denominator) == (None, 0)
    deal.delete()
    assert figure(company.org, "pipeline_coverage", *MARCH, today="2024-03-20").value == Decimal("0.6")


def test_no_target_is_no_coverage(company: Company) -> None:
    goal(company, company.ada, "100")
    factories.deal(company.org, company.ada, opened_on=day("2024-02-01"), amount="60", expected_close_on=day("2024-03-28"))
    found = figure(company.org, "pipeline_coverage", *MARCH, today="2024-03-20")
    assert (found.value, found.numerator, found.denominator) == (None, 60, None)
    assert figure(company.org, "pipeline_coverage", *MARCH, of=company.ada, today="2024-03-20").value == Decimal("0.6")
