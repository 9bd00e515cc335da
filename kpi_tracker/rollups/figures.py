"""KPI figures for programs: a question in plain texts, the answer in plain texts, decimals exact.

The API and the command `kpi` both answer with this.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, assert_never

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from kpi_tracker.errors import InvalidInput, NothingThere, NotPermitted
from kpi_tracker.kpis import registry
from kpi_tracker.kpis.measures import Unit
from kpi_tracker.kpis.metrics import AnyKpi, SubjectKind
from kpi_tracker.kpis.query import Dimension, KpiQuery, KpiTable, KpiValue, Subject
from kpi_tracker.orgs.models import Rep, Team
from kpi_tracker.periods import Grain, Period
from kpi_tracker.rollups.reader import ask
from kpi_tracker.sales.models import Customer
from kpi_tracker.scope import Scope

Ask = Callable[..., KpiTable]
# Three years of days; a breakdown has a figure for each member in each bucket.
MOST_BUCKETS = 1100
MOST_BUCKETS_OF_BREAKDOWN = 370


@dataclass(frozen=True, slots=True)
class NamedSubject:
    subject: Subject
    name: str

    @property
    def text(self) -> str:
        """As `subject_named` reads it."""
        return self.subject.kind.value if self.subject.kind is SubjectKind.ORGANISATION else f"{self.subject.kind}:{self.subject.id}"


def subject_named(scope: Scope, text: str) -> NamedSubject:
    """Whom `organisation`, `team:3`, `team:Stockholm`, `rep:…` or `customer:…` means: by id, else by name."""
    kind, _colon, name = text.strip().partition(":")
    if kind not in set(SubjectKind):
        raise InvalidInput(_("Name a scope as organisation, team:…, rep:… or customer:…, with an id or a name."), field="scope")
    match SubjectKind(kind):
        case SubjectKind.ORGANISATION:
            if not scope.sees_organisation:
                raise NotPermitted(_("The organisation's totals are not yours to see."), field="scope")
            return NamedSubject(Subject(SubjectKind.ORGANISATION), scope.organisation.name)
        case SubjectKind.TEAM:
            found = _one(Team.objects.within(scope), kind, name.strip())
            if not scope.may_see_team(found.pk):
                raise NotPermitted(_("That team's totals are not yours to see."), field="scope")
        case SubjectKind.REP:
            found = _one(Rep.objects.within(scope), kind, name.strip())
        case SubjectKind.CUSTOMER:
            found = _one(Customer.objects.within(scope), kind, name.strip())
        case unknown:
            assert_never(unknown)
    return NamedSubject(Subject(SubjectKind(kind), found.pk), str(found))


def _one(rows: QuerySet[Any], kind: str, text: str) -> Any:
    if text.isascii() and text.isdigit() and len(text) < 19 and (found := rows.filter(pk=int(text)).first()) is not None:
        return found
    named = list(rows.filter(name=text)[:2]) or list(rows.filter(name__iexact=text)[:2])
    if not named or not text:
        raise NothingThere(_("There is no %(kind)s “%(name)s” here.") % {"kind": kind, "name": text}, field="scope")
    if len(named) > 1:
        message = _("Several are called %(name)s; give the id instead.")
        raise InvalidInput(message % {"name": text}, field="scope", code="ambiguous")
    return named[0]


def figures(
    scope: Scope, *, kpi: str, about: NamedSubject, period: Period, today: dt.date, grain: Grain | None = None,
    by: Dimension | None = None, source: Ask = ask,
) -> dict[str, Any]:
    """The KPI over `period`: one figure, or one for each bucket of `grain` cut at the period's ends; with `by`, for each member.

    source: `rollups.reader.ask` (cells) or `kpis.engine.ask` (records).
    """
    declared = registry.kpi(kpi)
    spans = _spans(scope, period, grain, by)
    question = KpiQuery(kpis=(kpi,), subject=about.subject, spans=spans, by=by, medians=True)
    table = source(scope.organisation, question, today=today)
    members = _members(scope, by, {member for _kpi, _span, member in table if member is not None})
    values = [
        {**_days(span), "member": named, **figure(table[kpi, span, member])}
        for span in spans for member, named in members if (kpi, span, member) in table
    ]
    return {
        **description(scope, declared), "scope": about.text, "scope_name": about.name, **_days(period),
        "grain": grain and grain.value, "by": by and by.value, "values": values,
    }


def _spans(scope: Scope, period: Period, grain: Grain | None, by: Dimension | None) -> tuple[Period, ...]:
    most = MOST_BUCKETS_OF_BREAKDOWN if by else MOST_BUCKETS
    if grain is None:
        return (period,)
    shortest = {Grain.DAY: 1, Grain.WEEK: 7, Grain.MONTH: 28, Grain.QUARTER: 90, Grain.YEAR: 365}
    if len(period) // shortest[grain] > most:
        raise InvalidInput(_("That makes more than %(most)d figures; ask for less time or a longer grain.") % {"most": most}, field="grain")
    return tuple(scope.organisation.calendar.clipped(grain, period))


def _members(scope: Scope, by: Dimension | None, ids: Iterable[int]) -> list[tuple[int | None, dict[str, Any] | None]]:
    """The members of a breakdown that `scope` sees, by name."""
    match by:
        case None:
            return [(None, None)]
        case Dimension.TEAM:
            rows = [team for team in Team.objects.within(scope).filter(id__in=ids) if scope.may_see_team(team.pk)]
        case Dimension.REP:
            rows = list(Rep.objects.within(scope).filter(id__in=ids))
        case Dimension.CUSTOMER:
            rows = list(Customer.objects.within(scope).filter(id__in=ids))
        case _:
            assert_never(by)
    return [(row.pk, {"id": row.pk, "name": str(row)}) for row in sorted(rows, key=lambda row: (str(row), row.pk))]


def description(scope: Scope, kpi: AnyKpi) -> dict[str, Any]:
    return {
        "kpi": kpi.key, "label": str(kpi.label), "unit": kpi.unit.value, "version": kpi.version,
        "currency": scope.organisation.base_currency if kpi.unit is Unit.MONEY else None,
    }


def figure(value: KpiValue) -> dict[str, Any]:
    return {
        "value": exact(value.value), "numerator": exact(value.numerator), "denominator": exact(value.denominator),
        "count": value.count, "median": exact(value.median),
    }


def exact(value: Decimal | None) -> str | None:
    """All digits, never an exponent."""
    return None if value is None else f"{value:f}"


def _days(period: Period) -> dict[str, str]:
    """Both days included, as people say it."""
    return {"from": period.start.isoformat(), "to": period.last.isoformat()}
