"""Each status says why in one whole sentence. Goals here are not saved: sentences need no database."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from goals import sentences
from goals.models import Goal
from goals.pacing import Clock
from goals.pacing import pace as pace_of
from goals.progress import GoalProgress, has_pace
from goals.status import Reason, Status, Verdict
from kpi_tracker.kpis.query import KpiValue
from kpi_tracker.orgs.models import Organisation, Team
from tests import factories

D = Decimal

NB, NNB = "\u00a0", "\u202f"
ORG = Organisation(id=1, name="Nordlys", base_currency="EUR")


def standing(kpi: str, target: Any, actual: Any, status: Status, reason: Reason, *, gone: int = 13, **clock: Any) -> GoalProgress:
    goal = Goal(
        organisation=ORG, kpi=kpi, subject_kind="team", team=Team(id=2, name="Stockholm"), target=D(target),
        starts_on=dt.date(2026, 11, 1), ends_on=dt.date(2026, 12, 1),
    )
    usual = {"days": 21, "days_gone": gone, "worked": D(gone), "worked_tonight": D(gone + 1), "total": D(21), "time_gone": D(gone) / 21,
             "begun": True, "over": False}
    at = Clock(**(usual | clock))
    declared = factories.kpi(kpi)
    value = None if actual is None else D(actual)
    pace = pace_of(target=goal.target, actual=value or D(0), at=at)
    return GoalProgress(
        goal=goal, kpi=declared, today=dt.date(2026, 11, 18), target=goal.target, value=KpiValue(value=value, numerator=value or D(0)),
        weights={}, spread={}, clock=at, pace=pace if has_pace(declared) else None, projected=pace.projected, records=88,
        verdict=Verdict(status, reason),
    )


@pytest.mark.parametrize(
    ("kpi", "target", "actual", "status", "reason", "options", "says"),
    [
        ("first_meetings_held", 66, 43, Status.ON_TRACK, Reason.AHEAD, {},
         f"43 of 66 with 13 of 21 working days gone: 105{NB}% of the expected 40.9."),
        ("first_meetings_held", 66, 39, Status.ON_TRACK, Reason.WITHIN_CHANCE, {},
         f"39 of 66 with 13 of 21 working days gone: 95{NB}% of the expected 40.9, no further below than chance explains."),
        ("revenue", 640_000, 320_000, Status.BEHIND, Reason.BELOW_PACE, {},
         f"320{NNB}000{NB}€ of 640{NNB}000{NB}€ with 13 of 21 working days gone: 81{NB}% of the expected 396{NNB}190{NB}€. "
         f"Each working day left needs 40{NNB}000{NB}€."),
        ("calls", 100, 4, Status.TOO_EARLY, Reason.FIRST_DAYS, {"gone": 1},
         "4 of 100 with 1 of 21 working days gone: a verdict comes once a tenth of the time is over."),
        ("calls", 100, 4, Status.ON_TRACK, Reason.AHEAD, {"gone": 1, "days": 1, "worked": D(1), "total": D(1)},
         f"4 of 100 with 1 of 1 working day gone: 4{NB}% of the expected 100."),
        ("deals_won", 5, 1, Status.TOO_EARLY, Reason.FEW_RECORDS, {"gone": 5},
         "1 of 5 with 5 of 21 working days gone: too few so far to tell pace from luck."),
        ("calls", 100, 100, Status.ACHIEVED, Reason.REACHED, {}, "100 of 100, with 8 working days left."),
        ("calls", 100, 104, Status.ACHIEVED, Reason.REACHED, {"gone": 21, "over": True}, "104 of 100."),
        ("calls", 100, 90, Status.MISSED, Reason.ENDED_SHORT, {"gone": 21, "over": True}, "90 of 100 when the period ended: 10 short."),
        ("calls", 105, 0, Status.UPCOMING, Reason.NOT_BEGUN, {"gone": 0, "begun": False},
         "It begins on 1 November 2026 and has 21 working days: 5 on each of them."),
        ("win_rate", "0.3", "0.318", Status.ON_TRACK, Reason.LEVEL_HELD, {},
         f"31.8{NB}% with 13 of 21 working days gone; the goal is 30{NB}% or more."),
        ("win_rate", "0.3", "0.318", Status.TOO_EARLY, Reason.FEW_RECORDS, {},
         f"31.8{NB}% over 88 records is too little to judge by; the goal is 30{NB}% or more."),
        ("win_rate", "0.3", None, Status.TOO_EARLY, Reason.NOTHING_COUNTED, {},
         f"There is nothing to measure yet; the goal is 30{NB}% or more."),
        ("sales_cycle_days", 45, 47, Status.AT_RISK, Reason.LEVEL_MISSED, {},
         "47 days with 13 of 21 working days gone; the goal is 45 days or less."),
        ("sales_cycle_days", 45, 47, Status.MISSED, Reason.ENDED_SHORT, {"gone": 21, "over": True},
         "47 days when the period ended; the goal is 45 days or less."),
        ("deals_lost", 20, 15, Status.AT_RISK, Reason.LIMIT_IN_DANGER, {},
         "15 with 13 of 21 working days gone; the goal is 20 or less. At this rate it ends at 24."),
        ("deals_lost", 20, 21, Status.MISSED, Reason.LIMIT_PASSED, {}, "21 already; the goal is 20 or less."),
    ],
)
def test_why(kpi: str, target: Any, actual: Any, status: Status, reason: Reason, options: dict[str, Any], says: str) -> None:
    assert sentences.why(standing(kpi, target, actual, status, reason, **options)).replace(f"{NB}days", " days") == says


@pytest.mark.parametrize(
    ("kpi", "target", "actual", "status", "reason", "says"),
    [
        ("revenue", 640_000, 372_000, Status.AT_RISK, Reason.BELOW_PACE, f"Stockholm is 6{NB}% behind pace on revenue"),
        ("revenue", 640_000, 420_000, Status.ON_TRACK, Reason.AHEAD, f"Stockholm is 6{NB}% ahead of pace on revenue"),
        ("revenue", 640_000, 396_190, Status.ON_TRACK, Reason.AHEAD, "Stockholm is exactly on pace on revenue"),
        ("revenue", 640_000, 0, Status.UPCOMING, Reason.NOT_BEGUN, f"Stockholm aims at 640{NB}k€ for revenue"),
        ("revenue", 640_000, 600_000, Status.MISSED, Reason.ENDED_SHORT, f"Stockholm ended 40{NB}k€ short of the goal for revenue"),
        ("revenue", 640_000, 652_000, Status.ACHIEVED, Reason.REACHED, f"Stockholm has reached the goal for revenue: 652{NB}k€"),
        ("calls", 66, 1, Status.TOO_EARLY, Reason.FIRST_DAYS, "It is too early to tell whether Stockholm reaches 66 for calls"),
        ("win_rate", "0.3", "0.318", Status.ON_TRACK, Reason.LEVEL_HELD, f"Stockholm keeps to the goal for win rate: 31.8{NB}%"),
        ("win_rate", "0.3", "0.2", Status.BEHIND, Reason.LEVEL_MISSED,
         f"Stockholm is at 20{NB}% for win rate and should be at 30{NB}% or more"),
        ("deals_lost", 20, 15, Status.AT_RISK, Reason.LIMIT_IN_DANGER, "Stockholm is likely to pass the limit for deals lost"),
        ("deals_lost", 20, 21, Status.MISSED, Reason.LIMIT_PASSED, "Stockholm missed the goal for deals lost: 21, not 20 or less"),
    ],
)
def test_headline(kpi: str, target: Any, actual: Any, status: Status, reason: Reason, says: str) -> None:
    assert sentences.headline(standing(kpi, target, actual, status, reason)) == says


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("kpi", ["calls", "revenue", "win_rate", "deals_lost", "sales_cycle_days", "sales_growth"])
def test_no_placeholder_is_left(kpi: str, status: Status, reason: Reason) -> None:
    for actual in (None, "0.5"):
        one = standing(kpi, 3, actual, status, reason)
        for text in (sentences.why(one), sentences.headline(one), sentences.title(one.goal), sentences.title_in_period(one.goal)):
            assert text
            assert "%(" not in text


def test_titles() -> None:
    goal = standing("win_rate", "0.3", "0.3", Status.ON_TRACK, Reason.LEVEL_HELD).goal
    assert sentences.title_in_period(goal) == f"Win rate: Stockholm stays at 30{NB}% or more, November 2026"
    assert sentences.question(goal) == "Win rate: what should Stockholm reach, November 2026?"
