"""The review of a goal in words: what it came to, what the next one should be and why, each step of the arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, assert_never
from urllib.parse import urlencode

from django.utils.translation import gettext, ngettext, pgettext

from goals import entry, sentences
from goals.models import Goal, State
from goals.progress import GoalProgress, lower_is_better
from goals.review import Because, Move, Past, Review
from kpi_tracker import formats
from kpi_tracker.kpis import registry


@dataclass(frozen=True, slots=True)
class PastRow:
    goal: Goal
    period: str
    target: str
    result: str
    attainment: str
    word: str
    tone: str


@dataclass(frozen=True, slots=True)
class PointRow:
    when: str
    stood: str
    expected: str
    word: Any
    tone: str


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """facts: what this period came to. sums: the arithmetic of the suggestion, step by step. query: the next goal's form, filled in."""

    headline: str
    closed: str
    late: str
    facts: tuple[tuple[str, str], ...]
    advice: str
    because: str
    sums: tuple[tuple[str, str], ...]
    reasons: tuple[str, ...]
    pasts: tuple[PastRow, ...]
    pasts_title: str
    along: tuple[PointRow, ...]
    next_period: str
    query: str


def review_page(found: Review) -> ReviewPage:
    goal, this = found.goal, found.this
    calendar = goal.organisation.calendar
    return ReviewPage(
        headline=headline(found), closed=_closed(goal), late=_late(found), facts=tuple(_facts(found)), advice=advice(found),
        because=because(found), sums=tuple(_sums(found)), reasons=tuple(_reasons(found)),
        pasts=tuple(_past_row(one) for one in (this, *found.before)), pasts_title=_pasts_title(found),
        along=tuple(_point(share, one) for share, one in zip(_shares(), found.along, strict=False)),
        next_period=sentences.period_words(calendar, found.next_period), query=next_query(found),
    )


def headline(found: Review) -> str:
    """ "Stockholm reached 96 % of the goal for revenue in November 2026"."""
    goal, this = found.goal, found.this
    values = {
        "subject": sentences.subject_name(goal), "kpi": sentences.in_sentence(str(found.standing.kpi.label)),
        "result": sentences.kpi_figure(goal, this.result, short=True), "target": sentences.target_words(goal, this.target, short=True),
        "percent": formats.percent(this.attainment, 0) if this.attainment is not None else "",
    }
    if this.result is None:
        return gettext("%(subject)s: there was nothing to measure for %(kpi)s") % values
    if found.standing.kpi.adds_up and not lower_is_better(goal, found.standing.kpi):
        return gettext("%(subject)s reached %(percent)s of the goal for %(kpi)s: %(result)s of %(target)s") % values
    if this.met:
        return gettext("%(subject)s kept to the goal for %(kpi)s: %(result)s, the goal was %(target)s") % values
    return gettext("%(subject)s missed the goal for %(kpi)s: %(result)s, the goal was %(target)s") % values


def _closed(goal: Goal) -> str:
    if goal.state != State.CLOSED or goal.closed_at is None:
        return gettext("Not closed yet: late entries still change the result.")
    values = {"day": formats.day(goal.closed_at.astimezone(goal.organisation.zone).date())}
    if goal.closed_by is None:
        return gettext("Closed by itself on %(day)s; the result is kept as it was then.") % values
    return gettext("Closed by %(name)s on %(day)s; the result is kept as it was then.") % (values | {"name": goal.closed_by.name})


def _late(found: Review) -> str:
    """What was entered after the closing."""
    goal, now, kept = found.goal, found.standing.actual, found.this.result
    if goal.state != State.CLOSED or now is None or kept is None or abs(now - kept) < Decimal("0.000001"):
        return ""
    values = {"now": sentences.kpi_figure(goal, now), "kept": sentences.kpi_figure(goal, kept)}
    return gettext("Closed at %(kept)s; with what was entered since then it would be %(now)s.") % values


def _facts(found: Review) -> Iterator[tuple[str, str]]:
    goal, this = found.goal, found.this
    yield gettext("Target"), sentences.target_words(goal, this.target)
    yield gettext("Result"), sentences.kpi_figure(goal, this.result)
    if this.attainment is not None:
        yield gettext("Share of the goal"), formats.percent(this.attainment, 0)
    yield gettext("Working days"), formats.number(found.standing.clock.days)
    if found.of_people:
        values = {"reached": formats.number(found.reached_theirs), "count": formats.number(found.of_people)}
        yield gettext("Reached their share"), gettext("%(reached)s of %(count)s") % values
    if found.lost:
        values = {"lost": formats.number(found.lost, 1), "possible": formats.number(found.possible, 1)}
        yield gettext("Days of work lost to leave"), gettext("%(lost)s of %(possible)s") % values


def advice(found: Review) -> str:
    """ "Raise it to 655 k€ for December 2026"."""
    goal, next_goal = found.goal, found.suggestion
    lower = lower_is_better(goal, found.standing.kpi)
    period = sentences.period_words(goal.organisation.calendar, found.next_period, in_sentence=True)
    values = {"target": sentences.kpi_figure(goal, next_goal.target, short=True), "period": period}
    match next_goal.move:
        case Move.HARDER if lower:
            text = gettext("Ask for more: at most %(target)s, %(period)s")
        case Move.HARDER:
            text = gettext("Raise it: %(target)s, %(period)s")
        case Move.EASIER if lower:
            text = gettext("Ask for less: at most %(target)s, %(period)s")
        case Move.EASIER:
            text = gettext("Lower it: %(target)s, %(period)s")
        case Move.SAME if lower:
            text = gettext("Ask for as much again: at most %(target)s, %(period)s")
        case Move.SAME:
            text = gettext("Ask for as much again: %(target)s, %(period)s")
        case _:
            assert_never(next_goal.move)
    return text % values


def because(found: Review) -> str:
    match found.suggestion.because:
        case Because.BEYOND:
            return gettext("It was passed by more than 5 %, so it asked for too little.")
        case Because.WELL_SET:
            return gettext("What was reached lies close to what was asked, now or over the last periods: the goal is well set.")
        case Because.SHORT_AGAIN:
            return gettext("It was missed for the second time in a row: a goal that nobody believes in moves nobody.")
        case Because.FAR_SHORT:
            return gettext("It was missed by more than 30 %: that is no bad luck.")
        case Because.ONE_MISS:
            return gettext("One miss is no pattern: the periods before do not say that it is too much.")
        case Because.NO_RESULT:
            return gettext("There is no result to go by.")
        case _:
            assert_never(found.suggestion.because)


def _sums(found: Review) -> Iterator[tuple[str, str]]:
    goal, one, fills = found.goal, found.suggestion, found.standing.kpi.adds_up
    moved = one.base != one.asked

    def figure(value: Decimal | None) -> str:
        return _rate(goal, value) if fills else sentences.kpi_figure(goal, value)

    values = {"target": sentences.kpi_figure(goal, found.this.target), "days": formats.number(found.this.days, 1)}
    yield (gettext("Asked per day of work: %(target)s over %(days)s days") % values if fills else gettext("Asked"), figure(one.asked))
    if one.came is not None:
        label = ngettext("What came in, this period", "What came in, the last %(count)s periods together", one.over)
        yield label % {"count": formats.number(one.over)}, figure(one.came)
    yield gettext("Half way from the one to the other") if moved else gettext("As asked before"), figure(one.base)
    if fills:
        period = sentences.period_words(goal.organisation.calendar, found.next_period, in_sentence=True)
        values = {"days": formats.number(one.days, 1), "period": period}
        yield gettext("Times %(days)s days of work, %(period)s") % values, sentences.kpi_figure(goal, one.exact)
    yield gettext("In round figures"), sentences.kpi_figure(goal, one.target)


def _rate(goal: Goal, value: Decimal | None) -> str:
    """Of counts a day brings a part of one."""
    kpi = registry.kpi(goal.kpi, goal.organisation)
    if value is not None and kpi.unit.value == "count":
        return formats.number(value, 2)
    return sentences.kpi_figure(goal, value)


def _reasons(found: Review) -> Iterator[str]:
    goal, number = found.goal, formats.number
    told = [one for one in (found.this, *found.before) if one.result is not None]
    if found.before:
        met = sum(1 for one in told if one.met)
        text = ngettext(
            "Of the last %(count)s goal of this kind %(met)s was reached.",
            "Of the last %(count)s goals of this kind %(met)s were reached.", len(told),
        ) % {"count": number(len(told)), "met": number(met)}
        asked, got = sum((one.target for one in told), Decimal(0)), sum((one.result or Decimal(0) for one in told), Decimal(0))
        if found.standing.kpi.adds_up and asked:
            text += " " + gettext("Together they came to %(percent)s of what was asked.") % {"percent": formats.percent(got / asked, 0)}
        yield text
    else:
        yield gettext("There is no earlier goal of this kind to compare with.")
    if found.halfway is not None and found.this.result is not None:
        yield _forecast(found)
    if found.of_people > 1:
        yield ngettext(
            "%(reached)s of %(count)s person reached the own share.", "%(reached)s of %(count)s people reached their share.",
            found.of_people,
        ) % {"reached": number(found.reached_theirs), "count": number(found.of_people)}
    if found.lost and found.possible:
        share = formats.percent(found.lost / found.possible, 0)
        values = {"lost": number(found.lost, 1), "possible": number(found.possible, 1), "percent": share}
        yield gettext("Leave took %(lost)s of %(possible)s days of work, %(percent)s.") % values
    if found.last_year:
        before = sentences.kpi_figure(goal, found.last_year)
        yield gettext("A year earlier, the period to come brought %(value)s.") % {"value": before}


def _forecast(found: Review) -> str:
    """Whether what was said half way was right."""
    halfway, result, goal = found.halfway, found.this.result, found.goal
    if halfway is None or result is None:
        return ""
    low, high = halfway.band

    def write(value: Decimal) -> str:
        return sentences.projected_figure(goal, value, short=True)

    values = {"low": write(low), "high": write(high), "median": write(halfway.median), "result": write(result)}
    if low <= result <= high:
        return gettext("Half way the forecast was %(median)s, most likely between %(low)s and %(high)s: it became %(result)s.") % values
    return gettext(
        "Half way the forecast was %(median)s, most likely between %(low)s and %(high)s: it became %(result)s, which is outside."
    ) % values


def _past_row(one: Past) -> PastRow:
    goal = one.goal
    word = pgettext("goal", "reached") if one.met else pgettext("goal", "missed")
    return PastRow(
        goal=goal, period=sentences.period_label(goal), target=sentences.target_words(goal, one.target),
        result=sentences.kpi_figure(goal, one.result), attainment=formats.percent(one.attainment, 0) if one.attainment is not None else "–",
        word=word, tone="good" if one.met else "bad",
    )


def _pasts_title(found: Review) -> str:
    count = 1 + len(found.before)
    met = sum(1 for one in (found.this, *found.before) if one.met)
    return ngettext("%(met)s of %(count)s goal was reached", "%(met)s of %(count)s goals were reached", count) % {
        "met": formats.number(met), "count": formats.number(count),
    }


def _shares() -> tuple[str, str, str]:
    return gettext("A quarter of the way"), gettext("Half way"), gettext("Three quarters of the way")


def _point(when: str, standing: GoalProgress) -> PointRow:
    status, pace = standing.verdict.status, standing.pace
    return PointRow(
        when=when, stood=sentences.kpi_figure(standing.goal, standing.actual),
        expected=sentences.kpi_figure(standing.goal, pace.expected) if pace else sentences.target_words(standing.goal, standing.target),
        word=sentences.STATUS_LABELS[status], tone=sentences.TONES[status],
    )


def next_query(found: Review) -> str:
    """The address of the form with the next goal in it."""
    goal, period = found.goal, found.next_period
    unit = registry.kpi(goal.kpi, goal.organisation).unit
    subject = f"{goal.subject.kind.value}:{goal.subject.id}" if goal.subject.id else goal.subject.kind.value
    return urlencode({
        "kpi": goal.kpi, "subject": subject, "start": period.start.isoformat(), "end": period.end.isoformat(), "kind": goal.kind,
        "target": entry.shown_target(found.suggestion.target, unit), "why": goal.why,
    })
