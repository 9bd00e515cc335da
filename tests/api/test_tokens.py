"""Who gets in: tokens, their rights, their end."""

from __future__ import annotations

import datetime as dt
import hashlib
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from integrations.models import ApiToken
from integrations.tokens import token_create, token_revoke
from kpi_tracker.errors import InvalidInput
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.sales.models import Customer
from tests import factories
from tests.api.conftest import Program, error_of

NOW = dt.datetime(2024, 3, 4, 9, tzinfo=dt.UTC)


def test_a_token_opens_its_organisation(program: Program) -> None:
    assert program.get("customers/").status_code == 200


def test_only_a_hash_of_the_secret_is_kept(org: Organisation) -> None:
    token, secret = token_create(organisation=org, name="CRM")
    assert secret.startswith("kt_")
    assert len(secret) == 3 + 43  # 256 random bits
    stored = ApiToken.objects.filter(pk=token.pk).values().get()
    assert stored["hash"] == hashlib.sha256(secret.encode()).hexdigest()
    assert not any(secret in str(value) for value in stored.values())
    assert secret.startswith(stored["prefix"])
    assert token_create(organisation=org, name="CRM")[1] != secret


@pytest.mark.parametrize("header", ["Bearer kt_nothing", "Bearer", "Bearer kt_a kt_b", "Bearer \xff", "bearer  kt_x "])
def test_a_wrong_token_is_refused(org: Organisation, header: str) -> None:
    program = Program()
    program.client.defaults["HTTP_AUTHORIZATION"] = header
    answer = program.get("customers/")
    assert error_of(answer) == (401, "unknown_token", "")
    assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("header", ["", "Basic dXNlcjpwYXNz", "kt_bare"])
def test_no_token_is_refused(org: Organisation, header: str) -> None:
    program = Program()
    program.client.defaults["HTTP_AUTHORIZATION"] = header
    assert error_of(program.get("customers/")) == (401, "not_authenticated", "")


def test_a_revoked_token_opens_nothing(org: Organisation) -> None:
    token, secret = token_create(organisation=org, name="Old")
    token_revoke(token=token, now=NOW)
    assert error_of(Program(secret).get("customers/")) == (401, "unknown_token", "")


def test_a_token_that_reads_may_not_write(org: Organisation, reader: Program) -> None:
    assert reader.get("customers/").status_code == 200
    assert error_of(reader.bulk("customers", {"external_id": "1", "name": "Acme"})) == (403, "read_only_token", "")
    assert not Customer.objects.exists()


def test_signing_in_is_not_a_token(org: Organisation) -> None:
    program = Program()
    program.client.force_login(factories.member(org, "admin@example.com", "admin"))
    assert error_of(program.get("customers/")) == (401, "not_authenticated", "")


def test_the_day_of_the_last_use_is_remembered(org: Organisation, django_assert_num_queries: object) -> None:
    token, secret = token_create(organisation=org, name="CRM")
    assert token.last_used_on is None
    Program(secret).get("teams/")
    token.refresh_from_db()
    assert token.last_used_on is not None


def test_a_token_needs_a_name(org: Organisation) -> None:
    with pytest.raises(InvalidInput):
        token_create(organisation=org, name="  ")


def command(*arguments: str) -> str:
    out = StringIO()
    call_command("api_token", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_the_command_makes_lists_and_revokes(org: Organisation) -> None:
    secret = command("create", "--organisation", "nordlys", "--name", "CRM", "--write").strip()
    assert Program(secret).bulk("customers", {"external_id": "1", "name": "Acme"}).status_code == 200
    token = ApiToken.objects.get()
    listed = command("list", "--organisation", "nordlys")
    assert "CRM" in listed
    assert secret not in listed
    command("revoke", "--organisation", "nordlys", "--id", str(token.pk))
    assert Program(secret).get("customers/").status_code == 401
    assert "revoked" in command("list", "--organisation", "nordlys")


def test_the_command_makes_tokens_that_read_unless_told(org: Organisation) -> None:
    command("create", "--organisation", "nordlys", "--name", "CRM")
    assert ApiToken.objects.get().right == "read"


def test_the_command_revokes_nothing_of_another_organisation(org: Organisation, other: Organisation) -> None:
    token, _secret = token_create(organisation=other, name="Theirs")
    with pytest.raises(CommandError, match="has no token"):
        command("revoke", "--organisation", "nordlys", "--id", str(token.pk))
    with pytest.raises(CommandError, match="no organisation"):
        command("list", "--organisation", "nowhere")
