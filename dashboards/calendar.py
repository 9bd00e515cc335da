"""The calendar page: working days of the coming months, closing days, leave, and where a change of zone stands."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import holidays
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext

from dashboards.holiday_names import free_days
from kpi_tracker import formats
from kpi_tracker.orgs.calendars import calendar_change
from kpi_tracker.orgs.models import Absence, ClosingDay, Organisation, ZoneChange
from kpi_tracker.orgs.workdays import WorkWeek, open_days, work_week, working_days
from kpi_tracker.periods import DAY, WEEK, Grain, Period
from kpi_tracker.sales.local_days import zone_change_note
from kpi_tracker.sales.tasks import follow_time_zone
from kpi_tracker.scope import Scope

MONTHS = 6


@dataclass(frozen=True, slots=True)
class Cell:
    """One day. kind: work, rest (outside the working week), holiday or closed; empty for days of other months."""

    day: dt.date
    kind: str = ""
    title: str = ""
    today: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    number: int  # of the week, ISO
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Month:
    """work: the organisation's own working days. time: working time of all reps whom the viewer may see in sum; None: not seen."""

    name: str
    lines: tuple[Line, ...]
    work: int
    time: Decimal | None
    off: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    first: Period
    months: tuple[Month, ...]
    weekdays: tuple[str, ...]
    earlier: dt.date
    later: dt.date
    total: int


def preview(scope: Scope, start: dt.date, today: dt.date) -> Preview:
    """Months from the one that `start` lies in."""
    organisation, calendar = scope.organisation, scope.organisation.calendar
    first = calendar.bucket(Grain.MONTH, start)
    spans = [calendar.shift(Grain.MONTH, first, step) for step in range(MONTHS)]
    whole = Period(spans[0].start, spans[-1].end)
    named = free_days(organisation, whole)
    closed = dict(ClosingDay.objects.within(scope).filter(day__gte=whole.start, day__lt=whole.end).values_list("day", "name"))
    week = work_week(organisation)
    monday = calendar.bucket(Grain.WEEK, whole.start).start
    return Preview(
        first=first, months=tuple(_month(scope, span, week, named, closed, today) for span in spans),
        weekdays=tuple(formats.short_weekday(monday + n * DAY) for n in range(7)),
        earlier=calendar.shift(Grain.MONTH, first, -MONTHS).start, later=whole.end, total=open_days(organisation, whole),
    )


def _month(
    scope: Scope, span: Period, week: WorkWeek, named: Mapping[dt.date, str], closed: Mapping[dt.date, str], today: dt.date
) -> Month:
    organisation = scope.organisation

    def cell(day: dt.date) -> Cell:
        if day not in span:
            return Cell(day)
        if day in closed:
            return Cell(day, "closed", closed[day] or gettext("closing day"), day == today)
        if day in named:
            return Cell(day, "holiday", named[day], day == today)
        return Cell(day, "work" if day.isoweekday() in week.weekdays else "rest", "", day == today)

    lines = tuple(
        Line(week_number(line), tuple(cell(day) for day in line.days()))
        for line in organisation.calendar.buckets(Grain.WEEK, span)
    )
    free = {day: name for day, name in named.items() if day in span and day.isoweekday() in week.weekdays}
    free |= {day: name or gettext("closing day") for day, name in closed.items() if day in span and day.isoweekday() in week.weekdays}
    return Month(
        name=formats.period_name(Grain.MONTH, span), lines=lines, work=open_days(organisation, span),
        time=working_days(organisation, span) if scope.sees_organisation else None,
        off=tuple(gettext("%(day)s %(name)s") % {"day": formats.short_day(day), "name": free[day]} for day in sorted(free)),
    )


def week_number(week: Period) -> int:
    """The ISO number of the week that most of its days lie in, as everywhere in the product."""
    return (week.start + dt.timedelta(days=3)).isocalendar().week


@dataclass(frozen=True, slots=True)
class Leave:
    absence: Absence
    last: dt.date | None
    now: bool


def leave_of(scope: Scope, today: dt.date) -> list[Leave]:
    """Leave that is not over, and that of the last year, newest first."""
    found = Absence.objects.within(scope).filter(Q(valid_to=None) | Q(valid_to__gt=today - 52 * WEEK)).select_related("rep")
    return [
        Leave(row, row.valid_to - DAY if row.valid_to else None, row.valid_from <= today and (row.valid_to is None or row.valid_to > today))
        for row in found.order_by("-valid_from", "rep__name", "id")
    ]


def closing_days(scope: Scope, today: dt.date) -> list[ClosingDay]:
    return list(ClosingDay.objects.within(scope).filter(day__gte=today - 52 * WEEK).order_by("-day"))


def zone_change(scope: Scope) -> ZoneChange | None:
    """The last change of zone, under way or finished."""
    found: ZoneChange | None = ZoneChange.objects.within(scope).order_by("-id").first()
    return found


def has_holidays(organisation: Organisation) -> bool:
    """Whether public holidays of the organisation's country are known."""
    return organisation.country in holidays.list_supported_countries()


@transaction.atomic
def change(scope: Scope, values: dict[str, object]) -> ZoneChange | None:
    """Save the calendar; where the zone is another, a job moves the stored days to it."""
    organisation = scope.organisation
    calendar_change(organisation=organisation, values=values)
    started = zone_change_note(organisation=organisation, now=timezone.now())
    if started is not None:
        transaction.on_commit(lambda: follow_time_zone.delay(organisation.pk))
    return started
