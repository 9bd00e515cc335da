"""The methods that the product's forecast is measured against, each alone. All give the whole period's sum, or None."""

from __future__ import annotations

import datetime as dt
import warnings
from typing import Any

from benchmarks.forecast_cases import Case

TRAILING_DAYS = 60
SMOOTHED_DAYS = 365


def straight(case: Case) -> float | None:
    """The days to come bring as much as those of the period so far, by working time."""
    return _at_rate(case, case.start)


def trailing(case: Case) -> float | None:
    """They bring as much as those of the last 60 days, by working time."""
    return _at_rate(case, max(0, case.now - TRAILING_DAYS))


def last_year(case: Case) -> float | None:
    """By now the same share of the whole has come in as at this point of the same period last year."""
    before = case.period.year_before()
    start, end = (before.start - case.of.first).days, (before.end - case.of.first).days
    if start < 0:
        return None
    weights, amounts = case.of.weights, case.of.amounts
    gone, now = case.share * sum(weights[start:end]), start
    while now < end and sum(weights[start:now]) < gone - 1e-6:
        now += 1
    by_then = sum(amounts[start:now])
    return _done(case) * sum(amounts[start:end]) / by_then if by_then > 0 else None


def holt_winters(case: Case) -> float | None:
    """Exponential smoothing of days with the shape of a week, as statsmodels fits it to the last twelve months."""
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    known = case.of.amounts[max(0, case.now - SMOOTHED_DAYS) : case.now]
    if len(known) < 28:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says where it did not converge; what it found then is what it has
        model: Any = ExponentialSmoothing(known, seasonal="add", seasonal_periods=7, initialization_method="heuristic")
        rest = model.fit(use_brute=False).forecast(case.end - case.now)
    return _done(case) + max(float(sum(rest)), 0.0)


def product(case: Case) -> Any:
    """What the product says on that morning: it is given no amount of the day itself or later, and of deals it looks at none."""
    from goals.forecast import of_sum
    from goals.forecast_deals import expected
    from goals.forecast_reading import seen_from
    from goals.forecast_series import Series

    work = Series(case.of.amounts[: case.now], case.of.weights[: case.end])
    today = case.of.first + dt.timedelta(days=case.now)
    seen = seen_from(case.of.calendar, case.period, work, first=case.of.first, today=today)
    counted = case.of.kpi != "revenue"
    deals = expected(case.of.deals, work, seen.points, counted=counted) if case.of.deals else ()
    return of_sum(work, seen, whole=counted, deals=deals)


def _done(case: Case) -> float:
    return sum(case.of.amounts[case.start : case.now])


def _at_rate(case: Case, since: int) -> float | None:
    worked = sum(case.of.weights[since : case.now])
    if worked <= 0:
        return None
    return _done(case) + sum(case.of.amounts[since : case.now]) / worked * sum(case.of.weights[case.now : case.end])
