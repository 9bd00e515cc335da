from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


def _watch(using: str, **_kwargs: Any) -> None:
    """Open pages follow goals and what is agreed on them."""
    from kpi_tracker.orgs import versions

    tables = ("goals_goal", "goals_goalversion", "goals_participant", "goals_answer", "goals_goalcomment")
    versions.watch(connections[using], tables)


class GoalsConfig(AppConfig):
    name = "goals"
    verbose_name = _("Goals")

    def ready(self) -> None:
        from goals.selectors import targets_of
        from kpi_tracker.kpis import targets

        targets.register(targets_of)
        post_migrate.connect(_watch, sender=self, dispatch_uid="goals.versions")
