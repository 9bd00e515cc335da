"""From a commit to what people see, while activities stream in through the API: the API's figure, the cell, and an open page.

    DATABASE_URL=postgres://… REDIS_URL=redis://127.0.0.1:6379/1 python benchmarks/freshness.py --seconds 60

Everything runs as on a server: gunicorn, PostgreSQL, Redis, beat, a worker for each queue, and Chromium with a rep's page open. While
`--rate` activities a second come in for all other reps, a call is added for this one about once a second, and from the answer to
that request (it is committed then) it is measured how long it takes until
  a  the API gives the right figure (and whether its first answer was already right),
  b  the cell holds it and no mark is left on it,
  c  the page shows it, by a clock inside the page.
Then, with nothing changing, what an open page costs that asks whether anything is new. The world ends today, so it wants a database
of its own. The Redis database that is named gets emptied.
"""

from __future__ import annotations

import argparse
import datetime as dt
import http.client
import json
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import serving, world  # noqa: E402
from benchmarks.fair_share import memory, processes  # noqa: E402
from benchmarks.outcome import Outcome, cannot_run, folder  # noqa: E402

MEMORY_WEB, MEMORY_WORKER = 200.0, 300.0  # MB of a process
BAR = 1.0  # seconds, at the 95th percentile
TOO_LONG = 30.0
QUESTIONS = 500
# Each figure that the page shows, with the moment; before any script of the page.
WATCH = """
window.seen = [];
document.addEventListener('DOMContentLoaded', () => {
  const look = () => {
    const text = document.querySelector('aside .big a')?.textContent.replace(/\\D/g, '') || '';
    if (text !== window.seen.at(-1)?.[0]) window.seen.push([text, Date.now() / 1000]);
  };
  look();
  new MutationObserver(look).observe(document.getElementById('live'), { subtree: true, childList: true, characterData: true });
});
"""


# Seconds of each fetch of the main part.
FETCHES = """performance.getEntriesByType('resource').filter(one => one.initiatorType === 'fetch' && !one.name.endsWith('/live'))
    .map(one => one.duration / 1000)"""


class Program:
    """A program that uses the API over one connection."""

    def __init__(self, port: int, secret: str) -> None:
        self.port, self.headers = port, {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, method: str, address: str, body: Any = None) -> Any:
        sent = None if body is None else json.dumps(body)
        try:
            self.connection.request(method, f"/api/v1/{address}", sent, self.headers)
            answer = self.connection.getresponse()
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            # The server closes connections that are idle for a while; the request is one that may be sent again.
            self.connection.close()
            self.connection.request(method, f"/api/v1/{address}", sent, self.headers)
            answer = self.connection.getresponse()
        found = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{answer.status}: {found[:500]!r}")
        return json.loads(found)


@dataclass
class Stream:
    """Activities of all reps but the first, evenly in time, some in a request."""

    program: Program
    reps: int
    day: dt.date
    rate: float
    at_once: int
    stopped: threading.Event = field(default_factory=threading.Event)
    sent: int = 0
    late: float = 0.0

    def run(self) -> None:
        began = time.monotonic()
        while not self.stopped.is_set():
            due = began + self.sent / self.rate
            self.late = max(self.late, time.monotonic() - due)
            if self.stopped.wait(max(due - time.monotonic(), 0)):
                return
            self.program.ask("POST", "activities/bulk", {"source": "stream", "records": [self._record(n) for n in range(self.at_once)]})
            self.sent += self.at_once

    def _record(self, n: int) -> dict[str, Any]:
        number = self.sent + n
        kind = ("call", "call", "email", "meeting")[number % 4]
        return {
            "external_id": f"{time.time_ns()}-{n}", "kind": kind, "rep": f"Rep {number % (self.reps - 1) + 2:04}",
            "occurred_on": self.day.isoformat(), "outcome": "reached",
        }


@dataclass
class Probes:
    """One call more for one rep, and how long until it is seen."""

    program: Program
    organisation: Any
    rep: Any
    day: dt.date
    before: int
    figure: list[float] = field(default_factory=list)
    cell: list[float] = field(default_factory=list)
    committed: dict[str, float] = field(default_factory=dict)
    first_answers: list[bool] = field(default_factory=list)

    def one(self, pool: ThreadPoolExecutor) -> None:
        self.before += 1
        record = {"external_id": f"probe-{time.time_ns()}", "kind": "call", "rep": self.rep.name, "occurred_on": self.day.isoformat()}
        self.program.ask("POST", "activities/bulk", {"source": "probe", "records": [record | {"outcome": "reached"}]})
        self.committed[str(self.before)] = time.time()
        began = time.monotonic()
        clean = pool.submit(self._until_clean, began)
        self.figure.append(self._until_right(began))
        self.cell.append(clean.result())

    def _until_right(self, began: float) -> float:
        address = f"kpis/calls/values?scope=rep:{self.rep.pk}&from={self.day}&to={self.day}"
        first = True
        while True:
            right = int(self.program.ask("GET", address)["rows"][0]["value"]) == self.before
            if first:
                self.first_answers.append(right)
            if right:
                return time.monotonic() - began
            first = False
            give_up(began, "the API's figure")

    def _until_clean(self, began: float) -> float:
        from django.db import connection

        from kpi_tracker.rollups.models import DirtyBucket, RollupCell

        mine = {"organisation": self.organisation, "scope_kind": "r", "scope_id": self.rep.pk}
        cells = RollupCell.objects.filter(**mine, grain="d", bucket=self.day, measure="calls", value=self.before)
        while DirtyBucket.objects.filter(**mine, day=self.day).exists() or not cells.exists():
            give_up(began, "the cell")
            time.sleep(0.005)  # a worker of its own writes the cell and tells nobody; bounded by TOO_LONG, and 5 ms of the figure
        connection.close()
        return time.monotonic() - began


def give_up(began: float, what: str) -> None:
    if time.monotonic() - began > TOO_LONG:
        raise SystemExit(f"After {TOO_LONG:.0f} seconds {what} is not right.")


def times(outcome: Outcome, what: str, found: list[float], *, most: float | None = None) -> None:
    """Median, 95th percentile and the longest, in seconds."""
    ordered = sorted(found)
    outcome.add(f"{what}, median", quantiles(ordered, n=2)[0], "s")
    outcome.add(f"{what}, p95", quantiles(ordered, n=20)[-1], "s", most=most)
    outcome.add(f"{what}, longest", ordered[-1], "s")


def calls_of(rep: Any, day: dt.date) -> int:
    from kpi_tracker.sales.models import Activity

    return int(Activity.objects.filter(organisation=rep.organisation, rep=rep, kind="call", occurred_on=day).count())


def shown(page: Any, committed: dict[str, float]) -> list[float]:
    """Seconds from each commit until the page showed its figure or a later one."""
    page.wait_for_function("last => window.seen.at(-1)[0] === last", arg=list(committed)[-1], timeout=TOO_LONG * 1000)
    seen = [(int(text), at) for text, at in page.evaluate("window.seen") if text]
    return [next(at for number, at in seen if number >= int(value)) - since for value, since in committed.items()]


def stream_and_look(given: argparse.Namespace, made: world.World, address: str, outcome: Outcome) -> None:
    from playwright.sync_api import sync_playwright

    from integrations.models import ApiToken
    from integrations.tokens import token_create
    from kpi_tracker.orgs.models import Rep

    organisation = made.organisation
    today = organisation.local_day(dt.datetime.now(dt.UTC))
    rep = Rep.objects.get(organisation=organisation, name="Rep 0001")
    _token, secret = token_create(organisation=organisation, name="Freshness", right=ApiToken.Right.WRITE)
    stream = Stream(Program(given.port, secret), given.reps, today, given.rate, given.at_once)
    probes = Probes(Program(given.port, secret), organisation, rep, today, calls_of(rep, today))
    with sync_playwright() as playwright, ThreadPoolExecutor(2) as pool:
        browser = playwright.chromium.launch(executable_path=given.chromium, args=["--no-sandbox", "--disable-gpu"])
        # Playwright puts its questions as texts to be evaluated, which the page's policy forbids.
        context = browser.new_context(viewport={"width": 1440, "height": 900}, bypass_csp=True)
        context.add_cookies([{"name": "sessionid", "value": serving.session(made), "url": address}])
        page = context.new_page()
        page.add_init_script(WATCH)
        page.goto(f"{address}/o/{organisation.slug}/rep/{rep.pk}/day/{today}/?kpi=calls")
        running = threading.Thread(target=stream.run)
        running.start()
        end = time.monotonic() + given.seconds
        try:
            while time.monotonic() < end:
                began = time.monotonic()
                probes.one(pool)
                page.wait_for_timeout(max(1000 - (time.monotonic() - began) * 1000, 0) + 137)
        finally:
            stream.stopped.set()
            running.join()
        times(outcome, "a: commit to the API's figure", probes.figure, most=BAR)
        outcome.add("a: first answer already right, share", sum(probes.first_answers) / len(probes.first_answers), "", least=1.0)
        times(outcome, "b: commit to the clean cell", probes.cell, most=BAR)
        times(outcome, "c: commit to the open page", shown(page, probes.committed), most=BAR)
        times(outcome, "c: the page's own fetches of its main part", page.evaluate(FETCHES))
        browser.close()
    outcome.add("activities a second that came in", stream.sent / given.seconds, "/s", least=given.rate * 0.95)
    outcome.add("longest that the stream was behind", stream.late, "s")


def idle(given: argparse.Namespace, made: world.World, outcome: Outcome) -> None:
    """What an open page costs on which nothing changes, and what a change costs it."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    slug = made.organisation.slug
    client = made.client()
    known = client.get(f"/o/{slug}/live").headers["ETag"]
    with CaptureQueriesContext(connection) as captured:
        client.get(f"/o/{slug}/live", headers={"if-none-match": known})
    outcome.add("d: questions to the database for a 304", len(captured), "", most=2)
    headers = {"Cookie": f"sessionid={serving.session(made)}", "If-None-Match": known, "Accept-Encoding": "gzip"}

    def ask(link: http.client.HTTPConnection, address: str, wanted: int) -> tuple[float, int]:
        began = time.perf_counter()
        link.request("GET", address, headers=headers)
        answer = link.getresponse()
        size = len(answer.read())
        if answer.status != wanted:
            raise SystemExit(f"{address}: {answer.status}")
        return time.perf_counter() - began, size

    link = http.client.HTTPConnection("127.0.0.1", given.port)
    times(outcome, "d: a 304", [ask(link, f"/o/{slug}/live", 304)[0] for _ in range(QUESTIONS)])
    began = time.perf_counter()
    with ThreadPoolExecutor(8) as pool:
        def many(_n: int) -> None:
            own = http.client.HTTPConnection("127.0.0.1", given.port)
            for _ in range(QUESTIONS // 4):
                ask(own, f"/o/{slug}/live", 304)
        list(pool.map(many, range(8)))
    outcome.add("d: 304s a second that this machine gives", 8 * (QUESTIONS // 4) / (time.perf_counter() - began), "/s")
    headers["Live-Part"] = "1"
    link = http.client.HTTPConnection("127.0.0.1", given.port)
    day = made.organisation.local_day(dt.datetime.now(dt.UTC))
    parts = [ask(link, f"/o/{slug}/organisation/month/{day}/", 200) for _ in range(20)]
    times(outcome, "d: the main part of the organisation's page", [seconds for seconds, _size in parts[1:]])
    outcome.add("d: its size, compressed", parts[-1][1] / 1000, "kB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    world.options(parser)
    parser.set_defaults(today=dt.datetime.now(dt.UTC).date(), database="kpi_live")
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--rate", type=float, default=200, help="activities a second")
    parser.add_argument("--at-once", type=int, default=20, help="of them in one request")
    parser.add_argument("--port", type=int, default=8300)
    parser.add_argument("--chromium", default=os.environ.get("CHROMIUM", "/usr/bin/chromium"))
    given = parser.parse_args()
    redis = os.environ.get("REDIS_URL")
    if not redis or not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        cannot_run("a PostgreSQL server has to be named in DATABASE_URL, and a Redis in REDIS_URL")
    if not Path(given.chromium).exists():
        cannot_run(f"there is no Chromium at {given.chromium}; CHROMIUM or --chromium names one")
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright runs an event loop in this thread
    made = world.asked(given)
    from redis import Redis

    Redis.from_url(redis).flushdb()
    outcome = Outcome("freshness", database="postgresql", at=dt.datetime.now(dt.UTC), activities=given.activities, rate=given.rate)
    log = folder() / "freshness-log"
    processing = serving.environment(made.url, redis)
    with processes(processing, log) as workers, serving.web(processing, port=given.port, log=log) as web:
        stream_and_look(given, made, web.address, outcome)
        idle(given, made, outcome)
        outcome.add("memory of a web process, peak", web.memory(), "MB", most=MEMORY_WEB)
        outcome.add("memory of a worker, peak", memory(workers), "MB", most=MEMORY_WORKER)
    raise SystemExit(bool(outcome.missed))


if __name__ == "__main__":
    main()
