"""Default targets: what somebody who joins is asked for from the first day, in the running period and the next."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext

from goals.deciding import Place, goals_at_places
from goals.models import DefaultTarget, Goal, State
from goals.selectors import settable_teams
from goals.terms import check_amount
from kpi_tracker.errors import InvalidInput, NotPermitted
from kpi_tracker.kpis import registry
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.orgs.models import Membership, Organisation, Rep, Team, TeamManager
from kpi_tracker.orgs.selectors import valid_on
from kpi_tracker.orgs.tree import FIRST, LAST, era_on, placed_on, stays
from kpi_tracker.periods import Grain, Period
from kpi_tracker.scope import Role, Scope

GRAINS = (Grain.WEEK, Grain.MONTH, Grain.QUARTER)


def default_list(scope: Scope) -> QuerySet[DefaultTarget]:
    """Those of all teams: what newcomers are asked for is no secret among those who set goals."""
    found: QuerySet[DefaultTarget] = DefaultTarget.objects.within(scope).select_related("team")
    return found.order_by("kpi", "grain", "team__name", "id")


def may_change(scope: Scope, team_ids: Iterable[int], default: DefaultTarget) -> bool:
    """team_ids: the teams whose goals this person may set. What holds for all is an admin's matter."""
    return scope.may_administer or default.team_id in set(team_ids)


def default_set(*, scope: Scope, kpi: str, grain: Grain, team: Team | None, target: Decimal, today: dt.date) -> DefaultTarget:
    """Make or change the default of a KPI, a kind of period and a team (None: everybody)."""
    _check_right(scope, team.pk if team else None, today=today)
    declared = registry.kpi(kpi, scope.organisation)
    if SubjectKind.REP not in declared.subjects:
        message = gettext("%(kpi)s is not measured for this. Choose another KPI or another scope.") % {"kpi": declared.label}
        raise InvalidInput(message, field="kpi", code="scope_not_measured")
    if grain not in GRAINS:
        raise InvalidInput(gettext("Choose a week, a month or a quarter."), field="grain", code="grain")
    check_amount(declared, target, "target")
    found = DefaultTarget.objects.filter(organisation=scope.organisation, kpi=kpi, grain=grain.value, team=team).first()
    default = found or DefaultTarget(organisation=scope.organisation, kpi=kpi, grain=grain.value, team=team)
    default.target = target
    try:
        with transaction.atomic():
            default.save()
    except IntegrityError as clash:
        message = gettext("There is already a default for this KPI, team and kind of period.")
        raise InvalidInput(message, field="kpi", code="duplicate") from clash
    return default


def default_delete(*, scope: Scope, default: DefaultTarget, today: dt.date) -> None:
    """Goals that were made from it stay."""
    _check_right(scope, default.team_id, today=today)
    default.delete()


def _check_right(scope: Scope, team_id: int | None, *, today: dt.date) -> None:
    if not scope.may_administer and team_id not in set(settable_teams(scope, today).values_list("id", flat=True)):
        raise NotPermitted(gettext("You may not set goals for this team or person."), field="team")


@dataclass(frozen=True, slots=True)
class Joiner:
    """first, last: the days from which and up to which somebody is there."""

    rep: Rep
    first: dt.date
    last: dt.date


def defaults_apply(organisation: Organisation, *, today: dt.date) -> int:
    """Make the goals of all who have joined in a running or join in a next period; how many. Doing it twice changes nothing.

    A default of the rep's own team counts before that of a team above it, and this before that for everybody. Days before joining are
    taken out of the target. Decided by the manager of the team, else by an admin.
    """
    defaults = list(DefaultTarget.objects.filter(organisation=organisation))
    if not defaults:
        return 0
    known = {(one.kpi, one.grain, one.team_id): one for one in defaults}
    calendar = organisation.calendar
    wanted: dict[Place, DefaultTarget] = {}
    managers: dict[Place, int | None] = {}
    for grain in sorted({one.grain for one in defaults}):
        running = calendar.bucket(Grain(grain), today)
        following = calendar.shift(Grain(grain), running, 1)
        for joiner, period in _joined(organisation, (running, following)):
            day = max(joiner.first, period.start)
            chain = _teams_up(organisation, joiner.rep.pk, day)
            for kpi in {one.kpi for one in defaults if one.grain == grain}:
                found = next((known[kpi, grain, team] for team in (*chain, None) if (kpi, grain, team) in known), None)
                if found is not None:
                    place = (kpi, Subject(SubjectKind.REP, joiner.rep.pk), period)
                    wanted[place], managers[place] = found, _decider(organisation, chain, today)
    there = goals_at_places(organisation, wanted)
    with translation.override(organisation.language):
        why = gettext("Default for those who join")
        made = [_goal(organisation, place, one.target, managers[place], why) for place, one in wanted.items() if place not in there]
    Goal.objects.bulk_create(made, ignore_conflicts=True)  # somebody may make the same one at this moment
    return len(made)


def _joined(organisation: Organisation, periods: tuple[Period, Period]) -> Iterator[tuple[Joiner, Period]]:
    """Those whose first day lies in one of the periods, with each period in which they are there.

    The first day is the one that is written down, else the first in any team.
    """
    in_team: dict[int, dt.date] = {}
    for stay in stays(organisation, Period(FIRST, LAST)):  # in order, for each rep
        in_team.setdefault(stay.rep_id, stay.start)
    running, following = periods
    for rep in Rep.objects.filter(organisation=organisation, is_unassigned=False).order_by("id"):
        first = rep.started_on or in_team.get(rep.pk)
        if first is None or not running.start <= first < following.end:
            continue
        joiner = Joiner(rep, first, rep.ended_on or LAST)
        yield from ((joiner, period) for period in periods if first < period.end and joiner.last >= period.start)


def _teams_up(organisation: Organisation, rep_id: int, day: dt.date) -> list[int]:
    """The rep's team on `day`, and those above it, the nearest first."""
    parents, team = era_on(organisation, day).parents, placed_on(organisation, day).get(rep_id)
    chain: list[int] = []
    while team is not None and team not in chain:
        chain.append(team)
        team = parents.get(team)
    return chain


def _decider(organisation: Organisation, chain: list[int], today: dt.date) -> int | None:
    managers = TeamManager.objects.filter(valid_on(today), organisation=organisation, team_id__in=chain).order_by("id")
    by_team = {manager.team_id: manager.user_id for manager in managers}
    for team in chain:
        if team in by_team:
            return by_team[team]
    admins = Membership.objects.filter(organisation=organisation, role=Role.ADMIN.value).order_by("id")
    return admins.values_list("user_id", flat=True).first()


def _goal(organisation: Organisation, place: Place, target: Decimal, decider: int | None, why: str) -> Goal:
    kpi, subject, period = place
    return Goal(
        organisation=organisation, kpi=kpi, subject_kind=SubjectKind.REP, rep_id=subject.id, starts_on=period.start, ends_on=period.end,
        target=target, state=State.AGREED, prorated=registry.kpi(kpi, organisation).adds_up, decided_by_id=decider, why=why,
    )
