"""Large files: checked and written by a job, step by step, whatever happens to its worker."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from integrations import background, services
from integrations.importers.kinds import KINDS
from integrations.importers.reader import File, Terms
from integrations.models import Import, ImportPart
from kpi_tracker.orgs.models import Organisation, User
from kpi_tracker.orgs.selectors import organisation_scope
from kpi_tracker.sales.models import Activity, Customer
from kpi_tracker.scope import Role
from tests import factories
from tests.conftest import Worker

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 5, 20, 12, tzinfo=dt.UTC)
AT_ONCE = dt.timedelta(0)
LATER = NOW + dt.timedelta(minutes=5)


@pytest.fixture(autouse=True)
def small_steps(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is large from 100 bytes on, and a step is ten rows."""
    settings.IMPORT_AT_ONCE_BYTES = 100
    monkeypatch.setattr(background, "STEP", 10)


@pytest.fixture
def org() -> Organisation:
    org = factories.organisation("nordlys")
    factories.rep(org, "Anna Ek", factories.team(org, "North"))
    factories.member(org, "alice@nordlys.example", Role.ADMIN)
    return org


def lines(amount: int, **other: str) -> bytes:
    """other: lines that take the place of some, by their number in the file."""
    found = ["Id;Type;Date;Rep;Company", *(f"a{n};call;2026-05-{n % 19 + 1:02};Anna Ek;Company {n % 3}" for n in range(amount))]
    for number, line in other.items():
        found[int(number.removeprefix("line")) - 1] = line
    return "\n".join(found).encode()


def upload(org: Organisation, data: bytes, kind: str = "activities") -> Import:
    terms = Terms(scope=organisation_scope(org), kind=KINDS[kind], now=NOW)
    return services.import_note(file=File("calls.csv", data), terms=terms)


def confirmed(org: Organisation, data: bytes, kind: str = "activities") -> Import:
    note = upload(org, data, kind)
    background.take_further(note.pk, now=NOW)
    note.refresh_from_db()
    services.import_confirm(note=note, terms=Terms(scope=organisation_scope(org), kind=KINDS[kind], now=NOW))
    return note


def counts(note: Import) -> tuple[str, int, int, int]:
    note.refresh_from_db()
    return note.state, note.created, note.updated, note.unchanged


class Killed(BaseException):
    """The worker is gone."""


def kill_before_step(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Let the worker die before it takes a step, counted from 1."""
    original, steps = background._held, iter(range(1, 1000))

    def held(note: Import) -> Import:
        if next(steps) == number:
            raise Killed
        return original(note)

    monkeypatch.setattr(background, "_held", held)


def test_it_is_checked_and_then_written(org: Organisation) -> None:
    note = upload(org, lines(35))
    assert (note.state, note.is_large) == ("checking", True)
    background.take_further(note.pk, now=NOW)
    note.refresh_from_db()
    assert (note.state, note.rows, note.rejected) == ("waiting", 35, 0)
    assert (Activity.objects.count(), Customer.objects.count()) == (0, 0)
    outcome = services.found_outcome(note)
    assert (outcome.summary.created, outcome.summary.also_made, outcome.header[0]) == (35, (("customers", 3),), "Id")
    services.import_confirm(note=note, terms=Terms(scope=organisation_scope(org), kind=KINDS["activities"], now=NOW))
    background.take_further(note.pk, now=NOW)
    assert counts(note) == ("done", 35, 0, 0)
    assert (Activity.objects.count(), Customer.objects.count(), ImportPart.objects.count()) == (35, 3, 0)
    # The message is delivered twice.
    background.take_further(note.pk, now=NOW)
    assert counts(note) == ("done", 35, 0, 0)


def test_every_problem_is_listed_and_nothing_is_written(org: Organisation) -> None:
    note = upload(org, lines(35, line5="a3;call;2026-05-32;Anna Ek;", line20="a18;call;2026-05-01;Ana Ek;", line34="a0;call;2026-05-01;;"))
    background.take_further(note.pk, now=NOW)
    note.refresh_from_db()
    assert (note.state, note.rejected) == ("waiting", 3)
    assert [issue.line for issue in services.found_problems(note)] == [5, 20, 34]
    with pytest.raises(services.ImportRejected):
        services.import_confirm(note=note, terms=Terms(scope=organisation_scope(org), kind=KINDS["activities"], now=NOW))
    assert Activity.objects.count() == 0


def test_too_many_rows_are_a_problem(org: Organisation, settings: Any) -> None:
    settings.IMPORT_MOST_ROWS = 20
    note = upload(org, lines(35))
    background.take_further(note.pk, now=NOW)
    note.refresh_from_db()
    assert "more than 20 rows" in services.found_problems(note)[0].message


@pytest.mark.parametrize("step", [1, 3, 5, 6])
def test_what_a_killed_worker_left_is_finished_and_counted_once(org: Organisation, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    note = confirmed(org, lines(45))
    with monkeypatch.context() as patch:
        kill_before_step(patch, step)
        with pytest.raises(Killed):
            background.take_further(note.pk, now=NOW)
    written = min((step - 1) * 10, 45)
    assert Activity.objects.count() == written
    assert counts(note) == ("running", written, 0, 0)
    # Nobody takes it as long as the worker may be alive; then it is found, and gone through again.
    background.take_further(note.pk, now=LATER)
    assert counts(note)[0] == "running"
    assert background.silent() == []
    assert background.silent(longer_than=AT_ONCE) == [note.pk]
    background.take_further(note.pk, now=LATER)
    assert counts(note) == ("done", 45, 0, 0)
    assert Activity.objects.count() == 45


def test_a_worker_that_comes_too_late_stops(org: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    note = confirmed(org, lines(45))
    original, steps = background._still_ours, iter(range(1, 1000))

    def still_ours(one: Import, **values: Any) -> None:
        if next(steps) == 2:
            assert background.silent(longer_than=AT_ONCE) == [note.pk]
            background.take_further(one.pk, now=NOW)
            assert counts(note) == ("done", 45, 0, 0)
        original(one, **values)

    with monkeypatch.context() as patch:
        patch.setattr(background, "_still_ours", still_ours)
        background.take_further(note.pk, now=NOW)
    assert counts(note) == ("done", 45, 0, 0)
    assert Activity.objects.count() == 45


def test_a_row_refused_after_all_stops_it_with_the_reason(org: Organisation) -> None:
    bo = factories.rep(org, "Bo Ek")
    note = confirmed(org, lines(45, line38="a36;call;2026-05-01;Bo Ek;"))
    bo.delete()
    background.take_further(note.pk, now=NOW)
    assert counts(note) == ("failed", 30, 0, 0)
    assert [issue.line for issue in services.found_problems(note)] == [38]
    assert Activity.objects.count() == 30
    # Mended, it goes on from there.
    factories.rep(org, "Bo Ek")
    services.import_check(note=note, now=LATER)
    background.take_further(note.pk, now=LATER)
    note.refresh_from_db()
    assert services.found_outcome(note).summary.unchanged == 30


def test_it_gives_up_after_some_attempts(org: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    note = confirmed(org, lines(45))
    for attempt in range(background.MOST_ATTEMPTS + 1):
        with monkeypatch.context() as patch:
            kill_before_step(patch, 1)
            if attempt < background.MOST_ATTEMPTS:
                with pytest.raises(Killed):
                    background.take_further(note.pk, now=NOW)
                assert background.silent(longer_than=AT_ONCE) == [note.pk]
            else:
                background.take_further(note.pk, now=NOW)
    assert counts(note)[0] == "failed"
    assert note.reason.startswith("It was broken off 5 times")


def test_parents_in_later_steps_are_found(org: Organisation) -> None:
    rows = ["Id;Name;Parent", *(f"c{n};Company {n};{f'c{n + 15}' if n < 15 else ''}" for n in range(30))]
    note = confirmed(org, "\n".join(rows).encode(), "customers")
    background.take_further(note.pk, now=NOW)
    assert counts(note) == ("done", 30, 0, 0)
    assert Customer.objects.filter(parent=None).count() == 15
    assert Customer.objects.get(name="Company 3").parent.name == "Company 18"


def test_uploads_that_nobody_wants_go(org: Organisation, settings: Any) -> None:
    old, done = upload(org, lines(35)), confirmed(org, lines(12))
    background.take_further(done.pk, now=NOW)
    background.take_further(old.pk, now=NOW)
    assert background.discard_stale(now=NOW + dt.timedelta(days=settings.IMPORT_KEEP_DAYS)) == 0
    assert background.discard_stale(now=NOW + dt.timedelta(days=settings.IMPORT_KEEP_DAYS, seconds=1)) == 1
    assert list(Import.objects.values_list("pk", flat=True)) == [done.pk]
    assert ImportPart.objects.count() == 0


def page(client: Client, address: str, **headers: str) -> str:
    return client.get(address, headers=headers).content.decode()


def test_the_page_tells_how_far_it_is(org: Organisation) -> None:
    alice = Client()
    alice.force_login(User.objects.get(email="alice@nordlys.example"))
    answer: Any = alice.post("/o/nordlys/import/", {"kind": "activities", "file": SimpleUploadedFile("calls.csv", lines(35), "text/csv")})
    where = answer.headers["Location"]
    assert "This file is being looked at" in page(alice, where)
    note = Import.objects.get()
    background.take_further(note.pk, now=NOW + dt.timedelta(days=400))
    assert alice.get(where, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"
    assert "Ready: 35 new, 0 changed" in page(alice, where)
    assert alice.post(f"{where}confirm/").status_code == 302
    Import.objects.update(rows_done=20, created=20)
    assert "20 of 35 rows" in page(alice, where)
    part = page(alice, where, **{"HX-Request": "true"})
    assert "20 of 35 rows" in part
    assert "<html" not in part
    assert alice.post(f"{where}discard/").status_code == 302
    Import.objects.update(rows_done=0, created=0, state="failed", reason="Because of this")
    assert "Because of this" in page(alice, where)
    assert alice.post(f"{where}again/").status_code == 302
    assert Import.objects.get().state == "checking"


@pytest.mark.redis
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_real_worker_takes_it_in(celery_worker: Worker, settings: Any) -> None:
    settings.IMPORT_AT_ONCE_BYTES = 1000
    org = factories.organisation("nordlys")
    factories.rep(org, "Anna Ek", factories.team(org, "North"))
    note = upload(org, lines(9000))
    celery_worker.run("integrations.tasks.take_further", note.pk)
    note.refresh_from_db()
    assert (note.state, note.rows) == ("waiting", 9000)
    services.import_confirm(note=note, terms=Terms(scope=organisation_scope(org), kind=KINDS["activities"], now=NOW))
    celery_worker.run("integrations.tasks.take_further", note.pk)
    assert counts(note) == ("done", 9000, 0, 0)
    celery_worker.run("integrations.tasks.follow_imports")
    celery_worker.run("integrations.tasks.remove_stale_uploads")
