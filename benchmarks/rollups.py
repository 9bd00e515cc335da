"""Cells against what a database does by itself: the bare GROUP BY, and a materialized view of the same aggregate, in one run.

    python benchmarks/rollups.py --activities 1000000 --reps 1000 [--workers 2] [--edits] [--verify 1]

On PostgreSQL if DATABASE_URL names one, else on SQLite, where a table made by CREATE TABLE AS stands for the view. The world
(`world.py`) is kept; the late edits stay in it. All cells are recomputed once more after them, which must find nothing to change.
Bars are those of README.md's table; the script ends with 1 where one is missed.
"""

from __future__ import annotations

import argparse
import datetime as dt
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import world  # noqa: E402
from benchmarks.outcome import Outcome  # noqa: E402

AGGREGATE = "SELECT organisation_id, rep_id, occurred_on, kind, count(*) AS n FROM sales_activity GROUP BY 1, 2, 3, 4"
KEY = "organisation_id, rep_id, occurred_on, kind"
EDITS, MANY_EDITS = 50, 1_000
MEASURES_BAR, EDIT_BAR, MANY_BAR = 2, 1_000, 50


def timed(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def run(*statements: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def vacuum(*tables: str) -> None:
    from django.db import connection

    if connection.vendor == "postgresql":
        run(*(f"VACUUM (ANALYZE) {table}" for table in tables))


# What the database does by itself ---------------------------------------------------------------------


def bare() -> float:
    return min(timed(lambda: run(f"SELECT count(*) FROM ({AGGREGATE}) x")) for _ in range(3))


def view(found: Outcome) -> float:
    """Seconds of a refresh of the view, the best of two."""
    from django.db import connection

    if connection.vendor != "postgresql":
        run("DROP TABLE IF EXISTS bench_view")
        make = (f"CREATE TABLE bench_view AS {AGGREGATE}", f"CREATE UNIQUE INDEX bench_view_once ON bench_view ({KEY})")
        times = [timed(lambda: run("DROP TABLE IF EXISTS bench_view", *make)) for _ in range(2)]
        run("DROP TABLE bench_view")
        found.add("table as select, with its index", min(times), "s")
        return min(times)
    run("DROP MATERIALIZED VIEW IF EXISTS bench_view")
    found.add("CREATE MATERIALIZED VIEW", timed(lambda: run(f"CREATE MATERIALIZED VIEW bench_view AS {AGGREGATE}")), "s")
    run(f"CREATE UNIQUE INDEX bench_view_once ON bench_view ({KEY})")
    refresh = min(timed(lambda: run("REFRESH MATERIALIZED VIEW bench_view")) for _ in range(2))
    found.add("REFRESH MATERIALIZED VIEW", refresh, "s")
    vacuum("bench_view")
    found.add("the same CONCURRENTLY", timed(lambda: run("REFRESH MATERIALIZED VIEW CONCURRENTLY bench_view")), "s")
    run("DROP MATERIALIZED VIEW bench_view")
    return refresh


# Rebuild ----------------------------------------------------------------------------------------------


def forget_cells() -> None:
    from django.db import connection

    run("TRUNCATE rollups_rollupcell" if connection.vendor == "postgresql" else "DELETE FROM rollups_rollupcell")
    vacuum("rollups_rollupcell")


def by_workers(organisation: Any, workers: int) -> float:
    """Seconds until all slices are done. The workers have started Django before the clock does."""
    from kpi_tracker.rollups import rebuilding

    command = [sys.executable, __file__, "--worker", str(organisation.pk)]
    started = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(workers)]
    for worker in started:
        if worker.stdout.readline().strip() != "ready":
            raise SystemExit("A worker did not start.")
    start = time.perf_counter()
    rebuilding.rebuild_start(organisation)
    for worker in started:
        worker.stdin.close()
    if sum(worker.wait() for worker in started):
        raise SystemExit("A worker failed.")
    return time.perf_counter() - start


def work(organisation_id: int) -> None:
    """What a worker process does: slices, from when its input closes until there are none."""
    import django

    django.setup()
    from kpi_tracker.orgs.models import Organisation
    from kpi_tracker.rollups import rebuilding

    organisation = Organisation.objects.get(pk=organisation_id)
    print("ready", flush=True)
    sys.stdin.read()
    while rebuilding.rebuild_next(organisation) is not None:
        pass


def rebuild(found: Outcome, organisation: Any, what: str, *, against: float, workers: int) -> int:
    """Recompute all cells; how many changed."""
    from django.db import connection

    from kpi_tracker.rollups import rebuilding

    vacuum("rollups_rollupcell")
    if workers > 1 and connection.vendor == "postgresql":  # SQLite has one writer
        seconds = by_workers(organisation, workers)
    else:
        seconds = timed(lambda: rebuilding.rebuild(organisation))
    found.add(what, seconds, "s")
    found.add(f"{what} / bare GROUP BY", seconds / against, "×", most=MEASURES_BAR)
    vacuum("rollups_rollupcell")
    done = rebuilding.rebuild_progress(organisation)
    return done.changed if done else 0


# Late edits -------------------------------------------------------------------------------------------


def edits(organisation: Any, *, amount: int, seed: str) -> Iterator[Callable[[], Any]]:
    """Changes of single records spread over all of them: another outcome, day, rep, and the amount of a deal, in turn."""
    from django.db.models import F, Max, Min

    from kpi_tracker.orgs.models import Rep
    from kpi_tracker.sales.models import Activity, Deal

    rng = random.Random(seed)  # noqa: S311  (a sample)
    reps = list(Rep.objects.filter(organisation=organisation, is_unassigned=False).values_list("pk", flat=True))
    ranges = []
    for model in (Activity, Deal):
        ids = model.objects.filter(organisation=organisation).aggregate(low=Min("pk"), high=Max("pk"))
        ranges.append((ids["low"], ids["high"]))
    days = Activity.objects.filter(organisation=organisation).aggregate(low=Min("occurred_on"), high=Max("occurred_on"))
    length = (days["high"] - days["low"]).days
    for n in range(amount):
        activity = Activity.objects.filter(pk=rng.randint(*ranges[0]))
        deal = Deal.objects.filter(pk=rng.randint(*ranges[1]))
        day, rep = days["low"] + dt.timedelta(days=rng.randrange(length)), rng.choice(reps)
        yield (
            lambda activity=activity: activity.update(outcome="no_show"),
            lambda activity=activity, day=day: activity.update(occurred_on=day),
            lambda activity=activity, rep=rep: activity.update(rep_id=rep),
            lambda deal=deal: deal.update(amount=F("amount") + 1),
        )[n % 4]


def late_edits(found: Outcome, organisation: Any, *, against: float) -> None:
    from kpi_tracker.rollups import builder
    from kpi_tracker.rollups.models import RollupState

    builder.refresh_fully(organisation)
    run_before = RollupState.objects.filter(organisation=organisation).values_list("version", flat=True).first()
    took, writing = [], []
    for edit in edits(organisation, amount=EDITS, seed=f"one, {run_before}"):
        writing.append(timed(edit))
        took.append(timed(lambda: builder.refresh_fully(organisation)))
    took.sort()
    half, most = took[len(took) // 2], took[int(len(took) * 0.95)]
    found.add("one late edit, its own statement (p50)", sorted(writing)[len(writing) // 2] * 1000, "ms")
    found.add("one late edit: commit to right cells (p50)", half * 1000, "ms")
    found.add("one late edit: commit to right cells (p95)", most * 1000, "ms", most=1000)
    found.add("REFRESH of the view / one late edit (p50)", against / half, "×", least=EDIT_BAR)
    found.add("REFRESH of the view / one late edit (p95)", against / most, "×")
    writing_many = timed(lambda: [edit() for edit in edits(organisation, amount=MANY_EDITS, seed=f"many, {run_before}")])
    many = timed(lambda: builder.refresh_fully(organisation))
    found.add(f"{MANY_EDITS:,} late edits, their own statements", writing_many, "s")
    found.add(f"{MANY_EDITS:,} late edits: to right cells", many, "s")
    found.add(f"REFRESH of the view / {MANY_EDITS:,} late edits", against / many, "×", least=MANY_BAR)


# What capture costs, and how much is kept ----------------------------------------------------------------


def take_triggers() -> None:
    """Inside a transaction that is rolled back."""
    from django.db import connection

    if connection.vendor == "postgresql":
        run("ALTER TABLE sales_activity DISABLE TRIGGER USER")
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'sales_activity'")
        triggers = cursor.fetchall()
    run(*(f"DROP TRIGGER {name}" for (name,) in triggers))


def bulk_insert(organisation: Any, made: world.World, *, amount: int, captured: bool) -> float:
    """Seconds to write `amount` activities by COPY (or executemany), taken back afterwards."""
    from django.db import connection, transaction
    from django.db.models import Max

    from benchmarks import loading, rows
    from kpi_tracker.orgs.models import Rep
    from kpi_tracker.sales.models import Activity, Contact, Customer

    reps = Rep.objects.filter(organisation=organisation, is_unassigned=False).order_by("pk").values_list("pk", flat=True)
    first = {"activity": Activity.objects.aggregate(last=Max("pk"))["last"] + 1_000_000}
    for name, model in (("customer", Customer), ("contact", Contact)):
        first[name] = model.objects.filter(organisation=organisation).order_by("pk").values_list("pk", flat=True)[0] - 1
    ids = rows.Ids(organisation.pk, list(reps), [], [], {**first, "deal": 0})
    history = rows.History(ids, activities=amount, deals=0, today=made.today, years=1, seed=99)
    lines = [line.replace("\tcrm\t", "\tbulk\t", 1) for line in rows.activities(history)]
    with transaction.atomic():
        if not captured:
            take_triggers()
        took = timed(lambda: (loading.load("sales_activity", rows.ACTIVITY, lines), connection.check_constraints()))
        transaction.set_rollback(True)
    vacuum("sales_activity")
    if connection.vendor == "postgresql":
        vacuum("rollups_dirtybucket")
    return took


def capture_cost(found: Outcome, made: world.World) -> None:
    organisation = made.organisation
    amount = min(made.size.activities // 10, 100_000)
    times: dict[bool, list[float]] = {True: [], False: []}
    for captured in (False, True, True, False, False, True):
        times[captured].append(bulk_insert(organisation, made, amount=amount, captured=captured))
    found.add(f"{amount:,} activities by COPY, no triggers", min(times[False]), "s")
    found.add(f"{amount:,} activities by COPY, with capture", min(times[True]), "s")
    found.add("bulk insert with capture / without", min(times[True]) / min(times[False]), "×")


def storage(found: Outcome, organisation: Any, activities: int) -> None:
    from django.db import connection
    from django.db.models import Count

    from kpi_tracker.rollups.models import RollupCell

    counts = RollupCell.objects.filter(organisation=organisation).values("grain").annotate(number=Count("pk")).order_by("grain")
    for row in counts:
        found.add(f"cells, grain {row['grain']}", row["number"], "cells")
    found.add("cells in all", sum(row["number"] for row in counts), "cells")
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            cursor.execute("PRAGMA page_count")
            pages = cursor.fetchone()[0]
            cursor.execute("PRAGMA page_size")
            found.add("file, for each million activities", pages * cursor.fetchone()[0] / activities, "MB")
            return
        for table in (*world.TABLES.values(), "rollups_rollupcell"):
            cursor.execute("SELECT pg_table_size(%s), pg_indexes_size(%s)", [table, table])
            data, indexes = cursor.fetchone()
            found.add(f"{table}, for each million activities", data / activities, "MB")
            found.add(f"{table}, its indexes", indexes / activities, "MB")


def measure(made: world.World, *, workers: int, sample: int, edits_only: bool) -> Outcome:
    from django.db import connection
    from django.utils import timezone

    from kpi_tracker.rollups.verify import verify

    size, organisation = made.size, made.organisation
    found = Outcome("rollups", database=connection.vendor, at=timezone.now(), activities=size.activities, reps=size.reps, deals=size.deals,
                    workers=workers)
    print(f"{connection.vendor}, {size}")
    if edits_only:
        late_edits(found, organisation, against=view(found))
        return found
    against = bare()
    found.add("bare GROUP BY", against, "s")
    refresh = view(found)
    forget_cells()
    rebuild(found, organisation, "full rebuild from nothing", against=against, workers=workers)
    late_edits(found, organisation, against=refresh)
    storage(found, organisation, size.activities)
    capture_cost(found, made)
    changed = rebuild(found, organisation, "full rebuild, cells in place", against=against, workers=workers)
    found.add("cells that the second rebuild changed", changed, "cells", most=0)
    own, workers_peak = (resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    found.add("memory of the process that refreshes and rebuilds, peak", max(own, workers_peak), "MB", most=300)
    if sample:
        differences = verify(organisation, sample=sample)
        found.add(f"cells that differ from their records, {sample} days", len(differences), "cells", most=0)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    world.options(parser)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--verify", type=int, default=0, help="so many days are compared with their records; slow with many reps")
    parser.add_argument("--edits", action="store_true", help="only the late edits, on the cells that are there")
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker is not None:
        work(given.worker)
        return
    found = measure(world.asked(given, cells=False), workers=given.workers, sample=given.verify, edits_only=given.edits)
    print(f"{len(found.missed)} bars missed" + "".join(f"\n  {one}" for one in found.missed))
    raise SystemExit(bool(found.missed))


if __name__ == "__main__":
    main()
