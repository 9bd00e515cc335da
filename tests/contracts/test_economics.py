"""Traps of costs and contracts."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

from kpi_tracker.orgs.models import ExchangeRate
from kpi_tracker.sales.models import Contract, Cost, Customer
from tests import factories
from tests.contracts.asking import day, figure, value
from tests.contracts.conftest import Company

YEAR = ("2024-01-01", "2025-01-01")


def cost(company: Company, amount: str, start: str, end: str, **fields: Any) -> Cost:
    fields.setdefault("currency", "EUR")
    return Cost.objects.create(
        organisation=company.org, category="salary", amount=Decimal(amount), starts_on=day(start), ends_on=day(end), **fields
    )


def contract(customer: Customer, start: str, end: str | None, **fields: Any) -> Contract:
    return Contract.objects.create(
        organisation=customer.organisation, customer=customer, starts_on=day(start), ends_on=None if end is None else day(end),
        **{"yearly_amount": Decimal(1000), "currency": "EUR", "margin": Decimal("0.5")} | fields,
    )


def test_the_months_of_a_cost_sum_up_to_the_cost(company: Company) -> None:
    """100 euros over the 366 days of 2024, to the cent; a refund too."""
    for amount in ("100.00", "-0.01"):
        cost(company, amount, *YEAR)
    months = [f"2024-{month:02}-01" for month in range(1, 13)] + ["2025-01-01"]
    parts = [figure(company.org, "cac", start, end).numerator for start, end in pairwise(months)]
    assert sum(parts, Decimal(0)) == figure(company.org, "cac", *YEAR).numerator == Decimal("99.99")
    assert parts[1] < parts[0]  # February is shorter


def test_costs_without_new_customers_have_no_price_each(company: Company) -> None:
    cost(company, "100", *YEAR)
    found = figure(company.org, "cac", *YEAR)
    assert (found.value, found.numerator, found.denominator) == (None, 100, 0)


def test_a_cost_abroad_follows_the_rates_of_its_days(company: Company) -> None:
    for on, worth in (("2024-03-02", "0.1"), ("2024-03-04", "0.25")):
        ExchangeRate.objects.create(organisation=company.org, currency="SEK", day=day(on), rate=Decimal(worth))
    cost(company, "50", "2024-03-01", "2024-03-06", currency="SEK")
    assert figure(company.org, "cac", *YEAR).numerator == Decimal("7.00")


def test_a_renewed_contract_is_no_customer_lost(company: Company) -> None:
    """Touching and overlapping contracts go on; a day between them is the end of one stretch."""
    acme, beta, coda = (factories.customer(company.org, name, company.ada) for name in ("Acme", "Beta", "Coda"))
    contract(acme, "2023-06-01", "2024-06-01")
    contract(acme, "2024-06-01", None)
    contract(beta, "2023-06-01", "2024-06-01")
    contract(beta, "2024-05-01", "2025-06-01")
    contract(coda, "2023-06-01", "2024-06-01")
    again = contract(coda, "2024-06-02", None)
    assert value(company.org, "churn_rate", *YEAR) == Decimal(1) / 3
    Contract.objects.filter(pk=again.pk).update(starts_on=day("2024-06-01"))
    assert value(company.org, "churn_rate", *YEAR) == 0


def test_a_contract_that_will_end_is_not_lost_yet(company: Company) -> None:
    contract(factories.customer(company.org, "Acme", company.ada), "2023-06-01", "2024-06-01")
    assert value(company.org, "churn_rate", *YEAR, today="2024-05-31") == 0
    assert value(company.org, "churn_rate", *YEAR, today="2024-06-01") == 1


def test_without_churn_a_lifetime_is_capped_and_says_so(company: Company) -> None:
    contract(factories.customer(company.org, "Acme", company.ada), "2023-01-01", None)
    found = figure(company.org, "clv", *YEAR)
    assert (found.value, found.capped) == (2500, True)


def test_customers_lost_before_anybody_was_there_make_no_lifetime_of_zero(company: Company) -> None:
    acme, beta = (factories.customer(company.org, name, company.ada) for name in ("Acme", "Beta"))
    contract(acme, "2024-03-01", "2024-06-01")
    contract(beta, "2024-03-01", None)
    found = figure(company.org, "clv", *YEAR)
    assert (found.value, found.capped) == (2500, True)


def test_a_contract_without_margin_is_left_out_of_both_parts(company: Company) -> None:
    acme, beta = (factories.customer(company.org, name, company.ada) for name in ("Acme", "Beta"))
    contract(acme, "2023-01-01", None)
    contract(beta, "2023-01-01", None, margin=None)
    assert value(company.org, "clv", *YEAR) == 2500
