"""Working days: who works how much on which day.

A working day is a day of the organisation's working week that is no public holiday of the rep's country, no closing
day and no absence of the rep; it weighs the rep's part-time share. Public holidays come from the `holidays` library.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache

import holidays

from kpi_tracker.once import once
from kpi_tracker.orgs.models import Absence, ClosingDay, Organisation, Rep, TeamAssignment
from kpi_tracker.orgs.selectors import subtree
from kpi_tracker.periods import Period

ZERO = Decimal(0)


@lru_cache(maxsize=512)
def public_holidays(country: str, year: int) -> frozenset[dt.date]:
    """The country's public holidays of one year; none for a country that the library does not know."""
    if country not in holidays.list_supported_countries():
        return frozenset()
    return frozenset(holidays.country_holidays(country, years=year))


@dataclass(frozen=True, slots=True)
class Presence:
    """One rep's terms: country of holidays, part-time share and the periods in which the rep is there and away."""

    country: str
    share: Decimal
    employed: Period
    away: tuple[Period, ...] = ()
    rep_id: int = 0


@dataclass(frozen=True, slots=True)
class WorkWeek:
    """An organisation's working week, its country and its closing days."""

    weekdays: frozenset[int]
    country: str
    closed: frozenset[dt.date] = field(default_factory=frozenset)

    def is_open(self, day: dt.date, country: str = "") -> bool:
        return (
            day.isoweekday() in self.weekdays and day not in self.closed and day not in public_holidays(country or self.country, day.year)
        )

    def open_days(self, period: Period) -> list[dt.date]:
        """The organisation's own working days."""
        return [day for day in period.days() if self.is_open(day)]

    def weights(self, period: Period, presences: Iterable[Presence]) -> dict[dt.date, Decimal]:
        """Working time of all presences together, in full-time days, for each day of `period` (days off: 0)."""
        changes: dict[str, dict[dt.date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        for presence in presences:
            for there in _there(presence, period):
                changes[presence.country][there.start] += presence.share
                changes[presence.country][there.end] -= presence.share
        total: dict[dt.date, Decimal] = dict.fromkeys(period.days(), ZERO)
        for country, steps in changes.items():
            present = ZERO
            for day in total:
                present += steps.get(day, ZERO)
                if present and self.is_open(day, country):
                    total[day] += present
        return total


def _there(presence: Presence, period: Period) -> list[Period]:
    """The parts of `period` in which the rep is employed and not away."""
    employed = presence.employed.overlap(period)
    parts = [employed] if employed else []
    for away in presence.away:
        left = []
        for part in parts:
            left += [Period(part.start, min(part.end, away.start))] if part.start < away.start else []
            left += [Period(max(part.start, away.end), part.end)] if away.end < part.end else []
        parts = left
    return parts


@once
def work_week(organisation: Organisation) -> WorkWeek:
    closed = ClosingDay.objects.filter(organisation=organisation).values_list("day", flat=True)
    weekdays = frozenset(int(digit) for digit in organisation.working_days)
    return WorkWeek(weekdays=weekdays, country=organisation.country, closed=frozenset(closed))


def presences(
    organisation: Organisation, period: Period, *, rep_ids: Sequence[int] | None = None, team_id: int | None = None
) -> list[Presence]:
    """Who is there in `period`: the given reps, or a team's (with the teams below) while they belong to it, or all."""
    spans: dict[int, list[Period]] = defaultdict(list)
    reps = Rep.objects.filter(organisation=organisation, is_unassigned=False)
    if rep_ids is not None:
        reps = reps.filter(id__in=rep_ids)
    if team_id is not None:
        belonging = TeamAssignment.objects.filter(
            organisation=organisation, team_id__in=subtree(organisation, [team_id]), valid_from__lt=period.end
        ).exclude(valid_to__lte=period.start)
        for rep_id, start, end in belonging.values_list("rep_id", "valid_from", "valid_to"):
            span = Period(max(start, period.start), min(end or period.end, period.end))
            spans[rep_id].append(span)
        reps = reps.filter(id__in=spans)
    away: dict[int, list[Period]] = defaultdict(list)
    leaves = Absence.objects.filter(organisation=organisation, valid_from__lt=period.end).exclude(valid_to__lte=period.start)
    for rep_id, start, end in leaves.values_list("rep_id", "valid_from", "valid_to"):
        away[rep_id].append(Period(max(start, period.start), min(end or period.end, period.end)))
    found = []
    for rep in reps.order_by("id"):
        first = max(rep.started_on or period.start, period.start)
        end = min(rep.ended_on + dt.timedelta(days=1) if rep.ended_on else period.end, period.end)
        if end <= first:
            continue
        employed = Period(first, end)
        for span in spans.get(rep.id, [period]) if team_id is not None else [period]:
            if (there := span.overlap(employed)) is not None:
                found.append(Presence(country=rep.country, share=rep.share, employed=there, away=tuple(away[rep.id]), rep_id=rep.id))
    return found
