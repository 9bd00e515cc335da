"""Traps of sums and quotients. Each is a number that some program got wrong."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from kpi_tracker.kpis import facts, registry
from kpi_tracker.kpis.metrics import measures_of
from kpi_tracker.orgs.models import ExchangeRate
from kpi_tracker.sales.models import Deal
from tests import factories
from tests.contracts.asking import day, figure, table, value
from tests.contracts.conftest import Company

YEAR = ("2024-01-01", "2025-01-01")


def won(company: Company, amount: str | None, on: str = "2024-03-05", **fields: Any) -> Deal:
    fields.setdefault("opened_on", day("2024-01-10"))
    return factories.deal(company.org, fields.pop("by", company.ada), closed_on=day(on), status="won", amount=amount, **fields)


def lost(company: Company, on: str = "2024-03-05", amount: str = "0", **fields: Any) -> Deal:
    return factories.deal(
        company.org, fields.pop("by", company.ada), opened_on=day("2024-01-10"), closed_on=day(on), status="lost", amount=amount, **fields
    )


def rate(company: Company, currency: str, on: str, worth: str) -> None:
    ExchangeRate.objects.create(organisation=company.org, currency=currency, day=day(on), rate=Decimal(worth))


def test_equal_rows_all_count(company: Company) -> None:
    for _ in range(3):
        won(company, "100.10")
    assert figure(company.org, "revenue", *YEAR).value == Decimal("300.30")
    assert figure(company.org, "revenue", *YEAR).count == 3
    assert value(company.org, "deals_won", *YEAR) == 3


def test_a_ratio_is_the_ratio_of_sums(company: Company) -> None:
    """January 1 of 1, February 1 of 4: the quarter is 2 of 5, not the mean of 100 % and 25 %; so too for two reps."""
    won(company, "10", "2024-01-31", by=company.ada)
    won(company, "10", "2024-02-01", by=company.bo)
    for _ in range(3):
        lost(company, "2024-02-29", by=company.bo)
    assert figure(company.org, "win_rate", "2024-01-01", "2024-04-01").value == Decimal(2) / 5
    assert value(company.org, "win_rate", "2024-02-01", "2024-03-01", of=company.north) == Decimal(1) / 4
    assert value(company.org, "win_rate", *YEAR, of=company.north) == Decimal(2) / 5


def test_lost_deals_stay_out_of_the_average_deal_value(company: Company) -> None:
    won(company, "100")
    won(company, "50")
    lost(company, amount="0")
    lost(company, amount="9999")
    assert value(company.org, "average_deal_value", *YEAR) == 75


def test_a_won_deal_without_amount_is_no_zero(company: Company) -> None:
    """It counts as won, stays out of revenue and of the average, and is listed; a deal of zero is a deal."""
    bare = won(company, None)
    won(company, "100")
    assert figure(company.org, "average_deal_value", *YEAR).value == 100
    assert value(company.org, "deals_won", *YEAR) == 2
    revenue = registry.kpi("revenue", company.org)
    (lacking, rows), *_ = facts.left_out(measures_of(revenue)[0], company.org)
    assert (str(lacking.reason), list(rows)) == ("no amount", [bare])
    won(company, "0")
    assert figure(company.org, "average_deal_value", *YEAR).value == 50


@pytest.mark.parametrize("kpi", ["win_rate", "average_deal_value", "sales_cycle_days"])
def test_a_denominator_of_zero_gives_no_value(company: Company, kpi: str) -> None:
    found = figure(company.org, kpi, *YEAR)
    assert (found.value, found.numerator, found.denominator, found.median) == (None, 0, 0, None)


def test_only_lost_deals_are_a_win_rate_of_zero(company: Company) -> None:
    lost(company)
    assert value(company.org, "win_rate", *YEAR) == 0


def test_no_revenue_is_zero(company: Company) -> None:
    found = figure(company.org, "revenue", *YEAR)
    assert (found.value, found.count) == (0, 0)


def test_negative_amounts_subtract(company: Company) -> None:
    won(company, "100")
    won(company, "-30.50")
    assert value(company.org, "revenue", *YEAR) == Decimal("69.50")
    assert figure(company.org, "average_deal_value", *YEAR).value == Decimal("34.75")


def test_amounts_that_cancel_still_are_deals(company: Company) -> None:
    won(company, "100")
    won(company, "-100")
    assert figure(company.org, "revenue", *YEAR).value == 0
    assert figure(company.org, "revenue", *YEAR).count == 2
    assert figure(company.org, "average_deal_value", *YEAR).value == 0


def test_doubling_every_amount_doubles_revenue(company: Company) -> None:
    for amount in ("0.01", "33.33", "-7.77", "123456789.99"):
        won(company, amount)
    before = value(company.org, "revenue", *YEAR)
    assert before is not None
    for deal in Deal.objects.all():
        Deal.objects.filter(pk=deal.pk).update(amount=deal.amount * 2)
    assert value(company.org, "revenue", *YEAR) == 2 * before


def test_large_amounts_are_exact(company: Company) -> None:
    for amount in ("9999999999999.99", "0.01", "0.02"):
        won(company, amount)
    assert value(company.org, "revenue", *YEAR) == Decimal("10000000000000.02")


def test_an_amount_is_converted_at_the_newest_rate_of_its_closing_day(company: Company) -> None:
    rate(company, "SEK", "2024-01-01", "0.09")
    rate(company, "SEK", "2024-03-05", "0.10")
    rate(company, "SEK", "2024-03-06", "99")
    won(company, "1000", "2024-03-04", currency="SEK")
    won(company, "1000", "2024-03-05", currency="SEK")
    assert value(company.org, "revenue", "2024-03-04", "2024-03-05") == 90
    assert value(company.org, "revenue", "2024-03-05", "2024-03-06") == 100


def test_a_missing_rate_is_never_one(company: Company) -> None:
    """The deal is won all the same, and listed as lacking a rate."""
    early = won(company, "1000", "2024-03-04", currency="SEK")
    rate(company, "SEK", "2024-03-05", "0.1")
    dollars = won(company, "7", currency="USD")
    found = figure(company.org, "revenue", *YEAR)
    assert (found.value, found.count) == (0, 0)
    assert value(company.org, "deals_won", *YEAR) == 2
    revenue = measures_of(registry.kpi("revenue", company.org))[0]
    lacking = {str(need.reason): set(rows) for need, rows in facts.left_out(revenue, company.org)}
    assert lacking == {"no amount": set(), "no exchange rate on that day": {early, dollars}}


@pytest.mark.parametrize(("amount", "worth", "expected"), [
    ("0.01", "0.5", "0.01"), ("0.03", "0.5", "0.02"), ("-0.01", "0.5", "-0.01"), ("0.01", "0.49999999", "0.00"),
    ("1.15", "1", "1.15"), ("53.50", "0.05", "2.68"), ("20.10", "0.05", "1.01"), ("33.33", "0.08765432", "2.92"),
    ("1000000.01", "11.12345678", "11123456.89"),
])
def test_each_amount_is_rounded_half_up_to_cents(company: Company, amount: str, worth: str, expected: str) -> None:
    """By deal, in decimals: binary floats would give 2.67 and 1.00."""
    rate(company, "SEK", "2024-01-01", worth)
    won(company, amount, currency="SEK")
    won(company, amount, currency="SEK")
    assert value(company.org, "revenue", *YEAR) == 2 * Decimal(expected)


def test_the_cycle_starts_at_first_contact_else_at_opening(company: Company) -> None:
    won(company, "1", "2024-03-11", first_contact_on=day("2024-03-01"), opened_on=day("2024-03-09"))
    won(company, "1", "2024-03-11", first_contact_on=None, opened_on=day("2024-03-09"))
    won(company, "1", "2024-03-11", first_contact_on=day("2024-03-11"))
    backwards = won(company, "1", "2024-03-11", first_contact_on=day("2024-03-12"), opened_on=day("2024-03-01"))
    unknown = won(company, "1", "2024-03-11", opened_on=None)
    lost(company, "2024-03-11")
    found = figure(company.org, "sales_cycle_days", *YEAR)
    assert (found.value, found.median, found.denominator) == (4, 2, 3)
    lacking = [list(rows) for _, rows in facts.left_out(measures_of(registry.kpi("sales_cycle_days", company.org))[0], company.org)]
    assert lacking == [[unknown], [backwards]]


def test_the_median_of_an_even_number_lies_between(company: Company) -> None:
    for start in ("2024-03-10", "2024-03-08", "2024-03-01", "2024-01-01"):
        won(company, "1", "2024-03-11", opened_on=day(start))
    assert figure(company.org, "sales_cycle_days", *YEAR).median == Decimal("6.5")
    by_rep = table(company.org, "sales_cycle_days", [YEAR], by="rep")
    assert by_rep[YEAR[0], company.ada.id].median == Decimal("6.5")


def test_another_organisations_records_and_rates_change_nothing(company: Company) -> None:
    other = factories.organisation("solvind")
    ExchangeRate.objects.create(organisation=other, currency="SEK", day=day("2024-01-01"), rate=Decimal(5))
    elsewhere = factories.rep(other, "Ada", factories.team(other, "North"))
    factories.deal(other, elsewhere, opened_on=None, closed_on=day("2024-03-05"), status="won", amount="77")
    won(company, "1", currency="SEK")
    won(company, "10")
    assert value(company.org, "revenue", *YEAR) == 10
    assert value(other, "revenue", *YEAR) == 77
