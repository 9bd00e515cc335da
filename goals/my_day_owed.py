"""What a rep's day asks, and the rep's working days: pure arithmetic over figures that others have read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from goals.pacing import Weights
from goals.progress import GoalProgress
from goals.status import ROUNDING
from kpi_tracker.kpis.query import KpiValue
from kpi_tracker.periods import DAY, Period

ZERO = Decimal(0)
# Of fewer working days nothing is usual.
FEWEST_DAYS = 5


@dataclass(frozen=True, slots=True)
class WorkDay:
    """Where a rep stands in the month on `today`. works: whether the rep works today.

    due_on: the working day whose evening counts: today, on a day off the next one; None where none is ahead.
    number: how many working days of the month have begun, out of `days`. before: the last working day before today.
    """

    today: dt.date
    works: bool
    due_on: dt.date | None
    number: int
    days: int
    before: dt.date


def work_day(weights: Weights, month: Period, today: dt.date) -> WorkDay:
    """weights: the rep's working time by day, from before `month` to well after it."""
    working = sorted(day for day, weight in weights.items() if weight)
    of_month = [day for day in working if day in month]
    return WorkDay(
        today=today, works=today in working, due_on=next((day for day in working if day >= today), None),
        number=sum(1 for day in of_month if day <= today), days=len(of_month),
        before=max((day for day in working if day < today), default=today - DAY),
    )


@dataclass(frozen=True, slots=True)
class Owed:
    """What a count still needs by the evening of the day. All in records.

    done: counted on the day. needed: what the whole day asks, 0 where the evening's pace was reached before it began.
    to_go: what is missing, rounded up to whole records. daily: what each working day from this one on needs to reach the
    target; 0 once it is reached. usual: what a working day brought lately; None where too little is known.
    """

    standing: GoalProgress
    done: Decimal
    needed: Decimal
    to_go: int
    daily: Decimal
    usual: Decimal | None

    @property
    def share(self) -> Decimal:
        """How long the bar is, from 0 to 1."""
        return self.done / self._end if self._end else ZERO

    @property
    def mark(self) -> Decimal:
        """Where on the bar one should be in the evening."""
        return self.needed / self._end if self._end else ZERO

    @property
    def _end(self) -> Decimal:
        return max(self.done, self.needed)


def whole(value: Decimal) -> int:
    """Up to whole records; what is above one by rounding alone is that one. Never below 0."""
    return int(max((value - ROUNDING).to_integral_value(rounding=ROUND_CEILING), ZERO))


def due_by(standing: GoalProgress, day: dt.date) -> Decimal | None:
    """What is due by the end of `day`, today or later; None for goals without a pace, or over by then."""
    if standing.pace is None or day not in standing.goal.period:
        return None
    return standing.pace.expected_tonight if day == standing.today else dict(standing.expected_curve())[day]


def owed(standing: GoalProgress, at: WorkDay, *, done_today: Decimal, usual: Decimal | None) -> Owed | None:
    """None where the goal has no pace, or does not ask for anything on the day."""
    due = due_by(standing, at.due_on) if at.due_on else None
    if due is None:
        return None
    actual, done = standing.actual or ZERO, done_today if at.works else ZERO
    before = actual - done
    needed = max(due - before, ZERO)
    left = sum(1 for day, weight in standing.weights.items() if weight and at.due_on and day >= at.due_on)
    return Owed(
        standing=standing, done=done, needed=needed, to_go=whole(needed - done),
        daily=max(standing.target - before, ZERO) / left if left else ZERO, usual=usual,
    )


def most_owed(rows: list[Owed]) -> list[Owed]:
    """One for each KPI, in the order given: of several goals the one that asks the most, then the one that ends first."""
    found: dict[str, Owed] = {}
    for row in rows:
        known = found.get(row.standing.goal.kpi)
        if known is None or _order(row) < _order(known):
            found[row.standing.goal.kpi] = row
    return list(found.values())


def _order(row: Owed) -> tuple[Decimal, dt.date]:
    return row.done - row.needed, row.standing.goal.ends_on


# The lever -----------------------------------------------------------------------------------------

# Of fewer the conversion is mostly chance.
FEWEST_TRIES = 10
FEWEST_WON = 3
MORE_A_WEEK = 2
WEEKS = 4


@dataclass(frozen=True, slots=True)
class Lever:
    """What more of one activity is worth, from the rep's own conversion. In the base currency.

    one_in: how many of the activity make one deal. worth: what `MORE_A_WEEK` more over `WEEKS` weeks bring.
    """

    kpi: str
    conversion: str
    tries: int
    won: int
    one_in: Decimal
    deal_value: Decimal
    worth: Decimal


@dataclass(frozen=True, slots=True)
class TooFew:
    tries: int
    won: int


def lever(values: Mapping[str, KpiValue]) -> Lever | TooFew:
    """values: `first_meetings_held`, `meeting_hit_rate` and `average_deal_value` of the days looked back on."""
    rate, deal = values["meeting_hit_rate"], values["average_deal_value"]
    tries, won, priced = int(rate.denominator or 0), int(rate.numerator), int(deal.denominator or 0)
    if tries < FEWEST_TRIES or min(won, priced) < FEWEST_WON or not rate.value or deal.value is None:
        return TooFew(tries, min(won, priced))
    worth = MORE_A_WEEK * WEEKS * rate.value * deal.value
    return Lever("first_meetings_held", "meeting_hit_rate", tries, won, 1 / rate.value, deal.value, worth)


def about(amount: Decimal) -> Decimal:
    """An estimate as people say it: two figures, the rest zeros."""
    if abs(amount) < 10:
        return amount.to_integral_value()
    return Decimal(round(amount, 1 - amount.adjusted())).quantize(Decimal(1))
