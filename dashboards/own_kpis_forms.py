"""The form of an own KPI: what was chosen, as a Definition and Details. Rules are the services' matter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from goals import entry
from kpi_tracker.errors import InvalidInput, UserError
from kpi_tracker.kpis.measures import Fact, Quantity, Unit
from kpi_tracker.kpis.metrics import Category, Direction, Owner
from kpi_tracker.kpis.models import OwnKpi
from kpi_tracker.kpis.own_definition import (
    CHOICES,
    CLOCKS,
    FACTS,
    FILTERS,
    IDS,
    SUMMED_LABELS,
    Aggregation,
    Clock,
    Definition,
    Side,
)
from kpi_tracker.kpis.own_services import Details
from kpi_tracker.kpis.own_words import fixed_labels
from kpi_tracker.sales.models import ActivityType, Customer, Deal, Lead, Pipeline, Product, Stage
from kpi_tracker.scope import Scope

ALL_HISTORY, FROM_A_DAY = "all", "from"
MOST_OFFERED = 200
Choices = list[tuple[Any, Any]]

FILTER_LABELS = {
    "kinds": _("Kind"), "types": _("Own type"), "outcomes": _("Outcome"), "statuses": _("Status"), "pipelines": _("Pipeline"),
    "stages": _("Stage"), "products": _("Product"), "directions": _("Direction"), "lead_statuses": _("Status"), "channels": _("Source"),
    "segments": _("Customer's segment"),
}


class Offered:
    """What the organisation's records let one choose from, read once for both sides of the line."""

    def __init__(self, scope: Scope) -> None:
        stages = list(Stage.objects.within(scope).select_related("pipeline").order_by("pipeline__name", "position", "id"))
        pipelines = list(Pipeline.objects.within(scope).order_by("name").values_list("id", "name"))
        several = len(pipelines) > 1
        leads, deals = Lead.objects.within(scope), Deal.objects.within(scope)
        self.by_filter: dict[tuple[Fact, str], Choices] = {}
        by_name: dict[str, Choices] = {name: list(fixed_labels(name).items()) for name in CHOICES}
        by_name |= {
            "types": list(ActivityType.objects.within(scope).order_by("name").values_list("id", "name")[:MOST_OFFERED]),
            "pipelines": pipelines if several else [],
            "stages": [(stage.id, f"{stage.pipeline} · {stage}" if several else stage.name) for stage in stages],
            "products": list(Product.objects.within(scope).order_by("name").values_list("id", "name")[:MOST_OFFERED]),
            "lead_statuses": _texts(leads, "status"),
            "segments": _texts(Customer.objects.within(scope), "segment"),
        }
        for fact, filters in FILTERS.items():
            self.by_filter |= {(fact, name): by_name[name] for name in filters if name != "channels"}
        self.by_filter |= {(Fact.LEAD, "channels"): _texts(leads, "channel"), (Fact.DEAL, "channels"): _texts(deals, "channel")}

    def choices(self, fact: Fact, name: str, kept: tuple[Any, ...]) -> Choices:
        """What is on offer, and what an earlier version chose that no record has any more."""
        offered = self.by_filter[fact, name]
        known = {value for value, _label in offered}
        gone = gettext("one that was deleted")
        return [*offered, *((value, gone if name in IDS else value) for value in kept if value not in known)]


def _texts(rows: QuerySet[Any], field: str) -> Choices:
    found = rows.exclude(**{field: ""}).order_by(field).values_list(field, flat=True).distinct()[:MOST_OFFERED]
    return [(text, text) for text in found]


class SideForm(forms.Form):
    """What stands above or below the line. A field for each filter of each kind of record: the page shows those that fit."""

    def __init__(self, *args: Any, offered: Offered, kept: Side | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["fact"] = forms.ChoiceField(label=_("Records"), choices=[(fact.value, label) for fact, label in FACTS.items()])
        self.fields["quantity"] = forms.ChoiceField(
            label=_("Add up"), required=False,
            choices=[("", _("nothing: count them")), *((one.value, label) for one, label in SUMMED_LABELS.items())],
        )
        for fact, clocks in CLOCKS.items():
            self.fields[f"{fact}-clock"] = forms.ChoiceField(
                label=_("Each counts on"), required=False, choices=[(clock.key, _in_words(clock)) for clock in clocks.values()]
            )
            for name in FILTERS[fact]:
                choices = offered.choices(fact, name, kept.chosen(name) if kept and kept.fact is fact else ())
                if choices:
                    self.fields[f"{fact}-{name}"] = forms.TypedMultipleChoiceField(
                        label=FILTER_LABELS[name], required=False, choices=choices, coerce=int if name in IDS else str,
                        widget=forms.CheckboxSelectMultiple,
                    )
        for name, label in (("amount_from", _("Amount from")), ("amount_to", _("Amount to"))):
            self.fields[name] = forms.CharField(label=label, required=False, max_length=30)
            self.fields[name].widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}

    @property
    def kinds_of_records(self) -> list[tuple[str, forms.BoundField, list[forms.BoundField]]]:
        """For the page: each kind of record, its clock and its filters."""
        return [
            (fact.value, self[f"{fact}-clock"], [self[name] for name in (f"{fact}-{one}" for one in FILTERS[fact]) if name in self.fields])
            for fact in CLOCKS
        ]

    def make(self, *, counts: bool) -> Side | None:
        """What was chosen; None, with the errors beside their fields, if it cannot be used. counts: nothing is added up."""
        if not self.is_valid():
            return None
        values = self.cleaned_data
        fact = Fact(values["fact"])
        chosen: dict[str, Any] = {name: tuple(values.get(f"{fact}-{name}", ())) for name in FILTERS[fact]}
        quantity = None if counts or not values["quantity"] else Quantity(values["quantity"])
        try:
            if fact is Fact.DEAL:
                chosen |= {name: self._amount(name) for name in ("amount_from", "amount_to")}
            return Side(fact, values[f"{fact}-clock"] or next(iter(CLOCKS[fact])), quantity, **chosen)
        except InvalidInput as wrong:
            self.refuse(wrong, fact)
            return None

    def _amount(self, name: str) -> Any:
        typed = self.cleaned_data[name]
        try:
            return entry.typed_number(typed) if typed else None
        except InvalidInput as wrong:
            raise InvalidInput(wrong.message, field=name, code=wrong.code) from wrong

    def refuse(self, wrong: UserError, fact: Fact) -> None:
        beside = next((name for name in (wrong.field, f"{fact}-{wrong.field}") if name in self.fields), None)
        self.add_error(beside, wrong.message)


def _in_words(clock: Clock) -> str:
    return gettext("%(day)s, for %(rep)s") % {"day": clock.words, "rep": clock.credit}


def side_values(side: Side | None) -> dict[str, Any]:
    """The form's values for a side that exists."""
    if side is None:
        return {}
    quantity = side.quantity.value if side.quantity else ""
    values: dict[str, Any] = {"fact": side.fact.value, "quantity": quantity, f"{side.fact}-clock": side.clock}
    values |= {f"{side.fact}-{name}": list(side.chosen(name)) for name in FILTERS[side.fact]}
    return values | {name: f"{amount:f}" for name in ("amount_from", "amount_to") if (amount := getattr(side, name)) is not None}


class OwnKpiForm(forms.Form):
    """`definition` is what the form means, as far as it can be read; `details` what is said beside it."""

    name = forms.CharField(label=_("Name"), max_length=80)
    description = forms.CharField(label=_("What it is good for"), required=False, max_length=300)
    category = forms.ChoiceField(label=_("Category"), choices=[(one.value, one.label) for one in Category])
    owner = forms.ChoiceField(label=_("Usually owned by"), choices=[(one.value, one.label) for one in Owner])
    direction = forms.ChoiceField(
        label=_("Better"), choices=[(Direction.UP.value, _("more is better")), (Direction.DOWN.value, _("less is better"))]
    )
    aggregation = forms.ChoiceField(
        label=_("How it is counted"), choices=[(one.value, one.label) for one in Aggregation], widget=forms.RadioSelect
    )
    ratio_unit = forms.ChoiceField(
        label=_("Shown as"), required=False,
        choices=[
            (Unit.PERCENT.value, pgettext_lazy("shown as", "a percentage")), (Unit.COUNT.value, pgettext_lazy("shown as", "a number")),
        ],
    )
    holds = forms.ChoiceField(
        label=_("What is counted now holds"), required=False, widget=forms.RadioSelect,
        choices=[(ALL_HISTORY, _("for all history")), (FROM_A_DAY, _("from a day on"))],
    )
    valid_from = forms.DateField(
        label=_("First day that counts this way"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    note = forms.CharField(label=_("Why it changes"), required=False, max_length=300)

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, scope: Scope, own: OwnKpi | None = None, now: Definition | None = None
    ) -> None:
        first = {"aggregation": Aggregation.COUNT.value, "category": Category.RESULT.value}
        super().__init__(data, initial=values_of(own, now) if own and now else first)
        self.scope, self.own, self.now = scope, own, now
        offered = Offered(scope)
        sides = {"above": now.above if now else None, "below": now.below if now else None}
        self.above, self.below = (
            SideForm(data, prefix=name, offered=offered, kept=kept, initial=side_values(kept))
            for name, kept in sides.items()
        )
        self.definition: Definition | None = None

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        if "aggregation" in values:
            self.definition = self._definition(Aggregation(values["aggregation"]))
            if self.definition is None and not self.errors:
                self.add_error(None, gettext("What is counted cannot be used yet; see below."))
        if self.own and self.definition is not None and self.definition != self.now:
            if not values.get("holds"):
                self.add_error("holds", gettext("Say from when on this counts: for all history, or from a day on."))
            elif values["holds"] == FROM_A_DAY and values.get("valid_from") is None and "valid_from" not in self.errors:
                self.add_error("valid_from", gettext("Choose the first day that counts this way."))
        return values

    def _definition(self, aggregation: Aggregation) -> Definition | None:
        above = self.above.make(counts=aggregation is Aggregation.COUNT)
        below = self.below.make(counts=False) if aggregation is Aggregation.RATIO else None
        if above is None or (aggregation is Aggregation.RATIO and below is None):
            return None
        try:
            return Definition(aggregation, above, below)
        except InvalidInput as wrong:
            if wrong.field == "quantity":
                self.above.refuse(wrong, above.fact)
            else:
                self.add_error("aggregation", wrong.message)
            return None

    @property
    def problems(self) -> list[str]:
        """What keeps the definition from being read, for the preview: what is not about it is left out."""
        about = [self.above.errors] + ([self.below.errors] if self.cleaned_data.get("aggregation") == Aggregation.RATIO else [])
        found = [str(text) for errors in about for texts in errors.values() for text in texts]
        return [*map(str, self.errors.get("aggregation", [])), *found]

    @property
    def unit(self) -> Unit:
        """The unit of the definition, which must have been read: a count divided by a count lets one choose."""
        units = self.definition.units if self.definition else (Unit.COUNT,)
        asked = self.cleaned_data.get("ratio_unit")
        return next((unit for unit in units if unit.value == asked), units[0])

    def details(self) -> Details:
        values = self.cleaned_data
        return Details(
            name=values["name"], description=values["description"], category=values["category"], owner=values["owner"], unit=self.unit,
            direction=values["direction"],
        )

    def refuse(self, wrong: UserError) -> None:
        """Show a service's refusal beside the field that it is about."""
        field = {"unit": "ratio_unit"}.get(wrong.field, wrong.field)
        self.add_error(field if field in self.fields else None, wrong.message)

    @property
    def changed_definition(self) -> Definition | None:
        """What is to be counted, where that is another thing than before or is to hold on other days."""
        return self.definition if self.definition != self.now or self.cleaned_data.get("holds") else None

    @property
    def held_from(self) -> Any:
        """The first day on which the change counts; None for all history."""
        return self.cleaned_data.get("valid_from") if self.cleaned_data.get("holds") == FROM_A_DAY else None


def values_of(own: OwnKpi, now: Definition) -> dict[str, Any]:
    """The form's values for a KPI that exists."""
    return {
        "name": own.name, "description": own.description, "category": own.category, "owner": own.owner, "direction": own.direction,
        "aggregation": now.aggregation.value, "ratio_unit": own.unit if own.unit in (Unit.PERCENT, Unit.COUNT) else "",
    }
