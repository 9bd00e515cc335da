"""An organisation with a bit of everything, and own KPIs worked out by a plain loop over its rows."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from kpi_tracker.kpis import engine, own_services
from kpi_tracker.kpis.measures import Unit
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.models import OwnKpi, OwnKpiVersion
from kpi_tracker.kpis.own_definition import read
from kpi_tracker.kpis.own_services import Details
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.kpis.query import KpiQuery
from kpi_tracker.orgs.models import ExchangeRate, Organisation
from kpi_tracker.periods import Period
from kpi_tracker.rollups import reader
from kpi_tracker.rollups.builder import refresh_fully
from kpi_tracker.rollups.models import DirtyBucket
from kpi_tracker.rollups.rebuilding import rebuild
from kpi_tracker.sales.models import Activity, ActivityType, Contact, Customer, Deal, Lead, Pipeline, Product, Stage, StageChange
from kpi_tracker.scope import Role, Scope
from tests import factories

TODAY = dt.date(2024, 4, 10)
MARCH = Period(dt.date(2024, 3, 1), dt.date(2024, 4, 1))
QUARTER = Period(dt.date(2024, 1, 1), dt.date(2024, 4, 1))
DAY = Period(dt.date(2024, 3, 14), dt.date(2024, 3, 15))
SPANS = (MARCH, QUARTER, DAY)
EUR, USD, DKK = "EUR", "USD", "DKK"


class World:
    """An organisation with a bit of everything, drawn with a fixed seed over January to March 2024."""

    def __init__(self, slug: str = "nordlys") -> None:
        self.draw = random.Random(7)  # noqa: S311
        self.org = factories.organisation(slug)
        self.team = factories.team(self.org, "Stockholm")
        self.reps = [factories.rep(self.org, name, self.team if name != "Cesar" else None) for name in ("Bob", "Bea", "Cesar")]
        self.scope = Scope(self.org, Role.ADMIN, None, rep_ids=None, team_ids=None, sees_organisation=True)
        self.types = [ActivityType.objects.create(organisation=self.org, name=name, kind="meeting") for name in ("Demo", "Workshop")]
        self.products = [Product.objects.create(organisation=self.org, name=name) for name in ("Basic", "Pro")]
        other = Pipeline.objects.create(organisation=self.org, name="Partners")
        Stage.objects.create(organisation=self.org, pipeline=other, name="Talking", kind="open")
        ExchangeRate.objects.create(organisation=self.org, currency=USD, day=dt.date(2024, 2, 1), rate=Decimal("0.9"))
        ExchangeRate.objects.create(organisation=self.org, currency=USD, day=dt.date(2024, 3, 10), rate=Decimal("0.925"))
        self.customers = [
            factories.customer(
                self.org, f"Company {i}", self.some(self.reps), segment=self.some(["SME", "Enterprise", ""]), created_on=self.day()
            )
            for i in range(12)
        ]
        for _ in range(120):
            self.activity()
        for _ in range(60):
            self.deal()
        for _ in range(40):
            self.lead()
        for i in range(15):
            customer, rep = self.some([*self.customers, None]), self.some(self.reps)
            Contact.objects.create(organisation=self.org, name=f"Person {i}", customer=customer, added_by=rep, created_on=self.day())

    def some(self, choices: Any) -> Any:
        return self.draw.choice(list(choices))

    def day(self) -> dt.date:
        return dt.date(2024, 1, 1) + dt.timedelta(days=self.draw.randrange(91))

    def activity(self) -> Activity:
        kind = self.some(["call", "meeting", "email", "other"])
        return factories.activity(
            self.org, self.some(self.reps), self.day(), kind, type=self.some([*self.types, None]) if kind == "meeting" else None,
            outcome=self.some(["", "planned", "reached", "not_reached", "cancelled"]), customer=self.some([*self.customers, None]),
            booked_on=self.some([None, self.day()]), duration_s=self.some([None, 0, 29, 30, 95, 3600]),
        )

    def deal(self) -> Deal:
        opened, status = self.day(), self.some(["open", "won", "won", "lost"])
        deal = factories.deal(
            self.org, self.some(self.reps), opened_on=self.some([opened, opened, None]), closed_on=None if status == "open" else self.day(),
            status=status, amount=self.some([None, "0", "-50", "999.99", "1000", "1000.01", "5000", "25000.55"]),
            currency=self.some([EUR, EUR, USD, DKK]), channel=self.some(["web", "fair", ""]), product=self.some([*self.products, None]),
            customer=self.some([*self.customers, None]), first_contact_on=self.some([None, self.day()]),
        )
        if status == "open":
            deal.stage = self.some(Stage.objects.filter(organisation=self.org, kind="open"))
        deal.owner = self.some(self.reps)  # who opened and who closed it stay
        deal.save()
        for moved in range(self.draw.randrange(3)):
            at = dt.datetime(2024, 1, 5, 12, tzinfo=dt.UTC) + dt.timedelta(days=self.draw.randrange(80), seconds=moved)
            StageChange.objects.create(
                organisation=self.org, deal=deal, to_stage=self.some(Stage.objects.filter(organisation=self.org)), changed_at=at,
                changed_on=at.date(), rep=self.some(self.reps),
            )
        return deal

    def lead(self) -> Lead:
        return factories.lead(
            self.org, self.some(self.reps), self.day(), direction=self.some(["inbound", "outbound"]), status=self.some(["new", "hot", ""]),
            channel=self.some(["web", "fair", ""]), qualified_on=self.some([None, self.day()]), customer=self.some([*self.customers, None]),
        )

    def make(self, definition: dict[str, Any], name: str = "Mine", unit: Unit | None = None) -> OwnKpi:
        checked = read(definition)
        details = Details(name, "result", "closer", unit or checked.units[0], "up")
        return own_services.own_kpi_create(scope=self.scope, details=details, definition=checked)

    def change(self, own: OwnKpi, definition: dict[str, Any], valid_from: dt.date | None = None) -> OwnKpiVersion | None:
        checked = read(definition)
        details = Details(own.name, own.category, own.owner, checked.units[0], own.direction)
        return own_services.own_kpi_change(scope=self.scope, own=own, details=details, definition=checked, valid_from=valid_from)

    def ids(self, *names: str) -> list[int]:
        """Stages by name."""
        return list(Stage.objects.filter(organisation=self.org, name__in=names).order_by("id").values_list("id", flat=True))

    def pipeline(self, name: str) -> int:
        return Pipeline.objects.get(organisation=self.org, name=name).pk


# The oracle: plain loops over the rows, from the JSON of the definition. ------------------------------

MODELS = {"activity": Activity, "deal": Deal, "lead": Lead, "customer": Customer, "contact": Contact, "stage": StageChange}
CLOCKS: dict[tuple[str, str], tuple[str, str]] = {
    ("activity", "occurred"): ("occurred_on", "rep_id"), ("activity", "booked"): ("booked_on", "rep_id"),
    ("deal", "closed"): ("closed_on", "closed_by_id"), ("deal", "opened"): ("opened_on", "opened_by_id"),
    ("lead", "created"): ("created_on", "rep_id"), ("lead", "qualified"): ("qualified_on", "rep_id"),
    ("customer", "added"): ("created_on", "added_by_id"), ("contact", "added"): ("created_on", "added_by_id"),
    ("stage", "moved"): ("changed_on", "rep_id"),
}


def in_base(row: Deal, day: dt.date) -> Decimal | None:
    if row.amount is None:
        return None
    if row.currency == EUR:
        return row.amount
    rates = sorted((rate.day, rate.rate) for rate in ExchangeRate.objects.filter(organisation=row.organisation, currency=row.currency))
    past = [rate for since, rate in rates if since <= day]
    return (row.amount * past[-1]).quantize(Decimal("0.01"), ROUND_HALF_UP) if past else None


def passes(row: Any, side: dict[str, Any], day: dt.date) -> bool:
    fact = side["fact"]
    customer = row if fact == "customer" else getattr(row, "customer", None) if fact != "stage" else None
    values: dict[str, Callable[[], Any]] = {
        "kinds": lambda: row.kind, "types": lambda: row.type_id, "outcomes": lambda: row.outcome or "none", "statuses": lambda: row.status,
        "pipelines": lambda: (row.to_stage if fact == "stage" else row.stage).pipeline_id,
        "stages": lambda: row.to_stage_id if fact == "stage" else row.stage_id, "products": lambda: row.product_id,
        "directions": lambda: row.direction, "lead_statuses": lambda: row.status, "channels": lambda: row.channel,
        "segments": lambda: customer.segment if customer else None,
    }
    if any(value() not in side[name] for name, value in values.items() if name in side):
        return False
    if fact == "activity" and side["clock"] == "occurred" and "outcomes" not in side and row.outcome in ("planned", "cancelled"):
        return False
    if "amount_from" in side or "amount_to" in side:
        amount = in_base(row, day)
        if amount is None or amount < Decimal(side.get("amount_from", "-Infinity")) or amount > Decimal(side.get("amount_to", "Infinity")):
            return False
    return True


def adds(row: Any, side: dict[str, Any], day: dt.date) -> Decimal | None:
    """What one record adds; None where it lacks what is added up."""
    match side.get("quantity"):
        case "amount":
            return in_base(row, day)
        case "cycle_days":
            start = row.first_contact_on or row.opened_on
            return Decimal((row.closed_on - start).days) if row.closed_on and start and start <= row.closed_on else None
        case "duration":
            return None if row.duration_s is None else Decimal((row.duration_s + 30) // 60)
    return Decimal(1)


def loop(org: Organisation, side: dict[str, Any], span: Period, rep_ids: set[int] | None) -> tuple[Decimal, int]:
    day_field, rep_field = CLOCKS[side["fact"], side["clock"]]
    found = []
    for row in MODELS[side["fact"]].objects.filter(organisation=org):
        day = getattr(row, day_field)
        if day is None or day not in span or (rep_ids is not None and getattr(row, rep_field) not in rep_ids) or not passes(row, side, day):
            continue
        if (added := adds(row, side, day)) is not None:
            found.append(added)
    return sum(found, Decimal(0)), len(found)


def plainly(org: Organisation, definition: dict[str, Any], span: Period, rep_ids: set[int] | None) -> Decimal | None:
    total, number = loop(org, definition["above"], span, rep_ids)
    match definition["aggregation"]:
        case "count" | "sum":
            return total
        case "average":
            return total / number if number else None
    below, _n = loop(org, definition["below"], span, rep_ids)
    return total / below if below else None


def by(world: World, definition: dict[str, Any]) -> Callable[[Period, set[int] | None], Decimal | None]:
    return lambda span, rep_ids: plainly(world.org, definition, span, rep_ids)


def subjects(world: World) -> list[tuple[Subject, set[int] | None]]:
    reps = world.reps
    return [
        (Subject(SubjectKind.ORGANISATION), None), (Subject(SubjectKind.TEAM, world.team.pk), {reps[0].pk, reps[1].pk}),
        (Subject(SubjectKind.REP, reps[2].pk), {reps[2].pk}),
    ]


def check(world: World, own: OwnKpi, plain: Callable[[Period, set[int] | None], Decimal | None]) -> None:
    """Before the refresh, after it, and after a rebuild."""
    for after in (lambda: None, lambda: refresh_fully(world.org), lambda: rebuild(world.org)):
        after()
        for subject, rep_ids in subjects(world):
            question = KpiQuery((own.key,), subject, SPANS)
            from_records = engine.ask(world.org, question, today=TODAY)
            from_cells = reader.ask(world.org, question, today=TODAY)
            for span in SPANS:
                expected = plain(span, rep_ids)
                assert from_records[own.key, span, None].value == expected, (subject, span)
                assert from_cells[own.key, span, None].value == expected, (subject, span)
    assert not DirtyBucket.objects.filter(organisation=world.org).exists()


def demos(type_: int) -> dict[str, Any]:
    return {"aggregation": "count", "above": {"fact": "activity", "clock": "occurred", "types": [type_], "outcomes": ["reached", "none"]}}


def definitions(world: World) -> dict[str, dict[str, Any]]:
    demo = world.types[0].pk
    return {
        "all activities": {"aggregation": "count", "above": {"fact": "activity", "clock": "occurred"}},
        "demos": demos(demo),
        "booked": {
            "aggregation": "count", "above": {"fact": "activity", "clock": "booked", "kinds": ["meeting", "call"], "segments": ["SME"]},
        },
        "minutes": {"aggregation": "sum", "above": {"fact": "activity", "clock": "occurred", "quantity": "duration", "kinds": ["call"]}},
        "mean minutes": {"aggregation": "average", "above": {"fact": "activity", "clock": "occurred", "quantity": "duration"}},
        "pro revenue": {
            "aggregation": "sum",
            "above": {"fact": "deal", "clock": "closed", "quantity": "amount", "statuses": ["won"], "products": [world.products[1].pk]},
        },
        "large deals": {"aggregation": "count", "above": {"fact": "deal", "clock": "opened", "amount_from": "900", "amount_to": "5000"}},
        "larger revenue": {
            "aggregation": "sum", "above": {"fact": "deal", "clock": "closed", "quantity": "amount", "amount_from": "1000.01"},
        },
        "mean of partners": {
            "aggregation": "average",
            "above": {"fact": "deal", "clock": "opened", "quantity": "amount", "pipelines": [world.pipeline("Partners")]},
        },
        "cycle": {"aggregation": "average", "above": {"fact": "deal", "clock": "opened", "quantity": "cycle_days", "channels": ["web"]}},
        "hot leads": {
            "aggregation": "count",
            "above": {
                "fact": "lead", "clock": "created", "lead_statuses": ["hot"], "directions": ["inbound"], "segments": ["SME", "Enterprise"],
            },
        },
        "share qualified": {
            "aggregation": "ratio", "above": {"fact": "lead", "clock": "qualified", "channels": ["web"]},
            "below": {"fact": "lead", "clock": "created", "channels": ["web"]},
        },
        "revenue per call": {
            "aggregation": "ratio", "above": {"fact": "deal", "clock": "closed", "quantity": "amount", "statuses": ["won"]},
            "below": {"fact": "activity", "clock": "occurred", "kinds": ["call"]},
        },
        "share of pro": {
            "aggregation": "ratio",
            "above": {"fact": "deal", "clock": "closed", "quantity": "amount", "statuses": ["won"], "products": [world.products[1].pk]},
            "below": {"fact": "deal", "clock": "closed", "quantity": "amount", "statuses": ["won"]},
        },
        "companies": {"aggregation": "count", "above": {"fact": "customer", "clock": "added", "segments": ["Enterprise"]}},
        "people": {"aggregation": "count", "above": {"fact": "contact", "clock": "added", "segments": ["SME"]}},
        "moves": {"aggregation": "count", "above": {"fact": "stage", "clock": "moved", "stages": world.ids("Qualified", "Won")}},
        "moves of partners": {
            "aggregation": "count", "above": {"fact": "stage", "clock": "moved", "pipelines": [world.pipeline("Partners")]},
        },
    }
