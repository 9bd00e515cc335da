"""Pages ask the database as often for 40 reps as for 10, and seldom."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kpi_tracker.rollups.builder import refresh_fully
from tests import factories
from tests.dashboards.conftest import SignedIn, World

# Four of them are the session, the person, the membership and whether the person is a rep.
MOST = 20


def more_reps(world: World, number: int, prefix: str) -> None:
    for i in range(number):
        rep = factories.rep(world.org, f"{prefix} {i}", world.stockholm)
        factories.activity(world.org, rep, dt.date(2024, 3, 5), "call")
        factories.goal(world.org, "calls", rep, dt.date(2024, 3, 1), dt.date(2024, 4, 1), 100)


def queries(client: object, place: str) -> int:
    """Of the second opening: the first one reads the calendar and the teams, which are kept until they change."""
    client.get(place)  # type: ignore[attr-defined]
    with CaptureQueriesContext(connection) as captured:
        assert client.get(place).status_code == 200  # type: ignore[attr-defined]
    return len(captured)


@pytest.mark.parametrize("kind", ["organisation", "team"])
def test_ten_and_forty_reps(signed_in: SignedIn, world: World, kind: str) -> None:
    kwargs = {"org": "nordlys", "grain": "month", "start": "2024-03-01"} | ({"id": world.stockholm.id} if kind == "team" else {})
    place, client = reverse(f"dashboards:{kind}", kwargs=kwargs), signed_in("alice")

    more_reps(world, 8, "Ten")
    refresh_fully(world.org)
    few = queries(client, place)
    more_reps(world, 30, "Forty")
    refresh_fully(world.org)
    assert queries(client, place) == few <= MOST
