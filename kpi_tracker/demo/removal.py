"""Takes the demo organisation away."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.management.color import no_style
from django.db import connection

from kpi_tracker.demo.accounts import DOMAIN, SLUG
from kpi_tracker.orgs.models import Organisation, User
from kpi_tracker.rollups.models import DirtyBucket
from kpi_tracker.scope import TenantModel


def remove_demo() -> None:
    """Delete all of the organisation, within a transaction: keys between its rows are only checked at the end.

    Rows are deleted table by table in plain statements, without loading them: there are hundreds of thousands. What the
    triggers note about that goes last. Where there is no other organisation, the tables are emptied as a whole: PostgreSQL
    would look for rows that refer to each deleted one.
    """
    organisation = Organisation.objects.filter(slug=SLUG).first()
    if organisation is not None:
        # The other way round than they are declared: what refers to others goes before them.
        tenants: list[Any] = [model for model in reversed(list(apps.get_models())) if issubclass(model, TenantModel)]
        tenants.remove(DirtyBucket)
        if connection.vendor == "postgresql" and not Organisation.objects.exclude(slug=SLUG).exists():
            _empty([model._meta.db_table for model in [*tenants, DirtyBucket]])
        for model in [*tenants, DirtyBucket]:
            rows = model.objects.filter(organisation=organisation)
            rows._raw_delete(rows.db)
        organisation.delete()
    User.objects.filter(email__endswith=f"@{DOMAIN}").delete()


def _empty(tables: list[str]) -> None:
    # Checks that wait for the end of the transaction would forbid it.
    connection.check_constraints()
    with connection.cursor() as cursor:
        for statement in connection.ops.sql_flush(no_style(), tables, allow_cascade=True):
            cursor.execute(statement)
