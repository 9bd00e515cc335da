"""The reference engine against the oracle, on drawn organisations."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from kpi_tracker.kpis import engine
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.kpis.query import KpiQuery
from kpi_tracker.periods import Grain
from kpi_tracker.sales.models import Deal
from tests import factories
from tests.kpis.questions import DRAWN, goal_rows, question
from tests.oracle.agreement import differences
from tests.oracle.world import read
from tests.oracle.worlds import BUSY, build, examples, sketches

FEBRUARY = st.dates(dt.date(2024, 2, 1), dt.date(2024, 2, 29))
A_YEAR_EARLIER = st.dates(dt.date(2023, 2, 1), dt.date(2023, 3, 15))
MARCH = st.dates(dt.date(2024, 3, 1), dt.date(2024, 3, 31))


class EngineAndOracle(TestCase):
    @examples(30)
    @given(sketch=sketches(), other=sketches(3), drawn=st.lists(DRAWN, min_size=3, max_size=3))
    def test_they_agree(self, sketch: dict[str, Any], other: dict[str, Any], drawn: list[dict[str, Any]]) -> None:
        made, neighbour = build(sketch, "nordlys"), build(other, "solvind")
        for each, questions in ((made, drawn), (neighbour, drawn[:1])):
            for one in questions:
                query, today = question(each, one)
                world = read(each.organisation.id, goal_rows(each.organisation))
                table = engine.ask(each.organisation, query, today=today)
                assert differences(world, query, table, today=today) == []

    @examples(50)
    @given(
        sketch=sketches(0), won=st.lists(st.sampled_from(BUSY) | FEBRUARY | A_YEAR_EARLIER, min_size=6, max_size=12),
        today=st.sampled_from(BUSY) | MARCH,
        grain=st.sampled_from([Grain.WEEK, Grain.MONTH, Grain.MONTH, Grain.QUARTER, Grain.YEAR]),
    )
    def test_growth_while_a_span_runs(self, sketch: dict[str, Any], won: list[dt.date], grain: Grain, today: dt.date) -> None:
        made = build(sketch, "nordlys")
        org, stage = made.organisation, made.stages[3]
        rep = factories.rep(org, "Eve")
        for number, on in enumerate(won):
            Deal.objects.create(
                organisation=org, name="Deal", owner=rep, stage=stage, status="won", closed_on=on, currency="EUR", amount=2**number
            )
        span = org.calendar.bucket(grain, today)
        query = KpiQuery(kpis=("sales_growth", "sales_growth_ytd"), subject=Subject(SubjectKind.ORGANISATION), spans=(span,))
        assert differences(read(org.id), query, engine.ask(org, query, today=today), today=today) == []
