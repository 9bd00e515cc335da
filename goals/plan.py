"""From what is missing back to calls: exact arithmetic over a chain of steps. Pure.

Each step needs what the step after it needs, divided by the rate between the two. Fractions keep it exact: the calls of a plan,
put through its rates again, give back the missing amount to the last cent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

# Ranges hold four of five cases: so many standard errors to each side.
Z = 1.2815515655446004
# The same for a standard error that is itself estimated, by degrees of freedom (Student's t).
T = (3.0777, 1.8856, 1.6377, 1.5332, 1.4759, 1.4398, 1.4149, 1.3968, 1.3830, 1.3722, 1.3634)
# Of fewer records a rate says little, as of fewer that brought something, and a mean of fewer amounts.
FEWEST_RECORDS, FEWEST_BROUGHT, FEWEST_AMOUNTS = 20, 3, 5
ZERO, ONE = Fraction(0), Fraction(1)
Bounds = tuple[Fraction, Fraction]


@dataclass(frozen=True, slots=True)
class Rate:
    """What `of` records of a step brought to the step after it, in its unit.

    share: what was brought is a part of those records, so that the rate is at most 1. bounds: the range that holds the true rate
    four times of five; None where the records do not tell. changed: a what-if, 1.1 for ten percent more. fewest: how many records
    it takes to plan with.
    """

    brought: Fraction
    of: int
    share: bool = False
    bounds: Bounds | None = None
    changed: Fraction = ONE
    fewest: int = FEWEST_RECORDS

    @property
    def value(self) -> Fraction | None:
        """None without records; 0 where nothing was brought."""
        return self._kept(self.brought / self.of * self.changed) if self.of else None

    @property
    def low(self) -> Fraction | None:
        return self._kept(self.bounds[0] * self.changed) if self.bounds else None

    @property
    def high(self) -> Fraction | None:
        return self._kept(self.bounds[1] * self.changed) if self.bounds else None

    @property
    def is_enough(self) -> bool:
        """Whether the records are enough to plan with."""
        return self.of >= self.fewest and self.brought >= FEWEST_BROUGHT

    def by(self, factor: Fraction) -> Rate:
        """The rate if it were `factor` times what it is; a share stays at 1 at most."""
        return replace(self, changed=self.changed * factor)

    def _kept(self, value: Fraction) -> Fraction:
        return min(value, ONE) if self.share else value


def share_rate(brought: int, of: int) -> Rate:
    """`brought` are among `of`, with Wilson's range."""
    return Rate(Fraction(brought), of, share=True, bounds=wilson(brought, of) if of else None)


def count_rate(brought: int, of: int) -> Rate:
    """So many records of one kind for so many of another; of both together each is of the first kind with a chance that has a range."""
    bounds = None
    if of:
        low, high = wilson(brought, brought + of)
        bounds = (low / (1 - low), high / (1 - high))
    return Rate(Fraction(brought), of, bounds=bounds)


def mean_rate(total: Fraction, of: int, groups: Sequence[tuple[Fraction, int]]) -> Rate:
    """An amount for each of `of` records. groups: amounts and numbers of parts of them (quarters), by which the range is told."""
    return Rate(total, of, bounds=mean_bounds(total, of, groups) if of else None, fewest=FEWEST_AMOUNTS)


def wilson(successes: int, trials: int) -> Bounds:
    """Where the chance lies, four times of five, of which `trials` showed `successes`. trials: at least 1."""
    share, z2 = successes / trials, Z * Z
    middle = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    width = Z / (1 + z2 / trials) * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials * trials))
    low = 0.0 if successes == 0 else max(middle - width, 0.0)
    high = 1.0 if successes == trials else min(middle + width, 1.0)
    return Fraction(low), Fraction(high)


def mean_bounds(total: Fraction, of: int, groups: Sequence[tuple[Fraction, int]]) -> Bounds | None:
    """Where the true mean of `of` amounts lies, four times of five: by how much the means of groups differ for their sizes.

    None of fewer than two groups.
    """
    known = [(float(amount), number) for amount, number in groups if number]
    if len(known) < 2:
        return None
    number = sum(n for _, n in known)
    middle = sum(amount for amount, _ in known) / number
    variance = sum(n * (amount / n - middle) ** 2 for amount, n in known) / (len(known) - 1)
    mean, off = float(total) / of, T[min(len(known) - 1, len(T)) - 1] * math.sqrt(variance / of)
    return Fraction(max(mean - off, 0.0)), Fraction(mean + off)


@dataclass(frozen=True, slots=True)
class Link:
    """Records of `step` bring those of `to` at `rate`; `to` is what is missing, or the step of an earlier link."""

    step: str
    to: str
    rate: Rate


@dataclass(frozen=True, slots=True)
class Need:
    """How many records are needed, with the range that the rates leave.

    total: None where a rate is missing or nothing came of it. high: None where there is no bound.
    """

    total: Fraction | None
    low: Fraction | None = None
    high: Fraction | None = None


def needs(missing: Fraction, top: str, links: Sequence[Link]) -> dict[str, Need]:
    """What each step needs so that `missing` of `top` comes in; 0 and less is nothing missing.

    links: each after the one that it leads to. The range of a step takes the errors of all rates up to the top as independent.
    """
    missing = max(missing, ZERO)
    found = {top: Need(missing, missing, missing)}
    errors = {top: (0.0, 0.0)}
    for link in links:
        above, rate = found[link.to].total, link.rate.value
        errors[link.step] = _joined(errors[link.to], link.rate)
        if not missing:
            found[link.step] = Need(ZERO, ZERO, ZERO)
        elif above is None or not rate:
            found[link.step] = Need(None)
        else:
            found[link.step] = _spread(above / rate, errors[link.step])
    return found


def _joined(errors: tuple[float, float], rate: Rate) -> tuple[float, float]:
    """Relative errors, as logarithms: how much less could do, and how much more could be needed."""
    less, more = errors
    if not rate.value or rate.low is None or rate.high is None:
        return errors
    less = math.hypot(less, math.log(max(rate.high / rate.value, ONE)))
    more = math.hypot(more, math.log(max(rate.value / rate.low, ONE))) if rate.low else math.inf
    return less, more


def _spread(total: Fraction, errors: tuple[float, float]) -> Need:
    less, more = errors
    high = None if math.isinf(more) else total * Fraction(math.exp(more))
    return Need(total, total * Fraction(math.exp(-less)), high)


def brings(number: Fraction, step: str, top: str, links: Sequence[Link]) -> Fraction | None:
    """What `number` of `step` brings of `top`; None where a rate on the way is missing."""
    ways = {link.step: link for link in links}
    while step != top:
        rate = ways[step].rate.value
        if rate is None:
            return None
        number, step = number * rate, ways[step].to
    return number


@dataclass(frozen=True, slots=True)
class Crew:
    """Who has how much time for it. days: working days left, today included. seller_days: full-time days of all in them."""

    days: int
    seller_days: Fraction

    @property
    def sellers(self) -> Fraction:
        """How many full-time people that is, on average."""
        return self.seller_days / self.days if self.days else ZERO

    def with_more(self, hires: int) -> Crew:
        """With so many more full-time people from today on, or fewer; nobody is left of fewer than there are."""
        return replace(self, seller_days=max(self.seller_days + hires * self.days, ZERO))

    def a_day(self, number: Fraction | None) -> Fraction | None:
        """So much on each working day left; None where none is."""
        return number / self.days if number is not None and self.days else None

    def a_seller_day(self, number: Fraction | None) -> Fraction | None:
        """So much from each full-time person on each working day left; None where there is none."""
        return number / self.seller_days if number is not None and self.seller_days else None


def changed(links: Sequence[Link], changes: Mapping[str, Fraction]) -> list[Link]:
    """The chain if the rates of some steps were so many times what they are."""
    return [replace(link, rate=link.rate.by(changes[link.step])) if link.step in changes else link for link in links]
