"""Recurring revenue, and what selling costs."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from kpi_tracker.orgs.models import CURRENCY, Team
from kpi_tracker.sales.models.base import ExternalRecord, external_once, rep_key
from kpi_tracker.sales.models.companies import Customer
from kpi_tracker.sales.models.deals import Deal


class Contract(ExternalRecord):
    """Recurring revenue of a customer."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="contracts")
    deal = models.ForeignKey(Deal, on_delete=models.SET_NULL, null=True, blank=True, related_name="contracts")
    starts_on = models.DateField(_("starts"))
    ends_on = models.DateField(_("ends (not included)"), null=True, blank=True)
    yearly_amount = models.DecimalField(_("amount a year"), max_digits=15, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3, validators=[CURRENCY])
    margin = models.DecimalField(_("gross margin"), max_digits=5, decimal_places=4, null=True, blank=True, help_text=_("0.8 is 80 %."))

    class Meta:
        verbose_name = _("contract")
        verbose_name_plural = _("contracts")
        indexes = [models.Index(fields=["organisation", "customer", "starts_on"], name="contract_customer")]
        constraints = [
            external_once("contract_external_once"),
            models.CheckConstraint(condition=Q(ends_on=None) | Q(ends_on__gt=F("starts_on")), name="contract_dates"),
        ]

    def __str__(self) -> str:
        return f"{self.customer} {self.starts_on}"


class CostCategory(models.TextChoices):
    SALARY = "salary", _("salaries and working time")
    MARKETING = "marketing", _("marketing")
    BOOKING = "booking", _("meeting booking")
    EVENT = "event", _("events")
    TOOL = "tool", _("tools")


class Cost(ExternalRecord):
    """What selling cost; spread evenly over the days of its period."""

    category = models.CharField(_("category"), max_length=10, choices=CostCategory)
    amount = models.DecimalField(_("amount"), max_digits=15, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3, validators=[CURRENCY])
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until (not included)"))
    team = models.ForeignKey(Team, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    rep = rep_key("+", _("rep"), null=True)
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("cost")
        verbose_name_plural = _("costs")
        indexes = [models.Index(fields=["organisation", "starts_on"], name="cost_start")]
        constraints = [
            external_once("cost_external_once"),
            models.CheckConstraint(condition=Q(ends_on__gt=F("starts_on")), name="cost_dates"),
            models.CheckConstraint(condition=Q(category__in=CostCategory.values), name="cost_category"),
        ]

    def __str__(self) -> str:
        return f"{self.get_category_display()} {self.starts_on}"
