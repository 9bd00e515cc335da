"""What spreading organisations over several database servers asks of the tables: each belongs to one organisation, and says so first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import ForeignKey, ManyToManyField, Model

from kpi_tracker.scope import TenantModel

# Asked before the organisation is known: who signs in, with which token. A copy on every server.
BEFORE_THE_ORGANISATION = {
    ("orgs_membership", "user_id"), ("orgs_rep", "user_id"), ("orgs_teammanager", "user_id"), ("integrations_apitoken", "hash"),
}
# Tables of settings, of hundreds of rows: single-column indexes of their foreign keys, followed when what they point to is deleted.
OF_SETTINGS = {
    "orgs_team", "orgs_teammanager", "orgs_teamassignment", "orgs_absence", "sales_stage", "sales_contract", "sales_cost", "goals_goal",
    "goals_goalversion", "goals_participant", "goals_answer", "goals_goalcomment", "goals_defaulttarget",
    "integrations_import", "integrations_apitoken", "sales_externalid", "sales_customer",
}
# Not of one organisation: people, and which organisations there are. A copy on every server.
SHARED = {"orgs.User", "orgs.Organisation", "orgs.CalendarVersion"}
OURS = {"orgs", "sales", "kpis", "rollups", "goals", "integrations"}

pytestmark = pytest.mark.django_db


def tenant_models() -> list[type[Model]]:
    return [model for model in apps.get_models() if issubclass(model, TenantModel)]


def keys(model: type[Model]) -> Iterator[dict[str, Any]]:
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, model._meta.db_table)
    for one in found.values():
        if (one["unique"] or one["index"]) and one["columns"] and not one["primary_key"]:
            yield one


def test_every_table_of_ours_belongs_to_an_organisation_or_is_shared_by_all() -> None:
    others = {model._meta.label for model in apps.get_models() if model._meta.app_label in OURS and not issubclass(model, TenantModel)}
    assert others == SHARED


def test_every_unique_key_and_every_index_of_a_large_table_starts_with_the_organisation() -> None:
    wrong = []
    for model in tenant_models():
        table = model._meta.db_table
        for one in keys(model):
            first = one["columns"][0]
            if first == "organisation_id" or (table, first) in BEFORE_THE_ORGANISATION:
                continue
            if one["unique"] or table not in OF_SETTINGS:
                wrong.append((table, one["columns"]))
    assert wrong == []


def test_rows_point_to_rows_of_tables_that_are_spread_the_same_way() -> None:
    """To a table of the same organisation, or to one of which every server has a copy."""
    for model in tenant_models():
        for field in model._meta.get_fields():
            assert not isinstance(field, ManyToManyField), f"{model._meta.label}.{field.name}: a table of its own, without an organisation"
            if isinstance(field, ForeignKey):
                there = field.related_model
                assert issubclass(there, TenantModel) or there._meta.label in SHARED, f"{model._meta.label}.{field.name}"
