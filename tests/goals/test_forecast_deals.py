"""Forecasts from open deals: what must hold for any lives of deals."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goals.forecast import Views, of_sum
from goals.forecast_deals import FEW, OLDEST, UNKNOWN, Chances, Known, Life, expected
from goals.forecast_methods import Method
from goals.forecast_series import Point, Series

DAYS = 200
WORK = [1.0] * DAYS
STAGES = st.lists(st.tuples(st.integers(-20, 150), st.integers(1, 3)), max_size=4).map(lambda steps: tuple(sorted(steps)))


@st.composite
def lives_of(draw: st.DrawFn) -> list[Life]:
    found = []
    for _ in range(draw(st.integers(0, 12))):
        opened, closed = draw(st.integers(-30, 150)), None
        if draw(st.booleans()):
            closed = opened + draw(st.integers(0, 90))
        amount = draw(st.one_of(st.none(), st.integers(0, 900).map(float)))
        found.append(Life(opened, closed, closed is not None and draw(st.booleans()), amount, draw(STAGES)))
    return found


def work_of(lives: list[Life], counted: bool) -> Series:
    amounts = [0.0] * DAYS
    for life in lives:
        if life.won and life.closed is not None and 0 <= life.closed < DAYS:
            amounts[life.closed] += 1.0 if counted else life.amount or 0.0
    return Series(amounts, WORK)


def rest(lives: list[Life], now: int, *, counted: bool = True, end: int = DAYS) -> float:
    """What the days from `now` to `end` bring."""
    (found,) = expected(lives, work_of(lives, counted), [Point(now - 10, now, end)], counted=counted)
    return found or 0.0


def slowly(lives: list[Life], now: int) -> dict[str, dict[tuple[int, int], float]]:
    """Deals by stage and age, day after day: how many were seen through a week of their age, and how many ended in it."""
    seen: dict[str, dict[tuple[int, int], float]] = {"there": {}, "won": {}, "lost": {}}
    for life in lives:
        day, last = life.opened, now - 1
        began = day
        while day <= last:
            age = 0 if day == life.opened else (day - life.opened - 1) // 7 + 1
            if day == life.opened or (day - life.opened - 1) % 7 == 0:
                began = day
            ends, over = life.closed == day, day == life.opened or (day - life.opened) % 7 == 0
            if began >= 0 and (ends or over):
                stage = UNKNOWN
                for entered, one in life.stages:
                    stage = one if entered < began else stage
                cell = stage, min(age, OLDEST)
                for kind in ("there", *([("won" if life.won else "lost")] if ends else [])):
                    seen[kind][cell] = seen[kind].get(cell, 0) + 1
            if ends:
                break
            day += 1
    return seen


@given(lives=lives_of(), now=st.integers(1, 180))
def test_the_chances_are_those_of_a_slow_count(lives: list[Life], now: int) -> None:
    known = Known(lives, 180)
    known.move_on(max(now // 2, 1))
    known.move_on(now)
    chances, slow = Chances(known.counts), slowly(lives, now)
    for ended, by_age in (("won", chances.won), ("lost", chances.lost)):
        def total(kind: str, age: int) -> float:
            return sum(many for (_, one), many in slow[kind].items() if one == age)

        later = range(1, OLDEST + 1)
        usual = sum(total(ended, age) for age in later) / max(sum(total("there", age) for age in later), 1)
        assert by_age[0] == pytest.approx(total(ended, 0) / (total("there", 0) + FEW))
        for age in later:
            usual = (total(ended, age) + FEW * usual) / (total("there", age) + FEW)
            assert by_age[age] == pytest.approx(usual)
        for stage in {stage for stage, age in slow["there"] if age}:
            due = sum(many * by_age[age] for (one, age), many in slow["there"].items() if one == stage and age)
            ends = sum(many for (one, age), many in slow[ended].items() if one == stage and age)
            times = chances.times_won if ended == "won" else chances.times_lost
            assert times[stage] == pytest.approx((ends + FEW) / (due + FEW))


@given(lives=lives_of(), now=st.integers(1, 180), later=lives_of(), counted=st.booleans())
def test_nothing_on_or_after_the_morning_is_looked_at(lives: list[Life], now: int, later: list[Life], counted: bool) -> None:
    """Not whether a deal is won or lost then, not its stages then, not the deals that are opened then."""
    def until_now(life: Life) -> Life:
        known = replace(life, stages=tuple(step for step in life.stages if step[0] < now))
        return known if life.closed is not None and life.closed < now else replace(known, closed=None, won=False)

    def put_off(life: Life) -> Life:
        days = now + 30
        return replace(life, opened=life.opened + days, closed=None if life.closed is None else life.closed + days)

    known, others = [until_now(life) for life in lives if life.opened < now], [put_off(life) for life in later]
    assert rest([*lives, *others], now, counted=counted) == pytest.approx(rest(known, now, counted=counted))


@given(lives=lives_of(), counted=st.booleans())
def test_a_point_s_answer_needs_no_other_points(lives: list[Life], counted: bool) -> None:
    work = work_of(lives, counted)
    points = [Point(0, 20, 60), Point(60, 80, 120), Point(120, 150, 180)]
    together = expected(lives, work, points, counted=counted)
    assert [found for point in points for found in expected(lives, work, [point], counted=counted)] == together


@given(lives=lives_of(), now=st.integers(1, 180), counted=st.booleans())
def test_more_time_brings_no_less(lives: list[Life], now: int, counted: bool) -> None:
    found = [rest(lives, now, counted=counted, end=end) for end in range(now + 1, DAYS, 3)]
    assert all(one <= other + 1e-9 for one, other in pairwise(found))
    assert all(one >= 0 for one in found)


@given(lives=lives_of(), now=st.integers(1, 180))
def test_no_more_is_won_than_there_is_to_win(lives: list[Life], now: int) -> None:
    arrived = sum(1 for life in lives if max(0, now - 90) <= life.opened < now)
    new = arrived / min(now, 90) * (DAYS - now)
    assert rest(lives, now) <= sum(1 for life in lives if life.is_open(now)) + new + 1e-9


def test_deals_that_always_win_after_three_weeks_do_so_again() -> None:
    """One opened each day and won on its 21st: on each of the next days one is won."""
    lives = [Life(day, day + 21, True, 100.0) for day in range(180)]
    assert rest(lives, 150, end=164) == pytest.approx(14, rel=0.1)
    assert rest(lives, 150, end=164, counted=False) == pytest.approx(1400, rel=0.1)


def test_a_later_stage_is_nearer_to_being_won() -> None:
    """Half the deals come to the second stage, and these are won."""
    lives = [Life(day, day + 20, day % 2 == 0, 100.0, ((day, 1), *([(day + 10, 2)] if day % 2 == 0 else []))) for day in range(150)]
    now = 150
    known = Known([*lives], now)
    known.move_on(now)
    until = Chances(known.counts).until(3.0)
    assert until[2][2] > 0.6 > 0.45 > until[1][2]


def test_amounts_count_where_lost_deals_have_one_too() -> None:
    closed = [Life(day, day + 10, day % 2 == 0, 100.0 + day % 3) for day in range(100)]
    big, small = Life(95, None, False, 5000.0), Life(95, None, False, 5.0)
    assert rest([*closed, big], 100, counted=False) > rest([*closed, small], 100, counted=False) + 500
    only_won = [life if life.won else replace(life, amount=None) for life in closed]
    assert rest([*only_won, big], 100, counted=False) == pytest.approx(rest([*only_won, small], 100, counted=False))


def test_deals_without_an_amount_count_as_what_is_usual() -> None:
    closed = [Life(day, day + 10, day % 2 == 0, 100.0) for day in range(100)]
    with_, without = Life(95, None, False, 100.0), Life(95, None, False, None)
    assert rest([*closed, without], 100, counted=False) == pytest.approx(rest([*closed, with_], 100, counted=False), rel=0.05)
    bare = [replace(life, amount=None) for life in closed]
    assert rest(bare, 100, counted=False) == 0
    assert rest(bare, 100) > 0


def test_without_deals_it_says_nothing() -> None:
    work, points = Series([1.0] * 150, WORK), [Point(100, 120, 140), Point(140, 150, 180)]
    assert expected([], work, points, counted=True) == [None, None]
    assert expected([Life(130, None, False, None)], work, points, counted=True)[0] is None
    found = of_sum(work, Views(tuple(points), None), whole=True, deals=[None, None])
    assert found is not None
    assert Method.DEALS not in {one.method for one in found.opinions}


def test_its_trust_follows_from_its_record() -> None:
    """Eight deals are opened on the first day of every 40th and won on its 30th: only the open deals tell it."""
    lives = [Life(start, start + 30, True, None) for start in range(0, 200, 40) for _ in range(8)]
    work = work_of(lives, counted=True)
    points = [Point(start, start + 10, start + 40) for start in range(0, 200, 40)]
    found = of_sum(work, Views(tuple(points), None), whole=True, deals=expected(lives, work, points, counted=True))
    assert found is not None
    assert sum(one.trust for one in found.opinions) == pytest.approx(1)
    deals = next(one for one in found.opinions if one.method is Method.DEALS)
    assert deals.error is not None
