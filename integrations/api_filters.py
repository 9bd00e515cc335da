"""Which records of a list are asked for."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any, ClassVar

from django.db.models import Q
from rest_framework import serializers

from kpi_tracker.api import PAGE_PARAMETERS, Day, Parameters, RecordId, ids_in
from kpi_tracker.orgs.models import TeamAssignment
from kpi_tracker.orgs.tree import ever_below
from kpi_tracker.periods import day_after
from kpi_tracker.sales.models import ActivityKind, DealStatus
from kpi_tracker.scope import Scope

DAYS: dict[str, Any] = {
    "from": Day(required=False, help_text="First day."),
    "to": Day(required=False, help_text="Last day; it is included."),
}


class RowParameters(Parameters):
    """days: the parameters that ask for days, with the field whose day they mean. reps: the fields that `rep` may mean."""

    passed_on = PAGE_PARAMETERS
    days: ClassVar[dict[str, str]] = {}
    reps: ClassVar[tuple[str, ...]] = ()

    id = serializers.CharField(required=False, help_text="Only these: up to 1,000 ids, with commas between them.")

    def condition(self, scope: Scope) -> Q:
        """The condition that a row meets the parameters; they are valid."""
        found = Q()
        for name, value in self.validated_data.items():
            found &= self._condition(scope, name, value)
        return found

    def _condition(self, scope: Scope, name: str, value: Any) -> Q:
        if name in self.days:
            field = self.days[name]
            return Q(**{f"{field}__lt": day_after(value)}) if name.endswith("to") else Q(**{f"{field}__gte": value})
        match name:
            case "id":
                return Q(id__in=ids_in(value, "id"))
            case "rep":
                return reduce(or_, [Q(**{field: value}) for field in self.reps])
            case "team":
                members = TeamAssignment.objects.within(scope).filter(team_id__in=ever_below(scope.organisation, value))
                return Q(id__in=members.values("rep_id"))
            case _:
                return Q(**{name: value})


class TeamParameters(RowParameters):
    name = serializers.CharField(required=False)


class RecordParameters(RowParameters):
    source = serializers.CharField(required=False)  # type: ignore[assignment]
    external_id = serializers.CharField(required=False, help_text="The id at the source.")


class RepParameters(RecordParameters):
    team = RecordId(required=False, help_text="Who belongs, or once belonged, to this team or one below it.")
    email = serializers.CharField(required=False)


class CustomerParameters(RecordParameters):
    days = {"from": "created_on", "to": "created_on"}
    named = DAYS
    owner = RecordId(required=False, help_text="A rep's id.")
    business_id = serializers.CharField(required=False)


class ContactParameters(RecordParameters):
    days = {"from": "created_on", "to": "created_on"}
    named = DAYS
    customer = RecordId(required=False)


class LeadParameters(RecordParameters):
    days = {"from": "created_on", "to": "created_on", "qualified_from": "qualified_on", "qualified_to": "qualified_on"}
    reps = ("rep_id",)
    named = DAYS
    qualified_from = Day(required=False)
    qualified_to = Day(required=False, help_text="This day is included.")
    rep = RecordId(required=False)
    customer = RecordId(required=False)


class ActivityParameters(RecordParameters):
    days = {"from": "occurred_on", "to": "occurred_on"}
    reps = ("rep_id",)
    named = DAYS
    kind = serializers.ChoiceField(choices=ActivityKind.choices, required=False)
    rep = RecordId(required=False)
    customer = RecordId(required=False)


class DealParameters(RecordParameters):
    days = {"from": "opened_on", "to": "opened_on", "closed_from": "closed_on", "closed_to": "closed_on"}
    reps = ("owner_id", "opened_by_id", "closed_by_id")
    named = DAYS
    closed_from = Day(required=False)
    closed_to = Day(required=False, help_text="This day is included.")
    status = serializers.ChoiceField(choices=DealStatus.choices, required=False)
    rep = RecordId(required=False, help_text="Who owns, opened or closed the deal.")
    customer = RecordId(required=False)


class StageChangeParameters(RecordParameters):
    days = {"from": "changed_on", "to": "changed_on"}
    reps = ("rep_id",)
    named = DAYS
    rep = RecordId(required=False)
    deal = RecordId(required=False)


class ContractParameters(RecordParameters):
    days = {"from": "starts_on", "to": "starts_on"}
    named = DAYS
    customer = RecordId(required=False)
    deal = RecordId(required=False)


class CostParameters(RecordParameters):
    days = {"from": "starts_on", "to": "starts_on"}
    reps = ("rep_id",)
    named = DAYS
    rep = RecordId(required=False)
