"""Goal arithmetic: pure, exact, in working days. kpis.md, "Goal arithmetic", in code.

Days carry weights: the working time of the people whom the goal is for. Equal weights make an even pace, a day off
weighs nothing. Whether the running day counts as gone is always said by the caller: no at the start of a day
(what is owed by now), yes at its end (reports).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

ZERO = Decimal(0)
ONE = Decimal(1)

Weights = Mapping[dt.date, Decimal]


@dataclass(frozen=True, slots=True)
class Clock:
    """Where a period stands. Days are days on which anybody works.

    worked, worked_tonight: working time that is over, now and at the end of today, out of `total`.
    """

    days: int
    days_gone: int
    worked: Decimal
    worked_tonight: Decimal
    total: Decimal
    begun: bool
    over: bool

    @property
    def days_left(self) -> int:
        return self.days - self.days_gone

    @property
    def gone(self) -> Decimal:
        """The share of working time that is over, from 0 to 1."""
        return self.worked / self.total


@dataclass(frozen=True, slots=True)
class Pace:
    """How a goal that fills up over its period (a count or a sum) stands.

    expected, expected_tonight: what is due by now, and by the end of today, at an even working-day pace.
    index: actual ÷ expected; None while nothing is expected. required: per remaining working day; None if none is
    left. projected: where the period ends if each remaining working day brings as much as those gone; None before the first.
    """

    expected: Decimal
    expected_tonight: Decimal
    index: Decimal | None
    required: Decimal | None
    projected: Decimal | None


def clock(weights: Weights, *, today: dt.date, today_counts: bool) -> Clock:
    """Where the period whose days are the keys of `weights` stands on `today`.

    Promises that all is worked exactly when the last working day is over; where nobody works, when the last day is.
    """
    first, last = min(weights), max(weights)
    over = today > last or (today_counts and today == last)
    days = days_gone = 0
    worked = tonight = total = ZERO
    for day, weight in weights.items():
        if not weight:
            continue
        days += 1
        total += weight
        if day <= today:
            tonight += weight
            if today_counts or day < today:
                worked += weight
                days_gone += 1
    if not total:
        worked, tonight, total = Decimal(over), Decimal(today >= last), ONE
    return Clock(
        days=days, days_gone=days_gone, worked=worked, worked_tonight=tonight, total=total, begun=today >= first, over=over
    )


def pace(*, target: Decimal, actual: Decimal, at: Clock) -> Pace:
    """How `actual` stands against `target` at this point of the period."""
    expected = target * at.worked / at.total
    required: Decimal | None = None
    if actual >= target:
        required = ZERO
    elif at.days_left:
        required = (target - actual) / at.days_left
    return Pace(
        expected=expected,
        expected_tonight=target * at.worked_tonight / at.total,
        index=actual / expected if expected else None,
        required=required,
        projected=actual if at.over else actual * at.total / at.worked if at.worked else None,
    )


def attainment(actual: Decimal, target: Decimal) -> Decimal | None:
    """Actual ÷ target; None if the target is zero."""
    return actual / target if target else None


def expected_curve(target: Decimal, weights: Weights) -> list[tuple[dt.date, Decimal]]:
    """What is due by the end of each day, in order; the last point is the target exactly (flat at 0 if nobody works)."""
    total = sum(weights.values(), ZERO)
    reached, curve = ZERO, []
    for day in sorted(weights):
        reached += weights[day]
        curve.append((day, target * reached / total if total else ZERO))
    return curve
