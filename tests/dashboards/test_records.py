"""The page behind a figure: its formula, its parts, the records counted and those left out."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.urls import reverse

from kpi_tracker.orgs.models import ExchangeRate
from kpi_tracker.periods import Period, add_months
from tests import factories
from tests.dashboards.conftest import MARCH, SignedIn, World, text

SPAN = Period(MARCH, add_months(MARCH, 1))


def address(kpi: str, subject: str, **query: str) -> str:
    found = reverse("dashboards:records", kwargs={"org": "nordlys", "kpi": kpi})
    query = {"start": "2024-03-01", "end": "2024-04-01", **query}
    return f"{found}?subject={subject}" + "".join(f"&{key}={value}" for key, value in query.items())


def listed(page: str) -> int:
    return page.count("<tr data-record")


def sums(page: str) -> dict[str, str]:
    return {key: found.strip() for key, found in re.findall(r'data-sum="(\w+)"[^>]*>(.*?)<', page)}


def test_it_works(signed_in: SignedIn, world: World) -> None:
    page = text(signed_in("alice").get(address("revenue", f"team:{world.stockholm.id}")))
    assert "Revenue of Stockholm: 3 500 €" in page
    assert sums(page) == {"all": "3 records, 3 500 €"}
    assert "18 Mar 2024" in page
    assert listed(page) == 3


def test_the_formula_is_filled_in(signed_in: SignedIn, world: World) -> None:
    page = text(signed_in("alice").get(address("win_rate", f"team:{world.stockholm.id}")))
    assert "Deals won ÷ deals closed" in page
    assert re.findall(r'data-part="(\w+)" data-value="([\d.]+)"', page) == [("numerator", "4"), ("denominator", "5")]
    assert "80 %" in page


def test_each_part_of_a_ratio_has_its_records(signed_in: SignedIn, world: World) -> None:
    client, subject = signed_in("alice"), f"team:{world.stockholm.id}"
    assert listed(text(client.get(address("win_rate", subject)))) == 4
    assert listed(text(client.get(address("win_rate", subject, part="denominator")))) == 5


def test_what_was_left_out_says_why(signed_in: SignedIn, world: World) -> None:
    factories.deal(world.org, world.bob, opened_on=MARCH, closed_on=MARCH, status="won", amount="10", currency="DKK", customer=world.acme)
    client, subject = signed_in("alice"), f"team:{world.stockholm.id}"
    page = text(client.get(address("revenue", subject, list="left")))
    assert listed(page) == 2
    assert "no amount" in page
    assert "no rate for DKK on 1 Mar 2024" in page
    assert listed(text(client.get(address("revenue", subject, list="left", reason="no amount")))) == 1
    ExchangeRate.objects.create(organisation=world.org, currency="DKK", day=dt.date(2024, 1, 1), rate="0.13")
    assert listed(text(client.get(address("revenue", subject, list="left")))) == 1


@pytest.mark.parametrize(("narrowing", "number"), [
    ({"q": "Nothing"}, 0), ({"customer": "acm"}, 3), ({"day": "2024-03-18"}, 1), ({"rep": "bob"}, 4), ({"q": "Bolt"}, 1),
])
def test_lists_are_narrowed_and_still_sum_up(signed_in: SignedIn, world: World, narrowing: dict[str, str], number: int) -> None:
    page = text(signed_in("alice").get(address("revenue", "organisation", **narrowing)))
    assert listed(page) == number
    assert sums(page)["all"] == "4 records, 7 500 €"


def test_narrowed_to_a_rep(signed_in: SignedIn, world: World) -> None:
    page = text(signed_in("alice").get(address("revenue", "organisation", rep=str(world.bob.id))))
    assert sums(page) == {
        "listed": "2 records, 1 500 €", "other": "2 records, 6 000 €", "all": "4 records, 7 500 €",
    }


def test_a_rep_within_a_team(signed_in: SignedIn, world: World) -> None:
    page = text(signed_in("alice").get(address("revenue", f"team:{world.stockholm.id}", of=f"rep:{world.bob.id}")))
    assert "Revenue of Bob Berg within Stockholm: 1 500 €" in page
    assert sums(page) == {"all": "2 records, 1 500 €"}


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


def test_the_file_of_what_was_left_out_has_the_reason(signed_in: SignedIn, world: World) -> None:
    response = signed_in("alice").get(address("revenue", "organisation", list="left", format="csv"))
    assert response["Content-Disposition"] == 'attachment; filename="nordlys-ab-revenue-left-out.csv"'
    assert text(response).splitlines()[1] == "2024-03-11,2024-03-21,Deal,Acme,Bea Bok,Won,,no amount"


def test_a_rep_sees_own_records_and_how_many_are_hidden(signed_in: SignedIn, world: World) -> None:
    page = text(signed_in("bob").get(address("revenue", f"team:{world.stockholm.id}")))
    assert sums(page) == {"listed": "2 records, 1 500 €", "hidden": "1 record, 2 000 €", "all": "3 records, 3 500 €"}
    assert "20 Mar 2024" not in page
    exported = text(signed_in("bob").get(address("revenue", f"team:{world.stockholm.id}", format="csv")))
    assert "2000" not in exported
    left = text(signed_in("bob").get(address("revenue", f"team:{world.stockholm.id}", list="left")))
    assert listed(left) == 0
    assert "1 more is not yours to see." in left


def test_a_figure_without_a_value_says_why(signed_in: SignedIn, world: World) -> None:
    client = signed_in("alice")
    nothing = text(client.get(address("win_rate", f"team:{world.malmo.id}", start="2024-01-01", end="2024-02-01")))
    assert "Win rate of Malmö: –" in nothing
    assert "There is no value: nothing to divide by, for deals closed: none." in nothing
    new = text(client.get(address("sales_growth", f"team:{world.malmo.id}")))
    assert "There is no percentage: there was nothing before, so all of it is new." in new
    ahead = text(client.get(address("win_rate", "organisation", start="2150-01-01", end="2150-02-01")))
    assert "There is no value: the period begins on 1 January 2150." in ahead


def test_refusals(signed_in: SignedIn, world: World) -> None:
    stockholm = f"team:{world.stockholm.id}"
    assert signed_in("bob").get(address("revenue", "organisation")).status_code == 403
    assert signed_in("bob").get(address("revenue", f"rep:{world.bea.id}")).status_code == 403
    assert signed_in("bob").get(address("revenue", stockholm, of=f"rep:{world.bea.id}")).status_code == 403
    assert signed_in("charlie").get(address("revenue", "organisation")).status_code == 404
    for kpi, subject in (("nonsense", "organisation"), ("revenue", "galaxy:1"), ("revenue", "team:x"), ("revenue", "team:0")):
        assert signed_in("alice").get(address(kpi, subject)).status_code == 404
    for wrong in [{"end": "2024-01-01"}, {"factor": "x"}, {"factor": "1"}, *({"of": of} for of in ("galaxy:1", "rep:0", "stage:0"))]:
        assert signed_in("alice").get(address("revenue", stockholm, **wrong)).status_code == 404
