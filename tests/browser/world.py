"""A small organisation with figures of this year, and signing in to it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone
from playwright.sync_api import Page, expect

from kpi_tracker.orgs.models import Organisation, Rep, Team
from kpi_tracker.sales.models import Customer
from tests import factories


@dataclass(frozen=True)
class World:
    """alice is admin, mona manages Stockholm, bob sells in it with bea. This year they won 42,500 € and 20,000 €."""

    org: Organisation
    team: Team
    bob: Rep
    bea: Rep
    acme: Customer
    today: dt.date

    @property
    def home(self) -> str:
        return f"/o/{self.org.slug}/"


def small_world() -> World:
    org = factories.organisation("nordlys", name="Nordlys AB")
    team = factories.team(org, "Stockholm", factories.team(org, "Sweden"))
    bob, bea = factories.rep(org, "Bob Berg", team), factories.rep(org, "Bea Bok", team)
    factories.member(org, "alice@example.com", "admin")
    factories.member(org, "mona@example.com", "manager", manages=team)
    factories.member(org, "bob@example.com", "rep", rep=bob)
    acme = factories.customer(org, "Acme", bob)
    today = org.local_day(timezone.now())
    first = dt.date(today.year, 1, 1)
    for who, day, amount in ((bob, first, "30000"), (bob, today, "12500"), (bea, today, "20000")):
        factories.deal(org, who, opened_on=day - dt.timedelta(days=10), closed_on=day, status="won", amount=amount, customer=acme)
    factories.deal(org, bea, opened_on=first, closed_on=today, status="lost", amount="900", customer=acme)
    for kind in ("call", "call", "meeting"):
        factories.activity(org, bob, today, kind, outcome="reached", customer=acme)
    return World(org, team, bob, bea, acme, today)


def sign_in(page: Page, email: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(factories.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Sign in")
    page.wait_for_load_state()  # what keys do is in scripts
