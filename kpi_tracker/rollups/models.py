"""Values kept ready (cells) and the buckets that changed since (dirt)."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

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
    """The value of one measure for one scope and bucket. No cell: zero.

    scope_id: the rep's or team's id; 0 for the organisation. bucket: the first day of the bucket.
    value: whole units of the measure (see `kpis.measures`); n: records in it.
    """

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
        indexes = [
            # By measure, for leaderboards.
            models.Index(
                fields=["organisation", "measure", "grain", "bucket", "scope_kind", "scope_id"], include=["value", "n"],
                name="rollup_cell_board",
            ),
        ]

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
        indexes = [models.Index(fields=["organisation", "scope_kind", "scope_id", "fact", "day"], name="dirty_bucket")]

    def __str__(self) -> str:
        return f"{self.scope_kind}{self.scope_id} {self.fact} {self.day}"
