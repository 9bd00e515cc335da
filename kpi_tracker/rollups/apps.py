from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


def _install_capture(using: str, **_kwargs: Any) -> None:
    from kpi_tracker.rollups import capture
    from kpi_tracker.rollups.capture import late

    connection = connections[using]
    tables = set(connection.introspection.table_names())
    if {"rollups_dirtybucket", "rollups_rollupcell", *capture.TABLES} <= tables:
        capture.install(connection)
    if {*late.OWN_TABLES, *late.TABLES.values()} <= tables:
        late.install(connection)


class RollupsConfig(AppConfig):
    name = "kpi_tracker.rollups"
    label = "rollups"
    verbose_name = _("Rollups")

    def ready(self) -> None:
        post_migrate.connect(_install_capture, sender=self, dispatch_uid="rollups.capture")
