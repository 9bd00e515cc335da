"""A definition in plain words: what is counted, on which day, for whom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext

from kpi_tracker.kpis.measures import Fact, Quantity
from kpi_tracker.kpis.own_definition import CHOICES, IDS, NOT_RECORDED, Aggregation, Definition, Side
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.sales.models import ActivityKind, ActivityType, DealStatus, Lead, Outcome, Pipeline, Product, Stage

NAMED: dict[str, type[Model]] = {"types": ActivityType, "pipelines": Pipeline, "stages": Stage, "products": Product}


@dataclass(frozen=True, slots=True)
class Sentence:
    """A definition's words, looked up only where they are shown."""

    organisation: Organisation
    definition: Definition

    def __str__(self) -> str:
        return sentence(self.organisation, self.definition)


class Names:
    """What the ids in definitions are called."""

    def __init__(self, organisation: Organisation, sides: Iterable[Side]) -> None:
        sides = list(sides)
        self.of: dict[tuple[str, int], str] = {}
        for name, model in NAMED.items():
            wanted = {one for side in sides for one in side.chosen(name)}
            if wanted:
                rows = model._default_manager.filter(organisation=organisation, id__in=wanted)
                self.of |= {(name, row.pk): str(row) for row in rows}

    def label(self, name: str, value: Any) -> str:
        """One choice of the filter `name`, as people call it."""
        if name in IDS:
            return self.of.get((name, value)) or gettext("one that was deleted")
        labels = fixed_labels(name)
        return str(labels.get(value, value)) if labels else f"“{value}”"


def fixed_labels(name: str) -> dict[str, Any]:
    """The choices of a filter that every organisation has alike."""
    match name:
        case "kinds":
            return dict(ActivityKind.choices)
        case "outcomes":
            return {value or NOT_RECORDED: label for value, label in Outcome.choices}
        case "statuses":
            return dict(DealStatus.choices)
        case "directions":
            return dict(Lead.Direction.choices)
        case _:
            return {}


def sentence(organisation: Organisation, definition: Definition) -> str:
    """What is counted, and on which day for whom."""
    names = Names(organisation, definition.sides)
    above = definition.above
    match definition.aggregation:
        case Aggregation.COUNT:
            what = gettext("The number of %(records)s.") % {"records": records(above, names, organisation)}
        case Aggregation.SUM:
            what = f"{_summed(above, names, organisation, first=True)}."
        case Aggregation.AVERAGE:
            what = gettext("%(sum)s, divided by their number.") % {"sum": _summed(above, names, organisation, first=True)}
        case Aggregation.RATIO:
            return _ratio(organisation, definition, names)
    return f"{what} {_credit(above)}"


def _ratio(organisation: Organisation, definition: Definition, names: Names) -> str:
    above, below = definition.sides
    what = gettext("%(above)s, divided by %(below)s.") % {
        "above": _first_capital(_side(above, names, organisation)), "below": _side(below, names, organisation)
    }
    if above.counts_on == below.counts_on:
        return f"{what} {_credit(above)}"
    clocks = gettext("Above the line each counts on %(day)s, for %(rep)s; below the line on %(day_below)s, for %(rep_below)s.") % {
        "day": above.counts_on.words, "rep": above.counts_on.credit,
        "day_below": below.counts_on.words, "rep_below": below.counts_on.credit,
    }
    return f"{what} {clocks}"


def _side(side: Side, names: Names, organisation: Organisation) -> str:
    if side.quantity is None:
        return gettext("the number of %(records)s") % {"records": records(side, names, organisation)}
    return _summed(side, names, organisation)


def _summed(side: Side, names: Names, organisation: Organisation, *, first: bool = False) -> str:
    texts = {
        Quantity.AMOUNT: gettext("the amount of %(records)s"),
        Quantity.CYCLE_DAYS: gettext("the days from first contact to closing of %(records)s"),
        Quantity.DURATION: gettext("the minutes of %(records)s"),
    }
    text = texts[side.quantity or Quantity.AMOUNT] % {"records": records(side, names, organisation)}
    return _first_capital(text) if first else text


def _first_capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def records(side: Side, names: Names, organisation: Organisation) -> str:
    """ "deals whose status is won or lost and whose pipeline is Sales" """
    plain = {
        Fact.ACTIVITY: gettext("activities"), Fact.DEAL: gettext("deals"), Fact.LEAD: gettext("leads"), Fact.CUSTOMER: gettext("companies"),
        Fact.CONTACT: gettext("contact persons"), Fact.STAGE: gettext("moves of deals into a stage"),
    }
    conditions = [_condition(name, [names.label(name, one) for one in chosen]) for name in CHOICES if (chosen := side.chosen(name))]
    if side.has_amount_filter:
        conditions.append(_amounts(side, organisation.base_currency))
    if side.fact is Fact.ACTIVITY and side.clock == "occurred" and not side.outcomes:
        conditions.append(gettext("outcome other than planned and cancelled"))
    if not conditions:
        return gettext("all %(records)s") % {"records": plain[side.fact]}
    return gettext("%(records)s with %(conditions)s") % {"records": plain[side.fact], "conditions": joined(conditions, gettext("and"))}


def _condition(name: str, values: Sequence[str]) -> str:
    texts = {
        "kinds": gettext("kind %(values)s"), "types": gettext("type %(values)s"), "outcomes": gettext("outcome %(values)s"),
        "statuses": gettext("status %(values)s"), "pipelines": gettext("pipeline %(values)s"), "stages": gettext("stage %(values)s"),
        "products": gettext("product %(values)s"), "directions": gettext("direction %(values)s"),
        "lead_statuses": gettext("status %(values)s"), "channels": gettext("source %(values)s"),
        "segments": gettext("customer segment %(values)s"),
    }
    shown = list(values[:6])
    if rest := len(values) - len(shown):
        shown.append(ngettext("%(number)s more", "%(number)s more", rest) % {"number": rest})
    return texts[name] % {"values": joined(shown, gettext("or"))}


def _amounts(side: Side, currency: str) -> str:
    low, high = (None if amount is None else number_format(amount, force_grouping=True) for amount in (side.amount_from, side.amount_to))
    if low is not None and high is not None:
        return gettext("an amount from %(low)s to %(high)s %(currency)s") % {"low": low, "high": high, "currency": currency}
    if low is not None:
        return gettext("an amount of %(low)s %(currency)s or more") % {"low": low, "currency": currency}
    return gettext("an amount of %(high)s %(currency)s or less") % {"high": high, "currency": currency}


def _credit(side: Side) -> str:
    clock = side.counts_on
    return gettext("Each counts on %(day)s, for %(rep)s.") % {"day": clock.words, "rep": clock.credit}


def joined(parts: Sequence[str], last: str) -> str:
    """ "a, b or c" """
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}"
