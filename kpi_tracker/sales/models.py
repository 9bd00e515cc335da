"""What happened: customers, leads, activities, deals with their stage history, contracts and costs.

Each day in a record (`..._on`) is a local day of the organisation. Who gets the credit is stored with the
record, so that history stays when an owner changes: `added_by`, `opened_by`, `closed_by`.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from kpi_tracker.orgs.models import CURRENCY, Rep, Team
from kpi_tracker.scope import TenantModel


class ExternalRecord(TenantModel):
    """A record that may come from outside; `(source, external_id)` is unique in its organisation."""

    source = models.CharField(_("source"), max_length=40, blank=True)
    external_id = models.CharField(_("id there"), max_length=120, blank=True)

    class Meta:
        abstract = True


def external_once(name: str) -> models.UniqueConstraint:
    return models.UniqueConstraint(fields=["organisation", "source", "external_id"], condition=~Q(external_id=""), name=name)


def rep_key(related_name: str, label: Any, *, null: bool = False) -> Any:
    return models.ForeignKey(
        Rep, on_delete=models.PROTECT, related_name=related_name, verbose_name=label, null=null, blank=null, db_index=False
    )


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
    return " ".join(company.casefold().split())


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
    is_qualified = models.BooleanField(_("deals here are qualified"), default=False)

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
    product = models.ForeignKey(Product, on_delete=models.SET_NULL, null=True, blank=True, related_name="deals")
    channel = models.CharField(_("source of the deal"), max_length=80, blank=True)
    owner = rep_key("deals", _("owner"))
    opened_by = rep_key("+", _("opened by"))
    closed_by = rep_key("+", _("closed by"), null=True)
    stage = models.ForeignKey(Stage, on_delete=models.PROTECT, related_name="deals")
    status = models.CharField(_("status"), max_length=4, choices=DealStatus, default=DealStatus.OPEN)
    amount = models.DecimalField(_("amount"), max_digits=15, decimal_places=2, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, validators=[CURRENCY])
    one_time_amount = models.DecimalField(_("one-time part"), max_digits=15, decimal_places=2, null=True, blank=True)
    term_months = models.PositiveSmallIntegerField(_("term in months"), null=True, blank=True)
    first_contact_on = models.DateField(_("first contact"), null=True, blank=True)
    opened_on = models.DateField(_("opened"), null=True, blank=True)
    expected_close_on = models.DateField(_("expected to close"), null=True, blank=True)
    closed_on = models.DateField(_("closed"), null=True, blank=True)
    lost_reason = models.CharField(_("reason lost"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("deal")
        verbose_name_plural = _("deals")
        indexes = [
            models.Index(fields=["organisation", "opened_by", "opened_on"], name="deal_opened"),
            models.Index(fields=["organisation", "closed_by", "closed_on"], name="deal_closed"),
            models.Index(fields=["organisation", "opened_on"], name="deal_opened_day"),
            models.Index(fields=["organisation", "closed_on"], name="deal_closed_day"),
            models.Index(fields=["organisation", "customer", "closed_on"], name="deal_customer"),
            models.Index(fields=["organisation", "owner", "status"], name="deal_owner"),
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
    from_stage = models.ForeignKey(Stage, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    to_stage = models.ForeignKey(Stage, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField(_("at"))
    changed_on = models.DateField(_("day"))
    rep = rep_key("+", _("rep"), null=True)

    class Meta:
        verbose_name = _("stage change")
        verbose_name_plural = _("stage changes")
        indexes = [
            models.Index(fields=["organisation", "deal", "changed_at"], name="stage_change_deal"),
            models.Index(fields=["organisation", "to_stage", "changed_on"], name="stage_change_entered"),
        ]
        constraints = [external_once("stage_change_external_once")]

    def __str__(self) -> str:
        return f"{self.deal} → {self.to_stage}"


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
            models.Index(fields=["organisation", "customer", "occurred_on"], name="activity_customer"),
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
