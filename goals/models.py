"""What we want: goals, what was agreed on them and by whom, and what came of them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.orgs.models import Rep, Team
from kpi_tracker.periods import Grain, Period
from kpi_tracker.sales.models import Customer
from kpi_tracker.scope import TenantModel


class Kind(models.TextChoices):
    """What a goal wants of its KPI."""

    REACH = "reach", _("reach")
    ABOVE = "above", _("stay above")
    BELOW = "below", _("stay below")
    GROWTH = "growth", _("grow by %")


class Distribution(models.TextChoices):
    """How what is asked is spread over the period. All but the first weight the working days by the goal's `shape`."""

    WORKING_DAYS = "working_days", _("even per working day")
    LAST_YEAR = "last_year", _("last year's shape")
    MONTHS = "months", _("by hand per month")
    WEEKDAYS = "weekdays", _("by hand per weekday")
    RAMP = "ramp", _("ramp for joiners")


class State(models.TextChoices):
    """The life of a goal. In force from AGREED on."""

    DRAFT = "draft", pgettext_lazy("goal", "draft")
    PROPOSED = "proposed", pgettext_lazy("goal", "proposed")
    AGREED = "agreed", pgettext_lazy("goal", "agreed")
    CLOSED = "closed", pgettext_lazy("goal", "closed")


IN_FORCE = (State.AGREED, State.CLOSED)


class Goal(TenantModel):
    """Reach `target` of a KPI in `[starts_on, ends_on)`, for the organisation, a team, a rep or a customer.

    target, stretch, baseline: in the KPI's unit: a count, an amount in the base currency, days, or a fraction for percentages.
    target is what is asked now; steps: what was asked before, as [first day, target] pairs of strings, oldest first, with the present
    one last; empty where it never changed. Who changed it and why is in `versions`.
    growth: what is asked on top of the baseline, as a fraction; the baseline is frozen when the goal is made, with its period, the
    number of records behind it and the time at which they were counted.
    shape: weights as decimal strings: {"2026-12": "3"} by month (LAST_YEAR of longer periods, MONTHS), {"0": "1"} by weekday from
    Monday (LAST_YEAR of short periods, WEEKDAYS), {"months": "3"} until a joiner is asked in full (RAMP).
    prorated: target and stretch are for somebody who is there all the time; days away, and before joining or after leaving, are taken out.
    parent: the goal that this one was split from; split_target: what the split gave it; locked: a new split leaves it alone.
    decided_by: who decided it without everybody's agreement; None where all accepted.
    stood, stood_since, stood_on, stood_actual: the status at the end of the last day that was looked at, since when it holds, that
    day, and the value on it.
    carries_over: when it ends, the same is asked of the next period; carried_from: the one before.
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
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices, default=Kind.REACH)
    stretch = models.DecimalField(_("stretch"), max_digits=18, decimal_places=4, null=True, blank=True)
    growth = models.DecimalField(_("growth"), max_digits=9, decimal_places=4, null=True, blank=True)
    baseline = models.DecimalField(_("baseline"), max_digits=20, decimal_places=6, null=True, blank=True)
    baseline_from = models.DateField(_("baseline from"), null=True, blank=True)
    baseline_until = models.DateField(_("baseline until (not included)"), null=True, blank=True)
    baseline_records = models.PositiveIntegerField(_("records behind the baseline"), null=True, blank=True)
    baseline_at = models.DateTimeField(_("baseline frozen at"), null=True, blank=True)
    distribution = models.CharField(_("spread over time"), max_length=12, choices=Distribution.choices, default=Distribution.WORKING_DAYS)
    shape = models.JSONField(_("shape"), default=dict, blank=True)
    prorated = models.BooleanField(_("days away are taken out"), default=False)
    steps = models.JSONField(_("what was asked before"), default=list, blank=True, editable=False)
    stood = models.CharField(_("stood"), max_length=12, blank=True, editable=False)
    stood_since = models.DateField(_("stood so since"), null=True, blank=True, editable=False)
    stood_on = models.DateField(_("stood so on"), null=True, blank=True, editable=False)
    stood_actual = models.DecimalField(_("value then"), max_digits=20, decimal_places=6, null=True, blank=True, editable=False)
    why = models.CharField(_("why it matters"), max_length=300, blank=True)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.AGREED)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    parent = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="children", verbose_name=_("split from")
    )
    split_target = models.DecimalField(_("given by the split"), max_digits=18, decimal_places=4, null=True, blank=True)
    locked = models.BooleanField(_("locked"), default=False)
    carries_over = models.BooleanField(_("carries over"), default=False)
    carried_from = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("carried over from")
    )
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    result = models.DecimalField(_("result"), max_digits=20, decimal_places=6, null=True, blank=True)
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
                condition=~Q(kind="growth") | Q(growth__isnull=False, baseline__isnull=False), name="goal_growth_has_a_baseline"
            ),
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

    @property
    def asked_since(self) -> tuple[tuple[dt.date, Decimal], ...]:
        """From which day on which target was asked, oldest first; empty where it never changed."""
        return tuple((dt.date.fromisoformat(day), Decimal(target)) for day, target in self.steps)

    @property
    def is_in_force(self) -> bool:
        return self.state in IN_FORCE

    @property
    def baseline_period(self) -> Period | None:
        return Period(self.baseline_from, self.baseline_until) if self.baseline_from and self.baseline_until else None


class GoalVersion(TenantModel):
    """What a goal asked from a day on, until the next version. The first is as old as the goal; none is ever changed or deleted alone.

    number: from 1. asks_from: the first day of which it is asked; days before keep the version before.
    in_force: False while it is proposed; it asks for nothing until then. withdrawn: it never came into force.
    shares: each participant's, by rep id, as decimal strings; empty where they are as before.
    """

    goal = models.ForeignKey(Goal, on_delete=models.CASCADE, related_name="versions", verbose_name=_("goal"))
    number = models.PositiveIntegerField(_("number"))
    target = models.DecimalField(_("target"), max_digits=18, decimal_places=4)
    stretch = models.DecimalField(_("stretch"), max_digits=18, decimal_places=4, null=True, blank=True)
    shares = models.JSONField(_("shares"), default=dict, blank=True)
    asks_from = models.DateField(_("asked from"))
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    made_at = models.DateTimeField(_("made at"))
    in_force = models.BooleanField(_("in force"), default=True)
    withdrawn = models.BooleanField(_("withdrawn"), default=False)

    class Meta:
        verbose_name = _("version of a goal")
        verbose_name_plural = _("versions of goals")
        constraints = [models.UniqueConstraint(fields=["organisation", "goal", "number"], name="goal_version_once")]

    def __str__(self) -> str:
        return f"{self.goal_id}.{self.number}"


class Participant(TenantModel):
    """Somebody who takes part in a goal. share: of the target, in the KPI's unit, as for one who is there all the time; for goals
    that do not fill up (a rate to keep) the target itself."""

    goal = models.ForeignKey(Goal, on_delete=models.CASCADE, related_name="participants", verbose_name=_("goal"))
    rep = models.ForeignKey(Rep, on_delete=models.CASCADE, related_name="+", verbose_name=_("rep"))
    share = models.DecimalField(_("share"), max_digits=18, decimal_places=4)

    class Meta:
        verbose_name = _("participant")
        verbose_name_plural = _("participants")
        constraints = [
            models.UniqueConstraint(fields=["organisation", "goal", "rep"], name="goal_participant_once"),
            models.CheckConstraint(condition=Q(share__gte=0), name="goal_share_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.rep_id} in {self.goal_id}"


class Answer(TenantModel):
    """What a participant said to a proposed version. counter: the share, in the KPI's unit, that is offered instead; None: accepted."""

    version = models.ForeignKey(GoalVersion, on_delete=models.CASCADE, related_name="answers", verbose_name=_("version"))
    rep = models.ForeignKey(Rep, on_delete=models.CASCADE, related_name="+", verbose_name=_("rep"))
    counter = models.DecimalField(_("offered instead"), max_digits=18, decimal_places=4, null=True, blank=True)
    comment = models.CharField(_("comment"), max_length=500, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    answered_at = models.DateTimeField(_("answered at"))

    class Meta:
        verbose_name = _("answer to a goal")
        verbose_name_plural = _("answers to goals")
        constraints = [models.UniqueConstraint(fields=["organisation", "version", "rep"], name="goal_answer_once")]

    def __str__(self) -> str:
        return f"{self.rep_id} to {self.version_id}"


class GoalComment(TenantModel):
    """What somebody says of a goal, above all in its review."""

    goal = models.ForeignKey(Goal, on_delete=models.CASCADE, related_name="comments", verbose_name=_("goal"))
    text = models.TextField(_("comment"), max_length=2000)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    made_at = models.DateTimeField(_("made at"))

    class Meta:
        verbose_name = _("comment on a goal")
        verbose_name_plural = _("comments on goals")

    def __str__(self) -> str:
        return self.text[:60]


class DefaultTarget(TenantModel):
    """What a rep is asked for in each bucket of `grain` until a goal of the rep's own says otherwise. team: for its members only."""

    kpi = models.CharField(_("KPI"), max_length=60)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("team"))
    grain = models.CharField(
        _("every"), max_length=8,
        choices=[(Grain.WEEK.value, _("week")), (Grain.MONTH.value, _("month")), (Grain.QUARTER.value, _("quarter"))],
    )
    target = models.DecimalField(_("target"), max_digits=18, decimal_places=4)

    class Meta:
        verbose_name = _("default target")
        verbose_name_plural = _("default targets")
        constraints = [
            models.CheckConstraint(condition=Q(target__gt=0), name="default_target_positive"),
            models.UniqueConstraint(
                "organisation", "kpi", "grain", Coalesce("team", 0), name="default_target_once",
                violation_error_message=_("There is already a default for this KPI, team and kind of period."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kpi} per {self.grain}"
