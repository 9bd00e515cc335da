"""Sales velocity and its four levers: what each brings if it were better, by the same tenth and by what was reached before. Pure.

Velocity is money per calendar day, as the sales cycle is in calendar days; a month is a twelfth of 365 of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from kpi_tracker.kpis.metrics import Lever

DAYS_A_MONTH = Fraction(365, 12)
TENTH = Fraction(1, 10)
ONE = Fraction(1)
# Of fewer teams, a quarter of them is none.
FEWEST_TEAMS = 3


@dataclass(frozen=True, slots=True)
class Velocity:
    """opportunities × win_rate × deal_value ÷ cycle. win_rate: at most 1. cycle: in days, 1 at least."""

    opportunities: Fraction
    win_rate: Fraction
    deal_value: Fraction
    cycle: Fraction

    @property
    def a_day(self) -> Fraction:
        return self.opportunities * self.win_rate * self.deal_value / self.cycle

    @property
    def a_month(self) -> Fraction:
        return self.a_day * DAYS_A_MONTH

    def of(self, lever: Lever) -> Fraction:
        return {
            Lever.OPPORTUNITIES: self.opportunities, Lever.WIN_RATE: self.win_rate,
            Lever.DEAL_VALUE: self.deal_value, Lever.CYCLE: self.cycle,
        }[lever]

    def by(self, changes: Mapping[Lever, Fraction]) -> Velocity:
        """If levers were so many times what they are; the win rate stays at 1 at most, the cycle at a day at least."""
        return replace(
            self, opportunities=self.opportunities * changes.get(Lever.OPPORTUNITIES, ONE),
            win_rate=min(self.win_rate * changes.get(Lever.WIN_RATE, ONE), max(self.win_rate, ONE)),
            deal_value=self.deal_value * changes.get(Lever.DEAL_VALUE, ONE),
            cycle=max(self.cycle * changes.get(Lever.CYCLE, ONE), min(self.cycle, ONE)),
        )


def better(lever: Lever, part: Fraction) -> Fraction:
    """The factor that makes a lever better by `part`: a cycle gets shorter, everything else more."""
    return ONE - part if lever is Lever.CYCLE else ONE + part


def is_better(lever: Lever, one: Fraction, than: Fraction) -> bool:
    return one < than if lever is Lever.CYCLE else one > than


@dataclass(frozen=True, slots=True)
class Pays:
    """What a lever brings a month more. tenth: if it were a tenth better. reach: if it were `factor` times what it is, as it has been
    before or is elsewhere; None where nothing better is known.
    """

    lever: Lever
    tenth: Fraction
    factor: Fraction | None = None
    reach: Fraction | None = None


def pays(now: Velocity, reachable: Mapping[Lever, Fraction]) -> list[Pays]:
    """The levers, first the one that brings most if it became what is reachable, then those of which nothing better is known.

    reachable: factors of levers; one that would make its lever no better is left out.
    """
    found = []
    for lever in Lever:
        tenth = now.by({lever: better(lever, TENTH)}).a_month - now.a_month
        factor = reachable.get(lever)
        if factor is None or not is_better(lever, factor, ONE):
            found.append(Pays(lever, tenth))
        else:
            found.append(Pays(lever, tenth, factor, now.by({lever: factor}).a_month - now.a_month))
    return sorted(found, key=lambda one: (one.reach is None, -(one.reach or one.tenth), list(Lever).index(one.lever)))


def best(lever: Lever, values: Sequence[Fraction]) -> Fraction | None:
    """The best of some values of a lever; None of none."""
    return (min if lever is Lever.CYCLE else max)(values) if values else None


def upper_quarter(lever: Lever, values: Sequence[Fraction]) -> Fraction | None:
    """What the best quarter of the teams reach at least; None of too few teams."""
    if len(values) < FEWEST_TEAMS:
        return None
    ordered = sorted(values, reverse=lever is not Lever.CYCLE)
    return ordered[-(-len(ordered) // 4) - 1]
