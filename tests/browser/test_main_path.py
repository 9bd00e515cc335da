"""What the product is for: sign in, see how it goes, set a goal, see it on the curve, and go down to the records."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.world import World, sign_in

TOTAL = "62 500 €"


def plain(text: str) -> str:
    return re.sub(r"\s", " ", text)


def expect_curve(page: Page) -> None:
    expect(page.locator("#curve svg.main-svg").first).to_be_visible()
    expect(page.locator("#curve .scatterlayer path.js-line").first).to_be_attached()


def set_goal(page: Page, target: str) -> None:
    page.get_by_role("link", name="New goal").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("what should Stockholm reach")
    page.get_by_label("Target", exact=True).fill(target)
    page.get_by_role("button", name="Decide without asking").click()
    expect(page.get_by_role("heading", name="Revenue: Stockholm reaches 100 k€")).to_be_visible()


def test_it_works(page: Page, world: World) -> None:
    sign_in(page, "mona@example.com")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Stockholm")
    page.get_by_role("link", name="Year", exact=True).click()
    expect_curve(page)
    team_page = page.url
    page.locator("#board").get_by_role("link", name="Bob Berg").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Bob Berg won 43 k€")
    expect_curve(page)
    page.get_by_role("link", name="Customers").click()
    page.locator("#customers").get_by_role("link", name="Acme").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Acme bought for 63 k€")
    expect_curve(page)

    page.goto(team_page)
    set_goal(page, "100000")
    expect(page.locator("[data-chart]").get_by_text("Goal 100 k€")).to_be_visible()
    page.goto(team_page)
    expect(page.locator("#curve").get_by_text("Goal 100 k€")).to_be_visible()
    assert plain(page.locator("aside .big").inner_text()) == f"{TOTAL} of 100 000 €"

    page.get_by_role("link", name="See the math", exact=True).click()
    assert plain(page.get_by_role("heading", level=1).inner_text()) == f"Revenue of Stockholm: {TOTAL}"
    assert plain(page.locator("[data-sum=all]").inner_text()) == f"3 records, {TOTAL}"
    counted = page.locator("#records tbody tr td:last-child").all_inner_texts()
    assert sum(int(re.sub(r"\D", "", amount)) for amount in counted) == 62_500


def test_a_rep_sees_nothing_of_the_others(page: Page, world: World) -> None:
    sign_in(page, "bob@example.com")
    expect(page.get_by_role("link", name="My day").first).to_have_attribute("aria-current", "page")
    page.get_by_role("link", name="My figures").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Bob Berg")
    page.get_by_role("link", name="My team").click()
    expect(page.get_by_role("heading", name="Your own row of the team")).to_be_visible()
    expect(page.get_by_text("Bea Bok")).to_have_count(0)


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_keys_alone_suffice(page: Page, world: World, colours: str) -> None:
    """The theme is chosen and the KPI menu opened and closed without a mouse."""
    sign_in(page, "mona@example.com")
    page.locator("details.me summary").press("Enter")
    page.get_by_role("button", name=colours.title(), exact=True).press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", colours)
    menu = page.locator("#curve-card details.menu")
    menu.locator("summary").press("Enter")
    expect(menu.get_by_role("link", name="Calls", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    expect(menu.get_by_role("link", name="Calls", exact=True)).to_be_hidden()
