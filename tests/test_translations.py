"""The Swedish and Finnish texts: whole, fitting their originals, compiled, and nowhere mixed with English."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation

from dashboards.holiday_names import holidays_off
from goals.models import Goal
from kpi_tracker import formats
from kpi_tracker.orgs.models import Organisation, Rep, Team, User
from kpi_tracker.periods import Grain, Period
from kpi_tracker.sales.models import Customer, Stage
from tests import factories

LANGUAGES = ("sv", "fi")
ROOT = Path(settings.BASE_DIR)
FEBRUARY, MARCH, APRIL = dt.date(2024, 2, 1), dt.date(2024, 3, 1), dt.date(2024, 4, 1)
PLACES = re.compile(r"%\(\w+\)[sd]|%%|\{\w*\}")
UNREAD = ("script", "style", "code")  # keys of KPIs stand in code
THURSDAY = {"To"}  # a short name in Swedish and Finnish, and a heading in English


def catalogue(language: str, root: Path = ROOT) -> polib.POFile:
    return polib.pofile(str(root / "locale" / language / "LC_MESSAGES" / "django.po"))


def texts(entry: polib.POEntry | polib.MOEntry) -> dict[int, str]:
    return dict(entry.msgstr_plural) if entry.msgid_plural else {0: entry.msgstr}


def key(entry: polib.POEntry | polib.MOEntry) -> tuple[str, str, str]:
    return entry.msgctxt or "", entry.msgid, entry.msgid_plural


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_is_translated(language: str) -> None:
    lacking = [entry.msgid for entry in catalogue(language) if not all(texts(entry).values()) or entry.fuzzy or entry.obsolete]
    assert not lacking


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_form_of_a_plural_is_there(language: str) -> None:
    po = catalogue(language)
    assert "nplurals=2" in po.metadata["Plural-Forms"]
    assert [entry.msgid for entry in po if entry.msgid_plural and sorted(texts(entry)) != [0, 1]] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_places_are_those_of_the_original(language: str) -> None:
    """The one-form may leave a number out ("Show the goal"), where its original does."""
    wrong = []
    for entry in catalogue(language):
        originals = [entry.msgid, entry.msgid_plural or entry.msgid]
        for form, text in texts(entry).items():
            if sorted(PLACES.findall(text)) != sorted(PLACES.findall(originals[form])):
                wrong.append((entry.msgid, text))
    assert not wrong


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_begin_and_end_like_their_originals(language: str) -> None:
    """No space around a text; its full stop, colon and question mark kept."""
    def end(text: str) -> str:
        return text[-1:] if text[-1:] in ".:?" else ""

    entries = catalogue(language)
    assert [text for entry in entries for text in texts(entry).values() if text != text.strip()] == []
    assert [text for entry in entries for text in texts(entry).values() if end(text) != end(entry.msgid)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_file_is_up_to_date(language: str) -> None:
    """After a change: make messages."""
    compiled = polib.mofile(str(ROOT / "locale" / language / "LC_MESSAGES" / "django.mo"))
    assert {key(entry): texts(entry) for entry in compiled} == {key(entry): texts(entry) for entry in catalogue(language)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_head_names_no_moment_and_nobody(language: str) -> None:
    assert set(catalogue(language).metadata) <= {
        "Project-Id-Version", "Report-Msgid-Bugs-To", "Language", "Plural-Forms", "MIME-Version", "Content-Type",
        "Content-Transfer-Encoding",
    }


def test_no_text_of_the_program_is_missing_from_the_files(tmp_path: Path) -> None:
    """Gathers all texts anew, in a copy."""
    if shutil.which("xgettext") is None:
        pytest.skip("gettext is not here; install it")
    for folder in ("kpi_tracker", "goals", "dashboards", "integrations", "templates"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "locale").mkdir()
    command = [sys.executable, "-m", "django", "makemessages", "--locale", "sv", "--no-location", "--no-wrap"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    gathered = {key(entry) for entry in catalogue("sv", tmp_path)}
    for language in LANGUAGES:
        kept = {key(entry) for entry in catalogue(language)}
        assert not gathered - kept, "not in the files: make messages, then translate"
        assert not kept - gathered, "no longer in the program: make messages"


# Pages ---------------------------------------------------------------------------------------------

class Words(HTMLParser):
    """The pieces of text that a person reads or hears on a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._unread = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unread += tag in UNREAD
        self.found += [value.strip() for name, value in attrs if name in ("aria-label", "title", "placeholder") and value]

    def handle_endtag(self, tag: str) -> None:
        self._unread -= tag in UNREAD

    def handle_data(self, data: str) -> None:
        if not self._unread and data.strip():
            self.found.append(" ".join(data.split()))


def english(language: str) -> set[str]:
    """The texts whose translation is another one, with those of which only the plural differs."""
    return {
        text[:1].upper() + text[1:]
        for entry in catalogue(language) if "%(" not in entry.msgid and entry.msgid not in texts(entry).values()
        for text in (entry.msgid, entry.msgid_plural) if text
    }


@pytest.fixture
def org(db: None) -> Organisation:
    org = factories.organisation("nordlys", name="Nordlys AB")
    for stage in Stage.objects.all():
        Stage.objects.filter(id=stage.id).update(name=f"#{stage.position}")  # names of the organisation are not translated
    stockholm = factories.team(org, "Stockholm")
    bob = factories.rep(org, "Bob Berg", stockholm)
    acme = factories.customer(org, "Acme", bob)
    for day, amount in ((dt.date(2024, 2, 6), "750"), (dt.date(2024, 3, 5), "1000"), (dt.date(2024, 3, 18), None)):
        factories.deal(org, bob, opened_on=FEBRUARY, closed_on=day, status="won", amount=amount, customer=acme, name="Acme 1")
    factories.deal(org, bob, opened_on=MARCH, closed_on=dt.date(2024, 3, 6), status="lost", amount="900", customer=acme, name="Acme 2")
    factories.activity(org, bob, dt.date(2024, 3, 4), "meeting", outcome="reached", customer=acme)
    factories.activity(org, bob, dt.date(2024, 3, 4), "call", customer=acme)
    for kpi, target in (("revenue", "3000"), ("win_rate", "0.4"), ("calls", "10")):
        factories.goal(org, kpi, stockholm, MARCH, APRIL, target)
    return org


def addresses() -> Iterator[str]:
    team, rep, customer = Team.objects.get(), Rep.objects.get(is_unassigned=False), Customer.objects.get()
    for kpi in ("revenue", "calls", "win_rate", "sales_cycle_days", "sales_growth"):
        yield f"/o/nordlys/organisation/month/2024-03-01/?kpi={kpi}"
    for grain in ("day", "week", "quarter", "year"):
        yield f"/o/nordlys/team/{team.id}/{grain}/2024-03-05/?view=table"
    for subject in (f"team/{team.id}", f"rep/{rep.id}", f"customer/{customer.id}"):
        yield f"/o/nordlys/{subject}/month/2024-03-01/"
        yield f"/o/nordlys/{subject}/month/2024-03-01/?part=all"
    for kpi in ("revenue", "win_rate", "sales_cycle_days", "first_meetings_held", "calls"):
        yield f"/o/nordlys/records/{kpi}/?start=2024-03-01&end=2024-04-01"
    for goal in Goal.objects.all():
        yield f"/o/nordlys/goals/{goal.id}/"
        yield f"/o/nordlys/goals/{goal.id}/edit/"
        if goal.subject_kind in ("organisation", "team"):
            yield f"/o/nordlys/goals/{goal.id}/split/"
    yield from (f"/o/nordlys/{page}/" for page in ("people", "customers", "kpis", "goals", "goals/new", "plan", "import"))
    yield from (f"/o/nordlys/{page}/" for page in ("goals/grid", "goals/defaults", "import/targets"))
    yield from (f"/o/nordlys/{page}/" for page in ("closed", "calendar", "teams", "currencies"))
    yield from (f"/o/nordlys/kpis/{page}/" for page in ("advice", "own", "own/new", "own/types", "one/sales_velocity", "one/clv"))
    yield f"/o/nordlys/teams/rep/{rep.id}/"
    yield from ("/accounts/logout/", "/o/elsewhere/people/")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_mixes_english_in(org: Organisation, language: str) -> None:
    alice = factories.member(org, "alice@example.com", "admin")
    User.objects.filter(id=alice.id).update(language=language)
    client, unwanted = Client(), english(language)
    client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    mixed = {}
    for address in addresses():
        response = client.get(address)
        assert response.headers["Content-Language"] == language, address
        words = Words()
        words.feed(response.content.decode())
        if found := {word[:1].upper() + word[1:] for word in words.found} & unwanted - THURSDAY:
            mixed[address] = found
    assert not mixed


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sign_in_page_follows_the_browser(db: None, language: str) -> None:
    page = Client(headers={"Accept-Language": language}).get("/accounts/login/").content.decode()
    with translation.override(language):
        assert translation.gettext("Forgotten your password?") in page
    assert "Sign in" not in page


@pytest.mark.parametrize(("language", "word"), [("sv", "i november 2025"), ("fi", "marraskuussa 2025")])
def test_months_are_small_and_bent_inside_a_sentence(language: str, word: str) -> None:
    with translation.override(language):
        november = Period(dt.date(2025, 11, 1), dt.date(2025, 12, 1))
        assert formats.in_period(Grain.MONTH, november, today=dt.date(2026, 11, 1)) == word


@pytest.mark.parametrize(("country", "language", "name"), [("SE", "sv", "Juldagen"), ("SE", "fi", "Joulupäivä"), ("FI", "sv", "Juldagen")])
def test_holidays_are_named_in_the_language_of_the_reader(country: str, language: str, name: str) -> None:
    """The library of holidays has no Finnish names for Swedish days."""
    org = Organisation(country=country, working_days="12345")
    with translation.override(language):
        assert holidays_off(org, Period(dt.date(2026, 12, 25), dt.date(2026, 12, 26))) == [name]
