"""KPIs of deals that are still open, in plain loops."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction

from tests.oracle.calendar import ONE, months_before
from tests.oracle.deals import amounts, closed, cycles, revenue
from tests.oracle.slices import Figure, Slice, kpi, plain
from tests.oracle.world import Row, World, in_cents


def was_open(deal: Row, since: dt.date | None, end: dt.date) -> bool:
    """Whether the deal, there `since` that day, was open when the day before `end` was over."""
    return since is not None and since < end and (deal["status"] == "open" or deal["closed_on"] >= end)


def holder(deal: Row) -> int:
    """Whose deal it is: the owner's while it is open, then that of whoever closed it."""
    return int(deal["owner_id"] if deal["status"] == "open" else deal["closed_by_id"])


def open_deals(part: Slice) -> list[tuple[Row, Decimal]]:
    """The deals open at the end of the span, each with its amount at the rate of the day it was opened."""
    return [
        (row, amount) for row in part.world.deals
        if was_open(row, row["opened_on"], part.span[1]) and part.concerns_deal(part.last, holder(row), row)
        and (amount := part.world.amount(row, row["opened_on"])) is not None
    ]


@kpi("open_pipeline")
def open_pipeline(part: Slice) -> Figure:
    found = [amount for _, amount in open_deals(part)]
    return plain(sum(found, Decimal(0)), len(found))


def stage_at(world: World, deal: Row, end: dt.date) -> int:
    """The stage in which the deal was when the day before `end` was over."""
    changes = world.changes_of(deal)
    gone = [row for row in changes if row["changed_on"] < end]
    if gone:
        return int(gone[-1]["to_stage_id"])
    if changes:
        return int(changes[0]["from_stage_id"] or changes[0]["to_stage_id"])
    return int(deal["stage_id"])


def stage_win_rate(world: World, stage_id: int, end: dt.date) -> Fraction | None:
    """Of all deals closed by then that have ever been in the stage, how many were won; None where there is none."""
    been = {
        row["deal_id"] for row in world.stage_changes if stage_id in (row["from_stage_id"], row["to_stage_id"])
    }
    ended = [row for row in world.deals if row["id"] in been and row["status"] != "open" and row["closed_on"] < end]
    won = sum(1 for row in ended if row["status"] == "won")
    return Fraction(won, len(ended)) if ended else None


@kpi("weighted_pipeline")
def weighted_pipeline(part: Slice) -> Figure:
    end, found = part.span[1], []
    for row, amount in open_deals(part):
        rate = stage_win_rate(part.world, stage_at(part.world, row, end), end)
        if rate is not None:
            found.append(in_cents(Fraction(amount) * rate))
    return plain(sum(found, Decimal(0)), len(found))


def target(part: Slice) -> Decimal | None:
    """Of the revenue goal for just these people and days; what one rep did for a team is no team's goal."""
    kind, own = part.member or part.subject
    as_of = min(part.today, part.last)
    if (part.subject[0], kind) == ("rep", "team"):
        return None
    if (part.subject[0], kind) == ("team", "rep") and not part.world.is_within(part.world.team_of(own, as_of), part.subject[1], as_of):
        return None
    if (part.subject[0], kind) == ("team", "team") and not part.world.is_within(own, part.subject[1], as_of):
        return None
    for row in part.world.goals:
        whose = (row["subject_kind"], row["team_id"] or row["rep_id"] or row["customer_id"] or 0)
        if row["kpi"] == "revenue" and row["kind"] == "reach" and whose == (kind, own) and (row["starts_on"], row["ends_on"]) == part.span:
            return Decimal(row["target"])
    return None


@kpi("pipeline_coverage")
def pipeline_coverage(part: Slice) -> Figure:
    start, end = part.span
    as_of = min(part.today, part.last)
    expected = [
        amount for row, amount in open_deals(part.elsewhen((start, as_of + ONE)))
        if row["expected_close_on"] is not None and max(start, as_of) <= row["expected_close_on"] < end
    ]
    total, goal = sum(expected, Decimal(0)), target(part)
    if goal is None:
        return Figure(value=None, numerator=total, count=len(expected))
    remaining = goal - revenue(part.elsewhen((start, as_of + ONE))).numerator
    return Figure(value=total / remaining if remaining > 0 else None, numerator=total, denominator=remaining, count=len(expected))


@kpi("sales_velocity")
def sales_velocity(part: Slice) -> Figure:
    """Of deals that have once been qualified, in all four factors."""
    qualified = [
        row for row in part.world.deals
        if was_open(row, row["qualified_on"], part.span[1]) and part.concerns_deal(part.last, holder(row), row)
    ]
    end = min(part.span[1], part.today + ONE)
    looked_back = part.elsewhen((months_before(end, part.world.organisation["velocity_months"]), end))
    won = [row for row in closed(looked_back, "won") if row["qualified_on"] is not None]
    lost = [row for row in closed(looked_back, "lost") if row["qualified_on"] is not None]
    win_rate = Decimal(len(won)) / (len(won) + len(lost)) if won or lost else None
    worth, lasted = amounts(part, won), cycles(won)
    mean_worth = sum(worth, Decimal(0)) / len(worth) if worth else None
    cycle = Decimal(sum(lasted)) / len(lasted) if lasted else None
    days = None if cycle is None else max(cycle, Decimal(1))
    times = None if win_rate is None or mean_worth is None else len(qualified) * win_rate * mean_worth
    return Figure(
        value=None if times is None or days is None else times / days, numerator=times or Decimal(0), denominator=days or Decimal(0),
        capped=days != cycle, rounded=True,
    )
