"""Stage changes as other systems kept them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from kpi_tracker.orgs.models import Organisation
from kpi_tracker.sales.models import Deal, Stage, StageChange
from kpi_tracker.sales.records import Kind, StageChangeRecord
from kpi_tracker.sales.services import RecordProblems, deal_move_stage, organisation_open
from tests import factories
from tests.sales.upserts import DAY, NOW, counts, deal, upsert

pytestmark = pytest.mark.django_db


@pytest.fixture
def org() -> Organisation:
    made = organisation_open(name="Nordlys", slug="nordlys")
    factories.rep(made, "Anna")
    factories.rep(made, "Bo")
    return made


def moment(day: int, hour: int = 9) -> dt.datetime:
    return dt.datetime(2026, 5, day, hour, 30, tzinfo=dt.UTC)


def change(stage: str, at: dt.datetime, external_id: str = "", **fields: Any) -> StageChangeRecord:
    return StageChangeRecord(**{"external_id": external_id, "deal_id": "d1", "stage": stage, "changed_at": at, **fields})


def chain() -> list[tuple[str | None, str, dt.date]]:
    return list(StageChange.objects.order_by("changed_at", "id").values_list("from_stage__name", "to_stage__name", "changed_on"))


def test_a_history_by_ids(org: Organisation) -> None:
    upsert(org, Kind.DEALS, deal(stage="Proposal", owner="Anna"))
    records = [change("Proposal", moment(8), "h2", rep="Bo"), change("Prospect", moment(4), "h1"), change("Qualified", moment(6), "h3")]
    assert counts(upsert(org, Kind.STAGE_CHANGES, *records)) == (3, 0, 0)
    assert chain() == [
        (None, "Prospect", dt.date(2026, 5, 4)), ("Prospect", "Qualified", dt.date(2026, 5, 6)),
        ("Qualified", "Proposal", dt.date(2026, 5, 8)),
    ]
    assert list(StageChange.objects.order_by("external_id").values_list("rep__name", flat=True)) == ["Anna", "Bo", "Anna"]
    assert counts(upsert(org, Kind.STAGE_CHANGES, *records)) == (0, 0, 3)
    late = change("Qualified", dt.datetime(2026, 5, 10, 22, 30, tzinfo=dt.UTC), "h3")
    assert counts(upsert(org, Kind.STAGE_CHANGES, late)) == (0, 1, 0)
    assert chain() == [
        (None, "Prospect", dt.date(2026, 5, 4)), ("Prospect", "Proposal", dt.date(2026, 5, 8)),
        ("Proposal", "Qualified", dt.date(2026, 5, 11)),
    ]
    assert Deal.objects.get().stage.name == "Proposal"  # history does not move the deal


def test_a_history_without_ids_is_known_by_deal_stage_and_moment(org: Organisation) -> None:
    upsert(org, Kind.DEALS, deal(stage="Proposal"))
    hours = [("Qualified", 9), ("Proposal", 11), ("Qualified", 9), ("Qualified", 14)]
    records = [change(stage, moment(6, hour)) for stage, hour in hours]
    assert counts(upsert(org, Kind.STAGE_CHANGES, *records)) == (3, 0, 0)
    assert counts(upsert(org, Kind.STAGE_CHANGES, *records)) == (0, 0, 3)
    # With ids, later: the same changes.
    again = [change("Qualified", moment(6), "h1"), change("Proposal", moment(6, 11), "h2")]
    assert counts(upsert(org, Kind.STAGE_CHANGES, *again)) == (0, 2, 0)
    assert counts(upsert(org, Kind.STAGE_CHANGES, *again)) == (0, 0, 2)
    assert StageChange.objects.count() == 3


def test_it_takes_the_place_of_a_change_of_which_only_the_day_was_known(org: Organisation) -> None:
    upsert(org, Kind.DEALS, deal(stage="Won", closed_on=dt.date(2026, 5, 8)))
    assert chain() == [(None, "Won", dt.date(2026, 5, 8))]
    records = [change("Qualified", moment(4)), change("Won", moment(8)), change("Won", moment(8, 15))]
    assert counts(upsert(org, Kind.STAGE_CHANGES, *records)) == (2, 1, 0)
    assert counts(upsert(org, Kind.STAGE_CHANGES, *records)) == (0, 0, 3)
    assert [(name, at) for name, at in StageChange.objects.order_by("changed_at").values_list("to_stage__name", "changed_at")] == [
        ("Qualified", moment(4)), ("Won", moment(8)), ("Won", moment(8, 15)),
    ]


def test_it_joins_the_moves_made_here(org: Organisation) -> None:
    upsert(org, Kind.DEALS, deal(stage="Prospect"))
    deal_move_stage(deal=Deal.objects.get(), stage=Stage.objects.get(organisation=org, name="Won"), at=NOW)
    assert counts(upsert(org, Kind.STAGE_CHANGES, change("Won", NOW, "h1"), change("Proposal", moment(12), "h2"))) == (1, 1, 0)
    assert chain() == [
        (None, "Prospect", DAY), ("Prospect", "Proposal", dt.date(2026, 5, 12)), ("Proposal", "Won", dt.date(2026, 5, 20)),
    ]


def test_a_deal_counts_as_qualified_from_its_first_qualified_stage(org: Organisation) -> None:
    upsert(org, Kind.DEALS, deal(stage="Prospect"), deal(stage="Prospect", external_id="d2"))
    records = [change("Proposal", moment(9)), change("Qualified", moment(7)), change("Prospect", moment(5), deal_id="d2")]
    upsert(org, Kind.STAGE_CHANGES, *records)
    assert dict(Deal.objects.values_list("external_id", "qualified_on")) == {"d1": dt.date(2026, 5, 7), "d2": None}


def test_what_is_wrong_is_told(org: Organisation) -> None:
    upsert(org, Kind.DEALS, deal())
    with pytest.raises(RecordProblems) as caught:
        upsert(
            org, Kind.STAGE_CHANGES, change("Won", moment(4), "h1", deal_id="d9"), change("", moment(4), "h2"),
            change("Won", moment(4), "h3", rep="Nobody"), change("Won", dt.datetime(221, 5, 4, tzinfo=dt.UTC), "h4"),
            change("Won", moment(4), ""), change("Won", moment(5), "h6", deal_id=""), may_lead_nowhere=frozenset({"deal_id"}),
        )
    assert [(problem.index, problem.field) for problem in caught.value.problems] == [
        (0, "deal_id"), (1, "stage"), (2, "rep"), (3, "changed_at"), (5, "deal_id"),
    ]
    assert StageChange.objects.count() == 0


def test_stages_are_those_of_the_deals_own_pipeline(org: Organisation) -> None:
    upsert(org, Kind.DEALS, deal(pipeline="Renewals", stage="Talk"))
    upsert(org, Kind.STAGE_CHANGES, change("Talk", moment(4)), change("Signed, won", moment(6)))
    assert set(StageChange.objects.values_list("to_stage__pipeline__name", "to_stage__kind")) == {("Renewals", "open"), ("Renewals", "won")}


def test_the_number_of_queries_does_not_grow_with_the_records(org: Organisation, django_assert_max_num_queries: Any) -> None:
    upsert(org, Kind.DEALS, *[deal(external_id=f"d{number}") for number in range(200)])
    records = [change("Won", moment(9), f"h{number}", deal_id=f"d{number}") for number in range(200)]
    with django_assert_max_num_queries(25):
        assert upsert(org, Kind.STAGE_CHANGES, *records).created == 200
