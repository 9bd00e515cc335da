"""What holds for every page: it fits a phone, and axe finds no fault with it in light and dark."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Page

from tests import factories
from tests.browser.world import World, sign_in

WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
CONTRAST = {"runOnly": ["color-contrast"]}  # all that the colours can change
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def addresses(world: World) -> list[str]:
    """Every main page, in an organisation with a goal."""
    year = world.today.replace(month=1, day=1)
    goal = factories.goal(world.org, "revenue", world.team, year, year.replace(month=12, day=31), 100_000)
    factories.goal(world.org, "calls", world.bob, year, year.replace(month=12, day=31), 4_000)
    proposed = factories.goal(world.org, "calls", world.team, year, year.replace(month=12, day=31), 900, state="proposed")
    version = proposed.versions.create(organisation=world.org, number=1, target=900, asks_from=year, made_at=timezone.now(), in_force=False)
    for rep in (world.bob, world.bea):
        proposed.participants.create(organisation=world.org, rep=rep, share=450)
    version.answers.create(organisation=world.org, rep=world.bob, counter=300, comment="Half of it", answered_at=timezone.now())
    past = year.replace(year=year.year - 1)
    over = factories.goal(world.org, "revenue", world.team, past, year, 90_000, state="closed", result=62_500, closed_at=timezone.now())
    at = f"year/{world.today}/"
    return [world.home + path for path in (
        f"organisation/{at}", f"team/{world.team.id}/{at}", f"rep/{world.bob.id}/{at}", f"customer/{world.acme.id}/{at}",
        f"team/{world.team.id}/{at}?part=all", f"team/{world.team.id}/{at}?view=table", f"team/{world.team.id}/day/{world.today}/",
        f"my-day/?rep={world.bob.id}", "goals/", "goals/new/", f"goals/{goal.id}/", f"goals/{proposed.id}/", f"goals/{over.id}/review/",
        f"goals/{goal.id}/split/", "goals/grid/?kpi=calls", "goals/grid/?kpi=win_rate&by=week", "goals/defaults/", "import/targets/",
        f"plan/?goal={goal.id}", "people/", "customers/", "kpis/", "import/",
        "calendar/", "teams/", f"teams/rep/{world.bob.id}/", "currencies/",
        f"records/revenue/?subject=team:{world.team.id}&start={year}&end={year.replace(year=year.year + 1)}",
    )]


def test_nothing_is_wider_than_a_phone(phone: Page, addresses: list[str]) -> None:
    sign_in(phone, "alice@example.com")
    found = {}
    for address in addresses:
        answer = phone.goto(address)
        assert answer is not None
        found[address] = (answer.status, phone.evaluate(OVERFLOW))
    assert found == dict.fromkeys(addresses, (200, 0))


def faults(page: Page, options: dict[str, list[str]]) -> list[Any]:
    found = Axe().run(page, options=options).response["violations"]
    return [(one["id"], [node["html"][:200] for node in one["nodes"][:3]]) for one in found]


def test_axe_finds_no_fault(page: Page, addresses: list[str]) -> None:
    sign_in(page, "alice@example.com")
    found = {}
    for address in addresses:
        page.emulate_media(color_scheme="light")
        page.goto(address)
        found[address] = faults(page, WCAG)
        page.emulate_media(color_scheme="dark")
        found[f"{address} dark"] = faults(page, CONTRAST)
    assert {address: listed for address, listed in found.items() if listed} == {}
