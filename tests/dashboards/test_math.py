"""What the page behind a figure says beside its formula."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.test import Client

from dashboards import formula_words
from dashboards.math_links import Figure, Member
from kpi_tracker.kpis.measures import Dimension
from kpi_tracker.kpis.metrics import FormulaKpi, GrowthKpi, SimpleKpi, SubjectKind, terms_of
from kpi_tracker.kpis.parts import EVERYTHING, Subject
from kpi_tracker.kpis.registry import built_in
from kpi_tracker.periods import Grain, Period, add_months
from kpi_tracker.sales.models import Contract, Stage
from tests.dashboards.conftest import text
from tests.dashboards.math_pages import Math, read_math
from tests.dashboards.math_world import MathWorld
from tests.dashboards.test_math_walk import signed_in


@pytest.fixture
def admin(math: MathWorld) -> Client:
    return signed_in(math, "admin")


def page(client: Client, kpi: str, span: Period, subject: Subject = EVERYTHING, member: Member | None = None, **more: str) -> str:
    response = client.get(Figure(kpi, subject, span, member).address("nordlys", **more))
    assert response.status_code == 200
    return text(response)


def notes(html: str) -> list[str]:
    found = re.search(r'<ul class="notes">(.*?)</ul>', html, re.DOTALL)
    return re.findall(r"<li>(.*?)</li>", found[1]) if found else []


def values(math: Math) -> list[str]:
    return [f"{one.value}" for one in math.operands]


def test_a_cohort_says_whether_it_is_settled(math: MathWorld, admin: Client) -> None:
    running = notes(page(admin, "win_rate_cohort", math.month))
    old = notes(page(admin, "win_rate_cohort", math.org.calendar.shift(Grain.MONTH, math.month, -10)))
    assert running[0].startswith("Not settled yet: a sale usually takes ")
    assert old[0].startswith("Settled: all records of this period have had the ")


def test_the_median_stands_beside_the_mean(math: MathWorld, admin: Client) -> None:
    before = math.org.calendar.shift(Grain.MONTH, math.month, -3)
    found = notes(page(admin, "sales_cycle_days", before))
    assert re.match(r"Half of them took no longer than [\d.]+ days? \(the median\); the mean is [\d.]+ days?\.", found[0])
    assert found[1] == "Where no first contact is recorded, the days count from the deal's opening."


def test_coverage_names_the_goal_and_what_is_needed(math: MathWorld, admin: Client) -> None:
    with_goal = page(admin, "pipeline_coverage", math.month)
    without = page(admin, "pipeline_coverage", Period(math.month.start, math.month.end + dt.timedelta(days=1)))
    assert "5000.0000" in values(read_math(with_goal))[1]
    assert any(re.match(r"Needed is [\d.]+ ×: 1 ÷ [\d.]+ %, the win rate of the last 12 months\.", note) for note in notes(with_goal))
    assert "There is no value: no revenue goal is set for exactly this period." in notes(without)


def test_what_is_limited_says_so_and_pays_back(math: MathWorld, admin: Client) -> None:
    year = Period(add_months(math.today, -12), math.today)
    assert any("months: " in note and note.startswith("A new customer pays back after ") for note in notes(page(admin, "clv_to_cac", year)))
    Contract.objects.filter(organisation=math.org).update(ends_on=None)
    found = notes(page(admin, "clv", year))
    assert "No customer was lost in these 12 months, so the lifetime is limited to 5 years, a setting of the organisation." in found


def test_growth_names_both_periods(math: MathWorld, admin: Client) -> None:
    before = math.org.calendar.shift(Grain.MONTH, math.month, -2)
    found = page(admin, "sales_growth", before)
    assert re.match(r"1 – \d+ \w+ \d{4}, compared with 1 – \d+ \w+ \d{4}\.", notes(found)[0])
    assert "(revenue − revenue before) ÷ revenue before" in found.lower()


def test_each_stage_opens_by_itself(math: MathWorld, admin: Client) -> None:
    before = math.org.calendar.shift(Grain.MONTH, math.month, -2)
    whole = page(admin, "stage_conversion", before)
    assert whole.count('data-of="stage:') == 2
    stage = Stage.objects.get(organisation=math.org, name="Prospect")
    one = read_math(page(admin, "stage_conversion", before, member=Member(Dimension.STAGE, stage.pk)))
    assert one.operands[0].value == one.sums["all"] == one.listed


def test_of_a_cohort_what_nothing_came_of_is_left_out(math: MathWorld, admin: Client) -> None:
    before = math.org.calendar.shift(Grain.MONTH, math.month, -2)
    left = page(admin, "stage_conversion", before, list="left")
    assert "it has not come to that by now" in left


def test_a_rep_counts_within_a_team_with_the_days_in_it(math: MathWorld, admin: Client) -> None:
    """Bea moved to Stockholm within the month: her calls there and in Malmö are all of her calls."""
    parts = [
        read_math(page(admin, "calls", math.month, Subject(SubjectKind.TEAM, team.id), Member(Dimension.REP, math.bea.id))).value
        for team in (math.stockholm, math.malmo)
    ]
    alone = read_math(page(admin, "calls", math.month, Subject(SubjectKind.REP, math.bea.id))).value
    assert sum(part for part in parts if part is not None) == alone


def test_the_parts_of_every_kpi_have_a_name() -> None:
    kpis = [*built_in(), *(factor.kpi for kpi in built_in() if isinstance(kpi, FormulaKpi) for factor in kpi.factors)]
    alone = {kpi.measure.key for kpi in kpis if isinstance(kpi, SimpleKpi)}
    named = {term.key for kpi in kpis if not isinstance(kpi, GrowthKpi) for term in terms_of(kpi)}
    assert named - alone - set(formula_words.WORDS) == set()


def test_costs_of_one_cycle_earlier_are_listed_with_their_days(math: MathWorld, admin: Client) -> None:
    math.org.lag_costs = True
    math.org.save()
    before = math.org.calendar.shift(Grain.MONTH, math.month, -1)
    html = page(admin, "cac", before)
    found = read_math(html)
    assert any(re.match(r"The costs are those of \d+ days earlier, as long as a sale usually takes", note) for note in notes(html))
    assert found.operands[0].value == found.sums["all"] == found.listed
