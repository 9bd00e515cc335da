"""An organisation with something for every KPI, and something left out of nearly every one, up to a given day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from itertools import count

from kpi_tracker.orgs.models import ExchangeRate, Organisation, Rep, Team, TeamAssignment, User
from kpi_tracker.periods import Grain, Period, add_months
from kpi_tracker.sales.models import Contract, Cost, Customer, Deal, Stage, StageChange
from tests import factories

MONTHS = 15
TARGETS = {"revenue": "5000", "calls": "20", "win_rate": "0.5", "open_pipeline": "30000", "sales_growth": "0.1"}
OUTCOMES = ("reached", "not_reached", "reached", "no_show", "planned", "cancelled", "reached")


@dataclass(frozen=True)
class MathWorld:
    """Bob and Bea sell in Stockholm, Cesar in Malmö; Bea moved there from Malmö in the running month."""

    org: Organisation
    today: dt.date
    stockholm: Team
    malmo: Team
    bob: Rep
    bea: Rep
    cesar: Rep
    customer: Customer
    users: dict[str, User]

    @property
    def month(self) -> Period:
        return self.org.calendar.bucket(Grain.MONTH, self.today)


def math_world(today: dt.date) -> MathWorld:
    org = factories.organisation("nordlys", name="Nordlys AB", timezone="Europe/Stockholm")
    sweden = factories.team(org, "Sweden")
    stockholm, malmo = factories.team(org, "Stockholm", sweden), factories.team(org, "Malmö", sweden)
    month = org.calendar.bucket(Grain.MONTH, today)
    moved = max(month.start, today - dt.timedelta(days=3))
    bob, cesar = factories.rep(org, "Bob Berg", stockholm), factories.rep(org, "Cesar Cruz", malmo)
    bea = factories.rep(org, "Bea Bok")
    TeamAssignment.objects.create(organisation=org, rep=bea, team=malmo, valid_from=dt.date(2000, 1, 1), valid_to=moved)
    TeamAssignment.objects.create(organisation=org, rep=bea, team=stockholm, valid_from=moved)
    users = {
        "admin": factories.member(org, "alice@example.com", "admin"),
        "manager": factories.member(org, "mona@example.com", "manager", manages=stockholm),
        "rep": factories.member(org, "bob@example.com", "rep", rep=bob),
        "viewer": factories.member(org, "vera@example.com", "viewer"),
    }
    ExchangeRate.objects.create(organisation=org, currency="SEK", day=add_months(today, -24), rate=Decimal("0.0912345"))
    days = [day for back in range(MONTHS) for day in _days(add_months(month.start, -back), today)]
    customers = [factories.customer(org, f"Company {i}", rep, business_id=f"55600{i:04}", created_on=days[i % len(days)])
                 for i, rep in zip(range(24), [bob, bea, cesar] * 8, strict=True)]
    _sell(org, [bob, bea, cesar], customers, days, today)
    _set_goals(org, month, [org, stockholm, bob], today)
    return MathWorld(org, today, stockholm, malmo, bob, bea, cesar, customers[0], users)


def _days(first: dt.date, today: dt.date) -> list[dt.date]:
    """Five days of a month, as far as they have come; of the running one also today."""
    found = [first + dt.timedelta(days=step) for step in (0, 5, 11, 17, 24)]
    return sorted({day for day in found if day <= today} | ({today} if (first.year, first.month) == (today.year, today.month) else set()))


def _sell(org: Organisation, reps: list[Rep], customers: list[Customer], days: list[dt.date], today: dt.date) -> None:
    stages = list(Stage.objects.filter(organisation=org).order_by("position"))
    number = count()
    for day in days:
        for rep in reps:
            i = next(number)
            customer = customers[i * 7 % len(customers)]
            for step, kind in enumerate(("call", "meeting", "email", "proposal", "social", "referral")):
                factories.activity(
                    org, rep, day, kind, outcome=OUTCOMES[(i + step) % len(OUTCOMES)], customer=None if (i + step) % 11 == 0 else customer,
                    booked_on=day - dt.timedelta(days=4) if kind == "meeting" else None, subject=f"{kind} {i}",
                )
            lead = factories.lead(
                org, rep, day, customer=customer, direction="inbound" if i % 2 else "outbound", qualified_on=day if i % 3 else None,
                converted_on=day if i % 4 == 1 else None,
            )
            _deal(org, rep, customer, day, i, stages, lead if i % 2 else None, today)
    for i, customer in enumerate(customers[:12]):
        start = add_months(today, -14 + i % 3)
        Contract.objects.create(
            organisation=org, customer=customer, starts_on=start, ends_on=add_months(start, 10 + i) if i % 2 else None,
            yearly_amount=Decimal("1200.50") * (i + 1), currency="DKK" if i == 3 else "EUR", margin=None if i == 4 else Decimal("0.7"),
        )
    for i in range(MONTHS):
        start = add_months(today.replace(day=1), -i)
        Cost.objects.create(
            organisation=org, category="marketing", amount=Decimal("1000.01"), currency="DKK" if i == 2 else "EUR", starts_on=start,
            ends_on=add_months(start, 1), note=f"Fair {i}",
        )


def _deal(
    org: Organisation, rep: Rep, customer: Customer, opened: dt.date, i: int, stages: list[Stage], lead: object, today: dt.date
) -> Deal:
    closed = min(opened + dt.timedelta(days=9 + i % 40), today)
    status = ("won", "open", "lost", "won", "won")[i % 5]
    backwards = i % 17 == 0 and status != "open"
    deal = factories.deal(
        org, rep, opened_on=closed + dt.timedelta(days=2) if backwards else opened,
        closed_on=closed if status != "open" else None, status=status,
        amount=None if i % 13 == 0 else Decimal("100.37") * (i % 29 + 1), currency=("EUR", "EUR", "SEK", "DKK", "EUR", "EUR")[i % 6],
        name=f"Deal {i}", customer=customer, lead=lead, first_contact_on=opened - dt.timedelta(days=6) if i % 3 else None,
        qualified_on=opened if i % 4 else None,
        expected_close_on=today + dt.timedelta(days=i % 9 - 3) if status == "open" and i % 7 else None,
        one_time_amount=Decimal(50) if i % 3 == 0 else None, term_months=(None, 6, 12, 36)[i % 4],
    )
    way = [stages[0], stages[1]] if i % 3 else [stages[0]]
    ways = [*way, stages[2]] if status == "won" else way
    before = None
    for step, stage in enumerate(ways):
        day = min(opened + dt.timedelta(days=step * 2), today)
        at = dt.datetime.combine(day, dt.time(9 + step), org.zone)
        StageChange.objects.create(organisation=org, deal=deal, from_stage=before, to_stage=stage, changed_at=at, changed_on=day, rep=rep)
        before = stage
    return deal


def _set_goals(org: Organisation, month: Period, subjects: list[Organisation | Team | Rep], today: dt.date) -> None:
    year = org.calendar.bucket(Grain.YEAR, today)
    before = org.calendar.shift(Grain.MONTH, month, -1)
    for subject in subjects:
        for kpi, target in TARGETS.items():
            factories.goal(org, kpi, subject, month.start, month.end, target)
        factories.goal(org, "revenue", subject, year.start, year.end, 60000)
        factories.goal(org, "deals_won", subject, before.start, before.end, 4)
