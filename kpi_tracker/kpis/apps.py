from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.utils.translation import gettext_lazy as _


def _minor_units(amount: float | None, rate: float | None) -> int | None:
    """Amount times rate in whole hundredths, in decimals: SQLite itself has only binary floats."""
    if amount is None or rate is None:
        return None
    return int((Decimal(repr(amount)) * Decimal(repr(rate)) * 100).quantize(Decimal(1), ROUND_HALF_UP))


def _add_sqlite_functions(connection: Any, **_kwargs: Any) -> None:
    if connection.vendor == "sqlite":
        connection.connection.create_function("kpi_minor_units", 2, _minor_units, deterministic=True)


class KpisConfig(AppConfig):
    name = "kpi_tracker.kpis"
    label = "kpis"
    verbose_name = _("KPIs")

    def ready(self) -> None:
        from kpi_tracker.kpis import checks  # noqa: F401  (registers the system checks)

        connection_created.connect(_add_sqlite_functions, dispatch_uid="kpis.sqlite_functions")
