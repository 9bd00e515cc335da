"""Pace, proration and distribution of goals against the oracle, and what being exactly on pace gives."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from goals.models import Distribution, Goal
from goals.progress import progress
from goals.status import Status
from kpi_tracker.kpis.query import KpiValue
from kpi_tracker.orgs.models import Absence, ClosingDay, Organisation, Rep
from tests import factories
from tests.oracle import pace as oracle
from tests.oracle.calendar import ONE, bucket, days
from tests.oracle.worlds import examples

NOTHING = Fraction(0)
COUNTRIES = ("SE", "FI", "NO", "DK")
STEPS = {"calls": Fraction(1), "revenue": Fraction(1, 100)}
DATES = st.dates(dt.date(2023, 1, 1), dt.date(2027, 12, 31))
# Of a full position; what a decimal column holds.
SHARES = st.sampled_from(["1", "0.8", "0.75", "0.5", "0.2"])


@st.composite
def spans(draw: st.DrawFn) -> oracle.Span:
    """Buckets of a fiscal year, half-years, and dates of one's own."""
    day, fiscal = draw(DATES), draw(st.sampled_from([1, 4, 5, 7, 9]))
    grain = draw(st.sampled_from(["week", "month", "quarter", "year", "half", "own"]))
    if grain == "own":
        return day, day + ONE * draw(st.integers(1, 120))
    if grain == "half":
        first = bucket("quarter", day, fiscal_month=fiscal)
        return first[0], bucket("quarter", first[1], fiscal_month=fiscal)[1]
    return bucket(grain, day, fiscal_month=fiscal)


def some_day(draw: st.DrawFn, span: oracle.Span, around: int = 0) -> dt.date:
    return draw(st.dates(span[0] - ONE * around, span[1] + ONE * around))


@st.composite
def cases(draw: st.DrawFn) -> tuple[oracle.Company, oracle.Person, oracle.Asked, str]:
    span = draw(spans())
    company = oracle.Company(
        weekdays=frozenset(draw(st.sampled_from([(1, 2, 3, 4, 5), (1, 2, 3, 4, 5, 6), (2, 4)]))), country=draw(st.sampled_from(COUNTRIES)),
        closed=frozenset(some_day(draw, span) for _ in range(draw(st.integers(0, 3)))),
    )
    joined = some_day(draw, span, 80) if draw(st.booleans()) else None
    left = some_day(draw, span, 30) if draw(st.booleans()) else None
    assume(joined is None or left is None or joined <= left)
    away = []
    for _ in range(draw(st.integers(0, 2))):
        first = some_day(draw, span, 10)
        away.append((first, first + ONE * draw(st.integers(0, 25))))
    person = oracle.Person(draw(st.sampled_from(COUNTRIES)), Fraction(draw(SHARES)), joined, left, tuple(away))
    kpi = draw(st.sampled_from(sorted(STEPS)))
    targets = st.integers(1, 10**7).map(lambda number: Fraction(number) * STEPS[kpi])
    weights = st.integers(0, 20).map(Fraction)
    months = sorted({(day.year, day.month) for day in days(span)})
    how = draw(st.sampled_from(["even", "months", "weekdays", "ramp"]))
    asked = oracle.Asked(
        span=span, target=draw(targets), prorated=draw(st.booleans()), ramp=draw(st.integers(1, 6)) if how == "ramp" else 0,
        by_month={month: draw(weights) for month in months} if how == "months" else {},
        by_weekday={day: draw(weights) for day in range(7)} if how == "weekdays" else {},
        changes=tuple(sorted((some_day(draw, (span[0], span[1] - ONE)), draw(targets)) for _ in range(draw(st.integers(0, 2))))),
    )
    assume(len({day for day, _ in asked.changes}) == len(asked.changes))
    return company, person, asked, kpi


def made(company: oracle.Company, person: oracle.Person, asked: oracle.Asked, kpi: str) -> Goal:
    org = factories.organisation(country=company.country, working_days="".join(map(str, sorted(company.weekdays))))
    ClosingDay.objects.bulk_create([ClosingDay(organisation=org, day=day) for day in company.closed])
    rep = Rep.objects.create(
        organisation=org, name="Elsa", country=person.country, share=decimal(person.share), started_on=person.joined,
        ended_on=person.left,
    )
    Absence.objects.bulk_create(
        [Absence(organisation=org, rep=rep, valid_from=first, valid_to=last + ONE) for first, last in person.away]
    )
    steps = [(asked.span[0], asked.target), *asked.changes]
    distribution, shape = Distribution.WORKING_DAYS, dict[str, str]()
    if asked.by_month:
        distribution, shape = Distribution.MONTHS, {f"{year}-{month:02}": str(weight) for (year, month), weight in asked.by_month.items()}
    if asked.by_weekday:
        distribution, shape = Distribution.WEEKDAYS, {str(day): str(weight) for day, weight in asked.by_weekday.items()}
    if asked.ramp:
        distribution, shape = Distribution.RAMP, {"months": str(asked.ramp)}
    return factories.goal(
        org, kpi, rep, *asked.span, decimal(steps[-1][1]), prorated=asked.prorated, distribution=distribution, shape=shape,
        steps=[[day.isoformat(), str(decimal(target))] for day, target in dict(steps).items()] if asked.changes else [],
    )


def decimal(number: Fraction) -> Decimal:
    return Decimal(number.numerator) / number.denominator


def close(found: Decimal | None, right: Fraction, slack: Fraction = NOTHING) -> bool:
    """Equal but for the 28 digits of decimals, and a millionth of a day in a joiner's ramp."""
    return found is not None and abs(Fraction(found) - right) <= slack + Fraction(1, 10**5) * max(abs(right), 1)


def value_of(number: Decimal) -> KpiValue:
    return KpiValue(value=number, numerator=number, count=40)


class GoalsAndOracle(TestCase):
    @examples(120)
    @given(case=cases(), data=st.data())
    def test_they_agree(self, case: tuple[oracle.Company, oracle.Person, oracle.Asked, str], data: st.DataObject) -> None:
        company, person, asked, kpi = case
        today = data.draw(st.dates(asked.span[0] - ONE * 3, asked.span[1] + ONE * 3), label="today")
        actual = data.draw(st.integers(0, 10**7).map(lambda number: decimal(number * STEPS[kpi])), label="actual")
        goal = made(*case)
        # A millionth of a day may turn the rounding of a prorated target.
        slack = STEPS[kpi] if asked.ramp and asked.prorated else NOTHING
        for with_today in (False, True):
            found = progress(goal.organisation, [goal], today=today, today_counts=with_today, known={goal.id: value_of(actual)})[goal.id]
            target = oracle.target_on(company, person, asked, today, STEPS[kpi])
            assert close(found.target, target, slack) if slack else found.target == decimal(target)
            expected = oracle.expected(company, person, asked, today, STEPS[kpi], with_today=with_today)
            assert found.pace is not None
            assert close(found.pace.expected, expected, slack)
            first_left = today + ONE if with_today else today
            left = oracle.days_left(company, person, asked, max(first_left, asked.span[0]))
            assert found.clock.days_left == left
            if found.target > actual and left:
                assert close(found.pace.required, (Fraction(found.target) - Fraction(actual)) / left)
            elif actual >= found.target:
                assert found.pace.required == 0
            else:
                assert found.pace.required is None
            assert found.attainment is None if not found.target else close(found.attainment, Fraction(actual) / Fraction(found.target))
        curve = dict(found.expected_curve())
        assert list(curve) == days(asked.span)
        for day in (asked.span[0], asked.span[1] - ONE, *(since for since, _ in asked.changes)):
            due = oracle.expected(company, person, asked, day, STEPS[kpi], with_today=True)
            assert close(curve[day], due, slack)
        last = oracle.target_on(company, person, asked, asked.span[1], STEPS[kpi])
        assert close(curve[asked.span[1] - ONE], last, slack) if slack else curve[asked.span[1] - ONE] == decimal(last)


@pytest.mark.django_db
@pytest.mark.parametrize("country", COUNTRIES)
@pytest.mark.parametrize("how", [
    {}, {"prorated": True}, {"distribution": Distribution.RAMP, "shape": {"months": "3"}},
    {"distribution": Distribution.WEEKDAYS, "shape": {"0": "3", "1": "1", "4": "2"}},
    {"distribution": Distribution.MONTHS, "shape": {f"2026-{month:02}": str(month) for month in range(1, 13)}},
])
def test_at_exact_pace_a_rep_is_on_track_on_every_day_of_the_year(country: str, how: dict[str, Any]) -> None:
    """At the start of the day with what was due by then; with leave, part time, and joining in January."""
    org: Organisation = factories.organisation(country=country)
    rep = Rep.objects.create(organisation=org, name="Elsa", country=country, share=Decimal("0.8"), started_on=dt.date(2026, 1, 12))
    Absence.objects.create(organisation=org, rep=rep, valid_from=dt.date(2026, 7, 6), valid_to=dt.date(2026, 8, 3))
    goal = factories.goal(org, "revenue", rep, dt.date(2026, 1, 1), dt.date(2027, 1, 1), 1_000_000, **how)
    before = ""
    for day in days((dt.date(2026, 1, 1), dt.date(2027, 1, 1))):
        nothing = progress(org, [goal], today=day, known={goal.id: value_of(Decimal(0))})[goal.id]
        assert nothing.pace is not None
        due = nothing.pace.expected
        stands = progress(org, [goal], today=day, known={goal.id: value_of(due)})[goal.id]
        if stands.clock.time_gone < Decimal("0.1"):
            assert stands.verdict.status is Status.TOO_EARLY
        else:
            assert stands.verdict.status in (Status.ON_TRACK, Status.ACHIEVED), day
        goal.stood, goal.stood_on = before, day - ONE
        before = Status.BEHIND if day.day % 2 else stands.verdict.status
