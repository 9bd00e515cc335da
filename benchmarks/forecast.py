"""How far off the product's forecasts are, beside four single methods. Needs statsmodels, which the product does not.

    pip install statsmodels
    python -m benchmarks.forecast [--export FOLDER] [--seed 1] [--today 2026-10-31] [--all]

Goes through every month and quarter of the demo, and of a real export if there is one, and stands at 25, 50 and 75 % of its
working days, knowing what was known on that morning. A point is a data set, a period and a share of it gone; `--all` also prints
the points of each KPI and kind of subject. In a database of its own, which is gone afterwards. Bars:

- the mean absolute percentage error, averaged over all points, is lower than that of each single method;
- at each point it is at most 1.1 times that of the best of them;
- the 80 % band holds 75 to 85 % of the time, at each point.

A method that cannot answer a case (last year's shape in the first year) is compared over the others. Reps are many, and fitting is
slow, so exponential smoothing is tried on every fourth case of theirs.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib.util
import json
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

import django

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import forecast_cases, forecast_others  # noqa: E402
from benchmarks.forecast_cases import DEMO, EXPORT, Case, Days  # noqa: E402
from benchmarks.outcome import cannot_run, folder  # noqa: E402

SINGLES = {
    "straight line": forecast_others.straight, "trailing 60 days": forecast_others.trailing,
    "last year's shape": forecast_others.last_year, "Holt-Winters": forecast_others.holt_winters,
}
SMOOTHED_OF_REPS = 4
WORST, BAND = 1.1, (0.75, 0.85)
Key = tuple[str, ...]


@dataclass
class Tally:
    """Errors as shares of what it became. pairs: of a single method, with the product's own error of the same case."""

    ours: list[float] = field(default_factory=list)
    held: list[bool] = field(default_factory=list)
    pairs: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))

    def ratio(self, name: str) -> float | None:
        """The product's error over that of a single method; under 1 is better."""
        pairs = self.pairs[name]
        return fmean(ours for _, ours in pairs) / fmean(other for other, _ in pairs) if pairs else None

    @property
    def worst(self) -> float:
        return max(ratio for name in SINGLES if (ratio := self.ratio(name)) is not None)

    @property
    def holds(self) -> float:
        return fmean(self.held)


def tried(every: Iterable[Days]) -> Iterator[tuple[Case, Any, dict[str, float]]]:
    """Each case with what the product and the single methods say of it; cases that the product says nothing of are left out."""
    for of in every:
        for n, case in enumerate(forecast_cases.cases(of)):
            told = forecast_others.product(case)
            if told is None:
                continue
            singles = {
                name: said for name, method in SINGLES.items()
                if (name != "Holt-Winters" or of.kind != "rep" or n % SMOOTHED_OF_REPS == 0) and (said := method(case)) is not None
            }
            yield case, told, singles


def tally(every: Iterable[Days]) -> tuple[dict[Key, Tally], dict[Key, Tally]]:
    """By point, and by point, KPI and kind of subject."""
    points: dict[Key, Tally] = defaultdict(Tally)
    cells: dict[Key, Tally] = defaultdict(Tally)
    for case, told, singles in tried(every):
        actual = case.actual
        low, high = told.spread.band
        ours = abs(told.spread.median - actual) / actual
        point = (case.of.data, case.grain, f"{case.share:.0%}")
        for one in (points[point], cells[(*point, case.of.kpi, case.of.kind)]):
            one.ours.append(ours)
            one.held.append(low - 1e-9 <= actual <= high + 1e-9)
            for name, said in singles.items():
                one.pairs[name].append((abs(said - actual) / actual, ours))
    return points, cells


def show(rows: dict[Key, Tally]) -> None:
    width = max(len(" ".join(key)) for key in rows)
    print(f"{'':{width}} {'cases':>6} {'product':>8}", *(f"{name:>18}" for name in SINGLES), f"{'÷ best':>7} {'band':>6}")
    for key, one in rows.items():
        others = (f"{fmean(other for other, _ in one.pairs[name]):>18.1%}" if one.pairs[name] else f"{'–':>18}" for name in SINGLES)
        print(f"{' '.join(key):{width}} {len(one.ours):>6} {fmean(one.ours):>8.1%}", *others, f"{one.worst:>7.2f} {one.holds:>6.0%}")


def averages(points: dict[Key, Tally]) -> dict[str, tuple[float, float]]:
    """Of each single method its error and the product's, averaged over the points at which it can answer."""
    found = {}
    for name in SINGLES:
        pairs = [one.pairs[name] for one in points.values() if one.pairs[name]]
        found[name] = (fmean(fmean(other for other, _ in one) for one in pairs), fmean(fmean(ours for _, ours in one) for one in pairs))
    return found


def missed(points: dict[Key, Tally]) -> list[str]:
    """The bars that are not reached, in words."""
    found = [f"{name} errs less on average: {other:.1%}, product {ours:.1%}"
             for name, (other, ours) in averages(points).items() if ours >= other]
    for key, one in points.items():
        found += [f"{' '.join(key)}: {one.worst:.2f} times the best"] if one.worst > WORST else []
        found += [f"{' '.join(key)}: the band holds {one.holds:.0%}"] if not BAND[0] <= one.holds <= BAND[1] else []
    held = [held for one in points.values() for held in one.held]
    return found + ([f"the band holds {fmean(held):.1%} in all"] if not BAND[0] <= fmean(held) <= BAND[1] else [])


def write(rows: Iterable[dict[Key, Tally]], bars: list[str]) -> Path:
    """One line of JSON for each row of the tables, and one for the bars."""
    file = folder() / "forecast.json"
    with file.open("w", encoding="utf-8") as out:
        for key, one in (pair for table in rows for pair in table.items()):
            singles = {name: fmean(other for other, _ in one.pairs[name]) for name in SINGLES if one.pairs[name]}
            out.write(json.dumps({
                "benchmark": "forecast", "database": "sqlite", "what": " ".join(key), "value": fmean(one.ours), "unit": "MAPE",
                "cases": len(one.ours), "singles": singles, "over_best": one.worst, "band_holds": one.holds,
            }) + "\n")
        out.write(json.dumps({"benchmark": "forecast", "database": "sqlite", "what": "missed", "value": len(bars), "unit": "bars",
                              "which": bars}) + "\n")
    return file


def history(options: argparse.Namespace) -> Iterator[Days]:
    forecast_cases.make_demo(today=options.today, seed=options.seed)
    yield from forecast_cases.read(DEMO, "nordlys", last=options.today)
    if options.export.is_dir():
        forecast_cases.make_export(options.export)
        yield from forecast_cases.read(EXPORT, EXPORT, last=forecast_cases.last_day(options.export))
    else:
        print(f"{options.export} is not there: on the demo alone")


def run(options: argparse.Namespace) -> list[str]:
    began = time.perf_counter()
    points, cells = tally(history(options))
    if options.all:
        show(cells)
        print()
    show(points)
    print()
    for name, (other, ours) in averages(points).items():
        print(f"averaged over the points: {name} {other:.1%}, product on the same cases {ours:.1%}")
    fine = sum(1 for one in cells.values() if one.worst <= WORST)
    print(f"{fine} of {len(cells)} points of one KPI and kind of subject at most {WORST} times the best single method")
    bars = missed(points)
    print("\n".join(f"MISSED: {bar}" for bar in bars) or "all bars reached", f"({time.perf_counter() - began:.0f} s)")
    print(f"written to {write((points, cells), bars)}")
    return bars


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--export", type=Path, default=ROOT.parent / "shared" / "data" / "maven_crm", help="the folder of the real export")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--today", type=dt.date.fromisoformat, default=dt.date(2026, 10, 31), help="the last day of the demo")
    parser.add_argument("--all", action="store_true", help="also print the points of each KPI and kind of subject")
    options = parser.parse_args()
    if importlib.util.find_spec("statsmodels") is None:
        cannot_run("the forecast is compared with statsmodels, which the product does not need: pip install statsmodels")
    with tempfile.TemporaryDirectory() as place:
        os.environ["DATABASE_URL"] = f"sqlite:///{place}/forecast.sqlite3"
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kpi_tracker.settings")
        os.environ.setdefault("SECRET_KEY", "only-for-this-benchmark-0123456789-0123456789")
        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        call_command("createcachetable")
        bars = run(options)
    raise SystemExit(bool(bars))


if __name__ == "__main__":
    main()
