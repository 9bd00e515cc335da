"""Sales velocity as it stands, and the best that each lever has been: in the subject's own quarters, or in the best teams."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from goals import velocity
from goals.plan_subjects import Whose
from goals.velocity import ONE, Velocity, is_better
from kpi_tracker.kpis.measures import Dimension
from kpi_tracker.kpis.metrics import Lever, SubjectKind
from kpi_tracker.kpis.parts import EVERYTHING
from kpi_tracker.kpis.query import KpiQuery, KpiTable, KpiValue
from kpi_tracker.orgs.tree import teams_on
from kpi_tracker.periods import DAY, Period
from kpi_tracker.scope import Scope

VELOCITY = "sales_velocity"
# The KPI by which a lever's quarters and teams are compared, and of how many records one counts.
COMPARED = {Lever.WIN_RATE: "win_rate", Lever.DEAL_VALUE: "average_deal_value", Lever.CYCLE: "sales_cycle_days"}
FEWEST = {Lever.WIN_RATE: 10, Lever.DEAL_VALUE: 5, Lever.CYCLE: 5}
FEWEST_OPEN = 5


@dataclass(frozen=True, slots=True)
class Best:
    """The best that a lever has been. factor: how many times what it is now. value, now: of the KPI compared by; of opportunities
    what each seller had open. quarter: when it was so; None where it is what `name`, a wider subject, has, or without a name what
    the best quarter of the teams reach. of: the number of records; of teams.
    """

    factor: Fraction
    value: Fraction
    now: Fraction
    quarter: Period | None
    kpi: str = ""
    of: int = 0
    name: str = ""


@dataclass(frozen=True, slots=True)
class VelocityReading:
    """now: None where a factor has no value; then `missing` names the first. on: the day that it is asked for.

    best: of the levers of which anything better than now is known. compared: the levers that could be compared with anything.
    """

    on: Period
    value: KpiValue
    now: Velocity | None
    missing: Lever | None
    best: Mapping[Lever, Best]
    compared: frozenset[Lever]


def velocity_questions(
    scope: Scope, whose: Whose, wider: Sequence[Whose], labels: Mapping[str, str], *, window: Period, quarters: tuple[Period, ...],
    today: dt.date,
) -> list[KpiQuery]:
    """Nothing where the organisation does not show velocity. A rep is compared with the nearest wider subject, others with the teams,
    by those who see all of them.
    """
    if VELOCITY not in labels:
        return []
    kpis = tuple(COMPARED.values())
    found = [KpiQuery((VELOCITY,), whose.subject, (_day(today), *quarters)), KpiQuery(kpis, whose.subject, (window, *quarters))]
    if whose.kind is SubjectKind.REP and wider:
        found.append(KpiQuery(kpis, wider[0].subject, (window,)))
    elif whose.kind is not SubjectKind.REP and scope.team_ids is None:
        found.append(KpiQuery(kpis, EVERYTHING, (window,), by=Dimension.TEAM))
    return found


def velocity_reading(
    scope: Scope, whose: Whose, wider: Sequence[Whose], labels: Mapping[str, str], answers: Sequence[KpiTable], *, window: Period,
    quarters: Sequence[Period], today: dt.date, sellers: Mapping[Period, Fraction], recent: Period,
) -> VelocityReading | None:
    """answers: to `velocity_questions`. sellers: how many there were in each quarter, and in `recent`, the last months."""
    if not answers:
        return None
    stands, own, *others = answers
    on = _day(today)
    value = stands[VELOCITY, on, None]
    used = dict(zip(Lever, (None if one.used is None else Fraction(one.used) for one in value.factors), strict=True))
    missing = next((lever for lever, factor in used.items() if factor is None), None)
    known = [factor for factor in used.values() if factor is not None]
    found = {Lever.OPPORTUNITIES: _opened(stands, on, quarters, sellers, recent)}
    for lever in (lever for lever, kpi in COMPARED.items() if kpi in labels):
        found[lever] = _own(lever, own, window, quarters)
        for table in others:
            found[lever] += _of_others(scope, whose, wider, lever, own, table, window, today)
    best = {lever: next((one for one in each if is_better(lever, one.factor, ONE)), None) for lever, each in found.items()}
    return VelocityReading(
        on=on, value=value, missing=missing, now=Velocity(*known) if missing is None else None,
        best={lever: one for lever, one in best.items() if one is not None},
        compared=frozenset(lever for lever, each in found.items() if each),
    )


def _day(today: dt.date) -> Period:
    return Period(today, today + DAY)


def _opened(
    table: KpiTable, on: Period, quarters: Sequence[Period], sellers: Mapping[Period, Fraction], recent: Period
) -> list[Best]:
    """The most opportunities that each seller had open at a quarter's end."""
    def number(span: Period) -> int:
        return int(table[VELOCITY, span, None].factors[0].value.numerator)

    now = number(on) / sellers[recent] if sellers[recent] else Fraction(0)
    ends = {span: number(span) / sellers[span] for span in quarters if sellers[span] and number(span) >= FEWEST_OPEN}
    if not now or not ends:
        return []
    quarter = max(ends, key=lambda span: (ends[span], span))
    return [Best(ends[quarter] / now, ends[quarter], now, quarter, of=number(quarter))]


def _own(lever: Lever, table: KpiTable, window: Period, quarters: Sequence[Period]) -> list[Best]:
    """The best of the subject's own quarters with enough records."""
    kpi = COMPARED[lever]
    values = {span: found for span in quarters if (found := _enough(lever, table[kpi, span, None]))}
    top, now = velocity.best(lever, list(values.values())), table[kpi, window, None].value
    if not now or top is None:
        return []
    quarter = next(span for span in reversed(quarters) if values.get(span) == top)
    return [Best(top / Fraction(now), top, Fraction(now), quarter, kpi=kpi, of=int(table[kpi, quarter, None].denominator or 0))]


def _of_others(
    scope: Scope, whose: Whose, wider: Sequence[Whose], lever: Lever, own: KpiTable, table: KpiTable, window: Period, today: dt.date
) -> list[Best]:
    """What the team of a rep has; of a team or the organisation what the best quarter of the teams reach."""
    kpi = COMPARED[lever]
    now = own[kpi, window, None].value
    if whose.kind is SubjectKind.REP:
        top, name = _enough(lever, table[kpi, window, None]), wider[0].name
        of = int(table[kpi, window, None].denominator or 0)
    else:
        every = teams_on(scope.organisation, today)
        above = {team.parent_id for team in every}
        teams = [team.id for team in every if team.id not in above]
        values = [found for team in teams if (found := _enough(lever, table.get((kpi, window, team))))]
        top, name, of = velocity.upper_quarter(lever, values), "", len(values)
    return [Best(top / Fraction(now), top, Fraction(now), None, kpi=kpi, of=of, name=name)] if now and top else []


def _enough(lever: Lever, value: KpiValue | None) -> Fraction | None:
    if value is None or value.value is None or (value.denominator or 0) < FEWEST[lever]:
        return None
    return Fraction(value.value)
