from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from goals.models import Answer, DefaultTarget, Goal, GoalComment, GoalVersion, Participant
from kpi_tracker.tenant_admin import TenantAdmin


@admin.register(Goal)
class GoalAdmin(TenantAdmin):
    list_display = ["kpi", "organisation", "subject_kind", "team", "rep", "customer", "starts_on", "ends_on", "target", "state"]
    list_filter = ["organisation", "subject_kind", "kpi"]
    list_select_related = ["organisation", "team", "rep", "customer"]
    search_fields = ["kpi", "team__name", "rep__name", "customer__name", "why"]
    date_hierarchy = "starts_on"
    autocomplete_fields = ["organisation", "team", "rep", "customer", "parent", "carried_from"]
    readonly_fields = ["created_by", "created_at", "changed_at", "decided_by", "closed_by", "closed_at"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.created_by = request.user
        super().save_model(request, obj, form, change)


@admin.register(GoalVersion)
class GoalVersionAdmin(TenantAdmin):
    list_display = ["goal", "number", "organisation", "target", "asks_from", "author", "in_force"]
    list_filter = ["organisation", "in_force"]
    list_select_related = ["organisation", "goal", "author"]
    search_fields = ["goal__kpi", "reason"]
    autocomplete_fields = ["organisation", "goal"]
    readonly_fields = ["author", "made_at"]


@admin.register(Participant)
class ParticipantAdmin(TenantAdmin):
    list_display = ["goal", "rep", "organisation", "share"]
    list_filter = ["organisation"]
    list_select_related = ["organisation", "goal", "rep"]
    search_fields = ["rep__name", "goal__kpi"]
    autocomplete_fields = ["organisation", "goal", "rep"]


@admin.register(Answer)
class AnswerAdmin(TenantAdmin):
    list_display = ["version", "rep", "organisation", "counter", "answered_at"]
    list_filter = ["organisation"]
    list_select_related = ["organisation", "version", "rep"]
    search_fields = ["rep__name", "comment"]
    autocomplete_fields = ["organisation", "version", "rep"]
    readonly_fields = ["author", "answered_at"]


@admin.register(GoalComment)
class GoalCommentAdmin(TenantAdmin):
    list_display = ["goal", "organisation", "author", "made_at"]
    list_filter = ["organisation"]
    list_select_related = ["organisation", "goal", "author"]
    search_fields = ["text"]
    autocomplete_fields = ["organisation", "goal"]
    readonly_fields = ["author", "made_at"]


@admin.register(DefaultTarget)
class DefaultTargetAdmin(TenantAdmin):
    list_display = ["kpi", "organisation", "team", "grain", "target"]
    list_filter = ["organisation", "grain"]
    list_select_related = ["organisation", "team"]
    search_fields = ["kpi", "team__name"]
    autocomplete_fields = ["organisation", "team"]
