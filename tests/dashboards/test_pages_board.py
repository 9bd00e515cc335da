"""A long board shows its first rows, and all when asked."""

from __future__ import annotations

import datetime as dt

import pytest

from kpi_tracker.orgs.models import Team
from tests import factories
from tests.dashboards.conftest import SignedIn, World, text

ADDRESS = "/o/nordlys/organisation/month/2024-03-01/"


@pytest.mark.parametrize(("query", "rows"), [("", 40), ("?rows=all", 50)])
def test_forty_rows_and_all(signed_in: SignedIn, world: World, query: str, rows: int) -> None:
    for number in range(50 - Team.objects.filter(organisation=world.org).count()):
        team = factories.team(world.org, f"Zone {number:02}")
        factories.activity(world.org, factories.rep(world.org, f"Rep {number:02}", team), dt.date(2024, 3, 4))
    page = text(signed_in("alice").get(ADDRESS + query))
    assert page.count('<tr id="team-') == rows
    assert ("Show all 50 teams" in page) is (not query)
