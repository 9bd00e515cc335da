"""What managers and those who take part say of a goal."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils.translation import gettext

from goals.models import Goal, GoalComment
from kpi_tracker import formats
from kpi_tracker.errors import InvalidInput, NotPermitted
from kpi_tracker.scope import Role, Scope

LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Said:
    author: str
    day: str
    text: str


def may_comment(scope: Scope, goal: Goal) -> bool:
    """Of a goal that is seen: managers and admins, and who takes part in it."""
    if scope.role is Role.VIEWER or goal.organisation_id != scope.organisation.pk:
        return False
    if scope.may_set_goals:
        return True
    return scope.rep_id is not None and (goal.rep_id == scope.rep_id or goal.participants.filter(rep_id=scope.rep_id).exists())


def comment_add(*, scope: Scope, goal: Goal, text: str, now: dt.datetime) -> GoalComment:
    if not may_comment(scope, goal):
        raise NotPermitted(gettext("Only managers and those who take part comment on a goal."))
    text = text.strip()
    if not text:
        raise InvalidInput(gettext("Write what you want to say."), field="text", code="required")
    if len(text) > LONGEST:
        raise InvalidInput(gettext("Write %(most)s characters at most.") % {"most": LONGEST}, field="text", code="too_long")
    made = GoalComment(organisation=goal.organisation, goal=goal, text=text, author_id=scope.user_id, made_at=now)
    made.save()
    return made


def said_of(goal: Goal) -> list[Said]:
    """The oldest first."""
    return [
        Said(one.author.name if one.author else "", formats.day(one.made_at.astimezone(goal.organisation.zone).date()), one.text)
        for one in goal.comments.select_related("author").order_by("made_at", "id")
    ]
