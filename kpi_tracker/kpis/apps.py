from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


def _minor_units(amount: float | None, rate: float | None) -> int | None:
    """Amount times rate in whole hundredths, in decimals: SQLite itself has only binary floats."""
    if amount is None or rate is None:
        return None
    return int((Decimal(repr(amount)) * Decimal(repr(rate)) * 100).quantize(Decimal(1), ROUND_HALF_UP))


def _yearly_minor_units(amount: float | None, one_time: float | None, rate: float | None, months: int | None) -> int | None:
    """What of an amount recurs, for a year of its term, in whole hundredths; a term under a year counts as one."""
    if amount is None or rate is None or months is None:
        return None
    recurring = Decimal(repr(amount)) - Decimal(repr(one_time or 0))
    above, below = recurring * Decimal(repr(rate)) * 1200, max(months, 12)
    halves = (2 * abs(above) + below) // (2 * below)
    return int(halves if above >= 0 else -halves)


def _add_sqlite_functions(connection: Any, **_kwargs: Any) -> None:
    if connection.vendor == "sqlite":
        connection.connection.create_function("kpi_minor_units", 2, _minor_units, deterministic=True)
        connection.connection.create_function("kpi_yearly_minor_units", 4, _yearly_minor_units, deterministic=True)


def _watch(using: str, **_kwargs: Any) -> None:
    from kpi_tracker.orgs import versions

    versions.watch(connections[using], ("kpis_kpisetting", "kpis_ownkpi", "kpis_ownkpiversion"))


class KpisConfig(AppConfig):
    name = "kpi_tracker.kpis"
    label = "kpis"
    verbose_name = _("KPIs")

    def ready(self) -> None:
        from kpi_tracker.kpis import checks  # noqa: F401  (registers the system checks)

        connection_created.connect(_add_sqlite_functions, dispatch_uid="kpis.sqlite_functions")
        post_migrate.connect(_watch, sender=self, dispatch_uid="kpis.versions")
