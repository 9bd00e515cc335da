"""Keeps what a benchmark found: a line on the screen, and one of JSON under VAR_DIR/bench, from which README.md's table is filled."""

from __future__ import annotations

import datetime as dt
import json
import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parent.parent


NOT_RUN = 77  # how a script ends that lacks something it needs: neither met nor missed


def cannot_run(reason: str) -> NoReturn:
    print(f"not run: {reason}", flush=True)
    raise SystemExit(NOT_RUN)


def folder() -> Path:
    made = Path(os.environ.get("VAR_DIR") or ROOT / "var") / "bench"
    made.mkdir(parents=True, exist_ok=True)
    return made


class Outcome:
    """One run of a benchmark. at: when it began; about: what it was run on, such as activities and reps."""

    def __init__(self, benchmark: str, *, database: str, at: dt.datetime, **about: Any) -> None:
        command = shlex.join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]])
        self.kept = {"benchmark": benchmark, "database": database, "command": command, **about}
        self.file = folder() / f"{benchmark}-{database}-{at:%Y%m%d-%H%M%S}.json"
        self.values: dict[str, float] = {}
        self.missed: list[str] = []

    def add(self, what: str, value: float, unit: str, *, most: float | None = None, least: float | None = None) -> None:
        """most, least: the bar; none is only written down."""
        self.values[what] = value
        met = (most is None or value <= most) and (least is None or value >= least)
        bar = {key: one for key, one in (("most", most), ("least", least)) if one is not None}
        if not met:
            self.missed.append(what)
        wanted = "".join(f"   bar: {'at most' if key == 'most' else 'at least'} {one:,g}" for key, one in bar.items())
        print(f"{what:<56} {value:>14,.{_places(value)}f} {unit:<8}{wanted}{'' if met else '   MISSED'}", flush=True)
        self.keep(what=what, value=value, unit=unit, **bar)

    def keep(self, **line: Any) -> None:
        """A line of JSON alone."""
        with self.file.open("a", encoding="utf-8") as out:
            out.write(json.dumps({**self.kept, **line}) + "\n")


def _places(value: float) -> int:
    return 0 if value >= 1000 or value == int(value) else 1 if value >= 100 else 2 if value >= 1 else 4


def read() -> Iterator[dict[str, Any]]:
    """Every line kept, those of older runs first."""
    for file in sorted(folder().glob("*.json"), key=lambda one: one.stat().st_mtime):
        for line in file.read_text(encoding="utf-8").splitlines():
            yield {"benchmark": file.stem.split("-")[0], **json.loads(line)}
