"""What each participant takes on of a goal. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_FLOOR, Decimal

ZERO = Decimal(0)
Shares = dict[int, Decimal]


def evenly(total: Decimal, number: int, step: Decimal) -> list[Decimal]:
    """`number` parts of `total`, as equal as multiples of `step` can be, the larger first; together exactly `total`."""
    if not number:
        return []
    each = (total / number / step).to_integral_value(rounding=ROUND_FLOOR) * step
    rest = total - each * number
    found = [each] * number
    for place in range(number):
        more = min(step, rest)
        found[place] += more
        rest -= more
    return found


def shares(target: Decimal, typed: Mapping[int, Decimal | None], *, step: Decimal, fills: bool) -> Shares:
    """Each rep's share: what was typed, and an equal part of what is left of the target for the others (0 where nothing is).

    fills: whether the shares add up to the target; else it is asked of each in full.
    """
    if not fills:
        return {rep: target if share is None else share for rep, share in typed.items()}
    left = max(target - sum((share for share in typed.values() if share is not None), ZERO), ZERO)
    others = [rep for rep, share in typed.items() if share is None]
    equal = dict(zip(others, evenly(left, len(others), step), strict=True))
    return {rep: equal[rep] if share is None else share for rep, share in typed.items()}


def over(target: Decimal, taken: Mapping[int, Decimal]) -> Decimal:
    """How far the shares reach over the target; below 0: what nobody has taken on."""
    return sum(taken.values(), ZERO) - target
