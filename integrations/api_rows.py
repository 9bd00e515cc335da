"""Records as the API gives them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from kpi_tracker.orgs.models import Rep, Team
from kpi_tracker.sales.models import Activity, Contact, Contract, Cost, Customer, Deal, Lead, StageChange


class RefSerializer(serializers.Serializer[Any]):
    """Another record that this one names."""

    id = serializers.IntegerField()
    name = serializers.CharField()


class ExternalRefSerializer(RefSerializer):
    external_id = serializers.CharField()


def ref(**options: Any) -> RefSerializer:
    return RefSerializer(read_only=True, **options)


def external_ref(**options: Any) -> ExternalRefSerializer:
    return ExternalRefSerializer(read_only=True, **options)


class TeamMembershipSerializer(serializers.Serializer[Any]):
    team = ref()
    valid_from = serializers.DateField()
    valid_to = serializers.DateField(allow_null=True, help_text="Not included; null: until further notice.")


class TeamSerializer(serializers.ModelSerializer[Team]):
    parent = ref(allow_null=True)

    class Meta:
        model = Team
        fields = ["id", "name", "parent"]


class RepSerializer(serializers.ModelSerializer[Rep]):
    teams = TeamMembershipSerializer(source="assignments", many=True, read_only=True)

    class Meta:
        model = Rep
        fields = ["id", "source", "external_id", "name", "email", "country", "share", "started_on", "ended_on", "is_unassigned", "teams"]


class CustomerSerializer(serializers.ModelSerializer[Customer]):
    parent = external_ref(allow_null=True)
    owner = external_ref()
    added_by = external_ref()

    class Meta:
        model = Customer
        fields = [
            "id", "source", "external_id", "name", "business_id", "country", "segment", "parent", "owner", "added_by", "created_on",
        ]  # fmt: skip


class ContactSerializer(serializers.ModelSerializer[Contact]):
    customer = external_ref(allow_null=True)
    added_by = external_ref()

    class Meta:
        model = Contact
        fields = ["id", "source", "external_id", "customer", "name", "email", "added_by", "created_on"]


class LeadSerializer(serializers.ModelSerializer[Lead]):
    customer = external_ref(allow_null=True)
    rep = external_ref()

    class Meta:
        model = Lead
        fields = [
            "id", "source", "external_id", "customer", "company", "name", "channel", "direction", "status", "rep", "created_on",
            "qualified_on", "converted_on",
        ]  # fmt: skip


class ActivitySerializer(serializers.ModelSerializer[Activity]):
    type = ref(allow_null=True)
    rep = external_ref()
    customer = external_ref(allow_null=True)
    contact = external_ref(allow_null=True)
    deal = external_ref(allow_null=True)

    class Meta:
        model = Activity
        fields = [
            "id", "source", "external_id", "kind", "type", "outcome", "subject", "rep", "customer", "contact", "deal", "occurred_at",
            "occurred_on", "booked_on", "duration_s",
        ]  # fmt: skip


class DealSerializer(serializers.ModelSerializer[Deal]):
    customer = external_ref(allow_null=True)
    lead = external_ref(allow_null=True)
    product = ref(allow_null=True)
    owner = external_ref()
    opened_by = external_ref()
    closed_by = external_ref(allow_null=True)
    pipeline = ref(source="stage.pipeline")
    stage = ref()

    class Meta:
        model = Deal
        fields = [
            "id", "source", "external_id", "name", "customer", "lead", "product", "channel", "owner", "opened_by", "closed_by", "pipeline",
            "stage", "status", "amount", "currency", "one_time_amount", "term_months", "first_contact_on", "opened_on",
            "qualified_on", "expected_close_on", "closed_on", "lost_reason",
        ]  # fmt: skip


class StageChangeSerializer(serializers.ModelSerializer[StageChange]):
    deal = external_ref()
    from_stage = ref(allow_null=True)
    to_stage = ref()
    rep = external_ref()

    class Meta:
        model = StageChange
        fields = ["id", "source", "external_id", "deal", "from_stage", "to_stage", "changed_at", "changed_on", "rep"]


class ContractSerializer(serializers.ModelSerializer[Contract]):
    customer = external_ref()
    deal = external_ref(allow_null=True)

    class Meta:
        model = Contract
        fields = ["id", "source", "external_id", "customer", "deal", "starts_on", "ends_on", "yearly_amount", "currency", "margin"]


class CostSerializer(serializers.ModelSerializer[Cost]):
    team = ref(allow_null=True)
    rep = external_ref(allow_null=True)

    class Meta:
        model = Cost
        fields = ["id", "source", "external_id", "category", "amount", "currency", "starts_on", "ends_on", "team", "rep", "note"]


class UpsertSerializer(serializers.Serializer[Any]):
    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    also_made = serializers.DictField(
        child=serializers.IntegerField(), help_text="How many customers, products, stages and the like were made because records name them."
    )
