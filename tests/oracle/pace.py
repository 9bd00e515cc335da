"""Goal arithmetic by walking from day to day, in fractions: kpis.md, "Goal arithmetic"."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache

import holidays

from tests.oracle.calendar import ONE, Span, days


@dataclass(frozen=True)
class Person:
    """joined: the first day; left: the last one; away: first and last days of leave."""

    country: str
    share: Fraction
    joined: dt.date | None = None
    left: dt.date | None = None
    away: tuple[tuple[dt.date, dt.date], ...] = ()


@dataclass(frozen=True)
class Company:
    """weekdays: ISO numbers."""

    weekdays: frozenset[int]
    country: str
    closed: frozenset[dt.date] = frozenset()


@dataclass(frozen=True)
class Asked:
    """What a goal asks of one person. changes: later targets by the day from which they are asked."""

    span: Span
    target: Fraction
    by_month: dict[tuple[int, int], Fraction] = field(default_factory=dict)
    by_weekday: dict[int, Fraction] = field(default_factory=dict)
    ramp: int = 0
    prorated: bool = False
    changes: tuple[tuple[dt.date, Fraction], ...] = ()


@cache
def _free(country: str, year: int) -> frozenset[dt.date]:
    return frozenset(holidays.country_holidays(country, years=year))


def is_open(company: Company, country: str, day: dt.date) -> bool:
    return day.isoweekday() in company.weekdays and day not in company.closed and day not in _free(country, day.year)


def _months_since(joined: dt.date, day: dt.date) -> int:
    """Whole months since: on the 31st of January, the first is over at the end of February."""
    months = (day.year - joined.year) * 12 + day.month - joined.month
    last = (dt.date(day.year + day.month // 12, day.month % 12 + 1, 1) - ONE).day
    return months if day.day >= min(joined.day, last) else months - 1


def present(company: Company, person: Person, day: dt.date, ramp: int = 0) -> Fraction:
    """The part of a full day that the person works, or that is asked of a joiner."""
    if not is_open(company, person.country, day) or any(first <= day <= last for first, last in person.away):
        return Fraction(0)
    if (person.joined and day < person.joined) or (person.left and day > person.left):
        return Fraction(0)
    if person.joined and ramp and (months := _months_since(person.joined, day)) < ramp:
        return person.share * (months + 1) / (ramp + 1)
    return person.share


def works(company: Company, person: Person, asked: Asked) -> dict[dt.date, Fraction]:
    """Where the person is not there at all, the company's days; where it has none, all days."""
    found = {day: present(company, person, day, asked.ramp) for day in days(asked.span)}
    if not any(found.values()):
        found = {day: Fraction(is_open(company, company.country, day)) for day in found}
    return found if any(found.values()) else dict.fromkeys(found, Fraction(1))


def shares(company: Company, person: Person, asked: Asked) -> dict[dt.date, Fraction]:
    """What each day is asked of the whole; the sum is 1."""
    weights = works(company, person, asked)
    found = dict(weights)
    if asked.by_weekday:
        found = {day: weight * asked.by_weekday.get(day.weekday(), Fraction(0)) for day, weight in weights.items()}
    if asked.by_month:
        for day in weights:
            month = [each for each in weights if (each.year, each.month) == (day.year, day.month)]
            there = sum(weights[each] for each in month)
            part = weights[day] / there if there else Fraction(1, len(month))
            found[day] = asked.by_month.get((day.year, day.month), Fraction(0)) * part
    if not any(found.values()):
        found = weights
    total = sum(found.values())
    return {day: weight / total for day, weight in found.items()}


def part_there(company: Company, person: Person, asked: Asked) -> Fraction:
    """The part of the period's working days in the person's country that the person is there."""
    open_days = sum(is_open(company, person.country, day) for day in days(asked.span))
    there = sum(present(company, person, day, asked.ramp) for day in days(asked.span))
    return there / open_days if open_days else Fraction(1)


def target_on(company: Company, person: Person, asked: Asked, day: dt.date, step: Fraction) -> Fraction:
    """What is asked as of a day, before the period as of its first. step: the smallest part of a target; halves are rounded up."""
    target = asked.target
    for since, later in asked.changes:
        if since <= max(day, asked.span[0]):
            target = later
    if not asked.prorated or (part := part_there(company, person, asked)) == 1:
        return target
    return ((target * part / step) + Fraction(1, 2)).__floor__() * step


def expected(company: Company, person: Person, asked: Asked, today: dt.date, step: Fraction, *, with_today: bool) -> Fraction:
    share = sum(part for day, part in shares(company, person, asked).items() if day < today or (with_today and day == today))
    return target_on(company, person, asked, today, step) * share


def days_left(company: Company, person: Person, asked: Asked, today: dt.date) -> int:
    return sum(1 for day, weight in works(company, person, asked).items() if weight and day >= today)
