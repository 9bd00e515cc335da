"""A goal from the proposal to being in force, as the manager and the reps go through it."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from goals.models import Goal, Participant, State
from tests import factories
from tests.browser.conftest import WIDE
from tests.browser.world import World, sign_in


@pytest.fixture
def goal(world: World) -> Goal:
    """Bob's own revenue of the year: a draft."""
    year = world.today.replace(month=1, day=1)
    made = factories.goal(world.org, "revenue", world.bob, year, year.replace(year=year.year + 1), 60_000, state=State.DRAFT)
    Participant.objects.create(organisation=world.org, goal=made, rep=world.bob, share=60_000)
    return made


def test_proposed_countered_taken_over_accepted(chromium: Browser, live_server: object, page: Page, world: World, goal: Goal) -> None:
    address = f"{world.home}goals/{goal.id}/"
    sign_in(page, "mona@example.com")
    page.goto(address)
    page.get_by_role("button", name="Propose to 1 person").click()
    expect(page.get_by_text("0 of 1 has answered.").first).to_be_visible()

    context = chromium.new_context(base_url=str(live_server), viewport=WIDE, locale="en-GB")
    rep = context.new_page()
    sign_in(rep, "bob@example.com")
    rep.goto(f"{world.home}goals/")
    expect(rep.get_by_role("navigation", name="Main menu").get_by_text("waits for your answer")).to_have_count(1)
    rep.get_by_role("link", name="Revenue: Bob Berg reaches").first.click()
    rep.get_by_text("Propose another figure").click()
    rep.get_by_label("Your figure").fill("50 000")
    rep.get_by_label("Why").first.fill("I am away in May")
    rep.get_by_role("button", name="Send the proposal").click()
    expect(rep.get_by_text("You proposed").first).to_be_visible()

    page.goto(address)
    expect(page.get_by_text("I am away in May").first).to_be_visible()
    page.get_by_role("button", name="Take over").click()
    expect(page.get_by_text("The other figure is proposed now.")).to_be_visible()

    rep.goto(address)
    rep.get_by_role("button", name="Accept").click()
    expect(rep.get_by_text("Everybody has accepted: the goal is in force.")).to_be_visible()
    expect(rep.get_by_text("Accepted by Bob Berg.")).to_be_visible()
    context.close()
    goal.refresh_from_db()
    assert (goal.state, goal.target) == (State.AGREED, 50_000)
    assert goal.versions.filter(in_force=True, made_at__lte=timezone.now()).count() == 1


def test_a_review_is_printed_on_two_pages_at_most(page: Page, world: World) -> None:
    year = world.today.replace(month=1, day=1)
    over = factories.goal(world.org, "revenue", world.team, year.replace(year=year.year - 1), year, 90_000)
    sign_in(page, "mona@example.com")
    page.goto(f"{world.home}goals/{over.id}/review/")
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation", name="Main menu")).to_be_hidden()
    expect(page.get_by_label("Your comment")).to_be_hidden()
    assert page.pdf(format="A4", prefer_css_page_size=True).count(b"/Type /Page\n") in (1, 2)
