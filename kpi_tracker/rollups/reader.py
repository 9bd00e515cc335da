"""Values from cells; days that are still dirty, and customers, straight from the records.

Whole weeks and months are read from their cells, the rest of a span from days. A week or month with a dirty day in it
is read by day, and the dirty days from the records, so an answer is right whether or not a refresh has run.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence

from django.db.models import Q

from kpi_tracker.kpis import engine, query
from kpi_tracker.kpis.measures import Dimension, Measure
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import MemberId, Part, Parts, Subject
from kpi_tracker.kpis.query import KpiQuery, KpiTable
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.orgs.tree import stays_below, stays_in
from kpi_tracker.periods import Calendar, Grain, Period, whole
from kpi_tracker.rollups.models import CellGrain, CellScope, DirtyBucket, RollupCell

FAR = dt.timedelta(days=62)
Index = dict[tuple[str, dt.date], list[Period]]
KEPT = (None, Dimension.TEAM, Dimension.REP)  # what cells are kept for
MEMBERS: dict[Dimension | None, CellScope] = {Dimension.TEAM: CellScope.TEAM, Dimension.REP: CellScope.REP}
SCOPES = {SubjectKind.ORGANISATION: CellScope.ORGANISATION, SubjectKind.TEAM: CellScope.TEAM, SubjectKind.REP: CellScope.REP}


def ask(organisation: Organisation, question: KpiQuery, *, today: dt.date) -> KpiTable:
    """Answer `question` from the cells. The same values as `engine.ask`, sooner."""
    return query.answer(organisation, question, source=parts, medians=engine.medians, today=today)


def parts(
    organisation: Organisation, measures: Sequence[Measure], subject: Subject, spans: Sequence[Period], by: Dimension | None
) -> Parts:
    """Each measure's part in each span; see `kpis.query.Source`."""
    if subject.kind is SubjectKind.CUSTOMER or by not in KEPT or (subject.kind is SubjectKind.REP and by is Dimension.TEAM):
        return engine.parts(organisation, measures, subject, spans, by)
    dirty = _dirty_days(organisation, measures, subject, spans)
    totals: dict[tuple[str, Period, MemberId], list[int]] = defaultdict(lambda: [0, 0])
    wanted = _cells_of(organisation.calendar, spans, dirty)
    movers = _movers(organisation, subject, spans, by) if by is not None and subject.kind is SubjectKind.TEAM else None
    scope = _scope(subject, by, movers)
    _add_cells(totals, organisation, measures, scope, wanted, by)
    for member, stays in (movers or {}).items():
        if stays is not None:
            there = _cells_of(organisation.calendar, spans, dirty, stays)
            _add_cells(totals, organisation, measures, Q(scope_kind=MEMBERS[by], scope_id=member), there, by)
    found = {key: Part(value, count) for key, (value, count) in totals.items()}
    if dirty:
        for key, part in engine.parts(organisation, measures, subject, spans, by, days=dirty).items():
            clean = found.get(key, Part())
            found[key] = Part(clean.value + part.value, clean.records + part.records)
    return found


def _dirty_days(organisation: Organisation, measures: Sequence[Measure], subject: Subject, spans: Sequence[Period]) -> set[dt.date]:
    marked = DirtyBucket.objects.filter(
        Q(fact__in={measure.fact.value for measure in measures}) | Q(fact=""), organisation=organisation,
        day__gte=min(span.start for span in spans), day__lt=max(span.end for span in spans),
    )
    if subject.kind is SubjectKind.REP:
        marked = marked.filter(scope_kind=CellScope.REP, scope_id=subject.id)
    return {day for day in marked.values_list("day", flat=True).distinct() if any(day in span for span in spans)}


def _cells_of(calendar: Calendar, spans: Sequence[Period], dirty: set[dt.date], stays: Sequence[Period] | None = None) -> Index:
    """Which spans each cell counts for. stays: count only the days in these."""
    index: Index = defaultdict(list)
    for span in spans:
        for grain, start in _cover(calendar, span, dirty, stays):
            index[grain, start].append(span)
    return index


def _cover(calendar: Calendar, span: Period, dirty: set[dt.date], stays: Sequence[Period] | None) -> Iterator[tuple[str, dt.date]]:
    """The cells that tile `span`: a week or whole months where nothing in them is dirty, days for the rest."""
    soiled = any(day in span for day in dirty)
    if stays is None and not soiled and calendar.bucket(Grain.WEEK, span.start) == span:
        yield CellGrain.WEEK.value, span.start
        return
    for month in calendar.buckets(Grain.MONTH, span):
        if stays is None and span.covers(month) and not (soiled and any(day in month for day in dirty)):
            yield CellGrain.MONTH.value, month.start
        elif (part := month.overlap(span)) is not None:
            for day in part.days():
                if day not in dirty and (stays is None or any(day in stay for stay in stays)):
                    yield CellGrain.DAY.value, day


def _scope(subject: Subject, by: Dimension | None, movers: dict[int, list[Period] | None] | None) -> Q:
    """The condition on the cells' scope; members that moved within the spans are read one by one."""
    if by is None:
        return Q(scope_kind=SCOPES[subject.kind], scope_id=subject.id)
    members = Q(scope_kind=MEMBERS[by])
    if movers is not None:
        return members & Q(scope_id__in=[member for member, stays in movers.items() if stays is None])
    return members & Q(scope_id=subject.id) if subject.kind is SubjectKind.REP else members


def _movers(
    organisation: Organisation, subject: Subject, spans: Sequence[Period], by: Dimension | None
) -> dict[int, list[Period] | None]:
    """Each rep or team within the team in the spans: None where all of them are covered, else the periods in the team."""
    stays = (stays_in if by is Dimension.REP else stays_below)(organisation, subject.id, whole(spans))
    return {one: None if all(any(stay.covers(span) for stay in found) for span in spans) else found for one, found in stays.items()}


def _add_cells(
    totals: dict[tuple[str, Period, MemberId], list[int]], organisation: Organisation, measures: Sequence[Measure], scope: Q,
    wanted: Index, by: Dimension | None,
) -> None:
    if not wanted:
        return
    buckets = Q()
    for grain in CellGrain.values:
        for first, last in _runs(sorted(start for letter, start in wanted if letter == grain)):
            buckets |= Q(grain=grain, bucket__gte=first, bucket__lte=last)
    cells = RollupCell.objects.filter(scope, buckets, organisation=organisation, measure__in=[measure.key for measure in measures])
    for scope_id, measure, grain, bucket, value, n in cells.values_list("scope_id", "measure", "grain", "bucket", "value", "n"):
        for span in wanted.get((grain, bucket), ()):
            total = totals[measure, span, scope_id if by else None]
            total[0] += value
            total[1] += n


def _runs(starts: Sequence[dt.date]) -> list[tuple[dt.date, dt.date]]:
    """First and last of the stretches that lie close together, so that far-apart buckets do not fetch all between."""
    runs: list[tuple[dt.date, dt.date]] = []
    for start in starts:
        if runs and start - runs[-1][1] <= FAR:
            runs[-1] = (runs[-1][0], start)
        else:
            runs.append((start, start))
    return runs
