"""Recurring goals: the day after one ends, the same is asked of the next period.

The goal that carries over is always the newest of its row: when the next one is made, the mark moves on to it. So nothing is made twice,
and a row ends where its newest goal is deleted, or somebody takes the mark away.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext

from goals import baseline, shapes
from goals.asked import earlier, year_before
from goals.deciding import goals_at_places
from goals.kinds import grown
from goals.models import IN_FORCE, Distribution, Goal, GoalComment, Kind, Participant, State
from goals.sentences import grain_of, period_words
from goals.services import check_right
from goals.terms import stretch_growth
from kpi_tracker.errors import InvalidInput
from kpi_tracker.kpis import registry
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.periods import Calendar, Period, add_months
from kpi_tracker.scope import Scope

SAME = (
    "organisation_id", "kpi", "subject_kind", "team_id", "rep_id", "customer_id", "kind", "growth", "distribution", "prorated", "why",
    "decided_by_id", "created_by_id",
)


def next_period(calendar: Calendar, period: Period) -> Period:
    """The bucket that follows; of whole months as many more, else as many days."""
    if (grain := grain_of(calendar, period)) is not None:
        return calendar.shift(grain, period, 1)
    months = (period.end.year - period.start.year) * 12 + period.end.month - period.start.month
    if period.start.day == period.end.day == 1:
        return Period(period.end, add_months(period.end, months))
    return Period(period.end, period.end + (period.end - period.start))


def carry_over(organisation: Organisation, *, now: dt.datetime, today: dt.date) -> list[Goal]:
    """Carry over all goals that are due on `today`, a local day. Doing it twice changes nothing."""
    due = Goal.objects.filter(organisation=organisation, carries_over=True, ends_on__lte=today, state__in=IN_FORCE).order_by("id")
    made = (goal_carry(goal, now=now, today=today) for goal in due)
    return [goal for goal in made if goal is not None]


@transaction.atomic
def goal_carry(goal: Goal, *, now: dt.datetime, today: dt.date) -> Goal | None:
    """The goal that follows on an ended one; None where none does. Of periods that were missed only the newest is made.

    Where somebody has made the next goal already, that one carries on. A person who has left is asked for nothing more.
    """
    locked = Goal.objects.select_for_update(of=("self",)).select_related("organisation", "rep")
    old = locked.get(organisation_id=goal.organisation_id, pk=goal.pk)
    if not old.carries_over or old.ends_on > today or not old.is_in_force:
        return None
    calendar = old.organisation.calendar
    period = next_period(calendar, old.period)
    while period.end <= today:
        period = next_period(calendar, period)
    old.carries_over = False
    old.save(update_fields=["carries_over", "changed_at"])
    if old.rep is not None and old.rep.ended_on is not None and old.rep.ended_on < period.start:
        return None
    there = goals_at_places(old.organisation, [(old.kpi, old.subject, period)], lock=True).get((old.kpi, old.subject, period))
    new = there or _same_terms(old, period, now=now, today=today)
    if new is None:
        return None
    new.carries_over, new.carried_from = True, new.carried_from or old
    new.save()
    if there is None:
        shares = old.participants.exclude(rep__ended_on__lt=period.start).values_list("rep_id", "share")
        ratio = new.target / old.target if old.kind == Kind.GROWTH else Decimal(1)
        Participant.objects.bulk_create(
            Participant(organisation_id=old.organisation_id, goal=new, rep_id=rep, share=round(share * ratio, 4)) for rep, share in shares
        )
    return new


def _same_terms(old: Goal, period: Period, *, now: dt.datetime, today: dt.date) -> Goal | None:
    """The next goal, not saved; None, with a comment on the old one, where there is nothing to grow from."""
    new = Goal(**{name: getattr(old, name) for name in SAME}, starts_on=period.start, ends_on=period.end, state=State.AGREED)
    new.target, new.stretch = old.target, old.stretch
    if old.kind == Kind.GROWTH and not _grow(old, new, now=now, today=today):
        with translation.override(old.organisation.language):
            text = gettext("This goal did not carry over: in the period that it would grow from there was nothing.")
        GoalComment.objects.create(organisation_id=old.organisation_id, goal=old, text=text, made_at=now)
        return None
    new.shape = _shape(old, new, today=today)
    return new


def _grow(old: Goal, new: Goal, *, now: dt.datetime, today: dt.date) -> bool:
    """Freeze the baseline anew, as far before the new period as it was before the old one; whether there is anything to grow from."""
    calendar, kpi = old.organisation.calendar, registry.kpi(old.kpi, old.organisation)
    just_before = old.baseline_period == earlier(calendar, old.period, 1) != year_before(calendar, old.period)
    before = earlier(calendar, new.period, 1) if just_before else baseline.usual_period(calendar, new.period, today=today)
    found = baseline.read(old.organisation, kpi, old.subject, before, today=today)
    try:
        value = baseline.check(kpi, found, new.period, today=today)
    except InvalidInput:
        return False
    baseline.freeze(new, replace(found, value=value), now=now)
    new.target = grown(value, old.growth or Decimal(0), kpi)
    if old.stretch is not None:
        new.stretch = grown(value, stretch_growth(old) or Decimal(0), kpi)
    return True


def _shape(old: Goal, new: Goal, *, today: dt.date) -> dict[str, str]:
    """The old shape, with its months named anew; last year's is read anew, where there was anything to follow."""
    if old.distribution == Distribution.MONTHS:
        return dict(zip(shapes.month_keys(new.period), [old.shape[key] for key in sorted(old.shape)], strict=False))
    if old.distribution != Distribution.LAST_YEAR:
        return dict(old.shape)
    try:
        return shapes.last_year(old.organisation, registry.kpi(old.kpi, old.organisation), old.subject, new.period, today=today)
    except InvalidInput:
        return {}


def carrying_switch(*, scope: Scope, goal: Goal, on: bool, today: dt.date) -> None:
    """Have a goal carried over when it ends, or no longer."""
    check_right(scope, goal.subject, today=today)
    goal.carries_over = on
    goal.save(update_fields=["carries_over", "changed_at"])


def came_from(goal: Goal) -> str:
    """The period of the goal that this one carries on; empty where it is the first."""
    if goal.carried_from is None:
        return ""
    return period_words(goal.organisation.calendar, goal.carried_from.period, in_sentence=True)
