"""Who may take part in a goal: the reps of its scope in its period."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from goals.selectors import settable_reps
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.orgs.models import Rep
from kpi_tracker.orgs.tree import stays, stays_in, teams_of
from kpi_tracker.periods import Period
from kpi_tracker.sales.models import Customer
from kpi_tracker.scope import Scope


@dataclass(frozen=True, slots=True)
class Candidates:
    """The reps of one team who may take part, by name. team: empty for those without one."""

    team: str
    reps: tuple[Rep, ...]


def candidates(scope: Scope, subject: Subject, period: Period, *, known: Iterable[Rep] | None = None) -> list[Candidates]:
    """The reps seen by `scope` who belong to the subject on a day of the period, by their team of then; a customer's is its owner.

    known: the reps that may be set goals for, where the caller has read them.
    """
    reps = [rep for rep in (settable_reps(scope) if known is None else known) if _is_there(rep, period)]
    match subject.kind:
        case SubjectKind.TEAM:
            members = stays_in(scope.organisation, subject.id, period)
            reps = [rep for rep in reps if rep.id in members]
        case SubjectKind.REP:
            reps = [rep for rep in reps if rep.id == subject.id]
        case SubjectKind.CUSTOMER:
            owner = Customer.objects.within(scope).filter(id=subject.id).values_list("owner_id", flat=True).first()
            reps = [rep for rep in reps if rep.id == owner]
        case SubjectKind.ORGANISATION:
            pass
    return _by_team(scope, reps, period)


def _is_there(rep: Rep, period: Period) -> bool:
    return (rep.started_on is None or rep.started_on < period.end) and (rep.ended_on is None or rep.ended_on >= period.start)


def _by_team(scope: Scope, reps: Iterable[Rep], period: Period) -> list[Candidates]:
    names = {team.id: team.name for team in teams_of(scope.organisation)}
    placed = {stay.rep_id: names.get(stay.team_id, "") for stay in stays(scope.organisation, period)}  # the last one of the period
    found: dict[str, list[Rep]] = {}
    for rep in reps:
        found.setdefault(placed.get(rep.id, ""), []).append(rep)
    return [Candidates(team, tuple(found[team])) for team in sorted(found, key=lambda name: (not name, name))]


def ids_of(groups: Iterable[Candidates]) -> list[int]:
    return [rep.id for group in groups for rep in group.reps]
