"""The handbook of KPIs: the list, one KPI, and the advice by role."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from dashboards import kpis_sentences as sentences
from dashboards.catalogue import Shown
from dashboards.kpis import Wanted
from dashboards.kpis_advice import Work, people
from kpi_tracker.kpis import registry
from kpi_tracker.kpis.advice import CautionKind, Job
from kpi_tracker.kpis.measures import Unit
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.models import KpiSetting
from kpi_tracker.kpis.own_definition import read
from kpi_tracker.kpis.own_services import Details, own_kpi_create
from tests import factories
from tests.dashboards import math_pages
from tests.dashboards.conftest import SignedIn, World, text

ADDRESS = reverse("dashboards:kpis", kwargs={"org": "nordlys"})
ADVICE = reverse("dashboards:kpi_advice", kwargs={"org": "nordlys"})
CARDS = reverse("dashboards:kpi_cards", kwargs={"org": "nordlys"})


@pytest.fixture
def today(world: World) -> dt.date:
    """The day on which the pages are opened."""
    return world.org.local_day(timezone.now())


def running(world: World, today: dt.date, kpi: str, who: Any, target: object) -> None:
    """A goal of this year."""
    factories.goal(world.org, kpi, who, dt.date(today.year, 1, 1), dt.date(today.year + 1, 1, 1), target)  # type: ignore[arg-type]


def detail(key: str) -> str:
    return reverse("dashboards:kpi", kwargs={"org": "nordlys", "kpi": key})


def listed(page: str) -> list[str]:
    return re.findall(r'<li id="([\w:]+)"', page)


# The list ------------------------------------------------------------------------------------------

def test_it_works(signed_in: SignedIn, world: World) -> None:
    page = text(signed_in("bob").get(ADDRESS))
    assert sorted(listed(page)) == sorted(kpi.key for kpi in registry.built_in())
    for kpi in registry.built_in():
        assert str(kpi.label) in page
    assert "Reps who book meetings" in page
    assert f"What the {len(registry.built_in())} KPIs mean" in page


def test_the_facts_of_one(signed_in: SignedIn, world: World) -> None:
    page = text(signed_in("alice").get(ADDRESS))
    facts = page.split('<li id="win_rate"')[1].split("<li id=")[0]
    assert "Win rate" in facts
    for fact in ("deals won ÷ deals closed", "Ratio", "closed date", "percent", "organisation, team, rep, customer", "version 1"):
        assert fact in facts


@pytest.mark.parametrize(
    ("query", "shown", "hidden"),
    [
        ("q=won+date", "new_customers", "calls"), ("q=WIN+RATE", "win_rate_cohort", "revenue"), ("role=prospector", "calls", "win_rate"),
        ("role=closer", "win_rate", "cac"), ("lever=cycle", "sales_cycle_days", "calls"), ("category=activity", "emails", "revenue"),
        ("for=customer", "revenue", "churn_rate"), ("lever=deal_value&category=efficiency", "average_deal_value", "revenue"),
    ],
)
def test_narrowed(signed_in: SignedIn, world: World, query: str, shown: str, hidden: str) -> None:
    found = listed(text(signed_in("bob").get(f"{ADDRESS}?{query}")))
    assert shown in found
    assert hidden not in found


def test_a_word_that_means_nothing_narrows_nothing(signed_in: SignedIn, world: World) -> None:
    page = text(signed_in("bob").get(f"{ADDRESS}?role=pilot&lever=&category=x&for=moon"))
    assert len(listed(page)) == len(registry.built_in())


def test_nothing_found_says_what_to_do(signed_in: SignedIn, world: World) -> None:
    page = text(signed_in("bob").get(f"{ADDRESS}?q=zebra"))
    assert listed(page) == []
    assert "Try another word" in page


def test_htmx_gets_the_list_and_the_title(signed_in: SignedIn, world: World) -> None:
    page = text(signed_in("bob").get(f"{ADDRESS}?role=closer", headers={"HX-Request": "true"}))
    assert "<html" not in page
    assert listed(page)
    assert re.search(r'id="answer"[^>]*>\d+ of \d+ KPIs match<', page)


def test_an_organisation_hides_and_renames(signed_in: SignedIn, world: World) -> None:
    KpiSetting.objects.create(organisation=world.org, kpi="emails", enabled=False)
    KpiSetting.objects.create(organisation=world.org, kpi="calls", label="Dials")
    page = text(signed_in("alice").get(ADDRESS))
    assert "emails" not in listed(page)
    assert "Dials" in page
    assert "calls" in listed(text(signed_in("alice").get(f"{ADDRESS}?q=dials")))


def test_refusals(signed_in: SignedIn, world: World) -> None:
    charlie = signed_in("charlie")
    for address in (ADDRESS, ADVICE, detail("revenue"), CARDS):
        assert charlie.get(address).status_code == 404


# One KPI -------------------------------------------------------------------------------------------

@pytest.fixture
def won_today(world: World, today: dt.date) -> None:
    for rep, amount in ((world.bob, "1500"), (world.cesar, "6000")):
        factories.deal(world.org, rep, opened_on=today, closed_on=today, status="won", amount=amount, customer=world.acme)


@pytest.mark.usefixtures("won_today")
def test_one_kpi_stands_where_its_curve_and_its_math_are(signed_in: SignedIn, world: World, today: dt.date) -> None:
    page = text(signed_in("alice").get(detail("revenue")))
    month = today.replace(day=1)
    assert f"Revenue of Nordlys AB in {month:%B}: 7 500 €" in page
    assert f"Nordlys AB, {month:%B %Y}" in page
    assert ">7 500 €</a>" in page
    assert f"/o/nordlys/organisation/month/{month}/?kpi=revenue" in page
    end = today + dt.timedelta(days=1)
    assert f"/o/nordlys/records/revenue/?subject=organisation&amp;start={month}&amp;end={end}" in page
    assert "Nobody does revenue" in page


@pytest.mark.usefixtures("won_today")
def test_a_rep_sees_the_own_figure(signed_in: SignedIn, world: World) -> None:
    page = text(signed_in("bob").get(detail("revenue")))
    assert "Bob Berg, " in page
    assert ">1 500 €</a>" in page


def test_a_rep_sees_no_figure_of_what_only_the_organisation_has(signed_in: SignedIn, world: World) -> None:
    page = text(signed_in("bob").get(detail("cac")))
    assert "You see figures of none of these" in page
    assert 'class="fig"' not in page


@pytest.mark.parametrize("kpi", registry.built_in(), ids=lambda kpi: kpi.key)
def test_every_kpi_has_its_page(signed_in: SignedIn, world: World, kpi: object) -> None:
    answer = signed_in("alice").get(detail(kpi.key))  # type: ignore[attr-defined]
    assert answer.status_code == 200
    page = math_pages.read(answer.content.decode())
    [shown] = math_pages.figures(page)
    assert shown.kpi == kpi.key  # type: ignore[attr-defined]
    assert math_pages.unlinked(page) == []


def test_where_it_is_used(signed_in: SignedIn, world: World, today: dt.date) -> None:
    running(world, today, "calls", world.bob, 100)
    running(world, today, "calls", world.cesar, 90)
    factories.goal(world.org, "calls", world.bob, dt.date(2024, 2, 1), dt.date(2024, 3, 1), 80)
    assert "2 goals run now" in text(signed_in("alice").get(detail("calls")))
    assert "1 goal runs now" in text(signed_in("bob").get(detail("calls")))
    assert "No goal of it runs now" in text(signed_in("alice").get(detail("emails")))


def test_unknown_and_switched_off(signed_in: SignedIn, world: World) -> None:
    KpiSetting.objects.create(organisation=world.org, kpi="emails", enabled=False)
    assert signed_in("alice").get(detail("hit_rate")).status_code == 404
    assert signed_in("alice").get(detail("emails")).status_code == 404


def test_an_own_kpi_stands_beside_the_built_in_ones(signed_in: SignedIn, world: World) -> None:
    definition = read({"aggregation": "count", "above": {"fact": "activity", "clock": "occurred", "kinds": ["call"]}})
    details = Details("Dials of our own", "activity", "prospector", Unit.COUNT, "up")
    own = own_kpi_create(scope=world.scope("alice"), details=details, definition=definition)
    alice = signed_in("alice")
    assert own.key in listed(text(alice.get(f"{ADDRESS}?q=of+our+own")))
    page = text(alice.get(detail(own.key)))
    assert "Dials of our own of Nordlys AB" in page
    assert reverse("dashboards:own_kpi", kwargs={"org": "nordlys", "id": own.id}) in page


# Advice --------------------------------------------------------------------------------------------

@pytest.mark.parametrize("job", Job)
def test_the_set_of_each_role(signed_in: SignedIn, world: World, job: Job) -> None:
    page = text(signed_in("alice").get(f"{ADVICE}?role={job}"))
    assert re.search(rf"{job.label}: [4-7] KPIs", page)
    assert "goals/new/?kpi=" in page


def test_each_sees_the_own_role_first(signed_in: SignedIn, world: World, today: dt.date) -> None:
    running(world, today, "calls", world.bob, 10)
    factories.deal(world.org, world.bob, opened_on=today, closed_on=today, status="won", amount="10")
    for name, job in (("alice", Job.FULL_CYCLE), ("mona", Job.MANAGER), ("bob", Job.CLOSER)):
        assert f'<a href="?role={job}" class="on"' in text(signed_in(name).get(ADVICE))


def test_no_goals_yet(signed_in: SignedIn, world: World) -> None:
    page = text(signed_in("alice").get(ADVICE))
    assert "Few KPIs, that people can move" in page
    assert "Nobody has a goal that runs now" in page


def test_who_is_measured_on_the_wrong_things(signed_in: SignedIn, world: World, today: dt.date) -> None:
    for kpi, target in (("revenue", 5000), ("win_rate", "0.3")):
        running(world, today, kpi, world.bob, target)
    running(world, today, "sales_growth", world.bea, "0.1")
    running(world, today, "calls", world.bea, 50)
    running(world, today, "proposals_sent", world.cesar, 5)
    factories.goal(world.org, "revenue", world.bob, dt.date(2024, 2, 1), dt.date(2024, 3, 1), 100)
    page = text(signed_in("alice").get(ADVICE))
    assert "2 of 3 are measured in a way that does not help" in page
    assert "Measured on results only: revenue and win rate. They come when it is too late to act." in page
    assert "Measured on what others move: sales growth. Usually owned by: management." in page
    assert "1 other is fine" in page


def test_a_rep_sees_only_the_own_warnings(signed_in: SignedIn, world: World, today: dt.date) -> None:
    running(world, today, "revenue", world.bob, 5000)
    running(world, today, "revenue", world.cesar, 5000)
    page = text(signed_in("bob").get(ADVICE))
    assert "Bob Berg" in page
    assert "Cesar Cruz" not in page
    assert "Set a goal" not in page
    assert "Show these as cards" not in page


def test_the_jobs_and_the_teams_goals(world: World) -> None:
    today = dt.date(2024, 3, 20)
    shown = [kpi.key for kpi in registry.built_in() if kpi.category == "activity"]
    for key in shown:
        running(world, today, key, world.bob, 10)
    running(world, today, "revenue", world.stockholm, 10_000)
    running(world, today, "cac", world.org, 300)
    found = {one.name: one for one in people(world.scope("alice"), Shown(world.scope("alice"), SubjectKind.ORGANISATION).all, today)}
    assert {name: one.job for name, one in found.items()} == {
        "Bob Berg": Job.CLOSER, "Stockholm": Job.MANAGER, "Nordlys AB": Job.MANAGEMENT,
    }
    assert [one.kind for one in found["Bob Berg"].cautions] == [CautionKind.TOO_MANY]
    assert [one.kind for one in found["Stockholm"].cautions] == [CautionKind.RESULTS_ONLY]
    assert found["Nordlys AB"].cautions == ()
    assert found["Bob Berg"].work == Work(found=0, closed=4)  # of the last 12 months, two of them before March


def test_as_many_queries_for_four_people_as_for_one(signed_in: SignedIn, world: World, today: dt.date) -> None:
    alice = signed_in("alice")

    def queries() -> int:
        alice.get(ADVICE)  # reads what is kept until it changes
        with CaptureQueriesContext(connection) as captured:
            assert alice.get(ADVICE).status_code == 200
            return len(captured)

    running(world, today, "revenue", world.bob, 5000)
    few = queries()
    for who in (world.bea, world.cesar, world.stockholm):
        running(world, today, "revenue", who, 5000)
    assert queries() == few


# Cards ---------------------------------------------------------------------------------------------

def test_an_admin_shows_the_set_as_cards(signed_in: SignedIn, world: World) -> None:
    KpiSetting.objects.create(organisation=world.org, kpi="calls", label="Dials", position=1)
    KpiSetting.objects.create(organisation=world.org, kpi="win_rate", enabled=True, label="Wins")
    answer = signed_in("alice").post(CARDS, {"role": "closer"})
    assert answer.headers["Location"] == f"{ADVICE}?role=closer"
    placed = KpiSetting.objects.filter(organisation=world.org, position__gt=0).order_by("position").values_list("kpi", "label")
    assert list(placed) == [
        ("first_meetings_held", ""), ("proposals_sent", ""), ("win_rate", "Wins"), ("average_deal_value", ""), ("sales_cycle_days", ""),
        ("revenue", ""),
    ]
    page = text(signed_in("alice").get("/o/nordlys/organisation/month/2024-03-01/"))
    assert "Proposals sent" in page


def test_others_may_not_choose_the_cards(signed_in: SignedIn, world: World) -> None:
    for name in ("mona", "bob", "vera"):
        assert signed_in(name).post(CARDS, {"role": "closer"}).status_code == 403
    assert signed_in("alice").get(CARDS).status_code == 405
    assert signed_in("alice").post(CARDS, {"role": "pilot"}).status_code == 404


# Sentences -----------------------------------------------------------------------------------------

def test_the_title_of_the_list() -> None:
    assert sentences.handbook_answer(Wanted(), 39, 39) == "What the 39 KPIs mean"
    assert sentences.handbook_answer(Wanted(text="won"), 1, 39) == "1 of 39 KPIs matches"
    assert sentences.handbook_answer(Wanted(text="won"), 5, 39) == "5 of 39 KPIs match"
    assert sentences.handbook_answer(Wanted(text="zebra"), 0, 39) == "No KPI matches"


def test_names_in_a_sentence() -> None:
    known = [registry.built_in()[0], registry.built_in()[1], registry.built_in()[2]]
    assert sentences.listed(known[:1], lambda kpi: str(kpi.label)) == "calls"
    assert sentences.listed(known, lambda kpi: str(kpi.label)) == "calls, e-mails and conversations"
    assert sentences.listed([], lambda kpi: str(kpi.label)) == ""
