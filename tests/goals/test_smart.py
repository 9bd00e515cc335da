"""Each letter of SMART, from real rows."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from goals.models import Answer, Distribution, Goal, Kind, State
from goals.outline import Outline, outline
from goals.services import goal_create
from goals.smart import Check, Mark
from goals.smart_reading import Reading, Writing, reading
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.orgs.models import ClosingDay
from kpi_tracker.periods import Period
from tests import factories
from tests.goals.conftest import TODAY, Company

DECEMBER = Period(dt.date(2026, 12, 1), dt.date(2027, 1, 1))
MOST = 15


def plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\u00a0", " ")


def read(company: Company, kpi: str = "calls", **changes: Any) -> Reading:
    asked: dict[str, Any] = {
        "kpi": factories.kpi(kpi), "subject": Subject(SubjectKind.TEAM, company.stockholm.id), "period": DECEMBER,
        "target": Decimal(100), "participants": {company.bob.id: None}, "teams": 1,
    }
    found = reading(company.org, Writing(**(asked | changes)), today=TODAY)
    assert found is not None
    return found


def shown(company: Company, kpi: str = "calls", **changes: Any) -> Outline:
    return outline(read(company, kpi, **changes))


def check(company: Company, key: str, kpi: str = "calls", **changes: Any) -> Check:
    return next(one for one in shown(company, kpi, **changes).smart.checks if one.key == key)


def called(company: Company, day: dt.date, times: int = 1) -> None:
    for _ in range(times):
        factories.activity(company.org, company.bob, day, "call")


def months_of_calls(company: Company, *numbers: int) -> None:
    """Calls of the months up to October 2026, oldest first."""
    for back, times in enumerate(reversed(numbers)):
        month = 9 - back
        called(company, dt.date(2026 + month // 12, month % 12 + 1, 5), times)


def test_it_works(company: Company) -> None:
    months_of_calls(company, 80, 90, 120)
    called(company, dt.date(2026, 11, 17))
    found = shown(company)
    assert [one.key for one in found.smart.checks] == ["specific", "measurable", "accepted", "realistic", "time-bound"]
    assert [one.mark for one in found.smart.checks] == [Mark.OK, Mark.OK, Mark.OPEN, Mark.OK, Mark.OK]
    assert (found.smart.score, found.smart.tone) == ("4 of 5", "good")


@pytest.mark.parametrize("missing", ["kpi", "subject", "period"])
def test_nothing_is_said_before_the_main_things_are_chosen(company: Company, missing: str) -> None:
    asked = {"kpi": factories.kpi("calls"), "subject": Subject(SubjectKind.ORGANISATION), "period": DECEMBER} | {missing: None}
    assert reading(company.org, Writing(**asked), today=TODAY) is None  # type: ignore[arg-type]


def test_what_does_not_go_together_has_no_reading(company: Company) -> None:
    rep = Subject(SubjectKind.REP, company.bob.id)
    assert reading(company.org, Writing(factories.kpi("cac"), rep, DECEMBER), today=TODAY) is None
    long = Period(dt.date(2026, 1, 1), dt.date(2031, 1, 1))
    assert reading(company.org, Writing(factories.kpi("calls"), rep, long), today=TODAY) is None


def test_specific(company: Company) -> None:
    found = check(company, "specific")
    assert (found.finding, found.detail, found.mark) == ("Calls, Stockholm: 1 person.", "Calls made.", Mark.OK)
    both = check(company, "specific", participants={company.bob.id: None, company.bea.id: None}, teams=2)
    assert both.finding == "Calls, Stockholm: 2 teams, 2 people."
    assert check(company, "specific", subject=Subject(SubjectKind.REP, company.bob.id)).finding == "Calls, Bob Berg."
    nobody = check(company, "specific", participants={}, teams=0)
    assert (nobody.finding, nobody.mark) == ("Calls, Stockholm: nobody takes part.", Mark.WARN)


def test_measurable(company: Company) -> None:
    assert check(company, "measurable").mark is Mark.WARN
    assert check(company, "measurable").finding == "Nothing was counted in the last 90 days."
    called(company, TODAY - dt.timedelta(days=89))
    found = check(company, "measurable")
    assert (found.finding, found.mark) == ("0 records in the last 30 days, 1 in the last 90.", Mark.OPEN)
    called(company, TODAY - dt.timedelta(days=29), 2)
    found = check(company, "measurable")
    assert (found.finding, found.detail, found.mark) == (
        "2 records in the last 30 days, 3 in the last 90.", "The latest is of 20 October 2026.", Mark.OK
    )


@pytest.mark.parametrize("kpi", ["revenue", "average_deal_value"])
def test_measurable_says_how_many_deals_have_an_amount(company: Company, kpi: str) -> None:
    day = TODAY - dt.timedelta(days=3)
    for amount in ("100", "200", "300", None):
        factories.deal(company.org, company.bob, opened_on=day, closed_on=day, status="won", amount=amount)
    found = check(company, "measurable", kpi)
    assert (plain(found.detail), found.mark) == ("75 % of the deals won had an amount. The latest is of 15 November 2026.", Mark.WARN)
    for _ in range(3):
        factories.deal(company.org, company.bob, opened_on=day, closed_on=day, status="won", amount="5")
    assert check(company, "measurable", kpi).mark is Mark.OK


def test_measurable_by_a_formula(company: Company) -> None:
    found = check(company, "measurable", "sales_velocity", subject=Subject(SubjectKind.ORGANISATION))
    assert (found.finding, found.mark) == ("It has no value in the last 90 days.", Mark.WARN)


def test_accepted(company: Company) -> None:
    asked = check(company, "accepted", participants={company.bob.id: None, company.bea.id: None})
    assert (asked.finding, asked.detail, asked.mark) == (
        "0 of 2 have answered.", "They can accept it or offer another figure.", Mark.OPEN
    )
    assert check(company, "accepted", participants={}).finding == "There is nobody to ask."


def test_accepted_counts_the_answers_of_a_goal(company: Company) -> None:
    subject = Subject(SubjectKind.ORGANISATION)
    people = {company.bob.id: None, company.bea.id: None}
    goal = goal_create(
        scope=company.scope("alice"), kpi="calls", subject=subject, period=DECEMBER, target=Decimal(10), today=TODAY,
        state=State.PROPOSED, participants=people,
    )
    version, asked = goal.versions.get(), {"subject": subject, "participants": people, "goal": goal}

    def answer(rep: Any, counter: int | None) -> None:
        Answer.objects.create(organisation=company.org, version=version, rep=rep, counter=counter, answered_at=timezone.now())

    answer(company.bob, None)
    assert check(company, "accepted", **asked).finding == "1 of 2 have answered."
    answer(company.bea, None)
    assert (check(company, "accepted", **asked).finding, check(company, "accepted", **asked).mark) == ("All have accepted it.", Mark.OK)
    Answer.objects.filter(rep=company.bea).update(counter=3)
    assert (check(company, "accepted", **asked).finding, check(company, "accepted", **asked).mark) == (
        "1 of 2 offers another figure.", Mark.WARN
    )


def test_realistic(company: Company) -> None:
    months_of_calls(company, 80, 90, 120, 60)
    found = check(company, "realistic")
    assert (found.finding, found.mark) == ("Harder than 3 of the last 4 months.", Mark.WARN)
    assert found.detail == "Best so far: 120 (September 2026)."
    assert check(company, "realistic", target=Decimal(85)).mark is Mark.OK
    assert check(company, "realistic", target=Decimal(500)).finding == "Harder than 4 of the last 4 months."
    assert check(company, "realistic", target=None).mark is Mark.OPEN


def test_realistic_tells_the_growth_needed_from_the_usual_one(company: Company) -> None:
    for month, before, now in ((6, 3, 55), (7, 50, 55), (8, 50, 60), (9, 50, 70)):  # the records begin within June
        called(company, dt.date(2025, month, 5), before)
        called(company, dt.date(2026, month, 5), now)
    called(company, dt.date(2025, 12, 3), 80)
    detail = plain(check(company, "realistic").detail)
    assert detail.startswith("Growth needed on the year before: +25 %; the median so far is +20 %.")


def test_realistic_of_what_should_be_less(company: Company) -> None:
    months_of_calls(company, 80, 90, 120, 60)
    found = check(company, "realistic", kind=Kind.BELOW, target=Decimal(70))
    assert found.finding == "Harder than 3 of the last 4 months."
    assert "Best so far: 60" in found.detail


def test_realistic_without_history(company: Company) -> None:
    found = check(company, "realistic")
    assert (found.finding, found.mark) == ("There is no history to compare with yet.", Mark.OPEN)
    grows = check(company, "realistic", kind=Kind.GROWTH, growth=Decimal("0.1"))
    assert (grows.finding, grows.mark) == ("There is nothing to grow from in the baseline's period.", Mark.WARN)


def test_time_bound(company: Company) -> None:
    ClosingDay.objects.create(organisation=company.org, day=dt.date(2026, 12, 28))
    found = check(company, "time-bound")
    assert (found.finding, found.mark) == ("1 December to 31 December 2026, 21 working days.", Mark.OK)
    assert found.detail == "As many as last year. 1 closing day is taken out."
    over = check(company, "time-bound", period=Period(dt.date(2026, 10, 1), dt.date(2026, 11, 1)))
    assert (over.finding, over.mark) == ("1 October to 31 October 2026: that is over.", Mark.WARN)


def test_the_curve_that_would_be_asked_for(company: Company) -> None:
    called(company, dt.date(2025, 12, 3), 40)
    found = shown(company)
    assert found.chart is not None
    last_year, asked = found.chart["data"]
    assert (last_year["y"][-1], asked["y"][-1]) == (40, 100)
    assert asked["x"][-1] == "2026-12-31"
    shaped = shown(company, distribution=Distribution.WEEKDAYS, shape={"0": "1"}).chart
    assert shaped is not None
    steps = shaped["data"][1]["y"]
    assert steps[:7] == [0, 0, 0, 0, 0, 0, 25]  # the first Monday is the 7th, of four
    assert shown(company, "sales_growth").chart is None


def test_a_growth_goal_shows_its_baseline(company: Company) -> None:
    called(company, dt.date(2025, 12, 3), 40)
    found = shown(company, kind=Kind.GROWTH, target=None, growth=Decimal("0.14"), stretch=Decimal("0.2"))
    assert plain(found.growth_hint) == "46, from 40 of 40 records (1 – 31 December 2025, frozen with the goal)."
    assert found.stretch_hint == "48"
    assert found.panel.draft.target == 46


def test_a_shape_without_a_last_year_says_so_and_stays_even(company: Company) -> None:
    found = shown(company, distribution=Distribution.LAST_YEAR)
    assert "even per working day" in found.spread_hint


def test_shares_over_the_target_are_shown(company: Company) -> None:
    both = {company.bob.id: Decimal(80), company.bea.id: Decimal(50)}
    assert shown(company, participants=both).over == "The shares come to 130: 30 over the target of 100."
    less = both | {company.bea.id: Decimal(5)}
    assert shown(company, participants=less).over == "The shares come to 85: 15 of the target nobody has taken on."
    equal = shown(company, participants=dict.fromkeys(both))
    assert (equal.over, equal.share) == ("", "50")


@pytest.mark.parametrize("kpi", ["revenue", "calls", "win_rate", "sales_cycle_days", "open_pipeline"])
@pytest.mark.parametrize("subject", ["team", "rep", "customer", "organisation"])
def test_the_form_and_its_panel_take_few_queries(company: Company, kpi: str, subject: str) -> None:
    client = Client()
    client.force_login(company.users["alice"], backend="django.contrib.auth.backends.ModelBackend")
    whom = {"team": company.stockholm, "rep": company.bob, "customer": company.acme}
    query = {"kpi": kpi, "subject": f"{subject}:{whom[subject].id}" if subject in whom else subject, "target": "10"}
    typed = {
        "kpi": kpi, "subject": "customer" if subject == "customer" else query["subject"], "customer": "Acme", "target": "10",
        "period": "month:2026-12-01", "distribution": "last_year", "kind": "growth", "growth": "10",
    }
    for address, data in ((reverse("goals:new", args=["nordlys"]), query), (reverse("goals:asked", args=["nordlys"]), typed)):
        assert client.get(address, data).status_code == 200
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address, data).status_code == 200
        assert len(captured) <= MOST, [one["sql"][:110] for one in captured.captured_queries]


def test_the_form_of_a_goal_with_answers_takes_few_queries(company: Company) -> None:
    goal = goal_create(
        scope=company.scope("alice"), kpi="revenue", subject=Subject(SubjectKind.ORGANISATION), period=DECEMBER, target=Decimal(10),
        today=TODAY, state=State.PROPOSED, participants={company.bob.id: None, company.bea.id: None},
    )
    client = Client()
    client.force_login(company.users["alice"], backend="django.contrib.auth.backends.ModelBackend")
    address = reverse("goals:edit", args=["nordlys", goal.id])
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    assert len(captured) <= MOST, [one["sql"][:110] for one in captured.captured_queries]
    assert Goal.objects.get().state == State.PROPOSED
