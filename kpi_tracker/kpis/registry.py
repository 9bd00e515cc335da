"""Look-up of KPIs and measures: what the catalogue declares, and what the organisation defined itself."""

from __future__ import annotations

from kpi_tracker.errors import InvalidInput
from kpi_tracker.kpis.catalogue import CATALOGUE
from kpi_tracker.kpis.measures import Measure
from kpi_tracker.kpis.metrics import AnyKpi, measures_of
from kpi_tracker.kpis.models import KpiSetting
from kpi_tracker.kpis.own import own_kpis
from kpi_tracker.orgs.kept import kept
from kpi_tracker.orgs.models import Organisation


def built_in() -> tuple[AnyKpi, ...]:
    return CATALOGUE


def kpis_of(organisation: Organisation) -> tuple[AnyKpi, ...]:
    """The catalogue, then the organisation's own KPIs that are switched on."""
    return (*built_in(), *own_kpis(organisation))


def kpi(key: str, organisation: Organisation) -> AnyKpi:
    """Raises InvalidInput where the organisation has no such KPI."""
    for found in built_in():
        if found.key == key:
            return found
    for own in own_kpis(organisation):
        if own.key == key:
            return own
    known = ", ".join(one.key for one in kpis_of(organisation))
    raise InvalidInput(f"There is no KPI {key!r}; known are {known}.", field="kpi", code="unknown_kpi")


def settings_of(organisation: Organisation) -> tuple[KpiSetting, ...]:
    """What the organisation changed about built-in KPIs, by their place among the cards."""
    return kept(organisation, ("KPI settings",), lambda: tuple(KpiSetting.objects.filter(organisation=organisation)))


def measures_kept(organisation: Organisation) -> tuple[Measure, ...]:
    """Every measure that has cells in this organisation."""
    return tuple({measure.key: measure for kpi in kpis_of(organisation) for measure in measures_of(kpi)}.values())
