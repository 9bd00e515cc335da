"""The demo has something to show for every KPI: for the organisation, its teams, its reps and its customers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from django.db.models import Count

from goals.models import Goal
from kpi_tracker.kpis import registry
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import EVERYTHING, Subject
from kpi_tracker.kpis.query import KpiQuery, KpiTable
from kpi_tracker.orgs.models import Organisation, Rep, Team
from kpi_tracker.orgs.tree import subtree
from kpi_tracker.periods import Grain, Period, add_months
from kpi_tracker.rollups import reader
from kpi_tracker.rollups.models import LateEdit, PeriodClose
from kpi_tracker.sales.models import Customer, Deal

TODAY = dt.date(2026, 11, 18)
# Reps who have been there all year, without a long leave.
SEASONED = ("Elsa Lindqvist", "Mikael Strand", "Sara Nyström", "Lina Forsell", "Ville Lahtinen", "Sanna Mäkelä", "Jenni Lehto")

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def nordlys(django_db_setup: None, django_db_blocker: Any) -> Iterator[Organisation]:
    """Made once for all tests here, which only read; gone after them."""
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("seed_demo", stdout=StringIO(), today=TODAY, scale=0.25)
        yield Organisation.objects.get(slug="nordlys")
        transaction.set_rollback(True)


def measured(org: Organisation, subject: Subject, spans: tuple[Period, ...]) -> tuple[tuple[str, ...], KpiTable]:
    keys = tuple(kpi.key for kpi in registry.kpis_of(org) if subject.kind in kpi.subjects)
    return keys, reader.ask(org, KpiQuery(keys, subject, spans), today=TODAY)


def empty(org: Organisation, subject: Subject, spans: tuple[Period, ...]) -> list[str]:
    """The KPIs without a value in any of the spans. A target that is reached has none to give, and says so."""
    keys, table = measured(org, subject, spans)

    def says_something(key: str, span: Period) -> bool:
        found = table[key, span, None]
        return found.value is not None or (key == "pipeline_coverage" and found.denominator is not None)

    return [key for key in keys if not any(says_something(key, span) for span in spans)]


def test_every_kpi_has_a_value(nordlys: Organisation) -> None:
    year, quarter, month = (nordlys.calendar.bucket(grain, TODAY) for grain in (Grain.YEAR, Grain.QUARTER, Grain.MONTH))
    for span in (year, quarter, month):
        assert empty(nordlys, EVERYTHING, (span,)) == [], span
    for team in Team.objects.filter(organisation=nordlys):
        assert empty(nordlys, Subject(SubjectKind.TEAM, team.pk), (year,)) == [], team
    for rep in Rep.objects.filter(organisation=nordlys, name__in=SEASONED):
        assert empty(nordlys, Subject(SubjectKind.REP, rep.pk), (year,)) == [], rep


def test_every_kpi_has_a_value_for_some_of_the_best_customers(nordlys: Organisation) -> None:
    year = nordlys.calendar.bucket(Grain.YEAR, TODAY)
    two_years = Period(add_months(year.start, -12), year.end)
    customers = Customer.objects.filter(organisation=nordlys, deals__status="won").annotate(won=Count("deals")).order_by("-won", "pk")
    subjects = [Subject(SubjectKind.CUSTOMER, customer.pk) for customer in customers[:25]]
    assert set.intersection(*(set(empty(nordlys, subject, (year, two_years))) for subject in subjects)) == set()


def test_what_people_did_in_the_application_is_there(nordlys: Organisation) -> None:
    assert [kpi.label for kpi in registry.kpis_of(nordlys) if kpi.key.startswith("own:")] == ["Average software order", "Site visits held"]
    months = [dt.date(2026, 8, 1), dt.date(2026, 9, 1), dt.date(2026, 10, 1)]
    assert sorted(PeriodClose.objects.filter(organisation=nordlys).values_list("month", flat=True)) == months
    edits = LateEdit.objects.filter(organisation=nordlys)
    for added, deleted in ((True, False), (False, True), (False, False)):
        assert edits.filter(old__isnull=added, new__isnull=deleted).exists()
    finland, tampere = (Team.objects.get(organisation=nordlys, name=name) for name in ("Sales Finland", "Tampere"))
    assert tampere.pk in subtree(nordlys, [finland.pk], TODAY)
    assert tampere.pk not in subtree(nordlys, [finland.pk], add_months(TODAY, -12))


def test_deals_are_linked_and_qualified(nordlys: Organisation) -> None:
    deals = Deal.objects.filter(organisation=nordlys)
    assert set(deals.exclude(lead=None).values_list("lead__direction", flat=True)) == {"inbound", "outbound"}
    for deal in deals.select_related("lead").prefetch_related("stage_changes__to_stage")[:300]:
        changes = sorted(deal.stage_changes.all(), key=lambda change: (change.changed_at, change.pk))
        assert deal.qualified_on == next((change.changed_on for change in changes if change.to_stage.is_qualified), None)
        if deal.lead is not None:
            assert deal.lead.customer_id == deal.customer_id
            assert deal.lead.converted_on == (deal.closed_on if deal.status == "won" else None)


def test_there_are_revenue_goals_for_coverage(nordlys: Organisation) -> None:
    goals = Goal.objects.filter(organisation=nordlys, kpi="revenue")
    for grain in (Grain.MONTH, Grain.QUARTER, Grain.YEAR):
        span = nordlys.calendar.bucket(grain, TODAY)
        running = goals.filter(starts_on=span.start, ends_on=span.end)
        assert set(running.values_list("subject_kind", flat=True)) >= {"organisation", "team", "rep"}
