"""The list of customers."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from tests import factories
from tests.dashboards.conftest import SignedIn, World, text

ADDRESS = reverse("dashboards:customers", kwargs={"org": "nordlys"})


@pytest.fixture
def sold(world: World) -> dt.date:
    """Acme bought today; Bolt did not."""
    today = world.org.local_day(timezone.now())
    factories.deal(world.org, world.bob, opened_on=today, closed_on=today, status="won", amount="700", customer=world.acme)
    return today


def test_it_works(signed_in: SignedIn, world: World, sold: dt.date) -> None:
    page = text(signed_in("alice").get(ADDRESS))
    assert f"1 customer bought in {sold.year}" in page
    assert "700 €" in page
    assert "Bolt" not in page


def test_by_name_all_are_listed(signed_in: SignedIn, world: World, sold: dt.date) -> None:
    page = text(signed_in("alice").get(ADDRESS + "?sort=name"))
    assert "2 customers" in page
    assert page.index("Acme") < page.index("Bolt")


def test_search_swaps_the_list_only(signed_in: SignedIn, world: World) -> None:
    part = text(signed_in("alice").get(ADDRESS + "?sort=name&q=olt", headers={"HX-Request": "true"}))
    assert "Bolt" in part
    assert "Acme" not in part
    assert "<h1>" not in part


def test_nothing_found_says_so(signed_in: SignedIn, world: World) -> None:
    assert "No customer called “zzz”" in text(signed_in("alice").get(ADDRESS + "?sort=name&q=zzz"))


def test_a_rep_sees_own_customers(signed_in: SignedIn, world: World, sold: dt.date) -> None:
    page = text(signed_in("bob").get(ADDRESS + "?sort=name"))
    assert "Acme" in page
    assert "Bolt" not in page


def test_refusals(signed_in: SignedIn, world: World) -> None:
    assert signed_in("charlie").get(ADDRESS).status_code == 404
