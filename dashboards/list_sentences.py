"""The sentences over lists: leaderboard, feed, records and people. Pure, like `sentences`."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from dashboards.board import Board, Row
from dashboards.frame import Frame
from kpi_tracker import formats
from kpi_tracker.kpis.measures import Unit
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.periods import Grain
from kpi_tracker.sales.models import Deal, DealStatus

ZERO = Decimal(0)

# Deals of a customer -------------------------------------------------------------------------------

def deals_title(deals: Sequence[Deal]) -> str:
    """How many deals are listed, and what became of them."""
    statuses = [deal.status for deal in deals]
    values = {"number": len(deals), "won": statuses.count(DealStatus.WON), "open": statuses.count(DealStatus.OPEN)}
    text = ngettext("%(number)d deal: %(won)d won, %(open)d open", "%(number)d deals: %(won)d won, %(open)d open", len(deals))
    return text % values


# Leaderboard ---------------------------------------------------------------------------------------

def board_title(frame: Frame, board: Board) -> str:
    """Who leads, and who is behind on what."""
    column = board.columns[0]
    ranked = [row for row in board.rows if row.named.depth == min(other.named.depth for other in board.rows)]
    ranked = sorted((row for row in ranked if row.cells[0].value.value), key=lambda row: row.cells[0].value.value or ZERO, reverse=True)
    values = {"when": frame.within_sentence(), "kpi": column.in_sentence}
    if board.own_only:
        return gettext("Your own row of the team")
    if not ranked:
        return gettext("Nobody has %(kpi)s %(when)s yet") % values if frame.running else gettext("Nobody had %(kpi)s %(when)s") % values
    values["leader"] = first_name(ranked[0])
    values["value"] = formats.kpi_value(column.kpi, ranked[0].cells[0].value.value, frame.organisation.base_currency, short=True)
    weakest = _weakest(board, leader=ranked[0])
    if weakest is None or not frame.running:
        return gettext("%(leader)s leads with %(value)s") % values
    row, i = weakest
    values |= {"weak": first_name(row), "lack": board.columns[i].in_sentence}
    return gettext("%(weak)s is behind on %(lack)s; %(leader)s leads with %(value)s") % values


def first_name(row: Row) -> str:
    return row.named.name.split()[0] if row.named.subject.kind is SubjectKind.REP else row.named.name


def _weakest(board: Board, *, leader: Row) -> tuple[Row, int] | None:
    """The cell furthest below its pace or mean, among what people do: money follows from it. The leader is left out."""
    cells = [
        (cell.share, row.named.name, row, i)
        for row in board.rows if row is not leader
        for i, cell in enumerate(row.cells)
        if cell.share is not None and cell.tone in ("bad", "warn") and board.columns[i].kpi.unit is Unit.COUNT
    ]
    if not cells:
        return None
    _, _, row, i = min(cells, key=lambda cell: (cell[0], cell[1]))
    return row, i


def weeks_title(frame: Frame, board: Board) -> str:
    """A rep's best week of those shown."""
    column = board.columns[0]
    best = max(board.weeks, key=lambda week: week[1][0].value or ZERO)
    if not best[1][0].value:
        return gettext("No %(kpi)s in these weeks") % {"kpi": column.in_sentence}
    values = {
        "week": formats.period_name(Grain.WEEK, best[0], year=False), "kpi": column.in_sentence,
        "value": formats.kpi_value(column.kpi, best[1][0].value, frame.organisation.base_currency, short=True),
    }
    if column.kpi.unit is Unit.COUNT:
        return gettext("%(week)s was the best of these: %(value)s %(kpi)s") % values
    return gettext("%(week)s was the best of these for %(kpi)s: %(value)s") % values


def board_note(board: Board) -> str:
    if board.by_goal:
        return gettext("share of own pace")
    if any(cell.share is not None for row in board.rows for cell in row.cells):
        return gettext("share of the group's mean")
    return ""


# Feed ----------------------------------------------------------------------------------------------

def deal_won(rep: SafeString, customer: SafeString) -> SafeString:
    return format_html(gettext("{rep} won {customer}"), rep=rep, customer=customer)


def deal_lost(rep: SafeString, customer: SafeString) -> SafeString:
    return format_html(gettext("{rep} lost {customer}"), rep=rep, customer=customer)


def met(rep: SafeString, customer: SafeString) -> SafeString:
    return format_html(gettext("{rep} met {customer}"), rep=rep, customer=customer)


# Records -------------------------------------------------------------------------------------------

def records_summary(number: int, total: str, *, adds: bool) -> str:
    """How many records there are, and what they add up to where that is not their number."""
    values = {"number": formats.number(number), "total": total}
    if not adds:
        return ngettext("%(number)s record", "%(number)s records", number) % values
    return ngettext("%(number)s record, %(total)s", "%(number)s records, %(total)s", number) % values


# People --------------------------------------------------------------------------------------------

def people_answer(reps: int, teams: int, away: int) -> str:
    """How many there are, and how many of them are away today."""
    values = {"reps": formats.number(reps), "teams": formats.number(teams), "away": formats.number(away)}
    if not reps:
        return gettext("Nobody is here yet")
    if teams < 2:
        if not away:
            return ngettext("%(reps)s rep, at work today", "%(reps)s reps, all at work today", reps) % values
        return ngettext("%(reps)s rep, %(away)s on leave today", "%(reps)s reps, %(away)s on leave today", reps) % values
    if not away:
        return ngettext(
            "%(reps)s rep in %(teams)s teams, at work today", "%(reps)s reps in %(teams)s teams, all at work today", reps
        ) % values
    return ngettext(
        "%(reps)s rep in %(teams)s teams, %(away)s on leave today", "%(reps)s reps in %(teams)s teams, %(away)s on leave today", reps
    ) % values
