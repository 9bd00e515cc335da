"""Chromium for the tests in this folder: all of them are marked `browser` and need the server fixture."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.world import World, small_world

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome") or ""
# Nothing to fetch and nobody to ask: the tests talk to this machine only.
OPTIONS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-dev-shm-usage",
]
WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(item.path).is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("Chromium is not here; install it or name it by CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        browser.close()


def _page(chromium: Browser, live_server: object, size: dict[str, int]) -> Iterator[Page]:
    """A page whose addresses are relative to the server; a script error or a refused resource fails the test."""
    context = chromium.new_context(base_url=str(live_server), viewport=size, locale="en-GB", timezone_id="Europe/Stockholm")  # type: ignore[arg-type]
    context.set_default_timeout(15_000)
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert not problems, problems


@pytest.fixture
def world(live_server: object) -> World:
    return small_world()


@pytest.fixture
def page(chromium: Browser, live_server: object) -> Iterator[Page]:
    yield from _page(chromium, live_server, WIDE)


@pytest.fixture
def phone(chromium: Browser, live_server: object) -> Iterator[Page]:
    yield from _page(chromium, live_server, PHONE)
