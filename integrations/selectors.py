"""Reads of imports."""

from __future__ import annotations

from django.db.models import QuerySet

from integrations.importers.dialect import Table
from integrations.importers.kinds import FileKind
from integrations.importers.mapping import ColumnMapping, from_data, kept_for
from integrations.importers.reader import File
from integrations.models import Import
from kpi_tracker.scope import Scope


def import_list(scope: Scope) -> QuerySet[Import]:
    """The newest first, without what was found in them."""
    found: QuerySet[Import] = Import.objects.within(scope).defer("check_result", "mapping").select_related("created_by", "organisation")
    return found.order_by("-created_at", "-id")


def mapping_for(scope: Scope, kind: FileKind, file: File) -> ColumnMapping | None:
    """What the columns meant when such a file was imported last (one of this kind with these columns), or else the kept mapping for it."""
    header = set(Table(file.data).header)
    for data in import_list(scope).filter(kind=kind.key, state=Import.State.DONE).values_list("mapping", flat=True)[:20]:
        mapping = from_data(data)
        if mapping.columns and mapping.named <= header:
            return mapping
    return kept_for(kind.key, header)


def import_get(scope: Scope, import_id: int) -> Import | None:
    found: Import | None = Import.objects.within(scope).select_related("created_by", "organisation").filter(pk=import_id).first()
    return found
