"""A new KPI is one declaration: everything that shows, counts, keeps and explains KPIs follows from it."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from integrations.models import ApiToken
from kpi_tracker.kpis import checks, engine, registry
from kpi_tracker.kpis.cards import cards_choose
from kpi_tracker.kpis.catalogue import MEETING_DATE, SHOW_RATE
from kpi_tracker.kpis.docs import handbook_text, readme_with_table
from kpi_tracker.kpis.measures import Dimension, Fact, Measure, Unit
from kpi_tracker.kpis.metrics import Category, Direction, Lever, Owner, RatioKpi, SimpleKpi
from kpi_tracker.kpis.parts import EVERYTHING
from kpi_tracker.kpis.query import KpiQuery
from kpi_tracker.periods import Period
from kpi_tracker.rollups import reader
from kpi_tracker.rollups.builder import refresh_fully
from kpi_tracker.rollups.models import RollupCell
from kpi_tracker.rollups.verify import verify
from tests import factories
from tests.api.conftest import program_of
from tests.dashboards.conftest import SignedIn, World, text
from tests.test_readme import README

NO_SHOWS = SimpleKpi(
    key="no_shows", label="Nobody there", description="Meetings to which nobody came.", clock=MEETING_DATE, category=Category.RESULT,
    owner=Owner.PROSPECTOR, unit=Unit.COUNT, direction=Direction.DOWN, levers=frozenset({Lever.OPPORTUNITIES}),
    measure=Measure(key="no_shows", fact=Fact.ACTIVITY, day="occurred_on", rep="rep_id", where=Q(kind="meeting", outcome="no_show")),
)
NO_SHOW_RATE = RatioKpi(
    key="no_show_rate", label="Share of nobody there", description="Meetings to which nobody came ÷ meetings due.", clock=MEETING_DATE,
    category=Category.EFFICIENCY, owner=Owner.PROSPECTOR, unit=Unit.PERCENT, direction=Direction.DOWN,
    numerator=Measure(key="missed", fact=Fact.ACTIVITY, day="occurred_on", rep="rep_id", where=Q(kind="meeting", outcome="no_show")),
    denominator=SHOW_RATE.denominator,
)
MARCH = Period(dt.date(2024, 3, 1), dt.date(2024, 4, 1))
TODAY = dt.date(2024, 4, 10)
PLACE = "/o/nordlys/organisation/month/2024-03-01/"
# In March bob waited twice for nobody and bea once, and bea met somebody.
BOTH = pytest.mark.parametrize(
    ("kpi", "figure", "value"), [(NO_SHOWS, "3", Decimal(3)), (NO_SHOW_RATE, "75 %", Decimal("0.75"))], ids=["count", "ratio"]
)


def words(page: str) -> str:
    """What is read on a page, without its markup."""
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


@pytest.fixture(autouse=True)
def declared(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    """The two KPIs stand in the catalogue for the length of a test, and three more meetings among the records."""
    monkeypatch.setattr(registry, "CATALOGUE", (*registry.CATALOGUE, NO_SHOWS, NO_SHOW_RATE))
    for who, day in ((world.bob, 6), (world.bob, 13), (world.bea, 14)):
        factories.activity(world.org, who, dt.date(2024, 3, day), "meeting", outcome="no_show", customer=world.acme, subject="Waited")


def test_the_rules_of_the_catalogue_hold() -> None:
    assert [found for rule in checks.RULES for found in rule(registry.built_in())] == []


@BOTH
def test_the_values(world: World, kpi: SimpleKpi, figure: str, value: Decimal) -> None:
    refresh_fully(world.org)
    for by, member in ((None, None), (Dimension.TEAM, world.stockholm.id)):
        question = KpiQuery((kpi.key,), EVERYTHING, (MARCH,), by=by)
        found = reader.ask(world.org, question, today=TODAY)
        assert found[kpi.key, MARCH, member].value == value
        assert found == engine.ask(world.org, question, today=TODAY)


def test_the_cells(world: World) -> None:
    refresh_fully(world.org)
    cells = RollupCell.objects.filter(organisation=world.org, measure="no_shows", bucket=MARCH.start, grain="m")
    assert set(cells.values_list("scope_kind", "scope_id", "value", "n")) == {
        ("o", 0, 3, 3), ("t", world.sweden.id, 3, 3), ("t", world.stockholm.id, 3, 3), ("r", world.bob.id, 2, 2), ("r", world.bea.id, 1, 1),
    }
    assert verify(world.org) == []
    RollupCell.objects.filter(organisation=world.org, measure="no_shows", scope_kind="o", grain="m").update(value=4)
    assert verify(world.org) != []


@BOTH
def test_the_card(world: World, signed_in: SignedIn, kpi: SimpleKpi, figure: str, value: Decimal) -> None:
    cards_choose(scope=world.scope("alice"), kpis=["revenue", kpi.key])
    page = text(signed_in("alice").get(PLACE))
    assert f"{kpi.label} {figure} " in words(page)
    assert f"?kpi={kpi.key}" in page


@BOTH
def test_the_row_among_all_kpis(world: World, signed_in: SignedIn, kpi: SimpleKpi, figure: str, value: Decimal) -> None:
    assert f"{kpi.label} {figure} " in words(text(signed_in("alice").get(f"{PLACE}?part=all")))


@BOTH
def test_the_curve(world: World, signed_in: SignedIn, kpi: SimpleKpi, figure: str, value: Decimal) -> None:
    alice = signed_in("alice")
    page = text(alice.get(f"{PLACE}?kpi={kpi.key}"))
    assert str(kpi.label).lower() in page.split("<h1>")[1].split("</h1>")[0].lower()
    last = text(alice.get(f"{PLACE}?kpi={kpi.key}&format=csv")).splitlines()[-1]
    assert last == f"2024-03-31,{value}"


@BOTH
def test_the_goal(world: World, signed_in: SignedIn, kpi: SimpleKpi, figure: str, value: Decimal) -> None:
    alice = signed_in("alice")
    form = text(alice.get(reverse("goals:new", args=["nordlys"])))
    assert f'<option value="{kpi.key}">{kpi.label}</option>' in form
    values = {"kpi": kpi.key, "subject": "organisation", "period": "own", "start": "2024-03-01", "end": "2024-03-31", "target": "5"}
    answer = alice.post(reverse("goals:new", args=["nordlys"]), values)
    assert answer.status_code == 302, text(answer)
    page = text(alice.get(answer.headers["Location"]))
    assert str(kpi.label) in page
    assert figure in page


@BOTH
def test_the_api(world: World, kpi: SimpleKpi, figure: str, value: Decimal) -> None:
    program = program_of(world.org, ApiToken.Right.READ)
    [entry] = [one for one in program.get("kpis/").json() if one["kpi"] == kpi.key]
    assert (entry["label"], entry["unit"], entry["version"]) == (kpi.label, kpi.unit.value, 1)
    answer = program.get(f"kpis/{kpi.key}/values", from_="2024-03-01", to="2024-03-31").json()
    assert Decimal(answer["rows"][0]["value"]) == value


@BOTH
def test_the_command(kpi: SimpleKpi, figure: str, value: Decimal, capsys: pytest.CaptureFixture[str]) -> None:
    asked = {"organisation": "nordlys", "from": "2024-03-01", "to": "2024-03-31", "format": "csv"}
    call_command("kpi", kpi.key, *(f"--{name}={word}" for name, word in asked.items()))
    assert f"{value}" in capsys.readouterr().out


@BOTH
def test_the_handbook(world: World, signed_in: SignedIn, kpi: SimpleKpi, figure: str, value: Decimal) -> None:
    page = text(signed_in("bob").get(reverse("dashboards:kpis", args=["nordlys"])))
    row = page.split(f'<li id="{kpi.key}"')[1].split("<li id=")[0]
    assert str(kpi.label) in row
    assert str(kpi.description) in row
    one = signed_in("bob").get(reverse("dashboards:kpi", args=["nordlys", kpi.key]))
    assert one.status_code == 200


@BOTH
def test_the_docs(kpi: SimpleKpi, figure: str, value: Decimal) -> None:
    assert f"\n### {kpi.label}\n\n`{kpi.key}` · {kpi.description}\n" in handbook_text()
    assert f"\n| `{kpi.key}` | {kpi.description} | meeting date |\n" in readme_with_table(README)


@BOTH
def test_the_math(world: World, signed_in: SignedIn, kpi: SimpleKpi, figure: str, value: Decimal) -> None:
    address = reverse("dashboards:records", args=["nordlys", kpi.key]) + "?subject=organisation&start=2024-03-01&end=2024-04-01"
    page = text(signed_in("alice").get(address))
    assert figure in page
    assert page.count("Waited") == 3


def test_the_advice(world: World, signed_in: SignedIn) -> None:
    year = world.org.local_day(timezone.now()).replace(month=1, day=1)
    factories.goal(world.org, "no_shows", world.bob, year, year.replace(year=year.year + 1), 10)
    factories.deal(world.org, world.bob, opened_on=year, closed_on=year, status="won", amount="10")
    page = text(signed_in("alice").get(reverse("dashboards:kpi_advice", args=["nordlys"])))
    assert "Measured on what others move: nobody there. Usually owned by: reps who book meetings." in page
