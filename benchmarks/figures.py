"""The figures that the benchmarks kept under VAR_DIR/bench: of each, the last one for each size."""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import outcome  # noqa: E402


@dataclass(frozen=True, slots=True)
class Figure:
    value: float
    command: str


@dataclass(frozen=True, slots=True)
class Opened:
    """The pages of one world, by name: milliseconds (p50, p95, of the p50 those that Python worked), questions to the database."""

    activities: int
    reps: int
    command: str
    times: dict[str, tuple[float, float, float]]
    queries: dict[str, int]

    @property
    def slowest(self) -> str:
        return max(self.times, key=lambda page: self.times[page][1])

    @property
    def middle(self) -> float:
        return median(late for _, late, _ in self.times.values())

    @property
    def middle_cpu(self) -> float:
        return median(cpu for _, _, cpu in self.times.values())

    def over(self, most: float) -> list[str]:
        return [page for page, (_, late, _) in self.times.items() if late > most]


Figures = dict[tuple[str, str, str], dict[int, Figure]]


def kept() -> Figures:
    """By benchmark, database and name, for each number of activities (0 where a line names none)."""
    found: Figures = defaultdict(dict)
    for line in outcome.read():
        if "what" in line and "value" in line:
            found[line["benchmark"], line["database"], line["what"]][line.get("activities", 0)] = Figure(line["value"], _command(line))
    for database in ("postgresql", "sqlite"):
        _compare(found, database, pages(database))
    return found


def pages(database: str) -> list[Opened]:
    """The last run over all pages of each world, the largest last."""
    runs: dict[tuple[int, int], dict[str, Any]] = {}
    for line in outcome.read():
        if line["benchmark"] != "pages" or "page" not in line or line["database"] != database or line.get("demo") or line.get("only"):
            continue
        size = line["activities"], line["reps"]
        if runs.get(size, {}).get("run") != line["run"]:
            runs[size] = {"run": line["run"], "command": _command(line), "times": {}, "queries": {}}
        runs[size]["times"][line["page"]] = line["p50"], line["p95"], line["cpu"]
        runs[size]["queries"][line["page"]] = line["queries"]
    return [Opened(*size, run["command"], run["times"], run["queries"]) for size, run in sorted(runs.items())]


def _compare(found: Figures, database: str, opened: list[Opened]) -> None:
    """What the bars ask of all pages together, at the most reps."""
    if not opened:
        return

    def add(what: str, of: Opened, value: float) -> None:
        found["pages", database, what][of.activities] = Figure(value, of.command)

    most_reps = max(one.reps for one in opened)
    for one in opened:
        if one.reps == most_reps:
            add("slowest page, p95", one, one.times[one.slowest][1])
            add("middle page, p95", one, one.middle)
            add("share of the pages under 100 ms", one, 100 - 100 * len(one.over(100)) / len(one.times))
            add("most questions", one, max(one.queries.values()))
    large = [one for one in opened if one.reps == most_reps]
    small, big = large[0], large[-1]
    if big.activities > small.activities:
        growth = sorted(big.times[page][0] / small.times[page][0] for page in big.times.keys() & small.times.keys())
        add("growth of the middle page", big, median(growth))
        add("growth of the page that grew most", big, growth[-1])
    few = min(opened, key=lambda one: one.reps)
    if few.reps < most_reps:
        more = [abs(small.queries[page] - few.queries[page]) for page in small.queries.keys() & few.queries.keys()]
        add("more questions with more reps", small, max(more))


def find(found: Figures, benchmark: str, database: str, what: str) -> dict[int, list[Figure]]:
    """Those whose benchmark and name match, by number of activities."""
    matching: dict[int, list[Figure]] = defaultdict(list)
    for (script, where, name), points in found.items():
        if where == database and re.fullmatch(benchmark, script) and re.fullmatch(what, name):
            for size, figure in points.items():
                matching[size].append(figure)
    return matching


def _command(line: dict[str, Any]) -> str:
    return str(line.get("command") or f"python benchmarks/{line['benchmark']}.py")
