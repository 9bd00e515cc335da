"""Sums of teams follow the people and the tree of each day; what is past stays with who did it."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal

import pytest

from goals.worktime import WorkTime
from kpi_tracker.kpis import engine
from kpi_tracker.kpis.measures import Dimension
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.kpis.query import KpiQuery
from kpi_tracker.orgs.models import Organisation, Rep, Team, TeamPlacement
from kpi_tracker.orgs.placing import placement_remove, stay_set, team_place
from kpi_tracker.orgs.services import rep_move_team
from kpi_tracker.orgs.workdays import working_days
from kpi_tracker.periods import Period, day_after
from kpi_tracker.rollups import reader
from kpi_tracker.rollups.builder import refresh_fully
from kpi_tracker.rollups.models import DirtyBucket, RollupCell
from kpi_tracker.rollups.rebuilding import rebuild
from kpi_tracker.rollups.verify import verify
from kpi_tracker.sales.models import Deal
from tests import factories

TODAY = dt.date(2026, 6, 30)
MONTHS = [Period(dt.date(2026, month, 1), dt.date(2026, month + 1, 1)) for month in range(1, 6)]
JANUARY, FEBRUARY, MARCH, APRIL, MAY = MONTHS
HALF = Period(dt.date(2026, 1, 15), dt.date(2026, 4, 16))
pytestmark = pytest.mark.django_db


@pytest.fixture
def org() -> Organisation:
    """Ada sells in East, below North; Bo in South. Each makes a call every day and wins 100 on the 10th of each month."""
    org = factories.organisation()
    north, south = factories.team(org, "North"), factories.team(org, "South")
    reps = [factories.rep(org, "Ada", factories.team(org, "East", north)), factories.rep(org, "Bo", south)]
    for rep in reps:
        for day in Period(JANUARY.start, MAY.end).days():
            factories.activity(org, rep, day)
            if day.day == 10:
                factories.deal(org, rep, opened_on=day.replace(day=2), closed_on=day, status="won", amount="100")
    refresh_fully(org)
    return org


def team(org: Organisation, name: str) -> Team:
    found: Team = Team.objects.get(organisation=org, name=name)
    return found


def both(org: Organisation, question: KpiQuery) -> dict[tuple[str, Period, int | None], Decimal | None]:
    """The values, the same from the records, from stale and from fresh cells."""
    asked = [ask(org, question, today=TODAY) for ask in (engine.ask, reader.ask)]
    refresh_fully(org)
    asked.append(reader.ask(org, question, today=TODAY))
    found = [{key: value.value for key, value in table.items() if value.value} for table in asked]
    assert found[0] == found[1] == found[2]
    return found[0]


def calls(org: Organisation, name: str) -> list[int]:
    question = KpiQuery(("calls",), Subject(SubjectKind.TEAM, team(org, name).id), (*MONTHS, HALF))
    found = both(org, question)
    return [int(found.get(("calls", span, None)) or 0) for span in (*MONTHS, HALF)]


def test_a_team_that_moves_takes_its_sums_along_from_that_day_on(org: Organisation) -> None:
    assert calls(org, "North") == calls(org, "South") == [31, 28, 31, 30, 31, 91]
    team_place(team=team(org, "East"), parent=team(org, "South"), first=dt.date(2026, 2, 15), last=dt.date(2026, 3, 31))
    assert calls(org, "North") == [31, 14, 0, 30, 31, 17 + 14 + 15]
    assert calls(org, "South") == [31, 42, 62, 30, 31, 91 + 14 + 31]
    assert calls(org, "East") == [31, 28, 31, 30, 31, 91]
    placement_remove(placement=TeamPlacement.objects.get())
    assert calls(org, "North") == calls(org, "South") == [31, 28, 31, 30, 31, 91]
    assert verify(org) == []


def test_only_the_days_of_the_placement_are_reckoned_anew(org: Organisation) -> None:
    team_place(team=team(org, "East"), parent=None, first=dt.date(2026, 2, 10), last=dt.date(2026, 2, 12))
    assert set(DirtyBucket.objects.values_list("scope_kind", "scope_id", "day")) == {
        ("t", team(org, "North").id, dt.date(2026, 2, day)) for day in (10, 11, 12)
    }


def test_a_breakdown_names_the_teams_and_reps_of_the_span(org: Organisation) -> None:
    south, east = team(org, "South"), team(org, "East")
    ada, bo = Rep.objects.get(name="Ada"), Rep.objects.get(name="Bo")
    team_place(team=east, parent=south, first=dt.date(2026, 2, 15), last=dt.date(2026, 3, 31))
    subject = Subject(SubjectKind.TEAM, south.id)
    spans = (JANUARY, FEBRUARY)
    assert both(org, KpiQuery(("calls",), subject, spans, by=Dimension.REP)) == {
        ("calls", JANUARY, bo.id): 31, ("calls", FEBRUARY, bo.id): 28, ("calls", FEBRUARY, ada.id): 14,
    }
    of_teams = both(org, KpiQuery(("calls",), subject, (MARCH,), by=Dimension.TEAM))
    assert [of_teams["calls", MARCH, one.id] for one in (south, east)] == [62, 31]
    organisation = both(org, KpiQuery(("calls",), Subject(SubjectKind.ORGANISATION), (FEBRUARY,), by=Dimension.TEAM))
    assert [organisation["calls", FEBRUARY, team(org, name).id] for name in ("North", "East", "South")] == [14, 28, 42]


def test_working_time_follows_the_tree(org: Organisation) -> None:
    east, south = team(org, "East"), team(org, "South")
    team_place(team=east, parent=south, first=dt.date(2026, 2, 1), last=dt.date(2026, 2, 28))
    for month, expected in ((JANUARY, 1), (FEBRUARY, 2), (MARCH, 1)):
        kept = working_days(org, month, team_id=south.id)
        goals = sum(WorkTime(org, MONTHS).weights(Subject(SubjectKind.TEAM, south.id), month).values())
        assert kept == goals == expected * working_days(org, month, rep_id=Rep.objects.get(name="Bo").id)


def test_open_pipeline_is_that_of_the_tree_on_the_spans_last_day(org: Organisation) -> None:
    factories.deal(org, Rep.objects.get(name="Ada"), opened_on=JANUARY.start, amount="500")
    team_place(team=team(org, "East"), parent=team(org, "South"), first=MARCH.start, last=MARCH.last)
    found = both(org, KpiQuery(("open_pipeline",), Subject(SubjectKind.TEAM, team(org, "South").id), tuple(MONTHS)))
    assert {span: value for (_, span, _), value in found.items()} == {MARCH: 500}


def correct(org: Organisation, rng: random.Random) -> None:
    """Correct who was where, on days drawn at random."""
    first = JANUARY.start + dt.timedelta(days=rng.randrange(150))
    last = None if rng.random() < 0.3 else first + dt.timedelta(days=rng.randrange(60))
    rep = rng.choice(list(Rep.objects.filter(organisation=org, is_unassigned=False).order_by("id")))
    match rng.randrange(3):
        case 0:
            chosen = rng.choice(list(Team.objects.filter(organisation=org).order_by("id")))
            stay_set(rep=rep, team=chosen, first=first, last=last, replacing=True)
        case 1:
            rep_move_team(rep=rep, team=None, from_day=first, until=None if last is None else day_after(last))
        case _:
            above = rng.choice([None, team(org, "South")])
            team_place(team=team(org, rng.choice(["East", "North"])), parent=above, first=first, last=last)


@pytest.mark.parametrize("seed", range(8))
def test_any_corrections_leave_the_cells_that_a_rebuild_makes(org: Organisation, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311  (a choice, not a secret)
    question = KpiQuery(("calls", "revenue"), Subject(SubjectKind.ORGANISATION), (*MONTHS, HALF), by=Dimension.TEAM)
    for _ in range(4):
        correct(org, rng)
        if rng.random() < 0.5:
            both(org, question)
    both(org, question)
    columns = ("scope_kind", "scope_id", "measure", "grain", "bucket", "value", "n")
    refreshed = set(RollupCell.objects.values_list(*columns))
    assert verify(org) == []
    rebuild(org)
    assert set(RollupCell.objects.values_list(*columns)) == refreshed


def test_credit_of_a_closed_deal_stays_when_the_owner_changes(org: Organisation) -> None:
    ada, bo = Rep.objects.get(name="Ada"), Rep.objects.get(name="Bo")
    Deal.objects.filter(organisation=org, owner=ada).update(owner=bo)
    for name, subject in (("ada", Subject(SubjectKind.REP, ada.id)), ("north", Subject(SubjectKind.TEAM, team(org, "North").id))):
        found = both(org, KpiQuery(("revenue",), subject, tuple(MONTHS)))
        assert [found.get(("revenue", span, None)) for span in MONTHS] == [100] * 5, name


def test_leavers_stay_in_the_sums_of_the_past(org: Organisation) -> None:
    ada = Rep.objects.get(name="Ada")
    ada.ended_on = dt.date(2026, 3, 31)
    ada.save()
    rep_move_team(rep=ada, team=None, from_day=APRIL.start)
    assert calls(org, "North")[:4] == [31, 28, 31, 0]
    by_rep = both(org, KpiQuery(("revenue",), Subject(SubjectKind.TEAM, team(org, "North").id), (MARCH, APRIL), by=Dimension.REP))
    assert by_rep["revenue", MARCH, ada.id] == 100
    assert ("revenue", APRIL, ada.id) not in by_rep
    whole = both(org, KpiQuery(("calls",), Subject(SubjectKind.ORGANISATION), (JANUARY, APRIL)))
    assert (whole["calls", JANUARY, None], whole["calls", APRIL, None]) == (62, 60)
    assert working_days(org, APRIL, rep_id=ada.id) == 0


def test_a_stay_corrected_in_a_past_month_touches_exactly_its_days(org: Organisation) -> None:
    ada = Rep.objects.get(name="Ada")
    stay_set(rep=ada, team=team(org, "South"), first=dt.date(2026, 2, 10), last=dt.date(2026, 2, 11), replacing=True)
    days = {(kind, scope, day) for kind, scope, day in DirtyBucket.objects.values_list("scope_kind", "scope_id", "day")}
    assert {day for kind, scope, day in days if scope == team(org, "South").id} == {dt.date(2026, 2, 10), dt.date(2026, 2, 11)}
    assert calls(org, "South") == [31, 30, 31, 30, 31, 93]
    assert calls(org, "North") == [31, 26, 31, 30, 31, 89]
