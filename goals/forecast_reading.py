"""A goal's forecast from its records: the days before today, asked for in one question."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from itertools import dropwhile

from goals import asked
from goals.forecast import Forecast, Views, already, of_ratio, of_stock, of_sum, views
from goals.forecast_deals import expected
from goals.forecast_lives import KPIS as OF_DEALS
from goals.forecast_lives import lives
from goals.forecast_series import Point, Series
from goals.progress import GoalProgress, lower_is_better
from goals.sentences import grain_of
from goals.worktime import WorkTime
from kpi_tracker.kpis.measures import Stock, Unit
from kpi_tracker.kpis.metrics import Course, RatioKpi, SimpleKpi
from kpi_tracker.kpis.query import KpiQuery, KpiValue
from kpi_tracker.periods import DAY, Calendar, Grain, Period, add_months
from kpi_tracker.rollups.reader import ask

MONTHS_BACK = 36
A_YEAR = {Grain.WEEK: 52, Grain.MONTH: 12, Grain.QUARTER: 4, Grain.YEAR: 1}
# A stock is added up anew for each day asked for.
STOCKS_BACK = 12
# A day with the low, the median and the high value by its end.
Opening = tuple[dt.date, Decimal, Decimal, Decimal]


@dataclass(frozen=True, slots=True)
class GoalForecast:
    """Where a running goal is likely to end. likely: how probable it is that the target is reached, or kept to, from 0 to 1."""

    standing: GoalProgress
    forecast: Forecast
    likely: float

    @property
    def median(self) -> Decimal:
        return _decimal(self.forecast.spread.median)

    @property
    def band(self) -> tuple[Decimal, Decimal]:
        """Four of five ends lie within."""
        low, high = self.forecast.spread.band
        return _decimal(low), _decimal(high)

    def fan(self) -> tuple[Opening, ...]:
        """Low, median and high by the end of each day from today on, opening up to the band; () where nothing stands yet.

        What is expected follows the working time that is left; how far it may be off grows with its root.
        """
        stands, today, weights = self.standing.actual, self.standing.today, self.standing.weights
        left = sum(weight for day, weight in weights.items() if day > today)
        if stands is None or not left:
            return ()
        (low, high), median, reached = self.band, self.median, Decimal(0)
        least = stands if self.standing.kpi.adds_up else min(low, stands)
        points = [(today, stands, stands, stands)]
        for day in sorted(day for day in weights if day > today):
            reached += weights[day]
            part = reached / left
            middle, width = stands + (median - stands) * part, part.sqrt()
            points.append((day, max(middle - (median - low) * width, least), middle, middle + (high - median) * width))
        return tuple(points)


def looked_at(period: Period) -> Period:
    """The days that a forecast for `period` looks at, if there are records that old."""
    return Period(add_months(period.start, -MONTHS_BACK), period.end)


def goal_forecast(standing: GoalProgress, worktime: WorkTime | None = None, *, with_deals: bool = True) -> GoalForecast | None:
    """None for goals that do not run today, for KPIs of whole periods, and where there is too little to go by.

    worktime: what the caller has read of the working time of all days looked at. with_deals: whether open deals are asked, too.
    """
    kpi, goal = standing.kpi, standing.goal
    if standing.today not in goal.period:
        return None
    worktime = worktime or WorkTime(goal.organisation, [looked_at(goal.period)])
    found = None
    if kpi.course in (Course.FILLS, Course.LEVELS):
        found = _of_days(standing, worktime, with_deals=with_deals and kpi.key in OF_DEALS)
    elif isinstance(kpi, SimpleKpi) and isinstance(kpi.measure, Stock):
        found = _of_stock(standing, worktime)
    if found is None:
        return None
    chance = found.spread.chance_at_most if lower_is_better(goal, kpi) else found.spread.chance
    return GoalForecast(standing, found, chance(float(standing.target)))


def _of_days(standing: GoalProgress, worktime: WorkTime, *, with_deals: bool) -> Forecast | None:
    kpi, period, today = standing.kpi, standing.goal.period, standing.today
    days = _by_day(standing, Period(looked_at(period).start, today))
    first = next((day for day, value in days.items() if value.numerator or value.denominator), None)
    if first is None:
        return None
    known = [value for day, value in days.items() if day >= first]
    weights = worktime.weights(standing.goal.subject, Period(first, period.end))
    work = Series([float(value.numerator) for value in known], [float(weight) for weight in weights.values()])
    seen = seen_from(standing.goal.organisation.calendar, period, work, first=first, today=today)
    if isinstance(kpi, RatioKpi):
        below, above = [float(value.denominator or 0) for value in known], [float(value.numerator) for value in known]
        return of_ratio(work, below, above, seen, share=kpi.share)
    deals = lives(standing.goal.organisation, standing.goal.subject, since=first, today=today) if with_deals else []
    whole = kpi.unit is Unit.COUNT
    found = of_sum(work, seen, whole=whole, deals=expected(deals, work, seen.points, counted=whole) if deals else ())
    return already(found, float(standing.value.numerator)) if found else None


def _by_day(standing: GoalProgress, period: Period) -> dict[dt.date, KpiValue]:
    """The KPI's value of each day."""
    key, spans = standing.goal.kpi, tuple(Period(day, day + DAY) for day in period.days())
    table = ask(standing.goal.organisation, KpiQuery(kpis=(key,), subject=standing.goal.subject, spans=spans), today=standing.today)
    return {span.start: table[key, span, None] for span in spans}


def seen_from(calendar: Calendar, period: Period, work: Series, *, first: dt.date, today: dt.date) -> Views:
    """`period` as of this morning, and the same point of those before it that the history, which begins on `first`, covers whole."""
    start = max((period.start - first).days, 0)
    now = Point(start, (today - first).days, (period.end - first).days)
    earlier = [((one.start - first).days, (one.end - first).days) for one in earlier_periods(calendar, period, since=first)]
    return views(work, now, [one for one in earlier if work.carrier(*one)], a_year(calendar, period))


def earlier_periods(calendar: Calendar, period: Period, *, since: dt.date) -> list[Period]:
    """The periods of the same kind before `period`, oldest first: calendar buckets, whole months, or as many days each."""
    months = _months(calendar, period)
    found, one = list[Period](), period
    while True:
        steps = len(found) + 1
        one = asked.earlier(calendar, period, steps)
        if months and grain_of(calendar, period) is None:
            one = Period(add_months(period.start, -months * steps), add_months(period.end, -months * steps))
        if one.start < since:
            return found[::-1]
        found.append(one)


def a_year(calendar: Calendar, period: Period) -> int | None:
    """How many periods of this kind make a year; None where a year is no whole number of them."""
    grain, months = grain_of(calendar, period), _months(calendar, period)
    if grain is not None:
        return A_YEAR[grain]
    return 12 // months if months and 12 % months == 0 else None


def _months(calendar: Calendar, period: Period) -> int:
    """How many whole months `period` is made of, such as the six of a half-year; 0 where it is not."""
    return len(calendar.buckets(Grain.MONTH, period)) if calendar.is_whole(Grain.MONTH, period) else 0


def _of_stock(standing: GoalProgress, worktime: WorkTime) -> Forecast | None:
    goal, calendar = standing.goal, standing.goal.organisation.calendar
    back = earlier_periods(calendar, goal.period, since=looked_at(goal.period).start)[-STOCKS_BACK:]
    if standing.actual is None or not back:
        return None
    known = Period(back[0].start, goal.ends_on)
    work = Series((), [float(weight) for weight in worktime.weights(goal.subject, known).values()])

    def number(day: dt.date) -> int:
        return (day - known.start).days

    now = Point(number(goal.starts_on), number(standing.today) + 1, number(goal.ends_on))
    points = [work.same_point(now, number(one.start), number(one.end)) for one in back]
    parts = [Period(one.start, one.start + max(point.now - point.start, 1) * DAY) for one, point in zip(back, points, strict=True)]
    query = KpiQuery(kpis=(goal.kpi,), subject=goal.subject, spans=tuple(dict.fromkeys([*parts, *back])))
    table = ask(goal.organisation, query, today=standing.today)
    stands = [tuple(float(table[goal.kpi, span, None].numerator) for span in pair) for pair in zip(parts, back, strict=True)]
    started = list(dropwhile(lambda pair: not any(pair), stands))
    return of_stock([(now, end) for now, end in started], float(standing.actual), a_year=a_year(calendar, goal.period))


def _decimal(value: float) -> Decimal:
    return Decimal(str(round(value, 6)))

