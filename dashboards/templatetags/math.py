"""Every figure leads to its math: `<a class="fig" {% math page "revenue" %}>3 500 €</a>`.

The tags write the address and, of the figure itself, what it is of: `data-figure`, `data-subject`, `data-span`, `data-of`. A
sentence that holds a figure has `data-math` instead.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from dashboards.board import Board
from dashboards.curves import Curve, Shape
from dashboards.math_links import Figure, Member, subject_text
from dashboards.page import Page
from goals.asked import Draft
from goals.curve import Step
from goals.progress import GoalProgress, to_date
from kpi_tracker.kpis.measures import Dimension
from kpi_tracker.kpis.metrics import Course, SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.periods import DAY, Period

register = template.Library()


def is_whole(page: Page, key: str) -> bool:
    shown = page.shown.get(key)
    return shown is not None and shown.kpi.course is Course.WHOLE


def span_of(page: Page, key: str, when: str = "now") -> Period:
    """The days that a figure of a page was asked for; of one that has not begun, those that it will be of."""
    frame, whole = page.frame, is_whole(page, key)
    match when:
        case "before" if whole:
            return (frame.trend()[-2:-1] or [frame.before])[0]
        case "before":
            return frame.before_to_date() or frame.before
        case "year":
            return frame.last_year_to_date or frame.last_year
        case _:
            return frame.period if whole or frame.to_date is None else frame.to_date


def goal_figure(standing: GoalProgress) -> Figure:
    goal, gone = standing.goal, to_date(standing.goal.period, standing.today)
    return Figure(goal.kpi, goal.subject, goal.period if gone is None or standing.kpi.course is Course.WHOLE else gone)


def attributes(organisation: Organisation, figure: Figure) -> SafeString:
    written = format_html(
        'href="{}" title="{}" data-figure="{}" data-subject="{}" data-span="{}/{}"', figure.address(organisation.slug),
        gettext("See the math"), figure.kpi, subject_text(figure.subject), figure.span.start.isoformat(), figure.span.end.isoformat(),
    )
    return format_html('{} data-of="{}:{}"', written, figure.member.by, figure.member.id) if figure.member else written


def in_text(organisation: Organisation, figure: Figure) -> SafeString:
    return format_html('href="{}" title="{}" data-math', figure.address(organisation.slug), gettext("See the math"))


@register.filter
def exactly(value: Decimal | None) -> str:
    """A value for programs: in no language's format, empty for none."""
    return "" if value is None else f"{value:f}"


@register.simple_tag
def math(page: Page, key: str, when: str = "now") -> SafeString:
    """A figure of the page's own subject. when: now, before or year (the like parts of earlier periods).

    Empty where there is none: what has a meaning for whole periods only is not compared with a part of last year.
    """
    if when == "year" and is_whole(page, key):
        return SafeString()
    return attributes(page.scope.organisation, _figure(page, key, when))


@register.simple_tag
def math_in_text(page: Page, key: str) -> SafeString:
    """A sentence about such a figure."""
    return in_text(page.scope.organisation, _figure(page, key, "now"))


def _figure(page: Page, key: str, when: str) -> Figure:
    return Figure(key, page.about.subject, span_of(page, key, when))


@register.simple_tag
def math_of_day(page: Page, key: str, day: dt.date) -> SafeString:
    """What a record of that day is part of."""
    return in_text(page.scope.organisation, Figure(key, page.about.subject, Period(day, day + DAY)))


@register.simple_tag
def math_of_cell(page: Page, board: Board, row: int, column: int) -> SafeString:
    """A cell of the leaderboard. A rep within a team counts with the days in it."""
    key, subject = board.columns[column].key, board.rows[row].named.subject
    span = span_of(page, key)
    if subject.kind is SubjectKind.REP and page.about.kind is SubjectKind.TEAM:
        figure = Figure(key, page.about.subject, span, Member(Dimension.REP, subject.id))
    else:
        figure = Figure(key, subject, span)
    return attributes(page.scope.organisation, figure)


@register.simple_tag
def math_of_week(page: Page, board: Board, row: int, column: int) -> SafeString:
    """A cell of a rep's own weeks."""
    return attributes(page.scope.organisation, Figure(board.columns[column].key, page.about.subject, board.weeks[row][0]))


@register.simple_tag
def math_of_rep(page: Page, kpis: Sequence[Any], column: int, rep: Any) -> SafeString:
    """What one rep did within the page's subject."""
    key = kpis[column].key
    figure = Figure(key, page.about.subject, span_of(page, key), Member(Dimension.REP, rep.id))
    return attributes(page.scope.organisation, figure)


@register.simple_tag
def math_of_customer(organisation: Organisation, key: str, customer: Any, period: Period) -> SafeString:
    return attributes(organisation, Figure(key, Subject(SubjectKind.CUSTOMER, customer.id), period))


@register.simple_tag
def math_of_goal(standing: GoalProgress) -> SafeString:
    """What a goal's subject has reached."""
    return attributes(standing.goal.organisation, goal_figure(standing))


@register.simple_tag
def math_of_goal_in_text(standing: GoalProgress) -> SafeString:
    return in_text(standing.goal.organisation, goal_figure(standing))


@register.simple_tag
def math_of_subject(organisation: Organisation, key: str, subject: Subject, period: Period) -> SafeString:
    return attributes(organisation, Figure(key, subject, period))


@register.simple_tag
def math_of_past(organisation: Organisation, draft: Draft, period: Period) -> SafeString:
    """What the subject of a goal, or of one that is being written, reached in another period."""
    return attributes(organisation, Figure(draft.kpi, draft.subject, period))


@register.simple_tag
def math_of(organisation: Organisation, figure: Figure) -> SafeString:
    """A figure that the page has put together itself."""
    return attributes(organisation, figure)


@register.simple_tag
def math_of_point(page: Page, curve: Curve, row: int, column: int) -> SafeString | str:
    """A cell of the curve's table, its columns counted from the day's; empty for what is reckoned, not counted."""
    span = _span_of_point(curve, row, column - 1)
    return attributes(page.scope.organisation, Figure(curve.shown.key, page.about.subject, span)) if span else ""


def _span_of_point(curve: Curve, row: int, column: int) -> Period | None:
    if curve.shape is Shape.TREND:
        return curve.bars[row].period
    lines = [line for line in (curve.actual, curve.pace, curve.projection[1:], curve.last_year) if line]
    day = sorted({day for line in lines for day, _value in line})[row]
    if day not in dict(lines[column]):
        return None
    if lines[column] is curve.actual:
        return Period(curve.frame.period.start, day + DAY)
    if lines[column] is curve.last_year:
        before = curve.frame.last_year
        return next(Period(before.start, step.end) for step in reversed(curve.frame.steps(before)) if curve.frame.year_on(step.last) == day)
    return None


@register.simple_tag
def math_of_step(standing: GoalProgress, step: Step, what: str) -> SafeString:
    """A day or week of a goal: what came in it ("value"), or what there is in total by its end ("total")."""
    goal, end = standing.goal, min(step.period.end, standing.today + DAY)
    start = goal.starts_on if what == "total" else step.period.start
    return attributes(goal.organisation, Figure(goal.kpi, goal.subject, Period(start, end)))
