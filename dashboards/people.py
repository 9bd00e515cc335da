"""Teams and the reps in them today: who leads, who moved lately, who is away."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from dashboards.subjects import Named, tree
from kpi_tracker.orgs.models import Absence, Rep, TeamAssignment, TeamManager
from kpi_tracker.orgs.selectors import valid_on
from kpi_tracker.orgs.tree import teams_on
from kpi_tracker.scope import Scope

LATELY = dt.timedelta(days=92)


@dataclass(frozen=True, slots=True)
class Person:
    """moved_from: the team before, if the rep moved lately. away_until: the first day back; None if open-ended."""

    rep: Rep
    moved_from: str = ""
    moved_on: dt.date | None = None
    joined_on: dt.date | None = None
    away: bool = False
    back_on: dt.date | None = None


@dataclass(frozen=True, slots=True)
class TeamPeople:
    named: Named
    managers: tuple[str, ...]
    people: tuple[Person, ...]
    seen: bool = True


def team_people(scope: Scope, day: dt.date) -> tuple[list[TeamPeople], list[Person]]:
    """The teams seen, in the order of the tree, and the reps who are in no team."""
    teams = teams_on(scope.organisation, day)
    stays = list(TeamAssignment.objects.within(scope).filter(valid_from__lte=day).select_related("rep", "team").order_by("valid_from"))
    away = {absence.rep_id: absence for absence in Absence.objects.within(scope).filter(valid_on(day))}
    managers: dict[int, list[str]] = defaultdict(list)
    for manager in TeamManager.objects.within(scope).filter(valid_on(day)).select_related("user").order_by("valid_from", "id"):
        managers[manager.team_id].append(manager.user.name)
    by_team: dict[int, list[Person]] = defaultdict(list)
    placed = set()
    for stay in stays:
        if stay.valid_to is not None and stay.valid_to <= day:
            continue
        placed.add(stay.rep_id)
        if stay.rep.ended_on is None or stay.rep.ended_on >= day:
            by_team[stay.team_id].append(_person(stay, stays, away.get(stay.rep_id), day))
    found = [
        TeamPeople(named, tuple(managers[named.subject.id]), tuple(sorted(by_team[named.subject.id], key=lambda person: person.rep.name)))
        for named in tree(teams) if scope.may_see_team(named.subject.id)
    ]
    loose = Rep.objects.within(scope).filter(is_unassigned=False).exclude(id__in=placed).exclude(ended_on__lt=day).order_by("name", "id")
    return found, [_alone(rep, away.get(rep.id), day) for rep in loose]


def _person(stay: TeamAssignment, stays: list[TeamAssignment], absence: Absence | None, day: dt.date) -> Person:
    came_from = next((other for other in reversed(stays) if other.rep_id == stay.rep_id and other.valid_to == stay.valid_from), None)
    moved = came_from is not None and came_from.team_id != stay.team_id and day - stay.valid_from <= LATELY
    return Person(
        rep=stay.rep, moved_from=came_from.team.name if moved and came_from else "", moved_on=stay.valid_from if moved else None,
        joined_on=_joined(stay.rep, day), away=absence is not None, back_on=absence.valid_to if absence else None,
    )


def _alone(rep: Rep, absence: Absence | None, day: dt.date) -> Person:
    return Person(rep=rep, joined_on=_joined(rep, day), away=absence is not None, back_on=absence.valid_to if absence else None)


def _joined(rep: Rep, day: dt.date) -> dt.date | None:
    return rep.started_on if rep.started_on is not None and dt.timedelta(0) <= day - rep.started_on <= LATELY else None
