from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


def _add_sqlite_functions(connection: Any, **_kwargs: Any) -> None:
    if connection.vendor == "sqlite":
        from kpi_tracker.sales.local_days import start_of_day_text

        connection.connection.create_function("sales_start_of_day", 2, start_of_day_text, deterministic=True)


def _watch(using: str, **_kwargs: Any) -> None:
    from kpi_tracker.orgs import versions

    versions.watch(connections[using], ("sales_contract", "sales_cost"))


class SalesConfig(AppConfig):
    name = "kpi_tracker.sales"
    label = "sales"
    verbose_name = _("Sales records")

    def ready(self) -> None:
        connection_created.connect(_add_sqlite_functions, dispatch_uid="sales.sqlite_functions")
        post_migrate.connect(_watch, sender=self, dispatch_uid="sales.versions")
