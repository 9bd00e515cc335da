from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from kpi_tracker.orgs.models import (
    Absence,
    CalendarVersion,
    ClosingDay,
    ExchangeRate,
    Membership,
    Organisation,
    Rep,
    Team,
    TeamAssignment,
    TeamManager,
    TeamPlacement,
    User,
    ZoneChange,
)
from kpi_tracker.orgs.services import unassigned_rep_create
from kpi_tracker.tenant_admin import ModelAdmin, ReadOnlyAdmin, TenantAdmin, TenantForm

if TYPE_CHECKING:
    CreationForm = AdminUserCreationForm[User]
    ChangeForm = UserChangeForm[User]
    TabularInline = admin.TabularInline[Any, Any]
    BaseUserAdmin = UserAdmin[User]
else:
    CreationForm = AdminUserCreationForm
    ChangeForm = UserChangeForm
    TabularInline = admin.TabularInline
    BaseUserAdmin = UserAdmin


class NewUserForm(CreationForm):
    class Meta:
        model = User
        fields = ("email",)

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


class EditUserForm(ChangeForm):
    class Meta:
        model = User
        fields = "__all__"

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


class MembershipInline(TabularInline):
    model = Membership
    extra = 0
    autocomplete_fields = ["organisation", "user"]


class AssignmentInline(TabularInline):
    """Which team the rep belongs to, when; rows take the rep's organisation."""

    model = TeamAssignment
    form = TenantForm
    extra = 0
    autocomplete_fields = ["organisation", "team"]


@admin.register(User)
class PersonAdmin(BaseUserAdmin):
    add_form = NewUserForm
    form = EditUserForm
    list_display = ["email", "first_name", "last_name", "is_active", "is_superuser", "last_login"]
    list_filter = ["is_active", "is_superuser", "memberships__organisation"]
    search_fields = ["email", "first_name", "last_name"]
    ordering = ["email"]
    date_hierarchy = "date_joined"
    readonly_fields = ["last_login", "date_joined"]
    inlines = [MembershipInline]
    filter_horizontal = ["groups", "user_permissions"]
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        (_("Person"), {"fields": ("first_name", "last_name", "language")}),
        (_("Rights"), {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("email", "usable_password", "password1", "password2")}),)


@admin.register(Organisation)
class OrganisationAdmin(ModelAdmin):
    list_display = ["name", "slug", "country", "timezone", "base_currency", "language", "created_at"]
    list_filter = ["country", "language", "base_currency"]
    search_fields = ["name", "slug"]
    ordering = ["name"]
    date_hierarchy = "created_at"
    readonly_fields = ["created_at"]
    inlines = [MembershipInline]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """The base currency is changed on the page of currencies, which turns the rates round."""
        return [*self.readonly_fields, "base_currency"] if obj is not None else list(self.readonly_fields)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            unassigned_rep_create(organisation=obj)


@admin.register(Membership)
class MembershipAdmin(TenantAdmin):
    list_display = ["user", "organisation", "role"]
    list_filter = ["organisation", "role"]
    list_select_related = ["organisation", "user"]
    search_fields = ["user__email", "user__first_name", "user__last_name"]
    autocomplete_fields = ["organisation", "user"]


@admin.register(Team)
class TeamAdmin(TenantAdmin):
    list_display = ["name", "organisation", "parent"]
    list_filter = ["organisation"]
    list_select_related = ["organisation", "parent"]
    search_fields = ["name"]
    ordering = ["organisation", "name"]
    autocomplete_fields = ["organisation", "parent"]


@admin.register(TeamPlacement)
class TeamPlacementAdmin(TenantAdmin):
    list_display = ["team", "parent", "organisation", "valid_from", "valid_to"]
    list_filter = ["organisation"]
    list_select_related = ["organisation", "team", "parent"]
    search_fields = ["team__name", "parent__name"]
    date_hierarchy = "valid_from"
    autocomplete_fields = ["organisation", "team", "parent"]


@admin.register(CalendarVersion)
class CalendarVersionAdmin(ReadOnlyAdmin):
    list_display = ["organisation", "version"]


@admin.register(ZoneChange)
class ZoneChangeAdmin(ReadOnlyAdmin):
    list_display = ["organisation", "before", "after", "asked_at", "done", "total", "finished_at"]
    list_filter = ["organisation"]
    date_hierarchy = "asked_at"


@admin.register(TeamManager)
class TeamManagerAdmin(TenantAdmin):
    list_display = ["user", "team", "organisation", "valid_from", "valid_to"]
    list_filter = ["organisation"]
    list_select_related = ["organisation", "team", "user"]
    search_fields = ["user__email", "team__name"]
    date_hierarchy = "valid_from"
    autocomplete_fields = ["organisation", "team", "user"]


@admin.register(Rep)
class RepAdmin(TenantAdmin):
    list_display = ["name", "organisation", "email", "share", "started_on", "ended_on", "external_id"]
    list_filter = ["organisation", "country", "is_unassigned", "source"]
    search_fields = ["name", "email", "external_id"]
    ordering = ["organisation", "name"]
    date_hierarchy = "started_on"
    readonly_fields = ["is_unassigned"]
    autocomplete_fields = ["organisation", "user"]
    inlines = [AssignmentInline]


@admin.register(TeamAssignment)
class TeamAssignmentAdmin(TenantAdmin):
    list_display = ["rep", "team", "organisation", "valid_from", "valid_to"]
    list_filter = ["organisation"]
    list_select_related = ["organisation", "rep", "team"]
    search_fields = ["rep__name", "team__name"]
    date_hierarchy = "valid_from"
    autocomplete_fields = ["organisation", "rep", "team"]


@admin.register(ClosingDay)
class ClosingDayAdmin(TenantAdmin):
    list_display = ["day", "name", "organisation"]
    list_filter = ["organisation"]
    search_fields = ["name"]
    date_hierarchy = "day"
    autocomplete_fields = ["organisation"]


@admin.register(Absence)
class AbsenceAdmin(TenantAdmin):
    list_display = ["rep", "organisation", "valid_from", "valid_to", "reason"]
    list_filter = ["organisation"]
    list_select_related = ["organisation", "rep"]
    search_fields = ["rep__name", "reason"]
    date_hierarchy = "valid_from"
    autocomplete_fields = ["organisation", "rep"]


@admin.register(ExchangeRate)
class ExchangeRateAdmin(TenantAdmin):
    list_display = ["currency", "day", "rate", "organisation"]
    list_filter = ["organisation", "currency"]
    search_fields = ["currency"]
    date_hierarchy = "day"
    autocomplete_fields = ["organisation"]
