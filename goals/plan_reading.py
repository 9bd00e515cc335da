"""What a plan is made from: the rates, the pace and the velocity of a subject over the months before, asked for in one question."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from goals.plan import Crew, Link, Rate, count_rate, mean_rate, share_rate
from goals.plan_subjects import Whose
from goals.velocity_reading import VelocityReading, velocity_questions, velocity_reading
from goals.worktime import WorkTime
from kpi_tracker.kpis import registry
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.kpis.query import KpiQuery, KpiTable
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.periods import DAY, Grain, Period, add_months, whole
from kpi_tracker.rollups.reader import ask_all
from kpi_tracker.scope import Scope

REVENUE = "revenue"
# From what is wanted down to what is done first; KPIs that the organisation does not show are passed over.
CHAIN = (REVENUE, "deals_won", "opportunities_created", "first_meetings_held", "conversations", "calls")
# Beside the way down: what deals need as well, and nothing is derived from; left out where none are recorded.
PROPOSALS, DEALS = "proposals_sent", "deals_won"
# Pairs whose rate is a KPI of its own, and pairs of which the second are among the first.
RATIOS = {("opportunities_created", DEALS): "win_rate", (DEALS, REVENUE): "average_deal_value"}
AMONG = {("opportunities_created", DEALS), ("conversations", "first_meetings_held")}
# How many months the pace of today is the mean of.
MONTHS_NOW = 3
QUARTERS_BACK = 8


@dataclass(frozen=True, slots=True)
class Measured:
    """A link with whose records its rate is of: the subject's own, or the next wider subject that has enough of them.

    ratio: the KPI that the rate is; empty where it is one KPI divided by another. own: what the subject itself has, where that is
    too little to plan with.
    """

    link: Link
    whose: Whose
    ratio: str = ""
    own: Rate | None = None

    @property
    def is_enough(self) -> bool:
        return self.link.rate.is_enough


@dataclass(frozen=True, slots=True)
class PlanReading:
    """labels: of the KPIs that the organisation shows. top: what is missing. window: the days that rates are taken over.

    now: records of each step on a day, from a full-time seller (of one rep: on a day at work), as `recent` has it; None without.
    """

    organisation: Organisation
    whose: Whose
    today: dt.date
    labels: Mapping[str, str]
    top: str
    period: Period
    window: Period
    recent: Period
    measured: tuple[Measured, ...]
    now: Mapping[str, Fraction | None]
    crew: Crew
    cycle: Fraction | None
    velocity: VelocityReading | None

    @property
    def links(self) -> list[Link]:
        return [one.link for one in self.measured]


def shown_labels(organisation: Organisation) -> dict[str, str]:
    """The KPIs that the organisation shows, under its own names."""
    settings = {one.kpi: one for one in registry.settings_of(organisation)}
    return {
        kpi.key: (settings[kpi.key].label if kpi.key in settings else "") or str(kpi.label)
        for kpi in registry.built_in() if kpi.key not in settings or settings[kpi.key].enabled
    }


def pairs(labels: Mapping[str, str], top: str) -> list[tuple[str, str]]:
    """Each step of the way down from `top` with the one that it leads to, of the KPIs that are shown."""
    below = CHAIN[CHAIN.index(top) + 1 :]
    steps = [top, *(step for step in below if step in labels)]
    found = [(step, to) for to, step in pairwise(steps)]
    if PROPOSALS in labels and DEALS in steps:
        found.insert(steps.index(DEALS), (PROPOSALS, DEALS))
    return found


def reading(
    scope: Scope, whose: Whose, wider: Sequence[Whose], *, top: str, period: Period, today: dt.date
) -> PlanReading:
    """Of `whose`, for reaching `top` within `period`. wider: whose rates are taken where its own records are too few, nearest first."""
    organisation, labels = scope.organisation, shown_labels(scope.organisation)
    tomorrow = today + DAY
    window = Period(add_months(tomorrow, -organisation.velocity_months), tomorrow)
    recent = Period(add_months(tomorrow, -MONTHS_NOW), tomorrow)
    quarters = _quarters(organisation, today)
    levels, ways = [whose, *wider], pairs(labels, top)
    steps = tuple(dict.fromkeys([top, *(step for step, _ in ways)]))
    ratios = tuple(key for way in ways if (key := RATIOS.get(way)))
    asked = [KpiQuery((*steps, *ratios, "sales_cycle_days"), level.subject, (window, recent)) for level in levels]
    asked += [KpiQuery(("average_deal_value",), level.subject, quarters) for level in levels]
    of_velocity = velocity_questions(scope, whose, wider, labels, window=window, quarters=quarters, today=today)
    answers = ask_all(organisation, [*asked, *of_velocity], today=today)
    at_levels, by_quarter = answers[: len(levels)], answers[len(levels) : len(asked)]
    worktime = WorkTime(organisation, [whole([*quarters, window, period])])
    rates = [_rates(table, window, ways, labels, _groups(groups)) for table, groups in zip(at_levels, by_quarter, strict=True)]
    measured = [_measured(way, levels, [level[way] for level in rates], labels) for way in ways]
    cycle = at_levels[0]["sales_cycle_days", window, None].value
    is_rep = whose.kind is SubjectKind.REP
    spent = _time(worktime, whose.subject, recent, days_only=is_rep)
    return PlanReading(
        organisation=organisation, whose=whose, today=today, labels=labels, top=top, period=period, window=window, recent=recent,
        measured=tuple(one for one in measured if one.link.step != PROPOSALS or one.link.rate.of),
        now={step: Fraction(at_levels[0][step, recent, None].numerator) / spent if spent else None for step in steps},
        crew=crew_of(worktime, whose.subject, period, today), cycle=None if cycle is None else Fraction(cycle),
        velocity=velocity_reading(
            scope, whose, wider, labels, answers[len(asked) :], window=window, quarters=quarters, today=today,
            sellers={span: _sellers(worktime, whose.subject, span) for span in (recent, *quarters)}, recent=recent,
        ),
    )


def crew_of(worktime: WorkTime, subject: Subject, period: Period, today: dt.date) -> Crew:
    """The working time left in `period`, today included."""
    left = [weight for day, weight in worktime.weights(subject, period).items() if day >= today and weight]
    return Crew(len(left), Fraction(sum(left, Decimal(0))))


def _quarters(organisation: Organisation, today: dt.date) -> tuple[Period, ...]:
    """The last quarters that are over, oldest first."""
    calendar = organisation.calendar
    running = calendar.bucket(Grain.QUARTER, today)
    return tuple(calendar.shift(Grain.QUARTER, running, -back) for back in range(QUARTERS_BACK, 0, -1))


def _groups(table: KpiTable) -> list[tuple[Fraction, int]]:
    return [(Fraction(value.numerator), int(value.denominator or 0)) for value in table.values()]


def _rates(
    table: KpiTable, window: Period, ways: Sequence[tuple[str, str]], labels: Mapping[str, str], groups: Sequence[tuple[Fraction, int]]
) -> dict[tuple[str, str], Rate]:
    return {way: _rate(table, window, way, labels, groups) for way in ways}


def _rate(
    table: KpiTable, window: Period, way: tuple[str, str], labels: Mapping[str, str], groups: Sequence[tuple[Fraction, int]]
) -> Rate:
    step, to = way
    ratio = RATIOS.get(way, "")
    if ratio in labels:
        value = table[ratio, window, None]
        brought, of = value.numerator, int(value.denominator or 0)
    else:
        brought, of = table[to, window, None].numerator, int(table[step, window, None].numerator)
    if to == REVENUE:
        return mean_rate(Fraction(brought), of, groups)
    among = way in AMONG and (ratio in labels or not ratio) and brought <= of
    return (share_rate if among else count_rate)(int(brought), of)


def _measured(way: tuple[str, str], levels: Sequence[Whose], rates: Sequence[Rate], labels: Mapping[str, str]) -> Measured:
    """The nearest level with enough records; where none has, the widest."""
    enough = next((place for place, rate in enumerate(rates) if rate.is_enough), len(rates) - 1)
    ratio = RATIOS.get(way, "")
    return Measured(
        Link(*way, rates[enough]), levels[enough], ratio=ratio if ratio in labels else "", own=rates[0] if enough else None
    )


def _time(worktime: WorkTime, subject: Subject, span: Period, *, days_only: bool) -> Fraction:
    """Full-time days at work; of one rep the days at all."""
    weights = [weight for weight in worktime.weights(subject, span).values() if weight]
    return Fraction(len(weights)) if days_only else Fraction(sum(weights, Decimal(0)))


def _sellers(worktime: WorkTime, subject: Subject, span: Period) -> Fraction:
    """How many full-time people worked, on average."""
    days = _time(worktime, subject, span, days_only=True)
    return _time(worktime, subject, span, days_only=False) / days if days else Fraction(0)
