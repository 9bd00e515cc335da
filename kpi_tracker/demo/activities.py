"""The rest of a seller's day: attempts, follow-ups, mails and the other touches around the sales."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections import Counter

from kpi_tracker.demo.records import Act, Company, DealPlan, Seller, dice
from kpi_tracker.demo.shapes import Days, second_of_day
from kpi_tracker.demo.timeline import Timeline
from kpi_tracker.periods import DAY

# In an ordinary day of a middling seller, with those that belong to sales.
CALLS = 9.3
EMAILS = 2.75
SOCIAL = 0.85
REFERRALS = 0.24
CARE_MEETINGS = 0.085
OTHER = 0.12
REACHED = 0.23
# Most touches go to companies that were found lately.
RECENT = 70
# At most so many days lie between agreeing on a meeting with a customer and the meeting.
AGREED_AHEAD = 28


class Routine:
    """One seller's touches of the companies in the own book, day by day."""

    def __init__(self, seller: Seller, days: Days, line: Timeline, book: list[tuple[dt.date, Company]], *, seed: int, scale: float) -> None:
        self.seller = seller
        self.days = days
        self.line = line
        self.scale = scale
        self.chance = dice(seed, "routine", seller.name)
        self.book = sorted(book, key=lambda entry: entry[0])
        self.since = [since for since, _company in self.book]

    def run(self) -> None:
        planned = Counter((act.day, act.kind) for act in self.line.acts if act.by is self.seller)
        for day in self.days.all:
            if not self.line.start <= day <= self.line.today:
                continue
            known = bisect_right(self.since, day)
            if not known:
                continue
            weight = self.days.weight[day] * self.scale * self.line.share(day)
            calls = self.seller.skill_on(day).calls * CALLS * weight
            self._touch("call", self._times(calls) - planned[day, "call"], day, known)
            self._touch("email", self._times(EMAILS * weight) - planned[day, "email"], day, known)
            self._touch("social", self._times(SOCIAL * weight), day, known)
            self._touch("other", self._times(OTHER * weight), day, known)
            self._ask_referrals(self._times(REFERRALS * weight), day, known)
            if self.chance.random() < CARE_MEETINGS * weight:
                self._care(day, known)
        self._look_ahead()

    def _look_ahead(self) -> None:
        for day in self.days.all:
            ahead = self.line.today < day <= self.line.today + AGREED_AHEAD * DAY
            if ahead and self.book and self.chance.random() < CARE_MEETINGS * self.days.weight[day] * self.scale:
                self._care(day, len(self.book))

    def _times(self, rate: float) -> int:
        """A whole number around `rate`, that scatters a little less than pure chance."""
        return max(0, int(self.chance.gauss(rate, 0.6 * rate**0.5) + self.chance.random()))

    def _company(self, known: int) -> Company:
        first = known - RECENT if known > RECENT and self.chance.random() < 0.75 else 0
        return self.book[first + int(self.chance.random() * (known - first))][1]

    def _touch(self, kind: str, times: int, day: dt.date, known: int) -> None:
        for _turn in range(times):
            company = self._company(known)
            second = second_of_day(self.chance, day, until=self.line.until(day))
            deal = deal_on(company, day)
            name, outcome, duration = self._manner(kind, company, day)
            self.line.acts.append(Act(kind, name, outcome, self.seller, company, deal, day, second, None, duration, "", self._is_late(day)))

    def _manner(self, kind: str, company: Company, day: dt.date) -> tuple[str, str, int | None]:
        """Name of the type, outcome and seconds. Nobody is reached before the first contact with the company."""
        match kind:
            case "call":
                strange = company.first_contact is None or day <= company.first_contact
                if strange or self.chance.random() > REACHED:
                    return "Cold call" if strange else "Follow-up call", "not_reached", self.chance.randrange(5, 60)
                return "Follow-up call", "reached", self.chance.randrange(60, 700)
            case "social":
                return "LinkedIn", "", None
            case "other":
                return ("Trade fair" if day.month in (3, 10) else ""), "", None
            case _:
                return "", "", None

    def _ask_referrals(self, times: int, day: dt.date, known: int) -> None:
        for _turn in range(times):
            company = next((found for _try in range(8) if (found := self._company(known)).won_on and found.won_on <= day), None)
            if company is not None:
                second = second_of_day(self.chance, day, until=self.line.until(day))
                self.line.acts.append(Act("referral", "", "", self.seller, company, None, day, second))

    def _care(self, day: dt.date, known: int) -> None:
        """A meeting with a customer outside any sale."""
        company = self._company(known)
        booked_on = self.days.on_or_before(day - self.chance.randrange(3, AGREED_AHEAD) * DAY)
        if company.met is None or not company.met <= booked_on < day or day == self.line.today:
            return
        outcome = self.chance.choices(("reached", "cancelled"), (0.9, 0.1))[0]
        second = second_of_day(self.chance, day)
        deal = deal_on(company, day)
        self.line.add(Act("meeting", "Site visit", outcome, self.seller, company, deal, day, second, booked_on, 3600))

    def _is_late(self, day: dt.date) -> bool:
        """Whether it was only entered weeks afterwards."""
        return 10 < (self.line.today - day).days < 60 and self.chance.random() < 0.03


def deal_on(company: Company, day: dt.date) -> DealPlan | None:
    """The company's deal that was open on `day`."""
    for deal in company.deals:
        if deal.opened_on < day and (deal.closed_on is None or day <= deal.closed_on):
            return deal
    return None


def mark_late_deals(deals: list[DealPlan], *, today: dt.date, seed: int) -> None:
    """Some deals of the last weeks were only entered after they were closed."""
    chance = dice(seed, "late deals")
    for deal in deals:
        if deal.closed_on is not None and 10 < (today - deal.closed_on).days < 60:
            deal.late = chance.random() < 0.04
