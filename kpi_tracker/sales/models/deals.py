"""Deals, the stages they go through, and what is sold."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kpi_tracker.orgs.models import CURRENCY
from kpi_tracker.sales.models.base import ExternalRecord, external_once, rep_key
from kpi_tracker.sales.models.companies import Customer, Lead
from kpi_tracker.scope import TenantModel


class Pipeline(TenantModel):
    name = models.CharField(_("name"), max_length=120)

    class Meta:
        verbose_name = _("pipeline")
        verbose_name_plural = _("pipelines")
        constraints = [models.UniqueConstraint(fields=["organisation", "name"], name="pipeline_name_once")]

    def __str__(self) -> str:
        return self.name


class DealStatus(models.TextChoices):
    OPEN = "open", _("open")
    WON = "won", _("won")
    LOST = "lost", _("lost")


class Stage(TenantModel):
    pipeline = models.ForeignKey(Pipeline, on_delete=models.CASCADE, related_name="stages")
    name = models.CharField(_("name"), max_length=120)
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    kind = models.CharField(_("kind"), max_length=4, choices=DealStatus, default=DealStatus.OPEN)
    is_qualified = models.BooleanField(_("deals here are qualified"), default=True)

    class Meta:
        verbose_name = _("stage")
        verbose_name_plural = _("stages")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "pipeline", "name"], name="stage_name_once"),
            models.CheckConstraint(condition=Q(kind__in=DealStatus.values), name="stage_kind"),
        ]

    def __str__(self) -> str:
        return self.name


class Product(TenantModel):
    name = models.CharField(_("name"), max_length=120)
    family = models.CharField(_("family"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        constraints = [models.UniqueConstraint(fields=["organisation", "name"], name="product_name_once")]

    def __str__(self) -> str:
        return self.name


class Deal(ExternalRecord):
    """A possible sale. `status` follows its stage's kind; closed deals have a day and a rep who closed them."""

    rep_paths = ("owner_id", "opened_by_id", "closed_by_id")

    name = models.CharField(_("name"), max_length=200)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="deals", db_index=False)
    product = models.ForeignKey(Product, on_delete=models.SET_NULL, null=True, blank=True, related_name="deals", db_index=False)
    lead = models.ForeignKey(
        Lead, on_delete=models.SET_NULL, null=True, blank=True, related_name="deals", db_index=False, verbose_name=_("from the lead")
    )
    channel = models.CharField(_("source of the deal"), max_length=80, blank=True)
    owner = rep_key("deals", _("owner"))
    opened_by = rep_key("+", _("opened by"))
    closed_by = rep_key("+", _("closed by"), null=True)
    stage = models.ForeignKey(Stage, on_delete=models.PROTECT, related_name="deals", db_index=False)
    status = models.CharField(_("status"), max_length=4, choices=DealStatus, default=DealStatus.OPEN)
    amount = models.DecimalField(_("amount"), max_digits=15, decimal_places=2, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, validators=[CURRENCY])
    one_time_amount = models.DecimalField(_("one-time part"), max_digits=15, decimal_places=2, null=True, blank=True)
    term_months = models.PositiveSmallIntegerField(_("term in months"), null=True, blank=True)
    first_contact_on = models.DateField(_("first contact"), null=True, blank=True)
    opened_on = models.DateField(_("opened"), null=True, blank=True)
    qualified_on = models.DateField(
        _("qualified"), null=True, blank=True, help_text=_("Since when it counts as an opportunity in sales velocity.")
    )
    expected_close_on = models.DateField(_("expected to close"), null=True, blank=True)
    closed_on = models.DateField(_("closed"), null=True, blank=True)
    lost_reason = models.CharField(_("reason lost"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("deal")
        verbose_name_plural = _("deals")
        indexes = [
            models.Index(fields=["organisation", "opened_by", "opened_on"], name="deal_opened"),
            models.Index(fields=["organisation", "closed_by", "closed_on"], name="deal_closed"),
            models.Index(fields=["organisation", "closed_by", "opened_on"], name="deal_closer_opened"),
            models.Index(fields=["organisation", "closed_by", "qualified_on"], name="deal_closer_qualified"),
            models.Index(fields=["organisation", "opened_on"], name="deal_opened_day"),
            models.Index(fields=["organisation", "closed_on"], name="deal_closed_day"),
            models.Index(fields=["organisation", "customer", "closed_on"], name="deal_customer"),
            models.Index(fields=["organisation", "owner", "status"], name="deal_owner"),
            models.Index(fields=["organisation", "lead"], condition=Q(lead__isnull=False), name="deal_lead"),
            models.Index(fields=["organisation", "expected_close_on"], condition=Q(status="open"), name="deal_expected"),
        ]
        constraints = [
            external_once("deal_external_once"),
            models.CheckConstraint(condition=Q(status__in=DealStatus.values), name="deal_status"),
            models.CheckConstraint(
                condition=Q(status="open", closed_on=None) | (~Q(status="open") & Q(closed_on__isnull=False, closed_by__isnull=False)),
                name="deal_closed_has_day_and_rep",
                violation_error_message=_("A closed deal needs the day it closed; an open deal has none."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.opened_by_id is None:
            self.opened_by_id = self.owner_id
        if self.closed_on is not None and self.closed_by_id is None:
            self.closed_by_id = self.owner_id
        super().save(*args, **kwargs)


class StageChange(ExternalRecord):
    """A deal entered a stage: the history of record."""

    rep_paths = ("deal__owner_id",)

    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, related_name="stage_changes", db_index=False)
    from_stage = models.ForeignKey(Stage, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    to_stage = models.ForeignKey(Stage, on_delete=models.PROTECT, related_name="+", db_index=False)
    changed_at = models.DateTimeField(_("at"))
    changed_on = models.DateField(_("day"))
    rep = rep_key("+", _("rep"))

    class Meta:
        verbose_name = _("stage change")
        verbose_name_plural = _("stage changes")
        indexes = [
            models.Index(fields=["organisation", "deal", "changed_at"], name="stage_change_deal"),
            models.Index(fields=["organisation", "to_stage", "changed_on"], name="stage_change_entered"),
            models.Index(fields=["organisation", "rep", "changed_on"], name="stage_change_rep"),
            models.Index(fields=["organisation", "changed_on"], name="stage_change_day"),
        ]
        constraints = [external_once("stage_change_external_once")]

    def __str__(self) -> str:
        return f"{self.deal} → {self.to_stage}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.rep_id is None:
            self.rep_id = self.deal.closed_by_id or self.deal.owner_id
        super().save(*args, **kwargs)
