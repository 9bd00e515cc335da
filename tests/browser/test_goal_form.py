"""The form of a goal by keyboard alone and on a phone, with the panel that checks it while it is being written."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from goals.models import Goal
from kpi_tracker.orgs.workdays import work_week
from kpi_tracker.periods import Period, add_months
from tests import factories
from tests.browser.test_every_page import OVERFLOW, WCAG
from tests.browser.world import World, sign_in


@pytest.fixture
def last_year(world: World) -> dt.date:
    """The first working day of the same month a year ago, on which Bob won a deal."""
    first = add_months(world.today.replace(day=1), -12)
    day = work_week(world.org).open_days(Period(first, add_months(first, 1)))[0]
    factories.deal(world.org, world.bob, opened_on=day, closed_on=day, status="won", amount="1000", customer=world.acme)
    return day


def tab_to(page: Page, selector: str, most: int = 60) -> None:
    """On with the Tab key until the element has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"Tab does not lead to {selector}")


def choose(page: Page, text: str) -> None:
    """With the arrow keys, in the list that has the focus."""
    page.keyboard.press("Home")
    for _ in range(80):
        if page.evaluate("document.activeElement.selectedOptions[0].textContent").startswith(text):
            return
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"{text} is not in the list")


def test_it_works_by_keyboard_alone(page: Page, world: World, last_year: dt.date) -> None:
    sign_in(page, "alice@example.com")
    page.goto(world.home + "goals/new/")
    tab_to(page, "#id_kpi")
    choose(page, "Revenue")
    tab_to(page, "#id_subject")
    choose(page, "Stockholm")
    expect(page.locator("#goal-title")).to_contain_text("Stockholm")
    expect(page.locator("#people-field")).to_contain_text("Bea Bok")
    tab_to(page, "#id_kind")
    choose(page, "Grow")
    tab_to(page, "#id_growth")
    page.keyboard.type("14")
    expect(page.locator("#growth-hint")).to_contain_text("1 140")
    expect(page.locator("#asked .smart li")).to_have_count(5)
    expect(page.locator("#asked .smart")).to_contain_text("0 of 2 have answered.")
    expect(page.locator("#asked-chart .scatterlayer path.js-line").first).to_be_attached()
    tab_to(page, "[name=distribution]")
    page.keyboard.press("ArrowRight")
    expect(page.locator("[name=distribution]:checked")).to_have_value("last_year")
    tab_to(page, "[name=people]")
    page.keyboard.press("Space")
    expect(page.locator("#propose-end")).to_have_text("Propose to 1 person")
    page.keyboard.press("Space")
    expect(page.locator("#propose-end")).to_have_text("Propose to 2 people")
    tab_to(page, "#id_why")
    page.keyboard.type("It pays for two sellers")
    tab_to(page, ".buttons [value=propose]")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The goal is proposed to 2 people.")).to_be_visible()
    goal = Goal.objects.get()
    assert (goal.state, goal.kind, goal.target, goal.distribution, goal.why) == (
        "proposed", "growth", 1140, "last_year", "It pays for two sellers"
    )
    assert goal.participants.count() == 2


def test_enter_saves_a_draft_and_asks_nobody(page: Page, world: World) -> None:
    sign_in(page, "alice@example.com")
    page.goto(world.home + f"goals/new/?kpi=calls&subject=team:{world.team.id}")
    tab_to(page, "#id_target")
    page.keyboard.type("40")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The draft is saved.")).to_be_visible()
    assert Goal.objects.get().state == "draft"


def test_a_sentence_fills_the_form(page: Page, world: World) -> None:
    sign_in(page, "alice@example.com")
    page.goto(world.home + "goals/new/")
    tab_to(page, "#sentence")
    page.keyboard.type("Bob makes 40 calls a week, quickly")
    page.keyboard.press("Enter")
    expect(page.locator(".wish-read")).to_contain_text("read as: calls · Bob Berg · reach 40")
    expect(page.locator(".wish-read q")).to_have_text("quickly")
    expect(page.get_by_label("Target", exact=True)).to_have_value("40")
    expect(page.get_by_label("Again each period")).to_be_checked()
    tab_to(page, ".buttons [value=decide]")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The goal is set.")).to_be_visible()
    goal = Goal.objects.get()
    assert (goal.rep, goal.target, goal.carries_over, goal.state) == (world.bob, 40, True, "agreed")


def test_what_depends_on_others_keeps_the_focus(page: Page, world: World) -> None:
    """Another KPI brings other kinds; the field in which somebody types is left alone."""
    sign_in(page, "alice@example.com")
    page.goto(world.home + f"goals/new/?kpi=revenue&subject=team:{world.team.id}")
    tab_to(page, "#id_kpi")
    choose(page, "Win rate")
    expect(page.locator("#id_kind option")).to_have_text(["Stay above", "Stay below", "Grow by a percentage over a frozen baseline"])
    expect(page.locator("#id_kpi")).to_be_focused()
    expect(page.locator("fieldset.spread")).to_be_hidden()
    tab_to(page, "#id_target")
    page.keyboard.type("30")
    expect(page.locator("#goal-title")).to_contain_text("30 %")
    expect(page.locator("#id_target")).to_be_focused()


@pytest.mark.parametrize("kind", ["growth", "reach"])
def test_on_a_phone(phone: Page, world: World, last_year: dt.date, kind: str) -> None:
    sign_in(phone, "alice@example.com")
    phone.goto(world.home + f"goals/new/?kpi=revenue&subject=team:{world.team.id}")
    phone.get_by_label("Kind").select_option(kind)
    phone.get_by_label("Growth" if kind == "growth" else "Target", exact=True).fill("12")
    for spread in ("months", "weekdays", "ramp", "working_days"):
        phone.locator(f"label:has([name=distribution][value={spread}])").click()
        assert phone.evaluate(OVERFLOW) == 0
    phone.locator("details.shares summary").click()
    phone.get_by_label("Bob Berg").last.fill("50")
    expect(phone.locator("#share-hint")).to_contain_text("The shares come to" if kind == "reach" else "each")
    assert phone.evaluate(OVERFLOW) == 0
    assert faults(phone) == []
    phone.locator(".buttons").get_by_role("button", name="Propose to 2 people").click()
    expect(phone.get_by_text("The goal is proposed to 2 people.")).to_be_visible()


def faults(page: Page) -> list[Any]:
    found = Axe().run(page, options=WCAG).response["violations"]
    return [(one["id"], [node["html"][:200] for node in one["nodes"][:3]]) for one in found]


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_axe_finds_no_fault(page: Page, world: World, last_year: dt.date, colours: Any) -> None:
    sign_in(page, "alice@example.com")
    page.emulate_media(color_scheme=colours)
    page.goto(world.home + "goals/new/?sentence=Stockholm+grows+revenue+by+14+percent+this+month,+surely")
    expect(page.locator("#asked .smart li")).to_have_count(5)
    page.locator("details.shares summary").click()
    page.locator("label:has([value=weekdays])").click()
    assert faults(page) == []
    page.goto(world.home + "goals/new/?sentence=nothing")
    assert faults(page) == []
