"""The generator: the same twice, nothing that could not have happened, and shapes as in life."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from itertools import pairwise
from statistics import mean, median

import pytest

from kpi_tracker.demo.names import finnish_check_digit, swedish_check_digit
from kpi_tracker.demo.people import TEAMS
from kpi_tracker.demo.records import Company, DealPlan
from kpi_tracker.demo.timeline import AFTERNOON
from kpi_tracker.demo.world import World, build
from kpi_tracker.orgs.workdays import WorkWeek
from kpi_tracker.periods import Period

WEDNESDAY = dt.date(2026, 11, 18)


@pytest.fixture(scope="module")
def world() -> World:
    return build(today=WEDNESDAY, scale=0.25)


def traits(world: World) -> list[object]:
    return [
        [(company.name, company.business_id, company.owner.name, company.created_on, company.contacts) for company in world.companies],
        [(deal.company.name, deal.amount, deal.status, deal.opened_on, deal.closed_on, len(deal.steps)) for deal in world.deals],
        [(act.kind, act.outcome, act.by.name, act.day, act.second, act.booked_on) for act in world.acts],
        [(goal.kpi, goal.team, goal.seller and goal.seller.name, goal.period, goal.target) for goal in world.goals],
        [(lead.person, lead.channel, lead.created_on, lead.status) for lead in world.leads],
        [(plan.company.name, plan.starts_on, plan.yearly_amount) for plan in world.contracts],
        [(cost.category, cost.amount, cost.month) for cost in world.costs], world.rates,
    ]


def test_the_same_seed_and_day_give_the_same_organisation() -> None:
    first, second = (build(today=WEDNESDAY, scale=0.01, seed=7) for _turn in range(2))
    assert traits(first) == traits(second)
    assert traits(first) != traits(build(today=WEDNESDAY, scale=0.01, seed=8))


def test_nobody_works_on_a_day_off(world: World) -> None:
    week = WorkWeek(weekdays=frozenset(range(1, 6)), country="SE", closed=frozenset(world.closed))
    for act in world.acts:
        assert week.is_open(act.day, act.by.country), act
        assert not any(act.day in leave.days for leave in act.by.leaves), act
        assert act.by.started_on is None or act.by.started_on <= act.day, act
        assert act.by.ended_on is None or act.day <= act.by.ended_on, act
    for deal in world.deals:
        for step in deal.steps:
            assert week.is_open(step.day, step.by.country)
            assert not any(step.day in leave.days for leave in step.by.leaves)


def test_nothing_has_happened_after_now(world: World) -> None:
    now = (WEDNESDAY, AFTERNOON)
    for act in world.acts:
        if act.outcome == "planned" or (act.day > WEDNESDAY and act.outcome == "cancelled"):
            assert act.kind == "meeting"
            assert act.booked_on is not None
            assert act.booked_on <= WEDNESDAY
            assert (act.day, act.second) > now
        else:
            assert (act.day, act.second) <= now
    assert all((step.day, step.second) <= now for deal in world.deals for step in deal.steps)
    assert any(act.day == WEDNESDAY and act.outcome != "planned" for act in world.acts)


def test_a_weekend_has_no_records_of_its_own() -> None:
    saturday = dt.date(2026, 11, 21)
    days = [act.day for act in build(today=saturday, scale=0.02).acts if act.outcome not in ("planned", "cancelled")]
    assert max(days) == dt.date(2026, 11, 20)


def test_before_work_there_is_nothing_of_today() -> None:
    early = build(today=WEDNESDAY, now=7 * 3600, scale=0.02)
    assert max(act.day for act in early.acts if act.outcome not in ("planned", "cancelled")) == dt.date(2026, 11, 17)


def test_each_sale_goes_in_order(world: World) -> None:
    meetings: dict[Company, dt.date] = {}
    for act in world.acts:
        if act.kind == "meeting" and act.outcome == "reached" and act.company is not None:
            meetings[act.company] = min(act.day, meetings.get(act.company, act.day))
    for deal in world.deals:
        moments = [(step.day, step.second) for step in deal.steps]
        assert moments == sorted(moments)
        if deal.mistyped:
            continue
        assert deal.steps[0].day == deal.opened_on
        assert deal.company.created_on <= deal.opened_on
        assert deal.first_contact_on is None or deal.first_contact_on <= deal.opened_on
        assert deal.expected_close_on is None or deal.expected_close_on > deal.opened_on
        assert (deal.closed_on is None) == (deal.status == "open")
        if deal.closed_on is not None:
            assert deal.steps[-1].day == deal.closed_on >= deal.opened_on
        if deal.company.channel and deal.company.created_on >= world.start:
            assert meetings[deal.company] <= deal.opened_on


def test_activities_of_a_deal_lie_within_it(world: World) -> None:
    for act in world.acts:
        if act.deal is not None:
            assert act.company is act.deal.company
            assert act.day >= act.deal.steps[0].day
        if act.company is not None:
            assert act.company.created_on <= act.day
        if act.booked_on is not None:
            assert act.booked_on <= act.day


def test_companies_have_names_and_numbers_of_their_own(world: World) -> None:
    assert len({company.name for company in world.companies}) == len(world.companies)
    numbers = [company.business_id for company in world.companies if company.business_id]
    assert len(set(numbers)) == len(numbers)
    for company in world.companies:
        digits = company.business_id.replace("-", "")
        if digits:
            check = swedish_check_digit(digits[:-1]) if company.country == "SE" else finnish_check_digit(digits[:-1])
            assert check == int(digits[-1])


def test_check_digits_of_known_examples() -> None:
    assert swedish_check_digit("212000014") == 2
    assert finnish_check_digit("0737546") == 2


def test_results_are_as_in_life(world: World) -> None:
    won = [deal for deal in world.deals if deal.status == "won"]
    lost = [deal for deal in world.deals if deal.status == "lost"]
    assert 0.2 < len(won) / (len(won) + len(lost)) < 0.3
    euro = {"EUR": 1.0, "SEK": 1 / 11.3}
    prices = [float(deal.amount) * euro[deal.currency] for deal in won if deal.amount and deal.currency in euro]
    assert 12_000 < mean(prices) < 17_000
    known = [deal for deal in won if not deal.mistyped]
    cycles = [(deal.closed_on - deal.first_contact_on).days for deal in known if deal.closed_on and deal.first_contact_on]
    assert 40 < mean(cycles) < 54
    assert 33 < median(cycles) < 46
    assert any(deal.amount is None for deal in world.deals)
    assert any(deal.first_contact_on is None for deal in won)
    assert sum(1 for deal in lost if deal.lost_reason) > 0.7 * len(lost)
    calls = [act for act in world.acts if act.kind == "call"]
    assert 0.25 < sum(1 for act in calls if act.outcome == "reached") / len(calls) < 0.4


def test_the_year_has_seasons(world: World) -> None:
    by_month: Counter[int] = Counter()
    by_weekday: Counter[int] = Counter()
    friday: Counter[bool] = Counter()
    for act in world.acts:
        if world.start <= act.day < dt.date(2026, 11, 1) and act.outcome != "planned":
            by_month[act.day.month] += 1
            by_weekday[act.day.isoweekday()] += 1
            if act.day.isoweekday() == 5 and act.kind == "call":
                friday[act.second > 14 * 3600] += 1
    usual = mean(by_month[month] for month in (2, 3, 4, 5, 9, 10))
    assert by_month[7] < 0.35 * usual
    assert by_month[12] < 0.75 * usual
    assert by_weekday[5] < 0.8 * by_weekday[2]
    assert set(by_weekday) == {1, 2, 3, 4, 5}
    assert friday[True] < 0.25 * friday[False]
    # Two Novembers to Octobers, the second with about 12 % more (and with who came and went).
    opened = [deal.opened_on for deal in world.deals if world.start <= deal.opened_on < dt.date(2026, 11, 1)]
    second = sum(1 for day in opened if day >= dt.date(2025, 11, 1))
    assert 1.0 < second / (len(opened) - second) < 1.3


def test_people_have_stories(world: World) -> None:
    sellers = world.sellers
    assert 22 <= len(sellers) <= 26
    assert len([seller for seller in sellers if seller.share < 1]) == 2
    assert any(len(seller.teams) > 1 for seller in sellers)
    assert any(seller.ended_on for seller in sellers)
    assert any(seller.started_on and seller.started_on > world.start for seller in sellers)
    away = [leave for seller in sellers for leave in seller.leaves if WEDNESDAY in leave.days]
    assert away
    assert all(leave.days.end < WEDNESDAY + dt.timedelta(days=60) for leave in away)
    for seller in sellers:
        assert all(team in TEAMS for team, _start, _end in seller.teams)
        days = sorted(leave.days for leave in seller.leaves)
        assert all(not one.meets(other) for one, other in pairwise(days))
    deals: dict[str, list[DealPlan]] = defaultdict(list)
    for deal in world.deals:
        deals[deal.opened_by.name].append(deal)
    calls = Counter(act.by.name for act in world.acts if act.kind == "call")
    wins = Counter(deal.steps[-1].by.name for deal in world.deals if deal.status == "won")
    assert calls["Oskar Hedin"] > 1.3 * calls["Mikael Strand"]
    assert wins["Oskar Hedin"] < wins["Mikael Strand"]


def test_goals_are_met_missed_running_and_to_come(world: World) -> None:
    keys = [(goal.kpi, goal.team, goal.seller, goal.company, goal.period) for goal in world.goals]
    assert len(set(keys)) == len(keys)
    assert all(goal.target > 0 for goal in world.goals)
    reached: Counter[bool] = Counter()
    for goal in world.goals:
        if goal.kpi == "revenue" and goal.period.end <= WEDNESDAY and goal.company is None:
            reached[world.results.actual("revenue", goal.team, goal.seller, goal.period) >= float(goal.target)] += 1
    assert min(reached[True], reached[False]) > 0.2 * reached.total()
    month = Period(dt.date(2026, 11, 1), dt.date(2026, 12, 1))
    assert {goal.kpi for goal in world.goals if goal.team == "Stockholm" and goal.period == month} >= {
        "revenue", "first_meetings_held", "calls", "opportunities_created", "win_rate", "sales_cycle_days"
    }
    assert any(goal.period.start > WEDNESDAY for goal in world.goals)


@pytest.mark.parametrize("day", [dt.date(2026, 11, 20), dt.date(2027, 1, 29), dt.date(2028, 2, 29)])
def test_stockholm_is_a_bit_behind_on_any_day_but_the_first_ones(day: dt.date) -> None:
    world = build(today=day)
    goal = next(
        goal for goal in world.goals
        if goal.kpi == "revenue" and goal.team == "Stockholm" and day in goal.period and len(goal.period) < 32
    )
    gone = world.results.gone("Stockholm", None, goal.period)
    pace = world.results.actual("revenue", "Stockholm", None, goal.period) / gone / float(goal.target)
    assert 0.7 < pace < 1.0
