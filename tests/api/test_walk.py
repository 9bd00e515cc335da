"""Every address of the API: declares who may use it, refuses strangers, hides other organisations."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.urls import URLPattern, reverse

from goals.models import Goal
from kpi_tracker.api_urls import urlpatterns
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.orgs.permissions import OrganisationToken, SignedInOrToken
from kpi_tracker.sales.models import Contact, Contract, Cost, StageChange
from tests import factories
from tests.api.conftest import DAY, Program, error_of

PATTERNS = {pattern.name: pattern for pattern in urlpatterns}
DOCS = {"schema", "docs"}
ONES = [name for name in PATTERNS if name.endswith("-one")]


def view_class(pattern: URLPattern) -> Any:
    callback: Any = pattern.callback
    return getattr(callback, "cls", None) or callback.view_class


def address(name: str) -> str:
    """An address of that kind, with examples for what it asks."""
    examples = {"pk": 1, "key": "revenue", "rest": "some/where"}
    asked = PATTERNS[name].pattern.converters
    return reverse(f"api:{name}", kwargs={key: examples[key] for key in asked}).removeprefix("/api/v1/")


@pytest.mark.parametrize("name", PATTERNS)
def test_the_view_declares_its_permission(name: str) -> None:
    view = view_class(PATTERNS[name])
    own = [base for base in view.__mro__ if "permission_classes" in vars(base) and not base.__module__.startswith(("rest_", "drf_"))]
    assert own, f"{view} declares no permission_classes"
    assert view.permission_classes == [SignedInOrToken if name in DOCS else OrganisationToken]


@pytest.mark.parametrize("name", PATTERNS)
@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "head", "options"])
def test_nobody_gets_in_without_a_token(org: Organisation, name: str, method: str) -> None:
    answer = getattr(Program().client, method)(f"/api/v1/{address(name)}")
    assert answer.status_code == 401
    if method != "head":
        assert error_of(answer)[1] == "not_authenticated"


@pytest.mark.parametrize("name", PATTERNS)
def test_a_method_that_an_address_does_not_have_is_an_error_like_others(program: Program, name: str) -> None:
    answer = program.client.delete(f"/api/v1/{address(name)}")
    assert error_of(answer)[:2] in [(405, "method_not_allowed"), (404, "not_found")]


@pytest.mark.parametrize("name", [name for name in PATTERNS if name not in {"nothing", *DOCS}])
def test_an_address_says_which_methods_it_has(program: Program, name: str) -> None:
    answer = program.client.options(f"/api/v1/{address(name)}")
    assert answer.status_code == 200
    assert answer.headers["Allow"].split(", ")[0] == ("POST" if name.endswith("-bulk") else "GET")


@pytest.fixture
def full(org: Organisation) -> dict[str, int]:
    """One record of each collection, by the name of its address."""
    team = factories.team(org, "North")
    rep = factories.rep(org, "Ann", team, source="crm", external_id="r1")
    customer = factories.customer(org, "Acme", rep, created_on=DAY)
    contact = Contact.objects.create(organisation=org, customer=customer, name="Per", added_by=rep, created_on=DAY)
    end = dt.date(2024, 4, 1)
    cost = Cost.objects.create(organisation=org, category="tool", amount=1, currency="EUR", starts_on=DAY, ends_on=end, rep=rep)
    goal = Goal.objects.create(organisation=org, kpi="calls", subject_kind="rep", rep=rep, starts_on=DAY, ends_on=end, target=5)
    deal = factories.deal(org, rep, opened_on=DAY, customer=customer)
    made = {
        "teams": team, "reps": rep, "customers": customer, "contacts": contact, "costs": cost, "goals": goal,
        "leads": factories.lead(org, rep, DAY, customer=customer), "activities": factories.activity(org, rep, DAY, customer=customer),
        "deals": deal, "stage-changes": StageChange.objects.create(
            organisation=org, deal=deal, to_stage=deal.stage, changed_at=dt.datetime(2024, 3, 4, 12, tzinfo=dt.UTC), changed_on=DAY),
        "contracts": Contract.objects.create(organisation=org, customer=customer, starts_on=DAY, yearly_amount=1, currency="EUR"),
    }
    return {f"{name}-one": row.pk for name, row in made.items()}


@pytest.mark.parametrize("name", ONES)
def test_one_is_found_by_its_own_organisation_only(program: Program, stranger: Program, full: dict[str, int], name: str) -> None:
    path = reverse(f"api:{name}", args=[full[name]]).removeprefix("/api/v1/")
    found = program.get(path)
    assert found.status_code == 200
    assert found.json()["id"] == full[name]
    refused, missing = stranger.get(path), program.get(path.replace(str(full[name]), str(10**12)))
    assert error_of(refused) == (404, "not_found", "")
    assert refused.json() == missing.json()  # nothing tells that it exists elsewhere


@pytest.mark.parametrize("name", [name for name in PATTERNS if name.endswith("-list") and name != "kpis-list"])
def test_a_list_holds_the_own_organisation_only(program: Program, stranger: Program, full: dict[str, int], name: str) -> None:
    path = address(name)
    assert full[name.replace("-list", "-one")] in [row["id"] for row in program.get(path).json()["results"]]
    theirs = [row["id"] for row in stranger.get(path).json()["results"]]
    assert not set(full.values()) & set(theirs) or (name == "reps-list" and full["reps-one"] not in theirs)
    assert full[name.replace("-list", "-one")] not in theirs


@pytest.mark.parametrize("kind", ["team", "rep", "customer"])
def test_figures_of_another_organisation_are_not_there(program: Program, stranger: Program, full: dict[str, int], kind: str) -> None:
    span = {"from_": "2024-03-01", "to": "2024-03-31"}
    scope = f"{kind}:{full[f'{kind}s-one']}"
    assert program.get("kpis/calls/values", scope=scope, **span).status_code == 200
    assert error_of(stranger.get("kpis/calls/values", scope=scope, **span)) == (404, "not_found", "scope")


@pytest.mark.parametrize("name", [name for name in PATTERNS if name.endswith("-bulk")])
def test_a_bulk_write_reaches_the_own_organisation_only(program: Program, stranger: Program, full: dict[str, int], name: str) -> None:
    record = {"external_id": "x", "name": "X", "kind": "call", "occurred_on": "2024-03-04", "created_on": "2024-03-04", "stage": "Prospect",
              "category": "tool", "amount": "1", "starts_on": "2024-03-04", "ends_on": "2024-04-01", "rep": "Ann", "owner": "Ann",
              "customer": "Acme", "yearly_amount": "1", "deal_id": "d1", "changed_at": "2024-03-04T12:00:00Z"}
    view = view_class(PATTERNS[name])
    from integrations.api_records import record_serializer

    mine = {key: value for key, value in record.items() if key in record_serializer(view.kind)().fields}
    answer = stranger.bulk(name.removesuffix("-bulk"), mine)
    if {"rep", "owner", "deal_id"} & mine.keys():
        assert answer.status_code == 422  # Ann is nobody there, and the deal is not there
    else:
        assert answer.json()["created"] == 1
    assert not view.model.objects.filter(organisation__slug="nordlys", external_id="x").exists()
