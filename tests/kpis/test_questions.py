"""A KPI is asked only of whom it is measured for, broken down only by what its records know."""

from __future__ import annotations

import datetime as dt
from itertools import product

import pytest

from kpi_tracker.errors import InvalidInput
from kpi_tracker.kpis import engine
from kpi_tracker.kpis.measures import Dimension
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.kpis.query import KpiQuery
from kpi_tracker.kpis.registry import built_in
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.periods import Period
from kpi_tracker.rollups import reader
from tests import factories
from tests.kpis.questions import askable

pytestmark = pytest.mark.django_db
MARCH = Period(dt.date(2024, 3, 1), dt.date(2024, 4, 1))


@pytest.fixture
def org() -> Organisation:
    return factories.organisation()


@pytest.mark.parametrize(("kind", "by"), list(product(SubjectKind, [None, *Dimension])))
def test_what_is_not_measured_is_refused(org: Organisation, kind: SubjectKind, by: Dimension | None) -> None:
    asked = askable(kind, by)
    for kpi in (kpi for kpi in built_in() if kpi.key not in asked):
        for source in (engine, reader):
            with pytest.raises(InvalidInput) as refused:
                source.ask(org, KpiQuery(kpis=(kpi.key,), subject=Subject(kind, 1), spans=(MARCH,), by=by), today=MARCH.last)
            assert refused.value.code in ("scope_not_measured", "not_broken_down")


@pytest.mark.parametrize("key", ["cac", "clv", "clv_to_cac", "revenue_per_inbound_lead", "churn_rate"])
def test_nobody_is_measured_on_what_only_the_organisation_has(key: str) -> None:
    assert [kind for kind in SubjectKind if key in askable(kind, None)] == [SubjectKind.ORGANISATION]
    assert not [by for by in Dimension if key in askable(SubjectKind.ORGANISATION, by)]


def test_stages_break_down_the_conversion_between_them() -> None:
    by_stage = askable(SubjectKind.ORGANISATION, Dimension.STAGE)
    assert {"stage_conversion", "revenue", "win_rate"} <= set(by_stage)
    assert not {"calls", "open_pipeline", "weighted_pipeline", "inbound_leads"} & set(by_stage)
