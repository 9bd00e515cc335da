"""Every figure on every page leads to its math, and the math gives the figure.

The walk opens the pages of each role, finds the figures on them, and opens each: its headline is the figure shown, its parts
give the headline, and the records listed (with those hidden from the person) sum up to the parts.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from dashboards import urls as dashboard_urls
from goals import urls as goal_urls
from goals.models import Goal
from kpi_tracker import formats
from kpi_tracker.kpis.metrics import GrowthKpi, SubjectKind
from kpi_tracker.kpis.registry import built_in
from kpi_tracker.periods import add_months
from tests.dashboards import math_pages
from tests.dashboards.math_pages import Math, Operand, Shown
from tests.dashboards.math_world import MathWorld

ROLES = (pytest.param("admin", marks=pytest.mark.slow), "manager", "rep", "viewer")
# KPIs whose pages are walked one by one; the others are met in the table of all.
CHOSEN = ("win_rate", "sales_cycle_days", "open_pipeline", "sales_growth", "pipeline_coverage", "sales_velocity", "stage_conversion", "clv")


def signed_in(world: MathWorld, role: str) -> Client:
    client = Client()
    client.force_login(world.users[role], backend="django.contrib.auth.backends.ModelBackend")
    return client


def pages(world: MathWorld, role: str) -> list[str]:
    """The addresses that a person may try to open; the admin, who may open all, also other times and each kind of KPI."""
    def at(kind: SubjectKind, number: int, grain: str = "month", start: dt.date = world.today) -> str:
        names = {"org": "nordlys", "grain": grain, "start": start.isoformat()} | ({"id": number} if number else {})
        return reverse(f"dashboards:{kind}", kwargs=names)

    subjects = [
        (SubjectKind.ORGANISATION, 0), (SubjectKind.TEAM, world.stockholm.id), (SubjectKind.REP, world.bob.id),
        (SubjectKind.REP, world.bea.id), (SubjectKind.CUSTOMER, world.customer.id),
    ]
    found = [at(*subject) for subject in subjects]
    found += [reverse("goals:list", args=["nordlys"]), f"{reverse('my_day', args=['nordlys'])}?rep={world.bob.id}"]
    plan = reverse("dashboards:plan", args=["nordlys"])
    found += [plan, f"{plan}?subject=team:{world.stockholm.id}", f"{plan}?subject=rep:{world.bob.id}&goal=amount&amount=9000"]
    found += [reverse(f"dashboards:{name}", args=["nordlys"]) for name in ("people", "customers", "kpis", "kpi_advice")]
    found += [reverse("dashboards:kpi", args=["nordlys", key]) for key in ("revenue", "win_rate", "clv")]
    month = reverse("dashboards:closed_month", args=["nordlys", add_months(world.month.start, -1).isoformat()])
    found += [f"{month}?subject=team:{world.stockholm.id}"]
    if role != "admin":
        return [*found, f"{at(*subjects[1])}?part=all"]
    team, earlier, later = subjects[1], add_months(world.today, -2), add_months(world.today, 2)
    found += [f"{at(*subject)}?part=all" for subject in subjects]
    found += [f"{at(*subjects[0])}?kpi={key}" for key in CHOSEN] + [f"{at(*team)}?kpi={key}" for key in CHOSEN if key != "clv"]
    found += [at(*team, "year"), at(*team, "week"), at(*team, "day"), at(*team, start=earlier), at(*team, start=later)]
    found += [f"{at(*team, 'week')}?view=table", f"{at(*team, 'year')}?view=table&kpi=open_pipeline"]
    found += [at(SubjectKind.TEAM, world.malmo.id), f"{at(SubjectKind.REP, world.bea.id, start=earlier)}?part=all"]
    goals = Goal.objects.filter(organisation=world.org, team=world.stockholm)
    over = [goal for goal in goals if goal.ends_on <= world.today]
    found += [reverse("goals:review", args=["nordlys", goal.id]) for goal in over]
    return [*found, *(reverse("goals:detail", args=["nordlys", goal.id]) for goal in goals)]


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
        written = {plain(formats.kpi_value(kpi, math.value, "EUR", short=short)) for short in (True, False)}
        if isinstance(kpi, GrowthKpi) and math.value is None:
            written.add("new")
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
        """Parts give the headline, and records give the parts."""
        if not is_close(math.made(), math.value):
            self.faults.append(f"{href}: its parts give {math.made()}, not {math.value}")
        for place, operand in enumerate(math.operands):
            if operand.factor:
                factor = self.opened(href, operand.href)
                if factor is not None and not operand.note and not is_close(factor.value, operand.value):
                    self.faults.append(f"{operand.href}: {factor.value} within a formula as {operand.value}")
            elif operand.part:
                first = not place  # whose records are listed already
                self.check_part(operand, math if first else math_pages.read_math(self.client.get(operand.href).content.decode()))

    def check_part(self, operand: Operand, page: Math) -> None:
        listed = math_pages.listed_sum(self.client.get(f"{operand.href}&format=csv")) if page.pages else page.listed
        listed += page.sums.get("hidden", Decimal(0))
        value = operand.value or Decimal(0)
        if not is_close(listed, value) or not is_close(page.sums["all"], value):
            self.faults.append(f"{operand.href}: {value}, but the records come to {listed}, written as {page.sums}")


def plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\u00a0", " ")


def is_close(one: Decimal | None, other: Decimal | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) < Decimal("1e-9") * max(abs(one), 1)


@pytest.mark.parametrize("role", ROLES)
def test_every_figure_leads_to_its_math(math: MathWorld, role: str) -> None:
    walk = Walk(math, role)
    for address in pages(math, role):
        walk.page(address)
    assert walk.faults == []
    assert walk.figures > 100


def test_a_figure_without_a_link_is_found() -> None:
    row = "<main><table><tr><td>Calls</td><td>{}</td></tr></table></main>"
    assert math_pages.unlinked(math_pages.read(row.format("1 204"))) == ["1 204"]
    assert math_pages.unlinked(math_pages.read(row.format("–"))) == ["–"]
    assert math_pages.unlinked(math_pages.read(row.format('<a href="/o/nordlys/" data-figure="calls">1 204</a>'))) == []


WALKED = {
    "organisation", "team", "rep", "customer", "records", "people", "customers", "kpis", "kpi", "kpi_advice", "closed_month", "list",
    "detail", "my_day", "plan", "review",
}
# Settings, forms, and answers to them; the months that may be closed; why a reported figure has changed, which links to its math.
# The preview of an own KPI and the panel of a goal that is being written are what the math pages show, for what is not saved yet.
WITHOUT_FIGURES = {
    "organisation_now", "team_now", "rep_now", "customer_now", "kpi_cards", "closed", "closed_rule", "closed_close", "closed_reopen",
    "closed_figure", "new", "edit", "delete", "asked", "live",
    "propose", "answer", "take", "decide", "withdraw", "close", "comment",
    # Targets that are being set, for many people at once, and files of them.
    "grid", "grid_file", "defaults", "default_delete", "split", "carry",
}
SETTINGS = ("calendar", "operations", "leave", "currencies", "rate", "team", "stay", "rep_stays", "own_kpi", "activity_type")


def test_every_page_is_walked() -> None:
    """A new page belongs to those walked, or to those that have no figures."""
    names = {pattern.name for pattern in (*dashboard_urls.urlpatterns, *goal_urls.urlpatterns)}
    known = WALKED | WITHOUT_FIGURES | {name for name in names if name.startswith(SETTINGS) and name not in WALKED}
    assert names - known == set()
