"""The pages of the agreement, as every role opens them and answers."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from goals.models import Answer, Goal, Participant, State
from goals.selectors import last_number
from kpi_tracker.orgs.models import Rep
from tests import factories
from tests.goals.conftest import Company

SignedIn = Callable[[str], Client]
MOST_QUERIES = 15


@pytest.fixture
def people(company: Company) -> dict[str, Rep]:
    """Bo and Bert sell in Stockholm too; malin manages Malmö."""
    found = {"bob": company.bob}
    for name, full in (("bo", "Bo Bratt"), ("bert", "Bert Boman")):
        found[name] = factories.rep(company.org, full, company.stockholm)
        company.users[name] = factories.member(company.org, f"{name}@example.com", "rep", rep=found[name])
    company.users["malin"] = factories.member(company.org, "malin@example.com", "manager", manages=company.malmo)
    return found


@pytest.fixture
def signed_in(company: Company, people: dict[str, Rep]) -> SignedIn:
    def sign_in(name: str) -> Client:
        client = Client()
        client.force_login(company.users[name], backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in


@pytest.fixture
def goal(company: Company, people: dict[str, Rep]) -> Goal:
    """A draft of the running year: 100 000 €, of which Bob takes 60 000 and Bo 40 000."""
    year = company.org.local_day(timezone.now()).replace(month=1, day=1)
    until = year.replace(year=year.year + 1)
    made = factories.goal(company.org, "revenue", company.stockholm, year, until, 100_000, state=State.DRAFT)
    for name, share in (("bob", 60_000), ("bo", 40_000)):
        Participant.objects.create(organisation=company.org, goal=made, rep=people[name], share=share)
    return made


def address(goal: Goal, name: str = "detail") -> str:
    return reverse(f"goals:{name}", kwargs={"org": "nordlys", "id": goal.id})


def sent(client: Client, goal: Goal, name: str, **typed: Any) -> Any:
    return client.post(address(goal, name), {"shown": last_number(goal), **typed})


def text(response: Any) -> str:
    return str(response.content.decode().replace("\u202f", " ").replace("\u00a0", " "))


def test_it_works(signed_in: SignedIn, company: Company, people: dict[str, Rep], goal: Goal) -> None:
    mona, bob, bo = signed_in("mona"), signed_in("bob"), signed_in("bo")
    assert "Propose to 2 people" in text(mona.get(address(goal)))
    assert sent(mona, goal, "propose", reason="We hire two").status_code == 302
    page = text(bob.get(address(goal)))
    assert "0 of 2 have answered" in page
    assert "Your share is <b>60 000 €</b>" in page
    assert "Bo Bratt" not in page, "what a colleague is asked is not shown to a rep"
    assert sent(bob, goal, "answer", rep=company.bob.id, say="counter", counter="50 000", comment="Leave in May").status_code == 302
    page = text(mona.get(address(goal)))
    assert "1 of 2 have answered. 1 proposes another figure." in page
    assert "Leave in May" in page
    assert sent(mona, goal, "take", rep=company.bob.id).status_code == 302
    assert "The shares add up to 90 000 €: 10 000 € of the 100 000 € are nobody&#x27;s." in text(mona.get(address(goal)))
    assert sent(bob, goal, "answer", rep=company.bob.id, say="accept").status_code == 302
    page = text(bo.post(address(goal, "answer"), {"shown": last_number(goal), "rep": people["bo"].id, "say": "accept"}, follow=True))
    assert "Everybody has accepted: the goal is in force." in page
    assert "Accepted by all 2 who take part." in page
    goal.refresh_from_db()
    assert goal.state == State.AGREED


def test_decided_by_management_says_so_on_the_page(signed_in: SignedIn, goal: Goal) -> None:
    mona = signed_in("mona")
    sent(mona, goal, "propose")
    refused = sent(mona, goal, "decide", reason="")
    assert refused.status_code == 422
    assert "Say why it is decided" in text(refused)
    assert sent(mona, goal, "decide", reason="The board wants it").status_code == 302
    page = text(signed_in("bob").get(address(goal)))
    assert "Decided by Mona on" in page
    assert "The board wants it" in page


def test_withdrawn_and_proposed_anew(signed_in: SignedIn, goal: Goal) -> None:
    mona = signed_in("mona")
    sent(mona, goal, "propose")
    assert sent(mona, goal, "withdraw").status_code == 302
    goal.refresh_from_db()
    assert goal.state == State.DRAFT
    assert signed_in("bob").get(address(goal)).status_code == 404
    assert sent(mona, goal, "propose").status_code == 302
    assert sent(mona, goal, "propose", target="120 000", reason="More").status_code == 302
    page = text(mona.get(address(goal)))
    assert "100 000 € → 120 000 €" in page
    assert "did not come into force" in page


def test_a_stale_form_is_told_and_keeps_what_was_typed(signed_in: SignedIn, company: Company, goal: Goal) -> None:
    mona, bob = signed_in("mona"), signed_in("bob")
    sent(mona, goal, "propose")
    shown = last_number(goal)
    sent(mona, goal, "propose", target="90000")
    typed = {"shown": shown, "rep": company.bob.id, "say": "counter", "counter": "51 234", "comment": "I am away in May"}
    response = bob.post(address(goal, "answer"), typed)
    assert response.status_code == 409
    page = text(response)
    assert "The goal has been changed meanwhile" in page
    assert 'value="51 234"' in page
    assert 'value="I am away in May"' in page
    assert not Answer.objects.exists()


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"say": "counter", "counter": "a lot", "comment": "So"}, "Write a number"),
        ({"say": "counter", "counter": "1", "comment": ""}, "Say why you propose another figure"),
        ({"say": "counter", "counter": "60000", "comment": "So"}, "accept it"),
        ({"say": "counter", "counter": "0", "comment": "So"}, "must be more than 0"),
        ({"say": "accept", "shown": "x"}, "This form is not complete"),
    ],
)
def test_what_is_wrong_stands_beside_what_was_typed(
    signed_in: SignedIn, company: Company, goal: Goal, typed: dict[str, str], says: str
) -> None:
    sent(signed_in("mona"), goal, "propose")
    response = sent(signed_in("bob"), goal, "answer", rep=company.bob.id, **typed) if "shown" not in typed else signed_in("bob").post(
        address(goal, "answer"), {"rep": company.bob.id, **typed}
    )
    assert response.status_code in (409, 422)
    assert says in text(response)


def test_a_manager_answers_for_a_rep_and_it_says_so(signed_in: SignedIn, company: Company, goal: Goal) -> None:
    mona = signed_in("mona")
    sent(mona, goal, "propose")
    assert sent(mona, goal, "answer", rep=company.bob.id, say="accept").status_code == 302
    assert "said by Mona" in text(mona.get(address(goal)))
    assert "said by Mona" in text(signed_in("bob").get(address(goal)))


@pytest.mark.parametrize(
    ("name", "draft", "proposed", "in_force"),
    [("alice", 200, 200, 200), ("mona", 200, 200, 200), ("malin", 404, 404, 200), ("bob", 404, 200, 200), ("bert", 404, 404, 200),
     ("vera", 404, 404, 200), ("charlie", 404, 404, 404)],
)
def test_who_opens_a_goal(signed_in: SignedIn, goal: Goal, name: str, draft: int, proposed: int, in_force: int) -> None:
    client, mona = signed_in(name), signed_in("mona")
    assert client.get(address(goal)).status_code == draft
    sent(mona, goal, "propose")
    assert client.get(address(goal)).status_code == proposed
    sent(mona, goal, "decide", reason="So")
    assert client.get(address(goal)).status_code == in_force


@pytest.mark.parametrize(("name", "status"), [("malin", 403), ("bob", 403), ("bert", 403), ("vera", 403), ("charlie", 404)])
def test_who_may_not_propose_or_decide(signed_in: SignedIn, company: Company, goal: Goal, name: str, status: int) -> None:
    goal.state = State.AGREED
    goal.save()
    sent(signed_in("mona"), goal, "propose", target="90000")
    client = signed_in(name)
    for step in ("propose", "take", "decide", "withdraw"):
        assert sent(client, goal, step, rep=company.bob.id, reason="I", target="1").status_code == status, step
    if name != "bob":
        assert sent(client, goal, "answer", rep=company.bob.id, say="accept").status_code == status
    goal.refresh_from_db()
    assert (goal.target, last_number(goal)) == (100_000, 2)
    assert not Answer.objects.exists()


def test_every_step_wants_to_be_posted(signed_in: SignedIn, goal: Goal) -> None:
    for step in ("propose", "answer", "take", "decide", "withdraw"):
        assert signed_in("alice").get(address(goal, step)).status_code == 405


def test_the_list_and_the_menu_say_what_waits(signed_in: SignedIn, company: Company, people: dict[str, Rep], goal: Goal) -> None:
    listed = reverse("goals:list", args=["nordlys"])

    def groups(name: str) -> tuple[dict[str, int], bool]:
        response = signed_in(name).get(listed)
        return {group.key: group.count for group in response.context["board"].groups}, 'class="n"' in text(response)

    assert groups("mona") == ({"drafts": 1}, False)
    assert groups("bob") == ({}, False)
    sent(signed_in("mona"), goal, "propose")
    assert groups("mona") == ({"waiting": 1}, False)
    assert groups("bob") == ({"waiting": 1}, True)
    assert groups("bert") == ({}, False)
    assert "0 of 2 have answered" in text(signed_in("bob").get(listed))
    sent(signed_in("bob"), goal, "answer", rep=company.bob.id, say="counter", counter="1", comment="No")
    assert groups("bob") == ({"waiting": 1}, False)
    assert groups("mona") == ({"waiting": 1}, True)
    sent(signed_in("mona"), goal, "decide", reason="So")
    assert groups("mona") == ({"running": 1}, False)
    sent(signed_in("mona"), goal, "propose", target="90000")
    assert groups("bo") == ({"waiting": 1, "running": 1}, True)


def test_a_goal_of_another_team_is_shown_without_ways_into_its_figures(signed_in: SignedIn, company: Company, goal: Goal) -> None:
    other = factories.goal(company.org, "revenue", company.org, goal.starts_on, goal.ends_on, 500_000)
    Participant.objects.create(organisation=company.org, goal=other, rep=company.bob, share=100_000)
    page = text(signed_in("bob").get(address(other)))
    assert "data-math" not in page
    assert page.count("data-figure") == 1, "only Bob's own"
    assert f'data-subject="rep:{company.bob.id}"' in page


def test_few_queries_however_many_take_part(signed_in: SignedIn, company: Company, goal: Goal) -> None:
    mona, counts = signed_in("mona"), []
    Goal.objects.update(state=State.AGREED)
    for number in (3, 12):
        for n in range(number):
            rep = factories.rep(company.org, f"Rep {number} {n}", company.stockholm)
            Participant.objects.create(organisation=company.org, goal=goal, rep=rep, share=Decimal(10))
        sent(mona, goal, "propose", target=str(100_000 + number))
        for one in goal.participants.all()[:number]:
            sent(mona, goal, "answer", rep=one.rep_id, say="counter", counter="5", comment="No")
        mona.get(address(goal))  # who works when is read once
        with CaptureQueriesContext(connection) as queries:
            assert mona.get(address(goal)).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= MOST_QUERIES
