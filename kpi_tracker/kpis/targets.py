"""Targets that KPIs are set against. Who keeps the goals says here where to find them: this layer knows of none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.periods import Period

# Of a KPI (its key), for all subjects of a kind in exactly each period: the target of each subject's id.
Targets = Mapping[Period, Mapping[int, Decimal]]
TargetSource = Callable[[Organisation, str, SubjectKind, Sequence[Period]], Targets]

_sources: list[TargetSource] = []


def register(source: TargetSource) -> None:
    _sources[:] = [source]


def targets(organisation: Organisation, kpi: str, kind: SubjectKind, periods: Sequence[Period]) -> Targets:
    """For each period the targets by the subject's id (0 for the organisation), in the KPI's unit; those without any may be missing."""
    return _sources[0](organisation, kpi, kind, periods) if _sources else {}
