"""Draws questions to ask of a drawn organisation."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from goals.models import Goal
from kpi_tracker.kpis.measures import Dimension
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.kpis.query import KpiQuery, breaks_down
from kpi_tracker.kpis.registry import built_in
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.periods import Grain, Period
from tests.oracle.worlds import DAYS, Built

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
    "target": st.sampled_from([None, "0.01", "1000", "50000"]),
})


def question(made: Built, drawn: dict[str, Any]) -> tuple[KpiQuery, dt.date]:
    """The query that the drawn numbers stand for, and the day on which it is asked: often while the first span is running.

    Sets the targets that belong to it.
    """
    spans = []
    for first, second in drawn["spans"]:
        if isinstance(first, Grain):
            spans.append(made.organisation.calendar.bucket(first, second))
        else:
            spans.append(Period(first, first + dt.timedelta(days=second)))
    whom = subject(made, drawn["subject"], drawn["which"])
    query = KpiQuery(
        kpis=askable(whom.kind, drawn["by"]), subject=whom, spans=tuple(dict.fromkeys(spans)), medians=True, by=drawn["by"],
    )
    set_targets(made, query, drawn["target"])
    today = drawn["today"]
    return query, spans[0].start + dt.timedelta(days=today) if isinstance(today, int) else today


def askable(kind: SubjectKind, by: Dimension | None) -> tuple[str, ...]:
    """The KPIs that may be asked of such a subject, broken down so."""
    return tuple(kpi.key for kpi in built_in() if kind in kpi.subjects and (by is None or breaks_down(kpi, by)))


def set_targets(made: Built, query: KpiQuery, target: str | None) -> None:
    """A goal of revenue for whom the question is about and for those it is broken down to, in the question's first span."""
    if target is None:
        return
    rows = {Dimension.TEAM: made.teams, Dimension.REP: made.reps}.get(query.by, []) if query.by else []
    subjects = [query.subject, *(Subject(SubjectKind(query.by), row.id) for row in rows)]
    for one in subjects:
        whose = {} if one.kind is SubjectKind.ORGANISATION else {f"{one.kind}_id": one.id}
        Goal.objects.update_or_create(
            organisation=made.organisation, kpi="revenue", subject_kind=one.kind, starts_on=query.spans[0].start,
            ends_on=query.spans[0].end, **whose, defaults={"target": Decimal(target)},
        )


def goal_rows(organisation: Organisation) -> list[dict[str, Any]]:
    """The goals as the oracle takes them."""
    return [{"kind": "reach"} | row for row in Goal.objects.filter(organisation=organisation).values()]


def subject(made: Built, kind: SubjectKind, which: int) -> Subject:
    rows: dict[SubjectKind, list[Any]] = {
        SubjectKind.TEAM: made.teams, SubjectKind.REP: made.reps, SubjectKind.CUSTOMER: made.customers,
    }
    if kind is SubjectKind.ORGANISATION or not rows[kind]:
        return Subject(SubjectKind.ORGANISATION)
    return Subject(kind, rows[kind][which % len(rows[kind])].id)
