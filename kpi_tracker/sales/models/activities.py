"""What reps do, day by day."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kpi_tracker.sales.models.base import ExternalRecord, external_once, rep_key
from kpi_tracker.sales.models.companies import Contact, Customer
from kpi_tracker.sales.models.deals import Deal
from kpi_tracker.scope import TenantModel


class ActivityType(TenantModel):
    """The organisation's own name for a kind of activity."""

    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("kind"), max_length=10)

    class Meta:
        verbose_name = _("activity type")
        verbose_name_plural = _("activity types")
        constraints = [models.UniqueConstraint(fields=["organisation", "name"], name="activity_type_once")]

    def __str__(self) -> str:
        return self.name


class ActivityKind(models.TextChoices):
    CALL = "call", _("call")
    EMAIL = "email", _("e-mail")
    MEETING = "meeting", _("meeting")
    SOCIAL = "social", _("social selling")
    REFERRAL = "referral", _("referral asked")
    PROPOSAL = "proposal", _("proposal")
    OTHER = "other", _("other")


class Outcome(models.TextChoices):
    """`reached`: the person was spoken to; of a meeting, that it took place."""

    NONE = "", _("not recorded")
    PLANNED = "planned", _("planned")
    REACHED = "reached", _("reached")
    NOT_REACHED = "not_reached", _("not reached")
    NO_SHOW = "no_show", _("no show")
    CANCELLED = "cancelled", _("cancelled")


class Activity(ExternalRecord):
    """One dated action of a rep. A meeting also has the day on which it was booked."""

    rep_paths = ("rep_id",)

    kind = models.CharField(_("kind"), max_length=10, choices=ActivityKind)
    type = models.ForeignKey(ActivityType, on_delete=models.SET_NULL, null=True, blank=True, related_name="activities", db_index=False)
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome, blank=True, default="")
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    rep = rep_key("activities", _("rep"))
    customer = models.ForeignKey(Customer, on_delete=models.SET_NULL, null=True, blank=True, related_name="activities", db_index=False)
    contact = models.ForeignKey(Contact, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False)
    deal = models.ForeignKey(Deal, on_delete=models.SET_NULL, null=True, blank=True, related_name="activities", db_index=False)
    occurred_at = models.DateTimeField(_("at"), null=True, blank=True)
    occurred_on = models.DateField(_("day"))
    booked_on = models.DateField(_("booked"), null=True, blank=True)
    duration_s = models.PositiveIntegerField(_("seconds"), null=True, blank=True)

    class Meta:
        verbose_name = _("activity")
        verbose_name_plural = _("activities")
        indexes = [
            models.Index(fields=["organisation", "rep", "occurred_on"], name="activity_rep_day"),
            models.Index(fields=["organisation", "occurred_on"], name="activity_day"),
            models.Index(fields=["organisation", "customer", "occurred_on", "id"], name="activity_customer"),
            models.Index(fields=["organisation", "rep", "booked_on"], condition=Q(booked_on__isnull=False), name="activity_booked"),
            models.Index(fields=["organisation", "deal"], condition=Q(deal__isnull=False), name="activity_deal"),
            models.Index(
                fields=["organisation", "customer", "occurred_on", "id"], condition=Q(kind="meeting", outcome="reached"),
                name="activity_meetings_held",
            ),
        ]
        constraints = [
            external_once("activity_external_once"),
            models.CheckConstraint(condition=Q(kind__in=ActivityKind.values), name="activity_kind"),
            models.CheckConstraint(condition=Q(outcome__in=Outcome.values), name="activity_outcome"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.occurred_on}"
