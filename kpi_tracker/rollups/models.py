"""Values kept ready (cells), the buckets that changed since (dirt), and closed months with what was edited in them later."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kpi_tracker.periods import Period
from kpi_tracker.scope import TenantModel


class CellScope(models.TextChoices):
    """Whom a cell is about; one letter, for there are many cells."""

    ORGANISATION = "o"
    TEAM = "t"
    REP = "r"


class CellGrain(models.TextChoices):
    DAY = "d"
    WEEK = "w"
    MONTH = "m"


class RollupCell(TenantModel):
    """The value of one measure for one scope and bucket. No cell: zero. Written by refresh and rebuild only.

    scope_id: the rep's or team's id; 0 for the organisation. bucket: the first day of the bucket.
    value: whole units of the measure (see `kpis.measures`); n: records in it.
    """

    # Not held by the database: looking it up for each of millions of cells is a quarter of the time that it takes to write them.
    organisation = models.ForeignKey("orgs.Organisation", on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False)
    scope_kind = models.CharField(max_length=1, choices=CellScope)
    scope_id = models.BigIntegerField()
    measure = models.CharField(max_length=60)
    grain = models.CharField(max_length=1, choices=CellGrain)
    bucket = models.DateField()
    value = models.BigIntegerField()
    n = models.BigIntegerField()

    class Meta:
        constraints = [
            # By scope, for curves; unique, so that a wrong builder fails instead of doubling a figure.
            models.UniqueConstraint(
                fields=["organisation", "scope_kind", "scope_id", "grain", "bucket", "measure"], name="rollup_cell_once"
            ),
        ]
        # By measure, for leaderboards. No index names the figures, so that writing them changes none (PostgreSQL's heap-only updates).
        indexes = [models.Index(fields=["organisation", "measure", "grain", "bucket", "scope_kind", "scope_id"], name="rollup_cell_board")]

    def __str__(self) -> str:
        return f"{self.scope_kind}{self.scope_id} {self.measure} {self.grain} {self.bucket}: {self.value}"


class DirtyBucket(TenantModel):
    """A day of a rep (or of a team) whose cells no longer match the records. Written by triggers only.

    fact: the fact table that changed; empty where a team's members changed and every measure is meant.
    """

    # Not held by the database: when an organisation is deleted, the deletion of its records still marks their days.
    organisation = models.ForeignKey("orgs.Organisation", on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False)
    scope_kind = models.CharField(max_length=1, choices=CellScope)
    scope_id = models.BigIntegerField()
    fact = models.CharField(max_length=10, blank=True)
    day = models.DateField()
    marked_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["organisation", "scope_kind", "scope_id", "fact", "day"], name="dirty_bucket"),
            # The oldest are claimed first; the newest says whether anything has changed.
            models.Index(fields=["organisation", "id"], name="dirty_bucket_order"),
        ]

    def __str__(self) -> str:
        return f"{self.scope_kind}{self.scope_id} {self.fact} {self.day}"


class RollupState(TenantModel):
    """How an organisation's cells are kept; one row, made by its first refresh.

    version: grows with each refresh or slice of a rebuild that changed a cell, so a page knows whether to look again.
    seconds: spent in all refreshes; last_seconds: in the last one that had something to do; last_buckets: how many days it claimed.
    failures: refreshes and slices that ended in an error, the last of them `failure` (its class) at `failed_at`.
    claimed_to: the highest number of a mark that a refresh has taken away; marks newer than that are of changes since.
    verified_at: when a sample was last compared with the records; differences: how many cells were not what the records say, then.
    """

    version = models.BigIntegerField(default=0, db_default=0)
    claimed_to = models.BigIntegerField(default=0, db_default=0)
    refreshed_at = models.DateTimeField(_("last refresh"), null=True, blank=True)
    refreshes = models.BigIntegerField(_("refreshes"), default=0, db_default=0)
    seconds = models.FloatField(_("seconds in all"), default=0, db_default=0)
    last_seconds = models.FloatField(_("seconds of the last one"), default=0, db_default=0)
    last_buckets = models.IntegerField(_("days of the last one"), default=0, db_default=0)
    failures = models.BigIntegerField(_("failures"), default=0, db_default=0)
    failed_at = models.DateTimeField(_("last failure"), null=True, blank=True)
    failure = models.CharField(_("kind of the last failure"), max_length=80, blank=True, db_default="")
    verified_at = models.DateTimeField(_("last check"), null=True, blank=True)
    differences = models.IntegerField(_("cells that differed"), default=0, db_default=0)

    class Meta:
        verbose_name = _("state of the cells")
        verbose_name_plural = _("states of the cells")
        constraints = [models.UniqueConstraint(fields=["organisation"], name="rollup_state_once")]

    def __str__(self) -> str:
        return f"{self.version}"


class Rebuild(TenantModel):
    """Recomputing all cells of an organisation, slice by slice. One at a time: asked for again, the one that runs goes on."""

    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)

    class Meta:
        verbose_name = _("rebuild")
        verbose_name_plural = _("rebuilds")
        constraints = [models.UniqueConstraint(fields=["organisation"], condition=Q(done_at=None), name="rebuild_one_at_a_time")]

    def __str__(self) -> str:
        return f"{self.asked_at:%Y-%m-%d %H:%M}"


class RebuildSlice(TenantModel):
    """Some months of a rebuild: one transaction, taken by one worker. changed: cells that were written or deleted."""

    rebuild = models.ForeignKey(Rebuild, on_delete=models.CASCADE, related_name="slices", db_index=False)
    starts_on = models.DateField(_("starts"))
    ends_on = models.DateField(_("ends (not included)"))
    done_at = models.DateTimeField(_("done"), null=True, blank=True)
    seconds = models.FloatField(_("seconds"), default=0, db_default=0)
    changed = models.BigIntegerField(_("cells changed"), default=0, db_default=0)

    class Meta:
        verbose_name = _("slice of a rebuild")
        verbose_name_plural = _("slices of rebuilds")
        constraints = [
            models.UniqueConstraint(fields=["organisation", "rebuild", "starts_on"], name="rebuild_slice_once"),
            models.CheckConstraint(condition=Q(ends_on__gt=F("starts_on")), name="rebuild_slice_dates"),
        ]

    def __str__(self) -> str:
        return f"{self.starts_on} – {self.ends_on}"

    @property
    def period(self) -> Period:
        return Period(self.starts_on, self.ends_on)


class PeriodClose(TenantModel):
    """A month that was closed: its figures are kept as they were then. Open again while `reopened_at` is set.

    month: its first day; ends: the first day after it. edits_before: the last `LateEdit` that its figures already hold.
    kpis: the version of each KPI that was kept; measures: the keys of those that had cells.
    teams: for each team's id, as text, itself and those that stood below it.
    """

    month = models.DateField(_("month"))
    ends = models.DateField(_("ends (not included)"))
    closed_at = models.DateTimeField(_("closed"))
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False,
        verbose_name=_("closed by"), help_text=_("Empty where the month was closed by the organisation's rule."),
    )
    reopened_at = models.DateTimeField(_("reopened"), null=True, blank=True)
    reopened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False,
        verbose_name=_("reopened by"),
    )
    edits_before = models.BigIntegerField(default=0, editable=False)
    kpis = models.JSONField(default=dict, editable=False)
    measures = models.JSONField(default=list, editable=False)
    teams = models.JSONField(default=dict, editable=False)

    class Meta:
        verbose_name = _("closed month")
        verbose_name_plural = _("closed months")
        constraints = [
            models.UniqueConstraint(fields=["organisation", "month"], name="period_close_once"),
            models.CheckConstraint(condition=Q(ends__gt=F("month")), name="period_close_dates"),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"

    @property
    def period(self) -> Period:
        return Period(self.month, self.ends)

    def below(self, team_id: int) -> set[int]:
        """The team and those that stood below it when the month was closed."""
        return set(self.teams.get(str(team_id), ()))


class ClosingRule(TenantModel):
    """That months close by themselves, `days_after` days after their end, from the month that begins on `since` on. No row: never."""

    days_after = models.PositiveSmallIntegerField(_("days after the month's end"), validators=[MaxValueValidator(90)])
    since = models.DateField(_("first month"))

    class Meta:
        verbose_name = _("closing rule")
        verbose_name_plural = _("closing rules")
        constraints = [models.UniqueConstraint(fields=["organisation"], name="closing_rule_once")]

    def __str__(self) -> str:
        return f"{self.days_after}"


class ReportedFigure(TenantModel):
    """The value of a KPI for a month as it was when the month was closed.

    scope_kind, scope_id: as in `RollupCell`. member_id: of a team's figure, the rep within it; 0 for the team itself.
    figure: a `KpiValue` with its numbers as texts (see `rollups.reported`).
    """

    month = models.DateField()
    scope_kind = models.CharField(max_length=1, choices=CellScope)
    scope_id = models.BigIntegerField()
    member_id = models.BigIntegerField(default=0)
    kpi = models.CharField(max_length=60)
    figure = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "month", "scope_kind", "scope_id", "member_id", "kpi"], name="reported_figure_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scope_kind}{self.scope_id} {self.kpi} {self.month:%Y-%m}"


class ReportedCell(TenantModel):
    """A day or month cell of a closed month, as it was then; fields as in `RollupCell`. Serves spans other than the month itself."""

    scope_kind = models.CharField(max_length=1, choices=CellScope)
    scope_id = models.BigIntegerField()
    measure = models.CharField(max_length=60)
    grain = models.CharField(max_length=1, choices=CellGrain)
    bucket = models.DateField()
    value = models.BigIntegerField()
    n = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "scope_kind", "scope_id", "grain", "bucket", "measure"], name="reported_cell_once"
            ),
        ]
        indexes = [models.Index(fields=["organisation", "grain", "bucket", "measure", "scope_kind"], name="reported_cell_board")]

    def __str__(self) -> str:
        return f"{self.scope_kind}{self.scope_id} {self.measure} {self.grain} {self.bucket}: {self.value}"


class LateFact(models.TextChoices):
    """The tables whose late edits are kept."""

    ACTIVITY = "activity", _("activity")
    DEAL = "deal", _("deal")
    STAGE = "stage", _("stage change")
    LEAD = "lead", _("lead")
    CUSTOMER = "customer", _("customer")
    CONTACT = "contact", _("contact")
    CONTRACT = "contract", _("contract")
    COST = "cost", _("cost")
    ASSIGNMENT = "assignment", _("team assignment")
    RATE = "rate", _("exchange rate")


class ExactDecoder(json.JSONDecoder):
    """Numbers with a point become decimals."""

    def __init__(self, **options: Any) -> None:
        super().__init__(parse_float=Decimal, **options)


class LateEdit(TenantModel):
    """A record that was added, changed or deleted after a month that it lies in was closed. Written by triggers only.

    first_on, last_on: the days of the record, before and after, that can matter to figures. old, new: the row as JSON;
    None where it was added or deleted.
    """

    # Not held by the database: when an organisation is deleted, the deletion of its records is still written down.
    organisation = models.ForeignKey("orgs.Organisation", on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False)
    fact = models.CharField(max_length=10, choices=LateFact)
    record_id = models.BigIntegerField()
    first_on = models.DateField()
    last_on = models.DateField()
    at = models.DateTimeField(db_default=Now())
    old = models.JSONField(null=True, decoder=ExactDecoder)
    new = models.JSONField(null=True, decoder=ExactDecoder)

    class Meta:
        indexes = [models.Index(fields=["organisation", "id"], name="late_edit")]

    def __str__(self) -> str:
        return f"{self.fact} {self.record_id} {self.at}"
