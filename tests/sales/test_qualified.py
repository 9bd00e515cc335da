"""Since when a deal counts as a qualified opportunity, and when its lead became a customer."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from kpi_tracker.orgs.models import Organisation
from kpi_tracker.sales.models import Deal, Lead, Stage
from kpi_tracker.sales.records import DealRecord, Kind, LeadRecord
from kpi_tracker.sales.services import RecordProblems, deal_move_stage, organisation_open
from tests.sales.upserts import DAY, NOW, TODAY, counts, deal, upsert

pytestmark = pytest.mark.django_db
CLOSED = dt.date(2026, 5, 11)


@pytest.fixture
def org() -> Organisation:
    """Its stages: Prospect (not qualified), Qualified, Proposal, Won, Lost."""
    return organisation_open(name="Nordlys", slug="nordlys")


def since(**fields: Any) -> dt.date | None:
    return Deal.objects.get(**fields).qualified_on


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"stage": "Prospect"}, None),
        ({"stage": "Qualified"}, DAY),
        ({"stage": "Qualified", "opened_on": None}, TODAY),
        ({"stage": "Qualified", "opened_on": None, "stage_changed_at": dt.datetime(2026, 5, 7, 23, tzinfo=dt.UTC)}, dt.date(2026, 5, 8)),
        ({"stage": "Made by this record"}, DAY),
        ({"stage": "Won", "closed_on": CLOSED}, DAY),
        ({"stage": "Won", "closed_on": CLOSED, "opened_on": None}, CLOSED),
        ({"stage": "Lost", "closed_on": CLOSED}, DAY),
        ({"stage": "Lost", "closed_on": CLOSED, "opened_on": None}, None),
        ({"stage": "Prospect", "qualified_on": dt.date(2026, 5, 6)}, dt.date(2026, 5, 6)),
        ({"stage": "Won", "closed_on": CLOSED, "qualified_on": dt.date(2026, 5, 6)}, dt.date(2026, 5, 6)),
    ],
)
def test_a_new_deal(org: Organisation, fields: dict[str, Any], expected: dt.date | None) -> None:
    upsert(org, Kind.DEALS, deal(**fields))
    assert since() == expected
    assert counts(upsert(org, Kind.DEALS, deal(**fields))) == (0, 0, 1)


def test_it_is_set_once_by_the_first_qualified_stage(org: Organisation) -> None:
    upsert(org, Kind.DEALS, deal(stage="Prospect"))
    upsert(org, Kind.DEALS, deal(stage="Qualified", stage_changed_at=dt.datetime(2026, 5, 8, 10, tzinfo=dt.UTC)))
    assert since() == dt.date(2026, 5, 8)
    upsert(org, Kind.DEALS, deal(stage="Proposal"))
    upsert(org, Kind.DEALS, deal(stage="Prospect"))
    upsert(org, Kind.DEALS, deal(stage="Won", closed_on=CLOSED))
    assert since() == dt.date(2026, 5, 8)
    upsert(org, Kind.DEALS, deal(stage="Won", closed_on=CLOSED, qualified_on=DAY))
    assert since() == DAY


def test_a_deal_that_was_never_qualified(org: Organisation) -> None:
    upsert(org, Kind.DEALS, deal(stage="Prospect"), deal(stage="Prospect", external_id="d2"))
    upsert(org, Kind.DEALS, deal(stage="Lost", closed_on=CLOSED), deal(stage="Won", closed_on=CLOSED, external_id="d2"))
    assert since(external_id="d1") is None
    assert since(external_id="d2") == CLOSED
    upsert(org, Kind.DEALS, deal(stage="Qualified"))
    assert since(external_id="d1") == TODAY


def test_moves_by_hand(org: Organisation) -> None:
    upsert(org, Kind.DEALS, *[deal(stage="Prospect", external_id=name) for name in ("lost", "won", "open")])
    stages = {stage.name.lower(): stage for stage in Stage.objects.filter(organisation=org)}
    deal_move_stage(deal=Deal.objects.get(external_id="lost"), stage=stages["lost"], at=NOW)
    deal_move_stage(deal=Deal.objects.get(external_id="won"), stage=stages["won"], at=NOW, closed_on=CLOSED)
    deal_move_stage(deal=Deal.objects.get(external_id="open"), stage=stages["proposal"], at=NOW)
    assert dict(Deal.objects.values_list("external_id", "qualified_on")) == {"lost": None, "won": CLOSED, "open": TODAY}


def lead(**fields: Any) -> LeadRecord:
    return LeadRecord(**{"external_id": "l1", "company": "Acme", "created_on": dt.date(2026, 4, 1), **fields})


def test_a_deal_converts_its_lead_on_its_opening_day(org: Organisation) -> None:
    upsert(org, Kind.LEADS, lead(), lead(external_id="l2"), lead(external_id="l3", converted_on=dt.date(2026, 4, 2)))
    records = [
        deal(lead_id="l1", opened_on=dt.date(2026, 5, 9)), deal(external_id="d2", lead_id="l1"), deal(external_id="d3", lead_id="l3"),
        deal(external_id="d4", lead_id="l2", opened_on=None, stage="Won", closed_on=CLOSED),
    ]
    assert counts(upsert(org, Kind.DEALS, *records)) == (4, 0, 0)
    converted = {"l1": DAY, "l2": CLOSED, "l3": dt.date(2026, 4, 2)}
    assert dict(Lead.objects.values_list("external_id", "converted_on")) == converted
    assert counts(upsert(org, Kind.DEALS, *records)) == (0, 0, 4)
    # Leads that come again without a day of their own leave it.
    assert counts(upsert(org, Kind.LEADS, lead(status="old", given=frozenset({"status"})), lead(external_id="l2"))) == (0, 1, 1)
    assert dict(Lead.objects.values_list("external_id", "converted_on")) == converted


def test_a_deal_that_does_not_speak_of_its_lead_leaves_it_alone(org: Organisation) -> None:
    upsert(org, Kind.LEADS, lead())
    upsert(org, Kind.DEALS, deal(lead_id="l1"))
    Lead.objects.update(converted_on=None)
    upsert(org, Kind.DEALS, DealRecord(external_id="d1", name="Bigger", stage="", given=frozenset({"name"})))
    assert (Lead.objects.get().converted_on, Deal.objects.get().lead) == (None, Lead.objects.get())


def test_a_lead_that_is_not_there(org: Organisation) -> None:
    with pytest.raises(RecordProblems, match="no lead with the id l9"):
        upsert(org, Kind.DEALS, deal(lead_id="l9"))
    summary = upsert(org, Kind.DEALS, deal(external_id="d0"), deal(lead_id="l9"), may_lead_nowhere=frozenset({"lead_id"}))
    assert [(problem.index, problem.field) for problem in summary.left_empty] == [(1, "lead_id")]
    assert Deal.objects.get(external_id="d1").lead is None


def test_the_company_of_a_lead_is_told_after_every_write(org: Organisation) -> None:
    upsert(org, Kind.LEADS, lead())
    assert Lead.objects.get().company_key == "acme"
    upsert(org, Kind.LEADS, lead(company="  ÅKERI  ab", given=frozenset({"company"})))
    assert Lead.objects.get().company_key == "åkeri ab"
    upsert(org, Kind.LEADS, lead(company="", customer="Åkeri AB", given=frozenset({"customer"})))
    found = Lead.objects.get()
    assert found.company_key == f"#{found.customer_id}"
    upsert(org, Kind.LEADS, lead(company="ß" * 200, external_id="l2"))
    assert Lead.objects.get(external_id="l2").company_key == "s" * 210
