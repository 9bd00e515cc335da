"""Closing a goal, what its review proposes for the next one, and the page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from urllib.parse import parse_qs

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from goals import tasks
from goals.closing import close_ended, goal_close
from goals.models import Goal, GoalComment, Participant, State
from goals.review import Because, Move, Past, review, round_figure, suggestion
from goals.review_words import next_query, review_page
from kpi_tracker.errors import InvalidInput, NotPermitted
from kpi_tracker.orgs.models import Absence
from kpi_tracker.rollups.builder import refresh_fully
from tests import factories
from tests.goals.conftest import TODAY, Company

SEPTEMBER, OCTOBER, NOVEMBER = dt.date(2026, 9, 1), dt.date(2026, 10, 1), dt.date(2026, 11, 1)
AFTER = dt.datetime(2026, 11, 1, 8, tzinfo=dt.UTC)
SignedIn = Callable[[str], Client]
REVENUE, CALLS, WIN_RATE, LOST = (factories.kpi(key) for key in ("revenue", "calls", "win_rate", "deals_lost"))


@pytest.fixture
def signed_in(company: Company) -> SignedIn:
    company.users["malin"] = factories.member(company.org, "malin@example.com", "manager", manages=company.malmo)

    def sign_in(name: str) -> Client:
        client = Client()
        client.force_login(company.users[name], backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in


@pytest.fixture
def october(company: Company) -> Goal:
    """Stockholm was to reach 100 000 € in October, and won 80 000 €; in September 90 000 of 100 000 €."""
    for day, amount in ((dt.date(2026, 9, 15), 90_000), (dt.date(2026, 10, 6), 50_000), (dt.date(2026, 10, 27), 30_000)):
        factories.deal(company.org, company.bob, opened_on=day, closed_on=day, status="won", amount=str(amount))
    factories.goal(company.org, "revenue", company.stockholm, SEPTEMBER, OCTOBER, 100_000)
    return factories.goal(company.org, "revenue", company.stockholm, OCTOBER, NOVEMBER, 100_000, why="Growth")


def past(target: str, result: str | None, *, days: int = 20, lower: bool = False) -> Past:
    got = None if result is None else Decimal(result)
    met = got is not None and (got <= Decimal(target) if lower else got >= Decimal(target))
    return Past(Goal(), Decimal(target), got, met, Decimal(days))


def test_it_works(company: Company, october: Goal) -> None:
    assert close_ended(company.org, now=AFTER) == 2
    october.refresh_from_db()
    assert (october.state, october.result, october.closed_at, october.closed_by) == (State.CLOSED, 80_000, AFTER, None)
    assert close_ended(company.org, now=AFTER) == 0


def test_a_goal_is_closed_when_its_last_day_is_over_where_it_is(company: Company, october: Goal) -> None:
    Goal.objects.exclude(pk=october.pk).delete()
    company.org.timezone = "Europe/Helsinki"
    company.org.save()
    assert close_ended(company.org, now=dt.datetime(2026, 10, 31, 21, 59, tzinfo=dt.UTC)) == 0
    assert close_ended(company.org, now=dt.datetime(2026, 10, 31, 22, 0, tzinfo=dt.UTC)) == 1


def test_drafts_and_proposals_are_not_closed(company: Company, october: Goal) -> None:
    Goal.objects.update(state=State.PROPOSED)
    assert close_ended(company.org, now=AFTER) == 0


def test_the_result_stays_whatever_is_entered_later(company: Company, october: Goal) -> None:
    close_ended(company.org, now=AFTER)
    factories.deal(company.org, company.bob, opened_on=OCTOBER, closed_on=OCTOBER, status="won", amount="5000")
    october.refresh_from_db()
    page = review_page(review(october, today=TODAY))
    assert dict(page.facts)["Result"] == "80\u202f000\u00a0€"
    assert page.late == "Closed at 80\u202f000\u00a0€; with what was entered since then it would be 85\u202f000\u00a0€."


def test_the_job(company: Company, october: Goal, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    monkeypatch.setattr(tasks.begin_day, "delay", sent.append)
    tasks.begin_days()
    assert sorted(sent) == [company.org.id, company.other.id]
    tasks.begin_day(company.org.id)
    tasks.begin_day(company.org.id)
    tasks.begin_day(0)
    assert set(Goal.objects.values_list("state", flat=True)) == {State.CLOSED}


def test_by_hand(company: Company, october: Goal) -> None:
    running = factories.goal(company.org, "calls", company.bob, NOVEMBER, dt.date(2026, 12, 1), 5)
    for goal, name, refused in ((running, "mona", InvalidInput), (october, "bob", NotPermitted), (october, "charlie", InvalidInput)):
        with pytest.raises(refused):
            goal_close(scope=company.scope(name), goal=goal, now=AFTER, today=TODAY)
    closed = goal_close(scope=company.scope("mona"), goal=october, now=AFTER, today=TODAY)
    assert (closed.state, closed.closed_by, closed.result) == (State.CLOSED, company.users["mona"], 80_000)
    again = goal_close(scope=company.scope("alice"), goal=october, now=AFTER + dt.timedelta(days=1), today=TODAY)
    assert (again.closed_by, again.closed_at) == (company.users["mona"], AFTER)


@pytest.mark.parametrize(
    ("pasts", "move", "because", "target"),
    [
        ([past("100", "120")], Move.HARDER, Because.BEYOND, "110"),  # half of the way to what came in
        ([past("100", "103")], Move.SAME, Because.WELL_SET, "100"),
        ([past("100", "97")], Move.SAME, Because.WELL_SET, "100"),
        ([past("100", "80")], Move.SAME, Because.ONE_MISS, "100"),
        ([past("100", "80"), past("100", "101")], Move.SAME, Because.ONE_MISS, "100"),
        ([past("100", "80"), past("100", "80")], Move.EASIER, Because.SHORT_AGAIN, "90"),
        ([past("100", "60")], Move.EASIER, Because.FAR_SHORT, "80"),
        ([past("100", "60"), past("100", "150")], Move.SAME, Because.ONE_MISS, "100"),  # together they came to more
        ([past("100", "120"), past("100", "60")], Move.SAME, Because.WELL_SET, "100"),  # together they came to less
        ([past("100", None)], Move.SAME, Because.NO_RESULT, "100"),
        ([past("100", "120", days=10)], Move.HARDER, Because.BEYOND, "220"),  # twice the days of work
    ],
)
def test_what_the_next_goal_should_be(pasts: list[Past], move: Move, because: Because, target: str) -> None:
    found = suggestion(REVENUE, pasts, lower=False, days=Decimal(20))
    assert (found.move, found.because, found.target) == (move, because, Decimal(target))


def test_a_limit_is_asked_for_the_other_way_round() -> None:
    better = suggestion(LOST, [past("20", "10", lower=True)], lower=True, days=Decimal(20))
    assert (better.move, better.target) == (Move.HARDER, 15)
    worse = suggestion(LOST, [past("20", "30", lower=True)], lower=True, days=Decimal(20))
    assert (worse.move, worse.target) == (Move.EASIER, 25)


def test_a_rate_is_taken_over_all_records_and_has_no_days() -> None:
    def rate(result: str, above: int, below: int) -> Past:
        return Past(Goal(), Decimal("0.3"), Decimal(result), Decimal(result) >= Decimal("0.3"), Decimal(20), Decimal(above), Decimal(below))

    found = suggestion(WIN_RATE, [rate("0.5", 1, 2), rate("0.4", 40, 100)], lower=False, days=Decimal(5))
    assert found.came == Decimal(41) / 102
    assert (found.move, found.target) == (Move.HARDER, Decimal("0.351"))


@pytest.mark.parametrize(
    ("value", "step", "rounded"),
    [("595760", "0.01", "596000"), ("41.4", "1", "41"), ("0.2876", "0.0001", "0.288"), ("0.2", "1", "1"), ("-5", "1", "1"),
     ("1234", "1", "1230")],
)
def test_round_figures(value: str, step: str, rounded: str) -> None:
    assert round_figure(Decimal(value), Decimal(step)) == Decimal(rounded)


def test_the_review_of_october(company: Company, october: Goal) -> None:
    Absence.objects.create(organisation=company.org, rep=company.bob, valid_from=dt.date(2026, 10, 5), valid_to=dt.date(2026, 10, 7))
    found = review(october, today=TODAY)
    assert [one.goal.starts_on for one in found.before] == [SEPTEMBER]
    assert (found.lost, found.possible) == (2, 22)
    assert found.suggestion.because is Because.SHORT_AGAIN
    page = review_page(found)
    assert page.headline == "Stockholm reached 80\u00a0% of the goal for revenue: 80\u00a0k€ of 100\u00a0k€"
    assert page.pasts_title == "0 of 2 goals were reached"
    assert "Of the last 2 goals of this kind 0 were reached. Together they came to 85\u00a0% of what was asked." in page.reasons
    assert "Leave took 2.0 of 22.0 days of work, 9\u00a0%." in page.reasons
    # 100 000 over 20 days asks 5 000 a day; 170 000 came in over 20 + 22 days; half way, times the 21 days of November.
    rate = (Decimal(5_000) + Decimal(170_000) / 42) / 2
    assert found.suggestion.exact == rate * 21
    assert [value for _label, value in page.sums][-2:] == ["95\u202f000\u00a0€", "95\u202f000\u00a0€"]
    assert len(page.along) == 3


def test_who_took_part_and_reached_the_own_share(company: Company, october: Goal) -> None:
    for rep, share in ((company.bob, 70_000), (company.bea, 30_000)):
        Participant.objects.create(organisation=company.org, goal=october, rep=rep, share=share)
    found = review(october, today=TODAY)
    assert (found.reached_theirs, found.of_people) == (1, 2)
    assert "1 of 2 people reached their share." in review_page(found).reasons


def test_the_next_goal_s_form_is_filled_in(company: Company, october: Goal, signed_in: SignedIn) -> None:
    query = next_query(review(october, today=TODAY))
    assert parse_qs(query)["start"] == ["2026-11-01"]
    form = signed_in("mona").get(f"{reverse('goals:new', args=['nordlys'])}?{query}").context["form"]
    assert form["kpi"].value() == "revenue"
    assert form["subject"].value() == f"team:{company.stockholm.id}"
    assert form["target"].value() == parse_qs(query)["target"][0]
    assert form["why"].value() == "Growth"


def address(goal: Goal, name: str = "review") -> str:
    return reverse(f"goals:{name}", kwargs={"org": "nordlys", "id": goal.id})


@pytest.mark.parametrize(
    ("name", "status", "closes", "comments"),
    [("alice", 200, 302, 302), ("mona", 200, 302, 302), ("malin", 200, 403, 302), ("bob", 200, 403, 302), ("vera", 200, 403, 403),
     ("charlie", 404, 404, 404)],
)
def test_who_opens_closes_and_comments(
    company: Company, october: Goal, signed_in: SignedIn, name: str, status: int, closes: int, comments: int
) -> None:
    Participant.objects.create(organisation=company.org, goal=october, rep=company.bob, share=1)
    client = signed_in(name)
    assert client.get(address(october)).status_code == status
    assert client.post(address(october, "close")).status_code == closes
    assert client.post(address(october, "comment"), {"text": "We were two short"}).status_code == comments
    october.refresh_from_db()
    assert october.state == (State.CLOSED if closes == 302 else State.AGREED)
    assert GoalComment.objects.count() == (1 if comments == 302 else 0)


def test_a_rep_who_does_not_take_part_does_not_comment(company: Company, october: Goal, signed_in: SignedIn) -> None:
    page = signed_in("bob").get(address(october))
    assert "Your comment" not in page.content.decode()
    assert signed_in("bob").post(address(october, "comment"), {"text": "So"}).status_code == 403


def test_an_empty_comment_is_told(october: Goal, signed_in: SignedIn) -> None:
    for text in (" ", "x" * 2001):
        assert signed_in("mona").post(address(october, "comment"), {"text": text}).status_code == 422
    assert not GoalComment.objects.exists()


def test_a_goal_that_runs_has_no_review(company: Company, signed_in: SignedIn) -> None:
    running = factories.goal(company.org, "calls", company.bob, dt.date(2020, 1, 1), dt.date(2099, 1, 1), 5)
    assert signed_in("alice").get(address(running)).status_code == 404


def test_the_page(october: Goal, signed_in: SignedIn) -> None:
    page = signed_in("mona").get(address(october)).content.decode()
    for text in ("Lower it", "Make the next goal from this", "Not closed yet", "Close the goal", "Along the way", "Your comment"):
        assert text in page
    assert "Make the next goal" not in signed_in("bob").get(address(october)).content.decode()


@pytest.mark.parametrize("key", ["win_rate", "sales_cycle_days", "open_pipeline", "sales_growth", "deals_lost", "calls"])
def test_every_kind_of_kpi_has_a_review(company: Company, october: Goal, signed_in: SignedIn, key: str) -> None:
    target = "0.3" if factories.kpi(key).unit.value == "percent" else "5"
    goal = factories.goal(company.org, key, company.stockholm, OCTOBER, NOVEMBER, target)
    assert signed_in("mona").get(address(goal)).status_code == 200


def test_few_queries_however_many_took_part(company: Company, october: Goal, signed_in: SignedIn) -> None:
    client, counts = signed_in("mona"), []
    for number in (2, 8):
        for n in range(number):
            rep = factories.rep(company.org, f"Rep {number} {n}", company.stockholm)
            Participant.objects.create(organisation=company.org, goal=october, rep=rep, share=Decimal(10))
        refresh_fully(company.org)
        client.get(address(october))  # who works when is read once
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address(october)).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 15
