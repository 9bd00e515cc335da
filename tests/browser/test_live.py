"""Open pages update themselves: without a reload, without a word to the server too many, and without disturbing the person."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Response, expect

from kpi_tracker.orgs.models import Membership, User
from kpi_tracker.rollups.builder import refresh_fully
from kpi_tracker.sales.models import Activity
from tests import factories
from tests.api.conftest import Program, program_of
from tests.browser.world import World, sign_in

NUMBERS = itertools.count(1)
STAY = "document.body.dataset.stayed = 'yes'"
FAR = 120_000  # milliseconds, longer than any pause between two questions


@pytest.fixture(autouse=True)
def _patience() -> Iterator[None]:
    """A page asks less often where the server is slow."""
    expect.set_options(timeout=30_000)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture
def program(world: World) -> Program:
    return program_of(world.org)


def call(program: Program, world: World, number: int = 1, *, who: str = "Bob Berg", kind: str = "call") -> None:
    """As another program would: through the API, committed when it answers; what came before is refreshed by then."""
    refresh_fully(world.org)
    records = [
        {"external_id": f"live-{next(NUMBERS)}", "kind": kind, "rep": who, "occurred_on": str(world.today), "outcome": "reached",
         "customer": "Acme"}
        for _ in range(number)
    ]
    answer = program.bulk("activities", *records)
    assert answer.json()["created"] == number


def calls_page(world: World) -> str:
    return f"{world.home}team/{world.team.id}/month/{world.today}/?kpi=calls"


def open_page(page: Page, address: str) -> None:
    """Signed in as the admin; from here on a reload would be seen."""
    sign_in(page, "alice@example.com")
    page.goto(address)
    page.evaluate(STAY)


def expect_no_reload(page: Page) -> None:
    assert page.evaluate("document.body.dataset.stayed") == "yes"


def is_question(response: Response) -> bool:
    return response.url.endswith("/live")


def asked(page: Page) -> list[int]:
    """The states of the answers to this page's questions from now on; those for its main part count as 0."""
    found: list[int] = []

    def note(response: Response) -> None:
        if is_question(response):
            found.append(response.status)
        elif response.request.headers.get("live-part"):
            found.append(0)

    page.on("response", note)
    return found


def big(page: Page) -> Any:
    return page.locator("aside .big a")


def test_it_works(page: Page, world: World, program: Program) -> None:
    """A call and a meeting come in by the API: the figure, the card, the curve, the board and the feed show them."""
    open_page(page, calls_page(world))
    expect(big(page)).to_have_text("2")
    axis = page.locator("#curve .ytick")
    expect(axis.last).to_have_text("2")
    chart = page.locator("#curve svg.main-svg").first
    chart.evaluate("node => { node.dataset.same = 'yes' }")

    call(program, world, 40)
    call(program, world, kind="meeting", who="Bea Bok")
    expect(big(page)).to_have_text("42")
    expect(page.get_by_role("heading", level=1)).to_contain_text("42")
    expect(page.locator(f"#rep-{world.bob.id}").get_by_role("link", name=re.compile("^42"))).to_be_visible()
    expect(page.locator(".feed")).to_contain_text("Bea Bok")
    expect(axis.last).to_have_text("40")
    expect(chart).to_have_attribute("data-same", "yes")
    expect(page.locator("#live-news")).to_contain_text("42")
    expect_no_reload(page)


@pytest.mark.parametrize("kind", ["organisation", "rep", "customer", "goals", "goal", "all"])
def test_each_page_follows(page: Page, world: World, program: Program, kind: str) -> None:
    year = world.today.replace(month=1, day=1)
    goal = factories.goal(world.org, "calls", world.team, year, year.replace(month=12, day=31), 100)
    at = f"month/{world.today}/?kpi=calls"
    address = {
        "organisation": f"organisation/{at}", "rep": f"rep/{world.bob.id}/{at}", "customer": f"customer/{world.acme.id}/{at}",
        "goals": "goals/", "goal": f"goals/{goal.id}/", "all": f"team/{world.team.id}/{at}&part=all",
    }[kind]
    open_page(page, world.home + address)
    figure = page.locator("#live .grid .fig", has_text=re.compile(r"^2$")).first
    expect(figure).to_be_visible()
    call(program, world, 777 - 2)
    expect(page.locator("#live .grid .fig", has_text=re.compile(r"^777$")).first).to_be_visible()
    expect_no_reload(page)


def test_an_unchanged_page_asks_and_takes_nothing(page: Page, world: World) -> None:
    open_page(page, calls_page(world))
    answers = asked(page)
    for _ in range(4):
        with page.expect_response(is_question):
            pass
    assert set(answers) == {304}


def test_it_asks_less_often_when_nothing_happens(page: Page, world: World, program: Program) -> None:
    page.clock.install()
    open_page(page, calls_page(world))
    page.clock.fast_forward(30_000)
    for _ in range(12):
        with page.expect_response(is_question):
            page.clock.run_for(6_000)
    answers = asked(page)
    page.clock.run_for(4_000)
    page.evaluate("fetch('/healthz')")
    assert answers == []
    call(program, world)
    with page.expect_response(lambda response: bool(response.request.headers.get("live-part"))):
        page.clock.run_for(2_000)
    expect(big(page)).to_have_text("3")
    with page.expect_response(is_question):
        page.clock.run_for(1_000)


def set_hidden(page: Page, hidden: bool) -> None:
    page.evaluate(
        "hidden => { Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });"
        " document.dispatchEvent(new Event('visibilitychange')) }", hidden,
    )


def test_a_hidden_page_asks_nothing(page: Page, world: World, program: Program) -> None:
    page.clock.install()
    open_page(page, calls_page(world))
    with page.expect_response(is_question):
        page.clock.run_for(1_000)
    set_hidden(page, True)
    answers = asked(page)
    call(program, world)
    page.clock.run_for(FAR)
    page.evaluate("fetch('/healthz')")
    assert answers == []
    expect(big(page)).to_have_text("2")
    set_hidden(page, False)
    expect(big(page)).to_have_text("3")


def test_nothing_that_the_person_does_is_lost(page: Page, world: World, program: Program) -> None:
    """An open menu, the place on the page, what is selected, and the focus on a row that rises to the top."""
    page.set_viewport_size({"width": 1200, "height": 500})
    open_page(page, calls_page(world))
    page.locator("#curve-card details.menu summary").click()
    row = page.locator(f"#rep-{world.bea.id}")
    bea = row.get_by_role("link", name="Bea Bok")
    bea.focus()
    page.evaluate("document.getSelection().selectAllChildren(document.querySelector('#board h2'))")
    page.evaluate("scrollTo(0, 333)")
    assert [one.get_attribute("id") for one in page.locator("#board tbody tr").all()][1] == f"rep-{world.bea.id}"
    chosen = page.evaluate("String(document.getSelection())")

    call(program, world, 9, who="Bea Bok")
    expect(big(page)).to_have_text("11")
    expect(page.locator("#board tbody tr").first).to_have_id(f"rep-{world.bea.id}")
    expect(bea).to_be_focused()
    expect(page.locator("#curve-card details.menu")).to_have_attribute("open", "")
    assert page.evaluate("scrollY") == 333
    assert chosen
    assert page.evaluate("document.getSelection().isCollapsed") is False
    expect_no_reload(page)


def hold_dialog(page: Page) -> Any:
    page.get_by_role("button", name="Delete", exact=True).click()
    return lambda: page.get_by_role("button", name="Keep it").click()


def hold_focus(page: Page) -> Any:
    page.get_by_label("Status").focus()
    return lambda: page.locator("h1").click()


@pytest.mark.parametrize("hold", [hold_dialog, hold_focus])
def test_it_waits_while_a_dialog_is_open_or_a_field_is_used(page: Page, world: World, program: Program, hold: Any) -> None:
    year = world.today.replace(month=1, day=1)
    goal = factories.goal(world.org, "calls", world.team, year, year.replace(month=12, day=31), 100)
    page.clock.install()
    open_page(page, f"{world.home}goals/" + (f"{goal.id}/" if hold is hold_dialog else ""))
    release = hold(page)
    answers = asked(page)
    call(program, world, 5)
    page.clock.run_for(10_000)
    page.evaluate("fetch('/healthz')")
    assert answers == []
    release()
    page.clock.run_for(1_000)
    expect(page.locator("#live .grid .fig", has_text=re.compile(r"^7$")).first).to_be_visible()


def test_the_open_table_of_all_kpis_follows(page: Page, world: World, program: Program) -> None:
    open_page(page, calls_page(world))
    fold = page.locator("#all-kpis")
    fold.locator("summary").click()
    figure = fold.locator('a.fig[data-figure="calls"]').first
    expect(figure).to_have_text("2")
    call(program, world, 3)
    expect(figure).to_have_text("5")
    expect(fold).to_have_attribute("open", "")

    fold.locator("summary").click()
    call(program, world, 3)
    expect(big(page)).to_have_text("8")
    fold.locator("summary").click()
    expect(figure).to_have_text("8")


def test_what_has_changed_is_shown_quietly(page: Page, world: World, program: Program) -> None:
    moving = "() => [...document.querySelectorAll('.fig')].filter(one => one.getAnimations().length).map(one => one.textContent)"
    open_page(page, calls_page(world))
    call(program, world)
    moved = page.wait_for_function(f"() => {{ const found = ({moving})(); return found.length ? found : null }}").json_value()
    assert "3" in moved
    assert all("Bea" not in one for one in moved)


def test_nothing_moves_for_those_who_want_it_still(page: Page, world: World, program: Program) -> None:
    page.emulate_media(reduced_motion="reduce")
    open_page(page, calls_page(world))
    page.evaluate("() => { Element.prototype.animate = () => { document.body.dataset.moved = 'yes' } }")
    call(program, world)
    expect(big(page)).to_have_text("3")
    assert page.evaluate("document.body.dataset.moved || ''") == ""


def test_signed_out_it_ends_quietly(page: Page, world: World) -> None:
    page.clock.install()
    open_page(page, calls_page(world))
    page.context.clear_cookies()
    expect(page.locator("#live-ended")).to_be_hidden()
    page.clock.run_for(1_000)
    expect(page.locator("#live-ended")).to_be_visible()
    answers = asked(page)
    page.clock.run_for(FAR)
    page.evaluate("fetch('/healthz')")
    assert answers == []
    page.get_by_role("link", name="Reload it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_two_organisations_in_two_tabs(page: Page, world: World, program: Program) -> None:
    """The same person in both: each tab follows its own."""
    other = factories.organisation("vinter", name="Vinter Oy")
    Membership.objects.create(organisation=other, user=User.objects.get(email="alice@example.com"), role="admin")
    factories.rep(other, "Carl Falk", factories.team(other, "Oulu"))
    open_page(page, f"{world.home}organisation/month/{world.today}/?kpi=calls")
    second = page.context.new_page()
    second.goto(f"/o/vinter/organisation/month/{world.today}/?kpi=calls")
    answers = asked(second)
    call(program, world)
    expect(big(page)).to_have_text("3")
    with second.expect_response(is_question):
        pass
    assert set(answers) == {304}
    expect(big(second)).to_have_text("0")


def test_a_record_made_between_page_and_question_is_not_missed(page: Page, world: World, program: Program) -> None:
    """The page says which version it shows; what came since is found by the first question."""
    page.clock.install()
    open_page(page, calls_page(world))
    call(program, world)
    with page.expect_response(lambda response: bool(response.request.headers.get("live-part"))):
        page.clock.run_for(1_000)
    expect(big(page)).to_have_text("3")
    assert Activity.objects.filter(kind="call").count() == 3
