"""Many targets saved at once. Two people who edit the same ones lose nothing: what has changed since it was seen is asked about."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext

from goals import entry
from goals.deciding import Decisions, Place, goals_at_places, is_open, marks_of, seen_target
from goals.grid import key_of, name_of, read_name
from goals.models import Goal, GoalVersion
from kpi_tracker.errors import InvalidInput, UserError
from kpi_tracker.kpis import registry
from kpi_tracker.scope import Scope


@dataclass(frozen=True, slots=True)
class Change:
    """What was typed into a cell. mark: what its writer saw there, see `deciding.marks_of`."""

    place: Place
    mark: str
    text: str

    @property
    def key(self) -> str:
        return key_of(self.place)

    @property
    def name(self) -> str:
        return name_of(self.place, self.mark)


@dataclass(frozen=True, slots=True)
class Wrong:
    change: Change
    message: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """Somebody else has set another target since. goal: None where it was deleted. mark: what is there now. by: empty if unknown."""

    change: Change
    target: Decimal
    goal: Goal | None
    mark: str
    by: str = ""
    reason: str = ""

    @property
    def name(self) -> str:
        """Of the field with which the person chooses: it speaks of what is there now."""
        return name_of(self.change.place, self.mark)


@dataclass
class Outcome:
    """What became of the changes."""

    new: int = 0
    changed: int = 0
    conflicts: list[Conflict] = field(default_factory=list)
    wrong: list[Wrong] = field(default_factory=list)

    @property
    def written(self) -> int:
        return self.new + self.changed

    @property
    def is_clean(self) -> bool:
        return not self.conflicts and not self.wrong


def read_changes(posted: Mapping[str, Any]) -> list[Change]:
    """The cells of a form that was sent."""
    read = ((read_name(name), str(text).strip()) for name, text in posted.items())
    return [Change(*found, text) for found, text in read if found is not None]


def grid_save(*, scope: Scope, changes: Iterable[Change], reason: str, now: dt.datetime, today: dt.date) -> Outcome:
    """Write the targets that were changed, in one transaction. What is wrong or in conflict is left as it is, and told of.

    reason: kept with each version. Raises InvalidInput (field "reason"), with nothing written, where a goal that runs is changed without.
    """
    changes = list(changes)
    try:
        return _save(scope, changes, reason.strip(), now=now, today=today)
    except IntegrityError:  # somebody made one of the goals in between: it is there now, and may be in conflict
        return _save(scope, changes, reason.strip(), now=now, today=today)


@transaction.atomic
def _save(scope: Scope, changes: list[Change], reason: str, *, now: dt.datetime, today: dt.date) -> Outcome:
    outcome, decisions = Outcome(), Decisions(scope, now=now, today=today)
    goals = goals_at_places(scope.organisation, [change.place for change in changes], lock=True)
    marks = marks_of(scope.organisation, goals.values())
    made: list[Goal] = []
    for change in changes:
        goal = goals.get(change.place)
        try:
            target = _typed(scope, change, goal)
            if target is None or target == seen_target(change.mark) or (goal is not None and target == goal.target):
                continue
            decisions.check(change.place[0], change.place[1], target)
            _check_open(goal, change, today)
        except UserError as wrong:
            outcome.wrong.append(Wrong(change, wrong.message))
            continue
        if change.mark != (mark := marks[goal.pk] if goal else ""):
            outcome.conflicts.append(Conflict(change, target, goal, mark))
        elif goal is None:
            made.append(decisions.new(change.place, target))
        else:
            if goal.starts_on <= today and not reason:
                message = gettext("Goals that run already are changed: say why. It is kept with each change.")
                raise InvalidInput(message, field="reason", code="reason_missing")
            decisions.change(goal, target, reason)
            outcome.changed += 1
    Goal.objects.bulk_create(made)
    outcome.new = len(made)
    outcome.conflicts = _told(scope, outcome.conflicts)
    return outcome


def _typed(scope: Scope, change: Change, goal: Goal | None) -> Decimal | None:
    """The target that was typed; None where the cell was empty and still is."""
    if change.text:
        return entry.typed_target(change.text, registry.kpi(change.place[0], scope.organisation).unit)
    if change.mark and goal is not None:
        raise InvalidInput(gettext("A target cannot be taken away here: open the goal and delete it."), code="emptied")
    return None


def _check_open(goal: Goal | None, change: Change, today: dt.date) -> None:
    period = change.place[2]
    if period.end <= today:
        raise InvalidInput(gettext("This goal's period is over: what it was measured against stays."), field="target", code="over")
    if not is_open(goal, period, today=today):
        message = gettext("This goal waits for an answer, or follows from its baseline: change it on its own page.")
        raise InvalidInput(message, field="target", code="not_open")


def _told(scope: Scope, conflicts: list[Conflict]) -> list[Conflict]:
    """Who has set the other figures, and why. One query."""
    goals = [conflict.goal for conflict in conflicts if conflict.goal is not None]
    versions = GoalVersion.objects.filter(organisation=scope.organisation, goal__in=goals).select_related("author").order_by("number")
    last = {version.goal_id: version for version in versions} if goals else {}
    found = []
    for one in conflicts:
        version = last.get(one.goal.pk) if one.goal else None
        author = version.author if version else one.goal.created_by if one.goal else None
        found.append(Conflict(
            one.change, one.target, one.goal, one.mark, by=author.name if author else "", reason=version.reason if version else "",
        ))
    return found
