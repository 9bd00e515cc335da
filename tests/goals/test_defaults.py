"""Whoever joins gets goals from the defaults: once, from the nearest team's, decided by management."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from goals.defaults import default_set, defaults_apply
from goals.models import DefaultTarget, Goal, State
from goals.progress import progress
from kpi_tracker.errors import InvalidInput, NotPermitted
from kpi_tracker.orgs.models import Rep
from kpi_tracker.periods import Grain
from tests import factories
from tests.goals.conftest import TODAY, Company


def default(company: Company, kpi: str = "calls", target: int = 200, team: Any = None, grain: Grain = Grain.MONTH) -> DefaultTarget:
    return DefaultTarget.objects.create(organisation=company.org, kpi=kpi, target=target, team=team, grain=grain.value)


def joins(company: Company, day: dt.date = dt.date(2026, 11, 16), **fields: Any) -> Rep:
    return factories.rep(company.org, fields.pop("name", "Nea Nord"), fields.pop("team", company.stockholm), started_on=day, **fields)


def test_it_works(company: Company) -> None:
    """From the 16th of 21 working days eleven are left: that much is asked in the first month."""
    default(company)
    rep = joins(company)
    assert [defaults_apply(company.org, today=TODAY) for _ in range(2)] == [2, 0]
    goals = list(Goal.objects.filter(rep=rep).order_by("starts_on"))
    assert [(goal.starts_on, goal.target, goal.prorated, goal.state) for goal in goals] == [
        (dt.date(2026, 11, 1), 200, True, State.AGREED), (dt.date(2026, 12, 1), 200, True, State.AGREED)
    ]
    assert {goal.decided_by for goal in goals} == {company.users["mona"]}
    asked = progress(company.org, goals[:1], today=TODAY)[goals[0].id].target
    assert asked == pytest.approx(200 * Decimal(11) / 21, abs=1)


def test_only_those_who_join(company: Company) -> None:
    default(company)
    joins(company, dt.date(2026, 10, 30), name="Olle")
    joins(company, dt.date(2027, 1, 4), name="Pia")
    soon = joins(company, dt.date(2026, 12, 7), name="Quy")
    assert defaults_apply(company.org, today=TODAY) == 1
    assert Goal.objects.get().rep == soon


def test_who_leaves_at_once_and_who_has_only_a_first_team(company: Company) -> None:
    default(company)
    joins(company, ended_on=dt.date(2026, 11, 30))
    factories.rep(company.org, "Rut", company.malmo, since=dt.date(2026, 11, 10))
    assert defaults_apply(company.org, today=TODAY) == 3


def test_the_nearest_team_counts(company: Company) -> None:
    sweden = company.stockholm.parent
    default(company, target=100)
    default(company, target=150, team=sweden)
    default(company, target=180, team=company.stockholm)
    here, there, alone = joins(company), joins(company, name="Malin", team=company.malmo), joins(company, name="Solo", team=None)
    defaults_apply(company.org, today=TODAY)
    asked = {goal.rep: goal.target for goal in Goal.objects.all()}
    assert asked == {here: 180, there: 150, alone: 100}
    assert Goal.objects.filter(rep=alone).first().decided_by == company.users["alice"]  # type: ignore[union-attr]


def test_weeks_quarters_and_rates(company: Company) -> None:
    default(company, grain=Grain.WEEK, target=50)
    default(company, grain=Grain.QUARTER, target=600)
    default(company, "win_rate", target=1)
    joins(company)
    assert defaults_apply(company.org, today=TODAY) == 6
    assert not Goal.objects.filter(kpi="win_rate", prorated=True).exists()


def test_a_goal_of_the_rep_s_own_stays(company: Company) -> None:
    default(company)
    factories.goal(company.org, "calls", joins(company), dt.date(2026, 11, 1), dt.date(2026, 12, 1), 90)
    assert defaults_apply(company.org, today=TODAY) == 1
    assert set(Goal.objects.values_list("target", flat=True)) == {90, 200}


def test_setting_one_again_changes_it(company: Company) -> None:
    for target in (100, 120):
        default_set(scope=company.scope("alice"), kpi="calls", grain=Grain.MONTH, team=None, target=Decimal(target), today=TODAY)
    assert DefaultTarget.objects.get().target == 120


@pytest.mark.parametrize(("kpi", "target"), [("cac", 10), ("calls", 0), ("calls", Decimal("1.5"))])
def test_what_cannot_be_a_default(company: Company, kpi: str, target: Any) -> None:
    with pytest.raises(InvalidInput):
        default_set(scope=company.scope("alice"), kpi=kpi, grain=Grain.MONTH, team=None, target=Decimal(target), today=TODAY)


def test_a_manager_sets_those_of_the_own_teams(company: Company) -> None:
    common: dict[str, Any] = {"scope": company.scope("mona"), "kpi": "calls", "grain": Grain.MONTH, "target": Decimal(9), "today": TODAY}
    default_set(**common, team=company.stockholm)
    for team in (None, company.malmo):
        with pytest.raises(NotPermitted):
            default_set(**common, team=team)


@pytest.mark.parametrize(("name", "status"), [("alice", 200), ("mona", 200), ("bob", 403), ("vera", 403), ("charlie", 404)])
def test_the_page(company: Company, name: str, status: int) -> None:
    one = default(company)
    client, place = Client(), reverse("goals:defaults", args=["nordlys"])
    client.force_login(company.users[name], backend="django.contrib.auth.backends.ModelBackend")
    with time_machine.travel(dt.datetime(2026, 11, 18, 9, tzinfo=dt.UTC), tick=False):
        assert client.get(place).status_code == status
        gone = client.post(reverse("goals:default_delete", args=["nordlys", one.id])).status_code
        assert gone == (302 if name == "alice" else 403 if status != 404 else 404)
        if status == 200:
            sent = {"kpi": "win_rate", "team": str(company.stockholm.id), "grain": "month", "target": "31.5 %"}
            assert client.post(place, sent).status_code == 302
            assert DefaultTarget.objects.get(kpi="win_rate").target == Decimal("0.315")
            assert client.post(place, sent | {"target": "much"}).status_code == 422
