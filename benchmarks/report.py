"""Fills the tables of benchmarks/README.md from what the benchmarks kept under VAR_DIR/bench: the last run of each size.

    python benchmarks/report.py
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.figures import Figure, Figures, find, kept, pages  # noqa: E402

README = ROOT / "benchmarks" / "README.md"
START, END = "<!-- figures: filled by report.py -->", "<!-- end of figures -->"
DATABASES = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}
PAGE_MS = 100


@dataclass(frozen=True, slots=True)
class Row:
    """A bar of the design. benchmark, what: patterns of where its figure is found; of several, the worst. most, least: the bar."""

    text: str
    benchmark: str
    what: str
    unit: str
    most: float | None = None
    least: float | None = None

    @property
    def bar(self) -> str:
        return f"at most {self.most:g} {self.unit}".strip() if self.most is not None else f"at least {self.least:,g} {self.unit}".strip()

    def worst(self, figures: list[Figure]) -> Figure:
        return (min if self.most is None else max)(figures, key=lambda one: one.value)

    def written(self, value: float) -> str:
        missed = (self.most is not None and value > self.most) or (self.least is not None and value < self.least)
        return f"{_figure(value)}, **missed**" if missed else f"{_figure(value)}, met"


ROWS = (
    Row("Full rebuild, against the bare `GROUP BY rep, day, kind`", "rollups", r"full rebuild from nothing / bare GROUP BY", "×", most=2),
    Row("Full rebuild with its cells in place, against the same", "rollups", r"full rebuild, cells in place / bare GROUP BY", "×", most=2),
    Row("One late edit, against `REFRESH` of the view (p50)", "rollups", r"REFRESH of the view / one late edit \(p50\)", "× faster",
        least=1000),
    Row("One late edit: commit to right cells, p95", "rollups", r"one late edit: commit to right cells \(p95\)", "ms", most=1000),
    Row("1,000 late edits, against `REFRESH` of the view", "rollups", r"REFRESH of the view / 1,000 late edits", "× faster", least=50),
    Row("Cells that a second rebuild changed after all that", "rollups", r"cells that the second rebuild changed", "", most=0),
    Row("Commit to the API’s figure, p95", "freshness", r"a: commit to the API's figure, p95", "s", most=1),
    Row("Commit to an open page, 200 activities a second coming in, p95", "freshness", r"c: commit to the open page, p95", "s", most=1),
    Row("One edit while another organisation imports, p95", "fair_share", r"edit to cell beside the import, p95", "s", most=3),
    Row("Slowest page, warm, p95", "pages", r"slowest page, p95", "ms", most=PAGE_MS),
    Row("Middle page, warm, p95", "pages", r"middle page, p95", "ms", most=PAGE_MS),
    Row("Most questions to the database of a page", "pages", r"most questions", "", most=15),
    Row("How many more of them with 1,000 reps than with the fewest", "pages", r"more questions with more reps", "", most=0),
    Row("The page that grew most from the fewest records to the most, p50", "pages", r"growth of the page that grew most", "×", most=1.2),
    Row("The middle one of the pages by that growth", "pages", r"growth of the middle page", "×", most=1.2),
    Row("File import, against bare `COPY` or `executemany`", "imports", r"import / bare", "×", most=3),
    Row("Bulk API, the slowest of new, unchanged, changed", "bulk_api", r"activities a second, .*", "/s", least=2000),
    Row("First page over the wire, cold cache", "wire", r"first page, nothing in the cache", "kB", most=600),
    Row("Later pages, the heaviest", "wire", r"then [^,]*", "kB", most=60),
    Row("Layout shift, the most of all pages", "wire", r".*layout shift", "", most=0.001),
    Row("Memory of a web process", "wire|freshness", r"memory of a web process, peak", "MB", most=200),
    Row("Memory of a worker in an import", "imports", r"memory of the worker, peak", "MB", most=300),
    Row("Memory of a worker that refreshes or rebuilds", "rollups|freshness|fair_share",
        r"memory of (a worker|the process that refreshes and rebuilds), peak", "MB", most=300),
    Row("Forecast: bars of its own that it misses", "forecast", r"missed", "", most=0),
)


def _cell(row: Row, database: str, found: Figures) -> tuple[str, str]:
    """At the largest size measured, and the command."""
    points = find(found, row.benchmark, database, row.what)
    if not points:
        return "–", ""
    size = max(points)
    worst = row.worst(points[size])
    return row.written(worst.value) + (f" ({short(size)})" if size else ""), worst.command


def short(size: int) -> str:
    return f"{size // 10**6} M" if size >= 10**6 else f"{size // 1000} k"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def bars(found: Figures) -> Iterator[str]:
    yield "| what | bar | PostgreSQL | SQLite | command |"
    yield "| --- | --- | --- | --- | --- |"
    for row in ROWS:
        server, command = _cell(row, "postgresql", found)
        file, other = _cell(row, "sqlite", found)
        shown = f"`{command or other}`" if command or other else f"not run: `python benchmarks/{row.benchmark.split('|')[0]}.py`"
        yield f"| {row.text} | {row.bar} | {server} | {file} | {shown} |"


def worlds() -> Iterator[str]:
    for database, name in DATABASES.items():
        opened = pages(database)
        if not opened:
            continue
        yield f"\nAll kinds of pages on {name}, warm, server time:\n"
        yield "| activities | reps | pages | middle, p95 ms | middle, ms of Python | over 100 ms | slowest | its p95 ms | most questions |"
        yield "| ---: | ---: | ---: | ---: | ---: | ---: | --- | ---: | ---: |"
        for one in opened:
            late = one.times[one.slowest][1]
            yield (f"| {one.activities:,} | {one.reps:,} | {len(one.times)} | {one.middle:.0f} | {one.middle_cpu:.0f}"
                   f" | {len(one.over(PAGE_MS))} | {one.slowest} | {late:,.0f} | {max(one.queries.values())} |")


def rollups(found: Figures) -> Iterator[str]:
    for database, name in DATABASES.items():
        lines = {what: points for (benchmark, where, what), points in found.items() if (benchmark, where) == ("rollups", database)}
        sizes = sorted({size for points in lines.values() for size in points})
        if not sizes:
            continue
        yield f"\nAll figures of `rollups.py` on {name} (seconds where nothing else is said), by number of activities:\n"
        yield "| figure | " + " | ".join(short(size) for size in sizes) + " |"
        yield "| --- |" + " ---: |" * len(sizes)
        for what, points in lines.items():
            yield f"| {what} | " + " | ".join(_figure(points[size].value) if size in points else "–" for size in sizes) + " |"


def tables() -> Iterator[str]:
    found = kept()
    yield from bars(found)
    yield from worlds()
    yield from rollups(found)


def main() -> None:
    before, rest = README.read_text(encoding="utf-8").split(START)
    after = rest.split(END)[1]
    README.write_text(f"{before}{START}\n" + "\n".join(tables()) + f"\n{END}{after}", encoding="utf-8")
    print(README.relative_to(ROOT))


if __name__ == "__main__":
    main()
