"""The stored local days follow the organisation's time zone.

An activity or a move of a deal that knows its moment gets the day of that moment in the new zone; so does a deal that the
move closed. A move at exactly the first moment of its day was dated by the day alone: it keeps the day, and its moment
becomes the first one of that day in the new zone.

The work is done in steps, each in a transaction of its own, by one or many workers; what a killed one began, the next
one goes on with. Figures are right all the time: each step marks the days that it leaves and those that it enters.
"""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import DateTimeField, F, Func, Max, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import TruncDate

from kpi_tracker.orgs.models import Organisation, ZoneChange
from kpi_tracker.sales.models import Activity, Deal, DealStatus, StageChange

STEP = 20_000
MIDNIGHT = dt.time(0)


class StartOfDay(Func):
    """The first moment of a day in a zone."""

    output_field = DateTimeField()
    arity = 2

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        day, zone = (compiler.compile(part) for part in self.source_expressions)
        return f"(({day[0]})::timestamp AT TIME ZONE {zone[0]})", (*day[1], *zone[1])

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, function="sales_start_of_day", **context)


def start_of_day_text(day: str | None, zone: str) -> str | None:
    """What SQLite's `sales_start_of_day` gives: the moment in UTC, as Django stores moments there."""
    if day is None:
        return None
    start = dt.datetime.combine(dt.date.fromisoformat(day), MIDNIGHT, tzinfo=ZoneInfo(zone))
    return start.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S")


@transaction.atomic
def zone_change_note(*, organisation: Organisation, now: dt.datetime) -> ZoneChange | None:
    """Write down what is to be done where the days are neither in the organisation's zone nor on their way to it."""
    row = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    changes = ZoneChange.objects.filter(organisation=row, finished_at=None).order_by("-id")
    before = changes.values_list("after", flat=True).first() or row.days_timezone
    if not before:
        Organisation.objects.filter(pk=row.pk).update(days_timezone=row.timezone)
        return None
    if before == row.timezone:
        return None
    total = sum(table.filter(organisation=row).count() for table in (_with_moment(Activity), _with_moment(StageChange)))
    made: ZoneChange = ZoneChange.objects.create(organisation=row, before=before, after=row.timezone, asked_at=now, total=total)
    return made


def recompute(organisation: Organisation, *, now: dt.datetime, step: int = STEP) -> int:
    """Bring all stored days into the organisation's zone; the number of steps that it took."""
    zone_change_note(organisation=organisation, now=now)
    steps = 0
    while _step(organisation, now=now, size=step):
        steps += 1
    return steps


@transaction.atomic
def _step(organisation: Organisation, *, now: dt.datetime, size: int) -> bool:
    """One step of the oldest change under way; False where there is none."""
    change = ZoneChange.objects.select_for_update().filter(organisation=organisation, finished_at=None).order_by("id").first()
    if change is None:
        return False
    move = (_move_activities, _move_stage_changes)[change.table]
    model = (Activity, StageChange)[change.table]
    ids = _with_moment(model).filter(organisation=organisation, id__gt=change.last_id).order_by("id").values("id")[:size]
    last = model.objects.filter(organisation=organisation, id__in=ids).aggregate(last=Max("id"))["last"]
    if last is not None:
        chosen = _with_moment(model).filter(organisation=organisation, id__gt=change.last_id, id__lte=last)
        change.done += chosen.count()
        change.last_id = last
        move(chosen, ZoneInfo(change.before), ZoneInfo(change.after))
    elif change.table == 0:
        change.table, change.last_id = 1, 0
    else:
        change.finished_at = now
        Organisation.objects.filter(pk=organisation.pk).update(days_timezone=change.after)
    change.save()
    return True


def _with_moment(model: Any) -> QuerySet[Any]:
    rows: QuerySet[Any] = model.objects.filter(occurred_at__isnull=False) if model is Activity else model.objects.all()
    return rows


def _move_activities(chosen: QuerySet[Any], _before: ZoneInfo, after: ZoneInfo) -> None:
    day = TruncDate("occurred_at", tzinfo=after)
    chosen.exclude(occurred_on=day).update(occurred_on=day)


def _move_stage_changes(chosen: QuerySet[Any], before: ZoneInfo, after: ZoneInfo) -> None:
    by_day = Q(changed_at=StartOfDay(F("changed_on"), Value(before.key)))
    day = TruncDate("changed_at", tzinfo=after)
    moved = chosen.exclude(by_day).exclude(changed_on=day)
    _move_closing_days(moved, day)
    dated = list(chosen.filter(by_day).values_list("id", flat=True))
    moved.update(changed_on=day)
    for start in range(0, len(dated), 500):
        rows = StageChange.objects.filter(id__in=dated[start : start + 500], organisation_id__in=chosen.values("organisation_id"))
        rows.update(changed_at=StartOfDay(F("changed_on"), Value(after.key)))


def _move_closing_days(moved: QuerySet[Any], day: Any) -> None:
    """The day a deal closed is that of the move that closed it: the last one on that day, into the stage that it is in."""
    closing = StageChange.objects.filter(
        organisation_id=OuterRef("organisation_id"), deal=OuterRef("pk"), to_stage=OuterRef("stage_id"), changed_on=OuterRef("closed_on")
    ).order_by("-changed_at", "-id")
    deals = Deal.objects.filter(organisation_id__in=moved.values("organisation_id"), id__in=moved.values("deal_id"))
    closed = deals.exclude(status=DealStatus.OPEN).alias(closing=Subquery(closing.values("id")[:1])).filter(closing__in=moved.values("id"))
    closed.update(closed_on=Subquery(closing.annotate(new_day=day).values("new_day")[:1]))
