"""Own KPIs: what the records say, what the cells say and what a plain loop over the rows says are one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from kpi_tracker.errors import InvalidInput, NotPermitted
from kpi_tracker.kpis import engine, own_services, records, registry
from kpi_tracker.kpis.measures import Dimension, Measure, Unit
from kpi_tracker.kpis.metrics import SubjectKind, terms_of
from kpi_tracker.kpis.models import OwnKpiVersion
from kpi_tracker.kpis.own import timeline
from kpi_tracker.kpis.own_definition import read
from kpi_tracker.kpis.own_services import Details
from kpi_tracker.kpis.own_types import activity_type_rename
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.kpis.query import KpiQuery
from kpi_tracker.orgs.models import ExchangeRate, Organisation
from kpi_tracker.periods import Period
from kpi_tracker.rollups import reader
from kpi_tracker.rollups.builder import refresh_fully
from kpi_tracker.rollups.models import RollupCell
from kpi_tracker.sales.models import Activity, Customer, Deal, Lead, Stage, StageChange
from kpi_tracker.scope import Role, Scope
from tests import factories
from tests.kpis.own_world import DAY, DKK, QUARTER, SPANS, TODAY, USD, World, by, check, definitions, in_base, plainly


@pytest.fixture
def world(db: None) -> World:
    return World()


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
