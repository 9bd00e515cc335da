"""What a goal may want of a KPI, and which side of its target is the good one. Pure."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from goals.models import Kind
from kpi_tracker.kpis.measures import Unit
from kpi_tracker.kpis.metrics import AnyKpi, Direction, GrowthKpi, RatioKpi


def kinds_of(kpi: AnyKpi) -> tuple[Kind, ...]:
    """The kinds that fit, the most usual first. REACH, on the KPI's own better side, is understood of every KPI besides."""
    down = kpi.direction is Direction.DOWN
    if isinstance(kpi, GrowthKpi):
        return (Kind.ABOVE, Kind.BELOW)
    if kpi.adds_up:
        return (Kind.BELOW, Kind.GROWTH) if down else (Kind.REACH, Kind.GROWTH, Kind.BELOW)
    return (Kind.BELOW, Kind.ABOVE, Kind.GROWTH) if down else (Kind.ABOVE, Kind.BELOW, Kind.GROWTH)


def as_offered(kind: Kind, kpi: AnyKpi) -> Kind:
    """REACH by the name under which it is offered for this KPI."""
    return kinds_of(kpi)[0] if kind is Kind.REACH else kind


def wants_less(kind: Kind, kpi: AnyKpi) -> bool:
    """Whether the goal is met at its target and below it."""
    match kind:
        case Kind.ABOVE:
            return False
        case Kind.BELOW:
            return True
        case Kind.REACH | Kind.GROWTH:
            return kpi.direction is Direction.DOWN


def is_counted(kpi: AnyKpi) -> bool:
    """Whether only whole numbers can be reached."""
    return kpi.unit is Unit.COUNT and not isinstance(kpi, RatioKpi)


def step_of(kpi: AnyKpi) -> Decimal:
    """The smallest step of the KPI's targets, in its unit: one, a hundredth of the currency, or what is stored."""
    if is_counted(kpi):
        return Decimal(1)
    return Decimal("0.01") if kpi.unit is Unit.MONEY else Decimal("0.0001")


def grown(baseline: Decimal, growth: Decimal, kpi: AnyKpi) -> Decimal:
    """baseline × (1 + growth), never asking for less than that: rounded up to the KPI's smallest step, down where less is better."""
    down, step = wants_less(Kind.GROWTH, kpi), step_of(kpi)
    exact = baseline * (1 + growth) / step
    return max(exact.to_integral_value(rounding=ROUND_FLOOR if down else ROUND_CEILING), Decimal(1)) * step
