"""To look into the cells; only the builder and the triggers write them."""

from __future__ import annotations

from django.contrib import admin

from kpi_tracker.rollups.models import DirtyBucket, RollupCell
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
