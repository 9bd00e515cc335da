"""The terms of a goal beside its target, and the rules that they must keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from django.utils.translation import gettext

from goals.kinds import is_counted, kinds_of, wants_less
from goals.models import Distribution, Goal, Kind
from kpi_tracker import formats
from kpi_tracker.errors import InvalidInput
from kpi_tracker.kpis.metrics import AnyKpi, RatioKpi
from kpi_tracker.periods import Period

LEAST_GROWTH, MOST_GROWTH = Decimal("-0.99"), Decimal(10)
LARGEST_TARGET = Decimal(10) ** 13


@dataclass(frozen=True, slots=True)
class Terms:
    """What a goal says beside KPI, scope, period and target; see Goal for what each means.

    growth: for goals that grow; their target then follows from the baseline. baseline: its period; the usual one where None.
    stretch_growth: of such goals the stretch, in the same way.
    """

    kind: Kind = Kind.REACH
    stretch: Decimal | None = None
    growth: Decimal | None = None
    stretch_growth: Decimal | None = None
    baseline: Period | None = None
    distribution: Distribution = Distribution.WORKING_DAYS
    shape: Mapping[str, str] = field(default_factory=dict)
    prorated: bool = False
    carries_over: bool = False


def terms_of(goal: Goal) -> Terms:
    return Terms(
        kind=Kind(goal.kind), stretch=goal.stretch, growth=goal.growth, baseline=goal.baseline_period,
        distribution=Distribution(goal.distribution), shape=goal.shape, prorated=goal.prorated, carries_over=goal.carries_over,
    )


def stretch_growth(goal: Goal) -> Decimal | None:
    """A stretch as growth over the goal's baseline, as its form shows it."""
    return round(goal.stretch / goal.baseline - 1, 6) if goal.stretch is not None and goal.baseline else None


def check_kind(kpi: AnyKpi, terms: Terms) -> None:
    if terms.kind is not Kind.REACH and terms.kind not in kinds_of(kpi):
        message = gettext("This kind of goal does not fit %(kpi)s: choose another one.") % {"kpi": kpi.label}
        raise InvalidInput(message, field="kind", code="kind_does_not_fit")
    if terms.kind is Kind.GROWTH and terms.growth is None:
        raise InvalidInput(gettext("Say by how many percent it should grow."), field="growth", code="growth_missing")
    for name, growth in (("growth", terms.growth), ("stretch", terms.stretch_growth)):
        if growth is None:
            continue
        if growth.is_finite() and LEAST_GROWTH <= growth <= MOST_GROWTH:
            if name == "growth" and growth != round(growth, 4):
                raise InvalidInput(gettext("Give growth with two decimals at most."), field=name, code="too_many_decimals")
            continue
        message = gettext("Growth must lie between %(least)s and %(most)s.") % {
            "least": formats.percent(LEAST_GROWTH), "most": formats.percent(MOST_GROWTH),
        }
        raise InvalidInput(message, field=name, code="growth_out_of_range")
    if terms.distribution is not Distribution.WORKING_DAYS and not kpi.adds_up:
        message = gettext("%(kpi)s does not add up over time, so there is nothing to spread.") % {"kpi": kpi.label}
        raise InvalidInput(message, field="distribution", code="nothing_to_spread")


def check_amount(kpi: AnyKpi, amount: Decimal, field: str, *, least: Decimal | None = None) -> None:
    """A target, a stretch or a share, in the KPI's unit; least: the smallest that is allowed, more than 0 if left out."""
    if not amount.is_finite() or (amount <= 0 if least is None else amount < least):
        raise InvalidInput(gettext("The target must be more than 0."), field=field, code="target_not_positive")
    if amount >= LARGEST_TARGET:
        raise InvalidInput(gettext("That target is too large."), field=field, code="target_too_large")
    if is_counted(kpi) and amount != amount.to_integral_value():
        message = gettext("%(kpi)s are counted: the target must be a whole number.") % {"kpi": kpi.label}
        raise InvalidInput(message, field=field, code="target_not_whole")
    if amount != round(amount, 4):
        raise InvalidInput(gettext("The target has too many decimals."), field=field, code="too_many_decimals")
    if isinstance(kpi, RatioKpi) and kpi.share and amount > 1:
        raise InvalidInput(gettext("%(kpi)s cannot be more than 100 %%.") % {"kpi": kpi.label}, field=field, code="over_100_percent")


def check_stretch(kpi: AnyKpi, kind: Kind, stretch: Decimal | None, target: Decimal) -> None:
    """The stretch lies beyond the target, on its good side."""
    if stretch is None:
        return
    check_amount(kpi, stretch, "stretch")
    less = wants_less(kind, kpi)
    if less and stretch >= target:
        raise InvalidInput(gettext("The stretch must be less than the target."), field="stretch", code="stretch_not_beyond")
    if not less and stretch <= target:
        raise InvalidInput(gettext("The stretch must be more than the target."), field="stretch", code="stretch_not_beyond")
