"""The drawn organisations are worth drawing: each KPI often has a value that says something."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any, ClassVar

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from tests.oracle.figures import FIGURES, Slice
from tests.oracle.world import Row, World, read
from tests.oracle.worlds import BUSY, build, examples, sketches

WORLDS = 40
SPANS = [
    (dt.date(2024, 1, 1), dt.date(2025, 1, 1)), (dt.date(2024, 3, 1), dt.date(2024, 4, 1)), (dt.date(2024, 2, 1), dt.date(2024, 3, 1)),
]


class DrawnWorlds(TestCase):
    telling: ClassVar[Counter[str]] = Counter()

    @examples(WORLDS)
    @given(sketch=sketches(), today=st.sampled_from([*BUSY, dt.date(2024, 3, 28), dt.date(2024, 4, 10), dt.date(2025, 6, 1)]))
    def check_one(self, sketch: dict[str, Any], today: dt.date) -> None:
        world = read(build(sketch, "nordlys").organisation.id, [goal(span) for span in SPANS])
        for key in FIGURES:
            self.telling[key] += any(tells(world, key, span, today) for span in SPANS)

    def test_every_kpi_often_has_a_value(self) -> None:
        self.check_one()
        rare = {key: self.telling[key] for key in FIGURES if self.telling[key] < WORLDS / 10}
        assert not rare, rare


def tells(world: World, key: str, span: tuple[dt.date, dt.date], today: dt.date) -> bool:
    return FIGURES[key](Slice(world, ("organisation", 0), None, span, today)).value not in (None, 0)


def goal(span: tuple[dt.date, dt.date]) -> Row:
    return {
        "kpi": "revenue", "kind": "reach", "subject_kind": "organisation", "team_id": None, "rep_id": None, "customer_id": None,
        "starts_on": span[0], "ends_on": span[1], "target": 100000,
    }
