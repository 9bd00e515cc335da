from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


def _install_triggers(using: str, **_kwargs: Any) -> None:
    from kpi_tracker.orgs import overlap, versions

    connection = connections[using]
    if "orgs_teamplacement" in connection.introspection.table_names():
        overlap.install(connection)
        versions.install(connection)


class OrgsConfig(AppConfig):
    name = "kpi_tracker.orgs"
    label = "orgs"
    verbose_name = _("Organisation and people")

    def ready(self) -> None:
        post_migrate.connect(_install_triggers, sender=self, dispatch_uid="orgs.triggers")
