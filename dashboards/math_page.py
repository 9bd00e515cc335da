"""One figure opened up: which, whose and when, as an address names it, and what its page is given."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, assert_never

from django.core.exceptions import PermissionDenied
from django.core.paginator import Page
from django.http import Http404, QueryDict

from dashboards import closing, list_sentences
from dashboards import formula_words as words
from dashboards.catalogue import Shown
from dashboards.closing import Note
from dashboards.forms import period_from, subject_from
from dashboards.formula_notes import notes
from dashboards.formulas import Formula, Opened, Operand, Part, formula, when
from dashboards.math_links import Figure, Member, member_from, path_from, path_text
from dashboards.piles import Sums
from dashboards.record_columns import Text, exact, quantity_column
from dashboards.records import MEMBERS, Asked, Records, records_of, wanted_from
from dashboards.subjects import About, about, address
from kpi_tracker import formats
from kpi_tracker.kpis import registry
from kpi_tracker.kpis.measures import Dimension, Fact, Measure
from kpi_tracker.kpis.metrics import AnyKpi, RatioKpi, SimpleKpi, SubjectKind
from kpi_tracker.kpis.own import is_own
from kpi_tracker.kpis.parts import Subject, in_unit
from kpi_tracker.kpis.query import KpiQuery, KpiTable, KpiValue, breaks_down, spans_of
from kpi_tracker.orgs.models import Rep, Team, TeamAssignment
from kpi_tracker.periods import Grain
from kpi_tracker.rollups import reader
from kpi_tracker.sales.models import Customer, Product, Stage
from kpi_tracker.scope import Scope

MODELS: dict[Dimension, Any] = {
    Dimension.TEAM: Team, Dimension.REP: Rep, Dimension.CUSTOMER: Customer, Dimension.STAGE: Stage, Dimension.PRODUCT: Product,
}


@dataclass(frozen=True, slots=True)
class Crumb:
    label: str
    address: str


@dataclass(frozen=True, slots=True)
class Math:
    """figure: what was asked for; path: the way from it to the factor that is shown. part: whose records are listed, if any."""

    scope: Scope
    figure: Figure
    path: tuple[int, ...]
    about: About
    name: str  # of the member within whom it is about
    opened: Opened
    formula: Formula
    crumbs: tuple[Crumb, ...]
    part: Part | None

    @property
    def label(self) -> str:
        return self.crumbs[-1].label

    def asked(self, part: Part) -> Asked:
        return Asked(self.scope.organisation, part, self.figure.subject, self.figure.member, self.opened.today)


def math_of(scope: Scope, kpi: str, query: QueryDict, today: dt.date) -> Math:
    """404 for what does not exist, 403 for what the scope may not see."""
    organisation = scope.organisation
    found = next((one for one in registry.kpis_of(organisation) if one.key == kpi), None)
    kind, number = subject_from(query)
    period = period_from(query, otherwise=organisation.calendar.bucket(Grain.MONTH, today))
    member = member_from(query)
    if found is None or kind not in found.subjects or (member is not None and not breaks_down(found, member.by)):
        raise Http404
    whom = about(scope, kind, number, day=min(today, period.last))
    name = _member_name(scope, member)
    figure = Figure(kpi, whom.subject, period, member)
    value = _value(scope, found, figure, today)
    labels = {one.measure.key: str(one.label) for one in registry.kpis_of(organisation) if isinstance(one, SimpleKpi)}
    shown = Shown(scope, kind).get(kpi)
    crumbs = [Crumb(shown.label if shown else str(found.label), figure.address(organisation.slug))]
    path = path_from(query)
    opened_kpi, span = found, period
    for place, step in enumerate(path):
        if step >= len(value.factors):
            raise Http404
        factor = value.factors[step]
        opened_kpi, span, value = factor.factor.kpi, factor.span, factor.value
        crumbs.append(Crumb(str(opened_kpi.label), figure.address(organisation.slug, factor=path_text(path[: place + 1]))))
    spans = spans_of(organisation, span, opened_kpi, today=today, source=reader.parts)
    subject = Subject(MEMBERS[member.by], member.id) if member is not None and member.by in MEMBERS else whom.subject
    if today < span.start:
        value = replace(value, value=None)
    opened = Opened(organisation, opened_kpi, span, value, spans, today, subject, labels)
    made = formula(opened)
    part = next((one for one in made.parts if one.key == query.get("part")), made.parts[0] if made.parts else None)
    return Math(scope, figure, path, whom, name, opened, made, tuple(crumbs), part)


def _member_name(scope: Scope, member: Member | None) -> str:
    """What the member is called; reps and teams only where the scope may see them."""
    if member is None:
        return ""
    row = MODELS[member.by].objects.filter(organisation=scope.organisation, id=member.id).first()
    if row is None:
        raise Http404
    if not _may_see(scope, member):
        raise PermissionDenied
    return str(row)


def _may_see(scope: Scope, member: Member) -> bool:
    match member.by:
        case Dimension.REP:
            return scope.may_see_rep(member.id)
        case Dimension.TEAM:
            return scope.may_see_team(member.id)
        case Dimension.CUSTOMER:
            return bool(Customer.objects.within(scope).filter(id=member.id).exists())
        case Dimension.STAGE | Dimension.PRODUCT:
            return True
        case _:
            assert_never(member.by)


def _value(scope: Scope, kpi: AnyKpi, figure: Figure, today: dt.date) -> KpiValue:
    by, number = (figure.member.by, figure.member.id) if figure.member else (None, None)
    table = reader.ask(scope.organisation, KpiQuery((kpi.key,), figure.subject, (figure.span,), by=by, medians=True), today=today)
    return table.get((kpi.key, figure.span, number)) or _nothing(kpi)


def _nothing(kpi: AnyKpi) -> KpiValue:
    zero = Decimal(0)
    return KpiValue(value=zero, numerator=zero) if isinstance(kpi, SimpleKpi) else KpiValue(value=None, numerator=zero, denominator=zero)


# What the page shows -------------------------------------------------------------------------------

@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of the formula: an operator, or a part with the way to its records (a factor: to its own formula)."""

    operator: str = ""
    operand: Operand | None = None
    address: str = ""
    on: bool = False


def pieces(math: Math) -> list[Piece]:
    found = []
    for piece in math.formula.pieces:
        if isinstance(piece, str):
            found.append(Piece(operator=piece))
        else:
            on = bool(piece.part) and math.part is not None and math.part.key == piece.part
            found.append(Piece(operand=piece, address=_address(math, piece), on=on))
    return found


def _address(math: Math, operand: Operand) -> str:
    org = math.scope.organisation.slug
    if operand.factor is not None:
        return math.figure.address(org, factor=path_text((*math.path, operand.factor)))
    if not operand.part:
        return ""
    more = {"factor": path_text(math.path)} if math.path else {}
    return math.figure.address(org, **more, part=operand.part)


@dataclass(frozen=True, slots=True)
class Pair:
    """A stage with the one after it, and how many of its deals went on."""

    stage: str
    next: str
    value: str
    parts: str
    figure: Figure


def pairs(math: Math) -> list[Pair]:
    """Of a KPI over entries of stages, its value for each stage."""
    kpi, figure = math.opened.kpi, math.figure
    if math.path or figure.member is not None or not _of_stages(kpi):
        return []
    organisation = math.scope.organisation
    question = KpiQuery((kpi.key,), figure.subject, (figure.span,), by=Dimension.STAGE)
    table = reader.ask(organisation, question, today=math.opened.today)
    stages = list(Stage.objects.within(math.scope).select_related("pipeline").order_by("pipeline_id", "position", "id"))
    found = []
    for place, stage in enumerate(stages):
        value = table.get((kpi.key, figure.span, stage.pk))
        after = next((one for one in stages[place + 1 :] if one.pipeline_id == stage.pipeline_id and one.kind != "lost"), None)
        if value is not None and after is not None:
            made_of = words.share_of(value.numerator, value.denominator or Decimal(0))
            text = formats.kpi_value(kpi, value.value, organisation.base_currency)
            member = replace(figure, member=Member(Dimension.STAGE, stage.pk))
            found.append(Pair(stage.name, after.name, text, made_of, member))
    return found


def _changed_since(math: Math) -> Note | None:
    """What the closed month said, where that differs from what is known now."""
    figure, opened = math.figure, math.opened
    if figure.member is not None or math.path:
        return None
    known: KpiTable = {(figure.kpi, figure.span, None): opened.value}
    return closing.notes(math.scope, figure.subject, known).get((figure.kpi, figure.span))


def _of_stages(kpi: AnyKpi) -> bool:
    if not isinstance(kpi, RatioKpi) or is_own(kpi):
        return False
    return isinstance(kpi.denominator, Measure) and kpi.denominator.fact is Fact.STAGE


def context(math: Math, query: QueryDict) -> dict[str, Any]:
    scope, opened = math.scope, math.opened
    found: dict[str, Any] = {
        "math": math, "kpi": opened.kpi, "label": math.label, "value": math.formula.result, "about": math.about, "crumbs": math.crumbs[:-1],
        "subject_link": address(scope, math.about.subject), "whose": words.whose(math.about.name, math.name), "period": opened.span,
        "formula": math.formula, "pieces": pieces(math), "notes": notes(opened), "plain": opened.value.value,
        "pairs": pairs(math), "changed": _changed_since(math),
    }
    if math.part is None:
        return found
    wanted = wanted_from(query)
    listed = records_of(scope, math.asked(math.part), wanted)
    rows = listed.page(query.get("page", "1"))
    return found | {
        "part": math.part, "listed": listed, "columns": listed.columns, "rows": rows, "lines": lines(scope, math.part, listed, rows),
        "wanted": wanted, "reps": reps_of(math) if listed.shape.rep else [], "by_customer": _by_customer(math, listed),
        "kept": _kept(query),
        "by_day": math.part.span is not None and len(math.part.span) > 1,
        "sums": sums(math, math.part, listed, narrowed=wanted.narrows),
        "title": words.list_title(math.part.label, when(math.part.term, math.part.span), left=wanted.left),
    }


@dataclass(frozen=True, slots=True)
class Line:
    """A record as it is listed, and what it adds to the part."""

    cells: tuple[Text, ...]
    adds: Decimal


def lines(scope: Scope, part: Part, listed: Records, found: Page[Any]) -> list[Line]:
    taken = list(found)
    adds = [in_unit(int(getattr(record, "quantity", 0)), part.term.unit) for record in taken]
    return [Line(cells, value) for cells, value in zip(listed.rows(scope, taken), adds, strict=True)]


# What a narrowed list keeps of the address.
KEPT = ("subject", "start", "end", "of", "factor", "part", "list", "sort")


def _kept(query: QueryDict) -> list[tuple[str, str]]:
    return [(name, value) for name in KEPT if (value := query.get(name, ""))]


def _by_customer(math: Math, listed: Records) -> bool:
    return bool(listed.shape.customer) and math.opened.whom.kind is not SubjectKind.CUSTOMER


@dataclass(frozen=True, slots=True)
class SumRow:
    key: str
    label: str
    text: str
    plain: Decimal


def sums(math: Math, part: Part, listed: Records, *, narrowed: bool) -> list[SumRow]:
    """What the listed records come to, up to the part of the figure."""
    shown, hidden, whole = listed.shown, listed.hidden, listed.all
    rows = []
    if narrowed:
        rows = [("listed", words.listed_here(), shown), ("other", words.not_listed(), whole - hidden - shown)]
    elif hidden.number:
        rows = [("listed", words.listed_here(), shown)]
    if hidden.number:
        rows.append(("hidden", words.not_yours(), hidden))
    rows.append(("all", words.in_all(), whole))
    return [_sum_row(math, part, *row) for row in rows]


def _sum_row(math: Math, part: Part, key: str, label: str, found: Sums) -> SumRow:
    total = in_unit(found.total, part.term.unit)
    text = list_sentences.records_summary(found.number, exact(part.term.unit, total, math.opened.currency), adds=_adds(part))
    return SumRow(key, label, text, total)


def _adds(part: Part) -> bool:
    """Whether the part is more than the number of its records."""
    return quantity_column(part.term) is not None


def reps_of(math: Math) -> list[Rep]:
    """Whom the list may be narrowed to."""
    subject, period = math.figure.subject, math.opened.span
    if math.figure.member is not None and math.figure.member.by is Dimension.REP:
        return []
    found = Rep.objects.within(math.scope).exclude(ended_on__lt=period.start).order_by("name", "id")
    match subject.kind:
        case SubjectKind.REP | SubjectKind.CUSTOMER:
            return []
        case SubjectKind.TEAM:
            stays = TeamAssignment.objects.within(math.scope).filter(team_id__in=math.about.team_ids, valid_from__lt=period.end)
            return list(found.filter(id__in=stays.exclude(valid_to__lte=period.start).values("rep_id")))
        case SubjectKind.ORGANISATION:
            return list(found)
        case _:
            assert_never(subject.kind)
