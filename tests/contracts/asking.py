"""Asks for one figure in every way there is; all must give the same."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from kpi_tracker.kpis import engine
from kpi_tracker.kpis.measures import Dimension
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.kpis.query import KpiQuery, KpiValue
from kpi_tracker.orgs.models import Organisation, Rep, Team
from kpi_tracker.periods import Period
from kpi_tracker.rollups import reader
from kpi_tracker.rollups.builder import refresh_fully
from kpi_tracker.sales.models import Customer
from tests.kpis.questions import goal_rows
from tests.oracle.agreement import differences
from tests.oracle.world import read

LATER = dt.date(2030, 1, 1)
KINDS = {Team: SubjectKind.TEAM, Rep: SubjectKind.REP, Customer: SubjectKind.CUSTOMER}


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def subject_of(who: Any) -> Subject:
    return Subject(SubjectKind.ORGANISATION) if isinstance(who, Organisation) else Subject(KINDS[type(who)], who.id)


def period(start: str, end: str) -> Period:
    return Period(day(start), day(end))


def table(
    org: Organisation, kpi: str, spans: list[tuple[str, str]], *, of: Any = None, by: str | None = None, today: str = "2030-01-01"
) -> dict[Any, KpiValue]:
    """From the records, from cells before and after a refresh, and as the oracle says; keys are (start of span, member)."""
    query = KpiQuery(
        kpis=(kpi,), subject=subject_of(of or org), spans=tuple(period(*span) for span in spans), medians=True,
        by=Dimension(by) if by else None,
    )
    on = day(today)
    found = engine.ask(org, query, today=on)
    assert reader.ask(org, query, today=on) == found, "read while cells are dirty"
    refresh_fully(org)
    assert reader.ask(org, query, today=on) == found, "read from cells"
    assert differences(read(org.id, goal_rows(org)), query, found, today=on) == []
    return {(span.start.isoformat(), member): value for (_, span, member), value in found.items()}


def figure(org: Organisation, kpi: str, start: str, end: str, *, of: Any = None, today: str = "2030-01-01") -> KpiValue:
    return table(org, kpi, [(start, end)], of=of, today=today)[start, None]


def value(org: Organisation, kpi: str, start: str, end: str, *, of: Any = None, today: str = "2030-01-01") -> Decimal | None:
    return figure(org, kpi, start, end, of=of, today=today).value
