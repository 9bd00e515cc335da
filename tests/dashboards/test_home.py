"""Where people land, and their language."""

from __future__ import annotations

from typing import Any

import pytest

from kpi_tracker.orgs.models import User
from tests.dashboards.conftest import SignedIn, World, text


@pytest.mark.parametrize(("name", "place"), [
    ("alice", "/o/nordlys/organisation/"), ("vera", "/o/nordlys/organisation/"), ("mona", "/o/nordlys/team/{stockholm}/"),
    ("bob", "/o/nordlys/my-day/"),
])
def test_it_works(signed_in: SignedIn, world: World, name: str, place: str) -> None:
    response = signed_in(name).get("/")
    assert response["Location"] == place.format(stockholm=world.stockholm.id)


def test_strangers_sign_in(client: Any, db: None) -> None:
    assert client.get("/")["Location"].startswith("/accounts/login/")


def test_who_belongs_nowhere_is_told_whom_to_ask(client: Any, db: None) -> None:
    client.force_login(User.objects.create_user("new@example.com"), backend="django.contrib.auth.backends.ModelBackend")
    response = client.get("/")
    assert response.status_code == 200
    assert "no organisation has added you yet" in text(response)


def test_the_language_is_kept(signed_in: SignedIn, world: World) -> None:
    client = signed_in("alice")
    response = client.post("/language/", {"language": "sv", "next": "/o/nordlys/people/"})
    assert response["Location"] == "/o/nordlys/people/"
    world.users["alice"].refresh_from_db()
    assert world.users["alice"].language == "sv"
    assert client.get("/o/nordlys/people/")["Content-Language"] == "sv"


def test_the_language_does_not_lead_away(signed_in: SignedIn, world: World) -> None:
    assert signed_in("alice").post("/language/", {"language": "sv", "next": "https://evil.example/"})["Location"] == "/"


def test_unknown_languages_change_nothing(signed_in: SignedIn, world: World) -> None:
    signed_in("alice").post("/language/", {"language": "tlh", "next": "/"})
    world.users["alice"].refresh_from_db()
    assert world.users["alice"].language == ""


def test_links_are_those_that_the_person_may_open(signed_in: SignedIn, world: World) -> None:
    for name in ("alice", "mona", "vera", "bob"):
        client = signed_in(name)
        page = text(client.get("/o/nordlys/people/"))
        links = [part.split('"')[0] for part in page.split('<a class="nav" href="')[1:]]
        assert links
        for link in links:
            assert client.get(link, follow=True).status_code == 200, (name, link)


def test_the_theme_is_drawn_by_the_server(signed_in: SignedIn, world: World) -> None:
    client = signed_in("alice")
    client.cookies["theme"] = "dark"
    assert '<html lang="en" data-theme="dark">' in text(client.get("/o/nordlys/people/"))
    client.cookies["theme"] = "evil"
    assert "data-theme" not in text(client.get("/o/nordlys/people/"))
