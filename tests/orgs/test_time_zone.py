"""A change of the organisation's time zone moves the stored local days."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from kpi_tracker.kpis import engine
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.query import KpiQuery, Subject
from kpi_tracker.orgs.models import Organisation, Rep, ZoneChange
from kpi_tracker.periods import Period
from kpi_tracker.rollups import reader
from kpi_tracker.rollups.builder import refresh_fully
from kpi_tracker.rollups.verify import verify
from kpi_tracker.sales import tasks
from kpi_tracker.sales.local_days import recompute, start_of_day_text, zone_change_note
from kpi_tracker.sales.models import Activity, Deal, Stage, StageChange
from kpi_tracker.sales.services import deal_move_stage
from tests import factories

NOW = dt.datetime(2026, 4, 1, 12, tzinfo=dt.UTC)
STOCKHOLM, HELSINKI, NEW_YORK = "Europe/Stockholm", "Europe/Helsinki", "America/New_York"
pytestmark = pytest.mark.django_db


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.fixture
def org() -> Organisation:
    return factories.organisation(timezone=STOCKHOLM)


@pytest.fixture
def ada(org: Organisation) -> Rep:
    return factories.rep(org, "Ada", factories.team(org, "North"))


def call(org: Organisation, rep: Rep, moment: str) -> int:
    at = utc(moment)
    pk: int = factories.activity(org, rep, org.local_day(at), occurred_at=at).pk
    return pk


def move_to(org: Organisation, zone: str, *, step: int = 1000) -> None:
    org.timezone = zone
    org.save()
    recompute(org, now=NOW, step=step)
    org.refresh_from_db()


def days(org: Organisation, model: object, field: str) -> list[dt.date]:
    return list(model.objects.filter(organisation=org).order_by("id").values_list(field, flat=True))  # type: ignore[attr-defined]


def test_an_event_around_midnight_counts_on_the_day_of_the_new_zone(org: Organisation, ada: Rep) -> None:
    """In Stockholm 23:30 on 31 March is still March; in Helsinki it is April. What has no moment keeps its day."""
    call(org, ada, "2026-03-31T21:30")
    call(org, ada, "2026-03-31T22:00")  # midnight in Stockholm
    call(org, ada, "2026-03-31T10:00")
    factories.activity(org, ada, day("2026-03-31"))
    assert days(org, Activity, "occurred_on") == [day("2026-03-31"), day("2026-04-01"), day("2026-03-31"), day("2026-03-31")]
    move_to(org, HELSINKI, step=2)
    assert days(org, Activity, "occurred_on") == [day("2026-04-01"), day("2026-04-01"), day("2026-03-31"), day("2026-03-31")]
    move_to(org, NEW_YORK)
    assert days(org, Activity, "occurred_on") == [day("2026-03-31")] * 4
    move_to(org, STOCKHOLM)
    assert days(org, Activity, "occurred_on") == [day("2026-03-31"), day("2026-04-01"), day("2026-03-31"), day("2026-03-31")]


def test_daylight_saving_is_that_of_the_moment(org: Organisation, ada: Rep) -> None:
    """22:30 UTC is 23:30 in Stockholm in winter and 00:30 in summer; in New York neither is near midnight."""
    call(org, ada, "2026-01-10T22:30")
    call(org, ada, "2026-07-10T22:30")
    call(org, ada, "2026-10-25T00:30")  # 02:30, for the first of two times
    assert days(org, Activity, "occurred_on") == [day("2026-01-10"), day("2026-07-11"), day("2026-10-25")]
    move_to(org, NEW_YORK)
    assert days(org, Activity, "occurred_on") == [day("2026-01-10"), day("2026-07-10"), day("2026-10-24")]


def closed(org: Organisation, rep: Rep, *, at: str, on: dt.date | None = None) -> Deal:
    deal = factories.deal(org, rep, opened_on=day("2026-03-01"), amount="100")
    won = Stage.objects.get(organisation=org, kind="won")
    return deal_move_stage(deal=deal, stage=won, at=utc(at), closed_on=on)


def test_a_deal_closes_on_the_day_of_the_move_that_closed_it(org: Organisation, ada: Rep) -> None:
    closed(org, ada, at="2026-03-31T21:30")
    move_to(org, HELSINKI)
    assert days(org, StageChange, "changed_on") == days(org, Deal, "closed_on") == [day("2026-04-01")]


def test_a_deal_whose_closing_day_was_given_keeps_it(org: Organisation, ada: Rep) -> None:
    """Its move has no moment of its own: it stays at the first moment of that day, in each zone."""
    closed(org, ada, at="2026-04-01T09:00", on=day("2026-03-31"))
    factories.deal(org, ada, opened_on=day("2026-03-01"), closed_on=day("2026-03-31"), status="won")
    for zone in (NEW_YORK, HELSINKI, STOCKHOLM):
        move_to(org, zone)
        assert days(org, Deal, "closed_on") == [day("2026-03-31")] * 2
        change = StageChange.objects.get()
        assert change.changed_on == day("2026-03-31")
        assert change.changed_at == dt.datetime(2026, 3, 31, tzinfo=ZoneInfo(zone))


def test_a_closing_day_that_is_not_the_moves_stays(org: Organisation, ada: Rep) -> None:
    deal = closed(org, ada, at="2026-03-31T21:30")
    Deal.objects.filter(pk=deal.pk).update(closed_on=day("2026-03-15"))
    move_to(org, HELSINKI)
    assert days(org, Deal, "closed_on") == [day("2026-03-15")]
    assert days(org, StageChange, "changed_on") == [day("2026-04-01")]


def test_a_day_that_begins_at_one_o_clock_begins_there(ada: Rep, org: Organisation) -> None:
    """In Beirut the clocks go forward at midnight."""
    move_to(org, "Asia/Beirut")
    closed(org, ada, at="2026-04-01T09:00", on=day("2026-03-29"))
    for zone in (NEW_YORK, "Asia/Beirut"):
        move_to(org, zone)
        assert days(org, StageChange, "changed_on") == days(org, Deal, "closed_on") == [day("2026-03-29")]


@pytest.mark.parametrize("step", [1, 1000])
def test_of_two_closing_moves_on_a_day_the_last_one_decides(org: Organisation, ada: Rep, step: int) -> None:
    deal = closed(org, ada, at="2026-03-30T22:30")
    prospect, won = (Stage.objects.get(organisation=org, name=name) for name in ("Prospect", "Won"))
    deal_move_stage(deal=deal, stage=prospect, at=utc("2026-03-31T08:00"))
    deal_move_stage(deal=deal, stage=won, at=utc("2026-03-31T09:00"))
    move_to(org, NEW_YORK, step=step)
    assert days(org, StageChange, "changed_on") == [day("2026-03-30"), day("2026-03-31"), day("2026-03-31")]
    assert days(org, Deal, "closed_on") == [day("2026-03-31")]


def test_the_cells_follow(org: Organisation, ada: Rep) -> None:
    call(org, ada, "2026-03-31T21:30")
    closed(org, ada, at="2026-03-31T21:45")
    refresh_fully(org)
    march, april = Period(day("2026-03-01"), day("2026-04-01")), Period(day("2026-04-01"), day("2026-05-01"))
    question = KpiQuery(("calls", "revenue"), Subject(SubjectKind.ORGANISATION), (march, april))
    move_to(org, HELSINKI)
    for _ in range(2):  # before and after the refresh
        found = reader.ask(org, question, today=day("2026-04-02"))
        assert found == engine.ask(org, question, today=day("2026-04-02"))
        assert [found["calls", span, None].value for span in (march, april)] == [0, 1]
        assert [found["revenue", span, None].value for span in (march, april)] == [0, 100]
        refresh_fully(org)
    assert verify(org) == []


def test_how_far_it_has_come_is_written_down(org: Organisation, ada: Rep) -> None:
    for hour in range(5):
        call(org, ada, f"2026-03-31T1{hour}:00")
    org.timezone = HELSINKI
    org.save()
    change = zone_change_note(organisation=org, now=NOW)
    assert change is not None
    assert (change.before, change.after, change.total, change.done, change.finished_at) == (STOCKHOLM, HELSINKI, 5, 0, None)
    assert zone_change_note(organisation=org, now=NOW) is None  # once is enough
    assert recompute(org, now=NOW, step=2) == 3 + 1 + 1
    change.refresh_from_db()
    assert (change.done, change.finished_at) == (5, NOW)
    assert recompute(org, now=NOW) == 0
    org.refresh_from_db()
    assert org.days_timezone == HELSINKI


def test_a_second_change_while_the_first_is_under_way(org: Organisation, ada: Rep) -> None:
    closed(org, ada, at="2026-04-01T09:00", on=day("2026-03-31"))
    call(org, ada, "2026-03-31T21:30")
    for zone in (HELSINKI, NEW_YORK):
        org.timezone = zone
        org.save()
        zone_change_note(organisation=org, now=NOW)
    recompute(org, now=NOW)
    assert list(ZoneChange.objects.order_by("id").values_list("before", "after")) == [(STOCKHOLM, HELSINKI), (HELSINKI, NEW_YORK)]
    assert days(org, Activity, "occurred_on") == days(org, Deal, "closed_on") == [day("2026-03-31")]


def test_a_change_made_anywhere_is_found(org: Organisation, ada: Rep, monkeypatch: pytest.MonkeyPatch) -> None:
    """The beat starts the job also where the zone was changed past the page; another organisation stays as it is."""
    other = factories.organisation("other", timezone=STOCKHOLM)
    started: list[int] = []
    monkeypatch.setattr(tasks.follow_time_zone, "delay", started.append)
    tasks.follow_time_zones()
    assert started == []
    Organisation.objects.filter(pk=org.pk).update(timezone=HELSINKI)
    call(org, ada, "2026-03-31T21:30")
    tasks.follow_time_zones()
    assert started == [org.pk]
    tasks.follow_time_zone(org.pk)
    tasks.follow_time_zones()
    assert started == [org.pk]
    assert not ZoneChange.objects.filter(organisation=other).exists()


def test_moments_as_sqlite_keeps_them() -> None:
    assert start_of_day_text("2026-03-29", STOCKHOLM) == "2026-03-28 23:00:00"
    assert start_of_day_text("2026-03-30", STOCKHOLM) == "2026-03-29 22:00:00"
    assert start_of_day_text(None, STOCKHOLM) is None
