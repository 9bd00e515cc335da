"""Splitting a target into parts that add up to it. Pure and exact: nothing is lost and nothing is made up."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

ZERO = Decimal(0)
ONE = Decimal(1)
# From the coarsest on: a whole target is split into whole parts, one with cents into cents.
STEPS = (ONE, Decimal("0.01"), Decimal("0.0001"))


def step_of(target: Decimal) -> Decimal:
    """The coarsest step that `target` is a multiple of."""
    return next((step for step in STEPS if target % step == 0), STEPS[-1])


def split(
    target: Decimal, weights: Mapping[int, Decimal], *, locked: Mapping[int, Decimal] | None = None, step: Decimal | None = None
) -> dict[int, Decimal]:
    """The target by member, in proportion to `weights` (none below 0; where all are 0 they count alike), in multiples of `step`.

    The parts add up to the target exactly, whatever the order of the members: what rounding leaves goes to the largest remainders.
    Members in `locked` keep their amount, and the others share the rest. There are two cases in which the parts cannot add up: where
    the locked ones alone pass the target the others get 0, and where all are locked they stay as they are.
    A target that is no multiple of `step` leaves less than a step over, which goes to the first of the largest remainders.
    """
    locked = locked or {}
    step = step or step_of(target)
    shares = {member: weight for member, weight in weights.items() if member not in locked}
    found = {member: amount for member, amount in locked.items() if member in weights}
    rest = max(target - sum(found.values(), ZERO), ZERO)
    if not shares:
        return found
    if not any(shares.values()):
        shares = dict.fromkeys(shares, ONE)
    return found | _apportion(rest, shares, step)


def _apportion(rest: Decimal, shares: Mapping[int, Decimal], step: Decimal) -> dict[int, Decimal]:
    """By the largest remainder; of equal remainders the larger weight is served first, then the lower number."""
    steps = int(rest // step)
    total = sum(shares.values(), ZERO)
    scale = Decimal(10) ** -min(_exponent(share) for share in shares.values())
    whole = {member: int(share * scale) for member, share in shares.items()}  # in whole numbers no division rounds
    of_all = int(total * scale)
    counts = {member: steps * share // of_all for member, share in whole.items()}
    order = sorted(whole, key=lambda member: (-(steps * whole[member] % of_all), -whole[member], member))
    for member in order[: steps - sum(counts.values())]:
        counts[member] += 1
    parts = {member: count * step for member, count in counts.items()}
    parts[order[0]] += rest - steps * step
    return parts


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return min(exponent, 0) if isinstance(exponent, int) else 0
