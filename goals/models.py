"""What we want: goals."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.orgs.models import Rep, Team
from kpi_tracker.periods import Period
from kpi_tracker.sales.models import Customer
from kpi_tracker.scope import TenantModel


class Goal(TenantModel):
    """Reach `target` of a KPI in `[starts_on, ends_on)`, for the organisation, a team, a rep or a customer.

    target: in the KPI's unit: a count, an amount in the base currency, days, or a fraction for percentages.
    """

    kpi = models.CharField(_("KPI"), max_length=60)
    subject_kind = models.CharField(
        _("for"), max_length=12,
        choices=[
            (SubjectKind.ORGANISATION, _("the organisation")), (SubjectKind.TEAM, _("a team")),
            (SubjectKind.REP, _("a rep")), (SubjectKind.CUSTOMER, _("a customer")),
        ],
    )
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, blank=True, related_name="goals", verbose_name=_("team"))
    rep = models.ForeignKey(Rep, on_delete=models.CASCADE, null=True, blank=True, related_name="goals", verbose_name=_("rep"))
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, null=True, blank=True, related_name="goals", verbose_name=_("customer")
    )
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until (not included)"))
    target = models.DecimalField(_("target"), max_digits=18, decimal_places=4)
    why = models.CharField(_("why it matters"), max_length=300, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("goal")
        verbose_name_plural = _("goals")
        indexes = [models.Index(fields=["organisation", "starts_on", "ends_on"], name="goal_period")]
        constraints = [
            models.CheckConstraint(condition=Q(ends_on__gt=F("starts_on")), name="goal_dates"),
            models.CheckConstraint(condition=Q(target__gt=0), name="goal_target_positive"),
            models.CheckConstraint(
                condition=(
                    Q(subject_kind="organisation", team=None, rep=None, customer=None)
                    | Q(subject_kind="team", team__isnull=False, rep=None, customer=None)
                    | Q(subject_kind="rep", team=None, rep__isnull=False, customer=None)
                    | Q(subject_kind="customer", team=None, rep=None, customer__isnull=False)
                ),
                name="goal_names_its_subject",
            ),
            models.UniqueConstraint(
                "organisation", "kpi", "subject_kind", Coalesce("team", 0), Coalesce("rep", 0), Coalesce("customer", 0),
                "starts_on", "ends_on",
                name="goal_once", violation_error_message=_("There is already a goal for this KPI, scope and period."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kpi} {self.starts_on} – {self.ends_on}"

    @property
    def period(self) -> Period:
        return Period(self.starts_on, self.ends_on)

    @property
    def subject(self) -> Subject:
        return Subject(SubjectKind(self.subject_kind), self.team_id or self.rep_id or self.customer_id or 0)
