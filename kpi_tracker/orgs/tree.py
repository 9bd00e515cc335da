"""The tree of teams, which may change over time: which team stands below which on which day.

`Team.parent` holds on days that no `TeamPlacement` speaks of.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from kpi_tracker.orgs.kept import kept
from kpi_tracker.orgs.models import Organisation, Team, TeamAssignment, TeamPlacement
from kpi_tracker.periods import DAY, Period

# The first and the last day there are: bounds of what has none.
FIRST, LAST = dt.date.min, dt.date.max
Parents = Mapping[int, int | None]


class Place(NamedTuple):
    """Where one team stands from `start` up to, and without, `end`."""

    team_id: int
    parent_id: int | None
    start: dt.date
    end: dt.date


@dataclass(frozen=True, slots=True)
class Era:
    """Days [start, end) with one tree. below: each team's id with those of all teams below it, itself included."""

    start: dt.date
    end: dt.date
    parents: Parents
    below: Mapping[int, frozenset[int]]

    def __contains__(self, day: dt.date) -> bool:
        return self.start <= day < self.end


class Stretch(NamedTuple):
    """The teams below one team, itself included, on the days [start, end)."""

    start: dt.date
    end: dt.date
    teams: frozenset[int]


class Above(NamedTuple):
    """`above` is the team itself, or stands above it, on the days [start, end)."""

    team: int
    above: int
    start: dt.date
    end: dt.date


def eras(parents: Parents, places: Iterable[Place]) -> tuple[Era, ...]:
    """The trees in their order, without gaps. parents: what holds where no place says otherwise."""
    placed = list(places)
    bounds = sorted({FIRST, LAST, *(place.start for place in placed), *(place.end for place in placed)})
    found: list[Era] = []
    for start, end in pairwise(bounds):
        now = dict(parents) | {place.team_id: place.parent_id for place in placed if place.start <= start < place.end}
        if found and found[-1].parents == now:
            found[-1] = Era(found[-1].start, end, now, found[-1].below)
        else:
            found.append(Era(start, end, now, _below(now)))
    return tuple(found)


def _below(parents: Parents) -> dict[int, frozenset[int]]:
    below: dict[int, set[int]] = {team: {team} for team in parents}
    for team in parents:
        above, passed = parents[team], {team}
        while above is not None and above not in passed:
            below[above].add(team)
            passed.add(above)
            above = parents[above]
    return {team: frozenset(members) for team, members in below.items()}


def circle(parents: Parents) -> int | None:
    """A team that stands below itself, if there is one."""
    for team in parents:
        above, passed = parents[team], {team}
        while above is not None:
            if above == team:
                return team
            if above in passed:
                break
            passed.add(above)
            above = parents[above]
    return None


def places_of(organisation: Organisation) -> list[Place]:
    rows = TeamPlacement.objects.filter(organisation=organisation).values_list("team_id", "parent_id", "valid_from", "valid_to")
    return [Place(team, parent, start, end or LAST) for team, parent, start, end in rows]


def teams_of(organisation: Organisation) -> tuple[Team, ...]:
    """Not to be changed: see `teams_on`."""
    return kept(organisation, ("teams",), lambda: tuple(Team.objects.filter(organisation=organisation).order_by("name", "id")))


def eras_of(organisation: Organisation) -> tuple[Era, ...]:
    """The organisation's trees from the first to the last day."""
    return kept(organisation, ("eras",), lambda: _read_eras(organisation))


def _read_eras(organisation: Organisation) -> tuple[Era, ...]:
    return eras({team.id: team.parent_id for team in teams_of(organisation)}, places_of(organisation))


def era_on(organisation: Organisation, day: dt.date) -> Era:
    return next(era for era in eras_of(organisation) if day in era)


def teams_on(organisation: Organisation, day: dt.date) -> tuple[Team, ...]:
    """The teams, each with the parent that it has on `day`. Not to be saved."""
    parents = era_on(organisation, day).parents
    teams = tuple(copy(team) for team in teams_of(organisation))
    for team in teams:
        team.parent_id = parents.get(team.id, team.parent_id)
    return teams


def subtree(organisation: Organisation, team_ids: Iterable[int], day: dt.date) -> set[int]:
    """The teams and all that stand below them on `day`."""
    below = era_on(organisation, day).below
    return {member for team in team_ids for member in below.get(team, ())}


def above_on(organisation: Organisation, day: dt.date) -> dict[int, set[int]]:
    """Each team's id with those of all teams above it on `day`, itself included."""
    above: dict[int, set[int]] = defaultdict(set)
    for team, members in era_on(organisation, day).below.items():
        for member in members:
            above[member].add(team)
    return dict(above)


def stretches(organisation: Organisation, team_id: int, period: Period | None = None) -> list[Stretch]:
    """Who stands below the team when, within `period` (None: ever); as few stretches as tell it."""
    found: list[Stretch] = []
    for era in eras_of(organisation):
        start = era.start if period is None else max(era.start, period.start)
        end = era.end if period is None else min(era.end, period.end)
        teams = era.below.get(team_id, frozenset())
        if start >= end:
            continue
        if found and found[-1].teams == teams:
            found[-1] = Stretch(found[-1].start, end, teams)
        else:
            found.append(Stretch(start, end, teams))
    return found


def ever_below(organisation: Organisation, team_id: int, period: Period | None = None) -> set[int]:
    """The team and those that stand below it on any day of `period` (None: ever)."""
    return {team for stretch in stretches(organisation, team_id, period) for team in stretch.teams}


def teams_above(organisation: Organisation) -> list[Above]:
    """For each team which teams are above it, itself included, and when. No overlap for a pair."""
    found: dict[tuple[int, int], list[Above]] = defaultdict(list)
    for era in eras_of(organisation):
        for above, members in era.below.items():
            for team in members:
                known = found[team, above]
                if known and known[-1].end == era.start:
                    known[-1] = known[-1]._replace(end=era.end)
                else:
                    known.append(Above(team, above, era.start, era.end))
    return [one for known in found.values() for one in known]


def stays_below(organisation: Organisation, team_id: int, period: Period) -> dict[int, list[Period]]:
    """The days on which each team was the team or stood below it, within `period`; in order, none touching another."""
    found: dict[int, list[Period]] = defaultdict(list)
    for start, end, teams in stretches(organisation, team_id, period):
        for team in teams:
            _append(found[team], Period(start, end))
    return dict(found)


class Stay(NamedTuple):
    """A rep belongs to a team on the days [start, end)."""

    rep_id: int
    team_id: int
    start: dt.date
    end: dt.date


def stays(organisation: Organisation, period: Period) -> list[Stay]:
    """Every rep's teams within `period`, by rep and in order."""
    every = kept(organisation, ("stays",), lambda: _read_stays(organisation))
    return [stay for stay in every if stay.start < period.end and stay.end > period.start]


def _read_stays(organisation: Organisation) -> tuple[Stay, ...]:
    found = TeamAssignment.objects.filter(organisation=organisation).order_by("rep_id", "valid_from")
    rows = found.values_list("rep_id", "team_id", "valid_from", "valid_to")
    return tuple(Stay(rep, team, first, until or LAST) for rep, team, first, until in rows)


def placed_on(organisation: Organisation, day: dt.date) -> dict[int, int]:
    """Each rep's team on `day`."""
    return {stay.rep_id: stay.team_id for stay in stays(organisation, Period(day, day + DAY))}


def stays_in(organisation: Organisation, team_id: int, period: Period) -> dict[int, list[Period]]:
    """Each rep's days in the team, or in one that stood below it on that day, within `period`; in order, none touching another."""
    tree = stretches(organisation, team_id, period)
    found: dict[int, list[Period]] = defaultdict(list)
    for rep_id, team, first, until in stays(organisation, period):
        for stretch in tree:
            start, end = max(first, stretch.start), min(until, stretch.end)
            if team in stretch.teams and start < end:
                _append(found[rep_id], Period(start, end))
    return dict(found)


def _append(found: list[Period], stay: Period) -> None:
    if found and found[-1].end == stay.start:
        found[-1] = Period(found[-1].start, stay.end)
    else:
        found.append(stay)
