"""The target grid: what it shows, saving many targets at once, two people at it, and its files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from goals.grid import Grid, grid, name_of, read_asked, read_name
from goals.grid_files import csv_content, excel_content
from goals.grid_saving import Change, Outcome, grid_save
from goals.models import Goal, GoalVersion, Kind, State
from integrations.importers.kinds import KINDS
from integrations.importers.reader import File, Terms
from integrations.importers.workbook import as_csv
from integrations.services import file_check
from kpi_tracker.errors import InvalidInput
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.orgs.models import Rep
from kpi_tracker.periods import Period, add_months
from tests import factories
from tests.goals.conftest import TODAY, Company

NOW = dt.datetime(2026, 11, 18, 9, tzinfo=dt.UTC)
JANUARY = dt.date(2026, 1, 1)
SignedIn = Callable[[str], Client]


def month(number: int, year: int = 2026) -> Period:
    start = dt.date(year, number, 1)
    return Period(start, add_months(start, 1))


def shown(company: Company, name: str = "alice", **query: str) -> Grid:
    scope = company.scope(name)
    return grid(scope, read_asked(scope, query, today=TODAY), today=TODAY)


def cell(found: Grid, rep: Rep, number: int) -> Any:
    row = next(row for row in found.rows if row.rep == rep)
    return row.cells[number - 1]


def typed(found: Grid, rep: Rep, number: int, text: str) -> Change:
    place, mark = read_name(cell(found, rep, number).name) or pytest.fail("no name")
    return Change(place, mark, text)


def save(company: Company, *changes: Change, name: str = "alice", reason: str = "") -> Outcome:
    return grid_save(scope=company.scope(name), changes=changes, reason=reason, now=NOW, today=TODAY)


@pytest.fixture
def calls(company: Company) -> Goal:
    return factories.goal(company.org, "calls", company.bob, month(11).start, month(11).end, 200)


@pytest.fixture
def signed_in(company: Company) -> Any:
    """Clients on the company's day."""
    with time_machine.travel(NOW, tick=False):
        def client(name: str) -> Client:
            made = Client()
            made.force_login(company.users[name], backend="django.contrib.auth.backends.ModelBackend")
            return made

        yield client


def address(name: str = "grid", **query: str) -> str:
    return reverse(f"goals:{name}", args=["nordlys"], query=query)


def test_it_works(company: Company, calls: Goal) -> None:
    factories.goal(company.org, "calls", company.bea, month(12).start, month(12).end, 50)
    factories.goal(company.org, "calls", company.org, month(11).start, month(11).end, 300)
    found = shown(company, kpi="calls")
    assert [row.rep.name for row in found.rows] == ["Bea Bok", "Bob Berg"]
    assert [column.label for column in found.columns][:2] == ["Jan", "Feb"]
    assert cell(found, company.bob, 11).text == "200"
    november, december = found.columns[10], found.columns[11]
    assert (november.total, november.goal.value, november.gap) == (200, 300, 100)
    assert (december.total, december.gap, found.total) == (50, None, 250)
    assert [cell(found, company.bob, number).open for number in (10, 11, 12)] == [False, True, True]


def test_a_team_s_people_and_weeks_of_a_quarter(company: Company) -> None:
    found = shown(company, "mona", kpi="calls", by="week")
    assert (found.subject_name, [row.rep for row in found.rows]) == ("Stockholm", [company.bob])
    assert len(found.columns) == 13
    assert all(column.period.start.isoweekday() == 1 and column.period.start.month >= 10 for column in found.columns)


def test_rates_are_not_added_up(company: Company) -> None:
    factories.goal(company.org, "win_rate", company.bob, month(11).start, month(11).end, "0.3")
    found = shown(company, kpi="win_rate")
    assert (found.total, found.columns[10].total, found.columns[10].gap) == (None, None, None)
    assert cell(found, company.bob, 11).text == "30"


def test_somebody_who_was_not_there_is_not_asked(company: Company) -> None:
    late = factories.rep(company.org, "Lea Lund", company.stockholm, started_on=dt.date(2026, 12, 10))
    found = shown(company, kpi="calls")
    assert [cell(found, late, number).belongs for number in (10, 11, 12)] == [False, False, True]
    assert not cell(found, late, 11).open


def test_new_and_changed_targets(company: Company, calls: Goal) -> None:
    found = shown(company, kpi="calls")
    outcome = save(
        company, typed(found, company.bob, 11, "250"), typed(found, company.bob, 12, "1 200"), typed(found, company.bea, 12, "80"),
        reason="Two trade fairs",
    )
    assert (outcome.new, outcome.changed, outcome.is_clean) == (2, 1, True)
    calls.refresh_from_db()
    assert (calls.target, calls.versions.count()) == (250, 2)
    version = calls.versions.get(number=2)
    assert (version.reason, version.author, version.asks_from, version.target) == ("Two trade fairs", company.users["alice"], TODAY, 250)
    made = Goal.objects.get(rep=company.bob, starts_on=month(12).start)
    assert (made.target, made.state, made.decided_by) == (1200, State.AGREED, company.users["alice"])


def test_a_running_goal_changes_for_a_reason_only(company: Company, calls: Goal) -> None:
    found = shown(company, kpi="calls")
    with pytest.raises(InvalidInput) as refused:
        save(company, typed(found, company.bea, 12, "80"), typed(found, company.bob, 11, "250"))
    assert refused.value.field == "reason"
    assert Goal.objects.count() == 1


def test_what_was_not_touched_is_not_written(company: Company, calls: Goal) -> None:
    found = shown(company, kpi="calls")
    Goal.objects.filter(pk=calls.pk).update(target=220)
    outcome = save(company, typed(found, company.bob, 11, "200"), typed(found, company.bob, 12, ""))
    assert (outcome.written, outcome.is_clean) == (0, True)
    calls.refresh_from_db()
    assert calls.target == 220


def test_two_people_lose_nothing(company: Company, calls: Goal) -> None:
    """Both open the grid; one saves; the other's cells are saved too, but for the one that has changed since."""
    alice, mona = shown(company, kpi="calls"), shown(company, "mona", kpi="calls")
    save(company, typed(mona, company.bob, 11, "180"), name="mona", reason="On leave")
    outcome = save(company, typed(alice, company.bob, 11, "250"), typed(alice, company.bea, 12, "80"), reason="More")
    assert (outcome.new, outcome.changed) == (1, 0)
    (conflict,) = outcome.conflicts
    assert (conflict.target, conflict.goal and conflict.goal.target, conflict.by, conflict.reason) == (
        250, 180, "Mona", "On leave"
    )
    calls.refresh_from_db()
    assert calls.target == 180
    place, mark = read_name(conflict.name) or pytest.fail("no name")
    assert save(company, Change(place, mark, "250"), reason="More").changed == 1
    calls.refresh_from_db()
    assert [version.target for version in calls.versions.order_by("number")] == [200, 180, 250]


def test_a_goal_made_meanwhile_is_in_conflict_and_a_deleted_one_too(company: Company, calls: Goal) -> None:
    found = shown(company, kpi="calls")
    factories.goal(company.org, "calls", company.bea, month(12).start, month(12).end, 70)
    calls.delete()
    outcome = save(company, typed(found, company.bea, 12, "80"), typed(found, company.bob, 11, "250"), reason="More")
    assert [(one.goal and one.goal.target, one.target) for one in outcome.conflicts] == [(70, 80), (None, 250)]
    keep = read_name(outcome.conflicts[1].name) or pytest.fail("no name")
    assert save(company, Change(*keep, "")).is_clean  # leave it deleted
    assert not Goal.objects.filter(rep=company.bob).exists()


def test_the_same_figure_is_no_conflict(company: Company, calls: Goal) -> None:
    found = shown(company, kpi="calls")
    save(company, typed(found, company.bob, 11, "250"), reason="Both agree")
    assert save(company, typed(found, company.bob, 11, "250"), reason="Both agree").is_clean
    assert GoalVersion.objects.filter(goal=calls).count() == 2


@pytest.mark.parametrize(("number", "text"), [(11, "many"), (11, "10.5"), (11, "0"), (11, ""), (10, "30")])
def test_what_cannot_be_is_told_and_the_rest_is_saved(company: Company, calls: Goal, number: int, text: str) -> None:
    found = shown(company, kpi="calls")
    outcome = save(company, typed(found, company.bob, number, text), typed(found, company.bea, 12, "80"), reason="More")
    assert (outcome.new, len(outcome.wrong)) == (1, 1)
    assert outcome.wrong[0].message


def test_goals_that_wait_or_grow_are_changed_on_their_own_page(company: Company) -> None:
    span = month(12)
    factories.goal(company.org, "calls", company.bob, span.start, span.end, 200, state=State.PROPOSED)
    factories.goal(company.org, "calls", company.bea, span.start, span.end, 200, kind=Kind.GROWTH, growth="0.1", baseline=180)
    found = shown(company, kpi="calls")
    assert not cell(found, company.bob, 12).open
    assert not cell(found, company.bea, 12).open
    assert len(save(company, typed(found, company.bob, 12, "9"), typed(found, company.bea, 12, "9")).wrong) == 2


def test_stretch_stays_as_far_above(company: Company) -> None:
    goal = factories.goal(company.org, "calls", company.bob, month(12).start, month(12).end, 200, stretch=240)
    save(company, typed(shown(company, kpi="calls"), company.bob, 12, "300"))
    goal.refresh_from_db()
    assert (goal.target, goal.stretch) == (300, 340)


@pytest.mark.parametrize(("name", "status"), [("alice", 200), ("mona", 200), ("bob", 403), ("vera", 403), ("charlie", 404)])
def test_rights(company: Company, signed_in: SignedIn, name: str, status: int) -> None:
    assert signed_in(name).get(address()).status_code == status
    assert signed_in(name).get(address("grid_file")).status_code == status
    assert signed_in(name).get(reverse("integrations:targets", args=["nordlys"])).status_code == status


def test_a_manager_sets_only_the_own_people(company: Company, signed_in: SignedIn) -> None:
    strange = ("calls", Subject(SubjectKind.REP, company.bea.id), month(12))
    answer = signed_in("mona").post(address(kpi="calls"), {name_of(strange, ""): "50"})
    assert answer.status_code == 422
    assert "Bea Bok" not in answer.content.decode()
    assert not Goal.objects.exists()
    assert signed_in("mona").get(address(of=f"team:{company.malmo.id}")).status_code == 404


def test_targets_are_typed_as_the_language_writes_them(company: Company) -> None:
    with translation.override("sv"):
        found = shown(company, kpi="revenue")
        save(company, typed(found, company.bob, 12, "12 500,50"))
    assert Goal.objects.get().target == Decimal("12500.50")


def test_the_page_saves_and_shows_what_is_left(company: Company, calls: Goal, signed_in: SignedIn) -> None:
    client = signed_in("alice")
    page = client.get(address(kpi="calls")).content.decode()
    name = cell(shown(company, kpi="calls"), company.bob, 11).name
    assert f'name="{name}"' in page
    answer = client.post(address(kpi="calls"), {name: "abc", "reason": "More"})
    assert answer.status_code == 422
    assert 'value="abc"' in answer.content.decode()
    answer = client.post(address(kpi="calls"), {name: "250"})
    assert answer.status_code == 422
    assert 'value="250"' in answer.content.decode()
    assert client.post(address(kpi="calls"), {name: "250", "reason": "More"}).status_code == 302
    answer = client.post(address(kpi="calls"), {name: "260", "reason": "More"})
    assert answer.status_code == 409
    assert "while you were at it" in answer.content.decode()


def queries(client: Client, place: str) -> int:
    client.get(place)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(place).status_code == 200
        return len(captured)


@pytest.mark.parametrize("page", ["grid", "defaults", "split"])
def test_ten_and_forty_reps(company: Company, calls: Goal, signed_in: SignedIn, page: str) -> None:
    def more(number: int, prefix: str) -> None:
        for i in range(number):
            rep = factories.rep(company.org, f"{prefix} {i}", company.stockholm)
            factories.goal(company.org, "calls", rep, month(11).start, month(11).end, 100)

    whole = factories.goal(company.org, "calls", company.stockholm, month(11).start, month(11).end, 5000)
    place = reverse("goals:split", args=["nordlys", whole.id]) if page == "split" else address(page, kpi="calls")
    more(8, "Ten")
    few = queries(signed_in("alice"), place)
    more(30, "Forty")
    assert queries(signed_in("alice"), place) == few <= 15


def test_many_people_come_in_pages_and_totals_count_all(company: Company, signed_in: SignedIn) -> None:
    for i in range(70):
        rep = factories.rep(company.org, f"Rep {i:02}", company.stockholm)
        factories.goal(company.org, "calls", rep, month(12).start, month(12).end, 10)
    found = shown(company, kpi="calls")
    assert (len(found.rows), found.pages, found.columns[11].total) == (60, 2, 700)
    assert found.columns[11].elsewhere == 700 - 10 * sum(row.rep.name.startswith("Rep") for row in found.rows)
    assert len(shown(company, kpi="calls", page="2").rows) == 12


# Files

@pytest.mark.parametrize("write", [csv_content, lambda found: as_csv(excel_content(found))])
@pytest.mark.parametrize(
    ("kpi", "target"), [("calls", "200"), ("revenue", "12500.5"), ("win_rate", "0.315"), ("sales_cycle_days", "41.25")]
)
def test_a_file_of_the_grid_is_what_the_import_of_goals_reads(company: Company, write: Any, kpi: str, target: str) -> None:
    factories.rep(company.org, "Bob Berg", company.malmo, email="other.bob@example.com")
    Rep.objects.filter(pk=company.bob.pk).update(email="bob@example.com")
    goal = factories.goal(company.org, kpi, company.bob, month(11).start, month(11).end, target, why="It pays for March")
    scope = company.scope("alice")
    found = shown(company, kpi=kpi)
    full = write(found).decode().lstrip("\ufeff").splitlines()
    filled = "\n".join([full[0], *(line for line in full[1:] if "It pays" in line)]).encode()
    outcome = file_check(file=File("targets.csv", filled), terms=Terms(scope=scope, kind=KINDS["goals"], now=NOW))
    assert [str(issue) for issue in outcome.errors] == []
    assert (outcome.summary.unchanged, outcome.summary.created, outcome.summary.updated) == (1, 0, 0)
    goal.refresh_from_db()
    assert goal.target == Decimal(target)


def upload(client: Client, content: bytes, name: str = "targets.csv") -> Any:
    return client.post(reverse("integrations:targets", args=["nordlys"]), {"file": SimpleUploadedFile(name, content)})


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_file_comes_back_unchanged(company: Company, calls: Goal, signed_in: SignedIn, kind: str) -> None:
    client = signed_in("alice")
    content = client.get(address("grid_file", kpi="calls", format=kind)).content
    page = upload(client, content, f"targets.{kind}")
    assert page.status_code == 200
    found = page.context["found"]
    assert ([line.fate for line in found.lines], found.empty, found.to_write) == (["unchanged"], 23, [])


def test_a_dry_run_tells_what_each_line_would_do(company: Company, calls: Goal, signed_in: SignedIn) -> None:
    client = signed_in("mona")
    text = (
        "KPI;Rep;Period;Target\ncalls;Bob Berg;2026-11;250\ncalls;Bob Berg;2026-12;120\ncalls;Bob Berg;2026-10;5\n"
        "calls;Bob Berg;2026-12;130\ncalls;Bo Borg;2026-12;9\ncalls;Bea Bok;2026-12;9\n"
        "calls;Bob Berg;2027-01;\ncalls;Bob Berg;2027-02;1.5\n"
    )
    page = upload(client, text.encode())
    found = page.context["found"]
    assert [(line.number, line.fate.value) for line in found.lines] == [
        (2, "changed"), (3, "new"), (4, "wrong"), (5, "wrong"), (6, "wrong"), (7, "wrong"), (9, "wrong"),
    ]
    assert all(line.why for line in found.of("wrong"))
    assert (found.empty, found.needs_reason, Goal.objects.count()) == (1, True, 1)
    sent = {line.name: str(line.target) for line in found.to_write} | {"reason": "From the plan"}
    assert client.post(address(kpi="calls"), sent).status_code == 302
    assert sorted(Goal.objects.values_list("target", flat=True)) == [120, 250]


def test_a_file_that_is_none(company: Company, signed_in: SignedIn) -> None:
    client = signed_in("alice")
    for content in (b"", b"a,b\n1,2\n", b"PK\x03\x04 no workbook", b"KPI,Rep\ncalls,Bob Berg\n"):
        assert upload(client, content).status_code == 422
