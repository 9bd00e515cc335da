"""An organisation with its tokens, and a program that uses them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from integrations.models import ApiToken
from integrations.tokens import token_create
from kpi_tracker.orgs.models import Organisation
from tests import factories

DAY = dt.date(2024, 3, 4)


class Program:
    """A program that uses the API with one token, or with none."""

    def __init__(self, secret: str = "") -> None:
        self.client = Client(headers={"authorization": f"Bearer {secret}"} if secret else {})

    def get(self, address: str, **parameters: Any) -> Any:
        return self.client.get(f"/api/v1/{address}", {name.rstrip("_"): value for name, value in parameters.items()})

    def post(self, address: str, body: Any) -> Any:
        return self.client.post(f"/api/v1/{address}", body, content_type="application/json")

    def bulk(self, kind: str, *records: Any, source: str = "crm") -> Any:
        return self.post(f"{kind}/bulk", {"source": source, "records": records})


def program_of(org: Organisation, right: ApiToken.Right = ApiToken.Right.WRITE) -> Program:
    return Program(token_create(organisation=org, name="Test", right=right)[1])


def error_of(answer: HttpResponse) -> tuple[int, str, str]:
    """Status, code and field of an error, which has a message and nothing unheard of."""
    body = answer.json()  # type: ignore[attr-defined]
    assert {"code", "message", "field"} <= set(body) <= {"code", "message", "field", "problems"}
    assert body["message"]
    return answer.status_code, body["code"], body["field"]


@pytest.fixture
def org(db: None) -> Organisation:
    return factories.organisation()


@pytest.fixture
def other(db: None) -> Organisation:
    return factories.organisation("other")


@pytest.fixture
def program(org: Organisation) -> Program:
    return program_of(org)


@pytest.fixture
def reader(org: Organisation) -> Program:
    return program_of(org, ApiToken.Right.READ)


@pytest.fixture
def stranger(other: Organisation) -> Program:
    """A program of another organisation."""
    return program_of(other)
