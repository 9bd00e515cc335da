"""Each rule over the catalogue finds what it is there for."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from django.core import checks as django_checks

from kpi_tracker.errors import InvalidInput
from kpi_tracker.kpis import checks, registry
from kpi_tracker.kpis.catalogue import AVERAGE_DEAL_VALUE, CALLS, CATALOGUE, REVENUE, SALES_GROWTH
from kpi_tracker.kpis.measures import Agg, Fact, Measure, Quantity, Unit
from kpi_tracker.kpis.metrics import AnyKpi
from kpi_tracker.orgs.models import Organisation

ACTIVITY = {"fact": Fact.ACTIVITY, "day": "occurred_on", "rep": "rep_id"}


def calls(**changes: Any) -> AnyKpi:
    """The KPI of calls, declared a little wrong."""
    measure = Measure(**{"key": "other", **ACTIVITY, **changes})
    return dataclasses.replace(CALLS, key="other", measure=measure, unit=measure.unit)


def test_the_catalogue_is_sound() -> None:
    assert checks.catalogue_is_sound() == []
    assert django_checks.run_checks(tags=["kpis"]) == []


@pytest.mark.parametrize(("rule", "wrong"), [
    (checks.keys_are_unique, dataclasses.replace(CALLS)),
    (checks.a_measure_key_means_one_measure, calls(key="calls")),
    (checks.measures_name_real_fields, calls(day="happened_on")),
    (checks.measures_name_real_fields, calls(rep="seller_id")),
    (checks.sums_name_a_quantity, calls(agg=Agg.SUM)),
    (checks.sums_name_a_quantity, calls(quantity=Quantity.AMOUNT)),
    (checks.units_fit, dataclasses.replace(REVENUE, unit=Unit.COUNT)),
    (checks.units_fit, dataclasses.replace(AVERAGE_DEAL_VALUE, unit=Unit.DAYS)),
    (checks.units_fit, dataclasses.replace(SALES_GROWTH, unit=Unit.MONEY)),
], ids=lambda case: getattr(case, "__name__", ""))
def test_a_wrong_declaration_is_found(rule: Any, wrong: AnyKpi) -> None:
    assert list(rule(CATALOGUE)) == []
    (finding,) = rule((*CATALOGUE, wrong))
    assert finding.startswith(wrong.key)


def test_every_kpi_says_what_it_is() -> None:
    for kpi in registry.built_in():
        assert str(kpi.label)
        assert str(kpi.clock)
        assert str(kpi.description).endswith(".")
        assert registry.kpi(kpi.key, Organisation(id=1)) is kpi


@pytest.mark.django_db
def test_an_unknown_kpi_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput) as refused:
        registry.kpi("hit_rate", Organisation(id=1))
    assert refused.value.code == "unknown_kpi"
    assert "hit_rate" in refused.value.message
    assert "win_rate" in refused.value.message
