"""What a goal would ask: its working days, and its target beside what its subject did before. All from real figures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import dropwhile

from goals.kinds import wants_less
from goals.models import Distribution, Kind
from goals.sentences import grain_of
from goals.worktime import WorkTime
from kpi_tracker.kpis import registry
from kpi_tracker.kpis.metrics import AnyKpi
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.kpis.query import KpiQuery, KpiTable
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.periods import Calendar, Period, add_months
from kpi_tracker.rollups.reader import ask

PERIODS_BACK = 12
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Draft:
    """A goal that is being written; no target yet: None. distribution, shape: see Goal."""

    kpi: str
    subject: Subject
    period: Period
    target: Decimal | None = None
    kind: Kind = Kind.REACH
    distribution: str = Distribution.WORKING_DAYS
    shape: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Past:
    """What was reached in an earlier period. running: it is not over; change: what the target asks on top of it."""

    period: Period
    value: Decimal | None
    running: bool = False
    change: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """per_day: None for KPIs without a pace. history: periods of the same kind that are over, oldest first.

    better: in how many of those with a value the target would have been reached.
    """

    draft: Draft
    kpi: AnyKpi
    working_days: int
    per_day: Decimal | None
    last_year: Past
    before: Past
    history: tuple[Past, ...]
    best: Past | None
    better: int | None

    @property
    def known(self) -> tuple[Past, ...]:
        return tuple(past for past in self.history if past.value is not None)

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all was ever counted in the periods looked at."""
        return not any(past.value for past in (*self.history, self.last_year, self.before))


def spans_of(calendar: Calendar, period: Period, today: dt.date) -> tuple[Period, ...]:
    """The earlier periods that `asked` compares with."""
    earlier_ones = [year_before(calendar, period), earlier(calendar, period, 1), *ended(calendar, period, today)]
    return tuple(dict.fromkeys(earlier_ones))


def asked(
    organisation: Organisation, draft: Draft, *, today: dt.date, worktime: WorkTime | None = None, table: KpiTable | None = None
) -> Asked:
    """worktime: the working time that the caller has read, of a span that holds the draft's period; table: values of `spans_of`."""
    kpi = registry.kpi(draft.kpi, organisation)
    calendar = organisation.calendar
    last_year, before = year_before(calendar, draft.period), earlier(calendar, draft.period, 1)
    if table is None:
        spans = spans_of(calendar, draft.period, today)
        table = ask(organisation, KpiQuery(kpis=(kpi.key,), subject=draft.subject, spans=spans), today=today)

    def past(period: Period) -> Past:
        value = table[kpi.key, period, None].value
        change = draft.target / value - 1 if draft.target is not None and value and value > 0 else None
        return Past(period, value, running=period.end > today, change=change)

    # Before the first record there was nothing to reach: such periods are no history.
    history = tuple(dropwhile(lambda one: not one.value, (past(period) for period in ended(calendar, draft.period, today))))
    known = [one for one in history if one.value is not None]
    down = wants_less(draft.kind, kpi)
    best = (min if down else max)(known, key=lambda one: one.value or ZERO) if known else None
    weights = (worktime or WorkTime(organisation, [draft.period])).weights(draft.subject, draft.period)
    days = sum(1 for weight in weights.values() if weight)
    return Asked(
        draft=draft, kpi=kpi, working_days=days,
        per_day=draft.target / days if draft.target is not None and kpi.adds_up and not down else None,
        last_year=past(last_year), before=past(before), history=history, best=best,
        better=_better(known, draft.target, down=down),
    )


def _better(known: list[Past], target: Decimal | None, *, down: bool) -> int | None:
    if target is None or not known:
        return None
    return sum(1 for one in known if one.value is not None and (one.value <= target if down else one.value >= target))


def earlier(calendar: Calendar, period: Period, steps: int) -> Period:
    """The period `steps` before: a bucket for a whole week, month, quarter or year, else as many months or days each."""
    grain = grain_of(calendar, period)
    if grain is not None:
        return calendar.shift(grain, period, -steps)
    if months := whole_months(period):
        return Period(add_months(period.start, -months * steps), add_months(period.end, -months * steps))
    back = dt.timedelta(days=len(period) * steps)
    return Period(period.start - back, period.end - back)


def year_before(calendar: Calendar, period: Period) -> Period:
    """The period to compare with, one year back; whole months stay whole, other dates of its own keep their number of days."""
    grain = grain_of(calendar, period)
    if grain is not None:
        return calendar.last_year(grain, period)
    if whole_months(period):
        return period.year_before()
    start = add_months(period.start, -12)
    return Period(start, start + dt.timedelta(days=len(period)))


def whole_months(period: Period) -> int:
    """How many calendar months the period is made of; 0 where it cuts one."""
    if period.start.day != 1 or period.end.day != 1:
        return 0
    return (period.end.year - period.start.year) * 12 + period.end.month - period.start.month


def ended(calendar: Calendar, period: Period, today: dt.date) -> list[Period]:
    """The last periods of this kind that are over by `today` and lie before `period`, oldest first."""
    steps, found = 1, list[Period]()
    while len(found) < PERIODS_BACK:
        one = earlier(calendar, period, steps)
        steps += 1
        if one.end <= today:
            found.append(one)
    return found[::-1]
