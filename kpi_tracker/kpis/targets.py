"""Targets that KPIs are set against. Who keeps the goals says here where to find them: this layer knows of none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.periods import Period

# Of a KPI (its key), for all subjects of a kind in exactly a period: the target of each subject's id.
TargetSource = Callable[[Organisation, str, SubjectKind, Period], Mapping[int, Decimal]]

_sources: list[TargetSource] = []


def register(source: TargetSource) -> None:
    _sources[:] = [source]


def targets(organisation: Organisation, kpi: str, kind: SubjectKind, period: Period) -> Mapping[int, Decimal]:
    """The targets by the subject's id (0 for the organisation), in the KPI's unit; empty where none are set."""
    return _sources[0](organisation, kpi, kind, period) if _sources else {}
