"""What people are measured on now, and what is wrong with it."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from dashboards.catalogue import ShownKpi
from dashboards.kpis import Entry
from goals.selectors import goals_at
from kpi_tracker.kpis.advice import CLOSING, FINDING, Caution, Job, cautions, job_of, proposed
from kpi_tracker.kpis.measures import Dimension
from kpi_tracker.kpis.metrics import AnyKpi, SubjectKind
from kpi_tracker.kpis.parts import EVERYTHING, Subject
from kpi_tracker.kpis.query import KpiQuery
from kpi_tracker.orgs.models import TeamAssignment
from kpi_tracker.orgs.selectors import valid_on
from kpi_tracker.periods import DAY, Period, add_months
from kpi_tracker.rollups.reader import ask
from kpi_tracker.scope import Role, Scope

MONTHS = 12


@dataclass(frozen=True, slots=True)
class Work:
    """What a rep did in the last months: companies, contacts and leads found; deals closed, won or lost."""

    found: int = 0
    closed: int = 0


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with goals of their own: a rep, a team (its manager) or the organisation (its management). work: of reps."""

    subject: Subject
    name: str
    job: Job
    own: tuple[AnyKpi, ...]
    cautions: tuple[Caution, ...]
    work: Work | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """A KPI of the set for a job. goals: how many of it run now for such people."""

    entry: Entry
    reason: str
    goals: int


def small_set(scope: Scope, job: Job, entries: Sequence[Entry], today: dt.date) -> list[Chosen]:
    known = {entry.shown.key: entry for entry in entries}
    running = Counter(goals_at(scope, today).filter(subject_kind=job.subject).values_list("kpi", flat=True))
    return [
        Chosen(known[one.kpi.key], one.reason, running[one.kpi.key]) for one in proposed(job, (entry.kpi for entry in entries))
    ]


def people(scope: Scope, shown: Sequence[ShownKpi], today: dt.date) -> list[Person]:
    """Everybody seen who has goals that run now; those with the most cautions first."""
    kpis = {one.key: one.kpi for one in shown}
    names, measured = _measured(scope, kpis, today)
    reps = [subject.id for subject in measured if subject.kind is SubjectKind.REP]
    work = _work(scope, reps, today)
    teams = dict(TeamAssignment.objects.within(scope).filter(valid_on(today), rep_id__in=reps).values_list("rep_id", "team_id"))
    found = []
    for subject, own in measured.items():
        did = work.get(subject.id, Work()) if subject.kind is SubjectKind.REP else None
        job = job_of(subject.kind, found=did.found if did else 0, closed=did.closed if did else 0)
        team = Subject(SubjectKind.TEAM, teams.get(subject.id, 0)) if did else None
        shared = measured.get(team, ()) if team else ()
        wrong = tuple(cautions(job, own, shared, offered=kpis.values()))
        found.append(Person(subject, names[subject], job, tuple(own), wrong, did))
    return sorted(found, key=lambda one: (-len(one.cautions), list(SubjectKind).index(one.subject.kind), one.name))


def job_of_viewer(scope: Scope, measured: Sequence[Person]) -> Job:
    """Whose set somebody sees first: a rep with goals the own one, a manager the manager's."""
    if scope.rep_id is not None:
        own = Subject(SubjectKind.REP, scope.rep_id)
        return next((person.job for person in measured if person.subject == own), Job.FULL_CYCLE)
    return Job.MANAGER if scope.role is Role.MANAGER else Job.FULL_CYCLE


def _measured(scope: Scope, kpis: dict[str, AnyKpi], today: dt.date) -> tuple[dict[Subject, str], dict[Subject, list[AnyKpi]]]:
    """By whom it is: the name, and the KPIs of the goals that run."""
    names: dict[Subject, str] = {}
    measured: dict[Subject, list[AnyKpi]] = defaultdict(list)
    running = goals_at(scope, today).exclude(subject_kind=SubjectKind.CUSTOMER)
    columns = running.select_related(None).values_list("kpi", "subject_kind", "team_id", "rep_id", "team__name", "rep__name")
    for key, kind, team_id, rep_id, team, rep in columns:
        subject = Subject(SubjectKind(kind), team_id or rep_id or 0)
        names[subject] = team or rep or scope.organisation.name
        if key in kpis and kpis[key] not in measured[subject]:
            measured[subject].append(kpis[key])
    return names, dict(measured)


def _work(scope: Scope, reps: Collection[int], today: dt.date) -> dict[int, Work]:
    if not reps:
        return {}
    end = today + DAY
    span = Period(add_months(end, -MONTHS), end)
    table = ask(scope.organisation, KpiQuery((*FINDING, *CLOSING), EVERYTHING, (span,), by=Dimension.REP), today=today)

    def total(keys: Collection[str], rep: int) -> int:
        return sum(table[key, span, rep].count for key in keys if (key, span, rep) in table)

    return {rep: Work(total(FINDING, rep), total(CLOSING, rep)) for rep in reps}
