"""What the templates of a subject's page are given: figures and sentences, ready to be written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext, pgettext

from dashboards import board as boards
from dashboards import cards, charts, closing, exports, list_sentences, sentences
from dashboards.board import People
from dashboards.catalogue import ShownKpi
from dashboards.closing import Note
from dashboards.feed import feed
from dashboards.holiday_names import holidays_off
from dashboards.page import Link, Page, as_reported, file_name, new_goal_link
from dashboards.selectors import Figure, Figures, Goals, all_figures, ask_all, figures, goals_of, merged, questions
from dashboards.subjects import Named
from goals import pacing
from goals.pacing import Clock
from goals.worktime import WorkTime
from kpi_tracker import formats
from kpi_tracker.kpis.metrics import Course, SubjectKind
from kpi_tracker.kpis.query import KpiTable
from kpi_tracker.periods import Grain
from kpi_tracker.rollups.reported import closings_of

# How many rows of the board are shown before all are asked for.
BOARD_ROWS = 40


def head(page: Page, at: Clock) -> dict[str, Any]:
    """Breadcrumb, time controls and the line under the title."""
    frame = page.frame
    country = page.about.rep.country if page.about.rep else ""
    counted = holidays_off(frame.organisation, frame.period, country) if frame.grain is not Grain.DAY else []
    line = [sentences.working_days(frame, at), sentences.holidays_counted(counted), _as_of(page)]
    return {
        "crumbs": _links(page, page.about.above), "siblings": _links(page, page.about.beside), "members": _links(page, page.about.below),
        "sub": " · ".join(part for part in line if part),
        "grains": [Link(grain_label(grain), page.link(grain=grain, period=frame.at_grain(grain)), grain is frame.grain) for grain in Grain],
        "earlier": page.link(period=frame.step(-1)),
        "later": page.link(period=frame.step(1)),
        "known_as": _known_as(page),
        "now_link": "" if frame.running else page.link(period=frame.organisation.calendar.bucket(frame.grain, frame.today)),
        "period_name": frame.name(), "period_within": frame.name(in_sentence=True),
    }


def _as_of(page: Page) -> str:
    return gettext("closed months as they were reported") if page.frame.as_reported else sentences.as_of(page.now)


def _known_as(page: Page) -> list[Link]:
    """The choice between what is known now and what closed months said; none where no month of the period is closed."""
    frame = page.frame
    if not any(closed.period.meets(frame.period) for closed in closings_of(frame.organisation)):
        return []
    now = replace(page, frame=replace(frame, as_reported=False)).link()
    return [Link(gettext("As now known"), now, not frame.as_reported), Link(gettext("As reported"), as_reported(now), frame.as_reported)]


def _changed_since(page: Page, found: Figures) -> dict[str, Note]:
    """By KPI: what a closed month said, where that differs from what is known now."""
    if page.frame.as_reported:
        return {}
    figures = (found.main, *found.cards)
    known: KpiTable = {(one.key, one.span, None): one.value for one in figures if one.span is not None and one.value is not None}
    return {key: note for (key, _span), note in closing.notes(page.scope, page.about.subject, known).items()}


def _links(page: Page, found: Iterable[Named]) -> list[Link]:
    return [Link(named.name, page.link(subject=named.subject), named.subject == page.about.subject, named.depth) for named in found]


def grain_label(grain: Grain) -> str:
    labels = {
        Grain.DAY: pgettext("grain", "Day"), Grain.WEEK: pgettext("grain", "Week"), Grain.MONTH: pgettext("grain", "Month"),
        Grain.QUARTER: pgettext("grain", "Quarter"), Grain.YEAR: pgettext("grain", "Year"),
    }
    return labels[grain]


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a page needs from the database, read in as few questions as there can be. at: how much of the period has gone."""

    figures: Figures
    goals: Goals
    columns: list[ShownKpi]
    people: People
    of_members: KpiTable
    of_weeks: KpiTable
    at: Clock
    worktime: WorkTime


def gather(page: Page, *, with_board: bool) -> Gathered:
    scope, about, frame = page.scope, page.about, page.frame
    people = boards.people_of(scope, about, frame) if with_board else {}
    columns = boards.columns_of(page.shown, page.chosen)
    of_board = boards.question(about, frame, columns=columns, people=people)
    of_weeks = boards.weeks_question(about, frame, columns=columns if with_board else [])
    asked = questions(about, frame, shown=page.shown, chosen=page.chosen)
    members_found, weeks_found, *tables = ask_all(scope, frame, [of_board, of_weeks, *asked])
    of_members = boards.answer(of_board, members_found, columns=columns, people=people)
    found = merged(frame, tables)
    members = {SubjectKind.ORGANISATION: SubjectKind.TEAM, SubjectKind.TEAM: SubjectKind.REP}.get(about.kind)
    worktime = WorkTime(scope.organisation, [frame.period])
    goals = goals_of(
        scope, about, frame, found=found, members=members, ids=people, columns=columns, of_members=of_members, worktime=worktime
    )
    shown = figures(about, frame, shown=page.shown, chosen=page.chosen, found=found, goals=goals)
    at = pacing.clock(worktime.weights(about.subject, frame.period), today=frame.today, today_counts=False)
    return Gathered(shown, goals, columns, people, of_members, weeks_found, at, worktime)


def board_context(page: Page, found: Gathered, *, sort: str, every_row: bool) -> dict[str, Any]:
    if page.about.kind is SubjectKind.REP:
        board = boards.weeks_of(page.frame, found.of_weeks, columns=found.columns)
    else:
        board = boards.board(
            page.scope, page.about, page.frame, columns=found.columns, found=found.of_members, goals=found.goals, people=found.people,
            sort=sort, worktime=found.worktime,
        )
    if board is None:
        return {"board": None}
    if board.weeks:
        weeks = [
            {"name": formats.period_name(Grain.WEEK, week), "link": page.link(grain=Grain.WEEK, period=week),
             "cells": [formats.kpi_value(one.kpi, value.value, page.currency, short=True)
                       for one, value in zip(board.columns, values, strict=True)]}
            for week, values in board.weeks
        ]
        return {"board": board, "weeks_title": list_sentences.weeks_title(page.frame, board), "weeks": weeks}
    return {"board": board, "board_title": list_sentences.board_title(page.frame, board), "board_note": list_sentences.board_note(board),
            "board_rows": cards.board_rows(page, board, None if every_row else BOARD_ROWS)}


def curve_context(page: Page, found: Figures, view: str) -> dict[str, Any]:
    """The curve's card: the chart, or the same as a table."""
    curve = found.curve
    context: dict[str, Any] = {
        "curve": curve, "chart_title": sentences.chart_title(page.frame, found.main, curve), "view": view, "curve_link": page.link(),
        "file_name": file_name(page), "empty": curve.empty,
    }
    if view == "table":
        context["header"], context["table"] = exports.written_table(curve)
    elif not curve.empty:
        context["chart"] = charts.figure(curve)
    return context


def kpi_menu(page: Page) -> list[tuple[Any, list[Link]]]:
    def link(one: ShownKpi) -> Link:
        return Link(one.label, page.link(kpi=one.key), one.key == page.chosen.key)

    return [(label, [link(one) for one in kpis]) for label, kpis in page.shown.by_category()]


def subject_context(page: Page, *, view: str, sort: str, every_row: bool) -> dict[str, Any]:
    """Everything on a subject's page but what belongs to one kind of subject."""
    gathered = gather(page, with_board=True)
    found = gathered.figures
    changed = _changed_since(page, found)
    main_card = cards.goal_card(page, found.main) | {"changed": changed.get(found.main.key)}
    return {
        "page": page, "kind": page.about.kind.value, "name": page.about.name,
        "answer": sentences.answer(page.about, page.frame, found.main), **head(page, gathered.at),
        "new_goal": new_goal_link(page), "kpi_menu": kpi_menu(page), "goal_card": main_card,
        "cards": [cards.card(page, one) | {"changed": changed.get(one.key)} for one in found.cards],
        "change_help": sentences.change_help(page.frame),
        **curve_context(page, found, view), **board_context(page, gathered, sort=sort, every_row=every_row),
        "feed": feed(page.scope, page.about, page.frame),
    }


def _before(figure: Figure) -> Decimal | None:
    """The period before; of growth, which is itself a comparison, its last value."""
    if figure.shown.kpi.course is Course.WHOLE:
        return figure.trend[-2] if len(figure.trend) > 1 else None
    return figure.before.value if figure.before else None


def all_kpis_context(page: Page) -> dict[str, Any]:
    """The table of every KPI."""
    rows = []
    found = all_figures(page.scope, page.about, page.frame, shown=page.shown)
    for figure in found:
        rows.append(cards.card(page, figure) | {
            "before": formats.kpi_value(figure.shown.kpi, _before(figure), page.currency),
            "year": formats.kpi_value(figure.shown.kpi, figure.year.value if figure.year else None, page.currency),
            "category": figure.shown.kpi.category.label, "parts": sentences.parts(figure),
        })
    return {
        "page": page, "rows": rows, "answer": sentences.all_kpis_answer(page.about, page.frame, found),
        "before_name": page.frame.before_name(), "change_help": sentences.change_help(page.frame),
    }
