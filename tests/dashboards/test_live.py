"""What an open page asks: whether anything has changed. Cheap, exact, and only for members."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kpi_tracker.orgs.models import ClosingDay
from kpi_tracker.rollups.builder import refresh_fully
from kpi_tracker.rollups.live import version, version_for
from kpi_tracker.sales.models import Activity, Deal
from tests import factories
from tests.dashboards.conftest import SignedIn, World, text

LIVE = "/o/nordlys/live"
MARCH_5 = dt.date(2024, 3, 5)
NOON = dt.datetime(2024, 3, 5, 11, tzinfo=dt.UTC)


def tag(client: Client, address: str = LIVE) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.headers["ETag"]


def test_it_works(signed_in: SignedIn) -> None:
    client = signed_in("alice")
    known = tag(client)
    unchanged = client.get(LIVE, headers={"if-none-match": known})
    assert (unchanged.status_code, unchanged.content, unchanged.headers["ETag"]) == (304, b"", known)
    assert unchanged.headers["Cache-Control"] == "private, no-cache"
    assert "Cookie" in unchanged.headers["Vary"]


def test_an_unchanged_page_costs_two_questions(signed_in: SignedIn) -> None:
    client = signed_in("bob")
    known = tag(client)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(LIVE, headers={"if-none-match": known}).status_code == 304
    assert len(captured) == 2, [one["sql"] for one in captured]


def change(world: World, name: str) -> None:
    match name:
        case "a record added":
            factories.activity(world.org, world.bob, MARCH_5)
        case "records added at once":
            Activity.objects.bulk_create([Activity(organisation=world.org, rep=world.bea, kind="call", occurred_on=MARCH_5)])
        case "a record changed":
            Deal.objects.filter(organisation=world.org, amount=2000).update(amount=2100)
        case "a record deleted":
            Deal.objects.filter(organisation=world.org, amount=2000).delete()
        case "a goal":
            factories.goal(world.org, "calls", world.bob, dt.date(2024, 3, 1), dt.date(2024, 4, 1), 100)
        case "plain SQL":
            with connection.cursor() as cursor:
                cursor.execute("UPDATE sales_activity SET outcome = 'reached' WHERE organisation_id = %s", [world.org.pk])
        case "a member moved":
            world.bob.assignments.update(valid_from=dt.date(2024, 3, 10))
        case "a closing day":
            ClosingDay.objects.create(organisation=world.org, day=MARCH_5, name="Move")


@pytest.mark.parametrize("name", [
    "a record added", "records added at once", "a record changed", "a record deleted", "plain SQL", "a member moved", "a closing day",
    "a goal",
])
@pytest.mark.parametrize("is_clean", [True, False])
def test_each_change_gives_another_version(signed_in: SignedIn, world: World, name: str, is_clean: bool) -> None:
    """With the cells kept up to date before it, and with marks waiting. (SQLite marks a bucket once: there the refresh shows it.)"""
    client = signed_in("alice")
    refresh_fully(world.org)
    if not is_clean:
        factories.activity(world.org, world.bob, MARCH_5)
    before = tag(client)
    change(world, name)
    if is_clean or connection.vendor == "postgresql":
        assert tag(client) != before
    refresh_fully(world.org)
    assert tag(client) != before


def test_versions_never_come_back(world: World) -> None:
    """Not where a change is taken back, either."""
    refresh_fully(world.org)
    seen = []
    for _ in range(3):
        made = factories.activity(world.org, world.bob, MARCH_5)
        seen.append(str(version(world.org, now=NOON)))
        refresh_fully(world.org)
        seen.append(str(version(world.org, now=NOON)))
        made.delete()
        seen.append(str(version(world.org, now=NOON)))
        refresh_fully(world.org)
        seen.append(str(version(world.org, now=NOON)))
    assert len(set(seen)) == len(seen)


def test_what_is_rolled_back_changes_nothing(world: World) -> None:
    before = version(world.org, now=NOON)
    with transaction.atomic():
        factories.activity(world.org, world.bob, MARCH_5)
        transaction.set_rollback(True)
    assert version(world.org, now=NOON) == before


def test_the_day_ends_in_the_organisations_own_zone(world: World) -> None:
    world.org.timezone = "Europe/Helsinki"
    midnight = dt.datetime(2024, 3, 6, tzinfo=zoneinfo.ZoneInfo("Europe/Helsinki"))
    before, after = version(world.org, now=midnight - dt.timedelta(seconds=1)), version(world.org, now=midnight)
    assert (before.today, after.today) == (MARCH_5, dt.date(2024, 3, 6))
    assert str(before) != str(after)


def test_another_organisations_changes_change_nothing(signed_in: SignedIn, world: World) -> None:
    client = signed_in("alice")
    before = tag(client)
    factories.activity(world.other, factories.rep(world.other, "Carl"), MARCH_5)
    refresh_fully(world.other)
    assert tag(client) == before


def test_outsiders_and_strangers_are_told_nothing(signed_in: SignedIn) -> None:
    assert signed_in("charlie").get(LIVE).status_code == 404
    assert signed_in("alice").get("/o/nowhere/live").status_code == 404
    stranger = Client().get(LIVE)
    assert (stranger.status_code, stranger.headers["Location"].split("?")[0]) == (302, "/accounts/login/")


def test_signing_out_ends_it(signed_in: SignedIn) -> None:
    client = signed_in("alice")
    tag(client)
    client.logout()
    assert client.get(LIVE).status_code == 302


@pytest.mark.parametrize("name", ["password", "is_active", "membership"])
def test_it_ends_with_the_right_to_it(signed_in: SignedIn, world: World, name: str) -> None:
    client, user = signed_in("alice"), world.users["alice"]
    known = tag(client)
    if name == "password":
        user.set_password("another long password")
        user.save()
    elif name == "is_active":
        user.is_active = False
        user.save()
    else:
        user.memberships.all().delete()
    refused = client.get(LIVE, headers={"if-none-match": known})
    assert refused.status_code == (404 if name == "membership" else 302)
    assert version_for(client.session, "nordlys", now=NOON) is None


def test_the_whole_way_gives_the_same_answer(signed_in: SignedIn, settings: object) -> None:
    client = signed_in("alice")
    short = tag(client)
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if one != "dashboards.live.LiveMiddleware"]  # type: ignore[attr-defined]
    assert tag(client) == short


def unmasked(response: object) -> str:
    """The page without its CSRF tokens, which are masked anew each time."""
    return re.sub(r'(name="csrfmiddlewaretoken" value=)"\w+"', r"\1", text(response)).strip()


@pytest.mark.parametrize("kind", ["organisation", "team", "rep", "customer", "goals", "goal", "all"])
def test_a_page_says_its_version_and_gives_its_main_part(signed_in: SignedIn, world: World, kind: str) -> None:
    goal = factories.goal(world.org, "revenue", world.stockholm, dt.date(2024, 3, 1), dt.date(2024, 4, 1), 100_000)
    ids = {"team": world.stockholm.id, "rep": world.bob.id, "customer": world.acme.id}
    if kind.startswith("goal"):
        address = reverse("goals:list", args=["nordlys"]) if kind == "goals" else reverse("goals:detail", args=["nordlys", goal.id])
    else:
        kwargs = {"org": "nordlys", "grain": "month", "start": "2024-03-01"} | ({"id": ids[kind]} if kind in ids else {})
        address = reverse(f"dashboards:{'organisation' if kind == 'all' else kind}", kwargs=kwargs) + ("?part=all" if kind == "all" else "")
    client = signed_in("alice")
    known = tag(client).strip('"')
    whole, part = client.get(address), client.get(address, headers={"live-part": "1"})
    assert f'<div id="live" data-live="{LIVE}" data-version="{known}">' in text(whole)
    assert text(part).strip().startswith(f'<div id="live" data-live="{LIVE}" data-version="{known}">')
    assert unmasked(part) in unmasked(whole)
    assert "<nav class=\"side\"" not in text(part)
    assert "js/live.js" in text(whole)
    assert "Live-Part" in whole.headers["Vary"]
    assert "Live-Part" in part.headers["Vary"]


def test_other_pages_stay_as_they_are(signed_in: SignedIn) -> None:
    whole = signed_in("alice").get(reverse("dashboards:calendar", args=["nordlys"]), headers={"live-part": "1"})
    assert "data-live" not in text(whole)
    assert "js/live.js" not in text(whole)
    assert "<nav class=\"side\"" in text(whole)
