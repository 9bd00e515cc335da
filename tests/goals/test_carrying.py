"""Recurring goals go on by themselves: once, with the same terms, until somebody stops them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from goals.carrying import carry_over, next_period
from goals.models import Distribution, Goal, GoalComment, Kind, Participant, State
from goals.tasks import begin_days
from kpi_tracker.orgs.models import Rep
from kpi_tracker.periods import Calendar, Period
from kpi_tracker.rollups.builder import refresh_fully
from tests import factories
from tests.goals.conftest import Company

OCTOBER = (dt.date(2026, 10, 1), dt.date(2026, 11, 1))
LAST, AFTER = dt.date(2026, 10, 31), dt.date(2026, 11, 1)


def carried(company: Company, today: dt.date = AFTER) -> list[Goal]:
    return carry_over(company.org, now=dt.datetime.combine(today, dt.time(8), tzinfo=dt.UTC), today=today)


def recurring(company: Company, kpi: str = "calls", **fields: Any) -> Goal:
    subject, span = fields.pop("subject", company.stockholm), fields.pop("span", OCTOBER)
    return factories.goal(company.org, kpi, subject, *span, fields.pop("target", 200), carries_over=True, **fields)


def test_it_works(company: Company) -> None:
    old = recurring(company, stretch=240, why="Bread and butter", prorated=True, decided_by=company.users["alice"], state=State.CLOSED)
    Participant.objects.create(organisation=company.org, goal=old, rep=company.bob, share=200)
    assert carried(company, LAST) == []
    (new,) = carried(company)
    assert (new.starts_on, new.ends_on, new.team, new.target, new.stretch, new.why) == (
        AFTER, dt.date(2026, 12, 1), company.stockholm, 200, 240, "Bread and butter"
    )
    assert (new.state, new.decided_by, new.prorated, new.carries_over, new.carried_from) == (
        State.AGREED, company.users["alice"], True, True, old
    )
    assert [(one.rep, one.share) for one in new.participants.all()] == [(company.bob, 200)]


def test_never_twice(company: Company) -> None:
    recurring(company)
    assert [len(carried(company)) for _ in range(3)] == [1, 0, 0]
    assert Goal.objects.count() == 2


def test_it_goes_on_and_on_and_stops_when_switched_off(company: Company) -> None:
    recurring(company)
    (november,) = carried(company)
    (december,) = carried(company, dt.date(2026, 12, 1))
    assert december.carried_from == november
    december.carries_over = False
    december.save()
    assert carried(company, dt.date(2027, 1, 1)) == []


def test_a_deleted_goal_does_not_come_back(company: Company) -> None:
    recurring(company)
    carried(company)[0].delete()
    assert carried(company) == []


def test_of_missed_periods_only_the_newest_is_made(company: Company) -> None:
    recurring(company)
    (new,) = carried(company, dt.date(2027, 2, 15))
    assert new.starts_on == dt.date(2027, 2, 1)


def test_where_the_next_goal_is_there_that_one_carries_on(company: Company) -> None:
    old = recurring(company)
    there = factories.goal(company.org, "calls", company.stockholm, AFTER, dt.date(2026, 12, 1), 300)
    assert carried(company) == [there]
    there.refresh_from_db()
    assert (there.target, there.carried_from, there.carries_over) == (300, old, True)


def test_drafts_and_proposals_do_not_carry_over(company: Company) -> None:
    recurring(company, state=State.PROPOSED)
    assert carried(company) == []


def test_who_has_left_is_asked_for_nothing_more(company: Company) -> None:
    gone = factories.rep(company.org, "Gun Grön", company.stockholm, ended_on=LAST)
    recurring(company, subject=gone)
    team = recurring(company)
    for rep in (gone, company.bob):
        Participant.objects.create(organisation=company.org, goal=team, rep=rep, share=100)
    (new,) = carried(company)
    assert [one.rep for one in new.participants.all()] == [company.bob]


def test_growth_freezes_its_baseline_anew(company: Company) -> None:
    for day, amount in ((dt.date(2025, 10, 5), 1000), (dt.date(2025, 11, 5), 3000)):
        factories.deal(company.org, company.bob, opened_on=day, closed_on=day, status="won", amount=str(amount))
    refresh_fully(company.org)
    old = recurring(
        company, "revenue", kind=Kind.GROWTH, growth="0.1", baseline=1000, target=1100, stretch=1200,
        baseline_from=dt.date(2025, 10, 1), baseline_until=dt.date(2025, 11, 1),
    )
    (new,) = carried(company)
    assert (new.growth, new.baseline, new.target, new.baseline_records) == (Decimal("0.1"), 3000, 3300, 1)
    assert (new.baseline_from, new.baseline_until) == (dt.date(2025, 11, 1), dt.date(2025, 12, 1))
    assert new.stretch == pytest.approx(Decimal("3600"))
    old.refresh_from_db()
    assert (old.baseline, old.target) == (1000, 1100)


def test_growth_from_nothing_stops_and_says_so(company: Company) -> None:
    old = recurring(
        company, "revenue", kind=Kind.GROWTH, growth="0.1", baseline=1000, baseline_from=dt.date(2025, 10, 1),
        baseline_until=dt.date(2025, 11, 1),
    )
    assert carried(company) == carried(company) == []
    assert GoalComment.objects.get().goal == old


def test_shapes_move_with_the_months(company: Company) -> None:
    recurring(
        company, span=(dt.date(2026, 7, 1), dt.date(2026, 10, 1)), distribution=Distribution.MONTHS,
        shape={"2026-07": "1", "2026-08": "2", "2026-09": "3"},
    )
    (new,) = carried(company, dt.date(2026, 10, 1))
    assert new.shape == {"2026-10": "1", "2026-11": "2", "2026-12": "3"}


@pytest.mark.parametrize(
    ("start", "end", "following"),
    [
        (dt.date(2026, 2, 1), dt.date(2026, 3, 1), dt.date(2026, 4, 1)), (dt.date(2026, 1, 1), dt.date(2026, 7, 1), dt.date(2027, 1, 1)),
        (dt.date(2026, 11, 16), dt.date(2026, 11, 23), dt.date(2026, 11, 30)),
        (dt.date(2026, 3, 5), dt.date(2026, 3, 8), dt.date(2026, 3, 11)),
        (dt.date(2026, 1, 1), dt.date(2027, 1, 1), dt.date(2028, 1, 1)),
    ],
)
def test_the_next_period(start: dt.date, end: dt.date, following: dt.date) -> None:
    assert next_period(Calendar(), Period(start, end)) == Period(end, following)


@pytest.mark.django_db(transaction=True)
def test_the_job_works_in_local_days(settings: Any) -> None:
    """It is the first of November in Stockholm, and still October in New York."""
    settings.CELERY_TASK_ALWAYS_EAGER = True
    for slug, zone in (("here", "Europe/Stockholm"), ("there", "America/New_York")):
        org = factories.organisation(slug, timezone=zone)
        factories.goal(org, "calls", org, *OCTOBER, 100, carries_over=True)
    with time_machine.travel(dt.datetime(2026, 11, 1, 1, tzinfo=dt.UTC), tick=False):
        begin_days()
        begin_days()
    made = Goal.objects.filter(starts_on=AFTER)
    assert [goal.organisation.slug for goal in made] == ["here"]


def test_the_pages_say_so_and_it_can_be_stopped(company: Company) -> None:
    recurring(company)
    (new,) = carried(company)
    client, place = Client(), reverse("goals:detail", args=["nordlys", new.id])
    client.force_login(company.users["mona"], backend="django.contrib.auth.backends.ModelBackend")
    with time_machine.travel(dt.datetime(2026, 11, 18, 9, tzinfo=dt.UTC), tick=False):
        assert "Carried over from October 2026 with the same terms." in client.get(place).content.decode()
        assert client.post(reverse("goals:carry", args=["nordlys", new.id]), {"on": "0"}).status_code == 302
        client.force_login(company.users["vera"], backend="django.contrib.auth.backends.ModelBackend")
        assert client.post(reverse("goals:carry", args=["nordlys", new.id]), {"on": "1"}).status_code == 403
    new.refresh_from_db()
    assert not new.carries_over
    assert carried(company, dt.date(2026, 12, 1)) == []


def test_a_rep_without_an_end_goes_on(company: Company) -> None:
    recurring(company, subject=Rep.objects.get(pk=company.bob.pk))
    assert len(carried(company)) == 1
