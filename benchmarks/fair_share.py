"""Fair share: how long one organisation's single edit waits for its cells while another organisation imports.

    DATABASE_URL=postgres://… REDIS_URL=redis://127.0.0.1:6379/1 python benchmarks/fair_share.py --rows 1000000 --activities 100000

The world has two organisations. Into the first, a process of its own inserts `--rows` activities, with a commit after every
`--commit` of them (0: one for all); the triggers mark their days, and the workers recompute them. Meanwhile one record after the
other is added to the second, and it is measured how long after the commit its day's cell is right. Workers as in
docker-compose.yml: one process for `live`, one for `bulk`, and beat. The Redis database that is named gets emptied.

Means nothing on SQLite: there, one transaction writes at a time, whoever's it is.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import serving, world  # noqa: E402
from benchmarks.outcome import Outcome, cannot_run, folder  # noqa: E402

BAR = 3.0  # seconds, at the 95th percentile
WORKER_BAR_MB = 300
AT_A_TIME = 2_000
CELERY = ("-m", "celery", "--app", "kpi_tracker")
SECONDS_TO_WAIT = 120.0
_pause = threading.Event()


@contextmanager
def processes(environment: dict[str, str], log: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Two workers and beat. Ended by their process groups, however this ends."""
    log.mkdir(parents=True, exist_ok=True)
    worker = (*CELERY, "worker", "--concurrency", "1", "--without-gossip", "--without-mingle", "--loglevel", "INFO")
    commands = {
        "live": (*worker, "--queues", "live", "--hostname", "live@%h"),
        "bulk": (*worker, "--queues", "bulk,celery", "--hostname", "bulk@%h"),
        "beat": (*CELERY, "beat", "--loglevel", "WARNING", "--schedule", str(log / "schedule"), "--pidfile", ""),
    }
    started = []
    try:
        for name, command in commands.items():
            with (log / f"{name}.log").open("wb") as out:
                started.append(subprocess.Popen((sys.executable, *command), cwd=ROOT, env=environment, stdout=out, stderr=out))
        yield started
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(60)


def memory(workers: list[subprocess.Popen[bytes]]) -> float:
    """The most that one process of them, or a child of one, has held, in MB."""
    return max(serving.peak(number) for one in workers for number in (one.pid, *serving.children(one.pid)))


def insert(slug: str, rows: int, commit: int) -> None:
    """Activities of all reps on days of the last year, as an import writes them."""
    from django.db import transaction

    from kpi_tracker.orgs.models import Organisation, Rep
    from kpi_tracker.sales.models import Activity

    organisation = Organisation.objects.get(slug=slug)
    reps = list(Rep.objects.filter(organisation=organisation).values_list("pk", flat=True))
    dice = random.Random(rows)  # noqa: S311  (an invented world)
    done = 0
    while done < rows:
        with transaction.atomic():
            end = min(done + (commit or rows), rows)
            while done < end:
                number = min(AT_A_TIME, end - done)
                Activity.objects.bulk_create(
                    Activity(
                        organisation=organisation, rep_id=dice.choice(reps), kind="call",
                        occurred_on=world.TODAY - dt.timedelta(days=dice.randrange(365)),
                    )
                    for _ in range(number)
                )
                done += number


def edit(organisation: Any, rep: Any, day: dt.date) -> float:
    """Add a call; the seconds from its commit until the organisation's cell of that day holds it."""
    from kpi_tracker.rollups.models import RollupCell
    from kpi_tracker.sales.models import Activity

    cell = RollupCell.objects.filter(organisation=organisation, scope_kind="o", grain="d", bucket=day, measure="calls")
    wanted = Activity.objects.filter(organisation=organisation, occurred_on=day, kind="call").count() + 1
    Activity.objects.create(organisation=organisation, rep=rep, occurred_on=day, kind="call")
    began = time.monotonic()
    while not cell.filter(value=wanted).exists():
        if time.monotonic() - began > SECONDS_TO_WAIT:
            raise SystemExit(f"The cell of {day} was not right after {SECONDS_TO_WAIT:.0f} seconds.")
        _pause.wait(0.02)
    return time.monotonic() - began


def waits(organisation: Any, *, goes_on: Callable[[], bool], least: int) -> list[float]:
    """One edit after the other while `goes_on`, and at least so many."""
    from kpi_tracker.orgs.models import Rep

    dice = random.Random(1)  # noqa: S311
    rep = Rep.objects.filter(organisation=organisation).order_by("pk")[0]
    found: list[float] = []
    while goes_on() or len(found) < least:
        found.append(edit(organisation, rep, world.TODAY - dt.timedelta(days=dice.randrange(365))))
        _pause.wait(dice.random() / 4)  # people do not wait for beat
    return found


def pressure(
    importer: Any, editor: Any, *, rows: int, commit: int, environment: dict[str, str], least: int
) -> tuple[list[float], dict[str, float]]:
    """The waits during the import and until the importer's cells are right; seconds of both."""
    from kpi_tracker.rollups.models import DirtyBucket

    began = time.monotonic()
    command = [sys.executable, str(Path(__file__)), "--insert", importer.slug, "--rows", str(rows), "--commit", str(commit)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    ends: dict[str, float] = {}

    def goes_on() -> bool:
        if process.poll() is None:
            return True
        ends.setdefault("import", time.monotonic() - began)
        if DirtyBucket.objects.filter(organisation=importer).exists():
            return True
        ends.setdefault("cells", time.monotonic() - began)
        return False

    found = waits(editor, goes_on=goes_on, least=least)
    if process.wait() != 0:
        raise SystemExit("The import did not end well.")
    return found, ends


def measure(made: world.World, *, rows: int, commit: int, redis: str) -> Outcome:
    from django.db import connection
    from django.utils import timezone
    from redis import Redis

    from kpi_tracker.orgs.models import Organisation
    from kpi_tracker.rollups.verify import verify

    about = {"activities": made.size.activities, "reps": made.size.reps, "rows": rows, "commit": commit or rows}
    found = Outcome("fair_share", database=connection.vendor, at=timezone.now(), **about)
    importer, editor = made.organisation, Organisation.objects.get(slug=f"{world.SLUG}-2")
    environment = {**os.environ, "DATABASE_URL": made.url, "REDIS_URL": redis}
    Redis.from_url(redis).flushdb()
    print(f"{made.size}: {rows:,} rows")
    with processes(environment, folder() / "fair_share") as workers:
        waits(editor, goes_on=lambda: False, least=1)  # until the workers are there
        alone = waits(editor, goes_on=lambda: False, least=20)
        found.add("edit to cell, nobody else there, p95", quantiles(alone, n=20)[-1], "s")
        beside, ends = pressure(importer, editor, rows=rows, commit=commit, environment=environment, least=20)
        found.add("memory of a worker, peak", memory(workers), "MB", most=WORKER_BAR_MB)
    found.add("import", ends["import"], "s")
    found.add("import and its cells", ends["cells"], "s")
    found.add("edits meanwhile", len(beside), "")
    found.add("edit to cell beside the import, p50", quantiles(beside, n=20)[9], "s")
    found.add("edit to cell beside the import, p95", quantiles(beside, n=20)[-1], "s", most=BAR)
    found.add("edit to cell beside the import, longest", max(beside), "s")
    found.add("cells that differ from their records", sum(len(verify(one, sample=3)) for one in (importer, editor)), "cells", most=0)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    world.options(parser)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--commit", type=int, default=10_000, help="rows in one transaction; 0: all")
    parser.add_argument("--insert", default="", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.insert:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kpi_tracker.settings")
        import django

        django.setup()
        insert(given.insert, given.rows, given.commit)
        return
    redis = os.environ.get("REDIS_URL", "")
    if not redis or not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        cannot_run("a PostgreSQL server has to be named in DATABASE_URL, and a Redis in REDIS_URL; its database gets emptied")
    found = measure(world.asked(given, organisations=2), rows=given.rows, commit=given.commit, redis=redis)
    print(f"{len(found.missed)} bars missed" + "".join(f"\n  {one}" for one in found.missed))
    raise SystemExit(bool(found.missed))


if __name__ == "__main__":
    main()
