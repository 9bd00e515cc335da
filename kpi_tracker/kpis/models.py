from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from kpi_tracker.scope import TenantModel


class KpiSetting(TenantModel):
    """What an organisation changed about a built-in KPI: shown or not, its label, its place among the cards."""

    kpi = models.CharField(_("KPI"), max_length=60)
    enabled = models.BooleanField(_("shown"), default=True)
    label = models.CharField(_("own name"), max_length=80, blank=True)
    position = models.PositiveSmallIntegerField(_("place"), default=0)

    class Meta:
        verbose_name = _("KPI setting")
        verbose_name_plural = _("KPI settings")
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["organisation", "kpi"], name="kpi_setting_once")]

    def __str__(self) -> str:
        return self.kpi
