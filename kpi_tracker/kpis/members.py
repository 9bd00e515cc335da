"""Who belongs to a breakdown, also without records."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import assert_never

from django.db.models import Q

from kpi_tracker.kpis.measures import Dimension
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.orgs.models import Organisation, Rep, Team
from kpi_tracker.orgs.tree import ever_below, stays_in
from kpi_tracker.periods import Period, whole
from kpi_tracker.sales.models import Customer, Product, Stage


def members_of(
    organisation: Organisation, subject: Subject, by: Dimension, spans: Sequence[Period], seen: Collection[int]
) -> list[tuple[int, str]]:
    """The ids and names of the reps or teams that belong to `subject` within `spans`, and all in `seen`, by name.

    Customers, stages and products are those in `seen` alone. The unassigned rep appears only if seen.
    """
    match by:
        case Dimension.CUSTOMER:
            rows = Customer.objects.filter(organisation=organisation, id__in=seen).order_by("name", "id")
            return [(row.pk, row.name) for row in rows]
        case Dimension.STAGE:
            stages = Stage.objects.filter(organisation=organisation, id__in=seen).order_by("pipeline__name", "position", "id")
            return [(row.pk, row.name) for row in stages]
        case Dimension.PRODUCT:
            products = Product.objects.filter(organisation=organisation, id__in=seen).order_by("name", "id")
            return [(row.pk, row.name) for row in products]
        case Dimension.TEAM:
            belonging = Q(id__in=_teams(organisation, subject, spans)) | Q(id__in=seen)
            return [(row.pk, row.name) for row in Team.objects.filter(belonging, organisation=organisation).order_by("name", "id")]
        case Dimension.REP:
            belonging = Q(is_unassigned=False, id__in=_reps(organisation, subject, spans)) | Q(id__in=seen)
            return [(row.pk, str(row)) for row in Rep.objects.filter(belonging, organisation=organisation).order_by("name", "id")]
        case _:
            assert_never(by)


def _teams(organisation: Organisation, subject: Subject, spans: Sequence[Period]) -> Collection[int]:
    match subject.kind:
        case SubjectKind.ORGANISATION:
            return list(Team.objects.filter(organisation=organisation).values_list("id", flat=True))
        case SubjectKind.TEAM:
            return ever_below(organisation, subject.id, whole(spans))
        case SubjectKind.REP | SubjectKind.CUSTOMER:
            return ()
        case _:
            assert_never(subject.kind)


def _reps(organisation: Organisation, subject: Subject, spans: Sequence[Period]) -> Collection[int]:
    match subject.kind:
        case SubjectKind.ORGANISATION:
            return list(Rep.objects.filter(organisation=organisation).values_list("id", flat=True))
        case SubjectKind.TEAM:
            return list(stays_in(organisation, subject.id, whole(spans)))
        case SubjectKind.REP:
            return [subject.id]
        case SubjectKind.CUSTOMER:
            return ()
        case _:
            assert_never(subject.kind)
