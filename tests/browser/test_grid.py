"""The target grid as a spreadsheet: keyboard, paste, fill and undo; and two people at it at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from goals.models import Goal
from tests import factories
from tests.browser.conftest import WIDE
from tests.browser.world import World, sign_in


@pytest.fixture
def january(world: World) -> dt.date:
    """Of next year: whatever the day is, all of it is to come."""
    return dt.date(world.today.year + 1, 1, 1)


def address(world: World, january: dt.date, **query: str) -> str:
    asked = {"kpi": "calls", "from": january.isoformat()} | query
    return f"{world.home}goals/grid/?" + "&".join(f"{name}={value}" for name, value in asked.items())


def cell(page: Page, name: str, month: int) -> Locator:
    return page.get_by_role("row", name=name).locator("[data-cell] input").nth(month - 1)


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.getAttribute('aria-label')"))


def write(page: Page, text: str) -> None:
    """Put it into the clipboard."""
    page.evaluate("text => navigator.clipboard.writeText(text)", text)


def test_typing_moving_and_saving(page: Page, world: World, january: dt.date) -> None:
    factories.goal(world.org, "calls", world.org, january, january.replace(month=2), 300)
    sign_in(page, "alice@example.com")
    page.goto(address(world, january))
    bea, bob, year = cell(page, "Bea Bok", 1), cell(page, "Bob Berg", 1), january.year
    bea.focus()
    page.keyboard.type("100")
    page.keyboard.press("Enter")
    assert focused(page) == f"Bob Berg, January {year}"
    page.keyboard.type("1 200")
    page.keyboard.press("ArrowUp")
    assert focused(page) == f"Bea Bok, January {year}"
    page.keyboard.type("110")  # replaces what is there
    expect(bea).to_have_value("110")
    page.keyboard.press("Escape")
    expect(bea).to_have_value("100")
    page.keyboard.press("Tab")
    assert focused(page) == f"Bea Bok, February {year}"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("F2")
    page.keyboard.press("Backspace")
    page.keyboard.press("Backspace")
    page.keyboard.type("50")
    expect(bob).to_have_value("1 250")
    page.keyboard.press("Enter")
    assert focused(page) == f"Nordlys AB, January {year}"
    sums = page.get_by_role("row", name="Sum of the people").locator("td")
    expect(sums.first).to_have_text("1 350")
    expect(page.get_by_role("row", name="Sum less goal").locator("td").first).to_have_text("+1 050")
    expect(page.get_by_text("2 changes are not saved.")).to_be_visible()
    page.get_by_role("button", name="Save the targets").click()
    expect(page.get_by_text("Saved: 2 targets are new.")).to_be_visible()
    expect(page.get_by_text("Nothing is changed.")).to_be_visible()
    assert dict(Goal.objects.filter(rep__isnull=False).values_list("rep__name", "target")) == {"Bea Bok": 100, "Bob Berg": 1250}


def test_paste_fill_copy_and_undo(page: Page, world: World, january: dt.date) -> None:
    sign_in(page, "alice@example.com")
    page.goto(address(world, january))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    cell(page, "Bea Bok", 1).focus()
    write(page, "10\t20\r\n30\t40\r\n50\t60\r\n")
    page.keyboard.press("Control+V")
    values = [[cell(page, name, month).input_value() for month in (1, 2)] for name in ("Bea Bok", "Bob Berg")]
    assert values == [["10", "20"], ["30", "40"]]
    expect(page.get_by_text("Left out, because these cells cannot be changed: 2.")).to_be_visible()
    page.get_by_role("button", name="Copy to all later periods").click()  # both people are picked
    expect(cell(page, "Bea Bok", 12)).to_have_value("10")
    expect(cell(page, "Bob Berg", 12)).to_have_value("30")
    page.keyboard.press("Control+Z")
    expect(cell(page, "Bea Bok", 12)).to_have_value("")
    expect(cell(page, "Bea Bok", 2)).to_have_value("20")
    cell(page, "Bea Bok", 2).focus()
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Control+D")
    expect(cell(page, "Bob Berg", 2)).to_have_value("20")
    cell(page, "Bob Berg", 3).focus()
    page.keyboard.press("Control+R")
    expect(cell(page, "Bob Berg", 3)).to_have_value("20")
    cell(page, "Bea Bok", 1).focus()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Control+C")
    cell(page, "Bea Bok", 5).focus()
    page.keyboard.press("Control+V")
    expect(cell(page, "Bea Bok", 6)).to_have_value("20")
    for _ in range(4):
        page.keyboard.press("Control+Z")
    assert page.locator("input.changed").count() == 0
    page.keyboard.press("Control+Y")
    expect(cell(page, "Bob Berg", 2)).to_have_value("40")
    page.keyboard.press("Control+Z")
    expect(page.get_by_text("Nothing is changed.")).to_be_visible()


@pytest.fixture
def others(chromium: Browser, live_server: object) -> Iterator[list[Page]]:
    """Two people's browsers. A page in conflict answers 409, which the console would list as an error."""
    contexts = [chromium.new_context(base_url=str(live_server), viewport=WIDE, locale="en-GB") for _ in range(2)]  # type: ignore[arg-type]
    for context in contexts:
        context.set_default_timeout(15_000)
    yield [context.new_page() for context in contexts]
    for context in contexts:
        context.close()


def test_two_people_at_once_lose_nothing(others: list[Page], world: World, january: dt.date) -> None:
    alice, mona = others
    for page, email in ((alice, "alice@example.com"), (mona, "mona@example.com")):
        sign_in(page, email)
        page.goto(address(world, january))
    cell(mona, "Bob Berg", 1).fill("80")
    mona.get_by_role("button", name="Save the targets").click()
    expect(mona.get_by_text("Saved: 1 target is new.")).to_be_visible()
    cell(alice, "Bob Berg", 1).fill("90")
    cell(alice, "Bea Bok", 1).fill("70")
    alice.get_by_role("button", name="Save the targets").click()
    expect(alice.get_by_role("heading", name="Somebody else changed 1 target while you were at it")).to_be_visible()
    expect(alice.get_by_text("Mona set 80; you want 90.")).to_be_visible()
    assert dict(Goal.objects.values_list("rep__name", "target")) == {"Bob Berg": 80, "Bea Bok": 70}
    alice.get_by_text("Set 90").click()
    alice.get_by_role("button", name="Save the targets").click()
    expect(alice.get_by_text("Saved: 1 target is changed.")).to_be_visible()
    goal = Goal.objects.get(rep=world.bob)
    assert [version.target for version in goal.versions.order_by("number")] == [80, 90]


def test_without_script_the_cells_are_plain_fields(chromium: Browser, live_server: object, world: World, january: dt.date) -> None:
    context = chromium.new_context(base_url=str(live_server), java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    sign_in(page, "alice@example.com")
    page.goto(address(world, january))
    cell(page, "Bob Berg", 3).fill("33")
    page.get_by_role("button", name="Save the targets").click()
    expect(page.get_by_text("Saved: 1 target is new.")).to_be_visible()
    assert Goal.objects.get().starts_on == january.replace(month=3)
    context.close()


def test_a_goal_is_split_and_the_parts_add_up(page: Page, world: World, january: dt.date) -> None:
    goal = factories.goal(world.org, "revenue", world.team, january, january.replace(month=4), "100001")
    sign_in(page, "mona@example.com")
    page.goto(f"{world.home}goals/{goal.pk}/")
    page.get_by_role("link", name="Split it among those below").click()
    page.get_by_text("Equally").click()
    page.get_by_role("button", name="Work it out").click()
    expect(page.get_by_role("heading", name="The parts add up to the goal")).to_be_visible()
    page.get_by_role("textbox", name="What Bob Berg gets").fill("60000")
    page.get_by_role("checkbox", name="Lock what Bob Berg gets").check()
    page.get_by_role("button", name="Work it out").click()
    expect(page.get_by_role("textbox", name="What Bea Bok gets")).to_have_value("40\u202f001")
    page.get_by_role("button", name="Save the split").click()
    expect(page.get_by_text("The goal is split: 2 goals are new or changed.")).to_be_visible()
    expect(page.locator("#parts").get_by_role("heading", name="The parts add up to the goal")).to_be_visible()
