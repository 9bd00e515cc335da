"""KPI figures for programs: decimals exact, as texts. The command `kpi` and the API both answer with this."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, assert_never

from django.utils.translation import gettext as _

from kpi_tracker.errors import InvalidInput, NothingThere, NotPermitted
from kpi_tracker.kpis import registry
from kpi_tracker.kpis.measures import Dimension
from kpi_tracker.kpis.members import members_of
from kpi_tracker.kpis.metrics import AnyKpi, RatioKpi, SimpleKpi, SubjectKind
from kpi_tracker.kpis.parts import Subject, in_unit
from kpi_tracker.kpis.query import KpiQuery, KpiTable, KpiValue
from kpi_tracker.kpis.subjects import subject_of
from kpi_tracker.orgs.models import Organisation, Rep, Team
from kpi_tracker.periods import Grain, Period
from kpi_tracker.rollups.reader import ask
from kpi_tracker.sales.models import Customer
from kpi_tracker.scope import Scope

Entry = dict[str, Any]
Ask = Callable[..., KpiTable]
PLACES = Decimal("1E-12")


@dataclass(frozen=True, slots=True)
class Question:
    """One KPI over `period`, `to` included: one figure, or one for each `grain`, cut at both ends, and each member of `by`."""

    kpi: str
    subject: Subject
    period: Period
    grain: Grain | None = None
    by: Dimension | None = None

    def spans(self, organisation: Organisation) -> tuple[Period, ...]:
        return tuple(organisation.calendar.clipped(self.grain, self.period)) if self.grain else (self.period,)


def figures(organisation: Organisation, question: Question, *, today: dt.date, source: Ask = ask, member_ids: bool = False) -> Entry:
    """source: `rollups.reader.ask` (cells) or `kpis.engine.ask` (records). member_ids: name members by their ids too."""
    kpi, period = registry.kpi(question.kpi, organisation), question.period
    asked = KpiQuery(
        kpis=(kpi.key,), subject=question.subject, spans=question.spans(organisation), by=question.by, medians=True
    )
    table = source(organisation, asked, today=today)
    return {
        "kpi": kpi.key, "unit": kpi.unit.value, "scope": subject_text(question.subject), "from": period.start.isoformat(),
        "to": period.last.isoformat(), "grain": question.grain.value if question.grain else None,
        "rows": _rows(organisation, kpi, asked, table, member_ids),
    }


def _rows(organisation: Organisation, kpi: AnyKpi, asked: KpiQuery, table: KpiTable, member_ids: bool) -> list[Entry]:
    """One entry for each span, and for each member of the dimension asked for."""
    members: dict[int | None, str] = {None: ""}
    if asked.by is not None:
        seen = {member for _, _, member in table if member is not None}
        members = dict(members_of(organisation, asked.subject, asked.by, asked.spans, seen))
    found = []
    for span in asked.spans:
        for member, name in members.items():
            entry: Entry = {"from": span.start.isoformat(), "to": span.last.isoformat()}
            if asked.by is not None:
                entry |= {"member_id": member, "member": name} if member_ids else {"member": name}
            found.append(entry | _figure(kpi, table.get((kpi.key, span, member)) or _nothing(kpi)))
    return found


def _nothing(kpi: AnyKpi) -> KpiValue:
    """The value of somebody without records."""
    if isinstance(kpi, SimpleKpi):
        zero = in_unit(0, kpi.unit)
        return KpiValue(value=zero, numerator=zero)
    return KpiValue(value=None, numerator=Decimal(0), denominator=Decimal(0))


def _figure(kpi: AnyKpi, value: KpiValue) -> Entry:
    shown = value.value
    if shown is not None and value.denominator is not None:
        shown = shown.quantize(PLACES)
    entry: Entry = {
        "value": exact(shown), "numerator": exact(value.numerator), "denominator": exact(value.denominator), "count": value.count,
    }
    if isinstance(kpi, RatioKpi) and kpi.median:
        entry["median"] = exact(value.median)
    if isinstance(kpi, RatioKpi) and kpi.cohort:
        entry["immature"] = value.immature
    return entry


def exact(value: Decimal | None) -> str | None:
    """All digits, never an exponent."""
    return None if value is None else f"{value:f}"


def subject_text(subject: Subject) -> str:
    """`organisation`, or `team:3`."""
    return subject.kind.value if subject.kind is SubjectKind.ORGANISATION else f"{subject.kind.value}:{subject.id}"


def subject_seen(scope: Scope, text: str) -> tuple[Subject, str]:
    """Whom `organisation`, `team:3` or `team:Stockholm` means (an id, else a name), as far as `scope` sees it; with the name."""
    kind, _colon, name = text.partition(":")
    if kind in set(SubjectKind) and name.isascii() and name.isdigit() and len(name) < 19:
        subject = Subject(SubjectKind(kind), int(name))
        if (found := _name_of(scope, subject)) is not None:
            return subject, found
    try:
        subject = subject_of(scope.organisation, text)
    except InvalidInput as error:
        if error.code != "unknown_scope" or kind not in set(SubjectKind):
            raise
        raise NothingThere(error.message, field="scope") from error
    if (found := _name_of(scope, subject)) is None:
        raise NotPermitted(_("These figures are not yours to see."), field="scope")
    return subject, found


def _name_of(scope: Scope, subject: Subject) -> str | None:
    """None for what is not there, or not to be seen."""
    row: Any
    match subject.kind:
        case SubjectKind.ORGANISATION:
            return scope.organisation.name if scope.sees_organisation else None
        case SubjectKind.TEAM:
            row = Team.objects.within(scope).filter(pk=subject.id).first() if scope.may_see_team(subject.id) else None
        case SubjectKind.REP:
            row = Rep.objects.within(scope).filter(pk=subject.id).first()
        case SubjectKind.CUSTOMER:
            row = Customer.objects.within(scope).filter(pk=subject.id).first()
        case _:
            assert_never(subject.kind)
    return None if row is None else str(row)
