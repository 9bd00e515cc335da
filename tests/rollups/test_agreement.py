"""Cells, reference engine and oracle against each other while a drawn organisation is edited."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from kpi_tracker.kpis import engine
from kpi_tracker.kpis.measures import Dimension
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.rollups import reader
from kpi_tracker.rollups.builder import refresh, refresh_fully
from kpi_tracker.rollups.models import DirtyBucket, RollupCell
from kpi_tracker.rollups.rebuilding import rebuild
from kpi_tracker.rollups.verify import verify
from tests.kpis.questions import DRAWN, goal_rows, question
from tests.oracle.agreement import differences
from tests.oracle.world import read
from tests.oracle.worlds import FIRSTS, Built, build, examples, sketches
from tests.rollups.edits import EDITS, OF_FACTS, make

STEPS = st.lists(
    st.tuples(st.lists(EDITS, min_size=2, max_size=4), DRAWN, st.sampled_from([0, 2, 10, None])), min_size=2, max_size=4
)


FACT_EDITS = st.sampled_from(["activity", "deal", "lead", "stage_change"]).flatmap(OF_FACTS.get)
WHOLE = (dt.date(2023, 12, 1), 500)
BY_REP = {
    "subject": SubjectKind.ORGANISATION, "which": 0, "by": Dimension.REP, "spans": [WHOLE], "today": dt.date(2026, 1, 1), "target": None,
}


class CellsEngineAndOracle(TestCase):
    @examples(10)
    @given(sketch=sketches(), other=sketches(3), first=DRAWN, steps=STEPS, check=st.integers(0, 3))
    def test_they_agree_after_each_step(self, sketch: Any, other: Any, first: Any, steps: Any, check: int) -> None:
        made, neighbour = build(sketch, "nordlys"), build(other, "solvind")
        all_agree(made, first)
        for each in (made, neighbour):
            refresh_fully(each.organisation)
        all_agree(made, first)
        untouched = cells(neighbour.organisation)
        for edits, drawn, limit in steps:
            for edit in edits:
                make(made, edit)
            all_agree(made, drawn)
            if limit != 0:
                _ = refresh_fully(made.organisation) if limit is None else refresh(made.organisation, limit=limit)
                all_agree(made, drawn)
        assert cells(neighbour.organisation) == untouched
        cells_are_whole(made.organisation, check=check == 0)
        all_agree(made, first)


class FirstsAndLaterOnes(TestCase):
    """An edit of one record can make another one the first, of another rep and on another day."""

    @examples(12)
    @given(sketch=sketches(0), rows=FIRSTS, edits=st.lists(FACT_EDITS, min_size=1, max_size=4))
    def test_they_follow_every_edit(self, sketch: Any, rows: Any, edits: Any) -> None:
        made = build(sketch | {"facts": rows, "stories": []}, "nordlys")
        refresh_fully(made.organisation)
        for edit in edits:
            make(made, edit)
        all_agree(made, BY_REP)
        cells_are_whole(made.organisation, check=False)
        all_agree(made, BY_REP)


def all_agree(made: Built, drawn: dict[str, Any]) -> None:
    query, today = question(made, drawn)
    world = read(made.organisation.id, goal_rows(made.organisation))
    for source in (engine, reader):
        table = source.ask(made.organisation, query, today=today)
        assert differences(world, query, table, today=today) == [], source.__name__


def cells(organisation: Organisation) -> set[tuple[Any, ...]]:
    rows = RollupCell.objects.filter(organisation=organisation).values_list(
        "scope_kind", "scope_id", "measure", "grain", "bucket", "value", "n"
    )
    found = set(rows)
    assert len(found) == len(rows)
    return found


def cells_are_whole(organisation: Organisation, *, check: bool) -> None:
    """What edits and refreshes made of the cells is what a rebuild makes of them, and (slower to see) what the records say."""
    refresh_fully(organisation)
    assert refresh(organisation) == 0
    kept = cells(organisation)
    if check:
        assert verify(organisation) == []
    rebuild(organisation)
    assert cells(organisation) == kept
    assert not DirtyBucket.objects.filter(organisation=organisation).exists()
