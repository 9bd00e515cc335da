"""Where a period is likely to end: a distribution, the methods behind it, and how far off they were before. Pure.

Sums (calls, revenue) are what has come in and a rate for each unit of working time that is left. Ratios (win rate, average deal
value) are the sum of numerators over the sum of denominators at the end, both forecast; never a mean of ratios. Stocks (open
pipeline) are what stands now and a change. Each method's forecast is blended by its record at this point of earlier periods.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from goals.forecast_methods import PARTS_BACK, Method, rates
from goals.forecast_record import Ends, Record
from goals.forecast_series import Point, Series
from goals.forecast_spread import DRIFT, DRIFT_UNKNOWN, Spread, widened

# With fewer days of work behind it, or changes of a stock, nothing is said.
FEWEST_DAYS = 5
FEWEST_CHANGES = 4


@dataclass(frozen=True, slots=True)
class Opinion:
    """One method: where it says the period ends, how far off it was before (None: no record), its share of the blend."""

    method: Method
    end: float
    error: float | None
    trust: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """opinions: the most trusted first. error: how far off the blend was at this point of `periods` earlier periods."""

    spread: Spread
    opinions: tuple[Opinion, ...]
    error: float | None
    periods: int


@dataclass(frozen=True, slots=True)
class Views:
    """The same point of the earlier periods, oldest first, and last of the one to forecast.

    a_year: how many periods make a year; None where a year is no whole number of them.
    """

    points: tuple[Point, ...]
    a_year: int | None

    @property
    def now(self) -> Point:
        return self.points[-1]

    def before(self, i: int) -> tuple[Sequence[Point], Point | None]:
        """What the method may look back at from the i-th: the periods before it, and the one a year ago."""
        year_ago = self.points[i - self.a_year] if self.a_year and i >= self.a_year else None
        return self.points[max(0, i - PARTS_BACK) : i], year_ago


def views(work: Series, now: Point, earlier: Sequence[tuple[int, int]], a_year: int | None) -> Views:
    """Earlier periods, given by first day and end, seen when as large a share of the working time was over as of `now`."""
    return Views((*(work.same_point(now, start, end) for start, end in earlier), now), a_year)


def of_sum(work: Series, seen: Views, *, whole: bool, deals: Sequence[float | None] = ()) -> Forecast | None:
    """Of a count (`whole`) or another sum, carried by working time; None where there is too little to go by.

    deals: what deals bring in the rest of each point's period (see `forecast_deals`), where the sum is of deals won.
    """
    now = seen.now
    if not _enough(work, now):
        return None
    record, said, ends = _sums(work, seen, deals)
    if not ends:
        return None
    done, left = work.amount(now.start, now.now), max(said[-1] - work.amount(now.start, now.now), 0.0)
    drift = DRIFT if record.outcomes else DRIFT_UNKNOWN
    expected = math.sqrt(work.noise(now.now) / 4 + (drift / 2) ** 2 * left)
    errors = [_root(one.actual - one.done) - _root(one.said - one.done) for one in record.judged]
    spread = Spread(done, math.sqrt(left), widened(errors, expected), rooted=True, whole=whole)
    return _forecast(spread, record, ends)


def of_ratio(work: Series, denominators: Sequence[float], numerators: Sequence[float], seen: Views, *, share: bool) -> Forecast | None:
    """Of the sum of `numerators` over that of `denominators`, both by day; `share`: it is at most 1.

    How large the denominator becomes is forecast as a sum: the more of it is still to come, the more may change.
    """
    below, above, now = work.carrying(denominators), Series(numerators, denominators), seen.now
    if not _enough(below, now):
        return None
    _, totals, _ = _sums(below, seen)

    def ends(i: int) -> dict[Method, float]:
        point, total = seen.points[i], totals[i]
        done, left = above.amount(point.start, point.now), max(total - below.amount(point.start, point.now), 0.0)
        return {method: (done + rate * left) / total for method, rate in rates(above, point, *seen.before(i)).items()} if total > 0 else {}

    def outcome(point: Point) -> tuple[float, float]:
        return 0.0, above.rate(point.start, point.end) or 0.0

    record, said, last = _told(seen, ends, outcome)
    if not last:
        return None
    total, rate = totals[-1], above.year(now.now) or 0.0
    left = max(total - below.amount(now.start, now.now), 0.0)
    drift = (DRIFT if record.outcomes else DRIFT_UNKNOWN) * rate * left
    expected = math.sqrt(above.noise(now.now) * rate * left + drift**2) / total
    errors = [one.actual - one.said for one in record.judged]
    spread = Spread(0.0, said[-1], widened(errors, expected), rooted=False, floor=0.0, top=1.0 if share else math.inf)
    return _forecast(spread, record, last)


def of_stock(stands: Sequence[tuple[float, float]], value: float, *, a_year: int | None) -> Forecast | None:
    """Of what stood at this point of earlier periods and at their end, oldest first, and stands at `value` now."""
    if len(stands) < FEWEST_CHANGES + 1:
        return None
    seen = Views(tuple(Point(i, i, i) for i in range(len(stands) + 1)), a_year)

    def ends(i: int) -> dict[Method, float]:
        now = stands[i][0] if i < len(stands) else value
        earlier, year_ago = seen.before(i)
        changes = [stands[one.now][1] - stands[one.now][0] for one in earlier]
        found = {Method.STAYS: now}
        if changes:
            found[Method.SAME_PART] = now + sum(changes) / len(changes)
        if year_ago:
            found[Method.LAST_YEAR] = now + stands[year_ago.now][1] - stands[year_ago.now][0]
        return found

    record, said, last = _told(seen, ends, lambda point: stands[point.now])
    errors = [one.actual - one.said for one in record.judged]
    if len(errors) < FEWEST_CHANGES:
        return None
    expected = math.sqrt(sum(error**2 for error in errors) / len(errors))
    return _forecast(Spread(0.0, said[-1], widened(errors, expected), rooted=False), record, last)


def already(forecast: Forecast, actual: float) -> Forecast:
    """The forecast of a sum that has come to `actual`, today's records included: it does not end below that."""
    return replace(forecast, spread=replace(forecast.spread, floor=actual))


def _enough(series: Series, now: Point) -> bool:
    return series.active(now.now) >= FEWEST_DAYS and series.amount(0, now.now) > 0


def _sums(series: Series, seen: Views, deals: Sequence[float | None] = ()) -> tuple[Record, list[float], Ends]:
    def ends(i: int) -> dict[Method, float]:
        point = seen.points[i]
        done, left = series.amount(point.start, point.now), series.carrier(point.now, point.end)
        found = {method: done + rate * left for method, rate in rates(series, point, *seen.before(i)).items()}
        rest = deals[i] if deals else None
        return found if rest is None else found | {Method.DEALS: done + rest}

    return _told(seen, ends, lambda point: (series.amount(point.start, point.now), series.amount(point.start, point.end)))


def _told(
    seen: Views, ends_of: Callable[[int], dict[Method, float]], outcome: Callable[[Point], tuple[float, float]]
) -> tuple[Record, list[float], Ends]:
    """The record, what was said at each point with the record until then, and what each method says now.

    outcome: of a period that is over, what had come in at its point and what it became.
    """
    record, said, ends = Record(), list[float](), dict[Method, float]()
    for i, point in enumerate(seen.points):
        ends = ends_of(i)
        said.append(record.blend(ends) if ends else 0.0)
        if point is not seen.now:
            done, actual = outcome(point)
            record.add(done=done, ends=ends, actual=actual)
    return record, said, ends


def _forecast(spread: Spread, record: Record, ends: Ends) -> Forecast:
    trust = record.trust(ends)
    opinions = [Opinion(method, end, record.error(method), trust[method]) for method, end in ends.items()]
    return Forecast(spread, tuple(sorted(opinions, key=lambda one: -one.trust)), record.error(), len(record.judged))


def _root(value: float) -> float:
    return math.sqrt(max(value, 0.0))
