"""Who works at Nordlys: teams, sellers with their skills and their story, closing days and leave."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from kpi_tracker.demo.records import Form, Leave, Seller, Skill, dice
from kpi_tracker.orgs.workdays import WorkWeek, public_holidays
from kpi_tracker.periods import DAY, Period, add_months

# Name of each team and of the team that it is part of.
TEAMS: dict[str, str | None] = {
    "Sales Sweden": None,
    "Stockholm": "Sales Sweden",
    "Göteborg": "Sales Sweden",
    "Sales Finland": None,
    "Helsinki": "Sales Finland",
    "Tampere": "Sales Finland",
}
CURRENCY = {"SE": "SEK", "FI": "EUR"}
# What those who lead a team earn a month, in euro.
LEADERS = {"Sales Sweden": 8_200, "Stockholm": 6_600, "Göteborg": 6_400, "Sales Finland": 7_600, "Tampere": 5_800}
# A team that stood on its own at first, and how many months it has been where TEAMS has it.
LATE_TEAM, MONTHS_THERE = "Tampere", 9
# Before any record: since when those who have always been there are there.
FOUNDED = dt.date(2016, 1, 4)

SOLID = Skill()
STAR = Skill(calls=1.1, bookings=1.2, shows=1.05, opens=1.1, wins=1.2, size=1.15)
CLOSER = Skill(calls=0.75, bookings=0.85, opens=1.1, wins=1.35, size=1.25)
PROSPECTOR = Skill(calls=1.65, bookings=1.3, shows=0.9, opens=0.8, wins=0.7, size=0.8)
STRUGGLER = Skill(calls=0.85, bookings=0.75, shows=0.9, opens=0.9, wins=0.7, size=0.9)
FARMER = Skill(calls=0.8, bookings=0.75, opens=1.2, wins=1.15, size=0.95)
NEWCOMER = Skill(calls=1.15, bookings=0.95, wins=0.9, size=0.9)


def joined_on(today: dt.date) -> dt.date:
    """When LATE_TEAM became a part of another."""
    return add_months(today.replace(day=1), -MONTHS_THERE)


def days_within(team: str, above: str, today: dt.date) -> Period | None:
    """When `team` was `above`, or a part of it; every team always is a part of "", the organisation."""
    first: str | None = team
    while first is not None:
        if above in (first, ""):
            return Period(joined_on(today) if team == LATE_TEAM and above not in (team, "") else dt.date.min, dt.date.max)
        first = TEAMS[first]
    return None


def sellers(today: dt.date) -> list[Seller]:
    """Everybody who has sold in the last two years; what happens to them is told in days before `today`."""

    def ago(days: int) -> dt.date:
        return today - days * DAY

    def always(team: str) -> list[tuple[str, dt.date, dt.date | None]]:
        return [(team, FOUNDED, None)]

    def moved(before: str, after: str, day: dt.date) -> list[tuple[str, dt.date, dt.date | None]]:
        return [(before, FOUNDED, day), (after, day, None)]

    def lately(days: int, skill: Skill) -> tuple[Form, ...]:
        return (Form(Period(ago(days), today + 365 * DAY), skill),)

    return [
        Seller("Elsa Lindqvist", "SE", always("Stockholm"), Skill(calls=1.25, bookings=1.1, opens=1.05)),
        Seller("Mikael Strand", "SE", always("Stockholm"), CLOSER, salary=5_600,
               forms=lately(75, Skill(calls=0.7, bookings=0.85, opens=1.2, wins=1.6, size=1.4))),
        Seller("Aino Korhonen", "SE", moved("Helsinki", "Stockholm", ago(280)), Skill(calls=1.1),
               forms=lately(70, Skill(calls=1.1, opens=0.75, wins=0.85))),
        Seller("Johan Berg", "SE", always("Stockholm"), SOLID,
               forms=lately(85, Skill(calls=0.8, bookings=0.55, shows=0.85, opens=0.8, wins=0.7)),
               leaves=[Leave(Period(ago(16), ago(11)), "Parental leave")]),
        Seller("Sara Nyström", "SE", always("Stockholm"), STAR, salary=4_900),
        Seller("Petra Holm", "SE", always("Stockholm"), Skill(calls=1.15, wins=1.1), share=Decimal("0.6")),
        Seller("Gustav Lidman", "SE", moved("Stockholm", "Göteborg", ago(430)), SOLID),
        Seller("Lina Forsell", "SE", always("Göteborg"), STAR, salary=5_100),
        Seller("Oskar Hedin", "SE", always("Göteborg"), PROSPECTOR),
        Seller("Maja Sundell", "SE", always("Göteborg"), FARMER),
        Seller("Viktor Ekdahl", "SE", [("Göteborg", ago(125), None)], NEWCOMER, started_on=ago(125), salary=3_500),
        Seller("Hanna Brolin", "SE", always("Göteborg"), SOLID, leaves=[Leave(Period(ago(74), today + 13 * DAY), "Parental leave")]),
        Seller("Niklas Rehn", "SE", always("Göteborg"), STRUGGLER, ended_on=ago(215)),
        Seller("Ville Lahtinen", "FI", always("Helsinki"), CLOSER, salary=5_400),
        Seller("Sanna Mäkelä", "FI", always("Helsinki"), STAR, salary=4_900),
        Seller("Juho Rantala", "FI", always("Helsinki"), PROSPECTOR),
        Seller("Emmi Salonen", "FI", moved("Tampere", "Helsinki", ago(160)), SOLID),
        Seller("Antti Koskela", "FI", always("Helsinki"), FARMER, share=Decimal("0.8")),
        Seller("Noora Virtanen", "FI", [("Helsinki", ago(300), None)], NEWCOMER, started_on=ago(300), salary=3_600,
               leaves=[Leave(Period(today + 4 * DAY, today + 11 * DAY), "Annual leave")]),
        Seller("Pekka Harju", "FI", always("Helsinki"), SOLID, ended_on=ago(420)),
        Seller("Jenni Lehto", "FI", always("Tampere"), STAR, salary=4_800),
        Seller("Mika Saarela", "FI", always("Tampere"), STRUGGLER),
        Seller("Tiina Ahola", "FI", always("Tampere"), SOLID),
        Seller("Eero Niemelä", "FI", always("Tampere"), Skill(calls=1.3, bookings=1.1, wins=0.9)),
        Seller("Outi Kallas", "FI", [("Tampere", ago(560), None)], SOLID, started_on=ago(560)),
    ]


def closing_days(first: int, last: int) -> dict[dt.date, str]:
    """The days on which the whole organisation is closed besides public holidays, for whole years."""
    found: dict[dt.date, str] = {}
    for year in range(first, last + 1):
        midsummer_eve = next(dt.date(year, 6, day) for day in range(19, 26) if dt.date(year, 6, day).isoweekday() == 5)
        found |= {dt.date(year, 12, 24): "Christmas Eve", dt.date(year, 12, 31): "New Year's Eve", midsummer_eve: "Midsummer Eve"}
        spring = Period(dt.date(year, 3, 20), dt.date(year, 4, 24))
        good_friday = next(day for day in public_holidays("SE", year) if day in spring and day.isoweekday() == 5)
        found[good_friday + 42 * DAY] = "Day after Ascension"
        eve = next(dt.date(year, 10, 30) + step * DAY for step in range(7) if (dt.date(year, 10, 30) + step * DAY).isoweekday() == 5)
        found[eve] = "All Saints' Eve"
    return found


def give_leave(people: list[Seller], *, week: WorkWeek, start: dt.date, today: dt.date, seed: int) -> None:
    """Summer, winter sports week and a few days of illness for everybody, never two leaves on one day."""
    for seller in people:
        chance = dice(seed, "leave", seller.name)
        for year in range(start.year, today.year + 2):
            summer = dt.date(year, 7, 1) + (chance.choice((0, 7, 7, 14)) - (7 if seller.country == "FI" else 0)) * DAY
            monday = summer - (summer.isoweekday() - 1) * DAY
            _take(seller, Period(monday, monday + chance.choice((21, 28, 28)) * DAY), "Annual leave")
            winter = dt.date(year, 2, 8) + chance.choice((0, 7, 14)) * DAY
            monday = winter - (winter.isoweekday() - 1) * DAY
            if chance.random() < 0.55:
                _take(seller, Period(monday, monday + 7 * DAY), "Winter sports week")
        day = start
        while (day := day + round(chance.expovariate(1 / 75) + 1) * DAY) < today - 2 * DAY:
            if week.is_open(day, seller.country):
                _take(seller, Period(day, min(day + chance.choice((1, 1, 2, 3)) * DAY, today)), "Illness")
        seller.leaves.sort(key=lambda leave: leave.days)


def _take(seller: Seller, days: Period, reason: str) -> None:
    employed = Period(seller.started_on or FOUNDED, (seller.ended_on or dt.date(9999, 12, 30)) + DAY)
    if employed.covers(days) and not any(leave.days.meets(days) for leave in seller.leaves):
        seller.leaves.append(Leave(days, reason))
