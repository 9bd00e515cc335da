"""Fills the tables of benchmarks/README.md from what the benchmarks kept under VAR_DIR/bench: the last run of each size.

    python benchmarks/report.py
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import outcome  # noqa: E402

README = ROOT / "benchmarks" / "README.md"
START, END = "<!-- figures: filled by report.py -->", "<!-- end of figures -->"
DATABASES = ("postgresql", "sqlite")


@dataclass(frozen=True, slots=True)
class Row:
    """A bar of the design: where its figure is found. what: the figure's name, or how it begins. most, least: the bar."""

    text: str
    benchmark: str
    what: str
    unit: str
    most: float | None = None
    least: float | None = None

    @property
    def bar(self) -> str:
        return f"at most {self.most:g} {self.unit}".strip() if self.most is not None else f"at least {self.least:,g} {self.unit}".strip()

    def written(self, value: float) -> str:
        missed = (self.most is not None and value > self.most) or (self.least is not None and value < self.least)
        text = f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:,.1f}" if value >= 10 else f"{value:,.2g}"
        return f"**{text}** missed" if missed else text


ROWS = (
    Row("Full rebuild, against the bare `GROUP BY rep, day, kind`", "rollups", "full rebuild from nothing / bare GROUP BY", "×",
        most=2),
    Row("Full rebuild with its cells in place, against the same", "rollups", "full rebuild, cells in place / bare GROUP BY", "×", most=2),
    Row("One late edit, against `REFRESH` of the view", "rollups", "REFRESH of the view / one late edit (p50)", "× faster", least=1000),
    Row("One late edit: commit to right cells, p95", "rollups", "one late edit: commit to right cells (p95)", "ms", most=1000),
    Row("1,000 late edits, against `REFRESH` of the view", "rollups", "REFRESH of the view / 1,000 late edits", "× faster", least=50),
    Row("Commit to an open page, 200 activities a second coming in, p95", "freshness", "c: commit to the open page, p95", "s", most=1),
    Row("One edit while another organisation imports, p95", "fair_share", "edit to cell beside the import, p95", "s", most=3),
    Row("Slowest page, warm, p95", "pages", "slowest page", "ms", most=100),
    Row("Most questions to the database of a page", "pages", "most questions", "", most=15),
    Row("Slowest page at the most records, against the fewest", "pages", "growth", "×", most=1.2),
    Row("File import, against bare `COPY` or `executemany`", "imports", "ratio", "×", most=3),
    Row("Bulk API", "bulk_api", "slowest", "/s", least=2000),
    Row("First page over the wire, cold cache", "wire", "first page, nothing in the cache", "kB", most=600),
    Row("Memory of the process that rebuilds and refreshes", "rollups", "peak memory of this process", "MB", most=300),
    Row("Memory of a worker in an import", "imports", "peak_mb", "MB", most=300),
)
Figures = dict[tuple[str, str, str], dict[int, float]]


def figures() -> Figures:
    """By benchmark, database and name, the last value for each number of activities (0 where a line names none)."""
    found: Figures = defaultdict(dict)
    pages: dict[tuple[str, int], dict[tuple[int, str], dict[str, Any]]] = defaultdict(dict)
    for line in outcome.read():
        size = line.get("activities", 0)
        if line["benchmark"] == "pages" and "page" in line:
            pages[line["database"], size][line["reps"], line["page"]] = line
        elif "what" in line:
            found[line["benchmark"], line["database"], line["what"]][size] = line["value"]
        else:
            for name, value in line.items():
                if isinstance(value, int | float):
                    found[line["benchmark"], line["database"], name][size] = value
    for (database, size), opened in pages.items():
        found["pages", database, "slowest page"][size] = max(line["p95"] for line in opened.values())
        found["pages", database, "most questions"][size] = max(line["queries"] for line in opened.values())
    for database in DATABASES:
        slowest = found["pages", database, "slowest page"]
        if len(slowest) > 1:
            found["pages", database, "growth"][max(slowest)] = slowest[max(slowest)] / slowest[min(slowest)]
    return found


def _cell(row: Row, database: str, found: Figures) -> str:
    """At the largest size measured."""
    matching = [points for (benchmark, where, what), points in found.items()
                if benchmark == row.benchmark and where == database and what.startswith(row.what) and points]
    if not matching:
        return "–"
    size = max(matching[0])
    return row.written(matching[0][size]) + (f" ({_short(size)})" if size else "")


def _short(size: int) -> str:
    return f"{size // 10**6} M" if size >= 10**6 else f"{size // 1000} k"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 or value == int(value) else f"{value:.3g}"


def tables() -> Iterator[str]:
    found = figures()
    yield "| what | bar | PostgreSQL | SQLite | script |"
    yield "| --- | --- | --- | --- | --- |"
    for row in ROWS:
        yield f"| {row.text} | {row.bar} | {_cell(row, 'postgresql', found)} | {_cell(row, 'sqlite', found)} | `{row.benchmark}.py` |"
    for database in DATABASES:
        rollups = {what: points for (benchmark, where, what), points in found.items() if (benchmark, where) == ("rollups", database)}
        sizes = sorted({size for points in rollups.values() for size in points})
        if not sizes:
            continue
        yield f"\nAll figures of `rollups.py` on {'PostgreSQL' if database == 'postgresql' else 'SQLite'}, by number of activities:\n"
        yield "| figure | " + " | ".join(_short(size) for size in sizes) + " |"
        yield "| --- |" + " ---: |" * len(sizes)
        for what, points in rollups.items():
            yield f"| {what} | " + " | ".join(f"{_figure(points[size])}" if size in points else "–" for size in sizes) + " |"


def main() -> None:
    before, rest = README.read_text(encoding="utf-8").split(START)
    after = rest.split(END)[1]
    README.write_text(f"{before}{START}\n" + "\n".join(tables()) + f"\n{END}{after}", encoding="utf-8")
    print(README)


if __name__ == "__main__":
    main()
