"""Teams over time: who was in which team when, and which team stood below which."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.http import Http404

from dashboards.subjects import Named, tree
from kpi_tracker import formats
from kpi_tracker.orgs.models import Rep, TeamAssignment, TeamPlacement
from kpi_tracker.orgs.tree import teams_of, teams_on
from kpi_tracker.periods import DAY, Grain, Period
from kpi_tracker.scope import Scope

BACK, AHEAD = 17, 1  # months shown around today
TINTS = 5


@dataclass(frozen=True, slots=True)
class Bar:
    """A stay on the time line. left, width: shares of it. tint: one of TINTS, the same for the same team."""

    name: str
    title: str
    left: float
    width: float
    tint: int


@dataclass(frozen=True, slots=True)
class Row:
    rep: Rep
    bars: tuple[Bar, ...]
    left_on: dt.date | None


@dataclass(frozen=True, slots=True)
class Timeline:
    span: Period
    rows: tuple[Row, ...]
    ticks: tuple[tuple[str, float], ...]
    now: float | None
    earlier: dt.date
    later: dt.date


def timeline(scope: Scope, around: dt.date, today: dt.date) -> Timeline:
    """The stays of all reps that the scope sees, in the months around a day."""
    calendar = scope.organisation.calendar
    month = calendar.bucket(Grain.MONTH, around)
    span = Period(calendar.shift(Grain.MONTH, month, -BACK).start, calendar.shift(Grain.MONTH, month, AHEAD).end)
    stays: dict[int, list[TeamAssignment]] = defaultdict(list)
    met = TeamAssignment.objects.within(scope).filter(valid_from__lt=span.end).exclude(valid_to__lte=span.start)
    for stay in met.select_related("team").order_by("valid_from"):
        stays[stay.rep_id].append(stay)
    shown = {stay.team_id for of_rep in stays.values() for stay in of_rep}
    tints = {team.id: number % TINTS for number, team in enumerate(one for one in teams_of(scope.organisation) if one.id in shown)}
    reps = Rep.objects.within(scope).filter(is_unassigned=False).exclude(ended_on__lt=span.start).order_by("name", "id")
    months = calendar.buckets(Grain.MONTH, span)
    return Timeline(
        span=span,
        rows=tuple(
            Row(
                rep=rep, bars=tuple(_bar(stay, span, tints) for stay in stays[rep.id]),
                left_on=rep.ended_on if rep.ended_on and rep.ended_on < today else None,
            )
            for rep in reps
        ),
        ticks=tuple((formats.short_month(one.start) if one.start.month != 1 else str(one.start.year), _share(span, one.start))
                    for one in months[::3]),
        now=_share(span, today) if today in span else None,
        earlier=calendar.shift(Grain.MONTH, month, -12).start, later=calendar.shift(Grain.MONTH, month, 12).start,
    )


def _share(span: Period, day: dt.date) -> float:
    return (day - span.start).days / len(span)


def _bar(stay: TeamAssignment, span: Period, tints: dict[int, int]) -> Bar:
    start, end = max(stay.valid_from, span.start), min(stay.valid_to or span.end, span.end)
    return Bar(stay.team.name, stay_text(stay), _share(span, start), (end - start).days / len(span), tints[stay.team_id])


def stay_text(stay: TeamAssignment) -> str:
    first = formats.short_day(stay.valid_from, year=True)
    return f"{stay.team.name}: {first} – {formats.short_day(stay.valid_to - DAY, year=True) if stay.valid_to else '…'}"


@dataclass(frozen=True, slots=True)
class Stay:
    """One stay, or (without a row) days between two in which the rep was in no team. last: None where it goes on."""

    row: TeamAssignment | None
    first: dt.date
    last: dt.date | None
    now: bool = False


def rep_found(scope: Scope, rep_id: int) -> Rep:
    """404 for nobody of the organisation, 403 for one whom the scope may not see."""
    rep: Rep | None = Rep.objects.filter(organisation=scope.organisation, pk=rep_id, is_unassigned=False).first()
    if rep is None:
        raise Http404
    if not scope.may_see_rep(rep.pk):
        raise PermissionDenied
    return rep


def stays_of(scope: Scope, rep: Rep, today: dt.date) -> list[Stay]:
    """A rep's stays, the newest first, with the gaps between them."""
    rows = list(TeamAssignment.objects.within(scope).filter(rep=rep).select_related("team").order_by("valid_from"))
    found: list[Stay] = []
    end: dt.date | None = None
    for row in rows:
        if end is not None and end < row.valid_from:
            found.append(Stay(None, end, row.valid_from - DAY))
        now = row.valid_from <= today and (row.valid_to is None or row.valid_to > today)
        found.append(Stay(row, row.valid_from, row.valid_to - DAY if row.valid_to else None, now))
        end = row.valid_to
    return found[::-1]


@dataclass(frozen=True, slots=True)
class Placed:
    row: TeamPlacement
    last: dt.date | None


def places(scope: Scope) -> list[Placed]:
    """What is said of teams' places in time, the newest first."""
    rows = TeamPlacement.objects.within(scope).select_related("team", "parent").order_by("-valid_from", "team__name")
    return [Placed(row, row.valid_to - DAY if row.valid_to else None) for row in rows]


def tree_on(scope: Scope, day: dt.date) -> list[Named]:
    """The teams in the order of that day's tree."""
    return list(tree(teams_on(scope.organisation, day)))
