"""Draws small organisations: people who move between teams, and records at the edges of time, money and ownership."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from kpi_tracker.orgs.models import ClosingDay, ExchangeRate, Organisation, Rep, Team, TeamAssignment
from kpi_tracker.sales.models import Activity, Contact, Customer, Deal, Lead, Pipeline, Stage, lead_company_key


def examples(most: int) -> settings:
    """The same examples in each run. None is made smaller after a failure: on a database that takes minutes, and they are small."""
    return settings(
        max_examples=most, derandomize=True, deadline=None, database=None, phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )


# Ends of months, quarters and years, fiscal ones too; leap day; clocks forward and back; weeks that span two years.
EDGES = [
    dt.date(2023, 12, 31), dt.date(2024, 1, 1), dt.date(2024, 2, 28), dt.date(2024, 2, 29), dt.date(2024, 3, 1), dt.date(2024, 3, 31),
    dt.date(2024, 4, 1), dt.date(2024, 6, 30), dt.date(2024, 7, 1), dt.date(2024, 10, 27), dt.date(2024, 12, 29), dt.date(2024, 12, 30),
    dt.date(2024, 12, 31), dt.date(2025, 1, 1), dt.date(2025, 2, 28), dt.date(2025, 3, 1),
]
# Days on which much happens, so that records meet: two firsts on one day, a running month against the one before.
BUSY = [dt.date(2024, 2, 5), dt.date(2024, 2, 8), dt.date(2024, 2, 9), dt.date(2024, 3, 5), dt.date(2024, 3, 8)]
DAYS = st.sampled_from(BUSY) | st.sampled_from(EDGES) | st.dates(dt.date(2024, 2, 20), dt.date(2024, 4, 10))
# The second and the third come 89 and 90 days after the first.
LEAD_EDGES = st.sampled_from([dt.date(2024, 1, 1), dt.date(2024, 3, 30), dt.date(2024, 3, 31), dt.date(2024, 4, 1)])
LEAD_DAYS = LEAD_EDGES | DAYS
MAYBE_DAY = st.none() | DAYS
AMOUNTS = st.sampled_from([None, "0", "-120.55", "0.01", "0.03", "33.33", "99.99", "1000", "12345.67"])
CURRENCIES = st.sampled_from(["EUR", "EUR", "SEK", "USD"])
RATES = st.sampled_from(["0.5", "0.08765432", "1.005", "11.12345678"])
REP = st.integers(0, 4)
CUSTOMER = st.sampled_from([None, 0, 0, 1, 2])
KINDS = st.sampled_from(["call", "email", "meeting", "meeting", "meeting", "social", "referral", "proposal", "other"])
OUTCOMES = st.sampled_from(["reached", "reached", "reached", "", "planned", "not_reached", "no_show", "cancelled"])
COMPANIES = st.sampled_from(["Acme", "Acme", "  ACME ", "Beta", ""])
COPIES = st.sampled_from([1, 1, 1, 2, 3])

ACTIVITIES = st.fixed_dictionaries(
    {"kind": KINDS, "outcome": OUTCOMES, "rep": REP, "customer": CUSTOMER, "occurred_on": DAYS, "booked_on": MAYBE_DAY}
)
DEALS = st.fixed_dictionaries({
    "status": st.sampled_from(["won", "won", "won", "lost", "open"]), "owner": REP, "opened_by": REP, "closed_by": REP,
    "customer": CUSTOMER, "amount": AMOUNTS, "currency": CURRENCIES, "opened_on": MAYBE_DAY, "first_contact_on": MAYBE_DAY,
    "closed_on": DAYS,
})
LEADS = st.fixed_dictionaries({
    "direction": st.sampled_from(["inbound", "inbound", "outbound"]), "company": COMPANIES, "rep": REP,
    "customer": st.sampled_from([None, None, 0]), "created_on": LEAD_DAYS, "qualified_on": MAYBE_DAY,
})
CONTACTS = st.fixed_dictionaries({"customer": CUSTOMER, "added_by": REP, "created_on": MAYBE_DAY})
MOVES = st.lists(st.tuples(DAYS, st.none() | st.integers(0, 3)), max_size=2)


# One company's meetings, won deals and inbound leads, of which only the first counts.
MEETINGS_HELD = ACTIVITIES.map(lambda row: row | {"kind": "meeting", "outcome": "reached", "customer": 0})
DEALS_WON = DEALS.map(lambda row: row | {"status": "won", "customer": 0})
INBOUND_LEADS = st.fixed_dictionaries({
    "direction": st.just("inbound"), "company": st.just("Acme"), "customer": st.none(), "rep": REP, "created_on": LEAD_EDGES,
    "qualified_on": st.none(),
})
FIRSTS = st.fixed_dictionaries({
    "activities": st.lists(st.tuples(MEETINGS_HELD, COPIES), max_size=4),
    "deals": st.lists(st.tuples(DEALS_WON, COPIES), max_size=4),
    "leads": st.lists(st.tuples(INBOUND_LEADS, st.just(1)), min_size=2, max_size=4),
    "contacts": st.just([]),
})


def facts(most: int) -> st.SearchStrategy[dict[str, Any]]:
    def several(rows: Any, size: int = most) -> Any:
        return st.lists(st.tuples(rows, COPIES), min_size=size // 2, max_size=size)

    return st.fixed_dictionaries(
        {"activities": several(ACTIVITIES), "deals": several(DEALS), "leads": several(LEADS), "contacts": several(CONTACTS, 2)}
    )


@st.composite
def sketches(draw: st.DrawFn, most: int = 6) -> dict[str, Any]:
    return {
        "week_start": draw(st.sampled_from([1, 7])),
        "fiscal_year_month": draw(st.sampled_from([1, 1, 4, 7])),
        "closing_days": draw(st.lists(DAYS, max_size=2, unique=True)),
        "moves": draw(st.lists(MOVES, min_size=4, max_size=4)),
        "rates": draw(st.lists(st.tuples(DAYS, RATES), max_size=2, unique_by=lambda rate: rate[0])),
        "created": draw(st.lists(MAYBE_DAY, min_size=3, max_size=3)),
        "facts": draw(facts(most)),
    }


@dataclass
class Built:
    """The rows that a sketch's numbers point to."""

    organisation: Organisation
    teams: list[Team]
    reps: list[Rep]
    customers: list[Customer]
    stages: dict[str, Stage]


def build(sketch: dict[str, Any], slug: str) -> Built:
    own = Organisation.objects.create(
        slug=slug, name=slug, base_currency="EUR", country="SE", week_start=sketch["week_start"],
        fiscal_year_month=sketch["fiscal_year_month"],
    )
    pipeline = Pipeline.objects.create(organisation=own, name="Sales")
    stages = [Stage(organisation=own, pipeline=pipeline, name=kind, kind=kind) for kind in ("open", "won", "lost")]
    Stage.objects.bulk_create(stages)
    north, south = (Team.objects.create(organisation=own, name=name) for name in ("North", "South"))
    cold = Team.objects.create(organisation=own, name="Cold", parent=north)
    colder = Team.objects.create(organisation=own, name="Colder", parent=cold)
    reps = [Rep.objects.create(organisation=own, name="Unassigned", is_unassigned=True)]
    reps += [Rep.objects.create(organisation=own, name=name) for name in ("Ada", "Bo", "Cy", "Di")]
    customers = [
        Customer.objects.create(organisation=own, name=name, owner=reps[place], created_on=day)
        for place, (name, day) in enumerate(zip(("Acme", "Beta", "Coda"), sketch["created"], strict=True))
    ]
    made = Built(own, [north, south, cold, colder], reps, customers, {stage.kind: stage for stage in stages})
    ClosingDay.objects.bulk_create(ClosingDay(organisation=own, day=day) for day in sketch["closing_days"])
    ExchangeRate.objects.bulk_create(
        ExchangeRate(organisation=own, currency="SEK", day=day, rate=Decimal(rate)) for day, rate in sketch["rates"]
    )
    for place, moves in enumerate(sketch["moves"]):
        assign(made, reps[place + 1], [(dt.date(2000, 1, 1), place if place < 3 else None), *moves])
    add_facts(made, sketch["facts"])
    return made


def assign(made: Built, rep: Rep, moves: list[tuple[dt.date, int | None]]) -> None:
    """The rep is in each team from its day until the next move; None is no team."""
    moves = sorted(dict(moves).items())
    ends = [*(day for day, _ in moves[1:]), None][: len(moves)]
    TeamAssignment.objects.bulk_create(
        TeamAssignment(organisation=made.organisation, rep=rep, team=made.teams[team], valid_from=start, valid_to=end)
        for (start, team), end in zip(moves, ends, strict=True) if team is not None
    )


def add_facts(made: Built, drawn: dict[str, Any]) -> None:
    """Each row as often as its copies say: equal rows all count."""

    def add(model: Any, values: Any, rows: list[tuple[dict[str, Any], int]]) -> None:
        model.objects.bulk_create(model(**values(made, row)) for row, copies in rows for _ in range(copies))

    add(Activity, activity_values, drawn["activities"])
    add(Deal, deal_values, drawn["deals"])
    add(Lead, lead_values, drawn["leads"])
    add(Contact, contact_values, drawn["contacts"])


def _customer(made: Built, place: int | None) -> Customer | None:
    return None if place is None or not made.customers else made.customers[place % len(made.customers)]


def activity_values(made: Built, row: dict[str, Any]) -> dict[str, Any]:
    return row | {"organisation": made.organisation, "rep": made.reps[row["rep"]], "customer": _customer(made, row["customer"])}


def deal_values(made: Built, row: dict[str, Any]) -> dict[str, Any]:
    people = {name: made.reps[row[name]] for name in ("owner", "opened_by", "closed_by")}
    amount = None if row["amount"] is None else Decimal(row["amount"])
    values = row | people | {"organisation": made.organisation, "customer": _customer(made, row["customer"]), "amount": amount}
    values |= {"name": "Deal", "stage": made.stages[row["status"]]}
    if row["status"] == "open":
        values |= {"closed_on": None, "closed_by": None}
    return values


def lead_values(made: Built, row: dict[str, Any]) -> dict[str, Any]:
    customer = _customer(made, row["customer"])
    key = lead_company_key(customer.id if customer else None, row["company"])
    return row | {"organisation": made.organisation, "rep": made.reps[row["rep"]], "customer": customer, "company_key": key}


def contact_values(made: Built, row: dict[str, Any]) -> dict[str, Any]:
    return row | {
        "organisation": made.organisation, "added_by": made.reps[row["added_by"]], "customer": _customer(made, row["customer"]),
        "name": "Person",
    }
