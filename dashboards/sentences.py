"""The sentences of a page, made from its figures: whole translatable templates with named places, one function each. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext, ngettext, pgettext

from dashboards.curves import Curve, Shape
from dashboards.frame import Frame
from dashboards.selectors import Figure
from dashboards.subjects import About
from goals import sentences as goal_sentences
from goals.pacing import Clock
from goals.progress import GoalProgress
from kpi_tracker import formats
from kpi_tracker.kpis.catalogue import INBOUND_LEADS, NEW_CUSTOMERS
from kpi_tracker.kpis.measures import Measure, Unit
from kpi_tracker.kpis.metrics import Course, Direction, Limit, RatioKpi, SubjectKind
from kpi_tracker.kpis.own import is_own
from kpi_tracker.kpis.query import KpiValue
from kpi_tracker.periods import Grain

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Change:
    """How much more (or less) there is than before: in percent; percentages in points, days in days."""

    sign: int
    text: str


def change(figure: Figure, before: KpiValue | None) -> Change | None:
    """None where one of the two is missing, or there was nothing before."""
    if figure.now is None or before is None or before.value is None:
        return None
    now, then = figure.now, before.value
    match figure.shown.kpi.unit:
        case Unit.PERCENT:
            return _difference(now - then, points((now - then) * 100))
        case Unit.DAYS:
            return _difference(now - then, formats.days(abs(now - then)))
        case _:
            if then <= 0:
                return None
            part = (now - then) / then
            return _difference(formats.rounded(part, 2), formats.percent(abs(part), 0))


def points(value: Decimal) -> str:
    """A difference of two percentages."""
    return ngettext("%(points)s point", "%(points)s points", 2) % {"points": formats.number(abs(value), 1)}


def _difference(value: Decimal, text: str) -> Change:
    return Change(0 if value == 0 else 1 if value > 0 else -1, text)


def value_text(figure: Figure, currency: str, *, short: bool = False) -> str:
    return formats.figure(figure.shown.kpi, figure.value, currency, short=short)


# Head of the page ----------------------------------------------------------------------------------

def answer(about: About, frame: Frame, figure: Figure) -> str:
    """The page's title: how the goal stands, or without one what there is and how that compares."""
    if figure.goal is not None:
        return goal_sentences.headline(figure.goal)
    values = {
        "subject": about.name, "kpi": figure.shown.in_sentence, "kpi_first": figure.shown.label, "period": frame.name(),
        "when": frame.within_sentence(), "reference": reference(frame),
        "value": value_text(figure, frame.organisation.base_currency, short=True),
    }
    if frame.ahead:
        return gettext("%(period)s has not begun for %(subject)s") % values
    if not figure.now and figure.shown.kpi.course is not Course.WHOLE:
        return _nothing(frame, figure, values)
    compared = change(figure, figure.before)
    values["change"] = compared.text if compared else ""
    if figure.key == "revenue":
        return _bought(compared, values) if about.kind is SubjectKind.CUSTOMER else _won(compared, values)
    if figure.shown.kpi.adds_up and figure.now != 1:
        return _count(frame, compared, values)
    return _level(compared, values)


def reference(frame: Frame) -> str:
    """What is compared with: the same point of the period before while this one runs."""
    if not frame.running or frame.grain is Grain.DAY or frame.today == frame.period.last:
        return frame.before_within_sentence()
    return gettext("at this point of %(period)s") % {"period": frame.before_name()}


def _nothing(frame: Frame, figure: Figure, values: dict[str, str]) -> str:
    if not figure.shown.kpi.adds_up:
        return gettext("%(subject)s has nothing to measure %(kpi)s by %(when)s") % values
    if frame.running:
        return gettext("%(subject)s has no %(kpi)s %(when)s yet") % values
    return gettext("%(subject)s had no %(kpi)s %(when)s") % values


def _bought(compared: Change | None, values: dict[str, str]) -> str:
    if compared is None:
        return gettext("%(subject)s bought for %(value)s %(when)s") % values
    if compared.sign > 0:
        return gettext("%(subject)s bought for %(value)s %(when)s, %(change)s more than %(reference)s") % values
    if compared.sign < 0:
        return gettext("%(subject)s bought for %(value)s %(when)s, %(change)s less than %(reference)s") % values
    return gettext("%(subject)s bought for %(value)s %(when)s, as much as %(reference)s") % values


def _won(compared: Change | None, values: dict[str, str]) -> str:
    if compared is None:
        return gettext("%(subject)s won %(value)s %(when)s") % values
    if compared.sign > 0:
        return gettext("%(subject)s won %(value)s %(when)s, %(change)s more than %(reference)s") % values
    if compared.sign < 0:
        return gettext("%(subject)s won %(value)s %(when)s, %(change)s less than %(reference)s") % values
    return gettext("%(subject)s won %(value)s %(when)s, as much as %(reference)s") % values


def _count(frame: Frame, compared: Change | None, values: dict[str, str]) -> str:
    if not frame.running:
        if compared is None:
            return gettext("%(subject)s had %(value)s %(kpi)s %(when)s") % values
        if compared.sign > 0:
            return gettext("%(subject)s had %(value)s %(kpi)s %(when)s, %(change)s more than %(reference)s") % values
        if compared.sign < 0:
            return gettext("%(subject)s had %(value)s %(kpi)s %(when)s, %(change)s fewer than %(reference)s") % values
        return gettext("%(subject)s had %(value)s %(kpi)s %(when)s, as many as %(reference)s") % values
    if compared is None:
        return gettext("%(subject)s has %(value)s %(kpi)s %(when)s") % values
    if compared.sign > 0:
        return gettext("%(subject)s has %(value)s %(kpi)s %(when)s, %(change)s more than %(reference)s") % values
    if compared.sign < 0:
        return gettext("%(subject)s has %(value)s %(kpi)s %(when)s, %(change)s fewer than %(reference)s") % values
    return gettext("%(subject)s has %(value)s %(kpi)s %(when)s, as many as %(reference)s") % values


def _level(compared: Change | None, values: dict[str, str]) -> str:
    if compared is None:
        return gettext("%(kpi_first)s of %(subject)s: %(value)s %(when)s") % values
    if compared.sign > 0:
        return gettext("%(kpi_first)s of %(subject)s: %(value)s %(when)s, %(change)s more than %(reference)s") % values
    if compared.sign < 0:
        return gettext("%(kpi_first)s of %(subject)s: %(value)s %(when)s, %(change)s less than %(reference)s") % values
    return gettext("%(kpi_first)s of %(subject)s: %(value)s %(when)s, the same as %(reference)s") % values


def working_days(frame: Frame, at: Clock) -> str:
    if frame.grain is Grain.DAY:
        return gettext("Working day") if at.days else gettext("No working day")
    if frame.running:
        return ngettext("%(gone)s of %(days)s working day gone", "%(gone)s of %(days)s working days gone", at.days) % {
            "gone": at.days_gone, "days": at.days,
        }
    return ngettext("%(days)s working day", "%(days)s working days", at.days) % {"days": at.days}


def holidays_counted(names: Sequence[str]) -> str:
    """The public holidays that fall on what would be working days; many are only counted."""
    if not names:
        return ""
    if len(names) > 3:
        return ngettext("%(number)s public holiday counted", "%(number)s public holidays counted", len(names)) % {"number": len(names)}
    return gettext("%(holidays)s counted") % {"holidays": listed(names)}


def listed(names: Sequence[str]) -> str:
    """A, B and C."""
    if len(names) < 2:
        return "".join(names)
    return pgettext("list", "%(first)s and %(last)s") % {"first": ", ".join(names[:-1]), "last": names[-1]}


def as_of(now: dt.datetime) -> str:
    return gettext("as of %(time)s") % {"time": formats.clock_time(now)}


def all_kpis_answer(about: About, frame: Frame, figures: Sequence[Figure]) -> str:
    """How many of all KPIs do better than before."""
    values = {"subject": about.name, "period": frame.name(in_sentence=True), "reference": reference(frame)}
    found = [(figure.shown.kpi.direction, compared.sign) for figure in figures if (compared := change(figure, figure.before))]
    if not found:
        return gettext("All KPIs of %(subject)s, %(period)s") % values
    better = sum(1 for direction, sign in found if sign == (1 if direction is Direction.UP else -1))
    values |= {"better": formats.number(better), "all": formats.number(len(found))}
    return ngettext(
        "%(subject)s does better on %(better)s of %(all)s KPI than %(reference)s",
        "%(subject)s does better on %(better)s of %(all)s KPIs than %(reference)s", len(found),
    ) % values


# Curve ---------------------------------------------------------------------------------------------

def chart_title(frame: Frame, figure: Figure, curve: Curve) -> str:
    """What the curve says."""
    currency = frame.organisation.base_currency
    values = {"kpi": figure.shown.label, "value": value_text(figure, currency, short=True), "when": frame.within_sentence()}
    if frame.ahead or (not figure.now and figure.goal is None and curve.shape is not Shape.TREND):
        return _empty_title(frame, figure, values)
    match curve.shape:
        case Shape.TREND:
            return _trend_title(curve, values, currency)
        case Shape.LEVEL:
            return _compared_title(frame, figure, values | {"parts": parts(figure)})
        case Shape.FILL if figure.goal is not None and figure.goal.pace is not None:
            return _goal_title(figure.goal, values, currency)
        case Shape.FILL:
            return _compared_title(frame, figure, values)


def _empty_title(frame: Frame, figure: Figure, values: dict[str, str]) -> str:
    if frame.ahead and figure.goal is not None:
        target = goal_sentences.target_words(figure.goal.goal, figure.goal.target, short=True)
        return gettext("%(kpi)s: the goal is %(target)s, spread over the working days") % (values | {"target": target})
    if frame.ahead:
        return gettext("%(kpi)s: nothing yet, the period has not begun") % values
    if frame.running:
        return gettext("%(kpi)s: nothing %(when)s yet") % values
    return gettext("%(kpi)s: nothing %(when)s") % values


def _goal_title(goal: GoalProgress, values: dict[str, str], currency: str) -> str:
    if goal.clock.over or goal.projected is None:
        away = (goal.actual or ZERO) - goal.target
        values["away"] = formats.kpi_value(goal.kpi, abs(away), currency, short=True)
        return _ended_title(away, values) if goal.clock.over else _begun_title(away, values)
    away = goal.projected - goal.target
    values["end"] = formats.kpi_value(goal.kpi, formats.rounded(goal.projected), currency, short=True)
    values["away"] = formats.kpi_value(goal.kpi, formats.rounded(abs(away)), currency, short=True)
    if formats.rounded(away) == 0:
        return gettext("%(kpi)s: %(value)s so far, at this rate %(end)s in the end, just the goal") % values
    if away < 0:
        return gettext("%(kpi)s: %(value)s so far, at this rate %(end)s in the end, %(away)s short of the goal") % values
    return gettext("%(kpi)s: %(value)s so far, at this rate %(end)s in the end, %(away)s above the goal") % values


def _ended_title(away: Decimal, values: dict[str, str]) -> str:
    if away < 0:
        return gettext("%(kpi)s: %(value)s, %(away)s short of the goal") % values
    if away > 0:
        return gettext("%(kpi)s: %(value)s, %(away)s above the goal") % values
    return gettext("%(kpi)s: %(value)s, exactly the goal") % values


def _begun_title(away: Decimal, values: dict[str, str]) -> str:
    """Before there is a rate to go by."""
    if away < 0:
        return gettext("%(kpi)s: %(value)s so far, %(away)s to go") % values
    return gettext("%(kpi)s: %(value)s, the goal is reached") % values


def _compared_title(frame: Frame, figure: Figure, values: dict[str, str]) -> str:
    """Against last year, up to the same day."""
    compared = change(figure, figure.year)
    if compared is None:
        if values.get("parts"):
            return gettext("%(kpi)s: %(value)s (%(parts)s)") % values
        return gettext("%(kpi)s: %(value)s so far") % values if frame.running else gettext("%(kpi)s: %(value)s") % values
    values["change"] = compared.text
    if frame.running and figure.shown.kpi.course is Course.STANDS:
        return _stands_title(compared, values)
    if frame.running:
        if compared.sign > 0:
            return gettext("%(kpi)s: %(value)s so far, %(change)s more than last year by now") % values
        if compared.sign < 0:
            return gettext("%(kpi)s: %(value)s so far, %(change)s less than last year by now") % values
        return gettext("%(kpi)s: %(value)s so far, the same as last year by now") % values
    if compared.sign > 0:
        return gettext("%(kpi)s: %(value)s, %(change)s more than the year before") % values
    if compared.sign < 0:
        return gettext("%(kpi)s: %(value)s, %(change)s less than the year before") % values
    return gettext("%(kpi)s: %(value)s, the same as the year before") % values


def _stands_title(compared: Change, values: dict[str, str]) -> str:
    if compared.sign > 0:
        return gettext("%(kpi)s: %(value)s now, %(change)s more than a year ago") % values
    if compared.sign < 0:
        return gettext("%(kpi)s: %(value)s now, %(change)s less than a year ago") % values
    return gettext("%(kpi)s: %(value)s now, the same as a year ago") % values


def _trend_title(curve: Curve, values: dict[str, str], currency: str) -> str:
    others = [bar.value for bar in curve.bars if bar.value and not bar.chosen]
    if not others or not curve.shown.kpi.adds_up:  # a mean of ratios would say nothing
        return gettext("%(kpi)s: %(value)s %(when)s") % values
    usual = formats.rounded(sum(others, ZERO) / len(others))
    values["usual"] = formats.kpi_value(curve.shown.kpi, usual, currency, short=True)
    return gettext("%(kpi)s: %(value)s %(when)s, %(usual)s on an average active day of these weeks") % values


def parts(figure: Figure, *, short: bool = False) -> str:
    """What a ratio is made of: "28 of 88 closed", or what keeps a value from being the last word. Empty for other KPIs."""
    kpi, value = figure.shown.kpi, figure.value
    if value is not None and value.capped:
        return _limits(value)
    if not isinstance(kpi, RatioKpi) or not isinstance(kpi.denominator, Measure) or value is None or value.denominator is None:
        return ""
    if is_own(kpi):
        return _own_parts(kpi, value)
    below = int(value.denominator)
    if not below:
        return gettext("nothing to measure")
    if kpi.key == "win_rate":
        return gettext("%(won)s of %(closed)s closed") % {"won": formats.number(value.numerator), "closed": formats.number(below)}
    if value.median is not None and short:
        return gettext("median %(median)s") % {"median": formats.days(value.median)}
    if value.median is not None:
        return ngettext("median %(median)s, %(count)s deal won", "median %(median)s, %(count)s deals won", below) % {
            "median": formats.days(value.median), "count": formats.number(below),
        }
    if kpi.numerator.unit is not Unit.COUNT:
        return _divided_by(kpi, below)
    part = gettext("%(part)s of %(whole)s") % {"part": formats.number(value.numerator), "whole": formats.number(below)}
    return gettext("%(part)s, not settled yet") % {"part": part} if value.immature else part


def _divided_by(kpi: RatioKpi, below: int) -> str:
    """What a mean is taken over."""
    if kpi.denominator is NEW_CUSTOMERS.measure:
        return ngettext("%(count)s new customer", "%(count)s new customers", below) % {"count": formats.number(below)}
    if kpi.denominator is INBOUND_LEADS.measure:
        return ngettext("%(count)s inbound lead", "%(count)s inbound leads", below) % {"count": formats.number(below)}
    return ngettext("%(count)s deal won", "%(count)s deals won", below) % {"count": formats.number(below)}


def _own_parts(kpi: RatioKpi, value: KpiValue) -> str:
    if not value.denominator:
        return gettext("nothing to measure")
    if kpi.denominator.unit is not Unit.COUNT:
        return ""
    if kpi.numerator.unit is Unit.COUNT:
        return f"{formats.number(value.numerator)} ÷ {formats.number(value.denominator)}"
    return gettext("divided by %(number)s") % {"number": formats.number(value.denominator)}


def _limits(value: KpiValue) -> str:
    """Which limit changed a formula's value."""
    for factor in value.factors:
        if factor.capped and factor.factor.limit is Limit.CUSTOMER_LIFETIME:
            years = formats.number(factor.used, 0 if factor.used == factor.used.to_integral_value() else 1) if factor.used else ""
            return gettext("with the longest lifetime of %(years)s years") % {"years": years}
        if factor.value.capped:
            return _limits(factor.value)
    return ""


def card_change(frame: Frame, figure: Figure) -> str:
    """The line under a card's figure."""
    compared = change(figure, figure.before)
    values = {"period": frame.before_name(), "change": compared.text if compared else ""}
    if compared is None:
        if figure.now and figure.before is not None and not figure.before.value:
            return gettext("none on %(period)s") % values if frame.grain is Grain.DAY else gettext("none in %(period)s") % values
        return ""
    if compared.sign > 0:
        return gettext("+%(change)s on %(period)s") % values
    if compared.sign < 0:
        return gettext("−%(change)s on %(period)s") % values
    return gettext("as on %(period)s") % values if frame.grain is Grain.DAY else gettext("as in %(period)s") % values


def by_then(frame: Frame) -> str:
    """The name of the like part of the period before."""
    if frame.running and frame.grain is not Grain.DAY:
        return gettext("%(period)s by now") % {"period": frame.before_name()}
    return frame.before_name()


def last_year_by_then(frame: Frame) -> str:
    return gettext("Last year by now") if frame.running and frame.grain is not Grain.DAY else gettext("Last year")


def change_help(frame: Frame) -> str:
    """What a running period is compared with, in full."""
    if frame.running and frame.grain is not Grain.DAY:
        return gettext("Compared with as many working days of %(period)s.") % {"period": frame.before_name()}
    return gettext("Compared with %(period)s.") % {"period": frame.before_name()}
