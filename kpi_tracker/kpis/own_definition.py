"""What an own KPI counts: structured choices over the fact tables, never an expression that somebody wrote.

A `Definition` is kept as JSON in a version of the KPI; `read` checks it again when it comes back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from kpi_tracker.errors import InvalidInput
from kpi_tracker.kpis.measures import Fact, Quantity, Unit
from kpi_tracker.sales.models import ActivityKind, DealStatus, Lead, Outcome

LARGEST_AMOUNT = Decimal(10) ** 13
MOST_CHOICES = 200
LONGEST_CHOICE = 80
# How a definition writes the outcome of an activity that has none recorded.
NOT_RECORDED = "none"


class Aggregation(StrEnum):
    COUNT = "count"
    SUM = "sum"
    AVERAGE = "average"
    RATIO = "ratio"

    @property
    def label(self) -> Any:
        return _AGGREGATION_LABELS[self]


_AGGREGATION_LABELS = {
    Aggregation.COUNT: pgettext_lazy("own KPI", "Count"),
    Aggregation.SUM: pgettext_lazy("own KPI", "Sum"),
    Aggregation.AVERAGE: pgettext_lazy("own KPI", "Average"),
    Aggregation.RATIO: pgettext_lazy("own KPI", "Ratio"),
}

FACTS = {
    Fact.ACTIVITY: _("Activities"),
    Fact.DEAL: _("Deals"),
    Fact.LEAD: _("Leads"),
    Fact.CUSTOMER: _("Companies"),
    Fact.CONTACT: _("Contact persons"),
    Fact.STAGE: _("Moves of deals into a stage"),
}


@dataclass(frozen=True, slots=True)
class Clock:
    """The date that puts a record in a period, and with it the rep who gets the credit.

    label: as other KPIs name their clock. words: the choice in the form. credit: who gets it, after "for".
    """

    key: str
    fact: Fact
    day: str
    rep: str
    label: Any
    words: Any
    credit: Any


_CLOCKS = (
    Clock("occurred", Fact.ACTIVITY, "occurred_on", "rep_id", _("activity date"), _("the day it happened"), _("the rep who did it")),
    Clock("booked", Fact.ACTIVITY, "booked_on", "rep_id", _("booking date"), _("the day it was booked"), _("the rep of the activity")),
    Clock("closed", Fact.DEAL, "closed_on", "closed_by_id", _("closed date"), _("the day it closed"), _("the rep who closed it")),
    Clock("opened", Fact.DEAL, "opened_on", "opened_by_id", _("opened date"), _("the day it was opened"), _("the rep who opened it")),
    Clock("created", Fact.LEAD, "created_on", "rep_id", _("created date"), _("the day it came in"), _("the rep of the lead")),
    Clock("qualified", Fact.LEAD, "qualified_on", "rep_id", _("first qualified"), _("the day it qualified"), _("the rep of the lead")),
    Clock("added", Fact.CUSTOMER, "created_on", "added_by_id", _("created date"), _("the day it was added"), _("the rep who added it")),
    Clock("added", Fact.CONTACT, "created_on", "added_by_id", _("created date"), _("the day it was added"), _("the rep who added it")),
    Clock("moved", Fact.STAGE, "changed_on", "rep_id", _("day of the move"), _("the day of the move"), _("the rep who moved it")),
)
CLOCKS: dict[Fact, dict[str, Clock]] = {fact: {clock.key: clock for clock in _CLOCKS if clock.fact is fact} for fact in FACTS}

# What can be added up, over which records.
SUMMED = {Quantity.AMOUNT: Fact.DEAL, Quantity.CYCLE_DAYS: Fact.DEAL, Quantity.DURATION: Fact.ACTIVITY}
SUMMED_LABELS = {
    Quantity.AMOUNT: _("the amount of deals"),
    Quantity.CYCLE_DAYS: _("days from first contact to closing, of deals"),
    Quantity.DURATION: _("minutes that activities lasted"),
}
_UNITS = {None: Unit.COUNT, Quantity.AMOUNT: Unit.MONEY, Quantity.CYCLE_DAYS: Unit.DAYS, Quantity.DURATION: Unit.COUNT}

# Each filter that a kind of record has, and the look-up that it stands for.
FILTERS: dict[Fact, dict[str, str]] = {
    Fact.ACTIVITY: {"kinds": "kind__in", "types": "type_id__in", "outcomes": "outcome__in", "segments": "customer__segment__in"},
    Fact.DEAL: {
        "statuses": "status__in", "pipelines": "stage__pipeline_id__in", "stages": "stage_id__in", "products": "product_id__in",
        "channels": "channel__in", "segments": "customer__segment__in",
    },
    Fact.LEAD: {
        "directions": "direction__in", "lead_statuses": "status__in", "channels": "channel__in", "segments": "customer__segment__in",
    },
    Fact.CUSTOMER: {"segments": "segment__in"},
    Fact.CONTACT: {"segments": "customer__segment__in"},
    Fact.STAGE: {"pipelines": "to_stage__pipeline_id__in", "stages": "to_stage_id__in"},
}
IDS = frozenset({"types", "pipelines", "stages", "products"})
FIXED: dict[str, frozenset[str]] = {
    "kinds": frozenset(ActivityKind.values),
    "outcomes": frozenset(value or NOT_RECORDED for value in Outcome.values),
    "statuses": frozenset(DealStatus.values),
    "directions": frozenset(Lead.Direction.values),
}
CHOICES = (
    "kinds", "types", "outcomes", "statuses", "pipelines", "stages", "products", "directions", "lead_statuses", "channels", "segments",
)


@dataclass(frozen=True, slots=True)
class Side:
    """Records of one table, on one date, through filters; an empty filter lets all through.

    quantity: what is added up; None counts. amount_from, amount_to: of deals, in the base currency, both included.
    """

    fact: Fact
    clock: str
    quantity: Quantity | None = None
    kinds: tuple[str, ...] = ()
    types: tuple[int, ...] = ()
    outcomes: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    pipelines: tuple[int, ...] = ()
    stages: tuple[int, ...] = ()
    products: tuple[int, ...] = ()
    directions: tuple[str, ...] = ()
    lead_statuses: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    amount_from: Decimal | None = None
    amount_to: Decimal | None = None

    def __post_init__(self) -> None:
        if self.fact not in CLOCKS or self.clock not in CLOCKS[self.fact]:
            raise InvalidInput(gettext("Choose the date that these records count on."), field="clock", code="unknown_clock")
        if self.quantity is not None and SUMMED.get(self.quantity) is not self.fact:
            raise InvalidInput(gettext("These records have nothing of that kind to add up: choose others, or count them."),
                               field="quantity", code="nothing_to_add_up")
        for name in CHOICES:
            _check_choices(self, name)
        self._check_amounts()

    def _check_amounts(self) -> None:
        given = [amount for amount in (self.amount_from, self.amount_to) if amount is not None]
        if given and self.fact is not Fact.DEAL:
            raise InvalidInput(gettext("Only deals have an amount."), field="amount_from", code="no_such_filter")
        for amount in given:
            if not amount.is_finite() or abs(amount) >= LARGEST_AMOUNT or amount != round(amount, 2):
                message = gettext("Write the amount as a number with at most two decimals.")
                raise InvalidInput(message, field="amount_from" if amount is self.amount_from else "amount_to", code="not_an_amount")
        if self.amount_from is not None and self.amount_to is not None and self.amount_to < self.amount_from:
            raise InvalidInput(gettext("The largest amount is smaller than the smallest one."), field="amount_to", code="ends_before_start")

    @property
    def counts_on(self) -> Clock:
        return CLOCKS[self.fact][self.clock]

    @property
    def unit(self) -> Unit:
        return _UNITS[self.quantity]

    @property
    def has_amount_filter(self) -> bool:
        return self.amount_from is not None or self.amount_to is not None

    @property
    def without_filters(self) -> tuple[Any, ...]:
        return (self.fact, self.clock, self.quantity)

    def chosen(self, name: str) -> tuple[Any, ...]:
        """What the filter `name` lets through; empty: everything."""
        found: tuple[Any, ...] = getattr(self, name)
        return found

    def as_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {"fact": self.fact.value, "clock": self.clock}
        if self.quantity is not None:
            found["quantity"] = self.quantity.value
        found |= {name: list(self.chosen(name)) for name in CHOICES if self.chosen(name)}
        found |= {name: str(amount) for name in ("amount_from", "amount_to") if (amount := getattr(self, name)) is not None}
        return found


def _check_choices(side: Side, name: str) -> None:
    chosen = side.chosen(name)
    if not chosen:
        return
    if name not in FILTERS[side.fact]:
        raise InvalidInput(gettext("These records cannot be filtered that way."), field=name, code="no_such_filter")
    kind = int if name in IDS else str
    right = all(isinstance(one, kind) and not isinstance(one, bool) for one in chosen)
    if not right or len(set(chosen)) != len(chosen) or len(chosen) > MOST_CHOICES:
        raise InvalidInput(gettext("Choose from the list."), field=name, code="unknown_choice")
    if name in FIXED and not FIXED[name] >= set(chosen):
        raise InvalidInput(gettext("Choose from the list."), field=name, code="unknown_choice")
    if kind is str and any(len(one) > LONGEST_CHOICE for one in chosen):
        raise InvalidInput(gettext("Choose from the list."), field=name, code="unknown_choice")


@dataclass(frozen=True, slots=True)
class Definition:
    """aggregation over the records `above`; of a ratio, divided by those `below`."""

    aggregation: Aggregation
    above: Side
    below: Side | None = None

    def __post_init__(self) -> None:
        if (self.below is not None) != (self.aggregation is Aggregation.RATIO):
            raise InvalidInput(gettext("A ratio, and nothing else, has records below the line."), field="aggregation", code="needs_below")
        match self.aggregation:
            case Aggregation.COUNT if self.above.quantity is not None:
                raise InvalidInput(gettext("A count adds nothing up."), field="quantity", code="count_without_quantity")
            case Aggregation.SUM | Aggregation.AVERAGE if self.above.quantity is None:
                raise InvalidInput(gettext("Choose what is added up."), field="quantity", code="needs_quantity")
        if not self.units:
            message = gettext(
                "These two cannot be divided: a count can be divided by a count, and a sum by a count or by a sum of its kind."
            )
            raise InvalidInput(message, field="below", code="cannot_be_divided")

    @property
    def sides(self) -> tuple[Side, ...]:
        return (self.above,) if self.below is None else (self.above, self.below)

    @property
    def units(self) -> tuple[Unit, ...]:
        """The units that the figure may be shown in, the usual one first; none where the sides cannot be divided."""
        above, below = self.above, self.below
        if below is None:
            return (above.unit,)
        if above.quantity is below.quantity:
            return (Unit.PERCENT, Unit.COUNT) if above.quantity is None else (Unit.PERCENT,)
        return (above.unit,) if below.quantity is None else ()

    @property
    def structure(self) -> tuple[Any, ...]:
        """All but the filters. Versions that hold at different times share it: a curve must not mix euros with calls."""
        return (self.aggregation, *(side.without_filters for side in self.sides))

    def as_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {"aggregation": self.aggregation.value, "above": self.above.as_json()}
        if self.below is not None:
            found["below"] = self.below.as_json()
        return found


def read(stored: Any) -> Definition:
    """The definition that `as_json` wrote. InvalidInput if it is none."""
    data = _mapping(stored, {"aggregation", "above", "below"})
    try:
        aggregation = Aggregation(data.get("aggregation", ""))
    except ValueError:
        raise InvalidInput(gettext("Choose how it is counted."), field="aggregation", code="unknown_aggregation") from None
    return Definition(aggregation, _read_side(data.get("above")), _read_side(data["below"]) if "below" in data else None)


def _read_side(stored: Any) -> Side:
    data = dict(_mapping(stored, {field.name for field in fields(Side)}))
    try:
        fact, quantity = Fact(data.pop("fact", "")), data.pop("quantity", None)
        values: dict[str, Any] = {"quantity": None if quantity is None else Quantity(quantity)}
        values |= {name: Decimal(data.pop(name)) for name in ("amount_from", "amount_to") if name in data}
        values |= {name: tuple(data.pop(name)) for name in CHOICES if name in data}
    except (ValueError, TypeError, InvalidOperation):
        raise InvalidInput(gettext("Choose the records that count."), field="fact", code="unknown_records") from None
    return Side(fact, str(data.pop("clock", "")), **values)


def _mapping(stored: Any, known: set[str]) -> Mapping[str, Any]:
    if not isinstance(stored, Mapping) or not set(stored) <= known:
        raise InvalidInput(gettext("This is no definition of a KPI."), field="definition", code="no_definition")
    return stored
