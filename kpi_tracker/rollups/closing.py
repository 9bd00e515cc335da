"""Closing a month keeps its figures as they are then; reopening lets them go. Nothing is blocked either way."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Max, Min
from django.utils.translation import gettext as _

from kpi_tracker.errors import InvalidInput
from kpi_tracker.kpis import query, registry
from kpi_tracker.kpis.measures import Dimension
from kpi_tracker.kpis.metrics import AnyKpi, SubjectKind
from kpi_tracker.kpis.parts import EVERYTHING, Subject
from kpi_tracker.kpis.query import KpiQuery
from kpi_tracker.orgs import tree
from kpi_tracker.orgs.models import Organisation, User
from kpi_tracker.periods import Grain, Period, add_months
from kpi_tracker.rollups import builder, reader
from kpi_tracker.rollups.models import (
    CellGrain,
    CellScope,
    ClosingRule,
    LateEdit,
    PeriodClose,
    ReportedCell,
    ReportedFigure,
    RollupCell,
)
from kpi_tracker.rollups.reported import is_nothing, written

BATCH = 2_000
LONGEST_WAIT = 90


@dataclass(frozen=True, slots=True)
class Month:
    """A month that has ended, with its closing; None where it never was closed."""

    period: Period
    closing: PeriodClose | None

    @property
    def is_closed(self) -> bool:
        return self.closing is not None and self.closing.reopened_at is None


def months(organisation: Organisation, *, today: dt.date) -> list[Month]:
    """The months that have ended, from the first with records on, the latest first."""
    first = reader.first_day(organisation)
    closings = {closing.month: closing for closing in PeriodClose.objects.filter(organisation=organisation)}
    starts = [*closings, *([first] if first else [])]
    this_month = organisation.calendar.bucket(Grain.MONTH, today)
    if not starts or min(starts) >= this_month.start:
        return []
    found = organisation.calendar.buckets(Grain.MONTH, Period(min(starts), this_month.start))
    return [Month(period, closings.get(period.start)) for period in reversed(found)]


@transaction.atomic
def period_close(*, organisation: Organisation, month: dt.date, by: User | None, now: dt.datetime) -> PeriodClose:
    """Keep the figures of the month that `month` lies in. One that is closed stays as it is.

    Raises InvalidInput where the month has not ended yet.
    """
    period, today = organisation.calendar.bucket(Grain.MONTH, month), organisation.local_day(now)
    if period.end > today:
        raise InvalidInput(_("This month has not ended yet; close it when it is over."), field="month")
    builder.refresh_fully(organisation)  # takes the organisation's lock, which holds until the end of this transaction
    known = PeriodClose.objects.filter(organisation=organisation, month=period.start).first()
    if known is not None and known.reopened_at is None:
        return known
    kpis = registry.kpis_of(organisation)
    closing = known or PeriodClose(organisation=organisation, month=period.start, ends=period.end)
    closing.closed_at, closing.closed_by, closing.reopened_at, closing.reopened_by = now, by, None, None
    closing.edits_before = LateEdit.objects.filter(organisation=organisation).aggregate(last=Max("id"))["last"] or 0
    closing.kpis = {kpi.key: kpi.version for kpi in kpis}
    closing.measures = [measure.key for measure in registry.measures_kept(organisation)]
    closing.teams = {str(team.id): sorted(tree.ever_below(organisation, team.id, period)) for team in tree.teams_of(organisation)}
    closing.save()
    _forget(organisation, period)
    _keep_cells(organisation, period)
    ReportedFigure.objects.bulk_create(_figures(organisation, period, kpis, today), batch_size=BATCH)
    return closing


@transaction.atomic
def period_reopen(*, organisation: Organisation, month: dt.date, by: User | None, now: dt.datetime) -> PeriodClose:
    """Let the figures of a closed month go. Raises InvalidInput where the month is not closed."""
    start = organisation.calendar.bucket(Grain.MONTH, month).start
    closing: PeriodClose | None = (
        PeriodClose.objects.select_for_update().filter(organisation=organisation, month=start, reopened_at=None).first()
    )
    if closing is None:
        raise InvalidInput(_("This month is not closed."), field="month")
    closing.reopened_at, closing.reopened_by = now, by
    closing.save()
    _forget(organisation, closing.period)
    still_closed = PeriodClose.objects.filter(organisation=organisation, reopened_at=None)
    oldest = still_closed.aggregate(first=Min("edits_before"))["first"]
    explained = LateEdit.objects.filter(organisation=organisation)
    (explained if oldest is None else explained.filter(id__lte=oldest)).delete()
    return closing


def closing_rule_set(*, organisation: Organisation, days_after: int | None, today: dt.date) -> None:
    """Months close by themselves `days_after` days after their end, from the one before this on; None: no longer."""
    if days_after is None:
        ClosingRule.objects.filter(organisation=organisation).delete()
        return
    if not 0 <= days_after <= LONGEST_WAIT:
        message = _("Write a number of days from 0 to %(most)s.") % {"most": LONGEST_WAIT}
        raise InvalidInput(message, field="days_after")
    since = add_months(organisation.calendar.bucket(Grain.MONTH, today).start, -1)
    ClosingRule.objects.update_or_create(
        organisation=organisation, defaults={"days_after": days_after}, create_defaults={"days_after": days_after, "since": since}
    )


def close_due(organisation: Organisation, *, now: dt.datetime) -> list[PeriodClose]:
    """Close the months whose days have gone by under the organisation's rule. What a person reopened stays open."""
    rule = ClosingRule.objects.filter(organisation=organisation).first()
    if rule is None:
        return []
    touched = set(PeriodClose.objects.filter(organisation=organisation).values_list("month", flat=True))
    due, month = [], organisation.calendar.bucket(Grain.MONTH, rule.since)
    while month.end + dt.timedelta(days=rule.days_after) <= organisation.local_day(now):
        if month.start not in touched:
            due.append(period_close(organisation=organisation, month=month.start, by=None, now=now))
        month = organisation.calendar.shift(Grain.MONTH, month, 1)
    return due


def _forget(organisation: Organisation, period: Period) -> None:
    ReportedFigure.objects.filter(organisation=organisation, month=period.start).delete()
    ReportedCell.objects.filter(organisation=organisation, bucket__gte=period.start, bucket__lt=period.end).delete()


def _keep_cells(organisation: Organisation, period: Period) -> None:
    columns = "organisation_id, scope_kind, scope_id, measure, grain, bucket, value, n"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {ReportedCell._meta.db_table} ({columns}) SELECT {columns} FROM {RollupCell._meta.db_table}"
            " WHERE organisation_id = %s AND grain IN (%s, %s) AND bucket >= %s AND bucket < %s",
            [organisation.pk, CellGrain.DAY.value, CellGrain.MONTH.value, period.start, period.end],
        )


def _figures(organisation: Organisation, period: Period, kpis: Sequence[AnyKpi], today: dt.date) -> Iterator[ReportedFigure]:
    """Of the organisation, each team and each rep, and of each rep within a team: with the days that the rep belonged to it."""
    questions: list[tuple[CellScope, Subject, Dimension | None]] = [
        (CellScope.ORGANISATION, EVERYTHING, None), (CellScope.TEAM, EVERYTHING, Dimension.TEAM),
        (CellScope.REP, EVERYTHING, Dimension.REP),
    ]
    questions += [(CellScope.TEAM, Subject(SubjectKind.TEAM, team.id), Dimension.REP) for team in tree.teams_of(organisation)]
    for scope, subject, by in questions:
        asked = tuple(kpi.key for kpi in kpis if subject.kind in kpi.subjects and (by is None or query.breaks_down(kpi, by)))
        whole = KpiQuery(kpis=asked, subject=subject, spans=(period,), by=by, medians=True)
        for (key, _span, member), value in reader.ask(organisation, whole, today=today).items():
            if member is not None and is_nothing(value):
                continue
            within_team = subject.kind is SubjectKind.TEAM
            yield ReportedFigure(
                organisation=organisation, month=period.start, scope_kind=scope, scope_id=subject.id if within_team else member or 0,
                member_id=(member or 0) if within_team else 0, kpi=key, figure=written(value),
            )
