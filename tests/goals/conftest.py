from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pytest

from kpi_tracker.orgs.models import Membership, Organisation, Rep, Team, User
from kpi_tracker.orgs.selectors import member_scope
from kpi_tracker.sales.models import Customer
from kpi_tracker.scope import Scope
from tests import factories

TODAY = dt.date(2026, 11, 18)


@dataclass(frozen=True)
class Company:
    """alice is admin; mona manages Stockholm, with bob; bea sells in Malmö; vera views. charlie is of another organisation."""

    org: Organisation
    other: Organisation
    stockholm: Team
    malmo: Team
    bob: Rep
    bea: Rep
    acme: Customer
    bolt: Customer
    users: dict[str, User]

    def scope(self, name: str) -> Scope:
        return member_scope(Membership.objects.get(user=self.users[name]), day=TODAY)


@pytest.fixture
def company(db: None, settings: Any) -> Company:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # six users for each test
    org, other = factories.organisation("nordlys"), factories.organisation("vinter")
    sweden = factories.team(org, "Sweden")
    stockholm, malmo = factories.team(org, "Stockholm", sweden), factories.team(org, "Malmö", sweden)
    bob, bea = factories.rep(org, "Bob Berg", stockholm), factories.rep(org, "Bea Bok", malmo)
    users = {
        "alice": factories.member(org, "alice@example.com", "admin"),
        "mona": factories.member(org, "mona@example.com", "manager", manages=stockholm),
        "bob": factories.member(org, "bob@example.com", "rep", rep=bob),
        "vera": factories.member(org, "vera@example.com", "viewer"),
        "charlie": factories.member(other, "charlie@example.com", "admin"),
    }
    acme, bolt = factories.customer(org, "Acme", bob, business_id="SE1"), factories.customer(org, "Bolt", bea)
    return Company(org=org, other=other, stockholm=stockholm, malmo=malmo, bob=bob, bea=bea, acme=acme, bolt=bolt, users=users)
