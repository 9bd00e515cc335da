"""KPI cards, the goal's card and the leaderboard's rows, ready to be written."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext

from dashboards import board as boards
from dashboards import sentences
from dashboards.board import Board, Row
from dashboards.page import Page, goal_link, new_goal_link
from dashboards.selectors import Figure
from goals import sentences as goal_sentences
from goals.progress import GoalProgress
from kpi_tracker import formats
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.orgs.rates import display_rate
from kpi_tracker.periods import Grain


def spark(values: tuple[Decimal | None, ...]) -> str:
    """The points of a sparkline in a box of 100 × 30, from where there is something on."""
    first = next((i for i, value in enumerate(values) if value), len(values))
    values = values[max(first - 1, 0) :]
    known = [float(value) for value in values if value is not None]
    if len(known) < 3:  # a line through two points says nothing of a course
        return ""
    high, low = max(known), min(known)
    reach = (high - low) or 1.0
    step = 100 / (len(values) - 1)
    return " ".join(f"{i * step:.1f},{28 - (float(value) - low) / reach * 24:.1f}" for i, value in enumerate(values) if value is not None)


def card(page: Page, figure: Figure) -> dict[str, Any]:
    """A KPI card."""
    found: dict[str, Any] = {
        "label": figure.shown.label, "value": sentences.value_text(figure, page.currency), "parts": sentences.parts(figure, short=True),
        "change": sentences.card_change(page.frame, figure), "spark": spark(figure.trend), "link": page.link(kpi=figure.key),
        "key": figure.key, "beside": beside(page, figure, short=True),
    }
    if figure.goal is not None:
        of = goal_sentences.target_words(figure.goal.goal, figure.goal.target)
        found |= {"goal": figure.goal, "of": of, "status": status(figure.goal)}
        found |= {"pill": pill_text(figure.goal), "fills": figure.goal.pace is not None}
    return found


def beside(page: Page, figure: Figure, *, short: bool = False) -> str:
    """Money in the organisation's second currency, at the newest rate known on the last day of the figure's span."""
    organisation = page.scope.organisation
    rate = None if figure.span is None else display_rate(organisation, figure.span.last)
    return formats.beside(figure.shown.kpi, figure.now, organisation.display_currency, rate, short=short)


def status(goal: GoalProgress) -> dict[str, str]:
    return {"tone": boards.tone(goal), "word": str(goal_sentences.STATUS_LABELS[goal.verdict.status])}


def pill_text(goal: GoalProgress) -> str:
    """On a card: the share of the pace where there is one, else the status."""
    if goal.pace is not None and goal.pace.index is not None and not goal.clock.over and goal.verdict.status.value != "achieved":
        return gettext("%(percent)s of pace") % {"percent": formats.percent(goal.pace.index, 0)}
    return str(goal_sentences.STATUS_LABELS[goal.verdict.status])


def goal_card(page: Page, figure: Figure) -> dict[str, Any]:
    """The card beside the curve: how the goal stands, or what there is without one."""
    found: dict[str, Any] = {
        "label": figure.shown.label, "value": sentences.value_text(figure, page.currency), "parts": sentences.parts(figure),
        "beside": beside(page, figure),
        "goal": figure.goal,
        "new": new_goal_link(page), "spark": spark(figure.trend),
        "before": None if figure.before is None else formats.kpi_value(figure.shown.kpi, figure.before.value, page.currency),
        "before_name": sentences.by_then(page.frame), "before_help": sentences.change_help(page.frame),
        "year_name": sentences.last_year_by_then(page.frame), "year": None,
        "change": sentences.change(figure, figure.before), "change_year": sentences.change(figure, figure.year),
    }
    if figure.year is not None and page.frame.grain is not Grain.YEAR:
        found["year"] = formats.kpi_value(figure.shown.kpi, figure.year.value, page.currency)
    if (goal := figure.goal) is not None:
        found |= _goal_figures(page, goal)
    return found


def _goal_figures(page: Page, goal: GoalProgress) -> dict[str, Any]:
    def written(value: Decimal | None, *, short: bool = False) -> str:
        return formats.kpi_value(goal.kpi, value, page.currency, short=short)

    ends = goal.projected if page.frame.running else None
    return {
        "of": goal_sentences.target_words(goal.goal, goal.target), "status": status(goal), "why": goal_sentences.why(goal),
        "link": goal_link(page, "detail", id=str(goal.goal.id)), "fills": goal.pace is not None,
        "filled": goal.attainment, "mark": goal.expected_share,
        "expected": written(goal.pace.expected, short=True) if goal.pace and goal.pace.expected and not goal.clock.over else "",
        "tonight": written(goal.pace.expected_tonight) if goal.pace and page.frame.running else "",
        "required": written(goal.pace.required) if goal.pace and goal.pace.required and page.frame.running else "",
        "left": goal.clock.days_left,
        "projected": goal_sentences.projected_figure(goal.goal, ends) if ends is not None else "",
        "projected_share": ends / goal.target if ends is not None else None,
        "attained": formats.percent(goal.attainment, 0) if goal.pace and goal.clock.over else "",
    }


def board_rows(page: Page, board: Board, most: int | None) -> list[dict[str, Any]]:
    """The first rows of the board, so many of them."""
    return [_board_row(page, board, row) for row in board.rows[:most]]


def _board_row(page: Page, board: Board, row: Row) -> dict[str, Any]:
    named, organisation = row.named, page.scope.organisation
    rate = display_rate(organisation, (page.frame.to_date or page.frame.period).last)
    seen = page.scope.may_see_rep(named.subject.id) if named.subject.kind is SubjectKind.REP else page.scope.may_see_team(named.subject.id)
    cells = [
        {"text": formats.kpi_value(one.kpi, cell.value.value, page.currency, short=True), "tone": cell.tone,
         "share": formats.percent(cell.share, 0) if cell.share is not None else "",
         "why": goal_sentences.why(cell.goal) if cell.goal else "",
         "beside": formats.beside(one.kpi, cell.value.value, organisation.display_currency, rate, short=True)}
        for one, cell in zip(board.columns, row.cells, strict=True)
    ]
    return {
        "id": f"{named.subject.kind}-{named.subject.id}", "name": named.name,
        "link": page.link(subject=named.subject) if seen else "", "depth": named.depth, "cells": cells,
        "spark": spark(row.trend), "is_rep": named.subject.kind is SubjectKind.REP,
        "part_time": formats.percent(row.part_time, 0) if row.part_time is not None else "", "away": row.away,
    }
