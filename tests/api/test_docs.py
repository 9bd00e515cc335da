"""The API describes itself, completely, to those who belong here."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.urls import reverse

from kpi_tracker.api_urls import urlpatterns
from kpi_tracker.orgs.models import Organisation
from tests import factories
from tests.api.conftest import Program, error_of


def test_the_schema_is_valid_and_without_warnings() -> None:
    out, err = StringIO(), StringIO()
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=out, stderr=err)
    assert "openapi: 3" in out.getvalue()
    assert not err.getvalue()


def test_the_schema_holds_every_address(program: Program) -> None:
    schema = program.client.get("/api/v1/schema", headers={"accept": "application/json"}).json()
    described = {re.sub(r"{\w+}", "{}", path) for path in schema["paths"]}
    routes = {"/api/v1/" + re.sub(r"<\w+:\w+>", "{}", str(pattern.pattern)) for pattern in urlpatterns}
    assert described == routes - {"/api/v1/schema", "/api/v1/docs", "/api/v1/{}"}
    assert schema["components"]["securitySchemes"]["organisationToken"]["scheme"] == "bearer"
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            assert operation["security"] == [{"organisationToken": []}], path
            assert "401" in operation["responses"], path


@pytest.mark.parametrize("name", ["schema", "docs"])
def test_the_description_is_for_those_who_belong_here(org: Organisation, program: Program, name: str) -> None:
    address = reverse(f"api:{name}")
    assert error_of(Program().client.get(address)) == (401, "not_authenticated", "")
    assert program.client.get(address).status_code == 200
    person = Program()
    person.client.force_login(factories.member(org, "viewer@example.com", "viewer"))
    assert person.client.get(address).status_code == 200


def test_the_docs_obey_the_content_security_policy(org: Organisation) -> None:
    person = Program()
    person.client.force_login(factories.member(org, "viewer@example.com", "viewer"))
    answer = person.client.get(reverse("api:docs"))
    page = answer.content.decode()
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=", page)
    sources = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(sources) >= 4
    for source in sources:
        assert source.startswith("/"), source  # nothing from another host
        if source.startswith("/static/"):
            assert finders.find(source.removeprefix("/static/").partition("?")[0]), source
        else:
            script = person.client.get(source)
            assert (script.status_code, script.headers["Content-Type"]) == (200, "application/javascript")
            assert reverse("api:schema") in script.content.decode()
