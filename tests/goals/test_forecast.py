"""Forecasts as arithmetic: what must hold for any history."""

from __future__ import annotations

from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goals.forecast import Forecast, Views, already, of_ratio, of_stock, of_sum, views
from goals.forecast_methods import Method, rates
from goals.forecast_series import Point, Series
from goals.forecast_spread import Spread, widened

WEEK = [1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0]
MONTH = 28
AMOUNTS = st.lists(st.integers(0, 9).map(float), min_size=6 * MONTH, max_size=6 * MONTH)
DAYS = st.integers(1, MONTH - 1)


def seen(work: Series, day: int, months: int) -> Views:
    """The last of so many months of 28 days, on the morning of its day `day`."""
    starts = [MONTH * n for n in range(months)]
    now = Point(starts[-1], starts[-1] + day, starts[-1] + MONTH)
    return views(work, now, [(start, start + MONTH) for start in starts[:-1]], None)


def told(amounts: list[float], day: int, *, weights: list[float] | None = None, whole: bool = False) -> Forecast | None:
    """Of the month that begins after the amounts' last whole month, with its first days known."""
    months = len(amounts) // MONTH
    known = amounts[: MONTH * (months - 1) + day]
    work = Series(known, weights or WEEK * 4 * months)
    return of_sum(work, seen(work, day, months), whole=whole)


def some(found: Forecast | None) -> Forecast:
    assert found is not None
    return found


@given(
    weights=st.lists(st.sampled_from([0.0, 0.5, 1.0, 3.0]), min_size=6 * MONTH, max_size=6 * MONTH).filter(
        lambda days: all(sum(days[start : start + MONTH]) for start in range(0, 6 * MONTH, MONTH)) and sum(map(bool, days[: 5 * MONTH])) > 5
    ),
    rate=st.integers(1, 10_000), day=DAYS,
)
def test_exact_working_day_pace_gives_the_exact_end(weights: list[float], rate: int, day: int) -> None:
    found = some(told([rate * weight for weight in weights], day, weights=weights))
    assert found.spread.median == pytest.approx(rate * sum(weights[-MONTH:]))
    assert found.error == pytest.approx(0, abs=1e-9)


@given(amounts=AMOUNTS, day=DAYS, whole=st.booleans())
def test_the_probability_falls_as_the_target_rises(amounts: list[float], day: int, whole: bool) -> None:
    if (found := told(amounts, day, whole=whole)) is None:
        return
    top = found.spread.quantile(0.99) + 10
    chances = [found.spread.chance(top * n / 40) for n in range(41)]
    assert all(first >= second for first, second in pairwise(chances))
    assert all(0 <= chance <= 1 for chance in chances)
    low, high = found.spread.band
    assert low <= found.spread.median <= high


@given(amounts=AMOUNTS, day=DAYS, times=st.sampled_from([0.001, 7.0, 1e6]))
def test_in_another_currency_everything_is_as_many_times_as_large(amounts: list[float], day: int, times: float) -> None:
    found, scaled = told(amounts, day), told([amount * times for amount in amounts], day)
    assert (found is None) == (scaled is None)
    if found is None or scaled is None:
        return
    assert scaled.spread.median == pytest.approx(found.spread.median * times)
    assert scaled.spread.band == pytest.approx([edge * times for edge in found.spread.band])
    assert scaled.spread.chance(50 * times) == pytest.approx(found.spread.chance(50))
    assert scaled.error == pytest.approx(found.error)


@given(amounts=AMOUNTS, later=AMOUNTS, day=DAYS)
def test_methods_look_at_nothing_on_or_after_the_day(amounts: list[float], later: list[float], day: int) -> None:
    """Not even of a series that knows more, as those of earlier periods do."""
    cut = 3 * MONTH + day
    changed = amounts[:cut] + later[cut:]
    at = Point(3 * MONTH, cut, 4 * MONTH)
    earlier = [Point(start, start + day, start + MONTH) for start in (0, MONTH, 2 * MONTH)]
    one, other = (rates(Series(each, WEEK * 24), at, earlier, earlier[0]) for each in (amounts, changed))
    assert one == other


@given(amounts=AMOUNTS, day=DAYS)
def test_the_same_history_gives_the_same_forecast(amounts: list[float], day: int) -> None:
    assert told(amounts, day) == told(list(amounts), day)


def test_its_record_is_what_a_person_would_have_seen_at_the_time() -> None:
    amounts = [float(1 + (7 * n) % 11) for n in range(5 * MONTH)]
    found = some(told(amounts, 14))
    off = []
    for month in range(1, 4):  # the first has nothing before it to learn from
        half, whole = sum(amounts[month * MONTH : month * MONTH + 14]), sum(amounts[month * MONTH : (month + 1) * MONTH])
        off.append(abs(2 * half - whole) / whole)
    even = next(one for one in found.opinions if one.method is Method.EVEN)
    assert found.periods == 3
    assert even.error == pytest.approx(sum(off) / 3)
    assert even.end == pytest.approx(2 * sum(amounts[4 * MONTH : 4 * MONTH + 14]))


def test_who_was_right_is_believed() -> None:
    """Months that begin slowly and end with a rush; and months each of which has a level of its own."""
    rush = ([1.0] * 21 + [8.0] * 7) * 8
    found = some(told(rush, 14, weights=[1.0] * len(rush)))
    assert found.opinions[0].method is Method.SAME_PART
    assert found.spread.median == pytest.approx(sum(rush[:MONTH]), rel=0.02)
    levels = [float(level) for level in (2, 9, 4, 7, 3, 8, 5, 2, 9) for _ in range(MONTH)]
    found = some(told(levels, 14, weights=[1.0] * len(levels)))
    assert found.opinions[0].method is Method.EVEN
    assert found.opinions[0].trust > 0.9
    assert sum(one.trust for one in found.opinions) == pytest.approx(1)


def test_last_year_s_shape_needs_a_year() -> None:
    work = Series([1.0] * (13 * MONTH + 10), [1.0] * (14 * MONTH))
    points = seen(work, 10, 14).points
    asked = {a_year: {one.method for one in some(of_sum(work, Views(points, a_year), whole=True)).opinions} for a_year in (None, 13, 14)}
    assert Method.LAST_YEAR in asked[13]
    assert Method.LAST_YEAR not in asked[None] | asked[14]


@pytest.mark.parametrize("amounts", [[], [0.0] * 40, [5.0] * 3])
def test_too_little_history_is_no_forecast(amounts: list[float]) -> None:
    work = Series(amounts, [1.0] * 56)
    assert of_sum(work, Views((Point(0, len(amounts), 56),), None), whole=True) is None


def test_the_first_period_has_a_forecast_without_a_record_and_a_wider_band() -> None:
    amounts = [float(n % 4) for n in range(4 * MONTH)]
    first = some(of_sum(Series(amounts[:14], [1.0] * MONTH), Views((Point(0, 14, MONTH),), None), whole=False))
    later = some(told(amounts, 14, weights=[1.0] * len(amounts)))
    assert (first.error, first.periods) == (None, 0)
    assert all(one.error is None for one in first.opinions)
    assert first.spread.band[1] - first.spread.band[0] > later.spread.band[1] - later.spread.band[0]


def test_a_period_whose_days_are_all_over_ends_where_it_stands() -> None:
    amounts = [3.0] * (2 * MONTH)
    work = Series(amounts, [1.0] * 26 + [0.0, 0.0] + [1.0] * 26 + [0.0, 0.0])
    found = some(of_sum(work, views(work, Point(MONTH, 2 * MONTH - 1, 2 * MONTH), [(0, MONTH)], None), whole=False))
    assert found.spread.median == pytest.approx(81)


def test_records_of_the_running_day_are_there_already() -> None:
    found = already(some(told([2.0] * (3 * MONTH), 14, weights=[1.0] * 84, whole=True)), 60.0)
    assert found.spread.quantile(0.0001) == 60
    assert found.spread.chance(60) == 1
    assert found.spread.chance(61) < 1


@given(above=AMOUNTS, below=AMOUNTS, day=DAYS)
def test_a_share_stays_between_0_and_1_and_its_probability_falls(above: list[float], below: list[float], day: int) -> None:
    lower = [one + other for one, other in zip(above, below, strict=True)]
    cut = 5 * MONTH + day
    work = Series(lower[:cut], WEEK * 24)
    found = of_ratio(work, lower[:cut], above[:cut], seen(work, day, 6), share=True)
    if found is None:
        return
    low, high = found.spread.band
    assert 0 <= low <= found.spread.median <= high <= 1
    chances = [found.spread.chance(n / 20) for n in range(22)]
    assert all(first >= second for first, second in pairwise(chances))
    assert chances[-1] == 0


def test_a_ratio_is_sums_over_sums_never_a_mean_of_ratios() -> None:
    """100 of 100 in the first half and 0 of 1 a day from now on, as in every month before: it ends at 100 of 114."""
    below, above = ([10.0] * 10 + [1.0] * 18) * 6, ([10.0] * 10 + [0.0] * 18) * 6
    cut = 5 * MONTH + 10
    work = Series(below[:cut], [1.0] * (6 * MONTH))
    found = some(of_ratio(work, below[:cut], above[:cut], seen(work, 10, 6), share=True))
    assert found.opinions[0].method is Method.SAME_PART
    assert found.opinions[0].end == pytest.approx(100 / 118, rel=0.02)


def test_a_constant_ratio_stays_what_it_is_whatever_comes_in() -> None:
    below = [float(n % 5) for n in range(5 * MONTH + 9)]
    work = Series(below, WEEK * 24)
    found = some(of_ratio(work, below, [0.4 * one for one in below], seen(work, 9, 6), share=True))
    assert found.spread.median == pytest.approx(0.4)


def test_a_stock_stays_or_changes_as_it_did() -> None:
    still = some(of_stock([(100.0, 100.0)] * 6, 80.0, a_year=None))
    assert (still.spread.median, still.error) == (80.0, 0.0)
    rising = some(of_stock([(100.0 + n, 150.0 + n) for n in range(10)], 200.0, a_year=None))
    assert rising.opinions[0].method is Method.SAME_PART
    assert rising.spread.median == pytest.approx(250, rel=0.01)
    assert of_stock([(100.0, 90.0)] * 4, 80.0, a_year=None) is None


@given(middle=st.floats(0.5, 100), deviation=st.floats(0.01, 10), part=st.floats(0.02, 0.98), rooted=st.booleans())
def test_probabilities_and_quantiles_are_of_one_distribution(middle: float, deviation: float, part: float, rooted: bool) -> None:
    spread = Spread(10.0, middle, deviation, rooted=rooted)
    end = spread.quantile(part)
    if end > 10.01 or not rooted:
        assert spread.chance(end) == pytest.approx(1 - part, abs=1e-6)
        assert spread.chance(end) + spread.chance_at_most(end) == pytest.approx(1, abs=1e-6)


def test_of_whole_records_at_least_one_more_is_the_rest_of_at_most_that_many() -> None:
    spread = Spread(10.0, 2.0, 0.5, rooted=True, whole=True, floor=10.0)
    assert spread.chance_at_most(13) == pytest.approx(1 - spread.chance(14))
    assert spread.median == 14
    assert all(edge == int(edge) for edge in spread.band)


def test_without_any_noise_it_is_certain() -> None:
    spread = Spread(10.0, 2.0, 0.0, rooted=True)
    assert [spread.chance(target) for target in (9.0, 14.0, 14.1)] == [1, 1, 0]


def test_few_errors_make_a_wide_deviation_and_a_wild_one_counts_as_a_large_one() -> None:
    ones = [widened([1.0] * count, 1.0) for count in (0, 4, 20, 2000)]
    assert ones == sorted(ones, reverse=True)
    assert ones[-1] == pytest.approx(1, abs=0.001)
    assert widened([50.0], 1.0) == widened([-2.0], 1.0)


@given(weights=st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=60, max_size=60), now=st.integers(1, 29))
def test_the_same_point_of_another_period_has_as_large_a_share_of_its_work_behind_it(weights: list[float], now: int) -> None:
    work = Series([], weights)
    point = work.same_point(Point(30, 30 + now, 60), 0, 30)
    before, total = [0.0, *accumulate(weights[:30])], sum(weights[:30])
    whole = sum(weights[30:])
    assert 0 <= point.now <= 30
    if total and whole:
        gone = sum(weights[30 : 30 + now]) / whole * total
        assert before[point.now] == next(one for one in before if one >= gone - 1e-6)
