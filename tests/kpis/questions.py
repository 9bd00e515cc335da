"""Draws questions to ask of a drawn organisation."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import strategies as st

from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.query import Dimension, KpiQuery, Subject
from kpi_tracker.kpis.registry import all_kpis
from kpi_tracker.periods import Grain, Period
from tests.oracle.worlds import DAYS, Built

EVERY_KPI = tuple(kpi.key for kpi in all_kpis())
SPANS = st.one_of(
    st.tuples(st.sampled_from(list(Grain)), DAYS),
    st.tuples(DAYS, st.integers(1, 400)),
)
DRAWN = st.fixed_dictionaries({
    "subject": st.sampled_from(list(SubjectKind)),
    "which": st.integers(0, 4),
    "by": st.none() | st.sampled_from(list(Dimension)),
    "spans": st.lists(SPANS, min_size=1, max_size=3),
    "today": DAYS | st.integers(0, 40),
})


def question(made: Built, drawn: dict[str, Any]) -> tuple[KpiQuery, dt.date]:
    """The query that the drawn numbers stand for, and the day on which it is asked: often while the first span is running."""
    spans = []
    for first, second in drawn["spans"]:
        if isinstance(first, Grain):
            spans.append(made.organisation.calendar.bucket(first, second))
        else:
            spans.append(Period(first, first + dt.timedelta(days=second)))
    query = KpiQuery(
        kpis=EVERY_KPI, subject=subject(made, drawn["subject"], drawn["which"]), spans=tuple(dict.fromkeys(spans)), medians=True,
        by=drawn["by"],
    )
    today = drawn["today"]
    return query, spans[0].start + dt.timedelta(days=today) if isinstance(today, int) else today


def subject(made: Built, kind: SubjectKind, which: int) -> Subject:
    rows: dict[SubjectKind, list[Any]] = {
        SubjectKind.TEAM: made.teams, SubjectKind.REP: made.reps, SubjectKind.CUSTOMER: made.customers,
    }
    if kind is SubjectKind.ORGANISATION or not rows[kind]:
        return Subject(SubjectKind.ORGANISATION)
    return Subject(kind, rows[kind][which % len(rows[kind])].id)
