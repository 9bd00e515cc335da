"""Writes of goals. Each checks the right, then the figures, then writes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext

from goals import baseline, shapes
from goals.kinds import grown, step_of
from goals.models import Distribution, Goal, Kind, Participant, State
from goals.people import candidates, ids_of
from goals.selectors import about, managed_teams
from goals.shares import shares
from goals.terms import Terms, check_amount, check_kind, check_stretch, stretch_growth, terms_of
from goals.versions import first_version, version_add
from kpi_tracker.errors import InvalidInput, NotPermitted
from kpi_tracker.kpis import registry
from kpi_tracker.kpis.metrics import AnyKpi, SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.orgs.models import Rep, Team
from kpi_tracker.periods import Period
from kpi_tracker.sales.models import Customer
from kpi_tracker.scope import Role, Scope

# Longer than this, a goal is a vision: nobody's working days are known.
LONGEST_DAYS = 3 * 366
# By rep id; None: an equal part of what the others leave.
Shares = Mapping[int, Decimal | None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be written. target: None where it follows from the growth."""

    kpi: AnyKpi
    subject: Subject
    period: Period
    target: Decimal | None
    why: str
    terms: Terms


def may_set(scope: Scope, subject: Subject, *, today: dt.date) -> bool:
    """Whether goals of `subject` may be made and changed: by an admin all, by a manager those of the teams managed
    on `today`, of their reps and of these reps' customers."""
    match scope.role:
        case Role.ADMIN:
            return True
        case Role.REP | Role.VIEWER:
            return False
        case Role.MANAGER:
            match subject.kind:
                case SubjectKind.ORGANISATION:
                    return False
                case SubjectKind.TEAM:
                    return subject.id in managed_teams(scope, today)
                case SubjectKind.REP:
                    return scope.may_see_rep(subject.id)
                case SubjectKind.CUSTOMER:
                    return bool(Customer.objects.within(scope).filter(id=subject.id).exists())


def goal_create(
    *, scope: Scope, kpi: str, subject: Subject, period: Period, target: Decimal | None, why: str = "", today: dt.date,
    terms: Terms | None = None, state: State = State.AGREED, participants: Shares | None = None, now: dt.datetime | None = None,
) -> Goal:
    """Make a goal in `state`, with its first version. participants: who takes part, with what share; nobody where left out."""
    goal = Goal(organisation=scope.organisation, created_by_id=scope.user_id, state=state)
    wanted = _wanted(scope, kpi, subject, period, target, why, terms or Terms(), today=today)
    _check_asked(state, participants)
    _decide(goal, scope, participants)
    with transaction.atomic():
        _fill(goal, wanted, today=today, now=now or timezone.now())
        _save(goal)
        if participants:
            _take_part(goal, scope, wanted, participants)
        first_version(goal)
    return goal


def goal_change(
    *, scope: Scope, goal: Goal, kpi: str, subject: Subject, period: Period, target: Decimal | None, why: str = "", today: dt.date,
    terms: Terms | None = None, state: State | None = None, participants: Shares | None = None, reason: str = "",
    now: dt.datetime | None = None,
) -> Goal:
    """Change a goal; `terms`, `state` and `participants` stay where they are left out.

    In one that is in force and has begun, another target is a new version from today on, which needs a reason. What days are
    measured by (KPI, scope, period, kind, spread) can be corrected only until there is a second version.
    """
    check_right(scope, goal.subject, today=today)
    if goal.organisation_id != scope.organisation.id:
        raise NotPermitted(gettext("This goal belongs to another organisation."))
    now = now or timezone.now()
    with transaction.atomic():
        Goal.objects.select_for_update().get(pk=goal.pk)
        goal.refresh_from_db()
        if goal.state == State.CLOSED:
            raise InvalidInput(gettext("This goal is closed: what it was measured against stays."), code="closed")
        wanted = _wanted(scope, kpi, subject, period, target, why, terms or _kept(goal, target), today=today)
        before, same_days = _asks(goal), _identity(goal)
        _fill(goal, wanted, today=today, now=now)
        corrected, was_draft = _identity(goal) != same_days, goal.state == State.DRAFT
        if corrected and goal.is_in_force and goal.versions.count() > 1:
            message = gettext("It has changed before: its KPI, scope, period, kind and spread stay. Make a new goal instead.")
            raise InvalidInput(message, code="has_history")
        if state is not None and was_draft:
            goal.state = state
            _check_asked(state, participants if participants is not None else dict.fromkeys(before[2]))
            _decide(goal, scope, participants)
        _save(goal, but=("target", "stretch") if goal.is_in_force and not corrected else ())
        if participants is not None:
            _take_part(goal, scope, wanted, participants)
        if was_draft or (corrected and goal.is_in_force):
            _begin_anew(goal)
        else:
            _put_down(goal, scope, before, corrected=corrected, reason=reason, now=now, today=today)
    return goal


def goal_delete(*, scope: Scope, goal: Goal, today: dt.date) -> None:
    check_right(scope, goal.subject, today=today)
    goal.delete()


def check_right(scope: Scope, subject: Subject, *, today: dt.date) -> None:
    if not may_set(scope, subject, today=today):
        raise NotPermitted(gettext("You may not set goals for this team or person."), field="subject")


def _kept(goal: Goal, target: Decimal | None) -> Terms:
    """A goal's own terms, with the growth that another target means."""
    terms = terms_of(goal)
    if goal.kind != Kind.GROWTH or target is None or target == goal.target or not goal.baseline:
        return terms
    growth = round(target / goal.baseline - 1, 4)
    return replace(terms, growth=growth)


def _wanted(
    scope: Scope, kpi: str, subject: Subject, period: Period, target: Decimal | None, why: str, terms: Terms, *, today: dt.date
) -> Wanted:
    """Checks all that can be said without the figures of before."""
    declared = registry.kpi(kpi, scope.organisation)
    check_subject(scope, subject)
    check_right(scope, subject, today=today)
    if subject.kind not in declared.subjects:
        message = gettext("%(kpi)s is not measured for this. Choose another KPI or another scope.") % {"kpi": declared.label}
        raise InvalidInput(message, field="kpi", code="scope_not_measured")
    if len(period) > LONGEST_DAYS:
        raise InvalidInput(gettext("A goal may run for three years at most."), field="end", code="too_long")
    check_kind(declared, terms)
    if target is None and terms.kind is not Kind.GROWTH:
        raise InvalidInput(gettext("The target is missing."), field="target", code="target_missing")
    return Wanted(declared, subject, period, target, why, terms)


def _fill(goal: Goal, wanted: Wanted, *, today: dt.date, now: dt.datetime) -> None:
    """Write into the goal, which is not saved, what is wanted; what was frozen for the same period stays."""
    kpi, terms, period = wanted.kpi, wanted.terms, wanted.period
    same = bool(goal.pk) and (goal.kpi, goal.subject, goal.period) == (kpi.key, wanted.subject, period)
    known = goal.baseline if same and goal.kind == Kind.GROWTH and terms.baseline in (None, goal.baseline_period) else None
    follows = same and goal.distribution == Distribution.LAST_YEAR and bool(goal.shape)
    goal.kpi, goal.why, goal.kind = kpi.key, wanted.why.strip(), terms.kind
    goal.starts_on, goal.ends_on = period.start, period.end
    goal.subject_kind, goal.team_id, goal.rep_id, goal.customer_id = wanted.subject.kind, None, None, None
    if wanted.subject.kind is not SubjectKind.ORGANISATION:
        setattr(goal, f"{wanted.subject.kind}_id", wanted.subject.id)
    target, stretch = wanted.target or Decimal(0), terms.stretch
    if terms.kind is Kind.GROWTH and terms.growth is not None:
        start = known or _frozen_baseline(goal, wanted, today=today, now=now)
        goal.growth, target = terms.growth, grown(start, terms.growth, kpi)
        if terms.stretch_growth is not None and (known is None or terms.stretch_growth != stretch_growth(goal)):
            stretch = grown(start, terms.stretch_growth, kpi)
        elif terms.stretch_growth is not None:
            stretch = goal.stretch
    else:
        baseline.forget(goal)
    check_amount(kpi, target, "growth" if terms.kind is Kind.GROWTH else "target")
    check_stretch(kpi, terms.kind, stretch, target)
    goal.target, goal.stretch = target, stretch
    if terms.distribution is not Distribution.LAST_YEAR:
        goal.shape = shapes.check(terms.distribution, terms.shape, period)
    elif not follows:
        goal.shape = shapes.last_year(goal.organisation, kpi, wanted.subject, period, today=today)
    goal.distribution, goal.prorated, goal.carries_over = terms.distribution, terms.prorated, terms.carries_over


def _frozen_baseline(goal: Goal, wanted: Wanted, *, today: dt.date, now: dt.datetime) -> Decimal:
    organisation = goal.organisation
    before = wanted.terms.baseline or baseline.usual_period(organisation.calendar, wanted.period, today=today)
    found = baseline.read(organisation, wanted.kpi, wanted.subject, before, today=today)
    value = baseline.check(wanted.kpi, found, wanted.period, today=today)
    baseline.freeze(goal, baseline.Baseline(before, value, found.records), now=now)
    return value


def _check_asked(state: State, participants: Shares | None) -> None:
    if state is State.PROPOSED and not participants:
        raise InvalidInput(gettext("There is nobody to propose it to: choose who takes part."), field="participants", code="nobody")


def _decide(goal: Goal, scope: Scope, participants: Shares | None) -> None:
    """Who decides without asking is named, where there was somebody to ask."""
    if goal.state == State.AGREED and participants:
        goal.decided_by_id = scope.user_id


def _take_part(goal: Goal, scope: Scope, wanted: Wanted, participants: Shares) -> None:
    """Write who takes part. Those who took part before and cannot be chosen any more may stay."""
    old = {one.rep_id: one for one in goal.participants.all()}
    able = set(ids_of(candidates(scope, wanted.subject, wanted.period))) | set(old)
    if set(participants) - able:
        message = gettext("Only people who belong to the goal's scope in its period can take part.")
        raise InvalidInput(message, field="participants", code="not_of_this_scope")
    if any(share is not None and (not share.is_finite() or share < 0) for share in participants.values()):
        raise InvalidInput(gettext("A share cannot be less than 0."), field="participants", code="share_negative")
    taken = shares(goal.target, participants, step=step_of(wanted.kpi), fills=wanted.kpi.adds_up)
    goal.participants.exclude(rep_id__in=taken).delete()
    for rep_id, share in taken.items():
        if rep_id not in old:
            Participant.objects.create(organisation_id=goal.organisation_id, goal=goal, rep_id=rep_id, share=share)
        elif old[rep_id].share != share:
            old[rep_id].share = share
            old[rep_id].save(update_fields=["share"])


def _identity(goal: Goal) -> tuple[Any, ...]:
    """What the days of a goal are measured by, beside its target."""
    return (goal.kpi, goal.subject, goal.period, str(goal.kind), str(goal.distribution), goal.shape, goal.prorated)


def _asks(goal: Goal) -> tuple[Any, ...]:
    return (goal.target, goal.stretch, dict(goal.participants.values_list("rep_id", "share")))


def _begin_anew(goal: Goal) -> None:
    """What nobody was measured by, or by mistake, leaves no version behind."""
    goal.steps = []
    goal.save(update_fields=["steps"])
    goal.versions.all().delete()
    first_version(goal)


def _put_down(
    goal: Goal, scope: Scope, before: tuple[Any, ...], *, corrected: bool, reason: str, now: dt.datetime, today: dt.date
) -> None:
    """Keep the versions of a proposed goal, or of one in force, in step with what it asks now."""
    changed = before[:2] != (goal.target, goal.stretch)
    if goal.state == State.PROPOSED:
        if corrected or before != _asks(goal):  # what was answered was asked differently
            version_add(
                goal, target=goal.target, stretch=goal.stretch, reason=reason, author_id=scope.user_id, now=now, today=today, in_force=False
            )
    elif changed:
        target, stretch = goal.target, goal.stretch
        if goal.starts_on <= today < goal.ends_on and not reason.strip():
            message = gettext("The goal has begun: say why it changes. It is kept with the change.")
            raise InvalidInput(message, field="reason", code="reason_missing")
        goal.target, goal.stretch = before[:2]  # what was asked until now, for the version that tells of it
        version_add(goal, target=target, stretch=stretch, reason=reason, author_id=scope.user_id, now=now, today=today)


def check_subject(scope: Scope, subject: Subject) -> None:
    """That the subject is one of the organisation's."""
    organisation = scope.organisation
    match subject.kind:
        case SubjectKind.ORGANISATION:
            known = True
        case SubjectKind.TEAM:
            known = Team.objects.filter(organisation=organisation, id=subject.id).exists()
        case SubjectKind.REP:
            known = Rep.objects.filter(organisation=organisation, id=subject.id, is_unassigned=False).exists()
        case SubjectKind.CUSTOMER:
            known = Customer.objects.filter(organisation=organisation, id=subject.id).exists()
    if not known:
        raise InvalidInput(gettext("Choose whom the goal is for."), field="subject", code="unknown_subject")


def _save(goal: Goal, *, but: tuple[str, ...] = ()) -> None:
    """Write the goal. but: fields that another write is to change."""
    same = Goal.objects.filter(
        organisation_id=goal.organisation_id, kpi=goal.kpi, starts_on=goal.starts_on, ends_on=goal.ends_on, **about(goal.subject)
    )
    message = gettext("There is already a goal for this KPI and period; change that one instead.")
    if same.exclude(pk=goal.pk).exists():
        raise InvalidInput(message, field="kpi", code="duplicate")
    fields = [field.name for field in Goal._meta.concrete_fields if not field.primary_key and field.name not in but] if but else None
    try:
        with transaction.atomic():
            goal.save(update_fields=fields)
    except IntegrityError as clash:  # another person made the same goal in between
        raise InvalidInput(message, field="kpi", code="duplicate") from clash
