"""How a goal becomes agreed: every step, every refusal, and two people at once."""

from __future__ import annotations

import datetime as dt
import threading
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from goals import agreement
from goals.models import Answer, Goal, GoalComment, GoalVersion, Participant, State
from goals.selectors import goal_for, goal_get, goal_list, goals_at, last_number, pending_version, targets_of, waiting
from goals.services import may_set
from kpi_tracker.errors import InvalidInput, NotPermitted
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.orgs.models import Rep
from kpi_tracker.periods import Period
from tests import factories
from tests.goals.conftest import TODAY, Company

NOW = dt.datetime(2026, 11, 18, 9, 30, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(minutes=5)
NOVEMBER = Period(dt.date(2026, 11, 1), dt.date(2026, 12, 1))


@pytest.fixture
def bo(company: Company) -> Rep:
    rep = factories.rep(company.org, "Bo Bratt", company.stockholm)
    company.users["bo"] = factories.member(company.org, "bo@example.com", "rep", rep=rep)
    return rep


@pytest.fixture
def goal(company: Company, bo: Rep) -> Goal:
    """A draft for Stockholm: 100 000 €, of which Bob takes 60 000 and Bo 40 000."""
    made = factories.goal(company.org, "revenue", company.stockholm, NOVEMBER.start, NOVEMBER.end, 100_000, state=State.DRAFT)
    for rep, share in ((company.bob, 60_000), (bo, 40_000)):
        Participant.objects.create(organisation=company.org, goal=made, rep=rep, share=share)
    return made


class Steps:
    """The services, as one person after the other uses them."""

    def __init__(self, company: Company, goal: Goal) -> None:
        self.company, self.goal = company, goal

    def __call__(self, name: str, step: str, **given: Any) -> Any:
        asked: dict[str, Any] = {"shown": last_number(self.goal), "now": NOW, "today": TODAY} | given
        if step in ("answer", "take_counter") and isinstance(asked.get("rep"), Rep):
            asked["rep_id"] = asked.pop("rep").id
        made = getattr(agreement, step)(scope=self.company.scope(name), goal=self.goal, **asked)
        self.goal.refresh_from_db()
        return made


@pytest.fixture
def steps(company: Company, goal: Goal) -> Steps:
    return Steps(company, goal)


def shares(goal: Goal) -> list[Decimal]:
    return list(goal.participants.order_by("id").values_list("share", flat=True))


def test_it_works(company: Company, bo: Rep, goal: Goal, steps: Steps) -> None:
    steps("mona", "propose", reason="Two new sellers in spring")
    assert goal.state == State.PROPOSED
    version = pending_version(goal)
    assert version is not None
    assert (version.number, version.author, version.reason, version.made_at) == (1, company.users["mona"], "Two new sellers in spring", NOW)
    steps("bob", "answer", rep=company.bob)
    assert goal.state == State.PROPOSED
    steps("bo", "answer", rep=bo, comment="Fine")
    assert (goal.state, goal.decided_by) == (State.AGREED, None)
    assert goal.versions.get().in_force
    assert goal.versions.get().asks_from == NOVEMBER.start
    assert pending_version(goal) is None


def test_a_counter_is_taken_over_and_accepted(company: Company, bo: Rep, goal: Goal, steps: Steps) -> None:
    steps("mona", "propose")
    steps("bo", "answer", rep=bo)
    steps("bob", "answer", rep=company.bob, counter=Decimal(50_000), comment="Two weeks of leave")
    assert goal.state == State.PROPOSED
    steps("mona", "take_counter", rep=company.bob)
    version = pending_version(goal)
    assert version is not None
    assert (version.number, version.reason) == (2, "The figure that Bob Berg proposed: Two weeks of leave")
    assert (goal.target, shares(goal)) == (100_000, [50_000, 40_000])
    assert [one.rep for one in version.answers.all()] == [bo], "whose share stays need not answer again"
    assert goal.versions.get(number=1).withdrawn
    assert goal.versions.get(number=1).answers.count() == 2
    steps("bob", "answer", rep=company.bob)
    assert (goal.state, goal.decided_by, goal.target) == (State.AGREED, None, 100_000)


def test_the_counter_of_one_person_is_the_target(company: Company) -> None:
    own = factories.goal(company.org, "calls", company.bob, NOVEMBER.start, NOVEMBER.end, 300, state=State.DRAFT, stretch=330)
    steps = Steps(company, own)
    steps("alice", "propose")
    assert shares(own) == [300]
    steps("bob", "answer", rep=company.bob, counter=Decimal(350), comment="I can do more")
    steps("mona", "take_counter", rep=company.bob)
    assert (own.target, own.stretch, shares(own)) == (350, None, [350])
    steps("bob", "answer", rep=company.bob)
    assert own.state == State.AGREED


def test_management_decides_and_it_says_so(company: Company, goal: Goal, steps: Steps) -> None:
    with pytest.raises(InvalidInput) as refused:
        steps("mona", "decide", reason=" ")
    assert (refused.value.field, refused.value.code) == ("reason", "required")
    steps("mona", "propose")
    steps("bob", "answer", rep=company.bob, counter=Decimal(1), comment="No")
    steps("mona", "decide", reason="The board wants it", now=LATER)
    assert (goal.state, goal.decided_by) == (State.AGREED, company.users["mona"])
    last = goal.versions.order_by("number").last()
    assert last is not None
    assert (last.number, last.in_force, last.author) == (2, True, company.users["mona"])
    assert (last.reason, last.made_at) == ("The board wants it", LATER)
    assert Answer.objects.get().counter == 1, "what was said stays"
    with pytest.raises(InvalidInput):
        steps("mona", "decide", reason="Again")


def test_a_draft_may_be_decided_at_once(goal: Goal, steps: Steps) -> None:
    steps("mona", "decide", reason="It is law")
    assert (goal.state, goal.versions.get().number) == (State.AGREED, 1)


def test_withdrawn(company: Company, goal: Goal, steps: Steps) -> None:
    steps("mona", "propose")
    steps("mona", "withdraw", reason="Too early")
    assert goal.state == State.DRAFT
    assert goal.versions.get().withdrawn
    assert GoalComment.objects.get().text == "The proposal is withdrawn: Too early"
    steps("mona", "propose", target=Decimal(50_000))
    assert (goal.state, goal.target, shares(goal), last_number(goal)) == (State.PROPOSED, 50_000, [30_000, 20_000], 2)


def test_a_change_of_a_goal_in_force_asks_for_nothing_until_accepted(company: Company, bo: Rep, goal: Goal, steps: Steps) -> None:
    goal.state = State.AGREED
    goal.save()
    steps("mona", "propose", target=Decimal(120_000), reason="A large order came in", today=dt.date(2026, 11, 10))
    assert (goal.state, goal.target, shares(goal)) == (State.AGREED, 100_000, [60_000, 40_000])
    version = pending_version(goal)
    assert version is not None
    assert version.shares == {str(company.bob.id): "72000.00", str(bo.id): "48000.00"}
    steps("bob", "answer", rep=company.bob)
    steps("bo", "answer", rep=bo)
    assert (goal.target, shares(goal)) == (120_000, [72_000, 48_000])
    assert goal.asked_since == ((NOVEMBER.start, Decimal(100_000)), (TODAY, Decimal(120_000))), "a step on the day it came into force"
    assert goal.versions.get(number=1).target == 100_000


def test_a_change_that_is_withdrawn_changes_nothing(goal: Goal, steps: Steps) -> None:
    goal.state = State.AGREED
    goal.save()
    steps("mona", "propose", target=Decimal(120_000))
    steps("mona", "withdraw")
    assert (goal.state, goal.target, goal.asked_since) == (State.AGREED, 100_000, ())
    with pytest.raises(InvalidInput) as refused:
        steps("mona", "propose", target=Decimal(100_000))
    assert refused.value.code == "nothing_changes"


def test_a_share_in_proportion_never_loses_a_cent(company: Company, goal: Goal, steps: Steps) -> None:
    for n in range(5):
        rep = factories.rep(company.org, f"Rep {n}", company.stockholm)
        Participant.objects.create(organisation=company.org, goal=goal, rep=rep, share=Decimal("33.33"))
    goal.participants.filter(share__gte=40_000).update(share=Decimal("33.33"))
    steps("mona", "propose", target=Decimal("700.01"))
    total = sum(shares(goal))
    assert total == (Decimal("33.33") * 7 * Decimal("700.01") / 100_000).quantize(Decimal("0.01"))


def test_a_goal_in_which_nobody_takes_part_is_not_proposed(company: Company) -> None:
    alone = factories.goal(company.org, "revenue", company.org, NOVEMBER.start, NOVEMBER.end, 1, state=State.DRAFT)
    with pytest.raises(InvalidInput) as refused:
        Steps(company, alone)("alice", "propose")
    assert refused.value.code == "nobody_takes_part"


@pytest.mark.parametrize("step", ["propose", "decide", "withdraw", "answer", "take_counter"])
def test_what_is_over_stays(company: Company, goal: Goal, steps: Steps, step: str) -> None:
    steps("mona", "propose")
    given: dict[str, Any] = {"rep": company.bob} if step in ("answer", "take_counter") else {"reason": "Late"}
    with pytest.raises(InvalidInput) as refused:
        steps("mona", step, today=NOVEMBER.end, **given)
    assert refused.value.code == "over"


@pytest.mark.parametrize("step", ["propose", "decide", "withdraw", "answer", "take_counter"])
def test_what_was_changed_meanwhile_is_not_changed_unseen(company: Company, goal: Goal, steps: Steps, step: str) -> None:
    steps("mona", "propose")
    given: dict[str, Any] = {"rep": company.bob} if step in ("answer", "take_counter") else {"reason": "Late"}
    steps("alice", "propose", target=Decimal(90_000))
    with pytest.raises(InvalidInput) as refused:
        steps("mona", step, shown=1, **given)
    assert refused.value.code == "stale"
    assert (goal.target, last_number(goal)) == (90_000, 2)


def test_an_answer_is_not_overwritten_unseen(company: Company, goal: Goal, steps: Steps) -> None:
    steps("mona", "propose")
    steps("mona", "answer", rep=company.bob, counter=Decimal(55_000), comment="Bob said so on the phone")
    with pytest.raises(InvalidInput) as refused:
        steps("bob", "answer", rep=company.bob)
    assert refused.value.code == "stale"
    given = Answer.objects.get()
    assert (given.counter, given.author) == (55_000, company.users["mona"])
    steps("bob", "answer", rep=company.bob, known=agreement.answer_mark(given), now=LATER)
    assert Answer.objects.get().counter is None


@pytest.mark.parametrize(
    ("counter", "comment", "field"),
    [("0", "why", "counter"), ("-5", "why", "counter"), ("60000", "why", "counter"), ("1", "", "comment"), ("1.00001", "why", "counter"),
     ("1", "x" * 501, "comment")],
)
def test_another_figure_has_to_make_sense(company: Company, goal: Goal, steps: Steps, counter: str, comment: str, field: str) -> None:
    steps("mona", "propose")
    with pytest.raises(InvalidInput) as refused:
        steps("bob", "answer", rep=company.bob, counter=Decimal(counter), comment=comment)
    assert refused.value.field == field
    assert not Answer.objects.exists()


@pytest.mark.parametrize(
    ("name", "may"), [("alice", True), ("mona", True), ("bob", True), ("bo", False), ("vera", False), ("malin", False), ("charlie", None)]
)
def test_who_may_answer_for_bob(company: Company, goal: Goal, steps: Steps, name: str, may: bool | None) -> None:
    company.users["malin"] = factories.member(company.org, "malin@example.com", "manager", manages=company.malmo)
    steps("mona", "propose")
    if may:
        given = steps(name, "answer", rep=company.bob)
        assert given.author == company.users[name]
        return
    with pytest.raises(InvalidInput if may is None else NotPermitted):
        steps(name, "answer", rep=company.bob)


@pytest.mark.parametrize("name", ["bob", "vera", "malin", "charlie"])
@pytest.mark.parametrize("step", ["propose", "decide", "withdraw", "take_counter"])
def test_only_setters_propose_and_decide(company: Company, goal: Goal, steps: Steps, name: str, step: str) -> None:
    company.users["malin"] = factories.member(company.org, "malin@example.com", "manager", manages=company.malmo)
    steps("mona", "propose")
    with pytest.raises((NotPermitted, InvalidInput)):
        steps(name, step, **({"rep": company.bob} if step == "take_counter" else {"reason": "Why"}))
    assert (goal.state, last_number(goal)) == (State.PROPOSED, 1)


def test_who_sees_drafts_and_proposals(company: Company, bo: Rep, goal: Goal, steps: Steps) -> None:
    company.users["malin"] = factories.member(company.org, "malin@example.com", "manager", manages=company.malmo)
    other = factories.rep(company.org, "Bert Boman", company.stockholm)
    company.users["bert"] = factories.member(company.org, "bert@example.com", "rep", rep=other)
    names = ("alice", "mona", "malin", "bob", "bo", "bert", "vera", "charlie")

    def seen() -> set[str]:
        return {name for name in names if goal_get(company.scope(name), goal.id)}

    assert seen() == {"alice", "mona"}
    steps("mona", "propose")
    assert seen() == {"alice", "mona", "bob", "bo"}
    assert set(goal_list(company.scope("bert"))) == set()
    steps("mona", "decide", reason="So")
    assert seen() == {"alice", "mona", "malin", "bob", "bo", "bert", "vera"}


def test_settable_goals_are_those_that_may_be_set(company: Company) -> None:
    subjects = [company.org, company.stockholm, company.malmo, company.bob, company.bea, company.acme, company.bolt]
    drafts = [factories.goal(company.org, "calls", one, NOVEMBER.start, NOVEMBER.end, 5, state=State.DRAFT) for one in subjects]
    for name in ("alice", "mona", "bob", "vera", "charlie"):
        scope = company.scope(name)
        expected = {one for one in drafts if name != "charlie" and may_set(scope, one.subject, today=TODAY)}
        assert set(goal_list(scope)) == expected, name


def test_only_goals_in_force_count(company: Company, goal: Goal, steps: Steps) -> None:
    scope = company.scope("alice")

    def counted() -> list[bool]:
        return [
            goal_for(scope, kpi="revenue", subject=goal.subject, period=NOVEMBER) is not None, goals_at(scope, TODAY).exists(),
            bool(targets_of(company.org, "revenue", SubjectKind.TEAM, [NOVEMBER])[NOVEMBER]),
            goal_list(scope, in_force=True).exists(),
        ]

    assert counted() == [False] * 4
    steps("mona", "propose")
    assert counted() == [False] * 4
    steps("mona", "decide", reason="So")
    assert counted() == [True] * 4


def test_who_takes_part_sees_the_goal_of_another_team(company: Company) -> None:
    goal = factories.goal(company.org, "revenue", company.malmo, NOVEMBER.start, NOVEMBER.end, 5)
    assert goal_get(company.scope("bob"), goal.id) is None
    Participant.objects.create(organisation=company.org, goal=goal, rep=company.bob, share=1)
    assert goal_get(company.scope("bob"), goal.id) == goal


def test_what_waits_for_whom(company: Company, bo: Rep, goal: Goal, steps: Steps) -> None:
    def waits() -> set[str]:
        return {name for name in ("alice", "mona", "bob", "bo", "vera") if waiting(company.scope(name), TODAY).exists()}

    assert waits() == set()
    steps("mona", "propose")
    assert waits() == {"bob", "bo"}
    steps("bob", "answer", rep=company.bob, counter=Decimal(1), comment="No")
    assert waits() == {"alice", "mona", "bo"}
    steps("mona", "take_counter", rep=company.bob)
    assert waits() == {"bob", "bo"}
    assert not waiting(company.scope("bob"), NOVEMBER.end).exists()
    steps("mona", "withdraw")
    assert waits() == set()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_answers_at_once_both_count(company: Company, bo: Rep, goal: Goal, steps: Steps) -> None:
    """Each sees, inside its lock, what the other wrote: the last acceptance brings the goal into force."""
    steps("mona", "propose")
    together = threading.Barrier(2, timeout=30)
    scopes, problems = {name: company.scope(name) for name in ("bob", "bo")}, list[str]()

    def accept(name: str, rep: Rep) -> None:
        try:
            together.wait()
            agreement.answer(scope=scopes[name], goal=goal, rep_id=rep.id, shown=1, now=NOW, today=TODAY)
        except InvalidInput as refused:
            problems.append(refused.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=accept, args=pair) for pair in (("bob", company.bob), ("bo", bo))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    goal.refresh_from_db()
    assert goal.state == State.AGREED
    assert GoalVersion.objects.get().answers.count() == 2


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_of_two_proposals_at_once_one_is_told(company: Company, goal: Goal, steps: Steps) -> None:
    together, told = threading.Barrier(2, timeout=30), list[str]()
    scopes = {name: company.scope(name) for name in ("mona", "alice")}

    def change(name: str, target: int) -> None:
        try:
            together.wait()
            agreement.propose(scope=scopes[name], goal=goal, shown=0, target=Decimal(target), now=NOW, today=TODAY)
        except InvalidInput as refused:
            told.append(refused.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=change, args=pair) for pair in (("mona", 90_000), ("alice", 110_000))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == ["stale"]
    assert GoalVersion.objects.count() == 1
