"""Runs the benchmarks one after the other, on SQLite and, where one is named, on PostgreSQL; then fills README.md and draws growth.svg.

    python benchmarks/run.py [--full] [--only rollups,pages]

TEST_DATABASE_URL or DATABASE_URL names the PostgreSQL server, REDIS_URL a Redis whose database may be emptied. Without --full
100,000 activities, which takes minutes; with it, 100 thousand, 1 and 10 million on PostgreSQL and up to 1 million on SQLite,
which takes hours and about 40 GB of disk. Ends with 1 where a bar was missed, after all have run.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MILLION = 1_000_000
# About 20 activities for each rep and working day of two years.
PER_REP = 10_000
ANYWHERE, SERVER = ("sqlite", "postgresql"), ("postgresql",)


def planned(*, full: bool) -> Iterator[tuple[str, tuple[str, ...], list[str]]]:
    """Script, databases that it means something on, arguments."""
    for activities in (100_000, MILLION, 10 * MILLION) if full else (100_000,):
        databases = ANYWHERE if activities <= MILLION else SERVER
        size = ["--activities", str(activities), "--reps", str(activities // PER_REP)]
        yield "rollups", databases, size
        yield "pages", databases, size
        if full and activities == MILLION:
            yield "pages", SERVER, ["--activities", str(activities), "--reps", "1000"]
    yield "imports", ANYWHERE, ["--activities", str(MILLION if full else 50_000)]
    yield "bulk_api", ANYWHERE, ["--records", str(100_000 if full else 20_000)]
    yield "fair_share", SERVER, ["--rows", str(MILLION if full else 50_000)]
    yield "freshness", SERVER, ["--seconds", "60" if full else "15"]
    yield "wire", ("sqlite",), []
    yield "forecast", ("sqlite",), []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--only", default="", help="names of scripts, with commas between")
    given = parser.parse_args()
    only = {name for name in given.only.split(",") if name}
    server = os.environ.get("TEST_DATABASE_URL") or os.environ.get("DATABASE_URL", "")
    bare = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    surroundings = {"sqlite": bare}
    if server.startswith("postgres"):
        surroundings["postgresql"] = bare | {"DATABASE_URL": server}
    failed = []
    for script, databases, arguments in planned(full=given.full):
        for database in databases:
            if (only and script not in only) or database not in surroundings or not (ROOT / "benchmarks" / f"{script}.py").exists():
                continue
            name = " ".join([script, *arguments, "on", database])
            print(f"\n== {name}", flush=True)
            start = time.perf_counter()
            command = [sys.executable, f"benchmarks/{script}.py", *arguments]
            ended = subprocess.run(command, cwd=ROOT, env=surroundings[database], check=False)
            print(f"({time.perf_counter() - start:,.0f} s)", flush=True)
            if ended.returncode:
                failed.append(name)
    for script in ("report", "growth"):
        subprocess.run([sys.executable, f"benchmarks/{script}.py"], cwd=ROOT, env=bare, check=True)
    print("\nMissed a bar, or ended with an error:" if failed else "\nAll bars met.", *failed, sep="\n  ")
    raise SystemExit(bool(failed))


if __name__ == "__main__":
    main()
