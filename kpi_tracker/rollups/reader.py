"""Values from cells; days that are still dirty, and customers, straight from the records.

Whole weeks and months are read from their cells, the rest of a span from days (see `cells`). A week or month with a dirty day in
it is read by day, and the dirty days from the records, so an answer is right whether or not a refresh has run.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from django.db.models import Q

from kpi_tracker.kpis import engine, query
from kpi_tracker.kpis.measures import Dimension, Measure
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import NOTHING, Parts, Subject, Want
from kpi_tracker.kpis.query import KpiQuery, KpiTable
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.orgs.tree import stays_below, stays_in, teams_of
from kpi_tracker.periods import Period, whole
from kpi_tracker.rollups import cells, together
from kpi_tracker.rollups.cells import Lookup
from kpi_tracker.rollups.models import CellGrain, CellScope, DirtyBucket, RollupCell

T = TypeVar("T")
KEPT = (None, Dimension.TEAM, Dimension.REP)  # what cells are kept for
MEMBERS: dict[Dimension | None, CellScope] = {Dimension.TEAM: CellScope.TEAM, Dimension.REP: CellScope.REP}
SCOPES = {SubjectKind.ORGANISATION: CellScope.ORGANISATION, SubjectKind.TEAM: CellScope.TEAM, SubjectKind.REP: CellScope.REP}
Dirt = dict[str, set[dt.date]]


def ask(organisation: Organisation, question: KpiQuery, *, today: dt.date) -> KpiTable:
    """Answer `question` from the cells. The same values as `engine.ask`, sooner."""
    return ask_all(organisation, [question], today=today)[0]


def ask_all(organisation: Organisation, questions: Sequence[KpiQuery], *, today: dt.date) -> list[KpiTable]:
    """Several questions for the price of one."""
    tables = together.current.get()
    if tables is not None:
        known = [tables.answer((organisation.pk, question, today)) for question in questions]
        if all(table is not None for table in known):
            return [table for table in known if table is not None]
    return query.answer(organisation, questions, source=parts, medians=engine.medians, today=today)


def asked_together(organisation: Organisation, work: Callable[[], T], *, today: dt.date) -> T:
    """What `work` gives; all that it asks for is read in one question. See `together`: it is run twice, and must change nothing."""

    def answer(asked_of: Organisation, questions: Sequence[KpiQuery]) -> list[KpiTable]:
        return ask_all(asked_of, questions, today=today)

    return together.together(organisation, work, answer=answer, today=today)


def parts(organisation: Organisation, wants: Sequence[Want]) -> list[Parts]:
    """See `kpis.parts.Source`. The cells of all wants are read in one question, and one more asks which days are dirty."""
    dirt = _dirt(organisation, [want for want in wants if has_cells(want.subject, want.by)])
    found: list[Parts] = [{} for _ in wants]
    lookups: list[tuple[int, Lookup]] = []
    from_records: dict[tuple[dt.date, ...] | None, list[tuple[int, Want]]] = defaultdict(list)
    for place, want in enumerate(wants):
        if not has_cells(want.subject, want.by):
            from_records[None].append((place, want))
            continue
        for days, measures in _by_dirt(want, dirt).items():
            lookups += [(place, lookup) for lookup in _lookups(organisation, want, measures, days)]
            if days:
                from_records[days].append((place, replace(want, measures=tuple(measures))))
    for only, asked in from_records.items():
        for (place, _), parts_found in zip(asked, engine.answers(organisation, [want for _, want in asked], only), strict=True):
            found[place] |= parts_found
    if lookups:
        read = cells.read(organisation.pk, organisation.calendar, [lookup for _, lookup in lookups])
        for (place, _), clean in zip(lookups, read, strict=True):
            for key, part in clean.items():
                found[place][key] = found[place].get(key, NOTHING).plus(part)
    return found


def has_cells(subject: Subject, by: Dimension | None) -> bool:
    return subject.kind is not SubjectKind.CUSTOMER and by in KEPT and not (subject.kind is SubjectKind.REP and by is Dimension.TEAM)


def _dirt(organisation: Organisation, wants: Sequence[Want]) -> Dirt:
    """By fact, the days whose cells are not to be read; under "" those on which a team's members changed."""
    spans = [span for want in wants for span in want.spans]
    if not spans:
        return {}
    facts = {measure.fact.value for want in wants for measure in want.measures}
    around = whole(spans)
    marked = DirtyBucket.objects.filter(
        Q(fact__in=facts) | Q(fact=""), organisation=organisation, day__gte=around.start, day__lt=around.end
    )
    if all(want.subject.kind is SubjectKind.REP for want in wants):
        marked = marked.filter(scope_kind=CellScope.REP, scope_id__in={want.subject.id for want in wants})
    found: Dirt = defaultdict(set)
    for fact, day in marked.order_by().values_list("fact", "day").distinct():
        found[fact].add(day)
    return found


def _by_dirt(want: Want, dirt: Dirt) -> dict[tuple[dt.date, ...], list[Measure]]:
    """The want's measures, under the dirty days within its spans, in order."""
    found: dict[tuple[dt.date, ...], list[Measure]] = defaultdict(list)
    for measure in want.measures:
        days = dirt.get(measure.fact.value, set()) | dirt.get("", set()) if dirt else set()
        found[tuple(sorted(day for day in days if any(day in span for span in want.spans)))].append(measure)
    return found


def _lookups(organisation: Organisation, want: Want, measures: Sequence[Measure], dirty: tuple[dt.date, ...]) -> list[Lookup]:
    keys, subject, by = tuple(measure.key for measure in measures), want.subject, want.by

    def lookup(kind: CellScope, ids: tuple[int, ...] | None, stays: dict[int, list[Period]] | None = None) -> Lookup:
        return Lookup(keys, kind, ids, want.spans, dirty, by_member=by is not None, stays=stays or {})

    if by is None:
        return [lookup(SCOPES[subject.kind], (subject.id,))]
    if subject.kind is not SubjectKind.TEAM:
        every = tuple(team.id for team in teams_of(organisation)) if by is Dimension.TEAM else None
        return [lookup(MEMBERS[by], (subject.id,) if subject.kind is SubjectKind.REP else every)]
    stays = (stays_in if by is Dimension.REP else stays_below)(organisation, subject.id, whole(want.spans))
    settled = tuple(one for one, there in stays.items() if all(any(stay.covers(span) for stay in there) for span in want.spans))
    movers = {one: there for one, there in stays.items() if one not in settled}
    found = [lookup(MEMBERS[by], settled)] if settled else []
    return [*found, lookup(MEMBERS[by], tuple(movers), movers)] if movers else found


def first_day(organisation: Organisation) -> dt.date | None:
    """The first day on which anything counts; None without records. At the latest: a day that is still dirty may be empty by now."""
    of_all = RollupCell.objects.filter(organisation=organisation, scope_kind=CellScope.ORGANISATION, grain=CellGrain.DAY)
    known = of_all.filter(scope_id=0, n__gt=0).order_by("bucket").values_list("bucket")[:1]
    marked = DirtyBucket.objects.filter(organisation=organisation).order_by("day").values_list("day")[:1]
    return min((day for (day,) in (*known, *marked)), default=None)
