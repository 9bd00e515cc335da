from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GoalsConfig(AppConfig):
    name = "goals"
    verbose_name = _("Goals")

    def ready(self) -> None:
        from goals.selectors import targets_of
        from kpi_tracker.kpis import targets

        targets.register(targets_of)
