"""What the deals that are open now, and those still to come, bring until a period's end. Pure, and without drawing at random.

How likely a deal is won or lost in a week depends on its age, and on its stage where stages are known: counted over all deals as
they were known then. A deal goes from week to week and stage to stage with those chances until the end. New ones come as often as lately.

Days are counted as in `forecast_series`; a life may begin before day 0, from which on all that happened is known.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from operator import attrgetter, itemgetter, mul
from typing import NamedTuple

from goals.forecast_series import TINY, YEAR, Point, Series

# Older deals are all of one age: this many weeks after the week of opening.
OLDEST = 40
# An age or a stage counts on its own as far as it outweighs so many deals, or wins, of all.
FEW = 5
# New deals come as often as in so many days before.
LATELY = 90
UNKNOWN = 0


@dataclass(frozen=True, slots=True)
class Life:
    """A deal. closed: the day it was won or lost, None while open. stages: (day, stage entered), in order; () where not known.

    amount: in the base currency; None where nobody wrote it down.
    """

    opened: int
    closed: int | None
    won: bool
    amount: float | None
    stages: tuple[tuple[int, int], ...] = ()

    def is_open(self, now: int) -> bool:
        """On the morning of `now`."""
        return self.opened < now and (self.closed is None or self.closed >= now)

    def stage(self, now: int) -> int:
        """On the morning of `now`."""
        found = UNKNOWN
        for day, stage in self.stages:
            if day >= now:
                break
            found = stage
        return found


class _Week(NamedTuple):
    """One deal in one week of its age (0: the day of opening), known from the morning of `known` on. into: its stage afterwards."""

    known: int
    age: int
    stage: int
    into: int | None
    won: bool = False


@dataclass
class Counts:
    """Deals by age in weeks: how many there were, and how many of them were won and lost then; likewise by stage."""

    there: list[int] = field(default_factory=lambda: [0] * (OLDEST + 1))
    won: list[int] = field(default_factory=lambda: [0] * (OLDEST + 1))
    lost: list[int] = field(default_factory=lambda: [0] * (OLDEST + 1))
    in_stage: Counter[tuple[int, int]] = field(default_factory=Counter)
    won_in: Counter[int] = field(default_factory=Counter)
    lost_in: Counter[int] = field(default_factory=Counter)
    moves: dict[int, Counter[int]] = field(default_factory=dict)

    def add(self, week: _Week) -> None:
        self.there[week.age] += 1
        if week.age:
            self.in_stage[week.stage, week.age] += 1
        if week.into is not None:
            if week.age:
                self.moves.setdefault(week.stage, Counter())[week.into] += 1
            return
        (self.won if week.won else self.lost)[week.age] += 1
        if week.age:
            (self.won_in if week.won else self.lost_in)[week.stage] += 1


class Chances:
    """The chances of being won and lost in a week, by age and stage.

    won, lost: by age. times_won, times_lost: by stage, how many times as often as others of that age.
    """

    def __init__(self, counts: Counts) -> None:
        self.won, self.lost = _by_age(counts.there, counts.won), _by_age(counts.there, counts.lost)
        self.times_won = _of_stages(counts, self.won, counts.won_in)
        self.times_lost = _of_stages(counts, self.lost, counts.lost_in)
        self._moves = {
            stage: [(into, many / sum(moves.values())) for into, many in moves.items()] for stage, moves in counts.moves.items()
        }

    def of_new(self, weeks: float) -> float:
        """How likely a deal is won until the end that is opened some time in the `weeks` before it, none more likely than another."""
        by_week, alive, won = [self.won[0]], 1 - self.won[0] - self.lost[0], self.won[0]
        for age in range(1, int(weeks) + 2):
            age = min(age, OLDEST)
            won += alive * self.won[age]
            alive *= 1 - self.won[age] - self.lost[age]
            by_week.append(won)
        if weeks <= TINY:
            return by_week[0]
        area = [0.0, *accumulate((one + other) / 2 for one, other in pairwise(by_week))]
        whole, part = int(weeks), weeks - int(weeks)
        return (area[whole] + part * (by_week[whole] + part * (by_week[whole + 1] - by_week[whole]) / 2)) / weeks

    def until(self, weeks: float) -> Mapping[int, Sequence[float]]:
        """By stage and age: how likely a deal that is open is won within `weeks`."""
        whole, part = int(weeks), weeks - int(weeks)
        stages = {UNKNOWN, *self._moves, *(into for moves in self._moves.values() for into, _ in moves), *self.times_won}
        won = {stage: [min(one * self.times_won.get(stage, 1.0), 1.0) for one in self.won] for stage in stages}
        ways = {stage: self._ways(stage, won[stage]) for stage in stages}
        found = {stage: [part * one for one in won[stage]] for stage in stages}
        for _ in range(whole):
            later = {stage: [*chances[1:], chances[-1]] for stage, chances in found.items()}  # a week on, deals are a week older
            found = {
                stage: list(map(sum, zip(won[stage], *(map(mul, shares, later[into]) for into, shares in ways[stage]), strict=True)))
                for stage in stages
            }
        return found

    def _ways(self, stage: int, won: Sequence[float]) -> list[tuple[int, list[float]]]:
        """The stages in which deals of `stage` are a week on, with the share of all by age; those won and lost are missing."""
        times = self.times_lost.get(stage, 1.0)
        alive = [max(1 - win - lost * times, 0.0) for win, lost in zip(won, self.lost, strict=True)]
        return [(into, [share * one for one in alive]) for into, share in self._moves.get(stage, [(stage, 1.0)])]


class Known:
    """What is known of deals on a morning that moves on: the weeks of their lives that are over, the open ones, their worth."""

    def __init__(self, lives: Sequence[Life], last: int) -> None:
        """last: nothing on or after it will be asked for."""
        self.counts, self.worth, self.open = Counts(), Worth(), list[Life]()
        self._weeks = sorted(_weeks(lives, last), key=itemgetter(0))
        self._coming = sorted(lives, key=attrgetter("opened"))
        self._opened = [life.opened for life in self._coming]
        self._closing = sorted((life for life in lives if life.closed is not None), key=lambda life: life.closed or 0)
        self._counted = self._came = self._closed = 0

    def move_on(self, now: int) -> None:
        """To the morning of `now`, which is no earlier than the one before."""
        while self._counted < len(self._weeks) and self._weeks[self._counted].known <= now:
            self.counts.add(self._weeks[self._counted])
            self._counted += 1
        while self._closed < len(self._closing) and (self._closing[self._closed].closed or 0) < now:
            self.worth.add(self._closing[self._closed])
            self._closed += 1
        came = bisect_left(self._opened, now)
        self.open = [life for life in (*self.open, *self._coming[self._came : came]) if life.is_open(now)]
        self._came = came

    def arrived(self, start: int, end: int) -> int:
        """How many deals were opened on the days `[start, end)`."""
        return bisect_left(self._opened, end) - bisect_left(self._opened, start)


class Worth:
    """What a deal brings if it is won, by the deals that are closed.

    An open deal's own amount counts where deals that were lost mostly have one: else it is written down when they are won.
    Amounts are those known today; how they changed is not kept.
    """

    def __init__(self) -> None:
        self._won, self._lost, self._sum_won, self._sum_lost, self._unknown = 0, 0, 0.0, 0.0, 0

    def add(self, life: Life) -> None:
        if life.won and life.amount is not None:
            self._won, self._sum_won = self._won + 1, self._sum_won + life.amount
        elif not life.won and life.amount:
            self._lost, self._sum_lost = self._lost + 1, self._sum_lost + life.amount
        elif not life.won:
            self._unknown += 1

    @property
    def mean(self) -> float:
        return self._sum_won / self._won if self._won else 0.0

    @property
    def times(self) -> float | None:
        """How an open deal's amount compares with what it brings if won; None where its amount says nothing."""
        usual = (self._sum_won + self._sum_lost) / max(self._won + self._lost, 1)
        if self._lost <= self._unknown or usual <= TINY:
            return None
        return (self._sum_won / usual + FEW) / (self._won + FEW)


def expected(lives: Sequence[Life], work: Series, points: Sequence[Point], *, counted: bool) -> list[float | None]:
    """What the rest of each point's period brings: deals won if `counted`, else their amount. None where no deal was known.

    points: oldest first, their periods one after another. Nothing on or after a point's `now` is looked at.
    """
    known, found = Known(lives, max((point.now for point in points), default=0)), list[float | None]()
    for point in points:
        known.move_on(point.now)
        found.append(_rest(known, work, point, counted=counted) if any(known.counts.there) else None)
    return found


def _rest(known: Known, work: Series, point: Point, *, counted: bool) -> float:
    now, chances, left = point.now, Chances(known.counts), work.carrier(point.now, point.end)
    since, last_year = max(0, now - LATELY), max(0, now - YEAR)
    a_week = 7 * work.carrier(last_year, now) / (now - last_year) if now else 0.0
    weeks = left / a_week if a_week > TINY else (point.end - now) / 7
    until, mean, times = chances.until(weeks), known.worth.mean, known.worth.times
    total = 0.0
    for life in known.open:
        chance = until.get(life.stage(now), until[UNKNOWN])[_age(now - life.opened)]
        total += chance * (1.0 if counted else mean if times is None or life.amount is None else life.amount * times)
    worked = work.carrier(since, now)
    new = known.arrived(since, now) / worked * left if worked > TINY else 0.0
    return total + new * chances.of_new(weeks) * (1.0 if counted else mean)


def _weeks(lives: Sequence[Life], now: int) -> Iterator[_Week]:
    """Each deal's weeks that are over by the morning of `now`, from day 0 on: the day of opening, and seven days each after it."""
    for life in lives:
        start, number, closed = life.opened, 0, now if life.closed is None else life.closed
        end, stage = start + 1, life.stage(start)
        while end <= closed and end <= now:
            into = life.stage(end)
            if start >= 0:
                yield _Week(end, min(number, OLDEST), stage, into)
            start, end, number, stage = end, end + 7, number + 1, into
        if start <= closed < min(end, now) and start >= 0:
            yield _Week(closed + 1, min(number, OLDEST), stage, None, life.won)


def _age(days: int) -> int:
    """The week of its age in which a deal is that was opened so many days ago."""
    return min((days + 6) // 7, OLDEST)


def _by_age(there: Sequence[int], ended: Sequence[int]) -> list[float]:
    """The chance by age; where deals of an age are few, it is much as a week before."""
    usual = sum(ended[1:]) / max(sum(there[1:]), 1)
    found = [ended[0] / (there[0] + FEW)]
    for many, some in zip(there[1:], ended[1:], strict=True):
        usual = (some + FEW * usual) / (many + FEW)
        found.append(usual)
    return found


def _of_stages(counts: Counts, by_age: Sequence[float], ended: Mapping[int, int]) -> dict[int, float]:
    """How many times as often deals of a stage ended so as deals of their age; about once where few did."""
    due: Counter[int] = Counter()
    for (stage, age), many in counts.in_stage.items():
        due[stage] += many * by_age[age]  # type: ignore[assignment]
    return {stage: (ended.get(stage, 0) + FEW) / (one + FEW) for stage, one in due.items()}
