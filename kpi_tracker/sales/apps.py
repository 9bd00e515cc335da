from typing import Any

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.utils.translation import gettext_lazy as _


def _add_sqlite_functions(connection: Any, **_kwargs: Any) -> None:
    if connection.vendor == "sqlite":
        from kpi_tracker.sales.local_days import start_of_day_text

        connection.connection.create_function("sales_start_of_day", 2, start_of_day_text, deterministic=True)


class SalesConfig(AppConfig):
    name = "kpi_tracker.sales"
    label = "sales"
    verbose_name = _("Sales records")

    def ready(self) -> None:
        connection_created.connect(_add_sqlite_functions, dispatch_uid="sales.sqlite_functions")
