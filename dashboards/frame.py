"""The time that a page is about: one bucket of a grain, and how much of it has gone."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from django.http import Http404

from kpi_tracker import formats
from kpi_tracker.kpis.query import previous, spans_before
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.orgs.workdays import work_week
from kpi_tracker.periods import DAY, Grain, Period, add_months


@dataclass(frozen=True, slots=True)
class Frame:
    organisation: Organisation
    grain: Grain
    period: Period
    today: dt.date
    before: Period  # the whole period before; of a day the working day before
    as_reported: bool = False  # closed months as they were reported, not as they are known now

    @property
    def running(self) -> bool:
        return self.today in self.period

    @property
    def ahead(self) -> bool:
        return self.today < self.period.start

    @property
    def to_date(self) -> Period | None:
        """The part up to and with today; None before the period begins."""
        return None if self.ahead else Period(self.period.start, min(self.period.end, self.today + DAY))

    def before_to_date(self) -> Period | None:
        """What to compare with: of the period before, as many working days as have gone of a running one."""
        if self.ahead or self.grain is Grain.DAY:
            return None if self.ahead else self.before
        return spans_before(self.organisation, [self.period], self.today).get(self.period)

    @property
    def last_year(self) -> Period:
        return self.organisation.calendar.last_year(self.grain, self.period)

    @property
    def last_year_to_date(self) -> Period | None:
        """Last year up to the same calendar date (weeks: the same weekday)."""
        if self.to_date is None:
            return None
        whole = self.last_year
        if not self.running:
            return whole
        end = self._year_back(self.to_date.end)
        return Period(whole.start, min(max(end, whole.start + DAY), whole.end))

    def _year_back(self, day: dt.date) -> dt.date:
        return day - 364 * DAY if self.grain is Grain.WEEK else add_months(day, -12)

    def year_on(self, day: dt.date) -> dt.date:
        """Where a day of last year lies on this year's axis."""
        return day + 364 * DAY if self.grain is Grain.WEEK else add_months(day, 12)

    def trend(self, buckets: int = 12) -> list[Period]:
        """The last buckets up to this one, which ends today while it runs; none that have not begun."""
        calendar = self.organisation.calendar
        found = [calendar.shift(self.grain, self.period, -step) for step in range(buckets - 1, 0, -1)]
        return [span for span in found if span.start <= self.today] if self.to_date is None else [*found, self.to_date]

    def steps(self, period: Period) -> list[Period]:
        """The points of a curve over `period`: its days, for a year its weeks."""
        return self.organisation.calendar.clipped(Grain.WEEK if self.grain is Grain.YEAR else Grain.DAY, period)

    @property
    def start_text(self) -> str:
        return self.period.start.isoformat()

    def name(self, *, year: bool = True, in_sentence: bool = False) -> str:
        fiscal = self.organisation.fiscal_year_month
        return formats.period_name(self.grain, self.period, fiscal_month=fiscal, year=year, in_sentence=in_sentence)

    def within_sentence(self) -> str:
        return formats.in_period(self.grain, self.period, today=self.today, fiscal_month=self.organisation.fiscal_year_month)

    def before_name(self) -> str:
        """The period before, inside a sentence; with its year unless it is this year's."""
        other_year = self.before.start.year != self.today.year
        if self.grain is Grain.DAY:
            return formats.short_day(self.before.start, year=other_year)
        fiscal = self.organisation.fiscal_year_month
        return formats.period_name(self.grain, self.before, fiscal_month=fiscal, year=other_year, in_sentence=True)

    def before_within_sentence(self) -> str:
        return formats.in_period(self.grain, self.before, today=self.today, fiscal_month=self.organisation.fiscal_year_month)

    def step(self, buckets: int) -> Period:
        return self.organisation.calendar.shift(self.grain, self.period, buckets)

    def at_grain(self, grain: Grain) -> Period:
        """The bucket of another grain to show instead: today's, if today lies in this one, else where this one begins."""
        day = self.today if self.running else self.period.start
        return self.organisation.calendar.bucket(grain, day)


def frame_for(organisation: Organisation, *, grain: str, start: str, today: dt.date, as_reported: bool = False) -> Frame:
    """The frame that an address names; `start` may be any day of the bucket."""
    try:
        day, chosen = dt.date.fromisoformat(start), Grain(grain)
    except ValueError as wrong:
        raise Http404 from wrong
    if not dt.date(1990, 1, 1) <= day <= dt.date(2199, 12, 31):
        raise Http404
    return replace(frame_of(organisation, chosen, organisation.calendar.bucket(chosen, day), today), as_reported=as_reported)


def frame_of(organisation: Organisation, grain: Grain, period: Period, today: dt.date) -> Frame:
    before = _working_day_before(organisation, period.start) if grain is Grain.DAY else previous(organisation, period)
    return Frame(organisation, grain, period, today, before)


def _working_day_before(organisation: Organisation, day: dt.date) -> Period:
    week = work_week(organisation)
    found = day - DAY
    while not week.is_open(found) and day - found < dt.timedelta(days=31):
        found -= DAY
    return Period(found, found + DAY)
