"""A rep's day: what is owed equals a plain calculation on every day of a month; who sees it; what it says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from goals import my_day_words as words
from goals.models import Answer, Goal, GoalVersion, Participant, State
from goals.my_day import MyDay, is_day_work, my_day
from goals.my_day_owed import Lever, TooFew, about, lever, whole, work_day
from goals.my_day_views import context
from goals.versions import first_version
from kpi_tracker.kpis.query import KpiValue
from kpi_tracker.kpis.registry import built_in
from kpi_tracker.orgs.models import Absence, ClosingDay, Rep
from kpi_tracker.periods import Period
from tests import factories
from tests.goals.conftest import TODAY, Company

MAY = [dt.date(2026, 5, 1) + dt.timedelta(days=step) for step in range(31)]
JUNE = dt.date(2026, 6, 1)
SWEDISH = {dt.date(2026, 5, 1), dt.date(2026, 5, 14)}
DANISH = {dt.date(2026, 5, 14), dt.date(2026, 5, 25)}
DAY = dt.timedelta(days=1)


# What is owed ---------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Terms:
    """A rep's terms, and what the same person asks on paper."""

    target: int = 63
    share: Fraction = Fraction(1)
    free: frozenset[dt.date] = frozenset(SWEDISH)
    country: str = ""
    first: dt.date = dt.date(2000, 1, 1)
    last: dt.date | None = None
    leave: tuple[dt.date, dt.date] | None = None
    calls: int = 2

    def works(self, day: dt.date) -> bool:
        away = self.leave is not None and self.leave[0] <= day < self.leave[1]
        there = self.first <= day and (self.last is None or day <= self.last)
        return day.isoweekday() <= 5 and day not in self.free and there and not away

    def made(self, day: dt.date) -> int:
        """Calls of that day: some of them on days off, too."""
        return (day.day * 7) % (self.calls * 2 + 1)


CASES = {
    "full time": Terms(),
    "a target that does not divide": Terms(target=100),
    "joiner": Terms(first=dt.date(2026, 5, 12)),
    "leaver": Terms(last=dt.date(2026, 5, 19)),
    "part time": Terms(share=Fraction(3, 5), target=40),
    "leave": Terms(leave=(dt.date(2026, 5, 11), dt.date(2026, 5, 19))),
    "another country's holidays": Terms(country="DK", free=frozenset(DANISH)),
    "a closing day": Terms(free=frozenset({*SWEDISH, dt.date(2026, 5, 15)})),
    "over-achieved": Terms(target=9, calls=6),
    "nothing done": Terms(calls=0),
}


def on_paper(terms: Terms, today: dt.date) -> tuple[Fraction, int] | None:
    """What the whole day asks, and what is still to go; of a day off, what the next working day asks."""
    working = [day for day in MAY if terms.works(day)]
    ahead = [day for day in working if day >= today]
    if not ahead:
        return None
    due = Fraction(terms.target) * len([day for day in working if day <= ahead[0]]) / len(working)
    came = sum(terms.made(day) for day in MAY if day < today)
    done = terms.made(today)
    if not terms.works(today):
        came, done = came + done, 0
    needed = max(due - came, Fraction(0))
    return needed, max(ceil(needed - done), 0)


def world_of(company: Company, terms: Terms) -> Rep:
    bob = company.bob
    bob.share, bob.country = Decimal(terms.share.numerator) / Decimal(terms.share.denominator), terms.country
    bob.started_on, bob.ended_on = terms.first, terms.last
    bob.save()
    if terms.leave:
        Absence.objects.create(organisation=company.org, rep=bob, valid_from=terms.leave[0], valid_to=terms.leave[1])
    for day in terms.free - SWEDISH - DANISH:
        ClosingDay.objects.create(organisation=company.org, day=day)
    for day in MAY:
        for _ in range(terms.made(day)):
            factories.activity(company.org, bob, day, "call", outcome="reached")
    return bob


@pytest.mark.parametrize("name", CASES)
def test_what_is_owed_equals_a_plain_calculation_on_every_day(company: Company, name: str) -> None:
    terms = CASES[name]
    bob = world_of(company, terms)
    factories.goal(company.org, "calls", bob, MAY[0], JUNE, terms.target)
    for today in MAY:
        rows = [one for one in my_day(company.scope("bob"), bob, today=today).todo if one.kpi.key == "calls"]
        expected = on_paper(terms, today)
        if expected is None:
            assert rows == [], today
            continue
        owed = rows[0].owed
        assert abs(Fraction(owed.needed) - expected[0]) < Fraction(1, 10**15), today
        assert (owed.to_go, owed.done) == (expected[1], terms.made(today) if terms.works(today) else 0), today


def test_a_share_of_a_team_goal_is_owed_like_a_goal_of_ones_own(company: Company) -> None:
    terms = Terms(target=50)
    bob = world_of(company, terms)
    goal = factories.goal(company.org, "calls", company.stockholm, MAY[0], JUNE, 400)
    Participant.objects.create(organisation=company.org, goal=goal, rep=bob, share=50)
    day = my_day(company.scope("bob"), bob, today=dt.date(2026, 5, 20))
    assert [(one.goal, one.owed.to_go) for one in day.todo] == [(goal, (on_paper(terms, dt.date(2026, 5, 20)) or (0, 0))[1])]
    assert [(one.shared, one.standing.target) for one in day.others] == [(True, Decimal(50))]
    goal.refresh_from_db()
    assert (goal.target, goal.subject_kind) == (400, "team")


def test_days_away_are_taken_out_of_a_share(company: Company) -> None:
    bob = world_of(company, Terms(share=Fraction(3, 5), calls=0))
    goal = factories.goal(company.org, "calls", company.stockholm, MAY[0], JUNE, 400)
    Participant.objects.create(organisation=company.org, goal=goal, rep=bob, share=95)
    row = my_day(company.scope("bob"), bob, today=dt.date(2026, 5, 4)).todo[0]
    assert (row.owed.standing.target, row.owed.to_go) == (57, 3)  # 95 × 0.6 = 57 on 19 days


def test_of_two_goals_for_one_kpi_the_one_that_asks_more_is_shown(company: Company) -> None:
    month = factories.goal(company.org, "calls", company.bob, MAY[0], JUNE, 10)
    week = factories.goal(company.org, "calls", company.bob, dt.date(2026, 5, 18), dt.date(2026, 5, 25), 90)
    day = my_day(company.scope("bob"), company.bob, today=dt.date(2026, 5, 20))
    assert [(one.goal, one.owed.to_go) for one in day.todo] == [(week, 54)]
    assert {one.goal for one in day.others} == {month, week}


def test_goals_that_ask_nothing_today_are_left_out(company: Company) -> None:
    factories.goal(company.org, "calls", company.bob, MAY[0], JUNE, 10, state=State.DRAFT)
    factories.goal(company.org, "calls", company.bob, JUNE, JUNE + 30 * DAY, 10)
    factories.goal(company.org, "calls", company.bea, MAY[0], JUNE, 10)
    factories.goal(company.org, "calls", company.stockholm, MAY[0], JUNE, 10)
    day = my_day(company.scope("bob"), company.bob, today=dt.date(2026, 5, 20))
    assert (day.todo, day.others, day.main, day.waiting) == ((), (), None, ())


@pytest.mark.parametrize(("value", "expected"), [
    ("0", 0), ("-3.2", 0), ("0.0000001", 1), ("0.5", 1), ("1", 1), ("1.01", 2), ("39", 39), ("38.99999999999999999999999999", 39),
    ("39.000000000000000000000001", 39), ("8.4", 9),
])
def test_records_are_whole(value: str, expected: int) -> None:
    assert whole(Decimal(value)) == expected


def test_the_working_day_of_the_month() -> None:
    may = Period(MAY[0], JUNE)
    weights = {day: Decimal(day.isoweekday() <= 5 and day not in SWEDISH) for day in MAY}
    wednesday, ascension = work_day(weights, may, dt.date(2026, 5, 13)), work_day(weights, may, dt.date(2026, 5, 14))
    assert (wednesday.works, wednesday.number, wednesday.days, wednesday.due_on, wednesday.before) == (
        True, 8, 19, dt.date(2026, 5, 13), dt.date(2026, 5, 12))
    assert (ascension.works, ascension.number, ascension.due_on, ascension.before) == (False, 8, dt.date(2026, 5, 15), dt.date(2026, 5, 13))
    assert work_day(weights, may, MAY[-1]).due_on is None


def test_day_work_is_what_a_rep_can_do_today() -> None:
    found = [kpi.key for kpi in built_in() if is_day_work(kpi)]
    assert found == [
        "calls", "emails", "conversations", "social_touches", "referrals_asked", "companies_added", "contacts_added", "meetings_booked",
        "first_meetings_held", "follow_up_meetings_held", "proposals_sent",
    ]
    assert set(found) == set(words.COUNTED)


# Words ----------------------------------------------------------------------------------------------

def day_with(company: Company, today: dt.date, **targets: int) -> MyDay:
    for kpi, target in targets.items():
        factories.goal(company.org, kpi, company.bob, MAY[0], JUNE, target)
    return my_day(company.scope("bob"), company.bob, today=today)


@pytest.mark.parametrize(("targets", "expected"), [
    ({"calls": 19 * 9, "meetings_booked": 1}, "72 calls and one booked meeting keep you on pace tonight"),
    ({"calls": 2}, "One call keeps you on pace tonight"),
    ({"calls": 19}, "Eight calls keep you on pace tonight"),
    ({"calls": 1, "emails": 3, "proposals_sent": 19}, "One call, two e-mails and eight proposals keep you on pace tonight"),
    ({"calls": 1, "emails": 1, "referrals_asked": 1, "proposals_sent": 1},
     "One call, one e-mail, one referral question and more keep you on pace tonight"),
    ({}, "No goal for your daily work is set"),
])
def test_the_title_is_the_answer(company: Company, targets: dict[str, int], expected: str) -> None:
    day = day_with(company, dt.date(2026, 5, 13), **targets)
    assert words.title(day) == expected


def test_titles_of_other_days(company: Company) -> None:
    factories.activity(company.org, company.bob, MAY[10], "call")
    reached = day_with(company, dt.date(2026, 5, 13), calls=1)
    assert words.title(reached) == "You are on pace for tonight"
    assert [text for text, _ in words.todo_lines(reached, reached.todo[0])][:2] == ["0 done today", "the goal for May is reached"]
    ascension = my_day(company.scope("bob"), company.bob, today=dt.date(2026, 5, 14))
    assert words.title(ascension) == "Friday 15 May is your next working day; today is a day off"
    assert words.todo_heading(ascension) == "Friday 15 May asks for this"
    assert words.title(ascension, "Bob Berg") == "Friday 15 May is the next working day of Bob Berg; today is a day off"


def test_the_line_below_the_title(company: Company) -> None:
    company.bob.share = Decimal("0.6")
    company.bob.save()
    moment = dt.datetime(2026, 5, 13, 14, 32, tzinfo=dt.UTC)
    line = words.line(my_day(company.scope("bob"), company.bob, today=dt.date(2026, 5, 13)), moment)
    assert line.replace("\u00a0", " ") == "Working day 8 of 19 · you work 60 % · as of 14:32"


def test_what_is_usual_is_of_the_last_sixty_days(company: Company) -> None:
    today = dt.date(2026, 5, 20)
    for back in range(60, 0, -1):
        for _ in range(3 if (today - back * DAY).isoweekday() <= 5 else 0):
            factories.activity(company.org, company.bob, today - back * DAY, "call", outcome="reached" if back % 2 else "not_reached")
    day = day_with(company, today, calls=200, conversations=60)
    calls, conversations = day.todo
    holidays = 4  # Good Friday, Easter Monday, 1 May, Ascension: worked on all the same
    working = len([back for back in range(1, 61) if (today - back * DAY).isoweekday() <= 5]) - holidays
    assert calls.owed.usual == Decimal((working + holidays) * 3) / working
    reached = sum(3 for back in range(1, 61) if back % 2 and (today - back * DAY).isoweekday() <= 5)
    assert conversations.rate is not None
    assert conversations.rate.usual == Decimal(reached) / ((working + holidays) * 3)
    assert conversations.rate.today is None


def test_numbers_are_words_up_to_ten(company: Company) -> None:
    calls = factories.kpi("calls")
    assert [words.counted(calls, n) for n in (1, 2, 10, 11)] == ["one call", "two calls", "ten calls", "11 calls"]


def test_an_amount_is_said_with_two_figures() -> None:
    assert [about(Decimal(value)) for value in ("26476.19", "9550", "104", "7.6", "0")] == [26000, 9600, 100, 8, 0]


# The lever ------------------------------------------------------------------------------------------

def conversion(tries: int, won: int, *, priced: int = 5, value: int = 13_900) -> dict[str, KpiValue]:
    rate = Decimal(won) / tries if tries else None
    return {
        "first_meetings_held": KpiValue(value=Decimal(tries), numerator=Decimal(tries)),
        "meeting_hit_rate": KpiValue(value=rate, numerator=Decimal(won), denominator=Decimal(tries)),
        "average_deal_value": KpiValue(
            value=Decimal(value) if priced else None, numerator=Decimal(value * priced), denominator=Decimal(priced)
        ),
    }


def test_the_lever_is_worth_what_ones_own_conversion_brings() -> None:
    found = lever(conversion(42, 10))
    assert isinstance(found, Lever)
    assert (found.tries, found.won, found.one_in) == (42, 10, Decimal("4.2"))
    assert abs(Fraction(found.worth) - Fraction(2 * 4 * 10 * 13_900, 42)) < Fraction(1, 10**9)
    assert words.lever_text(found, "EUR").replace("\u202f", " ").replace("\u00a0", " ") == (
        "One first meeting in 4.2 becomes a deal of 13 900 € for you. Two more a week are worth about 26 000 € in four weeks."
    )


@pytest.mark.parametrize(("tries", "won", "priced"), [(9, 4, 5), (40, 2, 5), (40, 4, 2), (0, 0, 0), (40, 0, 5)])
def test_too_few_records_are_no_lever(tries: int, won: int, priced: int) -> None:
    found = lever(conversion(tries, won, priced=priced))
    assert found == TooFew(tries, min(won, priced))
    assert f"days: {tries}, deals won: {min(won, priced)}." in words.too_few(found)


def test_the_lever_comes_from_the_records(company: Company) -> None:
    for number in range(12):
        customer = factories.customer(company.org, f"Company {number}", company.bob)
        met = TODAY - dt.timedelta(days=20 + number)
        factories.activity(company.org, company.bob, met, "meeting", outcome="reached", customer=customer)
        if number % 3 == 0:
            factories.deal(company.org, company.bob, opened_on=met, closed_on=met + 9 * DAY, status="won", amount="1000", customer=customer)
    found = my_day(company.scope("bob"), company.bob, today=TODAY).lever
    assert isinstance(found, Lever)
    assert (found.tries, found.won, found.one_in, found.deal_value) == (12, 4, 3, 1000)


# What waits and what came in ------------------------------------------------------------------------

def proposed(company: Company, share: int | None = 30) -> Goal:
    december = (dt.date(2026, 12, 1), dt.date(2027, 1, 1))
    goal = factories.goal(company.org, "calls", company.stockholm, *december, 90, state=State.PROPOSED, created_by=company.users["mona"])
    first_version(goal)
    if share is not None:
        Participant.objects.create(organisation=company.org, goal=goal, rep=company.bob, share=share)
    return goal


def test_a_proposed_goal_waits_for_an_answer(company: Company) -> None:
    for month, calls in ((9, 10), (10, 40)):
        for _ in range(calls):
            factories.activity(company.org, company.bob, dt.date(2026, month, 7), "call")
    goal = proposed(company)
    waiting = my_day(company.scope("bob"), company.bob, today=TODAY).waiting
    assert [(one.goal, one.asked, one.whole, one.known, one.better) for one in waiting] == [(goal, 30, 90, 2, 1)]
    assert words.waiting_before(waiting[0]) == "As much was reached in 1 of the last 2 months."
    assert waiting[0].proposed_by == "Mona"
    version = GoalVersion.objects.get(goal=goal)
    Answer.objects.create(organisation=company.org, version=version, rep=company.bob, answered_at=timezone.now())
    assert my_day(company.scope("bob"), company.bob, today=TODAY).waiting == ()


def test_who_takes_no_part_is_not_asked(company: Company) -> None:
    proposed(company, share=None)
    assert my_day(company.scope("bob"), company.bob, today=TODAY).waiting == ()


def test_a_share_of_the_whole_organisation_is_seen_by_who_takes_part(company: Company) -> None:
    goal = factories.goal(company.org, "calls", company.org, dt.date(2026, 11, 1), dt.date(2026, 12, 1), 900)
    Participant.objects.create(organisation=company.org, goal=goal, rep=company.bob, share=21)
    assert [one.goal for one in my_day(company.scope("bob"), company.bob, today=TODAY).others] == [goal]


def test_what_came_in_since_the_last_working_day(company: Company) -> None:
    org, bob, monday = company.org, company.bob, dt.date(2026, 11, 16)
    at = dt.datetime(2026, 11, 16, 9, 15, tzinfo=org.zone)
    factories.activity(org, bob, monday, "meeting", outcome="reached", customer=company.acme, occurred_at=at)
    factories.activity(org, bob, monday, "meeting", outcome="no_show", customer=company.acme)
    factories.activity(org, bob, monday, "proposal", outcome="planned", customer=company.acme)
    factories.activity(org, bob, dt.date(2026, 11, 13), "proposal", customer=company.bolt)
    factories.activity(org, bob, dt.date(2026, 11, 12), "meeting", outcome="reached", customer=company.acme)
    factories.activity(org, company.bea, monday, "meeting", outcome="reached", customer=company.bolt)
    for day, status in ((dt.date(2026, 11, 14), "won"), (monday, "lost")):
        factories.deal(org, bob, opened_on=MAY[0], closed_on=day, status=status, amount="38500", customer=company.acme)
    found = my_day(company.scope("bob"), bob, today=monday).came_in
    assert [(one.when, one.what, one.name) for one in found] == [
        ("09:15", "meeting held", "Acme"), ("Sat", "won", "Acme"), ("Fri", "proposal sent", "Bolt"),
    ]
    acme = reverse("dashboards:customer_now", args=["nordlys", company.acme.pk])
    assert [one.customer_address for one in found] == [acme, acme, ""]  # Bolt is Bea's


def test_eight_at_most_the_newest_first(company: Company) -> None:
    for number in range(12):
        at = dt.datetime(2026, 11, 18, 8, number, tzinfo=company.org.zone)
        factories.activity(company.org, company.bob, TODAY, "meeting", outcome="reached", customer=company.acme, occurred_at=at)
    found = my_day(company.scope("bob"), company.bob, today=TODAY).came_in
    assert [one.when for one in found] == [f"08:{number:02}" for number in range(11, 3, -1)]


# The page -------------------------------------------------------------------------------------------

SignedIn = Callable[[str], Client]
PAGE = "/o/nordlys/my-day/"


@pytest.fixture
def signed_in(company: Company) -> SignedIn:
    def sign_in(name: str) -> Client:
        client = Client()
        client.force_login(company.users[name], backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in


def test_it_works(signed_in: SignedIn, company: Company) -> None:
    today = company.org.local_day(timezone.now())
    first = today.replace(day=1)
    month = (first, (first + 32 * DAY).replace(day=1))
    for kpi, target in (("calls", 100_000), ("revenue", 50_000), ("win_rate", "0.3")):
        factories.goal(company.org, kpi, company.bob, *month, target)
    factories.deal(company.org, company.bob, opened_on=first, closed_on=first, status="won", amount="1000", customer=company.acme)
    page = signed_in("bob").get(PAGE)
    assert page.status_code == 200
    text = page.content.decode()
    assert "to go" in text
    assert "Win rate" in text
    assert "My other goals" in text
    assert 'aria-current="page"' in text.split("My day</a>")[0].rsplit("<a", maxsplit=1)[1]


def test_one_who_is_away_all_the_time_owes_nothing(company: Company) -> None:
    month = (dt.date(2026, 11, 1), dt.date(2026, 12, 1))
    Absence.objects.create(organisation=company.org, rep=company.bob, valid_from=month[0], valid_to=month[1])
    for kpi in ("calls", "revenue"):
        goal = factories.goal(company.org, kpi, company.stockholm, *month, 900)
        Participant.objects.create(organisation=company.org, goal=goal, rep=company.bob, share=90)
    for number in range(30):
        day = TODAY - (number + 10) * DAY
        factories.deal(company.org, company.bob, opened_on=day, closed_on=day, status="won", amount="10", customer=company.acme)
    day = my_day(company.scope("bob"), company.bob, today=TODAY)
    assert (day.at.works, day.at.due_on, day.todo) == (False, month[1], ())
    assert [one.standing.target for one in (day.main, *day.others) if one] == [0, 0]
    shown = context(day, dt.datetime(2026, 11, 18, 12, tzinfo=dt.UTC))
    assert shown["title"] == "Tuesday 1 December is your next working day; today is a day off"


def test_a_viewer_is_not_told_what_waits(signed_in: SignedIn, company: Company) -> None:
    proposed(company)
    assert my_day(company.scope("vera"), company.bob, today=TODAY).waiting == ()
    assert len(my_day(company.scope("mona"), company.bob, today=TODAY).waiting) == 1


@pytest.mark.parametrize(("name", "rep", "status"), [
    ("bob", "", 200), ("bob", "bob", 200), ("bob", "bea", 403), ("mona", "bob", 200), ("mona", "bea", 403), ("mona", "", 404),
    ("alice", "bea", 200), ("alice", "", 404), ("vera", "bob", 200), ("charlie", "bob", 404), ("charlie", "", 404),
])
def test_who_may_open_it(signed_in: SignedIn, company: Company, name: str, rep: str, status: int) -> None:
    query = f"?rep={getattr(company, rep).pk}" if rep else ""
    assert signed_in(name).get(PAGE + query).status_code == status


@pytest.mark.parametrize("rep", ["999999", "x", "-1", "1.5"])
def test_nobody_else_is_opened(signed_in: SignedIn, company: Company, rep: str) -> None:
    assert signed_in("alice").get(f"{PAGE}?rep={rep}").status_code == 404


def test_a_rep_of_another_organisation_is_not_found(signed_in: SignedIn, company: Company) -> None:
    stranger = factories.rep(company.other, "Sten")
    unassigned = Rep.objects.get(organisation=company.org, is_unassigned=True)
    assert {signed_in(name).get(f"{PAGE}?rep={rep.pk}").status_code for name in ("alice", "bob") for rep in (stranger, unassigned)} == {404}


def test_only_the_rep_is_asked_to_answer(signed_in: SignedIn, company: Company) -> None:
    goal = proposed(company)
    Goal.objects.filter(pk=goal.pk).update(starts_on=dt.date(2098, 12, 1), ends_on=dt.date(2099, 1, 1))
    own = signed_in("bob").get(PAGE).content.decode()
    seen = signed_in("mona").get(f"{PAGE}?rep={company.bob.pk}").content.decode()
    assert f"/o/nordlys/goals/{goal.pk}/#agreement" in own
    assert "A new goal waits for your answer" in own
    assert "#agreement" not in seen
    assert "A new goal waits for the answer of Bob Berg" in seen


@pytest.mark.parametrize("language", ["en", "sv", "fi"])
def test_every_language_counts(language: str, company: Company) -> None:
    with translation.override(language):
        texts = [words.counted(factories.kpi(key), n) for key in words.COUNTED for n in (1, 2, 10, 11)]
    assert all(texts)
    assert not any("%(" in text for text in texts)


def test_the_part_that_updates_itself(signed_in: SignedIn, company: Company, settings: Any) -> None:
    client = signed_in("bob")
    assert 'data-live="/o/nordlys/live"' in client.get(PAGE).content.decode()
    part = client.get(PAGE, headers={"Live-Part": "1"}).content.decode()
    assert "<h1>" in part
    assert "<html" not in part
