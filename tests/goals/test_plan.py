"""The way from what is missing back to calls, against plain reckoning; ranges; velocity and what each lever pays."""

from __future__ import annotations

import math
from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goals.plan import (
    Crew,
    Link,
    Need,
    Rate,
    brings,
    changed,
    count_rate,
    mean_bounds,
    mean_rate,
    needs,
    share_rate,
    wilson,
)
from goals.velocity import Velocity, best, better, pays, upper_quarter
from kpi_tracker.kpis.metrics import Lever

STEPS = ("revenue", "deals", "opportunities", "meetings", "conversations", "calls")


def chain(*rates: Rate) -> list[Link]:
    """From revenue down."""
    return [Link(step, to, rate) for to, step, rate in zip(STEPS, STEPS[1:], rates, strict=False)]


def plain_chain() -> list[Link]:
    return chain(mean_rate(F(500_000), 50, []), share_rate(30, 100), count_rate(40, 50), share_rate(50, 400), count_rate(400, 1000))


def test_it_works() -> None:
    found = needs(F(60_000), "revenue", plain_chain())
    assert {step: need.total for step, need in found.items()} == {
        "revenue": 60_000, "deals": 6, "opportunities": 20, "meetings": 25, "conversations": 200, "calls": 500,
    }
    crew = Crew(days=8, seller_days=F(20))
    assert (crew.sellers, crew.a_day(F(500)), crew.a_seller_day(F(500))) == (F(5, 2), F(125, 2), 25)
    assert crew.with_more(2).a_seller_day(F(500)) == F(500, 36)


counts = st.integers(1, 10_000)
pairs = st.tuples(counts, counts)
money = st.decimals("0.01", 10**7, places=2).map(F)
factors = st.integers(-50, 100).map(lambda percent: 1 + F(percent, 100))


@given(money, money, st.lists(pairs, min_size=5, max_size=5), st.dictionaries(st.sampled_from(STEPS[1:]), factors))
def test_the_calls_of_a_plan_bring_what_is_missing_to_the_cent(
    missing: F, revenue: F, drawn: list[tuple[int, int]], changes: dict[str, F]
) -> None:
    deals, won, opened, met, reached = drawn
    rates = (share_rate(min(won), max(won)), count_rate(*opened), share_rate(min(met), max(met)), count_rate(*reached))
    links = changed(chain(mean_rate(revenue, deals[0], []), *rates), changes)
    found = needs(missing, "revenue", links)
    for step in STEPS:
        need = found[step]
        assert need.total is not None
        assert brings(need.total, step, "revenue", links) == missing
        assert need.low is not None
        assert need.low <= need.total
        assert need.high is None or need.high >= need.total
    days = Crew(7, F(21))
    a_day = days.a_day(found["calls"].total)
    assert a_day is not None
    assert a_day * 7 == found["calls"].total


def test_what_stands_beside_the_way_needs_as_the_step_that_it_leads_to() -> None:
    """Proposals: 6 deals at one deal for 3 of them; the way down is as without them."""
    links = plain_chain()
    links.insert(1, Link("proposals", "deals", count_rate(20, 60)))
    found = needs(F(60_000), "revenue", links)
    assert (found["proposals"].total, found["calls"].total) == (18, 500)


def test_nothing_missing_needs_nothing() -> None:
    for missing in (F(0), F(-5)):
        assert set(needs(missing, "revenue", chain(mean_rate(F(0), 0, []), share_rate(0, 10))).values()) == {Need(F(0), F(0), F(0))}


def test_a_rate_of_zero_and_one_that_is_missing_leave_what_is_below_unknown() -> None:
    nothing_came = chain(mean_rate(F(1000), 10, []), share_rate(0, 30), count_rate(5, 5))
    found = needs(F(300), "revenue", nothing_came)
    assert (found["deals"].total, found["opportunities"].total, found["meetings"].total) == (3, None, None)
    no_records = chain(mean_rate(F(0), 0, []), share_rate(1, 2))
    found = needs(F(300), "revenue", no_records)
    assert (found["deals"].total, found["opportunities"].total) == (None, None)
    assert share_rate(0, 0).value is None
    assert brings(F(1), "opportunities", "revenue", no_records) is None


def test_without_working_days_or_sellers_left_there_is_no_daily_figure() -> None:
    assert (Crew(0, F(0)).sellers, Crew(0, F(0)).a_day(F(5)), Crew(0, F(0)).a_seller_day(F(5))) == (0, None, None)
    assert Crew(3, F(3)).with_more(-5).a_seller_day(F(5)) is None
    assert Crew(3, F(3)).a_day(None) is None


def test_a_share_never_passes_one() -> None:
    rate = share_rate(90, 100).by(F(2))
    assert (rate.value, rate.high) == (1, 1)
    assert count_rate(90, 100).by(F(2)).value == F(9, 5)


def test_too_few_records_to_plan_with() -> None:
    assert share_rate(3, 20).is_enough
    assert not share_rate(3, 19).is_enough
    assert not share_rate(2, 200).is_enough
    assert mean_rate(F(5000), 5, []).is_enough
    assert not mean_rate(F(4000), 4, []).is_enough


# Ranges --------------------------------------------------------------------------------------------

def by_bisection(successes: int, trials: int, low: float, high: float) -> float:
    """The chance that lies as far from what was seen as 1.2816 of its own standard errors."""
    def off(chance: float) -> float:
        return abs(successes / trials - chance) - 1.2815515655446004 * math.sqrt(chance * (1 - chance) / trials)

    rising = off(high) > off(low)
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (low, middle) if (off(middle) > 0) == rising else (middle, high)
    return low


@given(st.integers(1, 400), st.data())
def test_wilson_s_range_against_its_definition(trials: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, trials))
    low, high = wilson(successes, trials)
    share = successes / trials
    assert float(low) == pytest.approx(by_bisection(successes, trials, 0.0, share) if successes else 0.0, abs=1e-9)
    assert float(high) == pytest.approx(by_bisection(successes, trials, share, 1.0) if successes < trials else 1.0, abs=1e-9)


def test_known_ranges() -> None:
    assert [round(float(bound), 4) for bound in wilson(28, 88)] == [0.2584, 0.3846]
    rate = count_rate(150, 100)  # of 250 together 60 %: from 56 % to 63.9 %
    assert [round(float(bound), 3) for bound in (rate.low or 0, rate.value or 0, rate.high or 0)] == [1.272, 1.5, 1.77]


def test_the_range_of_a_mean_from_groups_of_one_is_student_s() -> None:
    amounts = [F(900), F(1100), F(1000), F(1200), F(800)]
    bounds = mean_bounds(sum(amounts, F(0)), 5, [(amount, 1) for amount in amounts])
    assert bounds is not None
    deviation = math.sqrt(sum((float(amount) - 1000) ** 2 for amount in amounts) / 4)
    assert [round(float(bound), 2) for bound in bounds] == [round(1000 + sign * 1.5332 * deviation / math.sqrt(5), 2) for sign in (-1, 1)]
    assert mean_bounds(F(10), 1, [(F(10), 1), (F(0), 0)]) is None


def test_ranges_join_as_independent_errors() -> None:
    one, other = share_rate(30, 100), share_rate(50, 400)
    links = chain(mean_rate(F(1000), 10, []), one, other)
    found = needs(F(3000), "revenue", links)["meetings"]
    assert found.total is not None
    assert found.high is not None
    errors = [math.log(float(rate.value or 0) / float(rate.low or 1)) for rate in (one, other)]
    assert float(found.high / found.total) == pytest.approx(math.exp(math.hypot(*errors)))
    assert float(found.high / found.total) < math.exp(sum(errors))


# Velocity ------------------------------------------------------------------------------------------

NOW = Velocity(opportunities=F(57), win_rate=F(32, 100), deal_value=F(15_000), cycle=F(45))


def test_velocity_and_its_tenths() -> None:
    assert NOW.a_day == F(57) * F(32, 100) * 15_000 / 45 == 6080
    assert NOW.a_month == F(6080) * 365 / 12
    gains = {one.lever: one.tenth / NOW.a_month for one in pays(NOW, {})}
    assert gains == {Lever.OPPORTUNITIES: F(1, 10), Lever.WIN_RATE: F(1, 10), Lever.DEAL_VALUE: F(1, 10), Lever.CYCLE: F(1, 9)}
    assert pays(NOW, {})[0].lever is Lever.CYCLE


def test_what_can_be_reached_ranks_the_levers() -> None:
    found = pays(NOW, {Lever.WIN_RATE: F(5, 4), Lever.CYCLE: F(9, 10), Lever.DEAL_VALUE: F(9, 10)})
    assert [one.lever for one in found] == [Lever.WIN_RATE, Lever.CYCLE, Lever.OPPORTUNITIES, Lever.DEAL_VALUE]
    assert [one.reach for one in found] == [NOW.a_month / 4, NOW.a_month / 9, None, None]


@given(st.dictionaries(st.sampled_from(list(Lever)), factors))
def test_ranks_fall_and_each_is_the_difference_that_its_lever_makes(reachable: dict[Lever, F]) -> None:
    found = pays(NOW, reachable)
    reached = [one.reach for one in found if one.reach is not None]
    assert reached == sorted(reached, reverse=True)
    assert all(one > 0 for one in reached)
    for one in found:
        if one.factor is not None:
            values = {lever: NOW.of(lever) * (one.factor if lever is one.lever else 1) for lever in Lever}
            win_rate = min(values[Lever.WIN_RATE], F(1))
            a_day = values[Lever.OPPORTUNITIES] * win_rate * values[Lever.DEAL_VALUE] / max(values[Lever.CYCLE], F(1))
            assert one.reach == (a_day - NOW.a_day) * F(365, 12)


def test_no_lever_passes_its_limit() -> None:
    sure = Velocity(F(10), F(95, 100), F(100), F(1))
    assert sure.by({Lever.WIN_RATE: F(2), Lever.CYCLE: F(1, 2)}) == Velocity(F(10), F(1), F(100), F(1))
    assert {one.lever: one.tenth for one in pays(sure, {})}[Lever.CYCLE] == 0
    assert pays(Velocity(F(0), F(1), F(1), F(5)), {})[0].tenth == 0


def test_the_best_and_the_upper_quarter() -> None:
    assert (best(Lever.CYCLE, [F(40), F(35)]), best(Lever.WIN_RATE, [F(1, 4), F(1, 3)]), best(Lever.CYCLE, [])) == (35, F(1, 3), None)
    values = [F(one) for one in (10, 50, 30, 20, 40)]
    assert (upper_quarter(Lever.WIN_RATE, values), upper_quarter(Lever.CYCLE, values)) == (40, 20)
    assert upper_quarter(Lever.WIN_RATE, values[:2]) is None
    assert (better(Lever.CYCLE, F(1, 10)), better(Lever.WIN_RATE, F(1, 10))) == (F(9, 10), F(11, 10))
