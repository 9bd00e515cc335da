"""The calendar page: everybody reads, admins change."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from dashboards.calendar import preview
from kpi_tracker.orgs.models import Absence, ClosingDay, ZoneChange
from kpi_tracker.sales import tasks
from tests import factories
from tests.dashboards.conftest import SignedIn, World, text

ADDRESS = reverse("dashboards:calendar", kwargs={"org": "nordlys"})
MARCH = dt.date(2024, 3, 1)
FORM = {
    "timezone": "Europe/Stockholm", "country": "SE", "working_days": ["1", "2", "3", "4", "5"], "week_start": "1", "fiscal_year_month": "1",
}


def place(name: str, **more: int) -> str:
    return reverse(f"dashboards:{name}", kwargs={"org": "nordlys", **more})


@pytest.mark.parametrize("who", ["alice", "mona", "bob", "vera"])
def test_it_works(signed_in: SignedIn, who: str) -> None:
    page = text(signed_in(who).get(ADDRESS + "?start=2024-03-01"))
    assert "working days in six months from March 2024" in page
    assert ("Close these days" in page) == (who == "alice")


def test_refusals(signed_in: SignedIn, world: World) -> None:
    closing = ClosingDay.objects.create(organisation=world.org, day=MARCH)
    leave = Absence.objects.create(organisation=world.org, rep=world.bob, valid_from=MARCH)
    addresses = [
        place("calendar_change"), place("calendar_close"), place("calendar_reopen", id=closing.pk), place("leave_add"),
        place("leave_edit", id=leave.pk), place("leave_delete", id=leave.pk),
    ]
    for who, status in (("mona", 403), ("bob", 403), ("vera", 403), ("charlie", 404)):
        assert [signed_in(who).post(address).status_code for address in addresses] == [status] * len(addresses)
    assert ClosingDay.objects.exists()
    assert Absence.objects.exists()
    assert signed_in("charlie").get(ADDRESS).status_code == 404
    assert signed_in("alice").get(ADDRESS + "?start=nonsense").status_code == 404


def test_rows_of_another_organisation_stay(signed_in: SignedIn, world: World) -> None:
    rep = factories.rep(world.other, "Rut")
    closing = ClosingDay.objects.create(organisation=world.other, day=MARCH)
    leave = Absence.objects.create(organisation=world.other, rep=rep, valid_from=MARCH)
    alice = signed_in("alice")
    alice.post(place("calendar_reopen", id=closing.pk))
    alice.post(place("leave_delete", id=leave.pk))
    assert alice.get(place("leave_edit", id=leave.pk)).status_code == 404
    assert alice.post(place("leave_add"), {"rep": rep.pk, "first": "2024-03-01"}).status_code == 400
    assert (ClosingDay.objects.count(), Absence.objects.count()) == (1, 1)


def test_the_months_to_come(world: World) -> None:
    """Easter, a closed Friday and a leap day in the first quarter of 2024."""
    ClosingDay.objects.create(organisation=world.org, day=dt.date(2024, 2, 23), name="Inventory")
    found = preview(world.scope("alice"), dt.date(2024, 1, 15), dt.date(2024, 2, 1))
    january, february, march = found.months[:3]
    assert (january.work, february.work, march.work) == (22, 20, 20)  # Epiphany was a Saturday
    assert february.off == ("23 Feb Inventory",)
    assert [name.split(" ", 2)[2] for name in march.off] == ["Good Friday"]
    assert february.time == 3 * 20
    assert [line.number for line in january.lines] == [1, 2, 3, 4, 5]
    cells = {cell.day: cell for line in february.lines for cell in line.cells if cell.kind}
    assert len(cells) == 29
    assert cells[dt.date(2024, 2, 29)].kind == "work"
    assert (cells[dt.date(2024, 2, 23)].kind, cells[dt.date(2024, 2, 24)].kind) == ("closed", "rest")
    assert [day for day, cell in cells.items() if cell.today] == [dt.date(2024, 2, 1)]


def test_week_53_and_weeks_that_begin_on_sunday(world: World) -> None:
    scope = world.scope("alice")
    assert [line.number for line in preview(scope, dt.date(2026, 12, 1), MARCH).months[0].lines] == [49, 50, 51, 52, 53]
    world.org.week_start = 7
    world.org.save()
    december = preview(world.scope("alice"), dt.date(2026, 12, 1), MARCH).months[0]
    assert [line.number for line in december.lines] == [49, 50, 51, 52, 53]
    assert [line.cells[0].day.isoweekday() for line in december.lines] == [7] * 5


def test_a_rep_sees_no_sums_of_others_and_only_the_own_leave(signed_in: SignedIn, world: World) -> None:
    today = timezone.now().date()
    for rep in (world.bob, world.cesar):
        Absence.objects.create(organisation=world.org, rep=rep, valid_from=today, reason=f"Reason of {rep.name}")
    assert preview(world.scope("bob"), MARCH, MARCH).months[0].time is None
    page = text(signed_in("bob").get(ADDRESS))
    assert "Reason of Bob Berg" in page
    assert "Cesar Cruz" not in page
    assert "Reason of" not in text(signed_in("vera").get(ADDRESS))


def test_closing_days(signed_in: SignedIn, world: World) -> None:
    alice = signed_in("alice")
    for _ in range(2):  # the second time all of them are closed already
        alice.post(place("calendar_close"), {"first": "2024-12-23", "last": "2024-12-27", "name": "Christmas"})
    assert ClosingDay.objects.filter(organisation=world.org, name="Christmas").count() == 5
    wrong = alice.post(place("calendar_close"), {"first": "2024-12-23", "last": "2024-12-20"})
    assert wrong.status_code == 400
    assert "must not come before the first" in text(wrong)
    assert alice.post(place("calendar_close"), {"first": "2024-01-01", "last": "2025-01-01"}).status_code == 400
    alice.post(place("calendar_reopen", id=ClosingDay.objects.first().pk))
    assert ClosingDay.objects.count() == 4


def test_leave(signed_in: SignedIn, world: World) -> None:
    alice = signed_in("alice")
    given = {"rep": world.bob.pk, "first": "2024-07-01", "last": "2024-07-26", "reason": "Summer"}
    assert alice.post(place("leave_add"), given).status_code == 302
    leave = Absence.objects.get()
    assert (leave.valid_from, leave.valid_to) == (dt.date(2024, 7, 1), dt.date(2024, 7, 27))
    twice = alice.post(place("leave_add"), given | {"first": "2024-07-26", "last": ""})
    assert "Bob Berg is away from 2024-07-01 to 2024-07-26 already" in text(twice)
    assert 'value="2024-07-26"' in text(alice.get(place("leave_edit", id=leave.pk)))
    alice.post(place("leave_edit", id=leave.pk), given | {"last": ""})
    leave.refresh_from_db()
    assert leave.valid_to is None
    alice.post(place("leave_delete", id=leave.pk))
    assert not Absence.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_change_of_zone_starts_the_job_and_shows_how_far_it_is(
    signed_in: SignedIn, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []
    monkeypatch.setattr(tasks.follow_time_zone, "delay", started.append)
    at = dt.datetime(2024, 3, 5, 22, 30, tzinfo=dt.UTC)
    row = factories.activity(world.org, world.bob, dt.date(2024, 3, 5), occurred_at=at)
    alice = signed_in("alice")
    assert alice.post(place("calendar_change"), FORM | {"eves_free": "on"}).status_code == 302
    assert started == []
    assert alice.post(place("calendar_change"), FORM | {"timezone": "Europe/Helsinki"}).status_code == 302
    assert started == [world.org.pk]
    page = text(alice.get(ADDRESS))
    assert "Stored days move from Europe/Stockholm to Europe/Helsinki" in page
    assert "0 of 1 records" in page
    tasks.follow_time_zone(world.org.pk)
    row.refresh_from_db()
    assert row.occurred_on == dt.date(2024, 3, 6)
    part = text(alice.get(ADDRESS + "?part=zone", headers={"hx-request": "true"}))
    assert "All stored days follow Europe/Helsinki: 1 records" in part
    assert ZoneChange.objects.count() == 1


@pytest.mark.parametrize(("change", "message"), [
    ({"timezone": "Europe/Atlantis"}, "is no known time zone"), ({"working_days": []}, "required"),
    ({"fiscal_year_month": "13"}, "Select a valid choice"), ({"country": "SWE"}, "at most 2"),
])
def test_what_cannot_be(signed_in: SignedIn, world: World, change: dict[str, object], message: str) -> None:
    answer = signed_in("alice").post(place("calendar_change"), FORM | change)
    assert answer.status_code == 400
    assert message in text(answer)


def test_saving_the_calendar(signed_in: SignedIn, world: World) -> None:
    given = {"country": "fi", "working_days": ["6", "1"], "week_start": "7", "fiscal_year_month": "5", "eves_free": "on"}
    assert signed_in("alice").post(place("calendar_change"), FORM | given).status_code == 302
    world.org.refresh_from_db()
    found = [getattr(world.org, name) for name in given]
    assert found == ["FI", "16", 7, 5, True]
