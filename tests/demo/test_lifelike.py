"""What the generator makes at full size is plausible: stages, pipeline, leads, contracts, costs, and what cannot be counted."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict

import pytest

from kpi_tracker.demo.money import rate_on
from kpi_tracker.demo.offer import OPEN_STAGES
from kpi_tracker.demo.records import Company, DealPlan
from kpi_tracker.demo.world import World, build
from kpi_tracker.periods import DAY, Period, add_months

TODAY = dt.date(2026, 11, 18)
YEAR = Period(add_months(TODAY, -12), TODAY)


@pytest.fixture(scope="module")
def world() -> World:
    return build(today=TODAY)


def euro(world: World, deal: DealPlan) -> float:
    return float((deal.amount or 0) * (rate_on(world.rates, deal.currency, deal.opened_on) or 0))


def passed(deals: list[DealPlan], stage: str) -> list[DealPlan]:
    return [deal for deal in deals if any(step.stage == stage for step in deal.steps)]


def test_deals_go_through_their_stages(world: World) -> None:
    closed = [deal for deal in world.deals if deal.status != "open"]
    for stage, following in zip(OPEN_STAGES, [*OPEN_STAGES[1:], "Won"], strict=True):
        entered = passed(closed, stage)
        went_on = [deal for deal in entered if following in [step.stage for step in deal.steps]]
        assert 0.45 < len(went_on) / len(entered) < 0.85, stage
    lost_from = Counter(deal.steps[-2].stage for deal in closed if deal.status == "lost")
    assert set(lost_from) == set(OPEN_STAGES)
    assert min(lost_from.values()) > 0.1 * lost_from.total()
    ways = [[OPEN_STAGES.index(step.stage) for step in deal.steps if step.stage in OPEN_STAGES] for deal in closed]
    back = sum(1 for way in ways if way != sorted(way))
    skipped = sum(1 for way in ways if set(range(max(way) + 1)) != set(way))
    assert 0.02 < back / len(ways) < 0.12
    assert 0.02 < skipped / len(ways) < 0.2


def test_some_open_deals_are_overdue(world: World) -> None:
    expected = [deal.expected_close_on for deal in world.deals if deal.status == "open"]
    known = [day for day in expected if day is not None]
    assert 0 < len(expected) - len(known) < 0.1 * len(expected)
    assert 0.03 < sum(1 for day in known if day < TODAY) / len(known) < 0.3


def test_the_weighted_pipeline_is_about_what_gets_won(world: World) -> None:
    """Half a year ago, when all that was open is decided by now."""
    day = add_months(TODAY, -6)
    before = [deal for deal in world.deals if deal.closed_on is not None and deal.closed_on <= day]
    share = {stage: sum(1 for deal in passed(before, stage) if deal.status == "won") / len(passed(before, stage)) for stage in OPEN_STAGES}
    weighted = won = 0.0
    for deal in world.deals:
        if deal.opened_on <= day and deal.closed_on is not None and deal.closed_on > day:
            stage = [step.stage for step in deal.steps if step.day <= day][-1]
            weighted += euro(world, deal) * share[stage]
            won += euro(world, deal) * (deal.status == "won")
    assert 0.7 < weighted / won < 1.4


def test_leads_become_customers(world: World) -> None:
    qualified = [lead for lead in world.leads if lead.qualified_on]
    assert 0.12 < sum(1 for lead in qualified if lead.converted_on) / len(qualified) < 0.35
    brought = Counter((lead.inbound, lead.deal.status) for lead in world.leads if lead.deal)
    assert set(brought) == {(inbound, status) for inbound in (True, False) for status in ("open", "won", "lost")}
    assert len({id(lead.deal) for lead in world.leads if lead.deal}) == brought.total()
    for lead in world.leads:
        if lead.deal is not None:
            assert lead.deal.company is lead.company
            assert lead.created_on <= lead.deal.steps[0].day


def test_meetings_are_agreed_for_the_coming_weeks(world: World) -> None:
    meetings = [act for act in world.acts if act.kind == "meeting"]
    planned = Counter((act.day - TODAY).days // 7 for act in meetings if act.outcome == "planned")
    assert all(planned[week] for week in range(3))
    assert any(act.day > TODAY and act.outcome == "cancelled" for act in meetings)
    due = [act.outcome for act in meetings if act.day <= TODAY and act.outcome != "cancelled"]
    assert 0.8 < due.count("reached") / len(due) < 0.95


def test_some_records_cannot_be_counted(world: World) -> None:
    won = [deal for deal in world.deals if deal.status == "won"]
    assert any(deal.amount is None for deal in won)
    unknown = [deal for deal in won if deal.closed_on and rate_on(world.rates, deal.currency, deal.closed_on) is None]
    assert {deal.currency for deal in unknown} == {"NOK", "DKK"}
    assert any(deal.currency == "DKK" and deal not in unknown for deal in won)
    assert any(deal.first_contact_on and deal.closed_on and deal.first_contact_on > deal.closed_on for deal in won)
    assert any(deal.closed_on and deal.opened_on > deal.closed_on for deal in world.deals)
    assert any(cost.currency == "DKK" and rate_on(world.rates, "DKK", cost.month.last) is None for cost in world.costs)
    assert any(contract.margin is None for contract in world.contracts)


def covered(world: World, day: dt.date) -> set[Company]:
    return {one.company for one in world.contracts if one.starts_on <= day and (one.ends_on is None or day < one.ends_on)}


def test_a_tenth_of_the_customers_leave_in_a_year(world: World) -> None:
    at_start = covered(world, YEAR.start)
    ended = [(one.company, one.ends_on) for one in world.contracts if one.ends_on is not None and one.ends_on in YEAR]
    lost = {company for company, day in ended if company not in covered(world, day)}
    assert 0.08 < len(lost) / len(at_start) < 0.15
    assert any(one.ends_on is None for one in world.contracts)


def test_a_customer_is_worth_about_three_times_what_it_costs_to_win(world: World) -> None:
    margin: dict[Company, float] = defaultdict(float)
    for one in world.contracts:
        rate = rate_on(world.rates, one.currency, one.starts_on)
        if one.margin and rate and one.starts_on <= TODAY and (one.ends_on is None or one.ends_on > TODAY):
            margin[one.company] += float(one.yearly_amount * one.margin * rate)
    first_wins = [company.won_on for company in world.companies if any(deal.status == "won" for deal in company.deals)]
    new = sum(1 for day in first_wins if day and day in YEAR)
    costs = [one for one in world.costs if one.month.start in YEAR]
    cac = sum(float(one.amount * (rate_on(world.rates, one.currency, one.month.start) or 0)) for one in costs) / new
    yearly = sum(margin.values()) / len(margin)
    assert 2.2 < 5 * yearly / cac < 4.2
    assert 12 < cac / (yearly / 12) < 28
    assert {one.category for one in costs} == {"salary", "marketing", "booking", "event", "tool"}
    assert {one.currency for one in costs} >= {"SEK", "EUR"}


def test_any_first_day_of_a_month_will_do() -> None:
    for day in (dt.date(2026, 3, 1), dt.date(2027, 1, 1)):
        world = build(today=day, scale=0.02)
        assert all(step.day <= day for deal in world.deals for step in deal.steps)
        assert all(deal.steps[-1].day < day - 5 * DAY for deal in world.deals if deal.late)
