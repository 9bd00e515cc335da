"""How many of those who take part have answered what is proposed, for many goals at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q
from django.utils.translation import gettext, ngettext, pgettext_lazy

from goals.models import Goal, GoalVersion, State
from kpi_tracker import formats

WORDS = {
    State.DRAFT: pgettext_lazy("goal", "draft"), State.PROPOSED: pgettext_lazy("goal", "proposed"),
    State.AGREED: pgettext_lazy("goal", "agreed"), State.CLOSED: pgettext_lazy("goal", "closed"),
}


@dataclass(frozen=True, slots=True)
class Answers:
    """taking: how many take part; answered: of the last version; offered: how many of these propose another figure."""

    state: State
    taking: int
    answered: int = 0
    offered: int = 0

    def line(self) -> str:
        if self.state is State.DRAFT:
            return gettext("Nobody has been asked yet.")
        values = {"answered": formats.number(self.answered), "count": formats.number(self.taking)}
        said = ngettext("%(answered)s of %(count)s has answered.", "%(answered)s of %(count)s have answered.", self.taking) % values
        if not self.offered:
            return said
        other = ngettext("%(number)s proposes another figure.", "%(number)s propose another figure.", self.offered)
        return f"{said} {other % {'number': formats.number(self.offered)}}"


def answers_of(goals: Sequence[Goal]) -> dict[int, Answers]:
    """By goal id; two queries, none for no goals."""
    if not goals:
        return {}
    organisation = goals[0].organisation_id
    ids = [goal.pk for goal in goals]
    taking = dict(
        Goal.objects.filter(organisation_id=organisation, pk__in=ids).annotate(taking=Count("participants")).values_list("pk", "taking")
    )
    versions = GoalVersion.objects.filter(organisation_id=organisation, goal__in=ids).order_by("number")
    counted = versions.annotate(answered=Count("answers"), offered=Count("answers", filter=Q(answers__counter__isnull=False)))
    said = {goal: (answered, offered) for goal, answered, offered in counted.values_list("goal_id", "answered", "offered")}
    return {goal.pk: Answers(State(goal.state), taking[goal.pk], *said.get(goal.pk, (0, 0))) for goal in goals}
