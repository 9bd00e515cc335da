"""Who we are: organisations, people who sign in, teams and the reps who are measured."""

from __future__ import annotations

import datetime as dt
from copy import copy
from decimal import Decimal
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from kpi_tracker.periods import Calendar, local_day
from kpi_tracker.scope import Role, TenantModel

CURRENCY = RegexValidator(r"^[A-Z]{3}$", _("Use a currency code of three capital letters, such as EUR."))


def known_timezone(value: str) -> None:
    if value not in available_timezones():
        raise ValidationError(_("%(zone)s is no known time zone; use a name such as Europe/Stockholm."), params={"zone": value})


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        if not email:
            raise ValueError("A user needs an e-mail address.")
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, **{"is_staff": True, "is_superuser": True, **fields})


class User(AbstractUser):
    """A person who signs in, by e-mail address."""

    username = None  # type: ignore[assignment]
    email = models.EmailField(_("e-mail address"), unique=True)
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES, blank=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()  # type: ignore[misc,assignment]

    @property
    def name(self) -> str:
        return self.get_full_name() or self.email


class Organisation(models.Model):
    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(_("short name in addresses"), unique=True)
    timezone = models.CharField(_("time zone"), max_length=64, default="Europe/Stockholm", validators=[known_timezone])
    country = models.CharField(_("country"), max_length=2, default="SE", help_text=_("Two letters; whose public holidays count."))
    working_days = models.CharField(
        _("working week"), max_length=7, default="12345", validators=[RegexValidator(r"^1?2?3?4?5?6?7?$")],
        help_text=_("Weekday numbers, 1 is Monday and 7 is Sunday."),
    )
    eves_free = models.BooleanField(
        _("eves are free"), default=False,
        help_text=_("Midsummer’s, Christmas and New Year’s Eve in Sweden and Finland: free by agreement, though no public holidays."),
    )
    week_start = models.PositiveSmallIntegerField(
        _("weeks start on"), default=1, choices=[(1, _("Monday")), (7, _("Sunday"))]
    )
    fiscal_year_month = models.PositiveSmallIntegerField(
        _("first month of the fiscal year"), default=1, validators=[MinValueValidator(1), MaxValueValidator(12)]
    )
    base_currency = models.CharField(_("currency"), max_length=3, default="EUR", validators=[CURRENCY])
    display_currency = models.CharField(
        _("second currency shown"), max_length=3, blank=True, validators=[CURRENCY], help_text=_("Beside the currency above; empty: none.")
    )
    velocity_months = models.PositiveSmallIntegerField(
        _("months that sales velocity looks back"), default=12, validators=[MinValueValidator(1), MaxValueValidator(60)]
    )
    most_customer_years = models.DecimalField(
        _("longest customer lifetime, in years"), max_digits=4, decimal_places=1, default=Decimal(5),
        validators=[MinValueValidator(Decimal("0.1")), MaxValueValidator(Decimal(100))],
        help_text=_("Customer lifetime value reckons with no more."),
    )
    lag_costs = models.BooleanField(
        _("set costs against customers one sales cycle later"), default=False,
        help_text=_("Acquisition cost then takes the costs of as many days earlier as the usual sales cycle lasts."),
    )
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES, default="en")
    days_timezone = models.CharField(_("time zone of the stored days"), max_length=64, blank=True, default="", editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")
        constraints = [
            models.CheckConstraint(condition=Q(week_start__in=[1, 7]), name="organisation_week_start"),
            models.CheckConstraint(condition=Q(fiscal_year_month__range=(1, 12)), name="organisation_fiscal_month"),
            models.CheckConstraint(condition=~Q(working_days=""), name="organisation_has_working_days"),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self._state.adding and not self.days_timezone:
            self.days_timezone = self.timezone
        super().save(*args, **kwargs)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def calendar(self) -> Calendar:
        return Calendar(week_start=self.week_start, fiscal_month=self.fiscal_year_month)

    def local_day(self, moment: dt.datetime) -> dt.date:
        return local_day(moment, self.zone)


class Membership(TenantModel):
    """What a user is in an organisation."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(
        _("role"), max_length=8,
        choices=[(Role.ADMIN, _("admin")), (Role.MANAGER, _("manager")), (Role.REP, _("rep")), (Role.VIEWER, _("viewer"))],
    )

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["organisation", "user"], name="membership_once"),
            models.CheckConstraint(condition=Q(role__in=list(Role)), name="membership_role"),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.get_role_display()})"


class Team(TenantModel):
    name = models.CharField(_("name"), max_length=120)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("part of"))

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        constraints = [
            models.UniqueConstraint(fields=["organisation", "name"], name="team_name_once"),
            models.CheckConstraint(condition=~Q(parent=F("id")), name="team_not_its_own_parent"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        above, seen = self.parent, {self.pk}
        while above is not None:
            if above.pk in seen:
                raise ValidationError({"parent": _("A team cannot stand below itself.")})
            if above.organisation_id != self.organisation_id:
                raise ValidationError({"parent": _("That team is not in this organisation.")})
            seen.add(above.pk)
            above = above.parent


class Dated(models.Model):
    """Valid from a day up to, and without, another; open-ended where `valid_to` is empty."""

    valid_from = models.DateField(_("from"))
    valid_to = models.DateField(_("until (not included)"), null=True, blank=True)

    class Meta:
        abstract = True

    def leave_out(self, start: dt.date, end: dt.date | None) -> None:
        """Take the days [start, end) out of the stored row: it is cut, split in two, or deleted."""
        old_end = self.valid_to
        rest = end if end is not None and (old_end is None or old_end > end) else None
        if self.valid_from < start:
            self.valid_to = start
            self.save(update_fields=["valid_to"])
            if rest is not None:
                later = copy(self)
                later.pk, later.valid_from, later.valid_to = None, rest, old_end
                later.save(force_insert=True)
        elif rest is not None:
            self.valid_from = rest
            self.save(update_fields=["valid_from"])
        else:
            self.delete()


class TeamPlacement(TenantModel, Dated):
    """Below which team a team stood, when; with no parent: below none. `Team.parent` holds on days that no placement speaks of.

    No overlap for one team: held by the database.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="placements", db_index=False, verbose_name=_("team"))
    parent = models.ForeignKey(
        Team, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False, verbose_name=_("part of")
    )

    class Meta:
        verbose_name = _("place of a team")
        verbose_name_plural = _("places of teams")
        indexes = [models.Index(fields=["organisation", "team", "valid_from"], name="placement_team")]
        constraints = [
            models.CheckConstraint(condition=Q(valid_to=None) | Q(valid_to__gt=F("valid_from")), name="placement_dates"),
            models.CheckConstraint(condition=~Q(parent=F("team")), name="placement_not_below_itself"),
        ]

    def __str__(self) -> str:
        return f"{self.team} < {self.parent or '–'} · {self.valid_from}"


class TeamManager(TenantModel, Dated):
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="managers")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="managed_teams")

    class Meta:
        verbose_name = _("team manager")
        verbose_name_plural = _("team managers")
        indexes = [models.Index(fields=["organisation", "user"], name="team_manager_user")]
        constraints = [
            models.CheckConstraint(condition=Q(valid_to=None) | Q(valid_to__gt=F("valid_from")), name="team_manager_dates"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.team}"


class Rep(TenantModel):
    """A person who sells and is measured; may also be a user who signs in.

    Each organisation has one rep with `is_unassigned`, which records without an owner belong to.
    """

    rep_paths = ("id",)

    name = models.CharField(_("name"), max_length=120)
    email = models.EmailField(_("e-mail address"), blank=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="reps")
    country = models.CharField(
        _("country"), max_length=2, blank=True, help_text=_("Two letters; empty: as the organisation.")
    )
    share = models.DecimalField(
        _("part-time share"), max_digits=4, decimal_places=3, default=Decimal(1),
        validators=[MinValueValidator(Decimal("0.001")), MaxValueValidator(Decimal(1))], help_text=_("1 is full time, 0.6 is 60 %."),
    )
    started_on = models.DateField(_("first day"), null=True, blank=True)
    ended_on = models.DateField(_("last day"), null=True, blank=True)
    is_unassigned = models.BooleanField(_("stands for records without a rep"), default=False, editable=False)
    source = models.CharField(_("source"), max_length=40, blank=True)
    external_id = models.CharField(_("id there"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("rep")
        verbose_name_plural = _("reps")
        indexes = [models.Index(fields=["organisation", "name"], name="rep_name")]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "source", "external_id"], condition=~Q(external_id=""), name="rep_external_once"
            ),
            models.UniqueConstraint(fields=["organisation"], condition=Q(is_unassigned=True), name="rep_unassigned_once"),
            models.UniqueConstraint(fields=["organisation", "user"], name="rep_user_once"),
            models.CheckConstraint(condition=Q(share__gt=0, share__lte=1), name="rep_share"),
            models.CheckConstraint(
                condition=Q(started_on=None) | Q(ended_on=None) | Q(ended_on__gte=F("started_on")), name="rep_ends_after_start"
            ),
        ]

    def __str__(self) -> str:
        return str(_("Unassigned")) if self.is_unassigned else self.name


class TeamAssignment(TenantModel, Dated):
    """Which team a rep belonged to, when. No overlap for one rep: held by the database."""

    rep_paths = ("rep_id",)

    rep = models.ForeignKey(Rep, on_delete=models.CASCADE, related_name="assignments")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="assignments")

    class Meta:
        verbose_name = _("team assignment")
        verbose_name_plural = _("team assignments")
        indexes = [
            models.Index(fields=["organisation", "rep", "valid_from"], name="assignment_rep"),
            models.Index(fields=["organisation", "team", "valid_from"], name="assignment_team"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(valid_to=None) | Q(valid_to__gt=F("valid_from")), name="assignment_dates"),
        ]

    def __str__(self) -> str:
        return f"{self.rep} · {self.team} · {self.valid_from}"

    def clean(self) -> None:
        if self.rep_id is None or self.valid_from is None:
            return
        others = TeamAssignment.objects.filter(rep_id=self.rep_id).exclude(pk=self.pk).exclude(valid_to__lte=self.valid_from)
        if self.valid_to is not None:
            others = others.filter(valid_from__lt=self.valid_to)
        if (other := others.first()) is not None:
            raise ValidationError(_("%(rep)s is already in %(team)s from %(day)s; end that first."),
                                  params={"rep": other.rep, "team": other.team, "day": other.valid_from})


class ClosingDay(TenantModel):
    day = models.DateField(_("day"))
    name = models.CharField(_("name"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("closing day")
        verbose_name_plural = _("closing days")
        constraints = [models.UniqueConstraint(fields=["organisation", "day"], name="closing_day_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.name}".strip()


class Absence(TenantModel, Dated):
    """A rep's leave; its days are no working days of that rep."""

    rep_paths = ("rep_id",)

    rep = models.ForeignKey(Rep, on_delete=models.CASCADE, related_name="absences")
    reason = models.CharField(_("reason"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("absence")
        verbose_name_plural = _("absences")
        indexes = [models.Index(fields=["organisation", "rep", "valid_from"], name="absence_rep")]
        constraints = [
            models.CheckConstraint(condition=Q(valid_to=None) | Q(valid_to__gt=F("valid_from")), name="absence_dates"),
        ]

    def __str__(self) -> str:
        return f"{self.rep} · {self.valid_from}"


class CalendarVersion(models.Model):
    """Another text after each change of what is kept of the organisation. Written by triggers only (see `orgs.versions`)."""

    organisation = models.OneToOneField(Organisation, on_delete=models.CASCADE, primary_key=True, related_name="+")
    version = models.CharField(max_length=36)

    class Meta:
        verbose_name = _("calendar version")
        verbose_name_plural = _("calendar versions")

    def __str__(self) -> str:
        return self.version


class ZoneChange(TenantModel):
    """The stored local days move from one time zone to another; how far that has come.

    table, last_id: where the job goes on; total, done: records.
    """

    before = models.CharField(_("from"), max_length=64)
    after = models.CharField(_("to"), max_length=64)
    asked_at = models.DateTimeField(_("asked for"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    table = models.PositiveSmallIntegerField(default=0)
    last_id = models.BigIntegerField(default=0)
    total = models.BigIntegerField(_("records"), default=0)
    done = models.BigIntegerField(_("looked at"), default=0)

    class Meta:
        verbose_name = _("change of time zone")
        verbose_name_plural = _("changes of time zone")
        indexes = [models.Index(fields=["organisation", "id"], name="zone_change")]

    def __str__(self) -> str:
        return f"{self.before} → {self.after}"

    @property
    def share(self) -> float:
        """How much is done; records that came meanwhile do not make it more than all."""
        return min(self.done / self.total, 1.0) if self.total else 0.0


class ExchangeRate(TenantModel):
    """What one unit of `currency` is worth in the organisation's base currency, from `day` until the next rate."""

    currency = models.CharField(_("currency"), max_length=3, validators=[CURRENCY])
    day = models.DateField(_("from"))
    rate = models.DecimalField(_("rate"), max_digits=15, decimal_places=8, help_text=_("Base currency for one unit."))

    class Meta:
        verbose_name = _("exchange rate")
        verbose_name_plural = _("exchange rates")
        constraints = [
            models.UniqueConstraint(fields=["organisation", "currency", "day"], name="exchange_rate_once"),
            models.CheckConstraint(condition=Q(rate__gt=0), name="exchange_rate_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.day}: {self.rate}"
