"""Closed months: which there are, what each said when it was closed, and what is known of it now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext

from dashboards.catalogue import Shown, ShownKpi
from dashboards.math_links import Figure, subject_text
from dashboards.sentences import points
from dashboards.subjects import About, Named, label_of, tree
from kpi_tracker import formats
from kpi_tracker.kpis import registry
from kpi_tracker.kpis.measures import Unit
from kpi_tracker.kpis.metrics import AnyKpi, SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.kpis.query import KpiQuery, KpiTable
from kpi_tracker.orgs.models import Rep
from kpi_tracker.orgs.tree import teams_of
from kpi_tracker.periods import Grain, Period
from kpi_tracker.rollups import closing, reader, reported
from kpi_tracker.rollups.closing import Month
from kpi_tracker.rollups.models import LateEdit, PeriodClose
from kpi_tracker.rollups.reported import Change
from kpi_tracker.scope import Scope

FEW = 12  # so many months stand on the list at first


# The months ------------------------------------------------------------------------------------------

@dataclass(frozen=True, slots=True)
class MonthRow:
    """edits: how many edits were made in the month since it was closed. by: who closed it; empty where the rule did."""

    month: Month
    name: str
    key: str
    closed_at: dt.datetime | None = None
    reopened_at: dt.datetime | None = None
    by: str = ""
    edits: int = 0


def month_rows(scope: Scope, *, today: dt.date) -> list[MonthRow]:
    found = closing.months(scope.organisation, today=today)
    edits = _edits_of([month.closing for month in found if month.closing and month.is_closed], scope)
    people = {one.pk: one.closed_by for one in PeriodClose.objects.within(scope).select_related("closed_by")}
    rows = []
    for month in found:
        closed, zone = month.closing, scope.organisation.zone
        by = people.get(closed.pk) if closed else None
        rows.append(MonthRow(
            month, formats.period_name(Grain.MONTH, month.period), month.period.start.isoformat(),
            closed_at=closed.closed_at.astimezone(zone) if closed and month.is_closed else None,
            reopened_at=closed.reopened_at.astimezone(zone) if closed and closed.reopened_at else None,
            by=by.name if by else "", edits=edits.get(month.period.start, 0),
        ))
    return rows


def _edits_of(closed: Iterable[PeriodClose], scope: Scope) -> dict[dt.date, int]:
    counts = {
        f"m{one.month:%Y%m}": Count("id", filter=Q(id__gt=one.edits_before, first_on__lt=one.ends, last_on__gte=one.month))
        for one in closed
    }
    if not counts:
        return {}
    found = LateEdit.objects.within(scope).aggregate(**counts)
    return {dt.date(int(key[1:5]), int(key[5:]), 1): number for key, number in found.items()}


def few(rows: list[MonthRow]) -> list[MonthRow]:
    """The last months, and all back to the first that is closed."""
    last = max((place for place, row in enumerate(rows, 1) if row.month.is_closed), default=0)
    return rows[: max(FEW, last)]


def months_answer(rows: list[MonthRow]) -> str:
    closed = [row for row in rows if row.month.is_closed]
    if not closed:
        return gettext("No month is closed")
    text = ngettext("%(number)d month is closed, up to %(month)s", "%(number)d months are closed, up to %(month)s", len(closed))
    return text % {"number": len(closed), "month": formats.period_name(Grain.MONTH, closed[0].month.period, in_sentence=True)}


def closing_get(scope: Scope, month: Period) -> PeriodClose | None:
    """The closing of a month that is closed now."""
    found: PeriodClose | None = (
        PeriodClose.objects.within(scope).filter(month=month.start, reopened_at=None).select_related("closed_by").first()
    )
    return found


# A month's figures -----------------------------------------------------------------------------------

@dataclass(frozen=True, slots=True)
class FigureRow:
    """One KPI of a closed month. difference: empty where it has not changed, "–" where one of the two has no value."""

    shown: ShownKpi
    change: Change
    reported: str
    now: str
    difference: str
    link: str
    math: str

    @property
    def is_changed(self) -> bool:
        return self.change.is_changed


def figure_rows(scope: Scope, about: About, closed: PeriodClose, *, today: dt.date) -> list[FigureRow]:
    """Every KPI that the organisation shows for this subject and that the month kept."""
    shown = [one for _, kpis in Shown(scope, about.kind).by_category() for one in kpis if one.key in closed.kpis]
    span, currency, org = closed.period, scope.organisation.base_currency, scope.organisation.slug
    question = KpiQuery(tuple(one.key for one in shown), about.subject, (span,))
    now = reader.ask(scope.organisation, question, today=today)
    changed = reported.changes(scope.organisation, about.subject, now)
    rows = []
    for one in shown:
        value = now[one.key, span, None]
        change = changed.get((one.key, span), Change(value, value))
        rows.append(FigureRow(
            one, change, formats.kpi_value(one.kpi, change.reported.value, currency), formats.kpi_value(one.kpi, value.value, currency),
            signed(one.kpi, change.difference, currency) if change.is_changed else "",
            explanation_link(org, one.key, about.subject, span), Figure(one.key, about.subject, span).address(org),
        ))
    return rows


def figures_answer(rows: list[FigureRow], month: str) -> str:
    changed = sum(1 for row in rows if row.is_changed)
    values = {"changed": changed, "all": len(rows), "month": month}
    if not changed:
        return capfirst(gettext("%(month)s stands as it was reported") % values)
    text = ngettext(
        "%(changed)d of %(all)d figures of %(month)s has changed since it was closed",
        "%(changed)d of %(all)d figures of %(month)s have changed since it was closed", changed,
    )
    return text % values


def month_link(scope: Scope, closed: PeriodClose, subject: Subject) -> str:
    address = reverse("dashboards:closed_month", kwargs={"org": scope.organisation.slug, "month": closed.month.isoformat()})
    return f"{address}?subject={subject_text(subject)}"


def explanation_link(org: str, kpi: str, subject: Subject, month: Period) -> str:
    address = reverse("dashboards:closed_figure", kwargs={"org": org, "month": month.start.isoformat(), "kpi": kpi})
    return address if subject.kind is SubjectKind.ORGANISATION else f"{address}?subject={subject_text(subject)}"


def signed(kpi: AnyKpi, amount: Decimal | None, currency: str) -> str:
    """A difference with its sign; of percentages in points. One too small to be written is "≈ 0"."""
    text = formats.signed_kpi_value(kpi, amount, currency)
    if amount is not None and kpi.unit is Unit.PERCENT:
        text = ("+" if amount > 0 else formats.MINUS if amount < 0 else "") + points(amount * 100)
    return text if not amount or any(digit in text for digit in "123456789") else "≈\u00a00"


@dataclass(frozen=True, slots=True)
class Note:
    """Beside a figure of a closed month that has changed: "reported 412, now 415: +3"; short, "reported 412"."""

    text: str
    short: str
    link: str


def notes(scope: Scope, subject: Subject, table: KpiTable) -> Mapping[tuple[str, Period], Note]:
    """The notes on the figures in `table`, as now known of the page's own subject; one query, none without closed months."""
    found, currency = {}, scope.organisation.base_currency
    kpis = {kpi.key: kpi for kpi in registry.kpis_of(scope.organisation)}
    for (key, span), change in reported.changes(scope.organisation, subject, table).items():
        if (kpi := kpis.get(key)) is not None:
            link = explanation_link(scope.organisation.slug, key, subject, span)
            short = gettext("reported %(reported)s") % {"reported": formats.kpi_value(kpi, change.reported.value, currency)}
            found[key, span] = Note(change_text(kpi, change, currency), short, link)
    return found


def change_text(kpi: AnyKpi, change: Change, currency: str) -> str:
    reported_then, now = (formats.kpi_value(kpi, value.value, currency) for value in (change.reported, change.now))
    values = {"reported": reported_then, "now": now}
    if change.difference is None:
        return gettext("reported %(reported)s, now %(now)s") % values
    values["difference"] = signed(kpi, change.difference, currency)
    return gettext("reported %(reported)s, now %(now)s: %(difference)s") % values


# Whom a month's page may be about --------------------------------------------------------------------

def first_subject(scope: Scope) -> Subject:
    """Whom the page is about where nobody is chosen: the organisation, else the person's own figures, else a team."""
    if scope.sees_organisation:
        return Subject(SubjectKind.ORGANISATION)
    if scope.rep_id is not None:
        return Subject(SubjectKind.REP, scope.rep_id)
    return Subject(SubjectKind.TEAM, min(scope.team_ids or {0}))


def subject_choices(scope: Scope, day: dt.date) -> list[tuple[str, list[tuple[str, str]]]]:
    """What may be chosen, by kind: addresses' texts and names."""
    teams = [named for named in tree(teams_of(scope.organisation)) if scope.may_see_team(named.subject.id)]
    reps = Rep.objects.within(scope).filter(is_unassigned=False).exclude(started_on__gt=day).order_by("name", "id")
    people = [Named(Subject(SubjectKind.REP, rep_id), name) for rep_id, name in reps.values_list("id", "name")]
    whole = [Named(Subject(SubjectKind.ORGANISATION), scope.organisation.name)] if scope.sees_organisation else []
    groups = [(SubjectKind.ORGANISATION, whole), (SubjectKind.TEAM, teams), (SubjectKind.REP, people)]
    return [
        (label_of(kind), [(subject_text(named.subject), "\u2003" * named.depth + named.name) for named in found])
        for kind, found in groups if found
    ]
