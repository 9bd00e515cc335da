"""The handbook of KPIs: it narrows while one types, opens in place, fits a phone, and axe finds no fault with it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests import factories
from tests.browser.test_every_page import CONTRAST, OVERFLOW, WCAG, faults
from tests.browser.world import World, sign_in


@pytest.fixture
def addresses(world: World) -> list[str]:
    year = world.today.replace(month=1, day=1)
    for kpi in ("revenue", "win_rate", "sales_growth"):
        factories.goal(world.org, kpi, world.bob, year, year.replace(year=year.year + 1), "0.5")
    found = ("kpis/", "kpis/?q=zebra", "kpis/one/win_rate/", "kpis/one/sales_velocity/", "kpis/advice/", "kpis/advice/?role=management")
    return [world.home + path for path in found]


def test_it_narrows_while_one_types(page: Page, world: World) -> None:
    sign_in(page, "alice@example.com")
    page.goto(f"{world.home}kpis/")
    entries = page.locator(".entries > li")
    every = entries.count()
    page.get_by_label("Find").fill("win rate")
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"of {every} KPIs match")
    expect(page.locator("#calls")).to_have_count(0)
    page.locator("#win_rate summary").click()
    expect(page.locator("#win_rate")).to_contain_text("deals won ÷ deals closed")
    page.get_by_label("Find").fill("")
    page.get_by_label("Moves").select_option("cycle")
    expect(page.locator("#sales_cycle_days")).to_be_visible()
    expect(page.locator("#win_rate")).to_have_count(0)
    assert "lever=cycle" in page.url
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_it_fits_a_phone(phone: Page, addresses: list[str]) -> None:
    sign_in(phone, "alice@example.com")
    found = {}
    for address in addresses:
        answer = phone.goto(address)
        assert answer is not None
        for summary in phone.locator(".entries summary").all():
            summary.click()
        found[address] = (answer.status, phone.evaluate(OVERFLOW))
    assert found == dict.fromkeys(addresses, (200, 0))


def test_axe_finds_no_fault(page: Page, addresses: list[str]) -> None:
    sign_in(page, "alice@example.com")
    found = {}
    for address in addresses:
        page.emulate_media(color_scheme="light")
        page.goto(address)
        if opened := page.locator("#win_rate summary").all():
            opened[0].click()
        found[address] = faults(page, WCAG)
        page.emulate_media(color_scheme="dark")
        found[f"{address} dark"] = faults(page, CONTRAST)
    assert {address: listed for address, listed in found.items() if listed} == {}
