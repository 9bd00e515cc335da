"""What is said of a goal, and why: pure rules over its figures. `sentences.py` puts the reason into words."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from goals.pacing import Clock, Pace

# Before a tenth of the working time is over, one good or bad day decides the pace index (kpis.md).
TOO_EARLY = Decimal("0.1")
# A third of a target is not exact in decimals: what is below the pace by less than this is at it.
ROUNDING = Decimal("1e-9")
# Up to 5 % below the pace is rounding: half a day's work in the middle of a month.
ON_TRACK_TOLERANCE = Decimal("0.05")
# Up to 15 % below, the rest of a period still makes up for it; further below it rarely does.
AT_RISK_TOLERANCE = Decimal("0.15")
# Counts scatter by about their square root, even at an unchanged rate of work. Half of that scatter below the pace
# is no news; one and a half times (seen by chance once in 15 times) is.
ON_TRACK_SCATTER = Decimal("0.5")
AT_RISK_SCATTER = Decimal("1.5")
# What is missing has to fit into the days that are left: more than half above the even rate is no longer on track,
# more than three times the even rate is behind, however little that is of the whole.
ON_TRACK_LIFT = Decimal("1.5")
AT_RISK_LIFT = Decimal(3)
# A status is left only where its bound is passed by this much, so that one good or bad day does not turn it to and fro.
HYSTERESIS = Decimal("0.02")
# With fewer than three records due, none at all still comes up by chance once in 20 times (e^-3) ...
FEW_DUE = 3
# ... and a mean or a share of fewer than five records is mostly chance. From the middle of the period on, what is
# missing can no longer be called bad luck: then a verdict is given all the same.
FEW_RECORDS = 5
VERDICT_FROM = Decimal("0.5")


class Status(StrEnum):
    UPCOMING = "upcoming"
    TOO_EARLY = "too_early"
    ON_TRACK = "on_track"
    AT_RISK = "at_risk"
    BEHIND = "behind"
    ACHIEVED = "achieved"
    MISSED = "missed"


class Reason(StrEnum):
    """Why a status was given; each has a sentence."""

    NOT_BEGUN = "not_begun"
    FIRST_DAYS = "first_days"  # less than a tenth of the working time is over
    FEW_RECORDS = "few_records"  # too few to tell
    NOTHING_COUNTED = "nothing_counted"  # a ratio without records
    REACHED = "reached"
    ENDED_SHORT = "ended_short"
    AHEAD = "ahead"  # at or above what is due by now
    WITHIN_CHANCE = "within_chance"  # below it by no more than chance explains
    BELOW_PACE = "below_pace"
    LEVEL_HELD = "level_held"  # ratio, or a limit: the value stands on the right side of the target
    LEVEL_MISSED = "level_missed"
    LIMIT_IN_DANGER = "limit_in_danger"  # a count that must stay low will pass its limit at this rate
    LIMIT_PASSED = "limit_passed"


@dataclass(frozen=True, slots=True)
class Verdict:
    status: Status
    reason: Reason


def of_reach(
    *, target: Decimal, actual: Decimal, records: int, is_count: bool, at: Clock, pace: Pace, before: Status | None = None
) -> Verdict:
    """Of a count or sum to reach. records: how many records `actual` is made of; is_count: it is their number.

    before: how it stood when it was last looked at.
    """
    if not at.begun:
        return Verdict(Status.UPCOMING, Reason.NOT_BEGUN)
    if actual >= target:
        return Verdict(Status.ACHIEVED, Reason.REACHED)
    if at.over:
        return Verdict(Status.MISSED, Reason.ENDED_SHORT)
    if at.time_gone < TOO_EARLY or pace.index is None:
        return Verdict(Status.TOO_EARLY, Reason.FIRST_DAYS)
    if pace.index >= 1 - ROUNDING:
        return Verdict(Status.ON_TRACK, Reason.AHEAD)
    due = pace.expected if is_count else _records_due(pace.expected, actual, records)
    if due < FEW_DUE and at.time_gone < VERDICT_FROM:
        return Verdict(Status.TOO_EARLY, Reason.FEW_RECORDS)
    if is_count and pace.expected - actual < 1:
        return Verdict(Status.ON_TRACK, Reason.WITHIN_CHANCE)  # whole records cannot follow the pace more closely
    return _below_pace(target=target, actual=actual, due=due, at=at, index=pace.index, before=before)


def _below_pace(*, target: Decimal, actual: Decimal, due: Decimal, at: Clock, index: Decimal, before: Status | None) -> Verdict:
    """due: how many records are due by now; index: below 1."""
    scatter = 1 / due.sqrt() if due else Decimal(0)
    lift = (target - actual) / (target * (1 - at.gone)) if at.gone < 1 else None
    if lift is None:
        return Verdict(Status.BEHIND, Reason.BELOW_PACE)
    ease = _ease(Status.ON_TRACK, before)
    if lift <= ON_TRACK_LIFT * (1 + ease) and index >= 1 - max(ON_TRACK_TOLERANCE, ON_TRACK_SCATTER * scatter) - ease:
        return Verdict(Status.ON_TRACK, Reason.WITHIN_CHANCE)
    ease = _ease(Status.AT_RISK, before)
    if lift <= AT_RISK_LIFT * (1 + ease) and index >= 1 - max(AT_RISK_TOLERANCE, AT_RISK_SCATTER * scatter) - ease:
        return Verdict(Status.AT_RISK, Reason.BELOW_PACE)
    return Verdict(Status.BEHIND, Reason.BELOW_PACE)


_WORSE = (Status.ON_TRACK, Status.AT_RISK, Status.BEHIND)


def _ease(bound: Status, before: Status | None) -> Decimal:
    """How far the lower bound of a status is moved: down for a goal that stood there or better, up for one that stood worse."""
    if before not in _WORSE:
        return Decimal(0)
    return HYSTERESIS if _WORSE.index(before) <= _WORSE.index(bound) else -HYSTERESIS


def _records_due(expected: Decimal, actual: Decimal, records: int) -> Decimal:
    """How many records are due by now, at the mean size of those that came; none came: none can be told."""
    return expected * records / actual if actual > 0 else Decimal(0)


def of_limit(*, target: Decimal, actual: Decimal, records: int, at: Clock, pace: Pace) -> Verdict:
    """Of a count or sum that must not pass `target` (deals lost)."""
    if not at.begun:
        return Verdict(Status.UPCOMING, Reason.NOT_BEGUN)
    if actual > target:
        return Verdict(Status.MISSED, Reason.LIMIT_PASSED)
    if at.over:
        return Verdict(Status.ACHIEVED, Reason.REACHED)
    if at.time_gone < TOO_EARLY:
        return Verdict(Status.TOO_EARLY, Reason.FIRST_DAYS)
    if records >= FEW_DUE and pace.projected is not None and pace.projected > target:
        return Verdict(Status.AT_RISK, Reason.LIMIT_IN_DANGER)
    return Verdict(Status.ON_TRACK, Reason.LEVEL_HELD)


def of_level(
    *, target: Decimal, actual: Decimal | None, records: int, at: Clock, lower_is_better: bool, before: Status | None = None
) -> Verdict:
    """Of a ratio or mean to keep on the right side of `target`: no pace, no proration, the value to date counts.

    records: how many records the ratio is taken over. before: how it stood when it was last looked at. A goal that is not met is
    never said to be: only between at risk and behind does it matter.
    """
    if not at.begun:
        return Verdict(Status.UPCOMING, Reason.NOT_BEGUN)
    if actual is None:
        return Verdict(Status.MISSED if at.over else Status.TOO_EARLY, Reason.NOTHING_COUNTED)
    held = actual <= target if lower_is_better else actual >= target
    if at.over:
        return Verdict(Status.ACHIEVED, Reason.REACHED) if held else Verdict(Status.MISSED, Reason.ENDED_SHORT)
    if at.time_gone < TOO_EARLY:
        return Verdict(Status.TOO_EARLY, Reason.FIRST_DAYS)
    if records < FEW_RECORDS and at.time_gone < VERDICT_FROM:
        return Verdict(Status.TOO_EARLY, Reason.FEW_RECORDS)
    if held:
        return Verdict(Status.ON_TRACK, Reason.LEVEL_HELD)
    tolerance = AT_RISK_TOLERANCE + _ease(Status.AT_RISK, before)
    near = actual <= target * (1 + tolerance) if lower_is_better else actual >= target * (1 - tolerance)
    return Verdict(Status.AT_RISK if near else Status.BEHIND, Reason.LEVEL_MISSED)
