"""What is said of the benchmarks' runs: worst figures, sizes, and nothing passed that was not run."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from benchmarks import figures, outcome, report, run

AT = dt.datetime(2026, 6, 30, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def kept_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAR_DIR", str(tmp_path))


def line(text: str) -> str:
    return next(one for one in report.tables() if one.startswith(f"| {text}"))


def test_a_bar_names_the_largest_size_and_whether_it_is_met() -> None:
    for activities, value in ((100_000, 3.0), (1_000_000, 1.5)):
        kept = outcome.Outcome("rollups", database="postgresql", at=AT, activities=activities)
        kept.add("full rebuild from nothing / bare GROUP BY", value, "×", most=2)
    assert "| 1.5, met (1 M) | – |" in line("Full rebuild, against")
    assert "not run" in line("Forecast")


def test_of_several_figures_the_worst_counts() -> None:
    kept = outcome.Outcome("bulk_api", database="sqlite", at=AT, activities=1000)
    for what, value in (("new", 3000), ("sent again", 1500)):
        kept.add(f"activities a second, {what}", value, "/s", least=2000)
    assert kept.missed == ["activities a second, sent again"]
    assert "| – | 1,500, **missed** (1 k) |" in line("Bulk API")


def test_pages_are_compared_page_by_page_at_the_most_reps() -> None:
    for activities, reps, p50, queries in ((100_000, 10, 5.0, 9), (100_000, 1000, 20.0, 10), (1_000_000, 1000, 30.0, 10)):
        kept = outcome.Outcome("pages", database="sqlite", at=AT, activities=activities, reps=reps, run=f"{activities}-{reps}")
        kept.keep(page="team/month", p50=p50, p95=p50 * 2, cpu=p50 / 2, queries=queries)
        kept.keep(page="goals", p50=10.0, p95=11.0, cpu=5.0, queries=3)
    found = {what: points for (script, where, what), points in figures.kept().items() if (script, where) == ("pages", "sqlite")}
    assert found["growth of the page that grew most"][1_000_000].value == 1.5
    assert found["slowest page, p95"][1_000_000].value == 60
    assert found["more questions with more reps"][100_000].value == 1


def test_what_was_not_run_has_not_passed() -> None:
    said = run.judged({"rollups": 0, "wire": 1, "forecast": outcome.NOT_RUN})
    assert said[0] == "1 of 3 runs met their bars."
    assert said[1:] == ["Missed a bar, or ended with an error:", "  wire", "Not run, see above why:", "  forecast"]
