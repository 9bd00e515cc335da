"""Traps of who gets the credit, and of counting a company once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from kpi_tracker.orgs.models import TeamAssignment, TeamPlacement
from kpi_tracker.sales.models import Activity, Deal, Lead
from tests import factories
from tests.contracts.asking import day, table, value
from tests.contracts.conftest import Company

YEAR = ("2024-01-01", "2025-01-01")


def won(company: Company, by: Any, on: str = "2024-03-05", amount: str = "10", **fields: Any) -> Deal:
    return factories.deal(company.org, by, opened_on=day("2024-01-10"), closed_on=day(on), status="won", amount=amount, **fields)


def held(company: Company, by: Any, on: str, **fields: Any) -> Activity:
    return factories.activity(company.org, by, day(on), "meeting", outcome="reached", **fields)


def inbound(company: Company, on: str, /, **fields: Any) -> Lead:
    return factories.lead(company.org, fields.pop("by", company.ada), day(on), direction="inbound", **fields)


def test_a_deal_keeps_its_credit_when_its_owner_changes(company: Company) -> None:
    deal = won(company, company.ada)
    deal.owner = company.cy
    deal.save()
    assert value(company.org, "revenue", *YEAR, of=company.ada) == 10
    assert value(company.org, "revenue", *YEAR, of=company.cy) == 0
    assert value(company.org, "opportunities_created", *YEAR, of=company.cold) == 1
    assert value(company.org, "deals_won", *YEAR, of=company.south) == 0


def test_who_opened_and_who_closed_are_two(company: Company) -> None:
    won(company, company.ada, opened_by=company.bo, closed_by=company.cy)
    assert value(company.org, "opportunities_created", *YEAR, of=company.bo) == 1
    assert value(company.org, "deals_won", *YEAR, of=company.cy) == 1
    assert [value(company.org, kpi, *YEAR, of=company.ada) for kpi in ("opportunities_created", "deals_won")] == [0, 0]


def test_a_rep_who_moved_keeps_history_with_the_old_team(company: Company) -> None:
    won(company, company.ada, "2024-03-05")
    won(company, company.ada, "2024-03-06", amount="5")
    TeamAssignment.objects.filter(rep=company.ada).update(valid_to=day("2024-03-06"))
    TeamAssignment.objects.create(organisation=company.org, rep=company.ada, team=company.south, valid_from=day("2024-03-06"))
    assert value(company.org, "revenue", *YEAR, of=company.cold) == 10
    assert value(company.org, "revenue", *YEAR, of=company.south) == 5
    assert value(company.org, "revenue", *YEAR, of=company.ada) == 15


def test_a_move_corrected_for_the_past_moves_history(company: Company) -> None:
    """Cells are there already when the date is corrected."""
    won(company, company.ada, "2024-03-05")
    assert value(company.org, "revenue", *YEAR, of=company.north) == 10
    TeamAssignment.objects.filter(rep=company.ada).update(valid_from=day("2024-03-06"))
    assert value(company.org, "revenue", *YEAR, of=company.north) == 0
    assert value(company.org, "revenue", *YEAR) == 10


def test_a_team_has_the_teams_below_it(company: Company) -> None:
    won(company, company.ada)
    won(company, company.bo, amount="3")
    assert value(company.org, "revenue", *YEAR, of=company.north) == 13
    company.cold.parent = company.south
    company.cold.save()
    assert value(company.org, "revenue", *YEAR, of=company.north) == 3
    assert value(company.org, "revenue", *YEAR, of=company.south) == 10


def test_a_team_that_moved_in_the_tree_counts_below_each_team_for_its_days(company: Company) -> None:
    """Cold stood below North until June and below South since: North's teams add up, and Cold has all of it by itself."""
    TeamPlacement.objects.create(organisation=company.org, team=company.cold, parent=company.south, valid_from=day("2024-06-01"))
    won(company, company.ada, "2024-05-31")
    won(company, company.ada, "2024-06-01", amount="200")
    assert value(company.org, "revenue", *YEAR, of=company.north) == 10
    assert value(company.org, "revenue", *YEAR, of=company.south) == 200
    assert value(company.org, "revenue", *YEAR, of=company.cold) == 210
    for above, amount in ((company.north, 10), (company.south, 200)):
        by_team = table(company.org, "revenue", [YEAR], of=above, by="team")
        assert by_team[YEAR[0], company.cold.id].value == amount
        by_rep = table(company.org, "revenue", [YEAR], of=above, by="rep")
        assert by_rep[YEAR[0], company.ada.id].value == amount


def test_reps_add_up_to_their_team_and_teams_with_the_rest_to_the_organisation(company: Company) -> None:
    """Ada moved from Cold to South in between; within North she counts for the days on which she was there."""
    TeamAssignment.objects.filter(rep=company.ada).update(valid_to=day("2024-06-01"))
    TeamAssignment.objects.create(organisation=company.org, rep=company.ada, team=company.south, valid_from=day("2024-06-01"))
    for amount, (who, on) in enumerate([
        (company.ada, "2024-03-05"), (company.ada, "2024-07-01"), (company.bo, "2024-03-05"), (company.cy, "2024-12-31"),
        (company.di, "2024-02-29"), (company.unassigned, "2024-03-05"),
    ]):
        won(company, who, on, amount=str(2**amount))
    north = table(company.org, "revenue", [YEAR], of=company.north, by="rep")
    assert {member: found.value for (_, member), found in north.items()} == {company.ada.id: 1, company.bo.id: 4}
    assert value(company.org, "revenue", *YEAR, of=company.north) == 5
    assert value(company.org, "revenue", *YEAR, of=company.south) == 2 + 8
    by_rep = table(company.org, "revenue", [YEAR], by="rep")
    assert sum((found.numerator for found in by_rep.values()), Decimal(0)) == value(company.org, "revenue", *YEAR) == 63
    by_team = table(company.org, "revenue", [YEAR], by="team")
    assert by_team[YEAR[0], company.north.id].value == 5


def test_records_without_a_rep_count_for_the_organisation(company: Company) -> None:
    won(company, company.unassigned)
    assert value(company.org, "revenue", *YEAR) == 10
    assert value(company.org, "revenue", *YEAR, of=company.unassigned) == 10
    assert not table(company.org, "revenue", [YEAR], by="team")


def test_a_customers_team_figures_are_the_customers_only(company: Company) -> None:
    """Asked for one customer or one rep, a team is not given the others' records."""
    acme, beta = (factories.customer(company.org, name, company.ada) for name in ("Acme", "Beta"))
    won(company, company.ada, customer=acme)
    won(company, company.bo, amount="100", customer=beta)
    by_team = table(company.org, "revenue", [YEAR], of=acme, by="team")
    assert {member: found.value for (_, member), found in by_team.items()} == {company.north.id: 10, company.cold.id: 10}
    of_ada = table(company.org, "revenue", [YEAR], of=company.ada, by="team")
    assert {member: found.value for (_, member), found in of_ada.items()} == {company.north.id: 10, company.cold.id: 10}


def test_the_first_meeting_with_a_company_is_one_whoever_held_it(company: Company) -> None:
    acme, beta = (factories.customer(company.org, name, company.ada) for name in ("Acme", "Beta"))
    held(company, company.ada, "2024-03-05", customer=acme)
    held(company, company.cy, "2024-03-06", customer=acme)
    held(company, company.cy, "2024-03-06", customer=beta)
    held(company, company.cy, "2024-03-06")  # with nobody known: neither a first nor a later one
    factories.activity(company.org, company.cy, day("2024-01-02"), "meeting", outcome="no_show", customer=beta)
    assert value(company.org, "first_meetings_held", *YEAR) == 2
    assert value(company.org, "first_meetings_held", *YEAR, of=company.cy) == 1
    assert value(company.org, "follow_up_meetings_held", *YEAR) == 1
    assert value(company.org, "follow_up_meetings_held", *YEAR, of=company.cy) == 1


def test_two_meetings_on_one_day_are_a_first_and_a_later_one(company: Company) -> None:
    acme = factories.customer(company.org, "Acme", company.ada)
    held(company, company.ada, "2024-03-05", customer=acme)
    held(company, company.ada, "2024-03-05", customer=acme)
    assert value(company.org, "first_meetings_held", *YEAR) == 1
    assert value(company.org, "follow_up_meetings_held", *YEAR) == 1


def test_a_late_record_of_an_earlier_meeting_moves_the_first(company: Company) -> None:
    """The cells of the meeting that was first until then are corrected too, though nobody touched it."""
    acme = factories.customer(company.org, "Acme", company.ada)
    held(company, company.cy, "2024-03-06", customer=acme)
    assert value(company.org, "first_meetings_held", *YEAR, of=company.cy) == 1
    earlier = held(company, company.ada, "2023-12-29", customer=acme)
    assert value(company.org, "first_meetings_held", *YEAR, of=company.cy) == 0
    assert value(company.org, "follow_up_meetings_held", *YEAR, of=company.south) == 1
    earlier.delete()
    assert value(company.org, "first_meetings_held", *YEAR, of=company.south) == 1


def test_a_new_customer_is_new_once(company: Company) -> None:
    acme = factories.customer(company.org, "Acme", company.ada)
    first = won(company, company.ada, "2024-03-05", customer=acme)
    won(company, company.cy, "2024-05-05", customer=acme)
    won(company, company.cy, "2024-05-05")
    assert value(company.org, "new_customers", *YEAR) == 1
    assert value(company.org, "new_customers", *YEAR, of=company.cy) == 0
    Deal.objects.filter(pk=first.pk).update(status="lost")
    assert value(company.org, "new_customers", *YEAR, of=company.cy) == 1
    assert value(company.org, "new_customers", *YEAR, of=company.ada) == 0


@pytest.mark.parametrize(("again", "expected"), [("2024-01-10", 1), ("2024-04-08", 1), ("2024-04-09", 2), ("2025-01-01", 2)])
def test_an_inbound_company_counts_once_in_90_days(company: Company, again: str, expected: int) -> None:
    """10 January is the first of the 90 days, 8 April 2024 the last."""
    inbound(company, "2024-01-10", company="Acme  Ltd")
    inbound(company, again, company="ACME ltd", by=company.cy)
    assert value(company.org, "inbound_leads", "2024-01-01", "2026-01-01") == expected
    assert value(company.org, "inbound_leads", "2024-01-01", "2026-01-01", of=company.cy) == expected - 1


def test_inbound_leads_of_unnamed_companies_all_count(company: Company) -> None:
    for _ in range(3):
        inbound(company, "2024-01-10")
    assert value(company.org, "inbound_leads", *YEAR) == 3


def test_an_outbound_lead_hides_no_inbound_one(company: Company) -> None:
    factories.lead(company.org, company.ada, day("2024-01-10"), company="Acme")
    inbound(company, "2024-01-11", company="Acme")
    assert value(company.org, "inbound_leads", *YEAR) == 1


def test_a_removed_inbound_lead_lets_the_next_one_count(company: Company) -> None:
    first = inbound(company, "2024-01-10", company="Acme")
    inbound(company, "2024-03-10", company="Acme", by=company.cy)
    assert value(company.org, "inbound_leads", *YEAR, of=company.cy) == 0
    Lead.objects.filter(pk=first.pk).delete()
    assert value(company.org, "inbound_leads", *YEAR, of=company.cy) == 1


def test_a_lead_is_qualified_on_the_first_day(company: Company) -> None:
    lead = factories.lead(company.org, company.ada, day("2024-01-10"), qualified_on=day("2024-02-29"))
    Lead.objects.filter(pk=lead.pk).update(status="lost interest", converted_on=day("2024-05-01"))
    assert value(company.org, "qualified_leads", "2024-02-01", "2024-03-01") == 1
    assert value(company.org, "qualified_leads", *YEAR) == 1
