"""Goal arithmetic against plain loops, and what must hold whatever the figures are."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goals.pacing import Clock, Pace, attainment, clock, expected_curve, pace
from goals.status import Status, of_reach

D = Decimal
ONE_DAY = dt.timedelta(days=1)
MONDAY = dt.date(2026, 11, 2)
World = tuple[dict[dt.date, Decimal], dt.date, bool]
SHARES = [D(0), D("0.5"), D("0.6"), D(1), D(3)]


def five_days(start: dt.date = MONDAY) -> dict[dt.date, Decimal]:
    return {start + ONE_DAY * n: D(1 if n < 5 else 0) for n in range(7)}


@st.composite
def worlds(draw: st.DrawFn) -> World:
    start = draw(st.dates(dt.date(2023, 1, 1), dt.date(2028, 12, 31)))
    weights = draw(st.lists(st.sampled_from(SHARES), min_size=1, max_size=120).filter(any))
    days = {start + ONE_DAY * n: weight for n, weight in enumerate(weights)}
    today = draw(st.dates(start - 3 * ONE_DAY, start + ONE_DAY * (len(weights) + 2)))
    return days, today, draw(st.booleans())


amounts = st.decimals(D("0.01"), D(10) ** 7, places=2)


def test_it_works() -> None:
    at = clock(five_days(), today=dt.date(2026, 11, 4), today_counts=False)
    assert at == Clock(days=5, days_gone=2, worked=D(2), worked_tonight=D(3), total=D(5), time_gone=D("0.4"), begun=True, over=False)
    assert pace(target=D(50), actual=D(17), at=at) == Pace(
        expected=D(20), expected_tonight=D(30), index=D("0.85"), required=D(11), projected=D("42.5")
    )


def test_today_counts_at_its_end() -> None:
    at = clock(five_days(), today=dt.date(2026, 11, 4), today_counts=True)
    assert (at.days_gone, at.gone, at.days_left) == (3, D("0.6"), 2)


def test_before_the_first_day_nothing_is_expected() -> None:
    at = clock(five_days(), today=MONDAY - ONE_DAY, today_counts=False)
    assert not at.begun
    assert pace(target=D(50), actual=D(0), at=at) == Pace(D(0), D(0), None, D(10), None)


def test_on_the_last_day_only_the_gap_is_left() -> None:
    at = clock(five_days(), today=MONDAY + 7 * ONE_DAY, today_counts=False)
    standing = pace(target=D(50), actual=D(41), at=at)
    assert (at.over, standing.required, standing.projected) == (True, None, D(41))


def test_reached_needs_nothing_more() -> None:
    at = clock(five_days(), today=MONDAY + ONE_DAY, today_counts=False)
    assert pace(target=D(50), actual=D(51), at=at).required == 0


def test_a_period_without_working_days_is_gone_when_its_last_day_is() -> None:
    weekend = {MONDAY - ONE_DAY: D(0), MONDAY - 2 * ONE_DAY: D(0)}
    assert clock(weekend, today=MONDAY - ONE_DAY, today_counts=False).gone == 0
    assert clock(weekend, today=MONDAY - ONE_DAY, today_counts=True).gone == 1
    assert clock(weekend, today=MONDAY, today_counts=False).gone == 1


def test_attainment_of_no_target_is_none() -> None:
    assert attainment(D(5), D(0)) is None


@given(amounts, amounts)
def test_doubling_the_target_halves_attainment(actual: Decimal, target: Decimal) -> None:
    once, twice = attainment(actual, target), attainment(actual, target * 2)
    assert once is not None
    assert twice == pytest.approx(once / 2)


@given(worlds(), amounts, amounts)
def test_pace_equals_plain_loops(world: World, target: Decimal, actual: Decimal) -> None:
    weights, today, counts = world
    total = gone = tonight = D(0)
    days = left = 0
    for day, weight in weights.items():
        total += weight
        past = day < today or (counts and day == today)
        if past:
            gone += weight
        if day <= today:
            tonight += weight
        if weight:
            days += 1
            left += not past
    at = clock(weights, today=today, today_counts=counts)
    standing = pace(target=target, actual=actual, at=at)
    assert (at.days, at.days_left) == (days, left)
    assert standing.expected * total == pytest.approx(target * gone)
    assert standing.expected_tonight * total == pytest.approx(target * tonight)
    if gone:
        assert standing.index == pytest.approx(actual * total / (target * gone))
        if not at.over:
            assert standing.projected == pytest.approx(actual + actual / gone * (total - gone))
    else:
        assert (standing.index, standing.projected) == (None, actual if at.over else None)
    if actual >= target:
        assert standing.required == 0
    elif left:
        assert standing.required is not None
        assert standing.required * left == pytest.approx(target - actual)
    else:
        assert standing.required is None


@given(worlds(), amounts)
def test_the_curve_rises_with_work_alone_and_ends_at_the_target(world: World, target: Decimal) -> None:
    weights, _, _ = world
    curve = expected_curve(target, weights)
    assert curve[-1][1] == target
    before = D(0)
    for day, due in curve:
        assert (due > before) == (weights[day] > 0)
        at = clock(weights, today=day, today_counts=True)
        assert due == pytest.approx(target * at.gone)
        before = due


@given(worlds(), amounts, st.booleans())
def test_exactly_at_pace_is_never_behind(world: World, target: Decimal, is_count: bool) -> None:
    """At the start of a day with the work of the days before it, and at its end with the day's own."""
    weights, today, counts = world
    at = clock(weights, today=today, today_counts=counts)
    actual = target * at.gone
    standing = pace(target=target, actual=actual, at=at)
    verdict = of_reach(target=target, actual=actual, records=40, is_count=is_count, at=at, pace=standing)
    assert verdict.status in (Status.UPCOMING, Status.TOO_EARLY, Status.ON_TRACK, Status.ACHIEVED)
    if D("0.1") <= at.gone < 1 and at.begun:
        assert verdict.status is Status.ON_TRACK


@given(worlds(), st.integers(1, 5000))
def test_whole_records_at_pace_are_never_behind(world: World, target: int) -> None:
    """Nobody can hold two and a half meetings: the whole ones that the pace asks for are enough."""
    weights, today, counts = world
    at = clock(weights, today=today, today_counts=counts)
    actual = D(int(D(target) * at.gone))
    standing = pace(target=D(target), actual=actual, at=at)
    verdict = of_reach(target=D(target), actual=actual, records=int(actual), is_count=True, at=at, pace=standing)
    assert verdict.status in (Status.UPCOMING, Status.TOO_EARLY, Status.ON_TRACK, Status.ACHIEVED)
