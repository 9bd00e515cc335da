"""Distributions of where a period ends. Pure, and without drawing at random."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist

STANDARD = NormalDist()
BAND = 0.8
# How many earlier periods the estimate of the noise weighs as much as.
PRIOR_PERIODS = 4
# How far off rates are beyond the noise, as a share: with an earlier period to learn from, and without.
DRIFT, DRIFT_UNKNOWN = 0.12, 0.45
# One earlier period that was off by more than this many deviations counts as off by as many.
MOST_DEVIATIONS = 1.7


@dataclass(frozen=True, slots=True)
class Spread:
    """Where the period ends: `base` and what is still to come, whose root is normal if `rooted` (it cannot be negative), else itself.

    middle, deviation: of that normal distribution. floor: what is there already, today's records included. whole: records are
    counted, so that only whole numbers come up. top: a share ends at 1.
    """

    base: float
    middle: float
    deviation: float
    rooted: bool
    whole: bool = False
    floor: float = -math.inf
    top: float = math.inf

    @property
    def median(self) -> float:
        return self.quantile(0.5)

    @property
    def band(self) -> tuple[float, float]:
        """Four of five ends lie within."""
        return self.quantile((1 - BAND) / 2), self.quantile((1 + BAND) / 2)

    def quantile(self, part: float) -> float:
        found = self.middle + STANDARD.inv_cdf(part) * self.deviation
        end = self.base + (max(found, 0.0) ** 2 if self.rooted else found)
        return min(max(float(round(end)) if self.whole else end, self.floor), self.top)

    def chance(self, target: float) -> float:
        """How likely it is to end at `target` or above; never rises with the target."""
        if target <= self.floor:
            return 1.0
        if target > self.top:
            return 0.0
        more = target - self.base - (0.5 if self.whole else 0.0)
        if self.rooted and more <= 0:
            return 1.0
        missing = (math.sqrt(more) if self.rooted else more) - self.middle
        if not self.deviation:
            return float(missing <= 0)
        return STANDARD.cdf(-missing / self.deviation)

    def chance_at_most(self, limit: float) -> float:
        """How likely it is to end at `limit` or below."""
        return 1 - self.chance(limit + 1 if self.whole else math.nextafter(limit, math.inf))


def widened(errors: Iterable[float], expected: float) -> float:
    """The deviation to reckon with: the one expected from the noise, corrected by the errors of earlier periods.

    With few of them it is wider by as much as a t distribution is wider than a normal one.
    """
    most = MOST_DEVIATIONS * expected
    squares = [min(abs(error), most) ** 2 for error in errors]
    freedom = PRIOR_PERIODS + len(squares)
    deviation = math.sqrt((PRIOR_PERIODS * expected**2 + sum(squares)) / freedom)
    return deviation * _t_over_normal(freedom)


def _t_over_normal(freedom: int) -> float:
    """The edge of the band of Student's t over that of the normal distribution, by the first terms of its expansion."""
    z = STANDARD.inv_cdf((1 + BAND) / 2)
    return 1 + (z**2 + 1) / (4 * freedom) + (5 * z**4 + 16 * z**2 + 3) / (96 * freedom**2)
