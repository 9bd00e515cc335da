"""One sale from its opening to its end: stages, meetings, offers, price and outcome."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from kpi_tracker.demo import offer
from kpi_tracker.demo.offer import Fate, Product
from kpi_tracker.demo.people import CURRENCY
from kpi_tracker.demo.records import Act, Company, DealPlan, Seller, Step
from kpi_tracker.demo.shapes import Days, closing_pull, second_of_day
from kpi_tracker.demo.timeline import Timeline
from kpi_tracker.periods import DAY, Calendar, Grain

# So long a deal waits for its seller; then a colleague takes over.
PATIENCE = 35 * DAY
# A deal closes up to so many days before or after its time, when it suits.
LEEWAY = 9


@dataclass(slots=True)
class Sale:
    """A deal as it would go if nothing were in the future. ends_on: when it would be closed."""

    plan: DealPlan
    ends_on: dt.date
    acts: list[Act]


class Dealing:
    def __init__(self, calendar: Mapping[Seller, Days], line: Timeline) -> None:
        self.calendar = calendar
        self.line = line
        self.deals: list[DealPlan] = []

    def sale(self, company: Company, seller: Seller, opened_on: dt.date, chance: Random, fate: Fate, *, first_contact: dt.date, wins: float,
             won_days: tuple[float, float], lost_days: tuple[float, float]) -> Sale:
        product = chance.choices(offer.PRODUCTS, [product.share for product in offer.PRODUCTS])[0]
        years = (opened_on - self.line.start).days / 365.25
        euro = fate.price(product, seller.skill_on(opened_on)) * offer.DEARER ** (years - 1)
        won = fate.wins(wins * (1.1 if euro < 8_000 else 0.9 if euro > 25_000 else 1.0))
        stages = offer.way(chance, won=won)
        middle, spread = won_days if won else lost_days
        middle *= 1.0 if won else offer.LOST_PACE[stages[-1]]
        length = min(230.0, chance.lognormvariate(0, spread) * middle * (euro / 12_000) ** 0.12)
        holder, ends_on = self._closing(seller, opened_on, max(first_contact + round(length) * DAY, opened_on + 4 * DAY), chance)
        plan = DealPlan(
            company=company, product=product.name, amount=None, currency=CURRENCY[company.country], owner=holder, opened_by=seller,
            opened_on=opened_on, first_contact_on=first_contact if chance.random() > 0.04 else None,
            expected_close_on=max(opened_on + DAY, ends_on + round(chance.gauss(-4, 12)) * DAY) if chance.random() > 0.03 else None,
            steps=[], channel=company.channel, closed_on=ends_on,
        )
        self._terms(plan, product, euro, chance)
        if not won and chance.random() < 0.88:
            plan.lost_reason = offer.pick(chance, offer.REASONS)
        sale = Sale(plan, ends_on, [])
        plan.steps = self._steps(sale, seller, stages, chance, end="Won" if won else "Lost")
        sale.acts = self._acts(sale, seller, chance)
        company.busy_until = ends_on
        return sale

    def keep(self, sale: Sale) -> bool:
        """Record what has happened of the sale; whether it was opened at all."""
        plan = sale.plan
        plan.steps = [step for step in plan.steps if self.line.happened(step.day, step.second)]
        if not plan.steps:
            return False
        if plan.status == "open":
            plan.closed_on, plan.lost_reason = None, ""
        elif plan.status == "won":
            plan.company.won_on = plan.company.won_on or plan.closed_on
        plan.company.deals.append(plan)
        self.deals.append(plan)
        for act in sale.acts:
            self.line.add(act)
        return True

    def _terms(self, plan: DealPlan, product: Product, euro: float, chance: Random) -> None:
        """Price and term; now and then nobody wrote the price down."""
        priced = chance.random() > 0.012
        amount = offer.amount_in(plan.currency, euro)
        if priced:
            plan.amount = amount
        if product.months:
            plan.term_months = chance.choice(product.months)
            plan.one_time_amount = (amount * round(100 * product.one_time) / 100).quantize(amount) if priced else None

    def _closing(self, seller: Seller, opened_on: dt.date, ideal: dt.date, chance: Random) -> tuple[Seller, dt.date]:
        """Who closes the deal, and when: the seller, or a colleague where the seller has left or is away for long."""
        ideal = self._before_quarter_end(opened_on, ideal, chance)
        holder, day = self._holder(seller, ideal)
        if day - ideal > 5 * DAY:
            # After a holiday not everything is decided on the first day.
            holder, day = self._holder(holder, day + chance.randrange(26) * DAY)
        days = self.calendar[holder]
        near = [days.on_or_after(day + step * DAY) for step in range(-LEEWAY, LEEWAY + 1)]
        choices = [found for found in dict.fromkeys(near) if found is not None and found > opened_on]
        if not choices:
            return holder, day
        return holder, chance.choices(choices, [closing_pull(found) for found in choices])[0]

    def _before_quarter_end(self, opened_on: dt.date, ideal: dt.date, chance: Random) -> dt.date:
        """What was to close soon after a quarter is often hurried into it."""
        quarter = Calendar().bucket(Grain.QUARTER, ideal)
        late = (ideal - quarter.start).days
        if late < 21 and opened_on < quarter.start - 14 * DAY and chance.random() < 0.35:
            return quarter.start - (1 + chance.randrange(9)) * DAY
        return ideal

    def _holder(self, seller: Seller, ideal: dt.date) -> tuple[Seller, dt.date]:
        found = self.calendar[seller].on_or_after(ideal)
        if found is not None and found - ideal <= PATIENCE:
            return seller, found
        team = seller.team_on(ideal)
        colleagues = [other for other in self.calendar if other is not seller and other.team_on(ideal) == team]
        waits = [(there - ideal, place) for place, other in enumerate(colleagues) if (there := self.calendar[other].on_or_after(ideal))]
        wait, place = min(waits)
        return colleagues[place], ideal + wait

    def _steps(self, sale: Sale, seller: Seller, stages: list[str], chance: Random, *, end: str) -> list[Step]:
        plan = sale.plan
        length = (sale.ends_on - plan.opened_on).days
        second = second_of_day(chance, plan.opened_on)
        if plan.opened_on == plan.company.met:
            second = plan.company.met_at + 3600
        steps = [Step(stages[0], plan.opened_on, second, seller)]
        left = list(accumulate(offer.DWELL[stage] * chance.lognormvariate(0, offer.DWELL_SPREAD) for stage in stages))
        for stage, after in zip(stages[1:], left, strict=False):
            ideal = plan.opened_on + round(length * after / left[-1]) * DAY
            steps.append(self._step(stage, ideal, seller, plan.owner, steps[-1], chance))
        return [*steps, self._step(end, sale.ends_on, plan.owner, plan.owner, steps[-1], chance)]

    def _step(self, stage: str, ideal: dt.date, seller: Seller, holder: Seller, before: Step, chance: Random) -> Step:
        for who in (seller, holder):
            day = self.calendar[who].on_or_before(ideal)
            if day >= before.day and ideal - day <= PATIENCE:
                second = second_of_day(chance, day)
                return Step(stage, day, max(second, before.second + 600) if day == before.day else second, who)
        return Step(stage, before.day, before.second + 600, before.by)

    def _acts(self, sale: Sale, seller: Seller, chance: Random) -> list[Act]:
        """What is done in the sale: calls and mails around the steps, offers, and the meetings in between."""
        plan, company, acts = sale.plan, sale.plan.company, []
        for step in plan.steps:
            before = max(8 * 3600, step.second - chance.randrange(60, 900))
            match step.stage:
                case "Proposal":
                    acts.append(Act("proposal", "", "", step.by, company, plan, step.day, step.second))
                case "Won" | "Negotiation":
                    duration = chance.randrange(120, 900)
                    acts.append(Act("call", "Follow-up call", "reached", step.by, company, plan, step.day, before, None, duration))
                case _:
                    acts.append(Act("email", "", "", step.by, company, plan, step.day, step.second))
        for _turn in range(chance.choices((0, 1, 2), (0.4, 0.42, 0.18))[0]):
            if (meeting := self._meeting(sale, seller, chance)) is not None:
                acts.append(meeting)
        offered = next((step for step in plan.steps if step.stage == "Negotiation"), None)
        if offered is not None and chance.random() < 0.45:
            acts.append(Act("proposal", "", "", offered.by, company, plan, offered.day, offered.second + 60, None, None, "Revised offer"))
        return acts

    def _meeting(self, sale: Sale, seller: Seller, chance: Random) -> Act | None:
        plan = sale.plan
        length = (sale.ends_on - plan.opened_on).days
        ideal = plan.opened_on + max(2, round(length * chance.uniform(0.1, 0.95))) * DAY
        for who in (seller, plan.owner):
            day = self.calendar[who].on_or_before(ideal)
            booked_on = self.calendar[who].on_or_before(day - round(2 + chance.expovariate(1 / 9)) * DAY)
            if plan.opened_on <= booked_on < day <= sale.ends_on:
                outcome = chance.choices(("reached", "no_show", "cancelled"), (0.88, 0.05, 0.07))[0]
                kind = chance.choice(("Demo", "Demo", "Site visit"))
                second, duration = second_of_day(chance, day), chance.choice((2700, 3600, 5400))
                return Act("meeting", kind, outcome, who, plan.company, plan, day, second, booked_on, duration)
        return None
