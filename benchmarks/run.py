"""Runs the benchmarks one after the other, on SQLite and, where one is named, on PostgreSQL; then fills README.md and draws growth.svg.

    python benchmarks/run.py [--full] [--only rollups,pages]

TEST_DATABASE_URL or DATABASE_URL names the PostgreSQL server, REDIS_URL a Redis whose database may be emptied. Without --full
100,000 activities, which takes minutes; with it, 100 thousand, 1 and 10 million on PostgreSQL and up to 1 million on SQLite,
which takes hours and about 40 GB of disk. What lacks something it needs is listed as not run. Ends with 1 where a bar was missed or a
script failed, after all have run.
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
sys.path.insert(0, str(ROOT))

from benchmarks.outcome import NOT_RUN  # noqa: E402

MILLION = 1_000_000
ANYWHERE, SERVER = ("sqlite", "postgresql"), ("postgresql",)
# Worlds of the full run, as activities and reps: the same reps with more and more records, and the same records with fewer reps.
GROWING = ((100_000, 1000), (MILLION, 1000), (10 * MILLION, 1000))
FEWER_REPS = ((100_000, 10), (100_000, 100))


def planned(*, full: bool) -> Iterator[tuple[str, tuple[str, ...], list[str]]]:
    """Script, databases that it means something on, arguments."""
    for activities, reps in GROWING if full else ((100_000, 100),):
        databases = ANYWHERE if activities <= MILLION else SERVER
        size = ["--activities", str(activities), "--reps", str(reps)]
        yield "rollups", databases, size
        yield "pages", databases, size if full else [*size, "--times", "10"]
    for activities, reps in FEWER_REPS if full else ():
        yield "pages", ANYWHERE, ["--activities", str(activities), "--reps", str(reps)]
    yield "imports", ANYWHERE, ["--activities", str(MILLION if full else 50_000)]
    yield "bulk_api", ANYWHERE, ["--records", str(100_000 if full else 20_000)]
    yield "fair_share", SERVER, ["--rows", str(MILLION if full else 50_000)]
    yield "freshness", SERVER, ["--seconds", "60" if full else "15"]
    yield "wire", ("sqlite",), []
    yield "forecast", ("sqlite",), []


def judged(codes: dict[str, int]) -> list[str]:
    """What to say of the runs, by how each ended: nothing that was not run counts as passed."""
    missed = [name for name, code in codes.items() if code not in (0, NOT_RUN)]
    left_out = [name for name, code in codes.items() if code == NOT_RUN]
    met = len(codes) - len(missed) - len(left_out)
    lines = [f"{met} of {len(codes)} runs met their bars."]
    for title, names in (("Missed a bar, or ended with an error:", missed), ("Not run, see above why:", left_out)):
        lines += [title, *(f"  {name}" for name in names)] if names else []
    return lines


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
    codes: dict[str, int] = {}
    for script, databases, arguments in planned(full=given.full):
        for database in databases:
            if only and script not in only:
                continue
            name = " ".join([script, *arguments, "on", database])
            print(f"\n== {name}", flush=True)
            if database not in surroundings:
                print("not run: TEST_DATABASE_URL names no PostgreSQL server", flush=True)
                codes[name] = NOT_RUN
                continue
            start = time.perf_counter()
            command = [sys.executable, f"benchmarks/{script}.py", *arguments]
            codes[name] = subprocess.run(command, cwd=ROOT, env=surroundings[database], check=False).returncode
            print(f"({time.perf_counter() - start:,.0f} s)", flush=True)
    for script in ("report", "growth"):
        subprocess.run([sys.executable, f"benchmarks/{script}.py"], cwd=ROOT, env=bare, check=True)
    print("", *judged(codes), sep="\n")
    raise SystemExit(any(code not in (0, NOT_RUN) for code in codes.values()))


if __name__ == "__main__":
    main()
