"""A full disk and a database that somebody else keeps locked, on SQLite. (What PostgreSQL does then is its own affair.)"""

from __future__ import annotations

import datetime as dt
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection
from django.test import Client

from integrations.models import ApiToken, Import
from integrations.tokens import token_create
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.rollups.builder import refresh, refresh_fully
from kpi_tracker.rollups.models import DirtyBucket
from kpi_tracker.rollups.verify import verify
from kpi_tracker.sales.models import Activity, Deal
from kpi_tracker.scope import Role
from kpi_tracker.unavailable import SECONDS_TO_WAIT, will_pass
from tests import factories
from tests.api.conftest import Program as ApiProgram
from tests.api.conftest import error_of, program_of
from tests.conftest import Program
from tests.faults.services import RedisServer, Web, until

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]
Fault = Callable[[], Any]
UNLIMITED = 1_073_741_823  # SQLite's own
PAGES = ("organisation/", "people/", "customers/", "goals/", "calendar/", "import/")


def database() -> Path:
    return Path(connection.settings_dict["NAME"])


@contextmanager
def locked() -> Iterator[None]:
    """Somebody else writes, for longer than this connection waits."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 100")
    other = sqlite3.connect(database(), isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")
    finally:
        other.close()


@contextmanager
def full() -> Iterator[None]:
    """The file may not grow by a single page."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")
        cursor.execute("PRAGMA page_count")
        cursor.execute(f"PRAGMA max_page_count = {cursor.fetchone()[0]}")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA max_page_count = {UNLIMITED}")


faults = pytest.mark.parametrize("fault", [locked, full])


@pytest.fixture
def org() -> Organisation:
    org = factories.organisation()
    who = factories.rep(org, "Ann", factories.team(org, "North"), source="crm", external_id="r1")
    factories.activity(org, who, dt.date(2024, 3, 1))
    refresh_fully(org)
    return org


@pytest.fixture
def alice(org: Organisation) -> Client:
    """A browser: what fails is answered, not raised."""
    client = Client(raise_request_exception=False)
    client.force_login(factories.member(org, "alice@nordlys.example", Role.ADMIN))
    return client


@pytest.fixture
def program(org: Organisation) -> ApiProgram:
    return program_of(org)


def calls(count: int, filling: int = 200) -> list[dict[str, Any]]:
    return [
        {"external_id": f"a{number}", "kind": "call", "rep": "r1", "occurred_at": "2024-03-04T10:00:00Z", "subject": "x" * filling}
        for number in range(count)
    ]


def deals(count: int) -> bytes:
    rows = "".join(f"Deal {number} {'x' * 150};Kone Oy;1 000,50;Vunnen;Ann;5.1.2024;1.2.2024\n" for number in range(count))
    return ("Deal;Kund;Belopp;Fas;Säljare;Skapad;Avslutad\n" + rows).encode()


def in_order(org: Organisation) -> bool:
    refresh_fully(org)
    return verify(org) == [] and not DirtyBucket.objects.exists()


@faults
def test_pages_can_be_read(fault: Fault, alice: Client) -> None:
    with fault():
        assert {path: alice.get(f"/o/nordlys/{path}", follow=True).status_code for path in PAGES} == dict.fromkeys(PAGES, 200)


@faults
def test_who_sends_a_form_is_told_that_it_was_not_saved(fault: Fault, alice: Client, org: Organisation) -> None:
    data = {"kind": "deals", "file": SimpleUploadedFile("deals.csv", deals(1_000), "text/csv")}
    with fault():
        answer = alice.post("/o/nordlys/import/", data, headers={"accept-language": "en"})
    page = answer.content.decode()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, str(SECONDS_TO_WAIT))
    assert "What you just sent is probably not saved" in page
    assert "Traceback" not in page
    assert not Import.objects.exists()
    assert in_order(org)


@faults
def test_an_import_that_fails_has_written_nothing_and_goes_well_afterwards(fault: Fault, alice: Client, org: Organisation) -> None:
    data = {"kind": "deals", "file": SimpleUploadedFile("deals.csv", deals(500), "text/csv")}
    where = alice.post("/o/nordlys/import/", data).headers["Location"]
    assert alice.get(where).status_code == 200
    with fault():
        assert alice.post(f"{where}confirm/").status_code == 503
    assert not Deal.objects.exists()
    assert Import.objects.get().state == Import.State.WAITING
    assert alice.post(f"{where}confirm/").status_code == 302
    assert Deal.objects.count() == 500
    assert in_order(org)


@faults
def test_a_program_is_told_to_send_again(fault: Fault, program: ApiProgram, org: Organisation) -> None:
    records = calls(500)
    assert program.get("activities/").status_code == 200
    with fault():
        answer = program.bulk("activities", *records)
        assert error_of(answer) == (503, "unavailable", "")
        assert answer.headers["Retry-After"] == str(SECONDS_TO_WAIT)
        assert program.get("activities/").status_code == 200
    assert Activity.objects.count() == 1
    assert program.bulk("activities", *records).json()["created"] == 500
    assert in_order(org)


@faults
def test_a_refresh_that_fails_keeps_its_marks(fault: Fault, program: ApiProgram, org: Organisation) -> None:
    program.bulk("activities", *({**call, "occurred_at": f"20{index % 24:02}-03-04T10:00:00Z"} for index, call in enumerate(calls(500, 0))))
    marks = DirtyBucket.objects.count()
    with fault(), pytest.raises(OperationalError) as raised:
        refresh(org)
    assert will_pass(raised.value)
    assert DirtyBucket.objects.count() == marks > 0
    assert in_order(org)


def test_a_missing_table_is_a_fault_of_ours_and_not_one_that_passes() -> None:
    with pytest.raises(OperationalError) as raised, connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM not_migrated")
    assert not will_pass(raised.value)


@pytest.mark.slow
def test_a_disk_that_takes_no_more(org: Organisation, redis: RedisServer, programs: list[Program], tmp_path: Path) -> None:
    """A web process whose writes the kernel refuses: it goes on, tells so, and serves again once there is room."""
    secret = token_create(organisation=org, name="Test", right=ApiToken.Right.WRITE)[1]
    web = Web(redis.url, token=secret, within=[shutil.which("prlimit") or "prlimit", f"--fsize={database().stat().st_size}"])
    programs.append(web)
    sent = 0

    def refused() -> bool:
        nonlocal sent
        status, answer = web.send("activities", *({**call, "external_id": f"b{sent}-{index}"} for index, call in enumerate(calls(500))))
        sent += status == 200
        assert status in (200, 503), answer
        return status == 503

    until(refused, "the disk is full")
    assert web.get("healthz")[0] == 200
    assert Activity.objects.filter(source="crm").count() == 500 * sent
    assert web.stop() == 0
    again = Web(redis.url, token=secret)
    programs.append(again)
    assert again.send("activities", *calls(500))[0] == 200
    assert Activity.objects.filter(source="crm").count() == 500 * sent + 500
    assert in_order(org)
