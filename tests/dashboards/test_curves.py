"""The curve's lines: what is added up, what is compared, what is left out."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import plotly.graph_objects as go
import pytest

from dashboards import charts
from dashboards.catalogue import ShownKpi
from dashboards.curves import Curve, Shape, curve, shape_of, spans_needed
from dashboards.frame import Frame, frame_of
from goals.progress import progress
from kpi_tracker.kpis.query import KpiValue
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.periods import DAY, Grain, Period
from tests import factories

TODAY = dt.date(2026, 11, 18)


@pytest.fixture
def org(db: None) -> Organisation:
    return factories.organisation()


def frame(org: Organisation, grain: Grain, day: dt.date = TODAY) -> Frame:
    return frame_of(org, grain, org.calendar.bucket(grain, day), TODAY)


def shown(key: str) -> ShownKpi:
    kpi = factories.kpi(key)
    return ShownKpi(kpi, str(kpi.label))


def values(spans: list[Period], found: dict[dt.date, tuple[int, int]]) -> dict[Period, KpiValue]:
    """Each span with the sums of the days in it."""
    table = {}
    for span in spans:
        above, below = (sum((Decimal(pair[i]) for day, pair in found.items() if day in span), Decimal(0)) for i in (0, 1))
        table[span] = KpiValue(value=above / below if below else None, numerator=above, denominator=below)
    return table


def drawn(org: Organisation, key: str, grain: Grain, found: dict[dt.date, tuple[int, int]], goal: Any = None) -> Curve:
    at, one = frame(org, grain), shown(key)
    return curve(one, at, values(spans_needed(one, at), found), goal)


def test_sums_add_up_to_today_and_no_further(org: Organisation) -> None:
    found = {dt.date(2026, 11, 3): (100, 1), dt.date(2026, 11, 18): (50, 1), dt.date(2026, 11, 20): (9, 1)}
    line = dict(drawn(org, "revenue", Grain.MONTH, found).actual)
    assert line[dt.date(2026, 11, 2)] == 0
    assert line[dt.date(2026, 11, 3)] == 100
    assert line[TODAY] == 150
    assert max(line) == TODAY


def test_last_year_lies_on_the_same_dates(org: Organisation) -> None:
    line = dict(drawn(org, "revenue", Grain.MONTH, {dt.date(2025, 11, 30): (70, 1)}).last_year)
    assert line[dt.date(2026, 11, 29)] == 0
    assert line[dt.date(2026, 11, 30)] == 70


def test_last_year_of_a_week_lies_on_the_same_weekdays(org: Organisation) -> None:
    line = dict(drawn(org, "revenue", Grain.WEEK, {dt.date(2025, 11, 19): (70, 1)}).last_year)
    assert line[dt.date(2026, 11, 17)] == 0
    assert line[TODAY] == 70


def test_a_leap_day_joins_the_28th(org: Organisation) -> None:
    at = frame_of(org, Grain.MONTH, Period(dt.date(2025, 2, 1), dt.date(2025, 3, 1)), TODAY)
    one = shown("revenue")
    found = curve(one, at, values(spans_needed(one, at), {dt.date(2024, 2, 28): (1, 1), dt.date(2024, 2, 29): (2, 1)}), None)
    assert found.last_year[-1] == (dt.date(2025, 2, 28), Decimal(3))


def test_ratios_are_made_from_sums(org: Organisation) -> None:
    found = drawn(org, "win_rate", Grain.MONTH, {dt.date(2026, 11, 3): (1, 1), dt.date(2026, 11, 10): (0, 3)})
    assert dict(found.actual)[TODAY] == Decimal("0.25")
    assert dt.date(2026, 11, 2) not in dict(found.actual)
    assert [bar.value for bar in found.bars] == [None, 1, 0, None]


def test_nothing_at_all_is_empty(org: Organisation) -> None:
    assert drawn(org, "revenue", Grain.MONTH, {}).empty
    assert not drawn(org, "revenue", Grain.MONTH, {dt.date(2025, 11, 2): (1, 1)}).empty


@pytest.mark.parametrize(("key", "grain", "shape"), [
    ("revenue", Grain.MONTH, Shape.FILL), ("win_rate", Grain.YEAR, Shape.LEVEL), ("calls", Grain.DAY, Shape.TREND),
    ("sales_growth", Grain.MONTH, Shape.TREND),
])
def test_shapes(key: str, grain: Grain, shape: Shape) -> None:
    assert shape_of(shown(key), grain) is shape


def test_goal_has_pace_and_projection(org: Organisation) -> None:
    rep = factories.rep(org, "Bob")
    goal = factories.goal(org, "revenue", rep, dt.date(2026, 11, 1), dt.date(2026, 12, 1), 2100)
    factories.deal(org, rep, opened_on=None, closed_on=dt.date(2026, 11, 3), status="won", amount="1200")
    standing = progress(org, [goal], today=TODAY)[goal.id]
    found = drawn(org, "revenue", Grain.MONTH, {dt.date(2026, 11, 3): (1200, 1)}, standing)
    pace = dict(found.pace)
    assert pace[dt.date(2026, 11, 1)] == 0
    assert pace[dt.date(2026, 11, 7)] == pace[dt.date(2026, 11, 6)] == 500
    assert pace[dt.date(2026, 11, 30)] == 2100
    assert found.projection[0] == (TODAY, Decimal(1200))
    assert found.projection[-1] == (dt.date(2026, 11, 30), standing.projected)
    assert dict(found.projection)[dt.date(2026, 11, 22)] == dict(found.projection)[dt.date(2026, 11, 20)]


@pytest.mark.parametrize("key", ["revenue", "win_rate", "sales_cycle_days", "sales_growth"])
@pytest.mark.parametrize("grain", list(Grain))
def test_figures_are_valid_and_plain(org: Organisation, key: str, grain: Grain) -> None:
    found = {TODAY - i * 7 * DAY: (i * 100, i) for i in range(120)}
    figure = charts.figure(drawn(org, key, grain, found))
    go.Figure(figure)
    assert figure["data"]
    assert figure["layout"]["xaxis"]["ticktext"]
    low, high = figure["layout"]["yaxis"]["range"]
    heights = [y for trace in figure["data"] for y in trace["y"] if y is not None]
    assert low <= min(heights) <= max(heights) <= high


def test_every_line_is_labelled_at_its_end(org: Organisation) -> None:
    goal = factories.goal(org, "revenue", factories.rep(org, "Bob"), dt.date(2026, 11, 1), dt.date(2026, 12, 1), 2100)
    standing = progress(org, [goal], today=TODAY)[goal.id]
    found = {dt.date(2026, 11, 3): (1200, 1), dt.date(2025, 11, 3): (900, 1)}
    notes = charts.figure(drawn(org, "revenue", Grain.MONTH, found, standing))["layout"]["annotations"]
    ends = [note["text"].replace("\u00a0", " ").replace("\u202f", " ") for note in notes if note.get("name") == "end"]
    assert sorted(ends) == ["1.2 k€", "Goal 2.1 k€", "Last year 900 €"]


@pytest.mark.parametrize(("day", "before"), [(16, 13), (18, 17)])
def test_a_day_is_compared_with_the_working_day_before(org: Organisation, day: int, before: int) -> None:
    found = frame(org, Grain.DAY, dt.date(2026, 11, day)).before
    assert found == Period(dt.date(2026, 11, before), dt.date(2026, 11, before + 1))


def test_a_running_month_is_compared_with_as_many_working_days(org: Organisation) -> None:
    # 13 working days up to 18 November; the 13th of October is Monday the 19th.
    assert frame(org, Grain.MONTH).before_to_date() == Period(dt.date(2026, 10, 1), dt.date(2026, 10, 20))
    assert frame(org, Grain.MONTH).last_year_to_date == Period(dt.date(2025, 11, 1), dt.date(2025, 11, 19))
    assert frame(org, Grain.MONTH, dt.date(2026, 12, 1)).before_to_date() is None


def test_choosing_another_grain_keeps_today_in_sight(org: Organisation) -> None:
    assert frame(org, Grain.YEAR).at_grain(Grain.DAY) == Period(TODAY, TODAY + DAY)
    assert frame(org, Grain.MONTH, dt.date(2026, 9, 9)).at_grain(Grain.WEEK).start == dt.date(2026, 8, 31)
