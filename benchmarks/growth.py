"""Draws how the measured figures grow with the number of records: growth.svg, from what the benchmarks kept under VAR_DIR/bench.

    python benchmarks/growth.py [--out benchmarks/growth.svg]

Both axes count in powers of ten. A thin dashed line is a bar, named at its right end. Colours follow the reader's light or dark theme.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.figures import kept  # noqa: E402

NAMES = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}
WIDTH, HEIGHT = 960, 760
PANEL_WIDTH, PANEL_HEIGHT = 380, 210
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #2b3440 }
  .title { font-weight: 600; font-size: 15px } .faint { fill: #6a7482; font-size: 12px }
  .grid { stroke: #d8dde3 } .bar { stroke: #6a7482; stroke-dasharray: 3 4 } .line { fill: none; stroke-width: 2.5 }
  .c0 { stroke: #1769aa } .c1 { stroke: #b4540a } .c2 { stroke: #2e7d4f } .c3 { stroke: #8a3b8f }
  .dot { stroke-width: 2; fill: #fff } .page { fill: #fff }
  @media (prefers-color-scheme: dark) {
    text { fill: #e3e8ee } .faint { fill: #9aa5b1 } .grid { stroke: #343d48 } .bar { stroke: #9aa5b1 } .dot, .page { fill: #171c22 }
    .c0 { stroke: #6db3f2 } .c1 { stroke: #f0a35e } .c2 { stroke: #74c99a } .c3 { stroke: #d08fd6 }
  }
"""
Points = dict[int, float]


@dataclass(frozen=True, slots=True)
class Panel:
    """lines: what is drawn, as name and value by number of activities. bars: name and height."""

    title: str
    unit: str
    lines: Sequence[tuple[str, Points]]
    bars: Sequence[tuple[str, float]]


def panels() -> list[Panel]:
    found = {key: {size: one.value for size, one in points.items()} for key, points in kept().items()}

    def lines(benchmark: str, *wanted: tuple[str, str], factor: float = 1) -> Iterator[tuple[str, Points]]:
        for database, name in NAMES.items():
            for what, label in wanted:
                points = found.get((benchmark, database, what), {})
                if points:
                    yield f"{name}, {label}", {size: value * factor for size, value in sorted(points.items())}

    refresh = lines("rollups", ("REFRESH MATERIALIZED VIEW", "REFRESH"), factor=1000)
    return [
        Panel(
            "Rebuild of all cells, times the bare GROUP BY", "×",
            list(lines("rollups", ("full rebuild from nothing / bare GROUP BY", "from nothing"),
                       ("full rebuild, cells in place / bare GROUP BY", "cells in place"))),
            [("bar 2", 2)],
        ),
        Panel(
            "One late edit: from commit to right cells, p95", "ms",
            [*lines("rollups", ("one late edit: commit to right cells (p95)", "one edit")), *refresh], [("bar 1,000", 1000)],
        ),
        Panel(
            "Late edits, times faster than the view’s REFRESH", "×",
            list(lines("rollups", ("REFRESH of the view / one late edit (p50)", "one edit"),
                       ("REFRESH of the view / 1,000 late edits", "1,000 edits"))),
            [("bar 1,000 (one)", 1000), ("bar 50 (1,000)", 50)],
        ),
        Panel(
            "Pages, server time p95", "ms", list(lines("pages", ("slowest page, p95", "slowest"), ("middle page, p95", "middle one"))),
            [("bar 100", 100)],
        ),
    ]


def amount(value: float) -> str:
    for size, letter in ((10**6, " M"), (1000, " k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def drawn(panel: Panel, left: int, top: int) -> Iterator[str]:
    yield f'<text class="title" x="{left}" y="{top - 34}">{escape(panel.title)}</text>'
    values = [value for _, points in panel.lines for value in points.values() if value > 0]
    if not values:
        yield f'<text class="faint" x="{left}" y="{top + 20}">not measured yet</text>'
        return
    sizes = sorted({size for _, points in panel.lines for size in points})
    heights = [*values, *(height for _, height in panel.bars)]
    low, high = math.floor(math.log10(min(heights))), math.ceil(math.log10(max(heights)))
    x_low, x_high = math.log10(sizes[0]), max(math.log10(sizes[-1]), math.log10(sizes[0]) + 1)

    def x(size: float) -> float:
        return left + 20 + (PANEL_WIDTH - 110) * (math.log10(size) - x_low) / (x_high - x_low)

    def y(value: float) -> float:
        return top + PANEL_HEIGHT * (high - math.log10(value)) / max(high - low, 1)

    for power in range(low, high + 1):
        at = y(10.0**power)
        yield f'<path class="grid" d="M{left} {at:.1f}h{PANEL_WIDTH - 70}"/>'
        yield f'<text class="faint" x="{left - 6}" y="{at + 4:.1f}" text-anchor="end">{amount(10.0**power)}</text>'
    for size in sizes:
        yield f'<text class="faint" x="{x(size):.1f}" y="{top + PANEL_HEIGHT + 18}" text-anchor="middle">{amount(size)}</text>'
    for name, height in panel.bars:
        yield f'<path class="bar" d="M{left} {y(height):.1f}h{PANEL_WIDTH - 70}"/>'
        yield f'<text class="faint" x="{left + PANEL_WIDTH - 64}" y="{y(height) + 4:.1f}">{escape(name)}</text>'
    meant = list(dict.fromkeys(name.split(", ", 1)[1] for name, _ in panel.lines))  # the same colour on both databases
    for place, (name, points) in enumerate(panel.lines):
        colour = f"c{meant.index(name.split(', ', 1)[1])}"
        yield from _line(place, name, colour, [(x(size), y(value)) for size, value in points.items() if value > 0], left, top)


def _line(place: int, name: str, colour: str, spots: Iterable[tuple[float, float]], left: int, top: int) -> Iterator[str]:
    spots = list(spots)
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in spots)
    dash = ' stroke-dasharray="7 4"' if name.startswith("SQLite") else ""
    yield f'<path class="line {colour}" d="{path}"{dash}/>'
    yield from (f'<circle class="dot {colour}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>' for x, y in spots)
    column, row = place % 2, place // 2
    at_x, at_y = left + column * 190, top + PANEL_HEIGHT + 38 + row * 18
    yield f'<path class="line {colour}" d="M{at_x} {at_y - 4}h22"{dash}/>'
    yield f'<text class="faint" x="{at_x + 28}" y="{at_y}">{escape(name)}</text>'


def picture() -> str:
    parts = []
    for place, panel in enumerate(panels()):
        parts += drawn(panel, 60 + place % 2 * 470, 70 + place // 2 * 370)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
        f' aria-label="Measured figures by number of activities">\n<style>{STYLE}</style>\n'
        f'<rect class="page" width="{WIDTH}" height="{HEIGHT}"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "growth.svg")
    out = parser.parse_args().out
    out.write_text(picture(), encoding="utf-8")
    print(out)


if __name__ == "__main__":
    main()
