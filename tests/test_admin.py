"""The admin: every page of every model opens for a superuser, for nobody else, and a record can be edited."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from goals.models import Goal
from integrations.models import ApiToken, Import
from integrations.tokens import token_create
from kpi_tracker.kpis.models import KpiSetting
from kpi_tracker.orgs.models import Absence, ClosingDay, ExchangeRate, Membership, Organisation, Rep, TeamAssignment, TeamManager, User
from kpi_tracker.rollups.models import DirtyBucket, RollupCell
from kpi_tracker.sales.models import (
    Activity,
    ActivityType,
    Contact,
    Contract,
    Cost,
    Customer,
    Deal,
    ExternalId,
    Lead,
    Product,
    Stage,
    StageChange,
)
from kpi_tracker.tenant_admin import ReadOnlyAdmin
from tests import factories

pytestmark = pytest.mark.django_db
DAY, END = dt.date(2024, 3, 4), dt.date(2024, 4, 1)
NOON = dt.datetime(2024, 3, 4, 12, tzinfo=dt.UTC)
OURS = ("orgs", "sales", "kpis", "rollups", "goals", "integrations")
MODELS = [model for model in admin.site._registry if model._meta.app_label in OURS]


def page(model: type[Model], what: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{what}", args=args)


@pytest.fixture
def org() -> Organisation:
    return factories.organisation()


@pytest.fixture
def root(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root@example.com"))
    return client


def populate(org: Organisation, n: int = 0) -> None:
    """One row of every table."""
    north = factories.team(org, f"North {n}")
    ann = factories.rep(org, f"Ann {n}", north)
    user = User.objects.create(email=f"ann{n}@example.com")
    Membership.objects.create(organisation=org, user=user, role="rep")
    TeamManager.objects.create(organisation=org, team=north, user=user, valid_from=DAY)
    acme = factories.customer(org, f"Acme {n}", ann, created_on=DAY)
    person = Contact.objects.create(organisation=org, customer=acme, name="Per", added_by=ann, created_on=DAY)
    factories.lead(org, ann, DAY, customer=acme)
    kind = ActivityType.objects.create(organisation=org, name=f"Visit {n}", kind="meeting")
    deal = factories.deal(org, ann, opened_on=DAY, customer=acme, amount="10")
    factories.activity(org, ann, DAY, customer=acme, contact=person, deal=deal, type=kind)
    Product.objects.create(organisation=org, name=f"Basic {n}")
    StageChange.objects.create(
        organisation=org, deal=deal, to_stage=deal.stage, changed_at=NOON, changed_on=DAY, rep=ann
    )
    ExternalId.objects.create(organisation=org, source="crm", external_id=str(n), customer=acme)
    Import.objects.create(
        organisation=org, kind="deals", file_name=f"deals{n}.csv", size=1, source="file", created_by=user, created_at=NOON
    )
    ApiToken.objects.create(organisation=org, name=f"Crm {n}", prefix="kt_abc", hash=str(n))
    Contract.objects.create(organisation=org, customer=acme, starts_on=DAY, yearly_amount=Decimal(12), currency="EUR")
    Cost.objects.create(
        organisation=org, category="tool", amount=Decimal(1), currency="EUR", starts_on=DAY, ends_on=END, rep=ann, team=north
    )
    ClosingDay.objects.create(organisation=org, day=DAY + dt.timedelta(days=n))
    Absence.objects.create(organisation=org, rep=ann, valid_from=DAY)
    ExchangeRate.objects.create(organisation=org, currency="SEK", day=DAY + dt.timedelta(days=n), rate=Decimal("0.1"))
    KpiSetting.objects.create(organisation=org, kpi=f"calls{n}")
    Goal.objects.create(
        organisation=org, kpi="calls", subject_kind="rep", rep=ann, starts_on=DAY, ends_on=END, target=Decimal(5), created_by=user
    )
    RollupCell.objects.create(organisation=org, scope_kind="r", scope_id=ann.pk, measure="calls", grain="d", bucket=DAY, value=1, n=1)
    DirtyBucket.objects.create(organisation=org, scope_kind="r", scope_id=ann.pk, fact="deal", day=DAY)


def test_every_model_has_an_admin() -> None:
    from django.apps import apps

    missing = {model.__name__ for label in OURS for model in apps.get_app_config(label).get_models()} - {model.__name__ for model in MODELS}
    assert not missing


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_page_opens(root: Client, org: Organisation, model: type[Model]) -> None:
    populate(org)
    assert root.get(page(model, "changelist")).status_code == 200
    assert root.get(page(model, "changelist"), {"q": "a"}).status_code == 200
    read_only = isinstance(admin.site._registry[model], ReadOnlyAdmin)
    assert root.get(page(model, "add")).status_code == (403 if read_only else 200)
    one = model._default_manager.first()
    if one is not None:
        assert root.get(page(model, "change", one.pk)).status_code == 200
        assert root.get(page(model, "history", one.pk)).status_code == 200


def test_lists_ask_as_often_for_many_rows_as_for_few(root: Client, org: Organisation) -> None:
    def queries(model: type[Model]) -> int:
        with CaptureQueriesContext(connection) as seen:
            root.get(page(model, "changelist"))
        return len(seen)

    populate(org)
    populate(org, 1)
    few = {model.__name__: queries(model) for model in MODELS}
    for n in range(2, 6):
        populate(org, n)
    assert {model.__name__: queries(model) for model in MODELS} == few


@pytest.mark.parametrize("role", ["admin", "manager"])
def test_a_member_is_refused_and_a_stranger_signs_in_first(client: Client, org: Organisation, role: str) -> None:
    index = reverse("admin:index")
    assert client.get(index, follow=True).redirect_chain[-1][0].startswith(reverse("account_login"))
    user = factories.member(org, "boss@example.com", role)
    user.is_staff = True
    user.save()
    client.force_login(user)
    answer = client.get(index, follow=True)
    assert answer.status_code == 403


def test_edit_a_customer(root: Client, org: Organisation) -> None:
    ann = factories.rep(org, "Ann")
    acme = factories.customer(org, "Acme", ann)
    answer = root.post(
        page(Customer, "change", acme.pk),
        {"organisation": org.pk, "name": "Acme AB", "owner": ann.pk, "added_by": "", "created_on": "2024-03-04"},
    )
    assert answer.status_code == 302
    acme.refresh_from_db()
    assert (acme.name, acme.created_on, acme.added_by) == ("Acme AB", DAY, ann)


DealData = Callable[..., dict[str, Any]]


@pytest.fixture
def deal_data(org: Organisation) -> DealData:
    ann = factories.rep(org, "Ann")

    def data(stage: str, **fields: Any) -> dict[str, Any]:
        found = Stage.objects.get(organisation=org, name=stage)
        history = {"stage_changes-TOTAL_FORMS": 0, "stage_changes-INITIAL_FORMS": 0}
        given = {"organisation": org.pk, "name": "Big", "owner": ann.pk, "stage": found.pk, "status": found.kind, "currency": "EUR"}
        return {**given, **history, **fields}

    return data


def test_a_deal_closed_in_the_admin_is_credited_to_its_owner(root: Client, deal_data: DealData) -> None:
    answer = root.post(page(Deal, "add"), deal_data("Won", closed_on="2024-03-04", amount="100"))
    assert answer.status_code == 302
    deal = Deal.objects.get()
    assert (deal.opened_by, deal.closed_by, deal.status) == (deal.owner, deal.owner, "won")


def test_a_move_of_stage_in_the_admin_is_history(root: Client, org: Organisation, deal_data: DealData) -> None:
    root.post(page(Deal, "add"), deal_data("Prospect", amount="100"))
    deal = Deal.objects.get()
    root.post(page(Deal, "change", deal.pk), deal_data("Won", closed_on="2024-03-04", amount="120"))
    deal.refresh_from_db()
    assert (deal.status, deal.amount, deal.closed_by) == ("won", Decimal(120), deal.owner)
    change = StageChange.objects.get()
    assert (change.from_stage.name, change.to_stage.name, change.changed_on) == ("Prospect", "Won", DAY)
    assert deal.qualified_on == DAY


def test_a_deal_of_the_admin_is_qualified_and_converts_its_lead(root: Client, org: Organisation, deal_data: DealData) -> None:
    lead = factories.lead(org, factories.rep(org, "Bo"), DAY)
    assert root.post(page(Deal, "add"), deal_data("Qualified", opened_on="2024-03-05", lead=lead.pk)).status_code == 302
    lead.refresh_from_db()
    assert Deal.objects.get().qualified_on == lead.converted_on == dt.date(2024, 3, 5)


def test_the_rules_of_a_deal_are_said_in_the_form(root: Client, deal_data: DealData) -> None:
    answer = root.post(page(Deal, "add"), deal_data("Won"))
    assert "A closed deal needs the day it closed" in answer.content.decode()
    answer = root.post(page(Deal, "add"), deal_data("Prospect", status="lost", closed_on="2024-03-04"))
    assert "The stage Prospect is for deals that are open." in answer.content.decode()
    assert not Deal.objects.exists()


def test_records_of_two_organisations_never_meet(root: Client, org: Organisation, deal_data: DealData) -> None:
    other = factories.organisation("other")
    stranger = factories.customer(other, "Stranger", factories.rep(other, "Ove"))
    answer = root.post(page(Deal, "add"), deal_data("Prospect", customer=stranger.pk))
    assert "That record belongs to another organisation." in answer.content.decode()
    assert not Deal.objects.exists()


def test_team_assignments_of_a_rep_may_not_overlap(root: Client, org: Organisation) -> None:
    north, south = factories.team(org, "North"), factories.team(org, "South")
    ann = factories.rep(org, "Ann", north, since=DAY)
    data = {"organisation": org.pk, "rep": ann.pk, "team": south.pk, "valid_from": "2024-05-01"}
    assert "already in North" in root.post(page(TeamAssignment, "add"), data).content.decode()
    assert TeamAssignment.objects.count() == 1


def test_the_local_day_follows_from_the_moment(root: Client, org: Organisation) -> None:
    ann = factories.rep(org, "Ann")
    data = {"organisation": org.pk, "rep": ann.pk, "kind": "call", "occurred_at_0": "2024-03-04", "occurred_at_1": "23:30:00"}
    assert root.post(page(Activity, "add"), data).status_code == 302
    assert Activity.objects.get().occurred_on == dt.date(2024, 3, 5)  # 23:30 UTC is the next day in Stockholm
    without = {"organisation": org.pk, "rep": ann.pk, "kind": "call"}
    assert "Give the day." in root.post(page(Activity, "add"), without).content.decode()


def test_a_lead_of_the_admin_knows_its_company(root: Client, org: Organisation) -> None:
    ann = factories.rep(org, "Ann")
    data = {"organisation": org.pk, "rep": ann.pk, "company": "  Acme  AB", "direction": "inbound", "created_on": "2024-03-04"}
    assert root.post(page(Lead, "add"), data).status_code == 302
    assert Lead.objects.get().company_key == "acme ab"


def test_a_new_user_signs_in_with_a_lower_case_address(root: Client) -> None:
    data = {"email": "New@Example.com", "usable_password": "true", "password1": factories.PASSWORD, "password2": factories.PASSWORD,
            "memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}
    assert root.post(page(User, "add"), data).status_code == 302
    assert User.objects.get(email="new@example.com").check_password(factories.PASSWORD)


def test_a_choice_names_its_organisation(root: Client, org: Organisation) -> None:
    factories.team(org, "North")
    field = {"app_label": "orgs", "model_name": "teammanager", "field_name": "team", "term": "Nor"}
    found = root.get(reverse("admin:autocomplete"), field).json()
    assert [choice["text"] for choice in found["results"]] == ["North · Nordlys"]


def test_a_person_manages_a_team_from_a_day_on(root: Client, org: Organisation) -> None:
    north, user = factories.team(org, "North"), factories.member(org, "bo@example.com", "manager")
    data = {"organisation": org.pk, "team": north.pk, "user": user.pk, "valid_from": "2024-03-04", "valid_to": "2024-03-04"}
    assert root.post(page(TeamManager, "add"), data).status_code == 200  # ends before it starts
    assert root.post(page(TeamManager, "add"), {**data, "valid_to": ""}).status_code == 302


def test_a_token_is_revoked_from_the_list(root: Client, org: Organisation) -> None:
    token, _secret = token_create(organisation=org, name="CRM")
    root.post(page(ApiToken, "changelist"), {"action": "revoke", "_selected_action": [token.pk]})
    token.refresh_from_db()
    assert token.revoked_at is not None


def test_a_new_organisation_has_its_unassigned_rep(root: Client) -> None:
    data = {"name": "Norr", "slug": "norr", "timezone": "Europe/Helsinki", "country": "FI", "working_days": "12345", "week_start": 1,
            "fiscal_year_month": 1, "base_currency": "EUR", "language": "en", "velocity_months": 12, "most_customer_years": 5}
    members = {"-1-TOTAL_FORMS": 0, "-1-INITIAL_FORMS": 0}
    assert root.post(page(Organisation, "add"), {**data, **members}).status_code == 302
    assert Rep.objects.get(organisation__slug="norr").is_unassigned


def test_a_rep_and_the_teams_in_one_form(root: Client, org: Organisation) -> None:
    north = factories.team(org, "North")
    row = {"organisation": org.pk, "team": north.pk, "valid_from": "2024-03-04"}
    rows = {"assignments-TOTAL_FORMS": 1, "assignments-INITIAL_FORMS": 0, **{f"assignments-0-{name}": row[name] for name in row}}
    assert root.post(page(Rep, "add"), {"organisation": org.pk, "name": "Ann", "share": "1", **rows}).status_code == 302
    assert TeamAssignment.objects.get().rep.name == "Ann"
