"""Another base currency: what goals in money ask, asked and came to, turned round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal

from goals.models import Answer, DefaultTarget, Goal, GoalVersion, Participant
from kpi_tracker.orgs.models import Organisation

CENT = Decimal("0.01")
AT_ONCE = 500


def turn_round(organisation: Organisation, goals: Sequence[Goal], rates: Mapping[int, Decimal]) -> None:
    """Every amount of the goals, of their versions, shares and answers. rates: by goal id, what one unit of before is now."""
    for goal in goals:
        rate = rates[goal.pk]
        for name in ("target", "stretch", "split_target", "baseline", "result", "stood_actual"):
            setattr(goal, name, _turned(getattr(goal, name), rate))
        goal.steps = [[day, str(_turned(Decimal(target), rate))] for day, target in goal.steps]
    Goal.objects.bulk_update(
        goals, ["target", "stretch", "split_target", "baseline", "result", "stood_actual", "steps"], batch_size=AT_ONCE
    )
    versions = list(GoalVersion.objects.filter(organisation=organisation, goal__in=rates))
    for version in versions:
        rate = rates[version.goal_id]
        version.target, version.stretch = (version.target * rate).quantize(CENT, ROUND_HALF_UP), _turned(version.stretch, rate)
        version.shares = {rep: str(_turned(Decimal(share), rate)) for rep, share in version.shares.items()}
    GoalVersion.objects.bulk_update(versions, ["target", "stretch", "shares"], batch_size=AT_ONCE)
    taking = list(Participant.objects.filter(organisation=organisation, goal__in=rates))
    for one in taking:
        one.share = (one.share * rates[one.goal_id]).quantize(CENT, ROUND_HALF_UP)
    Participant.objects.bulk_update(taking, ["share"], batch_size=AT_ONCE)
    answers = list(Answer.objects.filter(organisation=organisation, version__goal__in=rates).select_related("version"))
    for answer in answers:
        answer.counter = _turned(answer.counter, rates[answer.version.goal_id])
    Answer.objects.bulk_update(answers, ["counter"], batch_size=AT_ONCE)


def turn_defaults(defaults: Sequence[DefaultTarget], rate: Decimal) -> None:
    """A default stays more than nothing."""
    for default in defaults:
        default.target = max((default.target * rate).quantize(CENT, ROUND_HALF_UP), CENT)
    DefaultTarget.objects.bulk_update(defaults, ["target"], batch_size=AT_ONCE)


def _turned(amount: Decimal | None, rate: Decimal) -> Decimal | None:
    return None if amount is None else (amount * rate).quantize(CENT, ROUND_HALF_UP)
