"""Working days: who works how much on which day.

A working day is a day of the organisation's working week that is no public holiday of the rep's country, no closing
day and no absence of the rep; it weighs the rep's part-time share. Public holidays come from the `holidays` library.

What is read and reckoned here is kept for as long as the calendar stays as it is (`orgs.kept`).
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType

import holidays

from kpi_tracker.orgs.kept import kept
from kpi_tracker.orgs.models import Absence, ClosingDay, Organisation, Rep
from kpi_tracker.orgs.tree import FIRST, LAST, stays_in
from kpi_tracker.periods import Period, day_after

ZERO = Decimal(0)


@lru_cache(maxsize=512)
def public_holidays(country: str, year: int) -> frozenset[dt.date]:
    """The country's public holidays of one year; none for a country that the library does not know."""
    if country not in holidays.list_supported_countries():
        return frozenset()
    return frozenset(holidays.country_holidays(country, years=year))


@lru_cache(maxsize=512)
def free_eves(country: str, year: int) -> frozenset[dt.date]:
    """Days that are free by agreement though no public holidays: Midsummer's, Christmas and New Year's Eve in Sweden and Finland."""
    if country == "FI":  # the two others are public holidays in the library
        return frozenset({dt.date(year, 12, 31)})
    if country == "SE":
        return frozenset(holidays.country_holidays(country, years=year, categories=(holidays.DE_FACTO,)))
    return frozenset()


@dataclass(frozen=True, slots=True)
class Presence:
    """One rep's terms: country of holidays, part-time share, the periods in which the rep is there and away, and the first day of all."""

    country: str
    share: Decimal
    employed: Period
    away: tuple[Period, ...] = ()
    rep_id: int = 0
    joined: dt.date = FIRST


@dataclass(frozen=True, slots=True)
class WorkWeek:
    """An organisation's working week, its country, its closing days, and whether eves are free."""

    weekdays: frozenset[int]
    country: str
    closed: frozenset[dt.date] = field(default_factory=frozenset)
    eves_free: bool = False

    def is_open(self, day: dt.date, country: str = "") -> bool:
        return day.isoweekday() in self.weekdays and day not in self.closed and not self.is_holiday(day, country)

    def is_holiday(self, day: dt.date, country: str = "") -> bool:
        """A public holiday, or an eve that is as good as one; of any weekday."""
        where = country or self.country
        return day in public_holidays(where, day.year) or (self.eves_free and day in free_eves(where, day.year))

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


@dataclass(frozen=True, slots=True)
class _Staff:
    """Everybody's terms, each once for all time, and each rep's leave."""

    reps: tuple[tuple[int, str, Decimal, dt.date, dt.date], ...]
    away: Mapping[int, tuple[tuple[dt.date, dt.date], ...]]


def work_week(organisation: Organisation) -> WorkWeek:
    return kept(organisation, ("week",), lambda: _read_week(organisation))


def _read_week(organisation: Organisation) -> WorkWeek:
    closed = ClosingDay.objects.filter(organisation=organisation).values_list("day", flat=True)
    weekdays = frozenset(int(digit) for digit in organisation.working_days)
    return WorkWeek(weekdays=weekdays, country=organisation.country, closed=frozenset(closed), eves_free=organisation.eves_free)


def _staff(organisation: Organisation) -> _Staff:
    away: dict[int, list[tuple[dt.date, dt.date]]] = defaultdict(list)
    leaves = Absence.objects.filter(organisation=organisation).order_by("valid_from")
    for rep_id, start, end in leaves.values_list("rep_id", "valid_from", "valid_to"):
        away[rep_id].append((start, end or LAST))
    rows = Rep.objects.filter(organisation=organisation, is_unassigned=False).order_by("id")
    reps = tuple(
        (pk, country, share, first or FIRST, day_after(last) if last else LAST)
        for pk, country, share, first, last in rows.values_list("id", "country", "share", "started_on", "ended_on")
    )
    return _Staff(reps, {rep: tuple(spans) for rep, spans in away.items()})


def presences(
    organisation: Organisation, period: Period, *, rep_ids: Sequence[int] | None = None, team_id: int | None = None
) -> list[Presence]:
    """Who is there in `period`: the given reps, or a team's (with the teams below on that day) while they belong to it, or all."""
    staff = kept(organisation, ("staff",), lambda: _staff(organisation))
    stays = None
    if team_id is not None:
        stays = kept(organisation, ("stays", team_id, period), lambda: stays_in(organisation, team_id, period))
    wanted = None if rep_ids is None else set(rep_ids)
    found = []
    for rep_id, country, share, first, end in staff.reps:
        if (wanted is not None and rep_id not in wanted) or end <= period.start or first >= period.end:
            continue
        employed = Period(max(first, period.start), min(end, period.end))
        leaves = (Period(max(start, period.start), min(until, period.end)) for start, until in staff.away.get(rep_id, ())
                  if start < period.end and until > period.start)
        away = tuple(leaves)
        for stay in [period] if stays is None else stays.get(rep_id, []):
            if (there := stay.overlap(employed)) is not None:
                found.append(Presence(country=country, share=share, employed=there, away=away, rep_id=rep_id, joined=first))
    return found


def working_time(
    organisation: Organisation, period: Period, *, rep_id: int | None = None, team_id: int | None = None
) -> Mapping[dt.date, Decimal]:
    """Working time on each day of `period`, in full-time days: of a rep, of a team's members of the day, or of all. Read-only."""

    def reckon() -> Mapping[dt.date, Decimal]:
        who = presences(organisation, period, rep_ids=None if rep_id is None else [rep_id], team_id=team_id)
        return MappingProxyType(work_week(organisation).weights(period, who))

    return kept(organisation, ("time", period, rep_id, team_id), reckon)


def working_days(organisation: Organisation, period: Period, *, rep_id: int | None = None, team_id: int | None = None) -> Decimal:
    """Full-time working days in `period`, for the scopes of `working_time`."""
    days = working_time(organisation, period, rep_id=rep_id, team_id=team_id)
    return kept(organisation, ("days", period, rep_id, team_id), lambda: sum(days.values(), ZERO))


def open_days(organisation: Organisation, period: Period) -> int:
    """The organisation's own working days in `period`."""
    return kept(organisation, ("open", period), lambda: len(work_week(organisation).open_days(period)))
