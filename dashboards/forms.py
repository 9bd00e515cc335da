"""What may stand in the query string of the records page."""

from __future__ import annotations

import datetime as dt

from django.http import Http404, QueryDict

from kpi_tracker.errors import InvalidInput
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.periods import Period


def subject_from(query: QueryDict) -> tuple[SubjectKind, int]:
    """`organisation`, or a kind with an id, as in `team:3`."""
    kind, _, number = query.get("subject", "organisation").partition(":")
    try:
        return SubjectKind(kind), int(number or 0)
    except ValueError as wrong:
        raise Http404 from wrong


def period_from(query: QueryDict, *, otherwise: Period) -> Period:
    """`start` up to, and without, `end`."""
    if "start" not in query and "end" not in query:
        return otherwise
    try:
        return Period(dt.date.fromisoformat(query.get("start", "")), dt.date.fromisoformat(query.get("end", "")))
    except (ValueError, InvalidInput) as wrong:
        raise Http404 from wrong
