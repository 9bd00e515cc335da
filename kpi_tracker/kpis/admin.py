from __future__ import annotations

from django.contrib import admin

from kpi_tracker.kpis.models import KpiSetting, OwnKpi, OwnKpiVersion
from kpi_tracker.tenant_admin import ReadOnlyAdmin, TenantAdmin


@admin.register(KpiSetting)
class KpiSettingAdmin(TenantAdmin):
    list_display = ["kpi", "organisation", "label", "enabled", "position"]
    list_filter = ["organisation", "enabled"]
    search_fields = ["kpi", "label"]
    autocomplete_fields = ["organisation"]


@admin.register(OwnKpi)
class OwnKpiAdmin(ReadOnlyAdmin):
    """Made and changed in the organisation's own pages, which know what a definition may say."""

    list_display = ["name", "organisation", "unit", "enabled"]
    list_filter = ["organisation", "enabled"]
    search_fields = ["name"]


@admin.register(OwnKpiVersion)
class OwnKpiVersionAdmin(ReadOnlyAdmin):
    list_display = ["own_kpi", "organisation", "valid_from", "created_at", "author"]
    list_filter = ["organisation"]
    search_fields = ["own_kpi__name"]
    list_select_related = ["organisation", "own_kpi", "author"]
