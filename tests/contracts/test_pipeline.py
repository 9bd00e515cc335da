"""Traps of what is open and of cohorts: late edits, running sums, moves between stages and people."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from kpi_tracker.orgs.models import ExchangeRate, TeamAssignment
from kpi_tracker.sales.models import Deal, Stage, StageChange
from tests import factories
from tests.contracts.asking import day, figure, table, value
from tests.contracts.conftest import Company

MARCH = ("2024-03-01", "2024-04-01")
YEAR = ("2024-01-01", "2025-01-01")


def opened(company: Company, on: str | None, amount: str | None = "10", **fields: Any) -> Deal:
    days = {name: day(on) for name, on in fields.items() if name.endswith("_on")}
    return factories.deal(
        company.org, fields.pop("by", company.ada), opened_on=None if on is None else day(on), amount=amount, **fields | days
    )


def entered(deal: Deal, name: str, at: str) -> StageChange:
    moment = dt.datetime.fromisoformat(f"{at}T12:00:00+00:00")
    stage = Stage.objects.get(organisation=deal.organisation, name=name)
    return StageChange.objects.create(
        organisation=deal.organisation, deal=deal, to_stage=stage, changed_at=moment, changed_on=moment.date()
    )


def test_a_stock_is_never_summed_over_days(company: Company) -> None:
    opened(company, "2024-03-05")
    opened(company, "2024-02-05", "100", status="won", closed_on="2024-03-20")
    days = table(company.org, "open_pipeline", [("2024-03-19", "2024-03-20"), ("2024-03-20", "2024-03-21"), ("2024-03-31", "2024-04-01")])
    assert [found.value for found in days.values()] == [110, 10, 10]
    assert value(company.org, "open_pipeline", *MARCH) == value(company.org, "open_pipeline", *YEAR) == 10
    assert value(company.org, "open_pipeline", "2024-02-01", "2024-03-01") == 100


def test_the_pipeline_of_the_past_follows_a_late_edit(company: Company) -> None:
    deal = opened(company, "2024-03-05")
    assert value(company.org, "open_pipeline", *MARCH, of=company.north) == 10
    Deal.objects.filter(pk=deal.pk).update(opened_on=day("2024-04-01"))
    assert value(company.org, "open_pipeline", *MARCH, of=company.north) == 0
    Deal.objects.filter(pk=deal.pk).update(opened_on=day("2023-12-01"), amount="25", owner=company.cy)
    assert value(company.org, "open_pipeline", *MARCH, of=company.north) == 0
    assert value(company.org, "open_pipeline", *MARCH, of=company.south) == 25
    deal.delete()
    assert value(company.org, "open_pipeline", *MARCH) == 0


def test_a_deal_with_two_sellers_counts_once_in_the_teams_sum(company: Company) -> None:
    """Opened by Bo, owned by Cy and closed by Ada: one deal of North's, and one of the organisation's."""
    opened(company, "2024-03-05", "100", by=company.cy, opened_by=company.bo, closed_by=company.ada, status="won", closed_on="2024-03-20")
    for kpi, amount in (("revenue", 100), ("deals_won", 1), ("opportunities_created", 1), ("win_rate", 1)):
        assert value(company.org, kpi, *MARCH, of=company.north) == amount
        assert value(company.org, kpi, *MARCH) == amount
    by_rep = table(company.org, "revenue", [MARCH], of=company.north, by="rep")
    assert sum((found.numerator for found in by_rep.values()), Decimal(0)) == 100
    assert value(company.org, "open_pipeline", "2024-03-05", "2024-03-06", of=company.north) == 100  # Ada's, who closed it
    assert value(company.org, "open_pipeline", "2024-03-05", "2024-03-06") == 100


def test_the_teams_of_an_open_deal_are_those_of_its_holder_on_the_last_day(company: Company) -> None:
    opened(company, "2024-03-05")
    TeamAssignment.objects.filter(rep=company.ada).update(valid_to=day("2024-03-31"))
    TeamAssignment.objects.create(organisation=company.org, rep=company.ada, team=company.south, valid_from=day("2024-03-31"))
    assert value(company.org, "open_pipeline", "2024-03-01", "2024-03-31", of=company.north) == 10
    assert value(company.org, "open_pipeline", *MARCH, of=company.north) == 0
    assert value(company.org, "open_pipeline", *MARCH, of=company.south) == 10


def test_foreign_currency_is_never_summed_as_base(company: Company) -> None:
    """1000 kronor are 100 euros when the deal is opened and 90 when it is won; they are never 1000, and dollars are nothing."""
    for on, worth in (("2024-01-01", "0.1"), ("2024-03-10", "0.09")):
        ExchangeRate.objects.create(organisation=company.org, currency="SEK", day=day(on), rate=Decimal(worth))
    opened(company, "2024-02-01", "1000", currency="SEK", status="won", closed_on="2024-03-20", term_months=24)
    opened(company, "2024-02-01", "7777", currency="USD")
    opened(company, "2024-02-01", "1")
    assert value(company.org, "open_pipeline", "2024-02-01", "2024-03-01") == 101
    assert value(company.org, "revenue", *MARCH) == 90
    assert value(company.org, "annual_contract_value", *MARCH) == 45
    assert figure(company.org, "open_pipeline", *YEAR).count == 1


def test_a_cohort_stays_in_the_month_in_which_it_began(company: Company) -> None:
    opened(company, "2024-03-05", status="won", closed_on="2024-06-01")
    opened(company, "2024-03-06")
    assert value(company.org, "win_rate_cohort", *MARCH) == Decimal("0.5")
    assert value(company.org, "win_rate_cohort", "2024-06-01", "2024-07-01") is None
    assert value(company.org, "win_rate", "2024-06-01", "2024-07-01") == 1


def test_a_stage_entered_twice_counts_once_and_a_skipped_one_not_at_all(company: Company) -> None:
    again, skipped = opened(company, "2024-03-01"), opened(company, "2024-03-01")
    for name, at in (("Prospect", "2024-03-01"), ("Qualified", "2024-03-02"), ("Prospect", "2024-03-03")):
        entered(again, name, at)
    entered(skipped, "Prospect", "2024-03-01")
    last = entered(skipped, "Won", "2024-03-04")
    assert figure(company.org, "stage_conversion", *MARCH).denominator == 3
    first = Stage.objects.get(organisation=company.org, name="Prospect")
    by_stage = table(company.org, "stage_conversion", [MARCH], by="stage")
    assert by_stage[MARCH[0], first.id].value == Decimal("0.5")
    Stage.objects.filter(organisation=company.org, name="Qualified").update(position=9)  # then what follows is Won
    assert table(company.org, "stage_conversion", [MARCH], by="stage")[MARCH[0], first.id].value == Decimal("0.5")
    last.delete()
    assert table(company.org, "stage_conversion", [MARCH], by="stage")[MARCH[0], first.id].value == 0


def test_a_won_deal_taken_to_another_customer_takes_the_success_of_the_meeting_along(company: Company) -> None:
    acme, beta = (factories.customer(company.org, name, company.ada) for name in ("Acme", "Beta"))
    for customer in (acme, beta):
        factories.activity(company.org, company.ada, day("2024-03-05"), "meeting", outcome="reached", customer=customer)
    deal = opened(company, "2024-03-05", customer=acme, status="won", closed_on="2024-05-01")
    opened(company, "2024-03-05", customer=acme, status="won", closed_on="2024-05-02")
    assert figure(company.org, "meeting_hit_rate", *MARCH).numerator == 2
    assert value(company.org, "contact_hit_rate", *MARCH) == Decimal("0.5")
    Deal.objects.filter(pk=deal.pk).update(customer=beta)
    assert value(company.org, "contact_hit_rate", *MARCH) == 1
    Deal.objects.filter(pk=deal.pk).update(closed_on=day("2024-03-04"))
    assert value(company.org, "meeting_hit_rate", *MARCH) == Decimal("0.5")
