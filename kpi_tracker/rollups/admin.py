"""To look into cells, closed months and late edits; only the builder, the services and the triggers write them."""

from __future__ import annotations

from django.contrib import admin

from kpi_tracker.rollups.models import (
    ClosingRule,
    DirtyBucket,
    LateEdit,
    PeriodClose,
    Rebuild,
    RebuildSlice,
    ReportedCell,
    ReportedFigure,
    RollupCell,
    RollupState,
)
from kpi_tracker.tenant_admin import ReadOnlyAdmin


@admin.register(RollupCell)
class RollupCellAdmin(ReadOnlyAdmin):
    list_display = ["organisation", "scope_kind", "scope_id", "measure", "grain", "bucket", "value", "n"]
    list_filter = ["organisation", "scope_kind", "grain"]
    list_display_links = ["measure"]
    search_fields = ["=measure", "=scope_id"]
    date_hierarchy = "bucket"


@admin.register(DirtyBucket)
class DirtyBucketAdmin(ReadOnlyAdmin):
    list_display = ["organisation", "scope_kind", "scope_id", "fact", "day", "marked_at"]
    list_filter = ["organisation", "scope_kind", "fact"]
    list_display_links = ["day"]
    search_fields = ["=scope_id"]
    date_hierarchy = "day"


@admin.register(RollupState)
class RollupStateAdmin(ReadOnlyAdmin):
    list_display = ["organisation", "version", "refreshed_at", "refreshes", "last_seconds", "failures", "failed_at", "failure"]


@admin.register(Rebuild)
class RebuildAdmin(ReadOnlyAdmin):
    list_display = ["organisation", "asked_at", "done_at"]
    list_filter = ["organisation"]
    list_display_links = ["asked_at"]
    date_hierarchy = "asked_at"


@admin.register(RebuildSlice)
class RebuildSliceAdmin(ReadOnlyAdmin):
    list_display = ["organisation", "rebuild", "starts_on", "ends_on", "done_at", "seconds", "changed"]
    list_filter = ["organisation"]
    list_display_links = ["starts_on"]
    list_select_related = ["organisation", "rebuild"]
    date_hierarchy = "starts_on"


@admin.register(PeriodClose)
class PeriodCloseAdmin(ReadOnlyAdmin):
    list_display = ["organisation", "month", "closed_at", "closed_by", "reopened_at"]
    list_filter = ["organisation"]
    list_display_links = ["month"]
    list_select_related = ["organisation", "closed_by"]
    date_hierarchy = "month"


@admin.register(ClosingRule)
class ClosingRuleAdmin(ReadOnlyAdmin):
    list_display = ["organisation", "days_after", "since"]


@admin.register(ReportedFigure)
class ReportedFigureAdmin(ReadOnlyAdmin):
    list_display = ["organisation", "month", "scope_kind", "scope_id", "kpi"]
    list_filter = ["organisation", "scope_kind"]
    list_display_links = ["kpi"]
    search_fields = ["=kpi", "=scope_id"]
    date_hierarchy = "month"


@admin.register(ReportedCell)
class ReportedCellAdmin(ReadOnlyAdmin):
    list_display = ["organisation", "scope_kind", "scope_id", "measure", "grain", "bucket", "value", "n"]
    list_filter = ["organisation", "scope_kind", "grain"]
    list_display_links = ["measure"]
    search_fields = ["=measure", "=scope_id"]
    date_hierarchy = "bucket"


@admin.register(LateEdit)
class LateEditAdmin(ReadOnlyAdmin):
    list_display = ["organisation", "fact", "record_id", "first_on", "last_on", "at"]
    list_filter = ["organisation", "fact"]
    list_display_links = ["record_id"]
    search_fields = ["=record_id"]
    date_hierarchy = "at"
