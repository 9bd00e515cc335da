from __future__ import annotations

from decimal import Decimal

import pytest

from goals.pacing import Clock, pace
from goals.status import Reason, Status, Verdict, of_level, of_limit, of_reach

D = Decimal


def at(gone: int, days: int = 20, *, begun: bool = True) -> Clock:
    return Clock(
        days=days, days_gone=gone, worked=D(gone), worked_tonight=D(min(gone + 1, days)), total=D(days), time_gone=D(gone) / days,
        begun=begun, over=begun and gone == days,
    )


def reach(actual: int, target: int, clock: Clock, *, records: int | None = None, is_count: bool = True) -> Verdict:
    standing = pace(target=D(target), actual=D(actual), at=clock)
    return of_reach(
        target=D(target), actual=D(actual), records=actual if records is None else records, is_count=is_count, at=clock, pace=standing
    )


@pytest.mark.parametrize(
    ("actual", "target", "gone", "status", "reason"),
    [
        (0, 100, 1, Status.TOO_EARLY, Reason.FIRST_DAYS),
        (10, 100, 2, Status.ON_TRACK, Reason.AHEAD),
        (1000, 2000, 10, Status.ON_TRACK, Reason.AHEAD),
        (950, 2000, 10, Status.ON_TRACK, Reason.WITHIN_CHANCE),
        (949, 2000, 10, Status.AT_RISK, Reason.BELOW_PACE),
        (850, 2000, 10, Status.AT_RISK, Reason.BELOW_PACE),
        (849, 2000, 10, Status.BEHIND, Reason.BELOW_PACE),
        (2000, 2000, 10, Status.ACHIEVED, Reason.REACHED),
        (2000, 2000, 20, Status.ACHIEVED, Reason.REACHED),
        (1999, 2000, 20, Status.MISSED, Reason.ENDED_SHORT),
    ],
)
def test_many_records(actual: int, target: int, gone: int, status: Status, reason: Reason) -> None:
    assert reach(actual, target, at(gone)) == Verdict(status, reason)


def test_before_it_begins() -> None:
    assert reach(0, 100, at(0, begun=False)) == Verdict(Status.UPCOMING, Reason.NOT_BEGUN)


def test_two_deals_due_and_none_won_may_be_bad_luck_until_half_time() -> None:
    assert reach(0, 5, at(8)) == Verdict(Status.TOO_EARLY, Reason.FEW_RECORDS)
    assert reach(0, 5, at(10)) == Verdict(Status.BEHIND, Reason.BELOW_PACE)


def test_one_record_short_of_the_pace_is_on_track_while_it_can_be_caught_up() -> None:
    assert reach(9, 10, at(19)).status is Status.ON_TRACK  # 9.5 are due
    assert reach(1, 3, at(19)).status is Status.BEHIND  # 2.85 are due, and two more on one day are not to be expected


def test_the_same_shortfall_weighs_more_when_few_days_are_left() -> None:
    assert reach(1840, 2000, at(19)).status is Status.AT_RISK  # 97 % of the pace, but 160 on a day that should bring 100
    assert reach(1640, 2000, at(19)).status is Status.BEHIND


def test_few_records_scatter_more_than_many() -> None:
    assert reach(18, 40, at(10)).status is Status.ON_TRACK  # 90 % of 20
    assert reach(14, 40, at(10)).status is Status.AT_RISK  # 70 %
    assert reach(13, 40, at(10)).status is Status.BEHIND  # 65 %


def test_money_scatters_as_its_deals_do() -> None:
    few = reach(90_000, 200_000, at(10), records=18, is_count=False)
    many = reach(90_000, 200_000, at(10), records=1800, is_count=False)
    assert (few.status, many.status) == (Status.ON_TRACK, Status.AT_RISK)


def test_no_money_at_all() -> None:
    assert reach(0, 200_000, at(6), records=0, is_count=False).status is Status.TOO_EARLY
    assert reach(0, 200_000, at(12), records=0, is_count=False).status is Status.BEHIND


@pytest.mark.parametrize(
    ("value", "records", "gone", "status", "reason"),
    [
        (None, 0, 10, Status.TOO_EARLY, Reason.NOTHING_COUNTED),
        (None, 0, 20, Status.MISSED, Reason.NOTHING_COUNTED),
        ("0.31", 88, 1, Status.TOO_EARLY, Reason.FIRST_DAYS),
        ("0.10", 4, 5, Status.TOO_EARLY, Reason.FEW_RECORDS),
        ("0.10", 4, 10, Status.BEHIND, Reason.LEVEL_MISSED),
        ("0.30", 88, 10, Status.ON_TRACK, Reason.LEVEL_HELD),
        ("0.26", 88, 10, Status.AT_RISK, Reason.LEVEL_MISSED),
        ("0.25", 88, 10, Status.BEHIND, Reason.LEVEL_MISSED),
        ("0.30", 88, 20, Status.ACHIEVED, Reason.REACHED),
        ("0.29", 88, 20, Status.MISSED, Reason.ENDED_SHORT),
    ],
)
def test_ratios_are_not_prorated(value: str | None, records: int, gone: int, status: Status, reason: Reason) -> None:
    actual = None if value is None else D(value)
    assert of_level(target=D("0.3"), actual=actual, records=records, at=at(gone), lower_is_better=False) == Verdict(status, reason)


@pytest.mark.parametrize(
    ("days", "status"), [(45, Status.ON_TRACK), (51, Status.AT_RISK), (52, Status.BEHIND)]
)
def test_a_shorter_cycle_is_better(days: int, status: Status) -> None:
    assert of_level(target=D(45), actual=D(days), records=30, at=at(10), lower_is_better=True).status is status


@pytest.mark.parametrize(
    ("lost", "gone", "status", "reason"),
    [
        (1, 1, Status.TOO_EARLY, Reason.FIRST_DAYS),
        (10, 10, Status.ON_TRACK, Reason.LEVEL_HELD),
        (11, 10, Status.AT_RISK, Reason.LIMIT_IN_DANGER),
        (2, 2, Status.ON_TRACK, Reason.LEVEL_HELD),
        (21, 10, Status.MISSED, Reason.LIMIT_PASSED),
        (20, 20, Status.ACHIEVED, Reason.REACHED),
    ],
)
def test_a_count_that_should_stay_low(lost: int, gone: int, status: Status, reason: Reason) -> None:
    standing = pace(target=D(20), actual=D(lost), at=at(gone))
    assert of_limit(target=D(20), actual=D(lost), records=lost, at=at(gone), pace=standing) == Verdict(status, reason)
