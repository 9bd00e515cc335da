"""Velocity & plan in a browser: a slider moved by keys changes the figures at once, and the address with them; it fits a phone."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import factories
from tests.browser.conftest import WIDE
from tests.browser.test_every_page import CONTRAST, OVERFLOW, WCAG, faults
from tests.browser.world import World, sign_in


@pytest.fixture
def address(world: World) -> str:
    """Stockholm misses 100,000 €. Besides the world's own deals 40 were closed, half of them won at 1,000 €."""
    day = world.today - dt.timedelta(days=70)
    for i in range(40):
        factories.deal(
            world.org, world.bob, opened_on=day, closed_on=day, status="won" if i % 2 else "lost", amount="1000", customer=world.acme,
            qualified_on=day, first_contact_on=day - dt.timedelta(days=20),
        )
        factories.activity(world.org, world.bob, day, "call", outcome="reached", customer=world.acme)
    for _ in range(6):
        factories.deal(world.org, world.bob, opened_on=day, amount="1000", customer=world.acme, qualified_on=day)
    return f"{world.home}plan/?subject=team:{world.team.id}&goal=amount&amount=100000&until=year"


def needed(page: Page, step: str) -> str:
    row = page.locator(".ladder tbody tr").filter(has=page.locator("td:first-child", has_text=re.compile(f"^{step}$")))
    return re.sub(r"\s", " ", row.locator("td b").inner_text())


def test_a_slider_moved_by_keys_changes_the_figures(page: Page, address: str) -> None:
    sign_in(page, "mona@example.com")
    page.goto(address)
    before = needed(page, "Deals won")
    slider = page.get_by_role("slider", name="Average deal value")
    slider.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    expect(page.locator("output[for=id_rate_deals_won]")).to_contain_text("(+10 %)")
    expect(slider).to_be_focused()
    assert int(needed(page, "Deals won")) < int(before)
    expect(page.get_by_text("With these changes")).to_be_visible()
    assert "rate_deals_won=10" in page.url
    page.reload()
    expect(slider).to_have_value("10")
    page.get_by_role("link", name="Back to how it is").click()
    expect(slider).to_have_value("0")
    assert needed(page, "Deals won") == before


def test_two_more_sellers_by_a_link(page: Page, address: str) -> None:
    sign_in(page, "mona@example.com")
    page.goto(address)
    before = page.get_by_role("heading", level=1).inner_text()
    page.get_by_role("link", name="we hire two").click()
    expect(page.get_by_role("slider", name="Full-time sellers")).to_have_value("2")
    assert page.get_by_role("heading", level=1).inner_text() != before


def test_another_subject_is_chosen(page: Page, world: World, address: str) -> None:
    sign_in(page, "mona@example.com")
    page.goto(address)
    page.get_by_label("For").select_option("rep:" + str(world.bob.id))
    page.wait_for_url(re.compile(rf"subject=rep(:|%3A){world.bob.id}"))
    expect(page.get_by_role("slider", name="Full-time sellers")).to_have_count(0)


def test_it_works_without_scripts(chromium: Browser, live_server: object, address: str) -> None:
    context = chromium.new_context(base_url=str(live_server), viewport=WIDE, locale="en-GB", java_script_enabled=False)  # type: ignore[arg-type]
    context.set_default_timeout(15_000)
    page = context.new_page()
    sign_in(page, "mona@example.com")
    page.goto(address)
    before = needed(page, "Deals won")
    page.get_by_role("slider", name="Win rate").focus()
    page.get_by_role("slider", name="Average deal value").fill("100")
    page.get_by_role("button", name="Work it out").click()
    expect(page.get_by_role("slider", name="Average deal value")).to_have_value("100")
    assert int(needed(page, "Deals won")) == -(-int(before) // 2)
    context.close()


def test_it_fits_a_phone_and_axe_finds_no_fault(phone: Page, address: str) -> None:
    sign_in(phone, "mona@example.com")
    phone.goto(f"{address}&sellers=2&rate_deals_won=10")
    assert phone.evaluate(OVERFLOW) == 0
    assert faults(phone, WCAG) == []
    phone.emulate_media(color_scheme="dark")
    assert faults(phone, CONTRAST) == []
