"""Writes of an organisation's calendar: its zone and week, closing days, and leave."""

from __future__ import annotations

import datetime as dt

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from kpi_tracker.errors import InvalidInput
from kpi_tracker.orgs.models import Absence, ClosingDay, Organisation, Rep
from kpi_tracker.periods import DAY, Period, day_after

CALENDAR_FIELDS = ("timezone", "country", "working_days", "week_start", "fiscal_year_month", "eves_free")
# Closing days are rows of their own: a longer range is a slip of the pen.
MOST_CLOSED = 92


@transaction.atomic
def calendar_change(*, organisation: Organisation, values: dict[str, object]) -> None:
    """Set any of CALENDAR_FIELDS. The stored days do not follow the zone here: see `sales.local_days`."""
    row = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    for name in CALENDAR_FIELDS:
        setattr(row, name, values.get(name, getattr(row, name)))
    try:
        row.clean_fields(exclude={field.name for field in row._meta.fields} - set(CALENDAR_FIELDS))
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise InvalidInput(" ".join(messages), field=field) from error
    row.save(update_fields=CALENDAR_FIELDS)
    for name in CALENDAR_FIELDS:
        setattr(organisation, name, getattr(row, name))


@transaction.atomic
def closing_days_add(*, organisation: Organisation, first: dt.date, last: dt.date, name: str) -> int:
    """Close from the first to the last day, both included; how many days were not closed already."""
    if last < first:
        raise InvalidInput(_("The last day must not come before the first."), field="last")
    if (last - first).days >= MOST_CLOSED:
        raise InvalidInput(_("That is more than %(most)d days; check the year.") % {"most": MOST_CLOSED}, field="last")
    days = Period(first, day_after(last)).days()
    closed = set(ClosingDay.objects.filter(organisation=organisation, day__range=(first, last)).values_list("day", flat=True))
    made = [ClosingDay(organisation=organisation, day=day, name=name.strip()) for day in days if day not in closed]
    if not made:
        raise InvalidInput(_("Those days are closed already."), field="first")
    ClosingDay.objects.bulk_create(made)
    return len(made)


@transaction.atomic
def absence_set(*, rep: Rep, first: dt.date, last: dt.date | None, reason: str, absence: Absence | None = None) -> Absence:
    """Leave from the first to the last day, both included (None: until further notice); new, or `absence` corrected."""
    if last is not None and last < first:
        raise InvalidInput(_("The last day must not come before the first."), field="last")
    end = None if last is None else day_after(last)
    others = Absence.objects.filter(organisation_id=rep.organisation_id, rep=rep).exclude(valid_to__lte=first)
    if end is not None:
        others = others.filter(valid_from__lt=end)
    if (other := others.exclude(pk=absence.pk if absence else 0).order_by("valid_from").first()) is not None:
        raise InvalidInput(_told(rep, other), field="first")
    row = absence or Absence(organisation_id=rep.organisation_id)
    row.rep, row.valid_from, row.valid_to, row.reason = rep, first, end, reason.strip()
    row.save()
    return row


def _told(rep: Rep, other: Absence) -> str:
    values = {"rep": rep, "first": other.valid_from, "last": other.valid_to - DAY if other.valid_to else ""}
    if other.valid_to is None:
        return _("%(rep)s is away from %(first)s on already; give that leave a last day first.") % values
    return _("%(rep)s is away from %(first)s to %(last)s already; correct that leave instead.") % values
