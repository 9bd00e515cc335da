"""The reference path: values straight from the records. Slow where there are many, and right."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BigIntegerField, Count, Exists, F, OuterRef, Q, QuerySet, Value

from kpi_tracker.kpis import facts, query
from kpi_tracker.kpis.measures import Dimension, Measure
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import MemberId, Part, Parts, Subject, Want, in_unit
from kpi_tracker.kpis.query import KpiQuery, KpiTable
from kpi_tracker.orgs.models import Organisation, Team, TeamAssignment
from kpi_tracker.orgs.tree import FIRST, LAST, ever_below, stretches
from kpi_tracker.periods import Period, day_read, whole

MOST_PASSES = 400  # SQLite joins 500 questions


def ask(organisation: Organisation, question: KpiQuery, *, today: dt.date) -> KpiTable:
    """Answer `question` from the records."""
    return query.answer(organisation, [question], source=answers, medians=medians, today=today)[0]


def answers(organisation: Organisation, wants: Sequence[Want], days: Collection[dt.date] | None = None) -> list[Parts]:
    """See `kpis.parts.Source`. Wants about the same subject are read in one question. days: count the records of these days only."""
    together: dict[tuple[Subject, Dimension | None], list[int]] = defaultdict(list)
    for place, want in enumerate(wants):
        together[want.subject, want.by].append(place)
    found: list[Parts] = [{} for _ in wants]
    for places in together.values():
        for place, parts_found in zip(places, _read(organisation, [wants[place] for place in places], days), strict=True):
            found[place] = parts_found
    return found


def parts(
    organisation: Organisation, measures: Sequence[Measure], subject: Subject, spans: Sequence[Period], by: Dimension | None,
    days: Collection[dt.date] | None = None,
) -> Parts:
    """Each measure's part in each span. days: count the records of these days only."""
    return _read(organisation, [Want(tuple(measures), subject, tuple(spans), by)], days)[0]


@dataclass(frozen=True, slots=True)
class _Pass:
    """One pass over a family's table. by_member: records without a member do not count."""

    family: list[Measure]
    by_member: bool
    rows: QuerySet[Any, dict[str, Any]]


def _read(organisation: Organisation, wants: Sequence[Want], days: Collection[dt.date] | None) -> list[Parts]:
    """Of wants about the same subject, with the same dimension."""
    totals: list[dict[tuple[str, Period, MemberId], list[int]]] = [defaultdict(lambda: [0, 0]) for _ in wants]
    keys = [{measure.key for measure in want.measures} for want in wants]
    within: dict[tuple[int, dt.date], list[Period]] = {}
    for family, member, day, counts, values in _rows(list(_passes(organisation, wants, days))):
        for place, want in enumerate(wants):
            if (place, day) not in within:
                within[place, day] = [span for span in want.spans if day in span]
            for measure, n, value in zip(family, counts, values, strict=False):
                if n and measure.key in keys[place]:
                    for span in within[place, day]:
                        total = totals[place][measure.key, span, member]
                        total[0] += value
                        total[1] += n
    return [{key: Part(value, count) for key, (value, count) in one.items()} for one in totals]


def _passes(organisation: Organisation, wants: Sequence[Want], days: Collection[dt.date] | None) -> Iterator[_Pass]:
    subject, by = wants[0].subject, wants[0].by
    for family in facts.families([measure for want in wants for measure in want.measures]):
        keys = {measure.key for measure in family}
        spans = [span for want in wants for span in want.spans if any(measure.key in keys for measure in want.measures)]
        if not spans:
            continue
        first = family[0]
        path = member_path(first, by)
        restrict = within_spans(first, spans) if days is None else Q(**{f"{first.day}__in": days})
        for member, subjects in _members(organisation, subject, whole(spans), by):
            about = restrict
            for one in subjects:
                about &= concerning(organisation, first, one)
            groups = {"day": F(first.day), "member": F(path) if path else Value(member, output_field=BigIntegerField(null=True))}
            yield _Pass(family, path is not None, facts.sums(organisation, family, about, groups))


def _rows(passes: Sequence[_Pass]) -> Iterator[tuple[list[Measure], MemberId, dt.date, Sequence[int], Sequence[int]]]:
    """The rows of all passes, asked for in one question: the family, the member, the day, the counts and the values."""
    for start in range(0, len(passes), MOST_PASSES):
        some = passes[start : start + MOST_PASSES]
        width = max(len(one.family) for one in some)
        selects, values = [], list[Any]()
        for place, one in enumerate(some):
            try:
                sql, params = one.rows.query.sql_with_params()
            except EmptyResultSet:
                continue
            columns = [f"{letter}{i}" if i < len(one.family) else "0" for letter in "nv" for i in range(width)]
            selects.append(f"SELECT {place} AS place, day, member, {', '.join(columns)} FROM ({sql}) one")  # noqa: S608  (Django's own SQL)
            values += params
        if not selects:
            continue
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(selects), values)
            found = cursor.fetchall()
        for row in found:
            one = some[row[0]]
            if row[2] is not None or not one.by_member:
                yield one.family, row[2], day_read(row[1]), [int(n) for n in row[3 : 3 + width]], [int(value) for value in row[3 + width :]]


def _members(
    organisation: Organisation, subject: Subject, period: Period, by: Dimension | None
) -> list[tuple[MemberId, tuple[Subject, ...]]]:
    """Each member, and whom its records must concern. Teams are asked one by one: a record counts for each team above the rep's own."""
    if by is not Dimension.TEAM:
        return [(None, (subject,))]
    if subject.kind is SubjectKind.TEAM:
        return [(team, (subject, Subject(SubjectKind.TEAM, team))) for team in sorted(ever_below(organisation, subject.id, period))]
    teams = Team.objects.filter(organisation=organisation).order_by("id").values_list("id", flat=True)
    return [(team, (subject, Subject(SubjectKind.TEAM, team))) for team in teams]


def member_path(measure: Measure, by: Dimension | None) -> str | None:
    """The field that names a record's member of the dimension; None for teams, and where nothing is broken down."""
    match by:
        case None | Dimension.TEAM:
            return None
        case Dimension.REP:
            return measure.rep
        case _:
            return measure.fact.path(by)


def within_spans(measure: Measure, spans: Sequence[Period]) -> Q:
    """The condition that a record's day lies between the first and the last day asked for."""
    start, end = min(span.start for span in spans), max(span.end for span in spans)
    return Q(**{f"{measure.day}__gte": start, f"{measure.day}__lt": end})


def concerning(organisation: Organisation, measure: Measure, subject: Subject) -> Q:
    """The condition that a record of the measure is about `subject`: the rep's team, and the teams above it, on the record's own day."""
    match subject.kind:
        case SubjectKind.ORGANISATION:
            return Q()
        case SubjectKind.TEAM:
            member = TeamAssignment.objects.filter(
                Q(valid_to=None) | Q(valid_to__gt=OuterRef(measure.day)),
                organisation=organisation, rep_id=OuterRef(measure.rep), valid_from__lte=OuterRef(measure.day),
            )
            found, ever = Q(pk__in=[]), set[int]()
            for start, end, teams in stretches(organisation, subject.id):
                ever |= teams
                bounds = {f"{measure.day}__gte": start} if start > FIRST else {}
                bounds |= {f"{measure.day}__lt": end} if end < LAST else {}
                found |= Q(Exists(member.filter(team_id__in=teams)), **bounds)
            # The same once more without the days, so that the database begins at these reps and not at all records.
            reps = TeamAssignment.objects.filter(organisation=organisation, team_id__in=ever).values("rep_id")
            return found & Q(**{f"{measure.rep}__in": reps})
        case SubjectKind.REP:
            return Q(**{measure.rep: subject.id})
        case SubjectKind.CUSTOMER:
            return Q(**{f"{measure.fact.path(Dimension.CUSTOMER)}": subject.id})


def medians(organisation: Organisation, wants: Sequence[Want]) -> list[dict[MemberId, Decimal]]:
    """The median of each want's only measure over its records in the want's only span, for each member."""
    lists = [counts for i, want in enumerate(wants) for counts in _sizes(organisation, i, want)]
    histograms: dict[tuple[int, MemberId], dict[int, int]] = defaultdict(dict)
    for i, member, size, times in lists[0].union(*lists[1:], all=True) if lists else ():
        histograms[i, member][size] = times
    found: list[dict[MemberId, Decimal]] = [{} for _ in wants]
    for (i, member), histogram in histograms.items():
        found[i][member] = in_unit(1, wants[i].measures[0].unit) * _median(histogram)
    return found


def _sizes(organisation: Organisation, place: int, want: Want) -> Iterator[QuerySet[Any, tuple[int, MemberId, int, int]]]:
    """Rows of the want's place, a member, a quantity and the number of records with it."""
    (measure,), (span,) = want.measures, want.spans
    for member, subjects in _members(organisation, want.subject, span, want.by):
        path = member_path(measure, want.by)
        whose = F(path) if path else Value(member, output_field=BigIntegerField(null=True))
        restrict = within_spans(measure, [span])
        for one in subjects:
            restrict &= concerning(organisation, measure, one)
        rows = facts.counted(measure, organisation).filter(restrict).order_by().annotate(place=Value(place), whose=whose)
        yield rows.values_list("place", "whose", "quantity").annotate(times=Count("pk"))


def _median(histogram: dict[int, int]) -> Decimal:
    """The median of whole numbers given how often each occurs."""
    total = sum(histogram.values())
    middle = ((total - 1) // 2, total // 2)
    picked: list[int] = []
    passed = 0
    for size in sorted(histogram):
        passed += histogram[size]
        while len(picked) < 2 and middle[len(picked)] < passed:
            picked.append(size)
    return Decimal(picked[0] + picked[1]) / 2
