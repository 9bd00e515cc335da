"""Draws small organisations: people who move between teams, and records at the edges of time, money and ownership."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider

from kpi_tracker.orgs.models import ClosingDay, ExchangeRate, Organisation, Rep, Team, TeamAssignment, TeamPlacement
from kpi_tracker.sales.models import (
    Activity,
    Contact,
    Contract,
    Cost,
    Customer,
    Deal,
    Lead,
    Pipeline,
    Product,
    Stage,
    StageChange,
    lead_company_key,
)

# Hypothesis makes five of six examples by copying parts of the one before; here each is drawn anew, as other backends do it.
AVAILABLE_PROVIDERS["anew"] = HypothesisProvider


def examples(most: int) -> settings:
    """The same examples in each run. None is made smaller after a failure: on a database that takes minutes, and they are small."""
    return settings(
        max_examples=most, derandomize=True, deadline=None, database=None, phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck), backend="anew",
    )


# Ends of months, quarters and years, fiscal ones too; leap day; clocks forward and back; weeks that span two years.
EDGES = [
    dt.date(2023, 2, 9), dt.date(2023, 2, 28),
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
KINDS = st.sampled_from(["call", "email", "email", "meeting", "meeting", "meeting", "social", "referral", "proposal", "other"])
OUTCOMES = st.sampled_from(["reached", "reached", "reached", "", "planned", "not_reached", "no_show", "cancelled"])
COMPANIES = st.sampled_from(["Acme", "Acme", "  ACME ", "Beta", ""])
COPIES = st.sampled_from([1, 1, 1, 2, 3])
MAYBE = st.none() | st.integers(0, 5)
# 23:00 in UTC is the next day in Stockholm, 2:00 the day before in New York.
MOMENTS = st.builds(
    lambda day, hour, minute: dt.datetime(day.year, day.month, day.day, hour, minute, tzinfo=dt.UTC),
    DAYS, st.sampled_from([2, 12, 12, 23]), st.sampled_from([0, 0, 30]),
)

ACTIVITIES = st.fixed_dictionaries(
    {"kind": KINDS, "outcome": OUTCOMES, "rep": REP, "customer": CUSTOMER, "occurred_on": DAYS, "booked_on": MAYBE_DAY}
)
DEALS = st.fixed_dictionaries({
    "status": st.sampled_from(["won", "won", "won", "lost", "open", "open", "open"]), "owner": REP, "opened_by": REP, "closed_by": REP,
    "customer": CUSTOMER, "lead": MAYBE, "product": MAYBE, "stage": st.integers(0, 4), "amount": AMOUNTS, "currency": CURRENCIES,
    "one_time_amount": st.sampled_from([None, "0", "10", "33.34", "-5.55"]),
    "term_months": st.sampled_from([None, 0, 1, 11, 12, 13, 36, 36]),
    "opened_on": MAYBE_DAY, "first_contact_on": MAYBE_DAY, "qualified_on": MAYBE_DAY,
    "closed_on": DAYS | st.sampled_from([dt.date(2023, 2, 9), dt.date(2023, 3, 8)]), "expected_close_on": st.none() | DAYS,
})
STAGE_CHANGES = st.fixed_dictionaries({
    "deal": st.integers(0, 5), "from_stage": st.none() | st.integers(0, 8), "to_stage": st.integers(0, 8), "changed_at": MOMENTS,
    "rep": REP,
})
LEADS = st.fixed_dictionaries({
    "direction": st.sampled_from(["inbound", "inbound", "outbound"]), "company": COMPANIES, "rep": REP,
    "customer": st.sampled_from([None, None, 0]), "created_on": LEAD_DAYS, "qualified_on": MAYBE_DAY, "converted_on": MAYBE_DAY,
})
# What ends on one of these days and what begins on it touch; what ends on a later one overlaps; between two there is a gap.
TERMS = st.sampled_from([
    dt.date(2023, 1, 1), dt.date(2023, 7, 1), dt.date(2024, 1, 1), dt.date(2024, 2, 9), dt.date(2024, 2, 29), dt.date(2024, 3, 1),
    dt.date(2024, 3, 8), dt.date(2024, 4, 1), dt.date(2025, 1, 1),
])
CONTRACTS = st.fixed_dictionaries({
    "customer": st.sampled_from([0, 0, 1, 2]),
    "term": st.tuples(TERMS | st.just(dt.date(2023, 1, 1)), st.one_of(TERMS, TERMS, st.none())).filter(lambda term: term[0] != term[1]),
    "yearly_amount": st.sampled_from(["1200", "0.01", "99.99", "-50", "36500.37"]), "currency": CURRENCIES,
    "margin": st.sampled_from([None, "0", "0.8", "0.3333", "1"]),
})
COSTS = st.fixed_dictionaries({
    "category": st.sampled_from(["salary", "marketing", "booking", "event", "tool"]), "starts_on": DAYS,
    "days": st.sampled_from([1, 2, 7, 31, 90]), "amount": st.sampled_from(["100", "0.02", "-10.01", "999.99", "0", "12345.67"]),
    "currency": CURRENCIES,
})
CONTACTS = st.fixed_dictionaries({"customer": CUSTOMER, "added_by": REP, "created_on": MAYBE_DAY})
MOVES = st.lists(st.tuples(DAYS, st.none() | st.integers(0, 3)), max_size=2)
# Where a team stands from a day on: below one of the first three, or (False) where its own row says.
PLACES = st.lists(st.tuples(DAYS, st.sampled_from([None, 0, 1, 2, False])), max_size=2)


# One company's meetings, won deals, leads and moves between stages, of which only the first counts.
MEETINGS_HELD = ACTIVITIES.map(lambda row: row | {"kind": "meeting", "outcome": "reached", "customer": 0})
DEALS_WON = DEALS.map(lambda row: row | {"status": "won", "customer": 0})
INBOUND_LEADS = LEADS.flatmap(
    lambda row: LEAD_EDGES.map(lambda day: row | {"direction": "inbound", "company": "Acme", "customer": None, "created_on": day})
)
ENTRIES = STAGE_CHANGES.map(lambda row: row | {"deal": row["deal"] % 2, "to_stage": row["to_stage"] % 3})
FIRSTS = st.fixed_dictionaries({
    "activities": st.lists(st.tuples(MEETINGS_HELD, COPIES), max_size=4),
    "deals": st.lists(st.tuples(DEALS_WON, COPIES), max_size=4),
    "leads": st.lists(st.tuples(INBOUND_LEADS, st.just(1)), min_size=2, max_size=4),
    "stage_changes": st.lists(st.tuples(ENTRIES, st.just(1)), min_size=1, max_size=5),
})


def facts(most: int) -> st.SearchStrategy[dict[str, Any]]:
    def several(rows: Any, size: int = most) -> Any:
        return st.lists(st.tuples(rows, COPIES), min_size=size // 2, max_size=size)

    if not most:
        return st.just({})

    return st.fixed_dictionaries({
        "leads": several(LEADS), "activities": several(ACTIVITIES, most + 2), "deals": several(DEALS),
        "stage_changes": several(STAGE_CHANGES, 2 * most), "contacts": several(CONTACTS, 2),
        "contracts": several(CONTRACTS, 4), "costs": several(COSTS, 2),
    })


# A lead becomes a contact, a meeting and a deal, which goes through the stages and ends in a contract. gaps: days between the steps.
STORIES = st.fixed_dictionaries({
    "start": st.sampled_from(BUSY) | DAYS, "delay": st.sampled_from([0, 14, 60, 250]),
    "gaps": st.lists(st.sampled_from([0, 0, 1, 3, 7, 20]), min_size=5, max_size=5),
    "stages": st.lists(st.integers(0, 2), max_size=4), "meeting": st.sampled_from(["reached", "reached", "reached", "no_show", "planned"]),
    "lead": LEADS, "deal": DEALS, "amount": st.sampled_from(["0.03", "-120.55", "1000", "1000", "12345.67"]),
    "contract": CONTRACTS, "cost": COSTS,
})
A_YEAR_EARLIER = st.tuples(STORIES, st.sampled_from([dt.date(2023, 1, 2), dt.date(2023, 1, 30), dt.date(2023, 2, 6)])).map(
    lambda drawn: drawn[0] | {"start": drawn[1]}
)


SETTINGS = st.fixed_dictionaries({
    "velocity_months": st.sampled_from([1, 12, 12]), "most_customer_years": st.sampled_from([Decimal(5), Decimal("0.5")]),
    "lag_costs": st.booleans(), "eves_free": st.booleans(),
})


@st.composite
def sketches(draw: st.DrawFn, most: int = 4) -> dict[str, Any]:
    return {
        "settings": draw(SETTINGS),
        "week_start": draw(st.sampled_from([1, 7])),
        "fiscal_year_month": draw(st.sampled_from([1, 1, 1, 4, 7])),
        "country": draw(st.sampled_from(["SE", "SE", "FI", "US"])),
        "timezone": draw(st.sampled_from(["Europe/Stockholm", "America/New_York", "Asia/Kolkata"])),
        "closing_days": draw(st.lists(DAYS, max_size=2, unique=True)),
        "moves": draw(st.lists(MOVES, min_size=4, max_size=4)),
        "places": draw(st.lists(PLACES, min_size=2, max_size=2)),
        "rates": draw(st.lists(st.tuples(DAYS, RATES), max_size=2, unique_by=lambda rate: rate[0])),
        "created": draw(st.lists(MAYBE_DAY, min_size=3, max_size=3)),
        "facts": draw(facts(most)),
        "stories": [draw(A_YEAR_EARLIER), *draw(st.lists(STORIES, min_size=1, max_size=3))] if most else [],
    }


@dataclass
class Built:
    """The rows that a sketch's numbers point to."""

    organisation: Organisation
    teams: list[Team]
    reps: list[Rep]
    customers: list[Customer]
    products: list[Product]
    stages: list[Stage]


def build(sketch: dict[str, Any], slug: str) -> Built:
    own = Organisation.objects.create(
        slug=slug, name=slug, base_currency="EUR", country=sketch["country"], timezone=sketch["timezone"],
        week_start=sketch["week_start"], fiscal_year_month=sketch["fiscal_year_month"], **sketch["settings"],
    )
    north, south = (Team.objects.create(organisation=own, name=name) for name in ("North", "South"))
    cold = Team.objects.create(organisation=own, name="Cold", parent=north)
    colder = Team.objects.create(organisation=own, name="Colder", parent=cold)
    reps = [Rep.objects.create(organisation=own, name="Unassigned", is_unassigned=True)]
    reps += [Rep.objects.create(organisation=own, name=name, country=country) for name, country in zip(
        ("Ada", "Bo", "Cy", "Di"), ("", "FI", "US", "SE"), strict=True,
    )]
    customers = [
        Customer.objects.create(organisation=own, name=name, owner=reps[place], created_on=day)
        for place, (name, day) in enumerate(zip(("Acme", "Beta", "Coda"), sketch["created"], strict=True))
    ]
    products = [Product.objects.create(organisation=own, name=name) for name in ("Box", "Bag")]
    made = Built(own, [north, south, cold, colder], reps, customers, products, _stages(own))
    ClosingDay.objects.bulk_create(ClosingDay(organisation=own, day=day) for day in sketch["closing_days"])
    ExchangeRate.objects.bulk_create(
        ExchangeRate(organisation=own, currency="SEK", day=day, rate=Decimal(rate)) for day, rate in sketch["rates"]
    )
    for place, moves in enumerate(sketch["moves"]):
        assign(made, reps[place + 1], [(dt.date(2000, 1, 1), place if place < 3 else None), *moves])
    for place, moves in enumerate(sketch["places"]):
        place_team(made, place + 2, moves)
    add_facts(made, sketch["facts"])
    for story in sketch["stories"]:
        add_story(made, story)
    return made


def _stages(own: Organisation) -> list[Stage]:
    """Two pipelines; in the first, two stages have the same position."""
    stages: list[Stage] = []
    for name, kinds in (("Sales", ["open", "open", "open", "won", "lost"]), ("Renewals", ["open", "open", "won", "lost"])):
        pipeline = Pipeline.objects.create(organisation=own, name=name)
        for place, kind in enumerate(kinds):
            position = min(place, 1) if kind == "open" else place
            stages.append(Stage(organisation=own, pipeline=pipeline, name=f"{name} {place}", kind=kind, position=position))
    return Stage.objects.bulk_create(stages)


def assign(made: Built, rep: Rep, moves: list[tuple[dt.date, int | None]]) -> None:
    """The rep is in each team from its day until the next move; None is no team."""
    moves = sorted(dict(moves).items())
    ends = [*(day for day, _ in moves[1:]), None][: len(moves)]
    TeamAssignment.objects.bulk_create(
        TeamAssignment(organisation=made.organisation, rep=rep, team=made.teams[team], valid_from=start, valid_to=end)
        for (start, team), end in zip(moves, ends, strict=True) if team is not None
    )


def place_team(made: Built, team: int, moves: list[tuple[dt.date, int | bool | None]]) -> None:
    """The team stands below another from each day until the next move. Only below those that come before it: there is no circle."""
    moves = sorted(dict(moves).items())
    ends = [*(day for day, _ in moves[1:]), None][: len(moves)]
    TeamPlacement.objects.bulk_create(
        TeamPlacement(
            organisation=made.organisation, team=made.teams[team], valid_from=start, valid_to=end,
            parent=None if above is None else made.teams[min(above, team - 1)],
        )
        for (start, above), end in zip(moves, ends, strict=True) if above is not False
    )


def add_facts(made: Built, drawn: dict[str, Any]) -> None:
    """Each row as often as its copies say: equal rows all count."""

    for name in ("leads", "activities", "deals", "stage_changes", "contacts", "contracts", "costs"):
        model, values = TABLES[name]
        filled = [(values(made, row), copies) for row, copies in drawn.get(name, [])]
        model.objects.bulk_create(model(**each) for each, copies in filled if each is not None for _ in range(copies))


def add_story(made: Built, story: dict[str, Any]) -> None:
    asked, called, met, opened, closed = (story["start"] + dt.timedelta(days=sum(story["gaps"][:step])) for step in range(1, 6))
    drawn, own = story["deal"], {"organisation": made.organisation}
    lead = Lead.objects.create(**lead_values(made, story["lead"] | {"created_on": asked, "qualified_on": called}))
    customer = _customer(made, drawn["customer"] or 0)
    rep = made.reps[drawn["owner"]]
    Activity.objects.create(**own, kind="call", outcome="reached", rep=rep, customer=customer, occurred_on=called)
    Activity.objects.create(**own, kind="meeting", outcome=story["meeting"], rep=rep, customer=customer, occurred_on=met, booked_on=called)
    days = {"first_contact_on": called, "opened_on": met, "qualified_on": opened, "closed_on": closed}
    days["expected_close_on"] = closed + dt.timedelta(days=story["delay"])
    deal = Deal.objects.create(**deal_values(made, drawn | days | {"amount": story["amount"]}) | {"lead": lead, "customer": customer})
    path = [made.stages[0], *(made.stages[place] for place in story["stages"]), deal.stage]
    for place, stage in enumerate(path):
        moment = dt.datetime.combine(min(met + place * dt.timedelta(days=2), closed), dt.time(12), dt.UTC)
        before = path[place - 1] if place else None
        StageChange.objects.create(**own, **_moment(made, moment), deal=deal, from_stage=before, to_stage=stage, rep=rep)
    if deal.status == "won":
        term = {"customer": customer, "deal": deal, "starts_on": closed, "ends_on": None}
        Contract.objects.create(**contract_values(made, story["contract"]) | term)
    Cost.objects.create(**cost_values(made, story["cost"] | {"starts_on": asked}))


def _customer(made: Built, place: int | None) -> Customer | None:
    return None if place is None or not made.customers else made.customers[place % len(made.customers)]


def activity_values(made: Built, row: dict[str, Any]) -> dict[str, Any]:
    return row | {"organisation": made.organisation, "rep": made.reps[row["rep"]], "customer": _customer(made, row["customer"])}


def _one_of(rows: Any, place: int | None) -> Any:
    rows = list(rows)
    return None if place is None or not rows else rows[place % len(rows)]


def deal_values(made: Built, row: dict[str, Any]) -> dict[str, Any]:
    people = {name: made.reps[row[name]] for name in ("owner", "opened_by", "closed_by")}
    amounts = {name: None if row[name] is None else Decimal(row[name]) for name in ("amount", "one_time_amount")}
    values = row | people | amounts | {"organisation": made.organisation, "customer": _customer(made, row["customer"]), "name": "Deal"}
    values |= {
        "stage": _one_of((stage for stage in made.stages if stage.kind == row["status"]), row["stage"]),
        "lead": _one_of(Lead.objects.filter(organisation=made.organisation).order_by("id"), row["lead"]),
        "product": _one_of(made.products, row["product"]),
    }
    if row["status"] == "open":
        values |= {"closed_on": None, "closed_by": None}
    return values


def stage_change_values(made: Built, row: dict[str, Any]) -> dict[str, Any] | None:
    """None where there is no deal left that could change its stage."""
    deal = _one_of(Deal.objects.filter(organisation=made.organisation).order_by("id"), row["deal"])
    if deal is None:
        return None
    return _moment(made, row["changed_at"]) | {
        "organisation": made.organisation, "deal": deal, "from_stage": _one_of(made.stages, row["from_stage"]),
        "to_stage": _one_of(made.stages, row["to_stage"]), "rep": made.reps[row["rep"]],
    }


def _moment(made: Built, moment: dt.datetime) -> dict[str, Any]:
    return {"changed_at": moment, "changed_on": moment.astimezone(ZoneInfo(made.organisation.timezone)).date()}


def contract_values(made: Built, row: dict[str, Any]) -> dict[str, Any]:
    one, other = row["term"]
    values = {name: row[name] for name in ("yearly_amount", "currency", "margin")}
    values |= {"yearly_amount": Decimal(row["yearly_amount"]), "margin": None if row["margin"] is None else Decimal(row["margin"])}
    return values | {
        "organisation": made.organisation, "customer": _customer(made, row["customer"]),
        "starts_on": one if other is None else min(one, other), "ends_on": None if other is None else max(one, other),
    }


def cost_values(made: Built, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "organisation": made.organisation, "category": row["category"], "amount": Decimal(row["amount"]), "currency": row["currency"],
        "starts_on": row["starts_on"], "ends_on": row["starts_on"] + dt.timedelta(days=row["days"]),
    }


def lead_values(made: Built, row: dict[str, Any]) -> dict[str, Any]:
    customer = _customer(made, row["customer"])
    key = lead_company_key(customer.id if customer else None, row["company"])
    return row | {"organisation": made.organisation, "rep": made.reps[row["rep"]], "customer": customer, "company_key": key}


def contact_values(made: Built, row: dict[str, Any]) -> dict[str, Any]:
    return row | {
        "organisation": made.organisation, "added_by": made.reps[row["added_by"]], "customer": _customer(made, row["customer"]),
        "name": "Person",
    }


TABLES: dict[str, tuple[Any, Any]] = {
    "activities": (Activity, activity_values), "contacts": (Contact, contact_values), "contracts": (Contract, contract_values),
    "costs": (Cost, cost_values), "deals": (Deal, deal_values), "leads": (Lead, lead_values),
    "stage_changes": (StageChange, stage_change_values),
}
