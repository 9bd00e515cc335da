"""Own KPIs in a browser: the preview follows the form, by the keyboard alone; the pages fit a phone and are accessible."""

from __future__ import annotations

import datetime as dt

import pytest
from playwright.sync_api import Page, expect

from kpi_tracker.kpis.measures import Unit
from kpi_tracker.kpis.own_definition import read
from kpi_tracker.kpis.own_services import Details, own_kpi_create
from kpi_tracker.orgs.models import Membership
from kpi_tracker.orgs.selectors import member_scope
from kpi_tracker.sales.models import ActivityType
from tests import factories
from tests.browser.test_every_page import CONTRAST, OVERFLOW, WCAG, faults
from tests.browser.world import World, sign_in

RATIO = {
    "aggregation": "ratio", "above": {"fact": "deal", "clock": "closed", "quantity": "amount"},
    "below": {"fact": "activity", "clock": "occurred"},
}


@pytest.fixture
def addresses(world: World) -> list[str]:
    scope = member_scope(Membership.objects.get(user__email="alice@example.com"))
    own = own_kpi_create(scope=scope, details=Details("Per call", "result", "closer", Unit.MONEY, "up"), definition=read(RATIO))
    demo = ActivityType.objects.create(organisation=world.org, name="Demo", kind="meeting")
    below = ("", "new/", f"{own.pk}/", f"{own.pk}/change/", f"{own.pk}/delete/", "types/", f"types/{demo.pk}/")
    return [f"{world.home}kpis/own/{path}" for path in below]


def test_the_pages_fit_a_phone_and_axe_finds_no_fault(phone: Page, addresses: list[str]) -> None:
    sign_in(phone, "alice@example.com")
    found = {}
    for address in addresses:
        phone.emulate_media(color_scheme="light")
        phone.goto(address)
        found[address] = [*faults(phone, WCAG), *([phone.evaluate(OVERFLOW)] if phone.evaluate(OVERFLOW) else [])]
        phone.emulate_media(color_scheme="dark")
        found[f"{address} dark"] = faults(phone, CONTRAST)
    assert {address: listed for address, listed in found.items() if listed} == {}


def test_a_ratio_is_made_by_the_keyboard_and_the_preview_follows(page: Page, world: World) -> None:
    last_month = world.today.replace(day=1) - dt.timedelta(days=1)
    factories.deal(world.org, world.bob, opened_on=last_month, closed_on=last_month, status="won", amount="600", customer=world.acme)
    for _ in range(3):
        factories.activity(world.org, world.bob, last_month, "call", customer=world.acme)
    sign_in(page, "alice@example.com")
    page.goto(f"{world.home}kpis/own/new/")
    press = page.keyboard.press
    page.get_by_label("Name").focus()
    page.keyboard.type("Revenue per call")
    press("Tab")
    for _ in range(3):
        press("ArrowRight")  # count, sum, average, ratio
    press("Tab")
    page.keyboard.type("Deals")
    press("Tab")
    page.keyboard.type("the amount")
    for _ in range(3):
        press("Tab")  # the clock, "open"; then "won"
    press("Space")
    finding = page.locator(".finding")
    expect(finding).to_contain_text("200 €")
    expect(page.locator(".side-of.below")).to_be_visible()
    page.locator(".side-of.below").get_by_label("call", exact=True).focus()
    press("Space")
    expect(page.locator("#own-preview")).to_contain_text("activities with kind call")
    expect(finding).to_contain_text("200 €")
    page.get_by_label("Name").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Revenue per call")
    page.get_by_role("link", name="See the curve").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("evenue per call")
