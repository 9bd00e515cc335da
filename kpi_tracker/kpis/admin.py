from __future__ import annotations

from django.contrib import admin

from kpi_tracker.kpis.models import KpiSetting
from kpi_tracker.tenant_admin import TenantAdmin


@admin.register(KpiSetting)
class KpiSettingAdmin(TenantAdmin):
    list_display = ["kpi", "organisation", "label", "enabled", "position"]
    list_filter = ["organisation", "enabled"]
    search_fields = ["kpi", "label"]
    autocomplete_fields = ["organisation"]
