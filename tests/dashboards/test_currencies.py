"""Currencies: dated rates, and what lacks one."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from dashboards.currencies import lacking
from goals.models import DefaultTarget, Goal
from kpi_tracker.orgs.models import ExchangeRate
from kpi_tracker.sales.models import Contract, Cost, Deal
from tests import factories
from tests.dashboards.conftest import SignedIn, World, text

ADDRESS = reverse("dashboards:currencies", kwargs={"org": "nordlys"})
MARCH = dt.date(2024, 3, 1)


def place(name: str, **more: int) -> str:
    return reverse(f"dashboards:{name}", kwargs={"org": "nordlys", **more})


def rates(world: World) -> list[tuple[str, str, Decimal]]:
    rows = ExchangeRate.objects.filter(organisation=world.org).order_by("currency", "day").values_list("currency", "day", "rate")
    return [(currency, str(day), rate.normalize()) for currency, day, rate in rows]


def test_it_works(signed_in: SignedIn, world: World) -> None:
    ExchangeRate.objects.create(organisation=world.org, currency="SEK", day=MARCH, rate="0.0885")
    page = text(signed_in("alice").get(ADDRESS))
    assert "Every amount has a rate" in page
    assert "0.0885 since 1 Mar 2024, the only rate" in page
    for who in ("mona", "bob", "vera"):
        assert "Add or correct a rate" not in text(signed_in(who).get(ADDRESS))


def test_refusals(signed_in: SignedIn, world: World) -> None:
    row = ExchangeRate.objects.create(organisation=world.org, currency="SEK", day=MARCH, rate="0.09")
    theirs = ExchangeRate.objects.create(organisation=world.other, currency="SEK", day=MARCH, rate="0.09")
    addresses = [
        place("rate_add"), place("rates_paste"), place("rate_edit", id=row.pk), place("rate_delete", id=row.pk), place("currencies_change"),
    ]
    for who, status in (("mona", 403), ("bob", 403), ("vera", 403), ("charlie", 404)):
        assert [signed_in(who).post(address).status_code for address in addresses] == [status] * len(addresses)
    alice = signed_in("alice")
    assert alice.get(place("rate_edit", id=theirs.pk)).status_code == 404
    alice.post(place("rate_delete", id=theirs.pk))
    assert ExchangeRate.objects.count() == 2


def test_a_rate_is_added_corrected_and_deleted(signed_in: SignedIn, world: World) -> None:
    alice = signed_in("alice")
    alice.post(place("rate_add"), {"currency": "sek", "day": "2024-03-01", "rate": "0.0885"})
    alice.post(place("rate_add"), {"currency": "SEK", "day": "2024-03-01", "rate": "0.09"})
    alice.post(place("rate_add"), {"currency": "SEK", "day": "2024-04-01", "rate": "0,08"})
    assert rates(world) == [("SEK", "2024-03-01", Decimal("0.09")), ("SEK", "2024-04-01", Decimal("0.08"))]
    april = ExchangeRate.objects.get(day="2024-04-01")
    taken = alice.post(place("rate_edit", id=april.pk), {"day": "2024-03-01", "rate": "0.07"})
    assert "There is a rate of SEK from 2024-03-01 already" in text(taken)
    alice.post(place("rate_edit", id=april.pk), {"day": "2024-05-01", "rate": "0.07"})
    assert rates(world)[1] == ("SEK", "2024-05-01", Decimal("0.07"))
    alice.post(place("rate_delete", id=april.pk))
    assert len(rates(world)) == 1
    for wrong, message in (({"currency": "EUR"}, "it needs no rate"), ({"rate": "0"}, "above 0"), ({"currency": "S1K"}, "is no currency")):
        answer = alice.post(place("rate_add"), {"currency": "SEK", "day": "2024-03-01", "rate": "1"} | wrong)
        assert answer.status_code == 400
        assert message in text(answer)


def test_many_rates_at_once(signed_in: SignedIn, world: World) -> None:
    alice = signed_in("alice")
    alice.post(place("rates_paste"), {"lines": "2024-03-01 USD 0.92\n01.03.2024;SEK;0,0885\n"})
    file = SimpleUploadedFile("rates.csv", "\ufeffday,currency,rate\n2024-03-02,USD,0.93\n2024-03-01,SEK,0.09\n".encode())
    alice.post(place("rates_paste"), {"file": file})
    assert rates(world) == [
        ("SEK", "2024-03-01", Decimal("0.09")), ("USD", "2024-03-01", Decimal("0.92")), ("USD", "2024-03-02", Decimal("0.93")),
    ]
    wrong = alice.post(place("rates_paste"), {"lines": "2024-03-03 USD 0.94\n2024-03-04 USD\n2024-03-05 USD -1"})
    assert wrong.status_code == 400
    assert "Line 2:" in text(wrong)
    assert "Line 3:" in text(wrong)
    assert len(rates(world)) == 3
    assert alice.post(place("rates_paste"), {"lines": " "}).status_code == 400
    assert alice.post(place("rates_paste"), {"file": SimpleUploadedFile("rates.xls", b"\xd0\xcf\x11\xe0")}).status_code == 400


def test_what_lacks_a_rate(signed_in: SignedIn, world: World) -> None:
    """Danish deals before March, a Norwegian one, half of a cost, and a contract."""
    ExchangeRate.objects.create(organisation=world.org, currency="DKK", day=MARCH, rate="0.134")
    danish = (("2024-01-10", "2024-02-10", "100"), ("2024-02-01", "2024-02-10", "50"), ("2024-02-20", "2024-03-02", "7"))
    for opened, closed, amount in danish:
        factories.deal(
            world.org, world.bob, opened_on=dt.date.fromisoformat(opened), closed_on=dt.date.fromisoformat(closed), status="won",
            amount=amount, currency="DKK",
        )
    factories.deal(world.org, world.cesar, opened_on=MARCH, amount="9", currency="NOK")
    Cost.objects.create(
        organisation=world.org, category="tool", amount=200, currency="DKK", starts_on=dt.date(2024, 2, 20), ends_on=dt.date(2024, 3, 11)
    )
    Contract.objects.create(organisation=world.org, customer=world.acme, starts_on=MARCH, yearly_amount=1200, currency="NOK")
    found = {
        (one.kind, one.currency): (one.records, one.days, str(one.first), str(one.last), one.amount)
        for one in lacking(world.scope("alice"))
    }
    assert found == {
        ("won deals, when they closed", "DKK"): (2, 1, "2024-02-10", "2024-02-10", 150),
        ("deals, when they opened", "DKK"): (3, 3, "2024-01-10", "2024-02-20", 157),
        ("deals, when they opened", "NOK"): (1, 1, "2024-03-01", "2024-03-01", 9),
        ("costs, on their days", "DKK"): (1, 10, "2024-02-20", "2024-02-29", 100),
        ("contracts, when they start", "NOK"): (1, 1, "2024-03-01", "2024-03-01", 1200),
    }
    assert {(one.kind, one.currency) for one in lacking(world.scope("bob"))} == {
        ("won deals, when they closed", "DKK"), ("deals, when they opened", "DKK"),
    }
    page = text(signed_in("alice").get(ADDRESS))
    assert "Money is left out: 5 gaps in the rates" in page
    assert "3 days, 10 Jan 2024 – 20 Feb 2024" in page
    assert 'value="2024-01-10"' in text(signed_in("alice").get(ADDRESS + "?currency=DKK&day=2024-01-10"))


def test_another_base_currency_turns_rates_and_goals_round(signed_in: SignedIn, world: World) -> None:
    alice = signed_in("alice")
    refused = alice.post(place("currencies_change"), {"base_currency": "EUR", "display_currency": "EUR"})
    assert "leave it empty" in text(refused)
    for currency, day, rate in (("SEK", "2024-01-01", "0.1"), ("USD", "2023-06-01", "0.9"), ("USD", "2024-02-01", "0.8")):
        ExchangeRate.objects.create(organisation=world.org, currency=currency, day=day, rate=rate)
    revenue = factories.goal(world.org, "revenue", world.org, MARCH, dt.date(2024, 4, 1), 1000)
    calls = factories.goal(world.org, "calls", world.org, MARCH, dt.date(2024, 4, 1), 1000)
    Goal.objects.filter(pk=revenue.pk).update(
        stretch=1200, baseline=800, result="950.5", steps=[["2024-03-01", "900"], ["2024-03-10", "1000"]],
    )
    version = revenue.versions.create(
        organisation=world.org, number=1, target=900, asks_from=MARCH, made_at=timezone.now(), shares={str(world.bob.pk): "450.25"}
    )
    taking = revenue.participants.create(organisation=world.org, rep=world.bob, share="450.25")
    answer = version.answers.create(organisation=world.org, rep=world.bob, counter=400, answered_at=timezone.now())
    default = DefaultTarget.objects.create(organisation=world.org, kpi="revenue", grain="month", target=100)
    assert "There is no rate of NOK yet" in text(alice.post(place("currencies_change"), {"base_currency": "NOK"}))
    page = alice.post(place("currencies_change"), {"base_currency": "sek", "display_currency": "USD"}, follow=True)
    assert "1 goal in money is turned round." in text(page)
    world.org.refresh_from_db()
    assert (world.org.base_currency, world.org.display_currency) == ("SEK", "USD")
    assert rates(world) == [
        ("EUR", "2024-01-01", Decimal(10)), ("USD", "2024-01-01", Decimal(9)), ("USD", "2024-02-01", Decimal(8)),
    ]
    revenue.refresh_from_db()
    assert (revenue.target, revenue.stretch, revenue.baseline, revenue.result) == (10_000, 12_000, 8_000, 9_505)
    assert [target for _, target in revenue.asked_since] == [9_000, 10_000]
    for row in (version, taking, answer, default):
        row.refresh_from_db()
    assert (version.target, version.shares, taking.share) == (9_000, {str(world.bob.pk): "4502.50"}, Decimal("4502.5"))
    assert (answer.counter, default.target) == (4_000, 1_000)
    assert Goal.objects.get(pk=calls.pk).target == 1000
    assert Deal.objects.filter(currency="EUR").exists()
    # The deals of 2023 closed before the krona had a rate: they are listed, not reckoned at some other rate.
    won = [one for one in lacking(world.scope("alice")) if one.kind == "won deals, when they closed"]
    assert [(one.currency, one.records) for one in won] == [("EUR", 1)]


def test_a_second_currency_stands_beside_the_first(signed_in: SignedIn, world: World) -> None:
    """March's revenue is 7,500 €: at the newest rate on its last day 75,000 kr. Before there is a rate, there is nothing beside it."""
    address = reverse("dashboards:organisation", kwargs={"org": "nordlys", "grain": "month", "start": "2024-03-01"}) + "?kpi=revenue"
    alice = signed_in("alice")
    assert "≈" not in text(alice.get(address))
    world.org.display_currency = "SEK"
    world.org.save()
    assert "≈" not in text(alice.get(address))
    for day, rate in (("2024-03-01", "0.2"), ("2024-03-31", "0.1"), ("2024-04-01", "0.5")):
        ExchangeRate.objects.create(organisation=world.org, currency="SEK", day=day, rate=rate)
    assert "≈ 75 000 kr" in text(alice.get(address))
    assert "≈ 75 tkr" in text(alice.get(address.replace("revenue", "deals_won")))
    assert 'title="≈ 40 tkr"' in text(alice.get(address))  # Malmö's 4,000 € on the leaderboard
    assert ">≈ 75 tkr</small>" in text(alice.get(address + "&part=all"))
    assert "≈" not in text(alice.get(address.replace("2024-03-01", "2024-02-01")))
