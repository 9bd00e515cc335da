from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kpi_tracker.kpis.measures import Unit
from kpi_tracker.kpis.metrics import Category, Direction, Owner
from kpi_tracker.scope import TenantModel

# The units that an own KPI may be shown in.
OWN_UNITS = (Unit.COUNT, Unit.MONEY, Unit.PERCENT, Unit.DAYS)


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


class OwnKpi(TenantModel):
    """A KPI that the organisation made itself. What it counts stands in its versions."""

    name = models.CharField(_("name"), max_length=80)
    description = models.CharField(_("description"), max_length=300, blank=True)
    category = models.CharField(_("category"), max_length=12, choices=[(one.value, one.label) for one in Category])
    owner = models.CharField(_("usually owned by"), max_length=12, choices=[(one.value, one.label) for one in Owner])
    unit = models.CharField(
        _("unit"), max_length=8,
        choices=[
            (Unit.COUNT.value, pgettext_lazy("unit", "number")), (Unit.MONEY.value, pgettext_lazy("unit", "money")),
            (Unit.PERCENT.value, pgettext_lazy("unit", "percent")), (Unit.DAYS.value, pgettext_lazy("unit", "days")),
        ],
    )
    direction = models.CharField(
        _("better"), max_length=4, choices=[(Direction.UP.value, _("more is better")), (Direction.DOWN.value, _("less is better"))],
        default=Direction.UP.value,
    )
    enabled = models.BooleanField(_("switched on"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("own KPI")
        verbose_name_plural = _("own KPIs")
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "name"], name="own_kpi_name_once"),
            models.CheckConstraint(condition=Q(category__in=[one.value for one in Category]), name="own_kpi_category"),
            models.CheckConstraint(condition=Q(owner__in=[one.value for one in Owner]), name="own_kpi_owner"),
            models.CheckConstraint(condition=Q(unit__in=[one.value for one in OWN_UNITS]), name="own_kpi_unit"),
            models.CheckConstraint(condition=Q(direction__in=[one.value for one in Direction]), name="own_kpi_direction"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> str:
        """By which goals, addresses and the API name it."""
        return f"own:{self.pk or 0}"


class OwnKpiVersion(TenantModel):
    """What an own KPI counts, from a day on or (without one) for all history. Later rows replace earlier ones on the same days.

    fact, fact_below: the fact tables named in the definition, by which change capture finds what to count anew.
    """

    own_kpi = models.ForeignKey(OwnKpi, on_delete=models.CASCADE, related_name="versions", db_index=False, verbose_name=_("own KPI"))
    valid_from = models.DateField(_("from"), null=True, blank=True)
    definition = models.JSONField(_("definition"))
    fact = models.CharField(max_length=10)
    fact_below = models.CharField(max_length=10, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False)
    note = models.CharField(_("note"), max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("version of an own KPI")
        verbose_name_plural = _("versions of own KPIs")
        ordering = ["id"]
        indexes = [models.Index(fields=["organisation", "own_kpi"], name="own_kpi_version")]

    def __str__(self) -> str:
        return f"{self.own_kpi} {self.valid_from or ''}".rstrip()
