from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import gettext_lazy as _


def _install_capture(using: str, **_kwargs: Any) -> None:
    from kpi_tracker.orgs import versions
    from kpi_tracker.rollups import capture
    from kpi_tracker.rollups.capture import late

    connection = connections[using]
    tables = set(connection.introspection.table_names())
    if {"rollups_dirtybucket", "rollups_rollupcell", *capture.TABLES} <= tables:
        capture.install(connection)
    if {*late.OWN_TABLES, *late.TABLES.values()} <= tables:
        late.install(connection)
    versions.watch(connection, ("rollups_periodclose",))


def _make_way(using: str, plan: Any, **_kwargs: Any) -> None:
    """SQLite cannot remake a table that a trigger of another one names; all triggers are put back after migrating."""
    connection = connections[using]
    if plan and connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for (name,) in cursor.fetchall():
                cursor.execute(f"DROP TRIGGER {connection.ops.quote_name(name)}")


class RollupsConfig(AppConfig):
    name = "kpi_tracker.rollups"
    label = "rollups"
    verbose_name = _("Rollups")

    def ready(self) -> None:
        pre_migrate.connect(_make_way, sender=self, dispatch_uid="rollups.make_way")
        post_migrate.connect(_install_capture, sender=self, dispatch_uid="rollups.capture")
