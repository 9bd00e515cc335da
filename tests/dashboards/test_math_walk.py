"""Every figure on every page leads to its math, and the math gives the figure.

The walk opens the pages of each role, finds the figures on them, and opens each: its headline is the figure shown, its parts
give the headline, and the records listed (with those hidden from the person) sum up to the parts.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from goals.models import Goal
from kpi_tracker import formats
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.registry import built_in
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.periods import add_months
from kpi_tracker.rollups.builder import refresh_fully
from tests.dashboards import math_pages
from tests.dashboards.math_pages import Math, Shown
from tests.dashboards.math_world import MathWorld, math_world

ROLES = ("admin", "manager", "rep", "viewer")
# KPIs whose pages are walked one by one; the others are met in the table of all.
CHOSEN = ("win_rate", "sales_cycle_days", "open_pipeline", "sales_growth", "pipeline_coverage", "sales_velocity", "stage_conversion", "clv")


@pytest.fixture
def walked(db: None, settings: Any) -> MathWorld:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    today = timezone.now().astimezone(Organisation(timezone="Europe/Stockholm").zone).date()
    world = math_world(today)
    refresh_fully(world.org)
    return world


def signed_in(world: MathWorld, role: str) -> Client:
    client = Client()
    client.force_login(world.users[role], backend="django.contrib.auth.backends.ModelBackend")
    return client


def pages(world: MathWorld) -> list[str]:
    """The addresses that a person may try to open."""
    subjects = {"organisation": 0, "team": world.stockholm.id, "rep": world.bea.id, "customer": world.customer.id}
    own = [("rep", world.bob.id), ("team", world.malmo.id)]
    found = []
    for kind, number in [*subjects.items(), *own]:
        def at(grain: str, start: dt.date, kind: str = kind, number: int = number) -> str:
            names = {"org": "nordlys", "grain": grain, "start": start.isoformat()} | ({"id": number} if number else {})
            return reverse(f"dashboards:{kind}", kwargs=names)

        month = at("month", world.today)
        found += [month, f"{month}?part=all", f"{month}?view=table", at("year", world.today), at("day", world.today)]
        found += [at("month", add_months(world.today, -2)), f"{at('month', add_months(world.today, -2))}?part=all"]
        found += [at("month", add_months(world.today, 2)), at("week", world.today)]
        measured = {kpi.key for kpi in built_in() if SubjectKind(kind) in kpi.subjects}
        found += [f"{month}?kpi={key}" for key in CHOSEN if key in measured]
        found += [f"{month}?kpi={key}&view=table" for key in CHOSEN[:3] if key in measured]
    found += [reverse("goals:list", args=["nordlys"])]
    found += [reverse("goals:detail", args=["nordlys", goal.id]) for goal in Goal.objects.filter(organisation=world.org)]
    found += [reverse(f"dashboards:{name}", args=["nordlys"]) for name in ("people", "customers", "kpis")]
    found.append(f"{reverse('dashboards:customers', args=['nordlys'])}?sort=name")
    return found


class Walk:
    """One person's walk. Each figure's page is opened once."""

    def __init__(self, world: MathWorld, role: str) -> None:
        self.world, self.client = world, signed_in(world, role)
        self.known: dict[str, Math] = {}
        self.faults: list[str] = []
        self.figures = 0

    def page(self, address: str) -> None:
        response = self.client.get(address)
        if response.status_code == 403:
            return
        assert response.status_code == 200, address
        page = math_pages.read(response.content.decode())
        self.faults += [f"{address}: no math behind {text!r}" for text in math_pages.unlinked(page)]
        for shown in math_pages.figures(page):
            self.figure(address, shown)
        for href in math_pages.sentences(page):
            self.opened(address, href)

    def figure(self, address: str, shown: Shown) -> None:
        self.figures += 1
        math = self.opened(address, shown.href)
        if math is None:
            return
        kpi = next(one for one in built_in() if one.key == shown.kpi)
        written = {formats.kpi_value(kpi, math.value, "EUR", short=short).replace("\u202f", " ").replace("\u00a0", " ") for short in (True, False)}
        if shown.text not in written:
            self.faults.append(f"{address}: {shown.kpi} shows {shown.text!r}, its math {written} at {shown.href}")

    def opened(self, address: str, href: str) -> Math | None:
        """The page behind a figure, which is checked when it is opened for the first time."""
        if href not in self.known:
            response = self.client.get(href) if href else None
            if response is None or response.status_code != 200:
                self.faults.append(f"{address}: {href!r} does not open")
                return None
            self.known[href] = math_pages.read_math(response.content.decode())
            self.check(href, self.known[href])
        return self.known[href]

    def check(self, href: str, math: Math) -> None:
        if not is_close(math.made(), math.value):
            self.faults.append(f"{href}: its parts give {math.made()}, not {math.value}")
        for operand in math.operands:
            if operand.factor:
                factor = self.opened(href, operand.href)
                if factor is not None and not operand.note and not is_close(factor.value, operand.value):
                    self.faults.append(f"{operand.href}: {factor.value} within a formula as {operand.value}")
            elif operand.part:
                self.check_part(operand.href, operand.value)

    def check_part(self, href: str, value: Decimal | None) -> None:
        part = math_pages.read_math(self.client.get(href).content.decode())
        listed = math_pages.listed_sum(self.client.get(f"{href}&format=csv")) + part.sums.get("hidden", Decimal(0))
        if not is_close(listed, value or Decimal(0)) or not is_close(part.sums["all"], value or Decimal(0)):
            self.faults.append(f"{href}: {value}, but the records come to {listed}, written as {part.sums}")


def is_close(one: Decimal | None, other: Decimal | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) < Decimal("1e-9") * max(abs(one), 1)


@pytest.mark.parametrize("role", ROLES)
def test_every_figure_leads_to_its_math(walked: MathWorld, role: str) -> None:
    walk = Walk(walked, role)
    for address in pages(walked):
        walk.page(address)
    assert walk.faults == []
    assert walk.figures > 100
