"""Rules that the catalogue must meet, run as Django system checks; all findings come together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from django.core import checks
from django.core.exceptions import FieldDoesNotExist

from kpi_tracker.kpis.catalogue import CATALOGUE
from kpi_tracker.kpis.measures import Agg, Measure, Unit
from kpi_tracker.kpis.metrics import AnyKpi, GrowthKpi, RatioKpi, SimpleKpi, measures_of


def keys_are_unique(kpis: tuple[AnyKpi, ...]) -> Iterator[str]:
    for key, times in Counter(kpi.key for kpi in kpis).items():
        if times > 1:
            yield f"{key}: declared {times} times"


def a_measure_key_means_one_measure(kpis: tuple[AnyKpi, ...]) -> Iterator[str]:
    known: dict[str, Any] = {}
    for kpi in kpis:
        for measure in measures_of(kpi):
            if known.setdefault(measure.key, measure) is not measure:
                yield f"{kpi.key}: the measure key {measure.key} is declared twice"


def measures_name_real_fields(kpis: tuple[AnyKpi, ...]) -> Iterator[str]:
    for kpi in kpis:
        for measure in measures_of(kpi):
            for path in dict.fromkeys((measure.day, measure.rep, measure.converted_on)):
                try:
                    _follow(measure.fact.model, path)
                except FieldDoesNotExist:
                    yield f"{kpi.key}: {measure.fact} has no field {path}"


def _follow(model: Any, path: str) -> None:
    """Raises where the path of fields leads nowhere."""
    for name in path.split("__"):
        model = model._meta.get_field(name.removesuffix("_id")).related_model


def sums_name_a_quantity(kpis: tuple[AnyKpi, ...]) -> Iterator[str]:
    for kpi in kpis:
        for measure in measures_of(kpi):
            if (measure.agg is Agg.SUM) != (measure.quantity is not None):
                yield f"{kpi.key}: {measure.key} must have a quantity if, and only if, it is a sum"


def firsts_agree(kpis: tuple[AnyKpi, ...]) -> Iterator[str]:
    known: dict[str, Measure] = {}
    for kpi in kpis:
        for measure in measures_of(kpi):
            if measure.once is not None:
                first = known.setdefault(measure.once.key, measure)
                if (first.once, first.where, first.requires) != (measure.once, measure.where, measure.requires):
                    yield f"{kpi.key}: {measure.key} and {first.key} tell the first by the same key and do not mean the same records"


def units_fit(kpis: tuple[AnyKpi, ...]) -> Iterator[str]:
    for kpi in kpis:
        match kpi:
            case SimpleKpi() if kpi.unit is not kpi.measure.unit:
                yield f"{kpi.key}: its unit is not its term's"
            case RatioKpi() if kpi.unit not in (Unit.PERCENT, Unit.TIMES, kpi.numerator.unit):
                yield f"{kpi.key}: its unit is not its numerator's"
            case GrowthKpi() if kpi.unit is not Unit.PERCENT:
                yield f"{kpi.key}: growth is a percentage"


RULES: tuple[Callable[[tuple[AnyKpi, ...]], Iterator[str]], ...] = (
    keys_are_unique,
    a_measure_key_means_one_measure,
    measures_name_real_fields,
    sums_name_a_quantity,
    firsts_agree,
    units_fit,
)


@checks.register("kpis")
def catalogue_is_sound(**_kwargs: Any) -> list[checks.CheckMessage]:
    return [checks.Error(finding, id=f"kpis.{rule.__name__}") for rule in RULES for finding in rule(CATALOGUE)]
