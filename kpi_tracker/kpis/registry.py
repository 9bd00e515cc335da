"""Look-up of KPIs and measures by key. Closed: what the catalogue declares is all there is."""

from __future__ import annotations

from functools import cache

from kpi_tracker.errors import InvalidInput
from kpi_tracker.kpis.catalogue import CATALOGUE
from kpi_tracker.kpis.measures import Fact, Measure
from kpi_tracker.kpis.metrics import AnyKpi, measures_of


@cache
def _kpis() -> dict[str, AnyKpi]:
    return {kpi.key: kpi for kpi in CATALOGUE}


@cache
def _measures() -> dict[str, Measure]:
    return {measure.key: measure for kpi in CATALOGUE for measure in measures_of(kpi)}


def all_kpis() -> tuple[AnyKpi, ...]:
    return CATALOGUE


def kpi(key: str) -> AnyKpi:
    try:
        return _kpis()[key]
    except KeyError:
        raise InvalidInput(f"There is no KPI {key!r}; known are {', '.join(_kpis())}.", field="kpi", code="unknown_kpi") from None


def all_measures() -> tuple[Measure, ...]:
    return tuple(_measures().values())


def measures_over(fact: Fact) -> tuple[Measure, ...]:
    return tuple(measure for measure in all_measures() if measure.fact is fact)
