"""What a change of the organisation's time zone makes of the stored days, in plain loops."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from zoneinfo import ZoneInfo

from tests.oracle.world import Row, World

Days = tuple[dict[int, dt.date], dict[int, dt.date], dict[int, dt.date | None]]


def local_day(moment: dt.datetime, zone: str) -> dt.date:
    return moment.astimezone(ZoneInfo(zone)).date()


def first_moment(day: dt.date, zone: str) -> dt.datetime:
    return dt.datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(dt.UTC)


def moved(world: World, before: str, after: str) -> World:
    """The world with its days in the zone `after`; now they are in the zone `before`."""
    activities = [
        row if row["occurred_at"] is None else row | {"occurred_on": local_day(row["occurred_at"], after)} for row in world.activities
    ]
    changes = [change_moved(row, before, after) for row in world.stage_changes]
    by_id = {row["id"]: row for row in changes}
    deals = []
    for deal in world.deals:
        closing = closing_change(world, deal)
        deals.append(deal if closing is None else deal | {"closed_on": by_id[closing["id"]]["changed_on"]})
    return replace(
        world, organisation=world.organisation | {"timezone": after}, activities=activities, stage_changes=changes, deals=deals
    )


def change_moved(row: Row, before: str, after: str) -> Row:
    """A move at the first moment of its day was dated by the day alone, and keeps it."""
    if row["changed_at"] == first_moment(row["changed_on"], before):
        return row | {"changed_at": first_moment(row["changed_on"], after)}
    return row | {"changed_on": local_day(row["changed_at"], after)}


def closing_change(world: World, deal: Row) -> Row | None:
    """The last move into the deal's stage on the day on which it closed."""
    if deal["status"] == "open":
        return None
    into = [
        row for row in world.changes_of(deal) if row["to_stage_id"] == deal["stage_id"] and row["changed_on"] == deal["closed_on"]
    ]
    return into[-1] if into else None


def days(world: World) -> Days:
    return (
        {row["id"]: row["occurred_on"] for row in world.activities}, {row["id"]: row["changed_on"] for row in world.stage_changes},
        {row["id"]: row["closed_on"] for row in world.deals},
    )
