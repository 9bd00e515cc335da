"""What a page weighs on the wire, and whether it moves while it loads: in Chromium, by the browser's own count.

    DATABASE_URL=postgres://… python benchmarks/wire.py

The organisation's page is opened with nothing in the cache, then the pages that people go on to. Counted are the bytes as they
came, headers included; layout shift is the browser's own measure (0: nothing moved, 0.1: good by the usual reckoning).
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import serving, world  # noqa: E402
from benchmarks.outcome import Outcome, cannot_run, folder  # noqa: E402

FIRST, LATER = 600.0, 60.0  # kB
MEMORY = 200.0  # MB of a web process
NO_SHIFT = 0.001
SHIFTS = """
window.shifts = [];
window.moved = [];
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) if (!one.hadRecentInput) {
    window.shifts.push(one.value);
    window.moved.push(...one.sources.map(source => source.node?.nodeName + '.' + (source.node?.className || '')));
  }
}).observe({ type: 'layout-shift', buffered: true });
"""


class Wire:
    """The bytes that a page has received since the last look."""

    def __init__(self, page: Any) -> None:
        self.bytes = 0
        self.files: dict[str, int] = {}
        self.names: dict[str, str] = {}
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.responseReceived", lambda event: self.names.update({event["requestId"]: event["response"]["url"]}))
        session.on("Network.loadingFinished", self._finished)

    def _finished(self, event: dict[str, Any]) -> None:
        self.bytes += event["encodedDataLength"]
        self.files[self.names.get(event["requestId"], "?").rpartition("/")[2] or "page"] = event["encodedDataLength"]

    def take(self) -> tuple[float, dict[str, int]]:
        """kB, and the bytes of each file."""
        found = self.bytes / 1000, self.files
        self.bytes, self.files = 0, {}
        return found


def visit(page: Any, wire: Wire, address: str) -> tuple[float, float, dict[str, int]]:
    """kB, layout shift, and the bytes of each file, up to the page's first question for news: then all is drawn."""
    wire.take()
    with page.expect_response(lambda answer: answer.url.endswith("/live")):
        page.goto(address, wait_until="load")
        page.wait_for_function("[...document.querySelectorAll('[data-chart]')].every(box => box.querySelector('svg.main-svg'))")
    weight, files = wire.take()
    return weight, sum(page.evaluate("window.shifts")), files


def measure(made: world.World, address: str, outcome: Outcome, chromium: str) -> None:
    from playwright.sync_api import sync_playwright

    from goals.models import Goal
    from kpi_tracker.orgs.models import Rep, Team

    organisation, day = made.organisation, made.today
    home, at = f"{address}/o/{organisation.slug}", f"month/{made.today}/"
    team = Team.objects.filter(organisation=organisation, parent__isnull=False).first()
    rep = Rep.objects.filter(organisation=organisation, is_unassigned=False).first()
    goal = Goal.objects.filter(organisation=organisation, starts_on__lte=day, ends_on__gt=day).first()
    later = {
        "a team": f"team/{team.pk}/{at}", "a rep": f"rep/{rep.pk}/{at}", "the organisation's year": f"organisation/year/{day}/",
        "all KPIs": f"organisation/{at}?part=all", "goals": "goals/", "a goal": f"goals/{goal.pk}/",
    }
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        # Playwright puts its questions as texts to be evaluated, which the pages' policy forbids.
        context = browser.new_context(viewport={"width": 1440, "height": 900}, bypass_csp=True)
        context.add_cookies([{"name": "sessionid", "value": serving.session(made), "url": address}])
        context.add_init_script(SHIFTS)
        page = context.new_page()
        wire = Wire(page)
        weight, shift, files = visit(page, wire, f"{home}/organisation/{at}")
        outcome.add("first page, nothing in the cache", weight, "kB", most=FIRST)
        outcome.add("first page, layout shift", shift, "", most=NO_SHIFT)
        print(*(f"    moved: {one}" for one in page.evaluate("window.moved")), sep="\n")
        for name, size in sorted(files.items(), key=lambda one: -one[1])[:6]:
            print(f"    {size / 1000:>8,.1f} kB  {name or 'the page itself'}")
        for name, rest in later.items():
            weight, shift, _files = visit(page, wire, f"{home}/{rest}")
            outcome.add(f"then {name}", weight, "kB", most=LATER)
            outcome.add(f"then {name}, layout shift", shift, "", most=NO_SHIFT)
        page.evaluate("document.getElementById('content').style.marginTop = '300px'")
        page.wait_for_function("window.shifts.length > 0")  # the measure does notice
        browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    world.options(parser)
    parser.add_argument("--port", type=int, default=8301)
    parser.add_argument("--chromium", default=os.environ.get("CHROMIUM", "/usr/bin/chromium"))
    given = parser.parse_args()
    if not Path(given.chromium).exists():
        cannot_run(f"there is no Chromium at {given.chromium}; CHROMIUM or --chromium names one")
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright runs an event loop in this thread
    made = world.asked(given)
    from django.db import connection

    outcome = Outcome("wire", database=connection.vendor, at=dt.datetime.now(dt.UTC), activities=given.activities, reps=given.reps)
    with serving.web(serving.environment(made.url, ""), port=given.port, log=folder() / "wire-log") as web:
        measure(made, web.address, outcome, given.chromium)
        outcome.add("memory of a web process, peak", web.memory(), "MB", most=MEMORY)
    raise SystemExit(bool(outcome.missed))


if __name__ == "__main__":
    main()
