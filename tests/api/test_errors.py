"""Every failure is `{"code", "message", "field"}`."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.db import IntegrityError
from rest_framework import exceptions, serializers

from kpi_tracker.api_errors import exception_handler
from kpi_tracker.errors import InvalidInput, NotPermitted, UserError
from tests.api.conftest import Program, error_of


def handled(error: Exception) -> tuple[int, dict[str, Any]]:
    answer = exception_handler(error, {})
    return answer.status_code, answer.data


@pytest.mark.parametrize(
    ("error", "status", "code", "field"),
    [
        (InvalidInput("Wrong.", field="to"), 400, "invalid", "to"), (UserError("No.", code="own_code"), 400, "own_code", ""),
        (NotPermitted("Not you."), 403, "not_permitted", ""), (exceptions.PermissionDenied(), 403, "not_permitted", ""),
        (exceptions.NotFound("Secret."), 404, "not_found", ""), (IntegrityError("UNIQUE"), 409, "conflict", ""),
        (exceptions.MethodNotAllowed("PUT"), 405, "method_not_allowed", ""),
    ],
)  # fmt: skip
def test_each_error_has_its_status_and_code(error: Exception, status: int, code: str, field: str) -> None:
    found, body = handled(error)
    assert (found, body["code"], body["field"]) == (status, code, field)
    assert body["message"]
    assert set(body) == {"code", "message", "field"}


def test_what_is_not_there_tells_nothing_more() -> None:
    assert handled(exceptions.NotFound("A deal of another organisation."))[1]["message"] == "There is nothing at this address."


def test_several_problems_are_all_listed_with_their_paths() -> None:
    error = serializers.ValidationError({"a": ["One."], "b": {"c": ["Two.", "Three."]}, "non_field_errors": ["Four."]}, code="invalid")
    _status, body = handled(error)
    assert (body["code"], body["message"], body["field"]) == ("invalid", "One.", "a")
    listed = [(each["field"], each["message"]) for each in body["problems"]]
    assert listed == [("a", "One."), ("b.c", "Two."), ("b.c", "Three."), ("", "Four.")]


def test_a_fault_of_ours_is_logged_and_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        status, body = handled(RuntimeError("password=hunter2"))
    assert (status, body["code"]) == (500, "internal")
    assert "hunter2" not in str(body)
    assert "hunter2" in caplog.text


def test_an_address_that_is_not_there(program: Program) -> None:
    assert error_of(program.get("no/such/address")) == (404, "not_found", "")
    assert error_of(program.post("customers", {})) == (404, "not_found", "")
    assert error_of(program.get("customers/abc")) == (404, "not_found", "")
    assert error_of(program.get(f"customers/{2**70}")) == (404, "not_found", "")
