from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from goals.models import Goal
from kpi_tracker.tenant_admin import TenantAdmin


@admin.register(Goal)
class GoalAdmin(TenantAdmin):
    list_display = ["kpi", "organisation", "subject_kind", "team", "rep", "customer", "starts_on", "ends_on", "target"]
    list_filter = ["organisation", "subject_kind", "kpi"]
    list_select_related = ["organisation", "team", "rep", "customer"]
    search_fields = ["kpi", "team__name", "rep__name", "customer__name", "why"]
    date_hierarchy = "starts_on"
    autocomplete_fields = ["organisation", "team", "rep", "customer"]
    readonly_fields = ["created_by", "created_at", "changed_at"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.created_by = request.user
        super().save_model(request, obj, form, change)
