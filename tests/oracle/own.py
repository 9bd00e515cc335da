"""What an own KPI is, in plain loops over the records and over what was said about it, last said last."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from statistics import median
from typing import Any

from tests.oracle.slices import Figure, Slice, plain, ratio
from tests.oracle.world import Row, World

# A definition as it is stored, and the day since when it holds; without a day it holds always.
Version = tuple[dt.date | None, dict[str, Any]]
CLOCKS = {
    ("activity", "occurred"): ("occurred_on", "rep_id"), ("activity", "booked"): ("booked_on", "rep_id"),
    ("deal", "closed"): ("closed_on", "closed_by_id"), ("deal", "opened"): ("opened_on", "opened_by_id"),
    ("lead", "created"): ("created_on", "rep_id"), ("lead", "qualified"): ("qualified_on", "rep_id"),
    ("customer", "added"): ("created_on", "added_by_id"), ("contact", "added"): ("created_on", "added_by_id"),
    ("stage", "moved"): ("changed_on", "rep_id"),
}
COLUMNS = {
    "kinds": "kind", "types": "type_id", "statuses": "status", "products": "product_id", "directions": "direction",
    "lead_statuses": "status", "channels": "channel",
}


def own_figure(versions: Sequence[Version], part: Slice) -> Figure:
    _, newest = versions[-1]
    above = added(versions, "above", part)
    match newest["aggregation"]:
        case "count" | "sum":
            return plain(sum(above, Decimal(0)), len(above))
        case "average":
            middle = median(above) if above and newest["above"]["quantity"] == "cycle_days" else None
            return ratio(sum(above, Decimal(0)), len(above), len(above), middle)
        case _:
            return ratio(sum(above, Decimal(0)), sum(added(versions, "below", part), Decimal(0)), len(above))


def held_on(versions: Sequence[Version], day: dt.date) -> dict[str, Any]:
    """What was said last about that day."""
    return [definition for since, definition in versions if since is None or since <= day][-1]


def added(versions: Sequence[Version], side: str, part: Slice) -> list[Decimal]:
    """What each record adds that counts by the definition of its own day."""
    newest = versions[-1][1][side]
    day_of, rep_of = CLOCKS[newest["fact"], newest["clock"]]
    found = []
    for row in rows_of(part.world, newest["fact"]):
        day = row[day_of]
        if day is None or not is_about(part, newest["fact"], row, day, row[rep_of]):
            continue
        asked = held_on(versions, day)[side]
        worth = quantity(part.world, asked, row, day)
        if worth is not None and passes(part.world, asked, row, day):
            found.append(worth)
    return found


def rows_of(world: World, fact: str) -> list[Row]:
    return {
        "activity": world.activities, "deal": world.deals, "lead": world.leads, "customer": world.customers, "contact": world.contacts,
        "stage": world.stage_changes,
    }[fact]


def is_about(part: Slice, fact: str, row: Row, day: dt.date, rep_id: int | None) -> bool:
    match fact:
        case "deal":
            return part.holds_deal(day, rep_id, row)
        case "stage":
            return part.holds_deal(day, rep_id, deal_of(part.world, row), stage_id=row["to_stage_id"])
        case "customer":
            return part.holds(day, rep_id, row["id"])
        case _:
            return part.holds(day, rep_id, row["customer_id"])


def deal_of(world: World, change: Row) -> Row:
    return next(row for row in world.deals if row["id"] == change["deal_id"])


def quantity(world: World, side: dict[str, Any], row: Row, day: dt.date) -> Decimal | None:
    """None where the record lacks what is added up."""
    match side.get("quantity"):
        case "amount":
            return world.amount(row, day)
        case "cycle_days":
            start, end = row["first_contact_on"] or row["opened_on"], row["closed_on"]
            return None if start is None or end is None or end < start else Decimal((end - start).days)
        case "duration":
            return None if row["duration_s"] is None else Decimal((row["duration_s"] + 30) // 60)
        case _:
            return Decimal(1)


def passes(world: World, side: dict[str, Any], row: Row, day: dt.date) -> bool:
    for name, column in COLUMNS.items():
        if name in side and row[column] not in side[name]:
            return False
    if side["fact"] == "activity" and not passes_outcome(side, row["outcome"]):
        return False
    if "segments" in side and segment(world, side["fact"], row) not in side["segments"]:
        return False
    stage_id = row["to_stage_id" if side["fact"] == "stage" else "stage_id"] if side["fact"] in ("stage", "deal") else None
    if "stages" in side and stage_id not in side["stages"]:
        return False
    if "pipelines" in side and (stage_id is None or world.stage(stage_id)["pipeline_id"] not in side["pipelines"]):
        return False
    if "amount_from" in side or "amount_to" in side:
        amount = world.amount(row, day)
        low, high = Decimal(side.get("amount_from", "-Infinity")), Decimal(side.get("amount_to", "Infinity"))
        return amount is not None and low <= amount <= high
    return True


def passes_outcome(side: dict[str, Any], outcome: str) -> bool:
    """Nothing that was only planned or called off counts on its day, unless it is asked for."""
    if "outcomes" in side:
        return (outcome or "none") in side["outcomes"]
    return side["clock"] != "occurred" or outcome not in ("planned", "cancelled")


def segment(world: World, fact: str, row: Row) -> str | None:
    customer_id = row["id"] if fact == "customer" else row["customer_id"]
    return next((customer["segment"] for customer in world.customers if customer["id"] == customer_id), None)
