"""Goal arithmetic: pure, exact, in working days. kpis.md, "Goal arithmetic", in code.

Days carry weights: the working time of the people whom the goal is for, or what the goal asks of each by its distribution. Equal
weights make an even pace, a day off weighs nothing. Whether the running day counts as gone is always said by the caller: no at
the start of a day (what is owed by now), yes at its end (reports).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

ZERO = Decimal(0)
ONE = Decimal(1)

Weights = Mapping[dt.date, Decimal]
# From which day on which target was asked, oldest first.
Steps = Sequence[tuple[dt.date, Decimal]]


@dataclass(frozen=True, slots=True)
class Clock:
    """Where a period stands. Days are days on which anybody works.

    worked, worked_tonight: what the days that are over weigh, now and at the end of today, out of `total`. time_gone: the share of
    working time that is over, which is the same unless the goal asks more of some days than of others.
    """

    days: int
    days_gone: int
    worked: Decimal
    worked_tonight: Decimal
    total: Decimal
    time_gone: Decimal
    begun: bool
    over: bool

    @property
    def days_left(self) -> int:
        return self.days - self.days_gone

    @property
    def gone(self) -> Decimal:
        """The share of what is asked that is due by now, from 0 to 1."""
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


def clock(working: Weights, *, today: dt.date, today_counts: bool, spread: Weights | None = None) -> Clock:
    """Where the period whose days are the keys of `working` stands on `today`.

    spread: how what is asked is spread over the same days (`distribution.weights`); by working time where it is not given.
    Promises that all is worked exactly when the last day that weighs anything is over; where none does, when the last day is.
    """
    first, last = min(working), max(working)
    over = today > last or (today_counts and today == last)
    gone = {day for day in working if day < today or (today_counts and day == today)}
    days = [day for day, weight in working.items() if weight]
    spread = working if spread is None else spread
    total, worked, tonight = (
        sum((weight for day, weight in spread.items() if counts(day)), ZERO)
        for counts in (lambda _: True, gone.__contains__, lambda day: day <= today)
    )
    if not total:
        worked, tonight, total = Decimal(over), Decimal(today >= last), ONE
    time = sum(working.values(), ZERO)
    time_gone = sum((working[day] for day in gone), ZERO) / time if time else worked / total
    return Clock(
        days=len(days), days_gone=sum(1 for day in days if day in gone), worked=worked, worked_tonight=tonight, total=total,
        time_gone=time_gone, begun=today >= first, over=over,
    )


def pace(*, target: Decimal, actual: Decimal, at: Clock) -> Pace:
    """How `actual` stands against `target` at this point of the period."""
    expected = _part(target, at.worked, at.total)
    required: Decimal | None = None
    if actual >= target:
        required = ZERO
    elif at.days_left:
        required = (target - actual) / at.days_left
    return Pace(
        expected=expected,
        expected_tonight=_part(target, at.worked_tonight, at.total),
        index=actual / expected if expected else None,
        required=required,
        projected=actual if at.over else actual * at.total / at.worked if at.worked else None,
    )


def _part(target: Decimal, due: Decimal, total: Decimal) -> Decimal:
    """The whole is the target itself: what was divided once may not multiply back to it."""
    return target if due == total else target * due / total


def attainment(actual: Decimal, target: Decimal) -> Decimal | None:
    """Actual ÷ target; None if the target is zero."""
    return actual / target if target else None


def expected_curve(target: Decimal, weights: Weights, steps: Steps = ()) -> list[tuple[dt.date, Decimal]]:
    """What is due by the end of each day, in order; the last point is the target exactly (flat at 0 if nothing weighs anything).

    steps: from which day on which target was asked, oldest first, where it changed on the way: the curve then steps on those days.
    """
    total = sum(weights.values(), ZERO)
    reached, curve = ZERO, []
    for day in sorted(weights):
        reached += weights[day]
        curve.append((day, _part(target_on(day, target, steps), reached, total) if total else ZERO))
    return curve


def target_on(day: dt.date, target: Decimal, steps: Steps) -> Decimal:
    """What was asked on a day; before the first step, the first."""
    asked = [value for since, value in steps if since <= day]
    return asked[-1] if asked else steps[0][1] if steps else target


def prorated(target: Decimal, present: Decimal, full: Decimal, quantum: Decimal) -> Decimal:
    """A target for the working time that somebody is there, of the period's whole; to a multiple of `quantum`, halves up.

    present, full: in full-time days. Where the period has no working day the target stays.
    """
    return (target * present / full).quantize(quantum, ROUND_HALF_UP) if full else target
