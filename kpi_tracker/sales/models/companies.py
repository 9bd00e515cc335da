"""Companies, the people there, and leads."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kpi_tracker.orgs.models import Rep
from kpi_tracker.sales.models.base import ExternalRecord, external_once, rep_key
from kpi_tracker.scope import TenantModel


class Customer(ExternalRecord):
    """A company, prospect or customer; one per business id."""

    rep_paths = ("owner_id", "added_by_id")

    name = models.CharField(_("name"), max_length=200)
    business_id = models.CharField(_("business id"), max_length=40, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    segment = models.CharField(_("segment"), max_length=80, blank=True)
    parent = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="subsidiaries")
    owner = rep_key("customers", _("owner"))
    added_by = rep_key("+", _("added by"))
    created_on = models.DateField(_("created"), null=True, blank=True)

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        indexes = [
            models.Index(fields=["organisation", "name"], name="customer_name"),
            models.Index(fields=["organisation", "added_by", "created_on"], name="customer_created"),
            models.Index(fields=["organisation", "created_on"], name="customer_created_day"),
        ]
        constraints = [
            external_once("customer_external_once"),
            models.UniqueConstraint(fields=["organisation", "business_id"], condition=~Q(business_id=""), name="customer_business_once"),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.added_by_id is None:
            self.added_by_id = self.owner_id
        super().save(*args, **kwargs)


class ExternalId(TenantModel):
    """A further id under which a customer or rep is known at some source; the first one stands in the row itself."""

    source = models.CharField(_("source"), max_length=40)
    external_id = models.CharField(_("id there"), max_length=120)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, null=True, blank=True, related_name="other_ids")
    rep = models.ForeignKey(Rep, on_delete=models.CASCADE, null=True, blank=True, related_name="other_ids")

    class Meta:
        verbose_name = _("further id")
        verbose_name_plural = _("further ids")
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "source", "external_id"], condition=Q(customer__isnull=False), name="external_id_customer_once"
            ),
            models.UniqueConstraint(
                fields=["organisation", "source", "external_id"], condition=Q(rep__isnull=False), name="external_id_rep_once"
            ),
            models.CheckConstraint(
                condition=Q(customer__isnull=False, rep=None) | Q(customer=None, rep__isnull=False), name="external_id_names_one"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source}: {self.external_id}"


class Contact(ExternalRecord):
    """A person at a customer."""

    rep_paths = ("added_by_id",)

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, null=True, blank=True, related_name="contacts", db_index=False)
    name = models.CharField(_("name"), max_length=200)
    email = models.EmailField(_("e-mail address"), blank=True)
    added_by = rep_key("+", _("added by"))
    created_on = models.DateField(_("created"), null=True, blank=True)

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        indexes = [
            models.Index(fields=["organisation", "added_by", "created_on"], name="contact_created"),
            models.Index(fields=["organisation", "created_on"], name="contact_created_day"),
            models.Index(fields=["organisation", "customer", "created_on"], name="contact_customer"),
        ]
        constraints = [external_once("contact_external_once")]

    def __str__(self) -> str:
        return self.name


class Lead(ExternalRecord):
    """Somebody's interest before it is a deal; converts at most once."""

    rep_paths = ("rep_id",)

    class Direction(models.TextChoices):
        INBOUND = "inbound", _("inbound")
        OUTBOUND = "outbound", _("outbound")

    customer = models.ForeignKey(Customer, on_delete=models.SET_NULL, null=True, blank=True, related_name="leads", db_index=False)
    company = models.CharField(_("company"), max_length=200, blank=True)
    company_key = models.CharField(
        max_length=210, blank=True, editable=False,
        help_text="Tells the same company again: set by the services from the customer or the company's name.",
    )
    name = models.CharField(_("name"), max_length=200, blank=True)
    channel = models.CharField(_("source of the lead"), max_length=80, blank=True)
    direction = models.CharField(_("direction"), max_length=8, choices=Direction, default=Direction.OUTBOUND)
    status = models.CharField(_("status"), max_length=80, blank=True)
    rep = rep_key("leads", _("rep"))
    created_on = models.DateField(_("created"))
    qualified_on = models.DateField(_("first qualified"), null=True, blank=True)
    converted_on = models.DateField(_("converted"), null=True, blank=True)

    class Meta:
        verbose_name = _("lead")
        verbose_name_plural = _("leads")
        indexes = [
            models.Index(fields=["organisation", "rep", "created_on"], name="lead_created"),
            models.Index(fields=["organisation", "rep", "qualified_on"], name="lead_qualified"),
            models.Index(fields=["organisation", "created_on"], name="lead_created_day"),
            models.Index(fields=["organisation", "qualified_on"], name="lead_qualified_day"),
            models.Index(fields=["organisation", "customer", "created_on"], name="lead_customer"),
            models.Index(fields=["organisation", "company_key", "created_on"], name="lead_company"),
        ]
        constraints = [
            external_once("lead_external_once"),
            models.CheckConstraint(condition=Q(direction__in=["inbound", "outbound"]), name="lead_direction"),
        ]

    def __str__(self) -> str:
        return self.name or self.company or f"#{self.pk}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.company_key = lead_company_key(self.customer_id, self.company)
        super().save(*args, **kwargs)


def lead_company_key(customer_id: int | None, company: str) -> str:
    """By what leads of one company are told: the customer where it is known, else the company's name."""
    if customer_id is not None:
        return f"#{customer_id}"
    return " ".join(company.casefold().split())[:210]
