"""A rep's day in the browser: where a rep lands, on a phone and by keyboard, and figures that follow the records."""

from __future__ import annotations

import datetime as dt
import re

from playwright.sync_api import Page, expect

from kpi_tracker.orgs.models import Rep
from kpi_tracker.rollups.builder import refresh_fully
from tests import factories
from tests.browser.test_every_page import CONTRAST, OVERFLOW, WCAG, faults
from tests.browser.world import World, sign_in


def every_day_works(world: World) -> None:
    """Whatever day it is when the test runs."""
    world.org.working_days, world.org.country = "1234567", ""
    world.org.save()
    Rep.objects.filter(organisation=world.org).update(country="")


def goals(world: World) -> None:
    first = world.today.replace(day=1)
    after = (first + dt.timedelta(days=32)).replace(day=1)
    days = (after - first).days
    factories.goal(world.org, "calls", world.bob, first, after, days * 400)
    factories.goal(world.org, "revenue", world.bob, first, after, 50_000)
    factories.goal(world.org, "win_rate", world.bob, first, after, "0.3")


def test_a_rep_lands_on_the_day_and_goes_on_from_it(phone: Page, world: World) -> None:
    every_day_works(world)
    goals(world)
    sign_in(phone, "bob@example.com")
    assert phone.url.endswith("/o/nordlys/my-day/")
    expect(phone.get_by_role("heading", level=1)).to_contain_text("calls keep you on pace tonight")
    expect(phone.locator("#owed li").first).to_contain_text("2 done today")
    phone.reload()  # without the message about signing in
    assert phone.evaluate(OVERFLOW) == 0
    assert faults(phone, WCAG) == []
    phone.emulate_media(color_scheme="dark")
    assert faults(phone, CONTRAST) == []
    phone.locator("#owed").get_by_role("link", name="2 done today").focus()
    phone.keyboard.press("Enter")
    expect(phone.get_by_role("heading", level=1)).to_contain_text("Calls of Bob Berg: 2")
    phone.go_back()
    phone.locator("#owed").get_by_role("link", name="Calls").click()
    expect(phone).to_have_url(re.compile(r"/goals/\d+/$"))


def test_a_call_counts_without_reloading(page: Page, world: World) -> None:
    every_day_works(world)
    goals(world)
    refresh_fully(world.org)
    sign_in(page, "bob@example.com")
    row = page.locator("#owed li").first
    expect(row).to_contain_text("2 done today")
    factories.activity(world.org, world.bob, world.today, "call", outcome="reached", customer=world.acme)
    expect(row).to_contain_text("3 done today", timeout=30_000)


def test_a_manager_opens_the_day_of_a_rep(page: Page, world: World) -> None:
    every_day_works(world)
    goals(world)
    sign_in(page, "mona@example.com")
    page.goto(f"{world.home}my-day/?rep={world.bob.id}")
    expect(page.get_by_role("heading", level=1)).to_contain_text("calls keep Bob Berg on pace tonight")
    expect(page.get_by_role("heading", name="Other goals")).to_be_visible()
