"""The one page that a stranger sees."""

from __future__ import annotations

from playwright.sync_api import Page, expect


def test_it_works(page: Page) -> None:
    answer = page.goto("/accounts/login/")
    assert answer is not None
    assert answer.status == 200
    expect(page.locator("input[type=password]")).to_be_visible()
