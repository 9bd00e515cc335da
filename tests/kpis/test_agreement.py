"""The reference engine against the oracle, on drawn organisations."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from kpi_tracker.kpis import engine
from tests.kpis.questions import DRAWN, question
from tests.oracle.agreement import differences
from tests.oracle.world import read
from tests.oracle.worlds import build, examples, sketches


class EngineAndOracle(TestCase):
    @examples(100)
    @given(sketch=sketches(), other=sketches(3), drawn=st.lists(DRAWN, min_size=3, max_size=3))
    def test_they_agree(self, sketch: dict[str, Any], other: dict[str, Any], drawn: list[dict[str, Any]]) -> None:
        made, neighbour = build(sketch, "nordlys"), build(other, "solvind")
        for each, questions in ((made, drawn), (neighbour, drawn[:1])):
            world = read(each.organisation.id)
            for one in questions:
                query, today = question(each, one)
                table = engine.ask(each.organisation, query, today=today)
                assert differences(world, query, table, today=today) == []
