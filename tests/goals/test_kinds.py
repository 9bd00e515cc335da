"""Kinds of goals, shares of participants, and statuses that do not flip from day to day."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from goals import sentences
from goals.models import Goal, GoalVersion, Kind, Participant
from goals.pacing import pace
from goals.progress import fills_up, participants_progress, progress
from goals.standings import note_standings
from goals.status import Reason, Status, of_level, of_reach
from goals.versions import bring_into_force, version_add
from kpi_tracker.errors import InvalidInput
from kpi_tracker.kpis.query import KpiValue
from kpi_tracker.orgs.models import Absence
from tests import factories
from tests.goals.conftest import Company
from tests.goals.test_status import at

D = Decimal
NOVEMBER = (dt.date(2026, 11, 1), dt.date(2026, 12, 1))
TODAY = dt.date(2026, 11, 18)
NOW = dt.datetime(2026, 11, 18, 9, tzinfo=dt.UTC)

pytestmark = pytest.mark.django_db


def value(above: str, below: str | None = None) -> KpiValue:
    whole = D(above) / D(below) if below else D(above)
    return KpiValue(value=whole, numerator=D(above), denominator=D(below) if below else None, count=int(D(above)))


@pytest.mark.parametrize(("kpi", "kind", "target", "found", "status", "reason"), [
    ("calls", Kind.REACH, 100, value("20"), Status.BEHIND, Reason.BELOW_PACE),
    ("calls", Kind.BELOW, 100, value("30"), Status.ON_TRACK, Reason.LEVEL_HELD),
    ("calls", Kind.BELOW, 100, value("70"), Status.AT_RISK, Reason.LIMIT_IN_DANGER),
    ("calls", Kind.BELOW, 100, value("101"), Status.MISSED, Reason.LIMIT_PASSED),
    ("deals_lost", Kind.REACH, 20, value("4"), Status.ON_TRACK, Reason.LEVEL_HELD),
    ("win_rate", Kind.REACH, "0.3", value("31", "100"), Status.ON_TRACK, Reason.LEVEL_HELD),
    ("win_rate", Kind.ABOVE, "0.3", value("29", "100"), Status.AT_RISK, Reason.LEVEL_MISSED),
    ("win_rate", Kind.BELOW, "0.3", value("29", "100"), Status.ON_TRACK, Reason.LEVEL_HELD),
    ("win_rate", Kind.BELOW, "0.3", value("50", "100"), Status.BEHIND, Reason.LEVEL_MISSED),
    ("sales_cycle_days", Kind.REACH, 45, value("4000", "100"), Status.ON_TRACK, Reason.LEVEL_HELD),
    ("sales_cycle_days", Kind.ABOVE, 45, value("4000", "100"), Status.AT_RISK, Reason.LEVEL_MISSED),
])
def test_each_kind_has_its_own_arithmetic(
    company: Company, kpi: str, kind: Kind, target: str, found: KpiValue, status: Status, reason: Reason
) -> None:
    goal = factories.goal(company.org, kpi, company.bob, *NOVEMBER, target, kind=kind, prorated=True)
    Absence.objects.create(organisation=company.org, rep=company.bob, valid_from=dt.date(2026, 11, 2), valid_to=dt.date(2026, 11, 9))
    stands = progress(company.org, [goal], today=TODAY, known={goal.id: found})[goal.id]
    assert (stands.verdict.status, stands.verdict.reason) == (status, reason)
    assert (stands.pace is not None) is fills_up(goal, stands.kpi)
    # Five of 21 working days away: sums are asked for 16/21, levels never for less.
    assert stands.target == (D(target) if not stands.kpi.adds_up else (D(target) * 16 / 21).quantize(D(1)))
    assert stands.is_prorated is stands.kpi.adds_up


def test_it_says_which_side_counts_and_what_was_taken_out(company: Company) -> None:
    limit = Goal(organisation=company.org, kpi="calls", kind=Kind.BELOW, target=D(100), subject_kind="rep", rep=company.bob)
    assert sentences.target_words(limit) == "100 or less"
    above = Goal(organisation=company.org, kpi="sales_cycle_days", kind=Kind.ABOVE, target=D(45), subject_kind="rep", rep=company.bob)
    assert sentences.target_words(above) == "45 days or more"
    grows = Goal(
        organisation=company.org, kpi="revenue", kind=Kind.GROWTH, target=D(114000), growth=D("0.14"), subject_kind="team",
        team=company.stockholm, starts_on=NOVEMBER[0], ends_on=NOVEMBER[1],
    )
    assert sentences.title(grows) == "Revenue: Stockholm grows by 14\u00a0%, to 114\u00a0k€"
    goal = factories.goal(company.org, "calls", company.bob, *NOVEMBER, 210, prorated=True)
    Absence.objects.create(organisation=company.org, rep=company.bob, valid_from=dt.date(2026, 11, 2), valid_to=dt.date(2026, 11, 3))
    stands = progress(company.org, [goal], today=TODAY, known={goal.id: value("180")})[goal.id]
    assert sentences.why(stands).endswith("Of the agreed 210, 200 are asked: days away are taken out.")


def test_participants_stand_against_their_shares_in_their_own_days(company: Company) -> None:
    goal = factories.goal(company.org, "calls", company.org, *NOVEMBER, 420)
    for rep, share in ((company.bob, 210), (company.bea, 210)):
        Participant.objects.create(organisation=company.org, goal=goal, rep=rep, share=share)
    Absence.objects.create(organisation=company.org, rep=company.bea, valid_from=dt.date(2026, 11, 2), valid_to=dt.date(2026, 11, 9))
    for rep, count in ((company.bob, 3), (company.bea, 5)):
        for _ in range(count):
            factories.activity(company.org, rep, dt.date(2026, 11, 10))
    found = participants_progress(goal, goal.participants.all(), today=TODAY)
    bob, bea = found[company.bob.id], found[company.bea.id]
    assert (bob.target, bob.actual, bea.target, bea.actual) == (210, 3, 160, 5)
    assert bob.pace is not None
    assert bea.pace is not None
    assert (bob.pace.expected, bea.pace.expected) == (120, 70)  # 12 of 21 days, 7 of 16
    assert participants_progress(goal, [], today=TODAY) == {}


@pytest.mark.parametrize(("before", "index", "status"), [
    (None, "0.94", Status.AT_RISK), (Status.ON_TRACK, "0.94", Status.ON_TRACK), (Status.ON_TRACK, "0.92", Status.AT_RISK),
    (None, "0.96", Status.ON_TRACK), (Status.AT_RISK, "0.96", Status.AT_RISK), (Status.AT_RISK, "0.98", Status.ON_TRACK),
    (Status.AT_RISK, "0.84", Status.AT_RISK), (Status.BEHIND, "0.86", Status.BEHIND), (Status.BEHIND, "0.88", Status.AT_RISK),
    (None, "0.84", Status.BEHIND), (Status.BEHIND, "1", Status.ON_TRACK), (Status.TOO_EARLY, "0.94", Status.AT_RISK),
])
def test_a_status_is_left_only_where_its_bound_is_clearly_passed(before: Status | None, index: str, status: Status) -> None:
    clock = at(10)
    actual = D(100_000) * clock.gone * D(index)
    found = of_reach(
        target=D(100_000), actual=actual, records=100_000, is_count=False, at=clock, pace=pace(target=D(100_000), actual=actual, at=clock),
        before=before,
    )
    assert found.status is status


def test_a_level_that_is_not_met_is_never_said_to_be() -> None:
    def status(actual: str, before: Status | None) -> Status:
        return of_level(target=D("0.30"), actual=D(actual), records=88, at=at(10), lower_is_better=False, before=before).status

    assert status("0.299", Status.ON_TRACK) is Status.AT_RISK
    assert status("0.3", Status.BEHIND) is Status.ON_TRACK
    assert (status("0.25", None), status("0.25", Status.AT_RISK), status("0.26", Status.BEHIND)) == (
        Status.BEHIND, Status.AT_RISK, Status.BEHIND,
    )


def test_how_it_stood_is_kept_by_day_and_said(company: Company) -> None:
    goal = factories.goal(company.org, "calls", company.bob, *NOVEMBER, 210)
    for day in range(2, 10):
        for _ in range(16):
            factories.activity(company.org, company.bob, dt.date(2026, 11, day))
    for day in (10, 11, 12):
        note_standings(company.org, dt.date(2026, 11, day))
    goal.refresh_from_db()
    assert (goal.stood, goal.stood_actual) == ("on_track", 128)
    assert (goal.stood_since, goal.stood_on) == (dt.date(2026, 11, 10), dt.date(2026, 11, 12))
    assert note_standings(company.org, dt.date(2026, 11, 12)) == 0
    today = dt.date(2026, 11, 23)
    stands = progress(company.org, [goal], today=today)[goal.id]
    assert (stands.before, stands.verdict.status) == (Status.ON_TRACK, Status.AT_RISK)
    assert sentences.what_changed(stands) == "On 12 November 2026 it was on track, with 128."
    assert progress(company.org, [goal], today=dt.date(2026, 11, 12))[goal.id].before is None
    assert progress(company.org, [goal], today=dt.date(2026, 11, 27))[goal.id].before is None


def test_a_change_is_a_version_and_a_step_and_leaves_the_past_alone(company: Company) -> None:
    goal = factories.goal(company.org, "calls", company.bob, *NOVEMBER, 210)
    version_add(goal, target=D(420), stretch=None, reason="two more markets", author_id=None, now=NOW, today=TODAY)
    goal.refresh_from_db()
    assert [(one.number, one.target, one.asks_from, one.in_force) for one in goal.versions.order_by("number")] == [
        (1, 210, NOVEMBER[0], True), (2, 420, TODAY, True),
    ]
    stands = progress(company.org, [goal], today=TODAY)[goal.id]
    curve = dict(stands.expected_curve())
    assert (curve[dt.date(2026, 11, 17)], curve[TODAY], curve[dt.date(2026, 11, 30)]) == (120, 260, 420)
    assert progress(company.org, [goal], today=dt.date(2026, 11, 17))[goal.id].target == 210
    waiting = version_add(goal, target=D(500), stretch=None, reason="", author_id=None, now=NOW, today=TODAY, in_force=False)
    goal.refresh_from_db()
    assert goal.target == 420
    bring_into_force(GoalVersion.objects.select_related("goal").get(pk=waiting.pk), today=dt.date(2026, 11, 20))
    goal.refresh_from_db()
    assert [day.day for day, _ in goal.asked_since] == [1, 18, 20]
    with pytest.raises(InvalidInput, match="over"):
        version_add(goal, target=D(1), stretch=None, reason="", author_id=None, now=NOW, today=NOVEMBER[1])
