"""The records behind a figure."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.urls import reverse

from dashboards.records import parts_of, records
from kpi_tracker.kpis import registry
from kpi_tracker.kpis.metrics import AnyKpi, SubjectKind
from kpi_tracker.kpis.query import KpiQuery, Subject
from kpi_tracker.periods import Period, add_months
from kpi_tracker.rollups.reader import ask
from tests import factories
from tests.dashboards.conftest import MARCH, SignedIn, World, text

SPAN = Period(MARCH, add_months(MARCH, 1))


def address(kpi: str, subject: str, **query: str) -> str:
    found = reverse("dashboards:records", kwargs={"org": "nordlys", "kpi": kpi})
    return f"{found}?subject={subject}&start=2024-03-01&end=2024-04-01" + "".join(f"&{key}={value}" for key, value in query.items())


def test_it_works(signed_in: SignedIn, world: World) -> None:
    page = text(signed_in("alice").get(address("revenue", f"team:{world.stockholm.id}")))
    assert "Revenue of Stockholm: 3 500 €" in page
    assert "3 records, 3 500 € in all" in page
    assert "1 record could not be counted: no amount" in page
    assert "18 Mar 2024" in page


@pytest.mark.parametrize("kpi", registry.all_kpis(), ids=lambda kpi: kpi.key)
def test_records_add_up_to_the_figure(world: World, kpi: AnyKpi) -> None:
    subject = Subject(SubjectKind.TEAM, world.stockholm.id)
    value = ask(world.org, KpiQuery((kpi.key,), subject, (SPAN,)), today=SPAN.end)[kpi.key, SPAN, None]
    totals = [records(world.scope("alice"), part, subject, SPAN, sort="").total for part in parts_of(kpi)]
    if value.denominator is not None and len(totals) == 2:
        assert totals == [value.numerator, value.denominator]
    elif kpi.key != "sales_growth":
        assert totals == [value.numerator]


def test_each_part_of_a_ratio_has_its_records(signed_in: SignedIn, world: World) -> None:
    client, subject = signed_in("alice"), f"team:{world.stockholm.id}"
    assert "4 records" in text(client.get(address("win_rate", subject)))
    assert "5 records" in text(client.get(address("win_rate", subject, part="denominator")))


def test_rows_can_be_sorted(signed_in: SignedIn, world: World) -> None:
    client = signed_in("alice")
    up, down = (text(client.get(address("revenue", "organisation", sort=sort))) for sort in ("counted", "-counted"))
    assert up.index("500 €</td>") < up.index("4 000 €</td>")
    assert down.index("4 000 €</td>") < down.index("2 000 €</td>") < down.index("1 000 €</td>")
    assert client.get(address("revenue", "organisation", sort="password")).status_code == 200


def test_pages_of_fifty(signed_in: SignedIn, world: World) -> None:
    for _ in range(60):
        factories.activity(world.org, world.cesar, MARCH, "email")
    client = signed_in("alice")
    assert "1–50 of 60" in text(client.get(address("emails", "organisation")))
    assert "51–60 of 60" in text(client.get(address("emails", "organisation", page="2")))


def test_the_file_holds_plain_values_and_no_formulas(signed_in: SignedIn, world: World) -> None:
    factories.deal(world.org, world.cesar, opened_on=MARCH, closed_on=MARCH, status="won", amount="10", name="=1+1", customer=world.bolt)
    lines = text(signed_in("alice").get(address("revenue", "organisation", format="csv"))).splitlines()
    assert lines[0].lstrip("\ufeff") == "Day,Deal,Customer,Rep,Stage,Amount,Counted"
    assert "2024-03-01,'=1+1,Bolt,Cesar Cruz,Won,10.00,10.00" in lines


def test_a_rep_sees_own_records_and_how_many_are_hidden(signed_in: SignedIn, world: World) -> None:
    page = text(signed_in("bob").get(address("revenue", f"team:{world.stockholm.id}")))
    assert "3 records, 3 500 € in all" in page
    assert "1 of them is not yours to see" in page
    assert "2 000 €" not in page
    exported = text(signed_in("bob").get(address("revenue", f"team:{world.stockholm.id}", format="csv")))
    assert "2000" not in exported


def test_refusals(signed_in: SignedIn, world: World) -> None:
    assert signed_in("bob").get(address("revenue", "organisation")).status_code == 403
    assert signed_in("bob").get(address("revenue", f"rep:{world.bea.id}")).status_code == 403
    assert signed_in("charlie").get(address("revenue", "organisation")).status_code == 404
    for kpi, subject in (("nonsense", "organisation"), ("revenue", "galaxy:1"), ("revenue", "team:x"), ("revenue", "team:0")):
        assert signed_in("alice").get(address(kpi, subject)).status_code == 404
    assert signed_in("alice").get(address("revenue", "organisation", end="2024-01-01")).status_code == 404


def test_records_left_out_are_not_in_the_total(world: World) -> None:
    part = parts_of(registry.kpi("average_deal_value"))[1]
    found = records(world.scope("alice"), part, Subject(SubjectKind.REP, world.bea.id), SPAN, sort="")
    assert (found.number, found.total) == (1, Decimal(1))
