"""Kinds of activities, and definitions of own KPIs: what is refused, and how they are put into words."""

from __future__ import annotations

from typing import Any

import pytest

from kpi_tracker.errors import InvalidInput
from kpi_tracker.kpis import own_services, registry
from kpi_tracker.kpis.measures import Unit
from kpi_tracker.kpis.own_definition import read
from kpi_tracker.kpis.own_services import Details
from kpi_tracker.kpis.own_types import activity_type_delete, activity_type_merge
from kpi_tracker.kpis.own_words import sentence
from kpi_tracker.rollups.builder import refresh_fully
from kpi_tracker.sales.models import ActivityType
from tests.kpis.own_world import World, by, check, definitions, demos


@pytest.fixture
def world(db: None) -> World:
    return World()


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
