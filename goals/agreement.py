"""How a goal becomes agreed: proposed, answered, taken over, decided by management or withdrawn.

Each step says which version of the goal the person was shown (`shown`, `selectors.last_number`); where somebody has changed it since,
nothing is written and InvalidInput says so, with the code "stale".
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from itertools import accumulate

from django.db import transaction
from django.utils.translation import gettext

from goals.models import Answer, Goal, GoalComment, GoalVersion, Participant, State
from goals.progress import quantum
from goals.selectors import answerable_reps, last_number, pending_version, shares_of
from goals.services import check_right
from goals.terms import check_amount
from goals.versions import bring_into_force, version_add
from kpi_tracker.errors import InvalidInput, NotPermitted
from kpi_tracker.kpis import registry
from kpi_tracker.kpis.metrics import AnyKpi
from kpi_tracker.scope import Scope

ZERO = Decimal(0)
Shares = Mapping[int, Decimal]


@transaction.atomic
def propose(
    *, scope: Scope, goal: Goal, shown: int, reason: str = "", target: Decimal | None = None, stretch: Decimal | None = None,
    shares: Shares | None = None, now: dt.datetime, today: dt.date,
) -> GoalVersion:
    """Ask those who take part: a draft, or other terms than those that are in force or proposed, which ask for nothing until accepted.

    target, stretch, shares (by rep id): what is to change; shares follow a changed target in proportion unless given.
    """
    goal = _locked(scope, goal, shown, today)
    check_right(scope, goal.subject, today=today)
    kpi, before = registry.kpi(goal.kpi, goal.organisation), pending_version(goal)
    asked = before.target if before else goal.target
    wanted = asked if target is None else target
    check_amount(kpi, wanted, "target")
    taking = _participants(goal)
    if not taking:
        message = gettext("Nobody takes part in this goal, so nobody can accept it: decide it, or say who takes part.")
        raise InvalidInput(message, code="nobody_takes_part")
    if goal.is_in_force and before is None and wanted == asked and shares is None and stretch is None:
        raise InvalidInput(gettext("That is what the goal asks already."), field="target", code="nothing_changes")
    given = dict(shares) if shares is not None else _scaled(shares_of(before, taking), asked, wanted, kpi)
    for share in given.values():
        check_amount(kpi, share, "target", least=ZERO)
    if before is not None:
        _drop(before)
    _drop_drafts(goal)
    keeps_stretch = goal.stretch if target is None else _beyond(goal.stretch, asked, wanted)
    version = _add(goal, target=wanted, stretch=stretch or keeps_stretch, shares=given, reason=reason, scope=scope, now=now, today=today)
    if not goal.is_in_force:
        goal.state, goal.target, goal.stretch, goal.decided_by = State.PROPOSED, version.target, version.stretch, None
        goal.save(update_fields=["state", "target", "stretch", "decided_by", "changed_at"])
    return version


@transaction.atomic
def answer(
    *, scope: Scope, goal: Goal, rep_id: int, shown: int, counter: Decimal | None = None, comment: str = "", known: str = "",
    now: dt.datetime, today: dt.date,
) -> Answer:
    """Accept one's share, or offer `counter` instead and say why. For somebody else: who may answer for that rep, and it says so.

    known: which answer of the rep the person was shown (`answer_mark`), so that none is overwritten unseen. With the last
    acceptance the version comes into force.
    """
    goal = _locked(scope, goal, shown, today)
    may = answerable_reps(scope)
    if may is not None and rep_id not in may:
        raise NotPermitted(gettext("You may not answer for this person."))
    version = _pending(goal)
    taking = _participants(goal)
    if rep_id not in {one.rep_id for one in taking}:
        raise NotPermitted(gettext("This person does not take part in the goal."))
    if counter is not None:
        check_amount(registry.kpi(goal.kpi, goal.organisation), counter, "counter")
        if counter == shares_of(version, taking)[rep_id]:
            raise InvalidInput(gettext("That is the figure that was proposed: accept it."), field="counter", code="same_figure")
        if not comment.strip():
            raise InvalidInput(gettext("Say why you propose another figure."), field="comment", code="required")
    before = version.answers.filter(rep_id=rep_id).first()
    if answer_mark(before) != known:
        message = gettext("There is another answer meanwhile: look at it, and answer again if you still want to.")
        raise InvalidInput(message, code="stale")
    given, _made = Answer.objects.update_or_create(
        organisation=goal.organisation, version=version, rep_id=rep_id,
        defaults={"counter": counter, "comment": _text(comment, 500, "comment"), "author_id": scope.user_id, "answered_at": now},
    )
    accepted = set(version.answers.filter(counter=None).values_list("rep_id", flat=True))
    if accepted >= {one.rep_id for one in taking}:
        _into_force(goal, version, decided_by=None, today=today)
    return given


@transaction.atomic
def take_counter(
    *, scope: Scope, goal: Goal, rep_id: int, shown: int, reason: str = "", now: dt.datetime, today: dt.date
) -> GoalVersion:
    """Propose what a participant has offered: as the target where only that person takes part, else as that person's share.

    The target of many stays: what their shares miss or exceed it by remains to be seen. Those whose share stays keep their answers.
    """
    goal = _locked(scope, goal, shown, today)
    check_right(scope, goal.subject, today=today)
    version = _pending(goal)
    offered = version.answers.filter(rep_id=rep_id).exclude(counter=None).select_related("rep").first()
    counter: Decimal | None = offered.counter if offered else None
    if offered is None or counter is None:
        raise InvalidInput(gettext("There is no other figure to take over any more."), code="stale")
    taking = _participants(goal)
    shares = shares_of(version, taking) | {rep_id: counter}
    alone = len(taking) == 1
    target = counter if alone else version.target
    why = reason.strip() or gettext("The figure that %(name)s proposed: %(why)s") % {"name": offered.rep.name, "why": offered.comment}
    kept = list(version.answers.exclude(rep_id=rep_id))
    stretch = _beyond(version.stretch, version.target, target)
    _drop(version)
    made = _add(goal, target=target, stretch=stretch, shares=shares, reason=why[:300], scope=scope, now=now, today=today)
    for one in kept:
        one.pk, one.version = None, made
    Answer.objects.bulk_create(kept)
    if not goal.is_in_force:
        goal.target, goal.stretch = made.target, made.stretch
        goal.save(update_fields=["target", "stretch", "changed_at"])
    return made


@transaction.atomic
def decide(*, scope: Scope, goal: Goal, shown: int, reason: str, now: dt.datetime, today: dt.date) -> GoalVersion:
    """Bring a draft or a proposal into force without everybody's agreement. Who decided it, when and why is written down."""
    goal = _locked(scope, goal, shown, today)
    check_right(scope, goal.subject, today=today)
    if not reason.strip():
        raise InvalidInput(gettext("Say why it is decided: those who take part will read it."), field="reason", code="required")
    version = pending_version(goal)
    if version is None and goal.state != State.DRAFT:
        raise InvalidInput(gettext("There is nothing to decide: no change is proposed."), code="stale")
    taking = _participants(goal)
    target, stretch = (version.target, version.stretch) if version else (goal.target, goal.stretch)
    shares = shares_of(version, taking)
    if version is not None:
        _drop(version)
    _drop_drafts(goal)
    made = _add(goal, target=target, stretch=stretch, shares=shares, reason=reason, scope=scope, now=now, today=today)
    _into_force(goal, made, decided_by=scope.user_id, today=today)
    return made


@transaction.atomic
def withdraw(*, scope: Scope, goal: Goal, shown: int, reason: str = "", now: dt.datetime, today: dt.date) -> None:
    """Take a proposal back: the goal is a draft again, or stays as it is in force."""
    goal = _locked(scope, goal, shown, today)
    check_right(scope, goal.subject, today=today)
    _drop(_pending(goal))
    if reason.strip():
        text = gettext("The proposal is withdrawn: %(why)s") % {"why": _text(reason, 300, "reason")}
        GoalComment.objects.create(organisation=goal.organisation, goal=goal, text=text, author_id=scope.user_id, made_at=now)
    if not goal.is_in_force:
        goal.state = State.DRAFT
        goal.save(update_fields=["state", "changed_at"])


def answer_mark(given: Answer | None) -> str:
    """By which a form names the answer that it shows; empty for none."""
    return given.answered_at.isoformat() if given else ""


def _locked(scope: Scope, goal: Goal, shown: int, today: dt.date) -> Goal:
    """The goal as it is now, for nobody else to change until the transaction ends."""
    found: Goal | None = Goal.objects.select_for_update().filter(organisation=scope.organisation, pk=goal.pk).first()
    if found is None:
        raise InvalidInput(gettext("This goal does not exist any more."), code="stale")
    if found.ends_on <= today:
        raise InvalidInput(gettext("This goal's period is over: what it was measured against stays."), field="target", code="over")
    if last_number(found) != shown:
        raise InvalidInput(
            gettext("The goal has been changed meanwhile: look at it as it is now. What you wrote is still here."), code="stale"
        )
    return found


def _pending(goal: Goal) -> GoalVersion:
    version = pending_version(goal)
    if version is None:
        raise InvalidInput(gettext("Nothing waits for an answer here any more."), code="stale")
    return version


def _participants(goal: Goal) -> list[Participant]:
    """Those who take part; in a rep's own goal the rep, written down at the first need."""
    found = list(goal.participants.order_by("id"))
    if not found and goal.rep_id is not None:
        found = [Participant.objects.create(organisation=goal.organisation, goal=goal, rep_id=goal.rep_id, share=goal.target)]
    return found


def _add(
    goal: Goal, *, target: Decimal, stretch: Decimal | None, shares: Shares, reason: str, scope: Scope, now: dt.datetime, today: dt.date
) -> GoalVersion:
    """A version that waits. The first of a goal that nobody has seen yet is number 1."""
    reason = _text(reason, 300, "reason")
    if goal.is_in_force or goal.versions.exists():
        version = version_add(
            goal, target=target, stretch=stretch, reason=reason, author_id=scope.user_id, now=now, today=today, in_force=False
        )
    else:
        version = GoalVersion(
            organisation=goal.organisation, goal=goal, number=1, target=target, stretch=stretch, asks_from=goal.starts_on, reason=reason,
            author_id=scope.user_id, made_at=now, in_force=False,
        )
    version.shares = {str(rep): str(share) for rep, share in shares.items()}
    version.save()
    if not goal.is_in_force:
        _write_shares(goal, version)
    return version


def _into_force(goal: Goal, version: GoalVersion, *, decided_by: int | None, today: dt.date) -> None:
    version.goal = goal
    if goal.is_in_force:
        bring_into_force(version, today=today)
    else:  # nothing was asked before: it counts from its first day
        version.in_force, version.asks_from = True, goal.starts_on
        version.save(update_fields=["in_force", "asks_from"])
        goal.target, goal.stretch = version.target, version.stretch
    _write_shares(goal, version)
    goal.state, goal.decided_by_id = State.AGREED, decided_by
    goal.save(update_fields=["state", "decided_by", "target", "stretch", "changed_at"])


def _write_shares(goal: Goal, version: GoalVersion) -> None:
    taking = list(goal.participants.all())
    shares = shares_of(version, taking)
    for one in taking:
        one.share = shares[one.rep_id]
    Participant.objects.bulk_update(taking, ["share"])


def _drop(version: GoalVersion) -> None:
    version.withdrawn = True
    version.save(update_fields=["withdrawn"])


def _drop_drafts(goal: Goal) -> None:
    """What a draft said before is superseded."""
    if not goal.is_in_force:
        goal.versions.filter(in_force=False, withdrawn=False).update(withdrawn=True)


def _scaled(shares: Shares, before: Decimal, target: Decimal, kpi: AnyKpi) -> dict[int, Decimal]:
    """Shares in proportion to a changed target; in whole cents or records, and together in exactly the same proportion as before."""
    if target == before:
        return dict(shares)
    if not kpi.adds_up:
        return dict.fromkeys(shares, target)
    step = quantum(kpi)
    edges = [(edge * target / before / step).quantize(Decimal(1)) * step for edge in accumulate(shares.values(), initial=ZERO)]
    return {rep: upper - lower for rep, lower, upper in zip(shares, edges, edges[1:], strict=False)}


def _beyond(stretch: Decimal | None, before: Decimal, target: Decimal) -> Decimal | None:
    """The stretch where it still lies beyond the target, on the same side of it as before."""
    if stretch is None or (stretch > target) != (stretch > before) or stretch == target:
        return None
    return stretch


def _text(text: str, most: int, field: str) -> str:
    text = text.strip()
    if len(text) > most:
        raise InvalidInput(gettext("Write %(most)s characters at most.") % {"most": most}, field=field, code="too_long")
    return text
