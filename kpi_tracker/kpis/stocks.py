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

from kpi_tracker.kpis.measures import Dimension, Stock
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import EVERYTHING, NOTHING, MemberId, Part, Parts, Source, Subject
from kpi_tracker.orgs.models import Organisation, TeamAssignment
from kpi_tracker.orgs.selectors import valid_on
from kpi_tracker.orgs.tree import above_on, subtree
from kpi_tracker.periods import Period

BEGINNING = dt.date(1900, 1, 1)
Standing = dict[MemberId, Part]


def parts(
    organisation: Organisation, stock: Stock, subject: Subject, spans: Sequence[Period], by: Dimension | None, source: Source
) -> Parts:
    """The stock at the end of each span, for each member of `by`; see `kpis.parts.Source`."""
    found: Parts = {}
    for ends, standing in _standings(organisation, stock, subject, sorted({span.end for span in spans}), by, source):
        for span in spans:
            if span.end in ends:
                found |= {(stock.key, span, member): part for member, part in standing[span.end].items() if part != NOTHING}
    return found


def _standings(
    organisation: Organisation, stock: Stock, subject: Subject, ends: Sequence[dt.date], by: Dimension | None, source: Source
) -> Sequence[tuple[Sequence[dt.date], dict[dt.date, Standing]]]:
    """What stands at each end, together with the ends that it was worked out for."""
    in_teams = subject.kind is SubjectKind.TEAM or by is Dimension.TEAM
    if not in_teams:
        return [(ends, _accumulated(organisation, stock, subject, ends, by, source))]
    if by in (None, Dimension.TEAM, Dimension.REP):
        of = subject if subject.kind is SubjectKind.CUSTOMER else EVERYTHING
        holders = _accumulated(organisation, stock, of, ends, Dimension.REP, source)
        return [(ends, {end: _by_team(organisation, subject, by, end, holders[end]) for end in ends})]
    found = []
    for end in ends:  # the customers of whoever is in the team then
        members = members_on(organisation, subject.id, end)
        held = replace(
            stock, inflows=tuple(replace(flow, where=flow.where & Q(**{f"{flow.rep}__in": members})) for flow in stock.inflows),
            outflows=tuple(replace(flow, where=flow.where & Q(**{f"{flow.rep}__in": members})) for flow in stock.outflows),
        )
        found.append(([end], _accumulated(organisation, held, EVERYTHING, [end], by, source)))
    return found


def _accumulated(
    organisation: Organisation, stock: Stock, subject: Subject, ends: Sequence[dt.date], by: Dimension | None, source: Source
) -> dict[dt.date, Standing]:
    """The flows summed up from the beginning to each of the ends, which are in order."""
    segments = [Period(start, end) for start, end in pairwise([BEGINNING, *ends])]
    changes: dict[Period, Standing] = defaultdict(lambda: defaultdict(Part))
    coming = {flow.key for flow in stock.inflows}
    for (key, segment, member), part in source(organisation, [*stock.inflows, *stock.outflows], subject, segments, by).items():
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
    team_of = dict(TeamAssignment.objects.filter(valid_on(last), organisation=organisation).values_list("rep_id", "team_id"))
    above = above_on(organisation, last)
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
    found = TeamAssignment.objects.filter(valid_on(day), organisation=organisation, team_id__in=subtree(organisation, [team_id], day))
    return list(found.values_list("rep_id", flat=True))
