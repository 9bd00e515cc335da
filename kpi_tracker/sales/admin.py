from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kpi_tracker.sales.deals import leads_convert, qualify
from kpi_tracker.sales.models import (
    Activity,
    ActivityType,
    Contact,
    Contract,
    Cost,
    Customer,
    Deal,
    DealStatus,
    ExternalId,
    Lead,
    Pipeline,
    Product,
    Stage,
    StageChange,
)
from kpi_tracker.sales.services import deal_move_stage
from kpi_tracker.tenant_admin import TenantAdmin, TenantForm

if TYPE_CHECKING:
    TabularInline = admin.TabularInline[Any, Any]
else:
    TabularInline = admin.TabularInline


class CreditForm(TenantForm):
    """Who gets the credit, where the form leaves it open: the owner, as everywhere."""

    credits: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.credits:
            self.fields[name].required = False

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        for name in self.credits:
            if cleaned.get(name) is None:
                cleaned[name] = cleaned.get("owner")
        return cleaned


class CustomerForm(CreditForm):
    credits = ("added_by",)


class DealForm(CreditForm):
    credits = ("opened_by",)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("closed_on") and cleaned.get("closed_by") is None:
            cleaned["closed_by"] = cleaned.get("owner")
        stage, status = cleaned.get("stage"), cleaned.get("status")
        if status == DealStatus.OPEN:
            cleaned["closed_by"] = None
        if stage is not None and status and stage.kind != status:
            kind = DealStatus(stage.kind).label
            self.add_error("status", forms.ValidationError(
                _("The stage %(stage)s is for deals that are %(kind)s."), code="stage_kind", params={"stage": stage, "kind": kind}))
        return cleaned


class LocalDayForm(TenantForm):
    """The local day follows from the moment where one is given."""

    moment, day = "", ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[self.day].required = False

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        moment, organisation = cleaned.get(self.moment), cleaned.get("organisation")
        if moment is not None and organisation is not None:
            cleaned[self.day] = organisation.local_day(moment)
        elif cleaned.get(self.day) is None and not self.errors:
            self.add_error(self.day, forms.ValidationError(_("Give the day."), code="required"))
        return cleaned


class ActivityForm(LocalDayForm):
    moment, day = "occurred_at", "occurred_on"


class StageChangeForm(LocalDayForm):
    moment, day = "changed_at", "changed_on"


class StageInline(TabularInline):
    model = Stage
    form = TenantForm
    extra = 0
    autocomplete_fields = ["organisation"]


class StageChangeInline(TabularInline):
    """The deal's history, to read; it is corrected under stage changes."""

    model = StageChange
    extra = 0
    fields: ClassVar[Any] = ["from_stage", "to_stage", "changed_at", "changed_on", "rep"]
    readonly_fields = fields
    can_delete = False
    show_change_link = True
    ordering = ["changed_at", "id"]

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).select_related("from_stage", "to_stage", "rep", "deal")

    def has_add_permission(self, request: Any, obj: Any = None) -> bool:
        return False


@admin.register(Customer)
class CustomerAdmin(TenantAdmin):
    form = CustomerForm
    list_display = ["name", "organisation", "business_id", "country", "segment", "owner", "created_on"]
    list_filter = ["organisation", "country", "source"]
    list_select_related = ["organisation", "owner"]
    search_fields = ["name", "business_id", "external_id"]
    ordering = ["organisation", "name"]
    date_hierarchy = "created_on"
    autocomplete_fields = ["organisation", "parent", "owner", "added_by"]


@admin.register(ExternalId)
class ExternalIdAdmin(TenantAdmin):
    list_display = ["external_id", "source", "organisation", "customer", "rep"]
    list_filter = ["organisation", "source"]
    list_select_related = ["organisation", "customer", "rep"]
    search_fields = ["external_id"]
    autocomplete_fields = ["organisation", "customer", "rep"]


@admin.register(Contact)
class ContactAdmin(TenantAdmin):
    list_display = ["name", "organisation", "customer", "email", "added_by", "created_on"]
    list_filter = ["organisation", "source"]
    list_select_related = ["organisation", "customer", "added_by"]
    search_fields = ["name", "email", "external_id"]
    date_hierarchy = "created_on"
    autocomplete_fields = ["organisation", "customer", "added_by"]


@admin.register(Lead)
class LeadAdmin(TenantAdmin):
    list_display = ["__str__", "organisation", "company", "direction", "channel", "rep", "created_on", "qualified_on", "converted_on"]
    list_filter = ["organisation", "direction", "source"]
    list_select_related = ["organisation", "rep"]
    search_fields = ["name", "company", "external_id"]
    date_hierarchy = "created_on"
    autocomplete_fields = ["organisation", "customer", "rep"]


@admin.register(ActivityType)
class ActivityTypeAdmin(TenantAdmin):
    list_display = ["name", "organisation", "kind"]
    list_filter = ["organisation", "kind"]
    search_fields = ["name"]
    autocomplete_fields = ["organisation"]


@admin.register(Pipeline)
class PipelineAdmin(TenantAdmin):
    list_display = ["name", "organisation"]
    list_filter = ["organisation"]
    search_fields = ["name"]
    autocomplete_fields = ["organisation"]
    inlines = [StageInline]


@admin.register(Stage)
class StageAdmin(TenantAdmin):
    list_display = ["name", "organisation", "pipeline", "position", "kind", "is_qualified"]
    list_filter = ["organisation", "kind", "is_qualified"]
    list_select_related = ["organisation", "pipeline"]
    search_fields = ["name", "pipeline__name"]
    ordering = ["organisation", "pipeline", "position"]
    autocomplete_fields = ["organisation", "pipeline"]


@admin.register(Product)
class ProductAdmin(TenantAdmin):
    list_display = ["name", "organisation", "family"]
    list_filter = ["organisation"]
    search_fields = ["name", "family"]
    autocomplete_fields = ["organisation"]


@admin.register(Deal)
class DealAdmin(TenantAdmin):
    form = DealForm
    list_display = ["name", "organisation", "customer", "owner", "stage", "status", "amount", "currency", "opened_on", "closed_on"]
    list_filter = ["organisation", "status", "source"]
    list_select_related = ["organisation", "customer", "owner", "stage"]
    search_fields = ["name", "external_id", "customer__name"]
    date_hierarchy = "opened_on"
    autocomplete_fields = ["organisation", "customer", "product", "lead", "owner", "opened_by", "closed_by", "stage"]
    inlines = [StageChangeInline]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change and "stage" in form.changed_data:  # a move is history, here too
            moved = deal_move_stage(deal=obj, stage=obj.stage, at=timezone.now(), closed_on=obj.closed_on)
            obj.qualified_on = obj.qualified_on or moved.qualified_on
        today = obj.organisation.local_day(timezone.now())
        if not change:
            qualify(obj, obj.stage, obj.closed_on or today, is_new=True)
        super().save_model(request, obj, form, change)
        if obj.lead_id and "lead" in form.changed_data:
            leads_convert({obj.lead_id: obj.opened_on or obj.closed_on or today})


@admin.register(StageChange)
class StageChangeAdmin(TenantAdmin):
    form = StageChangeForm
    list_display = ["deal", "organisation", "from_stage", "to_stage", "changed_at", "changed_on", "rep"]
    list_filter = ["organisation", "source"]
    list_select_related = ["organisation", "deal", "from_stage", "to_stage", "rep"]
    search_fields = ["deal__name", "external_id"]
    date_hierarchy = "changed_on"
    autocomplete_fields = ["organisation", "deal", "from_stage", "to_stage", "rep"]


@admin.register(Activity)
class ActivityAdmin(TenantAdmin):
    form = ActivityForm
    list_display = ["occurred_on", "organisation", "kind", "type", "outcome", "rep", "customer", "subject", "booked_on"]
    list_filter = ["organisation", "kind", "outcome", "source"]
    list_select_related = ["organisation", "type", "rep", "customer"]
    search_fields = ["subject", "external_id"]
    date_hierarchy = "occurred_on"
    autocomplete_fields = ["organisation", "type", "rep", "customer", "contact", "deal"]


@admin.register(Contract)
class ContractAdmin(TenantAdmin):
    list_display = ["customer", "organisation", "starts_on", "ends_on", "yearly_amount", "currency", "margin"]
    list_filter = ["organisation", "currency", "source"]
    list_select_related = ["organisation", "customer"]
    search_fields = ["customer__name", "external_id"]
    date_hierarchy = "starts_on"
    autocomplete_fields = ["organisation", "customer", "deal"]


@admin.register(Cost)
class CostAdmin(TenantAdmin):
    list_display = ["category", "organisation", "amount", "currency", "starts_on", "ends_on", "team", "rep", "note"]
    list_filter = ["organisation", "category", "source"]
    list_select_related = ["organisation", "team", "rep"]
    search_fields = ["note", "external_id"]
    date_hierarchy = "starts_on"
    autocomplete_fields = ["organisation", "team", "rep"]
