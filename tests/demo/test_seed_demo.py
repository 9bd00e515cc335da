"""The command: rows that the database and the models accept, once."""

from __future__ import annotations

import datetime as dt
from io import StringIO
from itertools import pairwise
from typing import Any

import pytest
from django.core.management import call_command

from goals.models import Goal
from kpi_tracker.demo.accounts import ACCOUNTS, PASSWORD
from kpi_tracker.kpis import engine
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.models import OwnKpi
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.kpis.query import KpiQuery
from kpi_tracker.orgs.models import Membership, Organisation, Rep, Team, TeamAssignment, User
from kpi_tracker.orgs.selectors import scope_for
from kpi_tracker.periods import Period
from kpi_tracker.rollups import reader
from kpi_tracker.rollups.models import LateEdit, PeriodClose
from kpi_tracker.sales.models import Activity, Contact, Contract, Cost, Customer, Deal, Lead, StageChange
from tests import factories

TODAY = dt.date(2026, 11, 18)
FACTS = (Customer, Contact, Lead, Deal, StageChange, Activity, Contract, Cost, Goal, OwnKpi, PeriodClose, LateEdit)

pytestmark = pytest.mark.django_db


def seed(**options: Any) -> str:
    out = StringIO()
    call_command("seed_demo", stdout=out, today=TODAY, scale=0.02, **options)
    return out.getvalue()


def test_it_works() -> None:
    said = seed()
    assert "activities" in said
    nordlys = Organisation.objects.get(slug="nordlys")
    for model in FACTS:
        assert model._default_manager.filter(organisation=nordlys).exists(), model
    for model in (Rep, Team, TeamAssignment, Deal, Goal):
        for row in model._default_manager.filter(organisation=nordlys).order_by("id")[:30]:
            row.full_clean()
    deal = Deal.objects.filter(organisation=nordlys, status="won").first()
    steps = list(StageChange.objects.filter(deal=deal).order_by("changed_at", "id"))
    assert steps[0].from_stage is None
    assert steps[0].changed_on == deal.opened_on
    assert all(one.to_stage_id == other.from_stage_id for one, other in pairwise(steps))
    assert steps[-1].to_stage_id == deal.stage_id
    moment = Activity.objects.filter(organisation=nordlys, occurred_at__isnull=False).first()
    assert nordlys.local_day(moment.occurred_at) == moment.occurred_on


def test_four_people_can_sign_in_and_the_cells_say_what_the_records_say() -> None:
    seed()
    roles = {}
    for account in ACCOUNTS:
        user = User.objects.get(email=account.email)
        assert user.check_password(PASSWORD)
        roles[account.role] = scope_for(user, "nordlys", day=TODAY)
    assert roles.keys() == {"admin", "manager", "rep", "viewer"}
    stockholm = Team.objects.get(name="Stockholm")
    assert roles["manager"] is not None
    assert roles["manager"].rep_ids
    assert roles["rep"] is not None
    assert roles["rep"].rep_id == Rep.objects.get(name="Elsa Lindqvist").pk
    assert roles["rep"].team_ids == {stockholm.pk}
    others = Membership.objects.exclude(user__email__in=[account.email for account in ACCOUNTS])
    assert not any(member.user.has_usable_password() for member in others.select_related("user"))

    nordlys = Organisation.objects.get(slug="nordlys")
    year = Period(dt.date(2026, 1, 1), dt.date(2027, 1, 1))
    question = KpiQuery(("calls", "revenue", "first_meetings_held", "win_rate"), Subject(SubjectKind.ORGANISATION), (year,))
    assert reader.ask(nordlys, question, today=TODAY) == engine.ask(nordlys, question, today=TODAY)
    assert engine.ask(nordlys, question, today=TODAY)["revenue", year, None].numerator > 0


def test_what_is_there_is_left_unless_fresh_is_asked_for() -> None:
    other = factories.organisation("sunfall")
    alice = factories.member(other, "alice@sunfall.example", "admin")
    bob = factories.rep(other, "Bob")
    factories.activity(other, bob, TODAY)
    seed()
    before = {model: model._default_manager.count() for model in FACTS}
    assert "already there" in seed()
    assert {model: model._default_manager.count() for model in FACTS} == before
    seed(fresh=True)
    assert {model: model._default_manager.count() for model in FACTS} == before
    assert Activity.objects.filter(organisation=other).count() == 1
    assert User.objects.filter(pk=alice.pk).exists()
    assert Organisation.objects.count() == 2
