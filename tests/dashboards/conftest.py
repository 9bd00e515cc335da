from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from kpi_tracker.orgs.models import Membership, Organisation, Rep, Team, User
from kpi_tracker.orgs.selectors import member_scope
from kpi_tracker.periods import add_months
from kpi_tracker.rollups.builder import refresh_fully
from kpi_tracker.rollups.closing import period_close
from kpi_tracker.sales.models import Customer
from kpi_tracker.scope import Scope
from tests import factories
from tests.dashboards.math_world import MathWorld, math_world

MARCH = dt.date(2024, 3, 1)
SignedIn = Callable[[str], Client]


@dataclass(frozen=True)
class World:
    """alice is admin; mona manages Stockholm, with bob and bea; cesar sells in Malmö; vera views. charlie is of another organisation.

    In March 2024 bob won 1,000 and 500 € and lost one, bea won 2,000 € and one without an amount, cesar 4,000 €.
    In March 2023 bob won 1,200 €, in February 2024 750 €.
    """

    org: Organisation
    other: Organisation
    sweden: Team
    stockholm: Team
    malmo: Team
    bob: Rep
    bea: Rep
    cesar: Rep
    acme: Customer
    bolt: Customer
    users: dict[str, User]

    def scope(self, name: str) -> Scope:
        return member_scope(Membership.objects.get(user=self.users[name]))


@pytest.fixture
def world(db: None, settings: Any) -> World:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    org, other = factories.organisation("nordlys", name="Nordlys AB"), factories.organisation("vinter")
    sweden = factories.team(org, "Sweden")
    stockholm, malmo = factories.team(org, "Stockholm", sweden), factories.team(org, "Malmö", sweden)
    bob, bea = factories.rep(org, "Bob Berg", stockholm), factories.rep(org, "Bea Bok", stockholm)
    cesar = factories.rep(org, "Cesar Cruz", malmo)
    users = {
        "alice": factories.member(org, "alice@example.com", "admin"),
        "mona": factories.member(org, "mona@example.com", "manager", manages=stockholm),
        "bob": factories.member(org, "bob@example.com", "rep", rep=bob),
        "vera": factories.member(org, "vera@example.com", "viewer"),
        "charlie": factories.member(other, "charlie@example.com", "admin"),
    }
    acme, bolt = factories.customer(org, "Acme", bob), factories.customer(org, "Bolt", cesar)

    def won(rep: Rep, day: dt.date, amount: str | None, customer: Customer, opened: dt.date | None = None) -> None:
        opened_on = opened or day - dt.timedelta(days=10)
        factories.deal(org, rep, opened_on=opened_on, closed_on=day, status="won", amount=amount, customer=customer)

    won(bob, dt.date(2024, 3, 5), "1000", acme)
    won(bob, dt.date(2024, 3, 18), "500", acme)
    won(bea, dt.date(2024, 3, 20), "2000", acme)
    won(bea, dt.date(2024, 3, 21), None, acme)
    won(cesar, dt.date(2024, 3, 12), "4000", bolt)
    won(bob, dt.date(2024, 2, 6), "750", acme)
    won(bob, dt.date(2023, 3, 7), "1200", acme)
    factories.deal(org, bob, opened_on=dt.date(2024, 2, 1), closed_on=dt.date(2024, 3, 6), status="lost", amount="900", customer=acme)
    for day in (4, 5, 5, 6, 18):
        factories.activity(org, bob, dt.date(2024, 3, day), "call", customer=acme)
    factories.activity(org, bea, dt.date(2024, 3, 7), "meeting", outcome="reached", customer=acme)
    return World(org, other, sweden, stockholm, malmo, bob, bea, cesar, acme, bolt, users)


@pytest.fixture
def signed_in(world: World) -> SignedIn:
    def sign_in(name: str) -> Client:
        client = Client()
        client.force_login(world.users[name], backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in


def text(response: Any) -> str:
    """The page with plain spaces."""
    content: str = b"".join(response).decode() if response.streaming else response.content.decode()
    return content.replace("\u202f", " ").replace("\u00a0", " ").replace("&#x27;", "'")


@pytest.fixture
def math(db: None, settings: Any) -> MathWorld:
    """Up to today; the month before is closed."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    made = math_world(Organisation(timezone="Europe/Stockholm").local_day(timezone.now()))
    refresh_fully(made.org)
    period_close(organisation=made.org, month=add_months(made.today, -1), by=None, now=timezone.now())
    return made
