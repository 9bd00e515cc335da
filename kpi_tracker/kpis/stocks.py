"""Stocks: what flows have left at the end of each span.

A stock is the sum of its flows from the beginning, so late edits of any day change it at once. Who holds a record is credited
with its flows; to which team the holder belongs is asked for the last day of the span, for a holder who moves takes it along.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import pairwise

from django.db.models import Q

from kpi_tracker.kpis.measures import Dimension, Measure, Stock
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import EVERYTHING, NOTHING, MemberId, Part, Parts, Steps, Subject, Want, side_by_side
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.orgs.tree import above_on, placed_on, subtree
from kpi_tracker.periods import Period

BEGINNING = dt.date(1900, 1, 1)
Standing = dict[MemberId, Part]


def parts(organisation: Organisation, stock: Stock, subject: Subject, spans: Sequence[Period], by: Dimension | None) -> Steps[Parts]:
    """The stock at the end of each span, for each member of `by`."""
    ends = sorted({span.end for span in spans})
    standing = yield from _standings(organisation, stock, subject, ends, by)
    return {
        (stock.key, span, member): part for span in dict.fromkeys(spans) for member, part in standing[span.end].items() if part != NOTHING
    }


def _standings(
    organisation: Organisation, stock: Stock, subject: Subject, ends: Sequence[dt.date], by: Dimension | None
) -> Steps[dict[dt.date, Standing]]:
    """What stands at each end."""
    in_teams = subject.kind is SubjectKind.TEAM or by is Dimension.TEAM
    if not in_teams:
        return (yield from _accumulated(stock, subject, ends, by))
    if by in (None, Dimension.TEAM, Dimension.REP):
        of = subject if subject.kind is SubjectKind.CUSTOMER else EVERYTHING
        holders = yield from _accumulated(stock, of, ends, Dimension.REP)
        return {end: _by_team(organisation, subject, by, end, holders[end]) for end in ends}
    works = []
    for end in ends:  # the customers of whoever is in the team then
        members = members_on(organisation, subject.id, end)
        held = replace(
            stock, inflows=tuple(_held(flow, members, end) for flow in stock.inflows),
            outflows=tuple(_held(flow, members, end) for flow in stock.outflows),
        )
        works.append(_accumulated(held, EVERYTHING, [end], by))
    found = yield from side_by_side(works)
    return {end: standing for one in found for end, standing in one.items()}


def _held(flow: Measure, members: Sequence[int], end: dt.date) -> Measure:
    """What of a flow these reps hold. Under a key of its own: in one question, a key means one measure."""
    return replace(flow, key=f"{flow.key} {end} {members}", where=flow.where & Q(**{f"{flow.rep}__in": members}))


def _accumulated(stock: Stock, subject: Subject, ends: Sequence[dt.date], by: Dimension | None) -> Steps[dict[dt.date, Standing]]:
    """The flows summed up from the beginning to each of the ends, which are in order."""
    segments = tuple(Period(start, end) for start, end in pairwise([BEGINNING, *ends]))
    changes: dict[Period, Standing] = defaultdict(lambda: defaultdict(Part))
    coming = {flow.key for flow in stock.inflows}
    (flows,) = yield [Want((*stock.inflows, *stock.outflows), subject, segments, by)]
    for (key, segment, member), part in flows.items():
        before = changes[segment][member]
        changes[segment][member] = before.plus(part) if key in coming else before.minus(part)
    standing: Standing = defaultdict(Part)
    found = {}
    for segment in segments:
        for member, part in changes[segment].items():
            standing[member] = standing[member].plus(part)
        found[segment.end] = dict(standing)
    return found


def _by_team(organisation: Organisation, subject: Subject, by: Dimension | None, end: dt.date, holders: Standing) -> Standing:
    """What the holders of a team, or of each team, have together."""
    last = end - dt.timedelta(days=1)
    team_of, above = placed_on(organisation, last), above_on(organisation, last)
    found: Standing = defaultdict(Part)
    for rep_id, part in holders.items():
        teams = above.get(team_of.get(rep_id or 0, 0), set())
        if (subject.kind is SubjectKind.TEAM and subject.id not in teams) or (subject.kind is SubjectKind.REP and rep_id != subject.id):
            continue
        members: Collection[MemberId] = [None]
        if by is Dimension.REP:
            members = [rep_id]
        elif by is Dimension.TEAM:
            members = [team for team in teams if subject.kind is not SubjectKind.TEAM or subject.id in above[team]]
        for member in members:
            found[member] = found[member].plus(part)
    return found


def members_on(organisation: Organisation, team_id: int, end: dt.date) -> list[int]:
    """The reps of a team, with the teams below it, on the last day before `end`."""
    day = end - dt.timedelta(days=1)
    teams = subtree(organisation, [team_id], day)
    return [rep_id for rep_id, team in placed_on(organisation, day).items() if team in teams]
