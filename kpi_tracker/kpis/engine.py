"""The reference path: values straight from the records. Slow where there are many, and right."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q

from kpi_tracker.kpis import facts, query
from kpi_tracker.kpis.measures import Dimension, Measure
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import MemberId, Part, Parts, Subject, in_unit
from kpi_tracker.kpis.query import KpiQuery, KpiTable
from kpi_tracker.orgs.models import Organisation, Team, TeamAssignment
from kpi_tracker.orgs.tree import FIRST, LAST, ever_below, stretches
from kpi_tracker.periods import Period, whole


def ask(organisation: Organisation, question: KpiQuery, *, today: dt.date) -> KpiTable:
    """Answer `question` from the records."""
    return query.answer(organisation, question, source=parts, medians=medians, today=today)


def parts(
    organisation: Organisation, measures: Sequence[Measure], subject: Subject, spans: Sequence[Period], by: Dimension | None,
    days: Collection[dt.date] | None = None,
) -> Parts:
    """Each measure's part in each span; see `query.Source`. days: count the records of these days only."""
    totals: dict[tuple[str, Period, MemberId], list[int]] = defaultdict(lambda: [0, 0])
    for family in facts.families(measures):
        restrict = within_spans(family[0], spans) if days is None else Q(**{f"{family[0].day}__in": days})
        for member, subjects in _members(organisation, subject, whole(spans), by):
            for day, row_member, row in _daily(organisation, family, subjects, restrict, by):
                within = [span for span in spans if day in span]
                for i, measure in enumerate(family):
                    if not row[f"n{i}"]:
                        continue
                    for span in within:
                        total = totals[measure.key, span, member if row_member is None else row_member]
                        total[0] += row[f"v{i}"]
                        total[1] += row[f"n{i}"]
    return {key: Part(value, count) for key, (value, count) in totals.items()}


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


def _daily(
    organisation: Organisation, family: Sequence[Measure], subjects: Sequence[Subject], restrict: Q, by: Dimension | None
) -> Iterator[tuple[dt.date, MemberId, dict[str, Any]]]:
    first = family[0]
    groups: dict[str, Any] = {"day": F(first.day)}
    if (path := member_path(first, by)) is not None:
        groups["member"] = F(path)
    for subject in subjects:
        restrict &= concerning(organisation, first, subject)
    for row in facts.sums(organisation, family, restrict, groups):
        if path is not None and row["member"] is None:
            continue
        yield row["day"], row.get("member"), row


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
            found = Q(pk__in=[])
            for start, end, teams in stretches(organisation, subject.id):
                bounds = {f"{measure.day}__gte": start} if start > FIRST else {}
                bounds |= {f"{measure.day}__lt": end} if end < LAST else {}
                found |= Q(Exists(member.filter(team_id__in=teams)), **bounds)
            return found
        case SubjectKind.REP:
            return Q(**{measure.rep: subject.id})
        case SubjectKind.CUSTOMER:
            return Q(**{f"{measure.fact.path(Dimension.CUSTOMER)}": subject.id})


def medians(organisation: Organisation, measure: Measure, subject: Subject, span: Period, by: Dimension | None) -> dict[MemberId, Decimal]:
    """The median of the measure's quantity over its records in `span`, for each member of `by`."""
    found: dict[MemberId, Decimal] = {}
    for member, subjects in _members(organisation, subject, span, by):
        path = member_path(measure, by)
        groups: tuple[str, ...] = ("quantity", path) if path else ("quantity",)
        restrict = within_spans(measure, [span])
        for one in subjects:
            restrict &= concerning(organisation, measure, one)
        rows = facts.counted(measure, organisation).filter(restrict).order_by().values_list(*groups).annotate(times=Count("*"))
        histograms: dict[MemberId, dict[int, int]] = defaultdict(dict)
        for size, *rest in rows:
            histograms[member if len(rest) == 1 else rest[0]][size] = rest[-1]
        for key, histogram in histograms.items():
            found[key] = in_unit(1, measure.unit) * _median(histogram)
    return found


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
