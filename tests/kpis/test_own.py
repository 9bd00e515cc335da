"""Own KPIs: what the records say, what the cells say and what a plain loop over the rows says are one."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from kpi_tracker.errors import InvalidInput, NotPermitted
from kpi_tracker.kpis import engine, own_services, records, registry
from kpi_tracker.kpis.measures import Dimension, Measure, Unit
from kpi_tracker.kpis.metrics import SubjectKind, terms_of
from kpi_tracker.kpis.models import OwnKpi, OwnKpiVersion
from kpi_tracker.kpis.own import timeline
from kpi_tracker.kpis.own_definition import read
from kpi_tracker.kpis.own_services import Details
from kpi_tracker.kpis.own_types import activity_type_delete, activity_type_merge, activity_type_rename
from kpi_tracker.kpis.own_words import sentence
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.kpis.query import KpiQuery
from kpi_tracker.orgs.models import ExchangeRate, Organisation
from kpi_tracker.periods import Period
from kpi_tracker.rollups import reader
from kpi_tracker.rollups.builder import refresh_fully
from kpi_tracker.rollups.models import DirtyBucket, RollupCell
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


@pytest.fixture
def world(db: None) -> World:
    return World()


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


KINDS = (
    "all activities", "demos", "booked", "minutes", "mean minutes", "pro revenue", "large deals", "larger revenue", "mean of partners",
    "cycle", "hot leads", "share qualified", "revenue per call", "share of pro", "companies", "people", "moves", "moves of partners",
)


@pytest.mark.parametrize("kind", KINDS)
def test_records_cells_and_a_plain_loop_agree(world: World, kind: str) -> None:
    definition = definitions(world)[kind]
    own = world.make(definition)
    check(world, own, by(world, definition))
    quarter = plainly(world.org, definition, QUARTER, None)
    assert quarter, "the drawn world must have such records"


def test_every_definition_is_in_the_list(world: World) -> None:
    assert tuple(definitions(world)) == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_the_records_behind_a_figure_sum_up_to_it(world: World, kind: str) -> None:
    own = world.make(definitions(world)[kind])
    kpi = registry.kpi(own.key, world.org)
    everybody = Subject(SubjectKind.ORGANISATION)
    value = engine.ask(world.org, KpiQuery((own.key,), everybody, (QUARTER,)), today=TODAY)[own.key, QUARTER, None]
    sums = []
    for term in terms_of(kpi):
        assert isinstance(term, Measure)
        rows = records.counted(world.org, term, everybody, QUARTER, today=TODAY)
        total = Decimal(sum(row.quantity for row in rows))
        sums.append(total.scaleb(-2) if term.unit is Unit.MONEY else total)
    assert sums == [value.numerator, *([value.denominator] if value.denominator is not None else [])]


def test_what_is_asked_for_is_left_out_with_the_reason(world: World) -> None:
    definition = {"aggregation": "count", "above": {"fact": "deal", "clock": "closed", "statuses": ["won"], "amount_from": "900"}}
    own = world.make(definition)
    (term,) = terms_of(registry.kpi(own.key, world.org))
    found = {
        str(one.reason): len(one.records)
        for one in records.left_out(world.org, term, Subject(SubjectKind.ORGANISATION), QUARTER, today=TODAY) if len(one.records)
    }
    won = list(Deal.objects.filter(organisation=world.org, status="won", closed_on__range=(QUARTER.start, QUARTER.last)))
    no_rate = [deal for deal in won if deal.closed_on and deal.amount is not None and in_base(deal, deal.closed_on) is None]
    assert found == {"no amount": sum(deal.amount is None for deal in won), "no exchange rate on that day": len(no_rate)}
    assert no_rate


# Versions ------------------------------------------------------------------------------------------------

SMALL = {"aggregation": "count", "above": {"fact": "deal", "clock": "closed", "amount_to": "1000"}}
LARGE = {"aggregation": "count", "above": {"fact": "deal", "clock": "closed", "amount_from": "1000.01"}}


def split(world: World, day: dt.date, before: dict[str, Any], after: dict[str, Any]) -> Callable[[Period, set[int] | None], Decimal | None]:
    """What a count by `before` until `day` and by `after` from then on comes to."""

    def plain(span: Period, rep_ids: set[int] | None) -> Decimal | None:
        found = Decimal(0)
        for definition, part in ((before, Period(dt.date(2000, 1, 1), day)), (after, Period(day, dt.date(2100, 1, 1)))):
            if (shared := part.overlap(span)) is not None:
                found += plainly(world.org, definition, shared, rep_ids) or 0
        return found

    return plain


def test_a_change_from_a_day_on_leaves_the_days_before_as_they_were(world: World) -> None:
    own, day = world.make(SMALL), dt.date(2024, 3, 14)
    refresh_fully(world.org)
    world.change(own, LARGE, day)
    check(world, own, split(world, day, SMALL, LARGE))


def test_a_change_for_all_history_counts_every_day_anew(world: World) -> None:
    own = world.make(SMALL)
    world.change(own, LARGE, dt.date(2024, 3, 14))
    refresh_fully(world.org)
    world.change(own, LARGE)
    check(world, own, by(world, LARGE))


def test_a_change_for_all_history_may_count_other_records_in_another_way(world: World) -> None:
    calls = {"aggregation": "count", "above": {"fact": "activity", "clock": "occurred", "kinds": ["call"]}}
    revenue = {"aggregation": "sum", "above": {"fact": "deal", "clock": "closed", "quantity": "amount", "statuses": ["won"]}}
    own = world.make(calls)
    refresh_fully(world.org)
    world.change(own, revenue)
    check(world, own, by(world, revenue))
    own.refresh_from_db()
    assert own.unit == Unit.MONEY


def test_a_ratio_that_becomes_a_count_leaves_no_cells_of_its_lower_part(world: World) -> None:
    own = world.make(definitions(world)["revenue per call"])
    refresh_fully(world.org)
    world.change(own, SMALL)
    check(world, own, by(world, SMALL))
    assert not RollupCell.objects.filter(measure=f"{own.key}:below").exists()


def test_from_a_day_on_only_the_filters_may_change(world: World) -> None:
    own = world.make(SMALL)
    for other in ("revenue per call", "large deals", "demos"):
        with pytest.raises(InvalidInput) as refused:
            world.change(own, definitions(world)[other], dt.date(2024, 3, 1))
        assert refused.value.code == "structure_changed"
    assert OwnKpiVersion.objects.filter(own_kpi=own).count() == 1


def test_which_version_holds_when(world: World) -> None:
    def version(day: dt.date | None, low: str) -> OwnKpiVersion:
        definition = {"aggregation": "count", "above": {"fact": "deal", "clock": "closed", "amount_from": low}}
        return OwnKpiVersion(valid_from=day, definition=definition)

    first, march, february, whole = dt.date(2024, 1, 1), dt.date(2024, 3, 1), dt.date(2024, 2, 1), None
    told = [(whole, "1"), (march, "2"), (february, "3"), (first, "4"), (whole, "5"), (march, "6")]
    held = [[(one.start, one.end, one.definition.above.amount_from) for one in timeline([version(*one) for one in told[:n]])]
            for n in range(1, 7)]
    assert held == [
        [(None, None, 1)],
        [(None, march, 1), (march, None, 2)],
        [(None, february, 1), (february, None, 3)],
        [(None, first, 1), (first, None, 4)],
        [(None, None, 5)],
        [(None, march, 5), (march, None, 6)],
    ]


def test_saying_the_same_again_makes_no_version(world: World) -> None:
    own = world.make(SMALL)
    assert world.change(own, SMALL) is None
    assert world.change(own, SMALL, dt.date(2024, 3, 1)) is None
    assert world.change(own, LARGE, dt.date(2024, 3, 1)) is not None
    assert world.change(own, LARGE, dt.date(2024, 3, 5)) is None
    assert world.change(own, LARGE, dt.date(2024, 2, 1)) is not None
    assert world.change(own, LARGE) is not None


def test_an_amount_is_asked_for_only_while_a_version_does(world: World) -> None:
    everything = {"aggregation": "count", "above": {"fact": "deal", "clock": "closed"}}
    own, day = world.make(everything), dt.date(2024, 2, 10)
    world.change(own, LARGE, day)
    check(world, own, split(world, day, everything, LARGE))


def test_versions_may_ask_for_different_things(world: World) -> None:
    """One asks the customer, the next the product and an amount, the last nothing at all."""
    first, second, third = (
        {"aggregation": "sum", "above": {"fact": "deal", "clock": "opened", "quantity": "amount"} | filters}
        for filters in ({"segments": ["SME"]}, {"products": [world.products[0].pk], "amount_to": "6000"}, {})
    )
    own = world.make(first)
    february, march = dt.date(2024, 2, 5), dt.date(2024, 3, 14)
    world.change(own, second, february)
    world.change(own, third, march)
    early, late = split(world, february, first, second), split(world, march, second, third)

    def plain(span: Period, rep_ids: set[int] | None) -> Decimal | None:
        parts = [(early, span.overlap(Period(dt.date(2000, 1, 1), march))), (late, span.overlap(Period(march, dt.date(2100, 1, 1))))]
        return sum((each(part, rep_ids) or Decimal(0) for each, part in parts if part is not None), Decimal(0))

    check(world, own, plain)


@pytest.mark.parametrize("kind", ["demos", "revenue per call", "larger revenue", "moves"])
@pytest.mark.parametrize("by", [Dimension.REP, Dimension.TEAM, Dimension.CUSTOMER])
def test_broken_down_cells_and_records_agree(world: World, kind: str, by: Dimension) -> None:
    own = world.make(definitions(world)[kind])
    refresh_fully(world.org)
    for subject in (Subject(SubjectKind.ORGANISATION), Subject(SubjectKind.TEAM, world.team.pk)):
        question = KpiQuery((own.key,), subject, SPANS, by=by)
        from_records = engine.ask(world.org, question, today=TODAY)
        assert reader.ask(world.org, question, today=TODAY) == from_records
        if by is Dimension.REP:
            whole = engine.ask(world.org, KpiQuery((own.key,), subject, (QUARTER,)), today=TODAY)[own.key, QUARTER, None]
            members = [value.numerator for (_kpi, span, _member), value in from_records.items() if span == QUARTER]
            assert sum(members) == whole.numerator


# What else changes a figure ------------------------------------------------------------------------------

def test_a_customer_of_another_segment_counts_otherwise_at_once(world: World) -> None:
    picked = {name: definitions(world)[name] for name in ("booked", "hot leads", "companies", "people")}
    picked["deals of SME"] = {"aggregation": "count", "above": {"fact": "deal", "clock": "opened", "segments": ["SME"]}}
    made = {name: world.make(definition, name) for name, definition in picked.items()}
    refresh_fully(world.org)
    Customer.objects.filter(organisation=world.org, segment="SME").update(segment="Enterprise")
    Customer.objects.filter(pk=world.customers[0].pk).update(segment="SME")
    for name, own in made.items():
        definition = picked[name]
        check(world, own, by(world, definition))


def test_a_stage_that_moves_to_another_pipeline_counts_there(world: World) -> None:
    picked = {name: definitions(world)[name] for name in ("mean of partners", "moves of partners")}
    made = {name: world.make(definition, name) for name, definition in picked.items()}
    refresh_fully(world.org)
    Stage.objects.filter(organisation=world.org, name="Prospect").update(pipeline=world.pipeline("Partners"))
    for name, own in made.items():
        definition = picked[name]
        check(world, own, by(world, definition))


def test_one_without_filters_counts_everything_beside_one_with_filters(world: World) -> None:
    everything: dict[str, Any] = {"aggregation": "sum", "above": {"fact": "deal", "clock": "opened", "quantity": "amount"}}
    lost = {"aggregation": "sum", "above": everything["above"] | {"statuses": ["lost"]}}
    keys = world.make(lost, "Lost").key, world.make(everything, "All").key
    question = KpiQuery(keys, Subject(SubjectKind.ORGANISATION), (QUARTER,))
    for after in (lambda: None, lambda: refresh_fully(world.org)):
        after()
        for source in (engine, reader):
            table = source.ask(world.org, question, today=TODAY)
            expected = [plainly(world.org, definition, QUARTER, None) for definition in (lost, everything)]
            assert [table[key, QUARTER, None].value for key in keys] == expected


def test_a_rate_that_comes_later_counts_at_once(world: World) -> None:
    picked = {name: definitions(world)[name] for name in ("large deals", "larger revenue", "mean of partners")}
    made = {name: world.make(definition, name) for name, definition in picked.items()}
    refresh_fully(world.org)
    ExchangeRate.objects.create(organisation=world.org, currency=DKK, day=dt.date(2024, 1, 15), rate=Decimal("0.134"))
    ExchangeRate.objects.filter(organisation=world.org, currency=USD, day=dt.date(2024, 2, 1)).update(rate=Decimal("0.5"))
    for name, own in made.items():
        definition = picked[name]
        check(world, own, by(world, definition))


def test_a_rate_counts_for_whoever_opened_the_deal_also_under_another_owner(world: World) -> None:
    opened = {"aggregation": "sum", "above": {"fact": "deal", "clock": "opened", "quantity": "amount"}}
    own, (bob, bea, _cesar) = world.make(opened), world.reps
    deal = factories.deal(world.org, bob, opened_on=DAY.start, amount="100", currency="NOK")
    deal.owner = bea
    deal.save()
    refresh_fully(world.org)
    ExchangeRate.objects.create(organisation=world.org, currency="NOK", day=DAY.start, rate=Decimal("0.086"))
    check(world, own, by(world, opened))
    Organisation.objects.filter(pk=world.org.pk).update(base_currency="NOK")
    world.org.refresh_from_db()
    refresh_fully(world.org)
    question = KpiQuery((own.key,), Subject(SubjectKind.REP, bob.pk), SPANS)
    assert reader.ask(world.org, question, today=TODAY) == engine.ask(world.org, question, today=TODAY)


def test_records_that_come_change_and_go_are_counted_anew(world: World) -> None:
    picked = {name: definitions(world)[name] for name in ("demos", "minutes", "larger revenue", "moves", "share qualified")}
    made = {name: world.make(definition, name) for name, definition in picked.items()}
    refresh_fully(world.org)
    for _ in range(10):
        world.activity()
        world.deal()
        world.lead()
    Activity.objects.filter(organisation=world.org, kind="call").update(duration_s=120)
    Deal.objects.filter(organisation=world.org, status="won", amount=1000).update(amount=Decimal("4321.99"))
    Lead.objects.filter(organisation=world.org, channel="fair").update(channel="web")
    for row in list(Activity.objects.filter(organisation=world.org))[::5] + list(StageChange.objects.filter(organisation=world.org))[::3]:
        row.delete()
    for name, own in made.items():
        definition = picked[name]
        check(world, own, by(world, definition))


# Switching, deleting, rights -----------------------------------------------------------------------------

def test_switched_off_it_is_gone_and_switched_on_it_is_counted_anew(world: World) -> None:
    own = world.make(LARGE)
    refresh_fully(world.org)
    own_services.own_kpi_switch(scope=world.scope, own=own, enabled=False)
    assert own.key not in {kpi.key for kpi in registry.kpis_of(world.org)}
    refresh_fully(world.org)
    Deal.objects.filter(organisation=world.org, amount=5000).update(amount=Decimal("10"))
    refresh_fully(world.org)
    own_services.own_kpi_switch(scope=world.scope, own=own, enabled=True)
    check(world, own, by(world, LARGE))


def test_deleted_it_leaves_no_cells(world: World) -> None:
    own, kept = world.make(LARGE), world.make(SMALL, "Kept")
    refresh_fully(world.org)
    mine = RollupCell.objects.filter(measure__startswith=f"{own.key}:")
    assert mine.exists()
    key = own.key
    own_services.own_kpi_delete(scope=world.scope, own=own)
    assert not RollupCell.objects.filter(measure__startswith=f"{key}:").exists()
    assert RollupCell.objects.filter(measure__startswith=f"{kept.key}:").exists()
    with pytest.raises(InvalidInput, match="There is no KPI"):
        registry.kpi(key, world.org)


def test_another_organisation_neither_sees_nor_counts_it(world: World) -> None:
    own = world.make(LARGE)
    other = World("vinter")
    assert [kpi.key for kpi in registry.kpis_of(other.org)] == [kpi.key for kpi in registry.built_in()]
    with pytest.raises(InvalidInput):
        registry.kpi(own.key, other.org)
    with pytest.raises(NotPermitted):
        own_services.own_kpi_switch(scope=other.scope, own=own, enabled=False)
    with pytest.raises(InvalidInput) as refused:
        other.make(definitions(world)["demos"])
    assert (refused.value.field, refused.value.code) == ("types", "unknown_choice")


def test_only_an_admin_changes_own_kpis(world: World) -> None:
    own = world.make(LARGE)
    manager = Scope(world.org, Role.MANAGER, None, rep_ids=None, team_ids=None, sees_organisation=True)
    with pytest.raises(NotPermitted):
        own_services.own_kpi_create(scope=manager, details=Details("Two", "result", "closer", Unit.COUNT, "up"), definition=read(LARGE))
    with pytest.raises(NotPermitted):
        own_services.own_kpi_delete(scope=manager, own=own)
    with pytest.raises(NotPermitted):
        activity_type_rename(scope=manager, type_=world.types[0], name="Show")


@pytest.mark.parametrize("name", ["Mine", "mine", " MINE ", "Revenue", "revenue"])
def test_two_kpis_have_two_names(world: World, name: str) -> None:
    world.make(SMALL, "Mine")
    with pytest.raises(InvalidInput) as refused:
        world.make(LARGE, name)
    assert (refused.value.field, refused.value.code) == ("name", "duplicate")


# Activity types ------------------------------------------------------------------------------------------

def test_merging_a_type_counts_its_activities_under_the_other(world: World) -> None:
    demo, workshop = world.types
    own = world.make(definitions(world)["demos"])
    refresh_fully(world.org)
    moved = activity_type_merge(scope=world.scope, type_=demo, into=workshop)
    assert moved > 0
    both = {"aggregation": "count", "above": definitions(world)["demos"]["above"] | {"types": [workshop.pk]}}
    check(world, own, by(world, both))
    assert not ActivityType.objects.filter(organisation=world.org, name="Demo").exists()


def test_types_of_two_kinds_are_not_merged(world: World) -> None:
    call = ActivityType.objects.create(organisation=world.org, name="Cold call", kind="call")
    with pytest.raises(InvalidInput, match="different kinds"):
        activity_type_merge(scope=world.scope, type_=call, into=world.types[0])


def test_a_type_that_a_kpi_counts_is_not_deleted(world: World) -> None:
    demo, workshop = world.types
    own = world.make(definitions(world)["demos"])
    with pytest.raises(InvalidInput, match="Mine"):
        activity_type_delete(scope=world.scope, type_=demo)
    refresh_fully(world.org)
    activity_type_delete(scope=world.scope, type_=workshop)
    definition = demos(demo.pk)
    check(world, own, by(world, definition))


# Definitions ---------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("definition", "code"), [
    ({"aggregation": "median", "above": {"fact": "deal", "clock": "closed"}}, "unknown_aggregation"),
    ({"aggregation": "count", "above": {"fact": "nonsense", "clock": "closed"}}, "unknown_records"),
    ({"aggregation": "count", "above": {"fact": "deal", "clock": "occurred"}}, "unknown_clock"),
    ({"aggregation": "count", "above": {"fact": "deal", "clock": "closed", "kinds": ["call"]}}, "no_such_filter"),
    ({"aggregation": "count", "above": {"fact": "activity", "clock": "occurred", "kinds": ["dance"]}}, "unknown_choice"),
    ({"aggregation": "count", "above": {"fact": "activity", "clock": "occurred", "types": ["1"]}}, "unknown_choice"),
    ({"aggregation": "count", "above": {"fact": "activity", "clock": "occurred", "types": "12"}}, "unknown_choice"),
    ({"aggregation": "count", "above": {"fact": "activity", "clock": "occurred", "amount_from": "1"}}, "no_such_filter"),
    ({"aggregation": "count", "above": {"fact": "deal", "clock": "closed", "amount_from": "NaN"}}, "not_an_amount"),
    ({"aggregation": "count", "above": {"fact": "deal", "clock": "closed", "amount_from": "1.005"}}, "not_an_amount"),
    ({"aggregation": "count", "above": {"fact": "deal", "clock": "closed", "amount_from": "2", "amount_to": "1"}}, "ends_before_start"),
    ({"aggregation": "count", "above": {"fact": "deal", "clock": "closed", "quantity": "amount"}}, "count_without_quantity"),
    ({"aggregation": "sum", "above": {"fact": "deal", "clock": "closed"}}, "needs_quantity"),
    ({"aggregation": "sum", "above": {"fact": "lead", "clock": "created", "quantity": "amount"}}, "nothing_to_add_up"),
    ({"aggregation": "sum", "above": {"fact": "deal", "clock": "closed", "quantity": "yearly_amount"}}, "nothing_to_add_up"),
    ({"aggregation": "ratio", "above": {"fact": "deal", "clock": "closed"}}, "needs_below"),
    ({"aggregation": "count", "above": {"fact": "deal", "clock": "closed"}, "below": {"fact": "deal", "clock": "closed"}}, "needs_below"),
    ({"aggregation": "ratio", "above": {"fact": "deal", "clock": "closed"},
      "below": {"fact": "deal", "clock": "closed", "quantity": "amount"}}, "cannot_be_divided"),
    ({"aggregation": "count", "above": {"fact": "deal", "clock": "closed", "sql": "1"}}, "no_definition"),
    ("count", "no_definition"),
])
def test_what_cannot_be_counted_is_refused(definition: Any, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(definition)
    assert refused.value.code == code


def test_a_definition_is_read_as_it_was_written(world: World) -> None:
    for definition in definitions(world).values():
        assert read(definition).as_json() == definition


def test_a_definition_in_plain_words(world: World) -> None:
    def words(name: str) -> str:
        return sentence(world.org, read(definitions(world)[name]))

    assert words("all activities") == (
        "The number of activities with outcome other than planned and cancelled."
        " Each counts on the day it happened, for the rep who did it."
    )
    assert words("demos") == (
        "The number of activities with type Demo and outcome reached or not recorded."
        " Each counts on the day it happened, for the rep who did it."
    )
    assert words("pro revenue") == (
        "The amount of deals with status won and product Pro. Each counts on the day it closed, for the rep who closed it."
    )
    assert words("large deals") == (
        "The number of deals with an amount from 900 to 5,000 EUR. Each counts on the day it was opened, for the rep who opened it."
    )
    assert words("cycle") == (
        "The days from first contact to closing of deals with source “web”, divided by their number."
        " Each counts on the day it was opened, for the rep who opened it."
    )
    assert words("share qualified") == (
        "The number of leads with source “web”, divided by the number of leads with source “web”. Above the line each counts on the day it"
        " qualified, for the rep of the lead; below the line on the day it came in, for the rep of the lead."
    )


def test_an_own_kpi_says_of_itself_what_the_form_said(world: World) -> None:
    own = own_services.own_kpi_create(
        scope=world.scope, details=Details("Demos <b>held</b>", "activity", "prospector", Unit.COUNT, "down", "Shows that we show"),
        definition=read(definitions(world)["demos"]),
    )
    kpi = registry.kpi(own.key, world.org)
    assert (kpi.key, kpi.label, kpi.description) == (f"own:{own.pk}", "Demos <b>held</b>", "Shows that we show")
    assert (kpi.category, kpi.owner, kpi.unit, kpi.direction, kpi.adds_up) == ("activity", "prospector", "count", "down", True)


def test_without_a_description_the_definition_speaks(world: World) -> None:
    own = world.make(definitions(world)["demos"])
    assert str(registry.kpi(own.key, world.org).description).startswith("The number of activities with type Demo")
