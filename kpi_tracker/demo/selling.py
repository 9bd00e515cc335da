"""How companies become customers: found, called, met, offered to, won or lost. Every date follows from the one before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from random import Random

from kpi_tracker.demo import offer
from kpi_tracker.demo.dealing import Dealing
from kpi_tracker.demo.names import Names, plain
from kpi_tracker.demo.offer import Fate
from kpi_tracker.demo.records import Act, Company, DealPlan, LeadPlan, Seller, dice
from kpi_tracker.demo.shapes import Days, second_of_day
from kpi_tracker.demo.timeline import Timeline
from kpi_tracker.periods import DAY

# First meetings that a middling seller agrees, and sales begun with companies known already, in an ordinary day.
BOOKINGS = 0.55
REPEATS = 0.19
SHOWS = 0.8
OPENS = 0.62
# How long a sale takes from first contact: the middle, in days, and the spread on a logarithmic scale.
WON_DAYS = (40.0, 0.6)
LOST_DAYS = (42.0, 0.66)
REPEAT_PACE = 0.85
# Sales begin so long before the two years, that as many are closed in their first weeks as later.
WARM_UP = 120 * DAY
OLD_CUSTOMERS = 13


class Selling:
    """All sales of the organisation. Events after `line.now` are not recorded, but shape what is open."""

    def __init__(self, calendar: Mapping[Seller, Days], line: Timeline, *, seed: int, scale: float) -> None:
        self.calendar = calendar
        self.line = line
        self.seed = seed
        self.scale = scale
        self.names = Names(dice(seed, "names"))
        self.books: dict[Seller, list[tuple[dt.date, Company]]] = {seller: [] for seller in calendar}
        self.companies: list[Company] = []
        self.leads: list[LeadPlan] = []
        self.dealing = Dealing(calendar, line)

    def run(self) -> None:
        """Leavers first: what they leave behind goes on with their team."""
        for seller in sorted(self.calendar, key=lambda seller: seller.ended_on is None):
            self._career(seller)
            if seller.ended_on is not None:
                self._hand_over(seller, seller.ended_on)

    def _career(self, seller: Seller) -> None:
        chance = dice(self.seed, "sell", seller.name)
        fate = Fate(chance)
        days = self.calendar[seller]
        if seller.started_on is None:
            for _turn in range(max(1, round(OLD_CUSTOMERS * self.scale))):
                self._old_customer(seller, chance)
        fresh, again = chance.random(), chance.random()
        for day in days.all:
            if day < self.line.start - WARM_UP or day > self.line.today + 40 * DAY:
                continue
            weight = days.weight[day] * self.scale * (self.line.share(day) if day <= self.line.today else 1)
            skill = seller.skill_on(day)
            fresh += BOOKINGS * skill.bookings * weight * chance.uniform(0.6, 1.4)
            again += REPEATS * skill.opens * weight * chance.uniform(0.6, 1.4) * (day <= self.line.today)
            while fresh >= 1:
                fresh -= 1
                self._approach(seller, day, chance, fate)
            while again >= 1:
                again -= 1
                self._approach_again(seller, day, chance, fate)

    def _company(self, seller: Seller, created_on: dt.date, chance: Random, *, channel: str = "") -> Company:
        segment = offer.pick(chance, offer.SEGMENTS)
        company = Company(
            name=self.names.company(seller.country, segment),
            business_id=self.names.business_id(seller.country) if chance.random() < 0.97 else "",
            country=seller.country, segment=segment,
            owner=seller, added_by=seller, created_on=created_on, channel=channel,
        )
        return company

    def _contact(self, company: Company, day: dt.date) -> None:
        name = self.names.person(company.country)
        first, last = (plain(part) for part in name.split(" ", 1))
        domain = plain(company.name.removesuffix(" AB").removesuffix(" Oy"))
        company.contacts.append((name, f"{first}.{last}@{domain}.example", day))

    def _keep(self, company: Company, seller: Seller) -> None:
        self.companies.append(company)
        self.books[seller].append((company.created_on, company))

    def _old_customer(self, seller: Seller, chance: Random) -> None:
        """A customer from before the two years."""
        created_on = self.calendar[seller].on_or_before(self.line.start - WARM_UP - chance.randrange(5, 200) * DAY)
        company = self._company(seller, created_on, chance, channel="Referral")
        company.first_contact = company.met = company.won_on = created_on
        self._contact(company, created_on)
        self._keep(company, seller)

    def _approach(self, seller: Seller, day: dt.date, chance: Random, fate: Fate) -> None:
        """A company that is not known yet, from its first trace to the end of its first sale."""
        days = self.calendar[seller]
        inbound = chance.random() < 0.3
        channel = offer.pick(chance, offer.INBOUND if inbound else offer.OUTBOUND)
        lead_time = chance.choice((0, 0, 1, 1, 2, 3)) if inbound else round(1 + chance.expovariate(1 / 16))
        created_on = days.on_or_before(day - lead_time * DAY)
        if created_on > self.line.today:
            return
        company = self._company(seller, created_on, chance, channel=channel)
        if day <= self.line.today:
            self._sell(seller, company, day, chance, fate, inbound=inbound)
        else:
            # Found, but not spoken to yet.
            self._contact(company, created_on)
            self._keep(company, seller)
            self._lead(company, seller, chance, inbound=inbound, reached="New")

    def _sell(self, seller: Seller, company: Company, day: dt.date, chance: Random, fate: Fate, *, inbound: bool) -> None:
        acts = self._first_contact(seller, company, day, chance)
        deal = None
        if company.met is not None and chance.random() < OPENS * seller.skill_on(day).opens:
            opened_on = self.calendar[seller].later(company.met, chance.choice((0, 0, 0, 1, 2)))
            wins = offer.WIN_RATE * seller.skill_on(day).wins * offer.CHANNEL_WINS[company.channel]
            deal = self.dealing.sale(
                company, seller, opened_on, chance, fate, first_contact=day, wins=wins, won_days=WON_DAYS, lost_days=LOST_DAYS
            )
        last = max([act.day for act in acts] + ([company.busy_until] if deal else []))
        if last < self.line.start:
            return
        self._contact(company, company.created_on)
        if company.met and self.line.happened(company.met) and chance.random() < 0.4:
            self._contact(company, company.met)
        self._keep(company, seller)
        for act in acts:
            self.line.add(act)
        opened = deal is not None and self.dealing.keep(deal)
        if inbound or chance.random() < 0.2:
            self._lead_of_approach(company, seller, chance, inbound=inbound, deal=deal.plan if deal and opened else None)

    def _first_contact(self, seller: Seller, company: Company, day: dt.date, chance: Random) -> list[Act]:
        """The conversation in which a meeting is agreed, and the meeting; a missed one is often agreed again."""
        days, skill = self.calendar[seller], seller.skill_on(day)
        company.first_contact = day
        second = second_of_day(chance, day, until=self.line.until(day))
        acts = [Act("call", "Cold call", "reached", seller, company, None, day, second, None, chance.randrange(180, 900))]
        booked_on, meeting_day = day, days.later(day + DAY, chance.randrange(1, 9) if chance.random() < 0.8 else chance.randrange(9, 20))
        while True:
            kind = chance.choice(("Discovery meeting", "Discovery meeting", "Demo"))
            second = second_of_day(chance, meeting_day)
            held = chance.random() < SHOWS * skill.shows
            outcome = "reached" if held else chance.choice(("no_show", "cancelled"))
            duration = chance.choice((1800, 2700, 3600))
            acts.append(Act("meeting", kind, outcome, seller, company, None, meeting_day, second, booked_on, duration))
            if held:
                company.met, company.met_at = meeting_day, second
                return acts
            if chance.random() < 0.5:
                return acts
            booked_on, meeting_day = meeting_day, days.later(meeting_day + DAY, chance.randrange(2, 8))

    def _approach_again(self, seller: Seller, day: dt.date, chance: Random, fate: Fate) -> None:
        """A new sale to a company that was met before."""
        company = self._known(seller, day, chance)
        if company is None:
            return
        again = self.calendar[seller].later(day, chance.randrange(1, 6))
        won = company.won_on is not None and company.won_on < day
        wins = offer.WIN_RATE * seller.skill_on(day).wins * (1.25 if won else 0.9)
        sale = self.dealing.sale(
            company, seller, again, chance, fate, first_contact=day, wins=wins,
            won_days=(WON_DAYS[0] * REPEAT_PACE, WON_DAYS[1]), lost_days=(LOST_DAYS[0] * REPEAT_PACE, LOST_DAYS[1]),
        )
        second = second_of_day(chance, day, until=self.line.until(day))
        if company.busy_until >= self.line.start:
            self.line.add(Act("call", "Follow-up call", "reached", seller, company, None, day, second, None, chance.randrange(180, 1200)))
            self.dealing.keep(sale)

    def _known(self, seller: Seller, day: dt.date, chance: Random) -> Company | None:
        book = self.books[seller]
        for _try in range(12):
            if not book:
                return None
            since, company = book[int(len(book) * chance.random())]
            rested = since < day and company.busy_until < day - 15 * DAY
            if rested and company.met is not None and company.met < day - 20 * DAY and (company.won_on or chance.random() < 0.45):
                return company
        return None

    def _lead_of_approach(self, company: Company, seller: Seller, chance: Random, *, inbound: bool, deal: DealPlan | None) -> None:
        """What became of the lead, by what became of the company."""
        met = company.met if company.met and self.line.happened(company.met) else None
        if deal is not None or (met is not None and chance.random() < 0.5):
            self._lead(company, seller, chance, inbound=inbound, reached="Qualified", qualified_on=met, deal=deal)
        else:
            self._lead(company, seller, chance, inbound=inbound, reached="Contacted")

    def _lead(
        self, company: Company, seller: Seller, chance: Random, *, inbound: bool, reached: str,
        qualified_on: dt.date | None = None, deal: DealPlan | None = None,
    ) -> None:
        if company.created_on < self.line.start:
            return
        person = company.contacts[0][0] if company.contacts else self.names.person(company.country)
        by = None if inbound and reached == "New" and chance.random() < 0.3 else seller
        since = company.created_on
        self.leads.append(LeadPlan(company, "", person, company.channel, inbound, reached, by, since, qualified_on, deal))
        if inbound and chance.random() < 0.06 and (twice := self.calendar[seller].later(since, 4)) <= self.line.today:
            self.leads.append(LeadPlan(company, "", person, "Website", inbound, "Duplicate", seller, twice))
        if inbound and chance.random() < 0.55:
            # A lead that came to nothing.
            name = self.names.company(seller.country, company.segment)
            nobody = chance.random() < 0.05
            person, channel = self.names.person(seller.country), offer.pick(chance, offer.INBOUND)
            self.leads.append(LeadPlan(None, name, person, channel, True, "Not qualified", None if nobody else seller, since))

    def _hand_over(self, leaver: Seller, ended_on: dt.date) -> None:
        team = [seller for seller in self.calendar if seller.ended_on is None and seller.team_on(ended_on) == leaver.team_on(ended_on)]
        team = [seller for seller in team if (seller.started_on or dt.date.min) <= ended_on]
        for place, (_since, company) in enumerate(self.books[leaver]):
            heir = team[place % len(team)]
            company.owner = heir
            self.books[heir].append((max(ended_on, company.created_on), company))
