"""Figures as reported: what closed months said when they were closed.

`ask` answers the same questions as `rollups.reader.ask`. The figure of a closed month is the one that was kept. Longer and
shorter spans are put together from the kept cells of the closed months in them, and from what is now known of the rest.
Customers, stages and products have no kept figures: they are answered as now known.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from kpi_tracker.kpis import engine, query, registry
from kpi_tracker.kpis.measures import Dimension
from kpi_tracker.kpis.metrics import AnyKpi, FormulaKpi, SimpleKpi, SubjectKind
from kpi_tracker.kpis.parts import NOTHING, MemberId, Part, Parts, Subject, Want
from kpi_tracker.kpis.query import FactorValue, KpiQuery, KpiTable, KpiValue
from kpi_tracker.orgs import tree
from kpi_tracker.orgs.kept import kept
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.periods import Period, whole
from kpi_tracker.rollups import cells, reader
from kpi_tracker.rollups.cells import Lookup
from kpi_tracker.rollups.models import CellScope, PeriodClose, ReportedFigure

SCOPES = {SubjectKind.ORGANISATION: CellScope.ORGANISATION, SubjectKind.TEAM: CellScope.TEAM, SubjectKind.REP: CellScope.REP}
ZERO = Decimal(0)
AS_REPORTED = "reported"


def ask(organisation: Organisation, question: KpiQuery, *, today: dt.date) -> KpiTable:
    """Answer `question` as reported. The same values as `reader.ask` where no month is closed."""
    return ask_all(organisation, [question], today=today)[0]


def ask_all(organisation: Organisation, questions: Sequence[KpiQuery], *, today: dt.date) -> list[KpiTable]:
    """Several questions for the price of one, but for the figures kept of whole months."""
    rest: list[tuple[int, KpiQuery]] = []
    found: list[KpiTable] = []
    for place, question in enumerate(questions):
        closed = {closing.period: closing for closing in closings_of(organisation)} if _is_kept(question.subject, question.by) else {}
        kept = {(kpi, span) for span in question.spans if span in closed for kpi in question.kpis if kpi in closed[span].kpis}
        found.append(_kept(organisation, question, kept))
        spans_of: dict[tuple[Period, ...], list[str]] = defaultdict(list)
        for kpi in question.kpis:
            spans_of[tuple(span for span in question.spans if (kpi, span) not in kept)].append(kpi)
        rest += [(place, replace(question, kpis=tuple(kpis), spans=spans)) for spans, kpis in spans_of.items() if spans]
    answers = query.answer(organisation, [one for _, one in rest], source=parts, medians=engine.medians, today=today)
    for (place, _), table in zip(rest, answers, strict=True):
        found[place] |= table
    return found


def closings_of(organisation: Organisation) -> tuple[PeriodClose, ...]:
    """The months that are closed, in order. Not to be changed."""
    found = PeriodClose.objects.filter(organisation=organisation, reopened_at=None).order_by("month")
    return kept(organisation, ("closings",), lambda: tuple(found))


def _is_kept(subject: Subject, by: Dimension | None) -> bool:
    """Whether closed months have kept such figures."""
    if subject.kind not in SCOPES or by not in (None, Dimension.TEAM, Dimension.REP):
        return False
    return not (subject.kind is SubjectKind.REP and by is Dimension.TEAM)


# Figures of whole months -----------------------------------------------------------------------------

def _kept(organisation: Organisation, question: KpiQuery, kept: set[tuple[str, Period]]) -> KpiTable:
    if not kept:
        return {}
    kpis = {key: registry.kpi(key, organisation) for key in question.kpis}
    for kpi in kpis.values():
        query.check_asked(kpi, question.subject.kind, question.by)
    rows = figures_of(organisation, question.subject, question.by, {span.start for _, span in kept}, question.kpis)
    found: KpiTable = {}
    if question.by is None:
        found |= {(key, span, None): nothing(kpis[key]) for key, span in kept}
    spans = {span.start: span for _, span in kept}
    for (key, month, member), figure in rows.items():
        if (key, spans[month]) in kept:
            value = read(kpis[key], figure)
            found[key, spans[month], member] = value if question.medians else replace(value, median=None)
    return found


def figures_of(
    organisation: Organisation, subject: Subject, by: Dimension | None, months: Iterable[dt.date], kpis: Iterable[str]
) -> dict[tuple[str, dt.date, MemberId], dict[str, Any]]:
    """The kept figures as they are stored, by KPI, month and member."""
    rows = ReportedFigure.objects.filter(organisation=organisation, month__in=list(months), kpi__in=list(kpis))
    member = "scope_id"
    match by:
        case Dimension.TEAM:
            rows = rows.filter(scope_kind=CellScope.TEAM, member_id=0)
        case Dimension.REP if subject.kind is SubjectKind.TEAM:
            rows, member = rows.filter(scope_kind=CellScope.TEAM, scope_id=subject.id, member_id__gt=0), "member_id"
        case Dimension.REP if subject.kind is SubjectKind.ORGANISATION:
            rows = rows.filter(scope_kind=CellScope.REP)
        case _:
            rows = rows.filter(scope_kind=SCOPES[subject.kind], scope_id=subject.id, member_id=0)
    found = rows.values_list("kpi", "month", member, "figure")
    if by is Dimension.TEAM and subject.kind is SubjectKind.TEAM:
        below = {closing.month: closing.below(subject.id) for closing in closings_of(organisation)}
        return {(kpi, month, team): figure for kpi, month, team, figure in found if team in below.get(month, ())}
    return {(kpi, month, who if by else None): figure for kpi, month, who, figure in found}


@dataclass(frozen=True, slots=True)
class Change:
    """What a closed month said when it was closed, and what is known of it now."""

    reported: KpiValue
    now: KpiValue

    @property
    def difference(self) -> Decimal | None:
        if self.reported.value is None or self.now.value is None:
            return None
        return self.now.value - self.reported.value

    @property
    def is_changed(self) -> bool:
        return self.reported.value != self.now.value


def changes(organisation: Organisation, subject: Subject, table: KpiTable) -> dict[tuple[str, Period], Change]:
    """Which of the figures in `table`, as now known of `subject` itself, are of closed months and differ from what was reported.

    One query, and none where no month of the table is closed.
    """
    closed = {closing.period: closing for closing in closings_of(organisation)}
    asked = [(key, span) for key, span, member in table if member is None and span in closed and key in closed[span].kpis]
    if not asked or not _is_kept(subject, None):
        return {}
    rows = figures_of(organisation, subject, None, {span.start for _, span in asked}, {key for key, _ in asked})
    found = {}
    for key, span in asked:
        kpi = registry.kpi(key, organisation)
        figure = rows.get((key, span.start, None))
        change = Change(read(kpi, figure) if figure else nothing(kpi), table[key, span, None])
        if change.is_changed:
            found[key, span] = change
    return found


# A figure as it is stored ----------------------------------------------------------------------------

def written(value: KpiValue) -> dict[str, Any]:
    """All digits as text; what is empty is left out."""
    numbers = {"value": value.value, "numerator": value.numerator, "denominator": value.denominator, "median": value.median}
    row: dict[str, Any] = {name: str(number) for name, number in numbers.items() if number is not None}
    row |= {name: kept for name in ("count", "immature", "capped") if (kept := getattr(value, name))}
    if value.factors:
        row["factors"] = [_factor_written(factor) for factor in value.factors]
    return row


def _factor_written(factor: FactorValue) -> dict[str, Any]:
    return {
        "start": factor.span.start.isoformat(), "end": factor.span.end.isoformat(), "value": written(factor.value),
        "used": None if factor.used is None else str(factor.used), "capped": factor.capped,
    }


def read(kpi: AnyKpi, row: Mapping[str, Any]) -> KpiValue:
    """What `written` wrote. Factors are left out where the KPI is put together otherwise by now."""
    def number(name: str) -> Decimal | None:
        return Decimal(row[name]) if name in row else None

    kept = row.get("factors", [])
    factors = kpi.factors if isinstance(kpi, FormulaKpi) and len(kpi.factors) == len(kept) else ()
    return KpiValue(
        value=number("value"), numerator=number("numerator") or ZERO, denominator=number("denominator"), count=row.get("count", 0),
        median=number("median"), immature=row.get("immature", False), capped=row.get("capped", False),
        factors=tuple(
            FactorValue(
                factor=factor, span=Period(dt.date.fromisoformat(one["start"]), dt.date.fromisoformat(one["end"])),
                value=read(factor.kpi, one["value"]), used=None if one["used"] is None else Decimal(one["used"]), capped=one["capped"],
            )
            for factor, one in zip(factors, kept, strict=False)
        ),
    )


def nothing(kpi: AnyKpi) -> KpiValue:
    """The figure of somebody without records."""
    simple = isinstance(kpi, SimpleKpi)
    return KpiValue(value=ZERO if simple else None, numerator=ZERO, denominator=None if simple else ZERO)


def is_nothing(value: KpiValue) -> bool:
    return not (value.value or value.numerator or value.denominator or value.count)


# Parts of other spans --------------------------------------------------------------------------------

@dataclass(frozen=True, slots=True)
class _Split:
    """A want cut up. rest: what is asked as now known, of days in no closed month and of measures that were not kept.

    kept, pieces: what is read from the kept cells, and the spans that each piece is part of. open: of each piece in no closed month.
    """

    rest: list[Want]
    kept: Want | None = None
    pieces: Mapping[Period, list[Period]] = field(default_factory=dict)
    open: Mapping[Period, list[Period]] = field(default_factory=dict)


def parts(organisation: Organisation, wants: Sequence[Want]) -> list[Parts]:
    """See `kpis.parts.Source`. Days of closed months count as they were kept."""
    splits = [_split(organisation, want) for want in wants]
    known = iter(reader.parts(organisation, [want for split in splits for want in split.rest]))
    kept = [(split.kept, split.pieces) for split in splits if split.kept is not None]
    lookups = [_lookup(organisation, want, tuple(pieces)) for want, pieces in kept]
    cell_parts = iter(cells.read(organisation.pk, organisation.calendar, lookups, table="rollups_reportedcell") if lookups else [])
    found: list[Parts] = []
    for split in splits:
        answers = [next(known) for _ in split.rest]
        if split.kept is None:
            found.append(answers[0])
            continue
        totals: dict[tuple[str, Period, MemberId], Part] = defaultdict(lambda: NOTHING)
        for one, answer in [*zip(split.rest, answers, strict=True), (split.kept, next(cell_parts))]:
            spans_of = split.pieces if one is split.kept else split.open if one.measures == split.kept.measures else {}
            for (key, piece, member), part in answer.items():
                for span in spans_of.get(piece, [piece]):
                    totals[key, span, member] = totals[key, span, member].plus(part)
        found.append(dict(totals))
    return found


def _split(organisation: Organisation, want: Want) -> _Split:
    met = [closing for closing in closings_of(organisation) if any(closing.period.meets(span) for span in want.spans)]
    kept = tuple(measure for measure in want.measures if all(measure.key in closing.measures for closing in met))
    if not met or not kept or not _is_kept(want.subject, want.by):
        return _Split([want])
    months = [closing.period for closing in met]
    pieces: dict[Period, list[Period]] = defaultdict(list)
    opened: dict[Period, list[Period]] = defaultdict(list)
    for span in dict.fromkeys(want.spans):
        for piece in _open_parts(span, months):
            opened[piece].append(span)
        for month in months:
            if (common := month.overlap(span)) is not None:
                pieces[common].append(span)
    rest = [replace(want, measures=kept, spans=tuple(opened))] if opened else []
    if len(kept) < len(want.measures):
        rest.append(replace(want, measures=tuple(measure for measure in want.measures if measure not in kept)))
    return _Split(rest, replace(want, measures=kept), pieces, opened)


def _open_parts(span: Period, months: Sequence[Period]) -> list[Period]:
    """What of `span` lies in none of the months, which are in order."""
    found, start = [], span.start
    for month in months:
        if month.meets(span):
            if start < month.start:
                found.append(Period(start, month.start))
            start = max(start, month.end)
    return [*found, Period(start, span.end)] if start < span.end else found


def _lookup(organisation: Organisation, want: Want, pieces: tuple[Period, ...]) -> Lookup:
    """The kept cells of some parts of closed months: those of whole months, else of their days."""
    kind, subject = SCOPES[want.subject.kind], want.subject
    ids: tuple[int, ...] | None = (subject.id,)
    stays: dict[int, list[Period]] = {}
    match want.by:
        case Dimension.REP if subject.kind is SubjectKind.TEAM:
            stays = tree.stays_in(organisation, subject.id, whole(want.spans))
            kind, ids = CellScope.REP, tuple(stays)
        case Dimension.REP if subject.kind is SubjectKind.ORGANISATION:
            kind, ids = CellScope.REP, None
        case Dimension.TEAM:
            kind = CellScope.TEAM
            ids = tuple(sorted(tree.ever_below(organisation, subject.id))) if subject.kind is SubjectKind.TEAM else None
    keys = tuple(measure.key for measure in want.measures)
    return Lookup(keys, kind, ids, pieces, by_member=want.by is not None, weeks=False, stays=stays)
