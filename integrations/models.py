"""Data in and out: imports of files, the tokens of programs."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kpi_tracker.scope import TenantModel


class Import(TenantModel):
    """A file that was uploaded or imported. Its content (`ImportPart`) is kept only until it is imported.

    A large file is checked and written by a job: `run` tells the worker that has it from an earlier one, which was killed or is
    late; `touched_at` is when that last did something, `attempts` how often the job was begun without getting further.
    rows_done: rows that the job has been through. rejected: those that have problems. `rows`: how many it has, once that is
    known. check_result: what the check found.
    """

    class State(models.TextChoices):
        CHECKING = "checking", _("being checked")
        WAITING = "waiting", _("waiting for you")
        RUNNING = "running", _("going in")
        FAILED = "failed", _("stopped")
        DONE = "done", _("imported")

    UNDER_WAY = (State.CHECKING, State.RUNNING)

    kind = models.CharField(_("kind"), max_length=20)
    file_name = models.CharField(_("file"), max_length=200)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField(_("bytes"))
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING)
    source = models.CharField(_("source"), max_length=40)
    mapping = models.JSONField(default=dict, blank=True)
    is_large = models.BooleanField(default=False)
    check_result = models.JSONField(default=dict, blank=True)
    rows = models.PositiveIntegerField(_("rows"), default=0)
    rows_done = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    run = models.CharField(max_length=32, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    touched_at = models.DateTimeField(null=True, blank=True)
    created = models.PositiveIntegerField(_("new"), default=0)
    updated = models.PositiveIntegerField(_("changed"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(_("uploaded"))
    finished_at = models.DateTimeField(_("imported"), null=True, blank=True)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        indexes = [models.Index(fields=["organisation", "-created_at"], name="import_newest")]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["checking", "waiting", "running", "failed", "done"]), name="import_state")
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def local_day(self) -> dt.date:
        """The organisation's day on which the file was imported, or else came in."""
        return self.organisation.local_day(self.finished_at or self.created_at)

    @property
    def is_under_way(self) -> bool:
        return self.state in self.UNDER_WAY

    @property
    def share(self) -> float | None:
        """How much of it is done, from 0 to 1; None where the number of rows is not known yet."""
        return min(self.rows_done / self.rows, 1.0) if self.rows else None


class ImportPart(TenantModel):
    """A piece of an uploaded file. Kept in the database, so that any worker on any machine can read it."""

    note = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="parts", db_index=False)
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        verbose_name = _("piece of a file")
        verbose_name_plural = _("pieces of files")
        constraints = [models.UniqueConstraint(fields=["organisation", "note", "number"], name="import_part_once")]

    def __str__(self) -> str:
        return f"{self.note} {self.number}"


class ApiToken(TenantModel):
    """With it a program uses the API for one organisation. See `integrations.tokens`."""

    class Right(models.TextChoices):
        READ = "read", _("read")
        WRITE = "write", _("read and write")

    name = models.CharField(_("name"), max_length=120)
    prefix = models.CharField(_("begins with"), max_length=12)
    hash = models.CharField(max_length=64, unique=True, editable=False)
    right = models.CharField(_("right"), max_length=5, choices=Right, default=Right.READ)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(_("made"), auto_now_add=True)
    last_used_on = models.DateField(_("last used"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        indexes = [models.Index(fields=["organisation", "name"], name="api_token_name")]
        constraints = [models.CheckConstraint(condition=Q(right__in=["read", "write"]), name="api_token_right")]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @classmethod
    def with_hash(cls, value: str) -> ApiToken | None:
        """The token that may still be used. The one read that has no scope yet: the token gives it."""
        found: ApiToken | None = cls.objects.filter(hash=value, revoked_at=None).select_related("organisation").first()
        return found
