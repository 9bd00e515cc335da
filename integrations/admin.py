from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from integrations.models import ApiToken, Import, ImportPart
from integrations.tokens import token_revoke
from kpi_tracker.tenant_admin import ReadOnlyAdmin


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """To look at and to revoke. A token is made where its secret can be shown: `manage.py api_token create`."""

    list_display = ["name", "organisation", "prefix", "right", "created_by", "created_at", "last_used_on", "revoked_at"]
    list_filter = ["organisation", "right", ("revoked_at", admin.EmptyFieldListFilter)]
    list_select_related = ["organisation", "created_by"]
    search_fields = ["name", "prefix"]
    date_hierarchy = "created_at"
    actions = ["revoke"]

    @admin.action(description=_("Revoke the selected tokens"))
    def revoke(self, request: HttpRequest, chosen: Any) -> None:
        for token in chosen:
            token_revoke(token=token, now=timezone.now())


@admin.register(Import)
class ImportAdmin(ReadOnlyAdmin):
    list_display = ["file_name", "organisation", "kind", "source", "state", "created", "updated", "unchanged", "created_by", "created_at"]
    list_filter = ["organisation", "kind", "state"]
    list_select_related = ["organisation", "created_by"]
    search_fields = ["file_name", "source"]
    date_hierarchy = "created_at"
    exclude = ["run"]


@admin.register(ImportPart)
class ImportPartAdmin(ReadOnlyAdmin):
    list_display = ["note", "organisation", "number"]
    list_filter = ["organisation"]
    list_select_related = ["note", "organisation"]
    exclude = ["content"]
