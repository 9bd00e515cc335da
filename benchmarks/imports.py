"""How long an import of a file takes against writing its rows bare (bar: 3 ×). On the database that DATABASE_URL names.

    python benchmarks/imports.py [--activities 100000]

The file goes the way of the command and of the page: read, understood, checked, compared with what is there, written. Against it
stand the very rows that it left, written by one COPY (on SQLite by executemany) into the same table with its indexes and
triggers. In a database of its own, which is gone afterwards. Results are kept under VAR_DIR/bench.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import django

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.outcome import Outcome  # noqa: E402

BAR, WORKER_BAR_MB = 3.0, 300
REPS, CUSTOMERS = 50, 4000
FIRST = dt.datetime(2022, 1, 3, 8, tzinfo=dt.UTC)
HEADER = ("Id", "Type", "Time", "Rep", "Customer id", "Subject", "Outcome", "Duration seconds")
KINDS = ("call", "call", "call", "email", "email", "meeting")
OUTCOMES = ("reached", "not reached", "", "cancelled")


def write_file(path: Path, amount: int, *, changed: bool = False) -> None:
    """A seeded list of activities, the oldest first. changed: every tenth has another outcome."""
    dice = random.Random(4)  # noqa: S311 not for secrets
    minutes = 60 * 24 * 1400 / amount
    with path.open("w", newline="", encoding="utf-8") as out:
        lines = csv.writer(out)
        lines.writerow(HEADER)
        for n in range(amount):
            at = FIRST + dt.timedelta(minutes=int(n * minutes) + dice.randrange(600))
            outcome = dice.choice(OUTCOMES)
            lines.writerow((
                f"a{n}", dice.choice(KINDS), at.isoformat(sep=" "), f"Rep {dice.randrange(REPS)}", f"c{dice.randrange(CUSTOMERS)}",
                f"About order {n}", "no show" if changed and n % 10 == 0 else outcome, dice.randrange(3600),
            ))


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


class Bare:
    """The rows of the table of activities, kept in a file, and written again without any of our code."""

    def __init__(self, path: Path) -> None:
        from kpi_tracker.sales.models import Activity

        self.path = path
        self.table = Activity._meta.db_table
        self.columns = [field.column for field in Activity._meta.concrete_fields if not field.primary_key]

    def keep(self) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                with self.path.open("w", encoding="utf-8") as out:
                    cursor.copy_expert(f"COPY (SELECT {', '.join(self.columns)} FROM {self.table} ORDER BY id) TO STDOUT", out)
                return
            cursor.execute(f"SELECT {', '.join(self.columns)} FROM {self.table} ORDER BY id")
            with self.path.open("w", encoding="utf-8") as out:
                while rows := cursor.fetchmany(1000):
                    out.writelines(json.dumps(row, default=str) + "\n" for row in rows)

    def empty(self) -> None:
        """The table as it was before any import, also in how it lies on disk."""
        from django.db import connection

        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(f"TRUNCATE {self.table}, rollups_dirtybucket, rollups_lateedit")
                return
            cursor.execute(f"DELETE FROM {self.table}")
            cursor.execute("DELETE FROM rollups_dirtybucket")
            cursor.execute("VACUUM")

    def write(self) -> None:
        from django.db import connection, transaction

        with self.path.open(encoding="utf-8") as file, transaction.atomic(), connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.copy_expert(f"COPY {self.table} ({', '.join(self.columns)}) FROM STDIN", file)
                return
            holes = ", ".join("?" * len(self.columns))
            rows: Iterator[Sequence[Any]] = map(json.loads, file)
            cursor.connection.executemany(f"INSERT INTO {self.table} ({', '.join(self.columns)}) VALUES ({holes})", rows)


def in_worker(path: Path, terms: Any) -> int:
    """The file goes in as a job, in a process of its own, as a worker does it; the most memory that it had, in MB."""
    from django.db import connection

    from integrations.importers.reader import File
    from integrations.models import Import
    from integrations.services import import_confirm, import_note

    def job() -> int:
        told = subprocess.run(
            [sys.executable, __file__, "--job", str(note.pk), "--database", str(connection.settings_dict["NAME"])],
            check=True, capture_output=True, text=True,
        )
        return int(told.stdout)

    note = import_note(file=File(path.name, path), terms=terms)
    start = time.perf_counter()
    checking = job()
    print(f"{'as a job: check':<56} {time.perf_counter() - start:>14,.2f} s  {checking:>6,} MB")
    note.refresh_from_db()
    import_confirm(note=note, terms=terms)
    start = time.perf_counter()
    writing = job()
    print(f"{'as a job: import':<56} {time.perf_counter() - start:>14,.2f} s  {writing:>6,} MB")
    if Import.objects.get(pk=note.pk).state != Import.State.DONE:
        raise SystemExit(f"The job did not finish: {Import.objects.get(pk=note.pk).reason}")
    return max(checking, writing)


def take_further(import_id: int, database: str) -> None:
    from django.db import connection
    from django.utils import timezone

    from integrations import background

    connection.settings_dict["NAME"] = database
    background.take_further(import_id, now=timezone.now())
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


def measure(amount: int, folder: Path) -> Outcome:
    from django.db import connection
    from django.utils import timezone

    from integrations.importers.kinds import KINDS as FILE_KINDS
    from integrations.importers.reader import File, Terms
    from integrations.services import files_import
    from kpi_tracker.orgs.models import Rep
    from kpi_tracker.orgs.selectors import organisation_scope
    from kpi_tracker.sales.records import CustomerRecord, Kind
    from kpi_tracker.sales.services import organisation_open, records_upsert

    organisation = organisation_open(name="Benchmark", slug="benchmark")
    Rep.objects.bulk_create([Rep(organisation=organisation, name=f"Rep {n}") for n in range(REPS)])
    records_upsert(
        organisation=organisation, kind=Kind.CUSTOMERS, source="file", now=timezone.now(),
        records=[CustomerRecord(external_id=f"c{n}", name=f"Customer {n}") for n in range(CUSTOMERS)],
    )
    terms = Terms(scope=organisation_scope(organisation), kind=FILE_KINDS["activities"], now=timezone.now())
    new, tenth = folder / "new.csv", folder / "tenth.csv"
    write_file(new, amount)
    write_file(tenth, amount, changed=True)
    print(f"{connection.vendor}, {amount:,} activities, {new.stat().st_size / 1e6:,.0f} MB")

    def go(path: Path) -> str:
        summary = files_import(files=[File(path.name, path)], terms=terms)[0].summary
        return f"{summary.created:,} new, {summary.updated:,} changed, {summary.unchanged:,} unchanged"

    found = Outcome("imports", database=connection.vendor, at=timezone.now(), activities=amount)
    bare = Bare(folder / "rows")

    def line(name: str, seconds: float, remark: str) -> None:
        found.add(name, seconds, "s")
        print(f"    {amount / seconds:,.0f}/s  {remark}")

    line("import", *timed(lambda: go(new)))
    line("import again, unchanged", *timed(lambda: go(new)))
    line("import again, a tenth changed", *timed(lambda: go(tenth)))
    bare.keep()
    bare.empty()
    worker = in_worker(new, terms)
    bare.empty()
    line("bare", timed(bare.write)[0], "COPY" if connection.vendor == "postgresql" else "executemany")
    found.add("import / bare", found.values["import"] / found.values["bare"], "×", most=BAR)
    found.add("memory of the worker, peak", worker, "MB", most=WORKER_BAR_MB)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--activities", type=int, default=100_000)
    parser.add_argument("--job", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--database", help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kpi_tracker.settings")
    os.environ.setdefault("SECRET_KEY", "only-for-this-benchmark-0123456789-0123456789")
    django.setup()
    if options.job is not None:
        take_further(options.job, options.database)
        return
    from django.conf import settings
    from django.test.utils import get_runner, setup_test_environment

    setup_test_environment()
    runner = get_runner(settings)(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    try:
        with tempfile.TemporaryDirectory() as folder:
            found = measure(options.activities, Path(folder))
    finally:
        runner.teardown_databases(databases)
    raise SystemExit(bool(found.missed))


if __name__ == "__main__":
    main()
