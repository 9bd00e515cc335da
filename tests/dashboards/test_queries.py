"""Pages ask the database as often for 40 reps as for 10, and seldom."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from goals.models import Goal
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.registry import built_in
from kpi_tracker.rollups.builder import refresh_fully
from kpi_tracker.rollups.closing import period_close
from tests import factories
from tests.dashboards.conftest import SignedIn, World
from tests.dashboards.test_math_walk import WALKED

# Four of them are the session, the person, the membership and what version of the data there is.
MOST = 15
MARCH = {"start": "2024-03-01", "end": "2024-04-01"}
EXPENSIVE = (
    "win_rate_cohort", "sales_cycle_days", "open_pipeline", "weighted_pipeline", "pipeline_coverage", "sales_velocity", "sales_growth",
    "sales_growth_ytd", "cac", "clv_to_cac", "churn_rate",
)
WISH = "Acme grows revenue by 14 percent in three months"
Address = Callable[[World], str]


def subject(kind: str, grain: str = "month", **query: str) -> Address:
    def address(world: World) -> str:
        ids = {"team": world.stockholm.id, "rep": world.bob.id, "customer": world.acme.id}
        kwargs = {"org": "nordlys", "grain": grain, "start": "2024-03-01"} | ({"id": ids[kind]} if kind in ids else {})
        return reverse(f"dashboards:{kind}", kwargs=kwargs) + (f"?{urlencode(query)}" if query else "")

    return address


def named(name: str, *args: str, **query: str) -> Address:
    return lambda world: reverse(name, args=["nordlys", *args]) + (f"?{urlencode(query)}" if query else "")


def goal(kind: str, page: str = "detail") -> Address:
    def address(world: World) -> str:
        found = Goal.objects.filter(organisation=world.org, subject_kind=kind).order_by("id")[:1].get()
        return reverse(f"goals:{page}", args=["nordlys", found.id])

    return address


def my_day(world: World) -> str:
    return f"{reverse('my_day', args=['nordlys'])}?rep={world.bob.id}"


def measured(kind: SubjectKind) -> list[str]:
    return [kpi.key for kpi in built_in() if kpi.key in EXPENSIVE and kind in kpi.subjects]


PAGES: dict[str, Address] = {
    **{f"{kind}/{grain}": subject(kind, grain) for kind in SubjectKind for grain in ("day", "week", "month", "quarter", "year")},
    **{f"{kind}/all/{grain}": subject(kind, grain, part="all") for kind in SubjectKind for grain in ("month", "year")},
    **{f"{kind}/{key}": subject(kind, kpi=key) for kind in SubjectKind for key in measured(kind)},
    **{f"{kind}/reported": subject(kind, **{"as": "reported"}) for kind in SubjectKind},
    **{f"records/{key}": named("dashboards:records", key, subject="organisation", **MARCH) for key in ("revenue", *EXPENSIVE)},
    **{name: named(f"dashboards:{name}") for name in ("people", "customers", "kpis", "kpi_advice")},
    **{f"kpi/{key}": named("dashboards:kpi", key) for key in ("revenue", "weighted_pipeline", "clv")},
    "closed_month": named("dashboards:closed_month", "2024-02-01"),
    "list": named("goals:list", when="all"), "new": named("goals:new", kpi="revenue"), "new/sentence": named("goals:new", sentence=WISH),
    "my_day": my_day,
    "plan": named("dashboards:plan"),
    "plan/amount": named("dashboards:plan", goal="amount", amount="1000"),
    **{f"detail/{kind}": goal(kind) for kind in ("organisation", "team", "rep")},
    **{f"review/{kind}": goal(kind, "review") for kind in ("organisation", "team", "rep")},
}


def more_reps(world: World, number: int, prefix: str) -> None:
    for i in range(number):
        rep = factories.rep(world.org, f"{prefix} {i}", world.stockholm)
        factories.activity(world.org, rep, dt.date(2024, 3, 5), "call", customer=world.acme)
        factories.deal(world.org, rep, opened_on=dt.date(2024, 3, 1), amount="100", customer=world.acme)
        factories.goal(world.org, "calls", rep, dt.date(2024, 3, 1), dt.date(2024, 4, 1), 100)


def queries(client: Client, place: str) -> int:
    """Of the second opening: the first one reads the calendar and the teams, which are kept until they change."""
    client.get(place)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(place).status_code == 200
        return len(captured)


@pytest.fixture
def measured_world(world: World) -> World:
    """With goals of every kind of subject, a closed month, and ten reps."""
    march = (dt.date(2024, 3, 1), dt.date(2024, 4, 1))
    for whose in (world.org, world.stockholm):
        for kpi in ("revenue", "calls"):
            factories.goal(world.org, kpi, whose, *march, 1000)
    more_reps(world, 8, "Ten")
    refresh_fully(world.org)
    return world


@pytest.mark.parametrize("page", PAGES)
def test_ten_and_forty_reps(signed_in: SignedIn, measured_world: World, page: str) -> None:
    if page == "closed_month" or page.endswith("/reported"):
        close_february(measured_world)
    place, client = PAGES[page](measured_world), signed_in("alice")
    few = queries(client, place)
    more_reps(measured_world, 30, "Forty")
    refresh_fully(measured_world.org)
    assert queries(client, place) == few <= MOST


def close_february(world: World) -> None:
    period_close(organisation=world.org, month=dt.date(2024, 2, 1), by=None, now=timezone.now())


def test_every_page_with_figures_is_measured() -> None:
    assert {page.split("/")[0] for page in PAGES} >= WALKED
