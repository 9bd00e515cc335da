"""The leaderboard measures everybody by the own working time."""

from __future__ import annotations

import datetime as dt
import re

from kpi_tracker.orgs.models import Absence
from tests.dashboards.conftest import SignedIn, World, text
from tests.dashboards.test_subject import address


def shares(page: str, name: str) -> list[str]:
    row = re.search(rf"<tr[^>]*><td>(?:(?!</tr>).)*{name}.*?</tr>", page, re.DOTALL)
    assert row
    return re.findall(r"<small>(.*?)</small>", row[0])


def test_half_a_month_of_leave_halves_what_is_due(signed_in: SignedIn, world: World) -> None:
    """March 2024 has 20 working days. Bob and Bea won 1,500 and 2,000: a mean of 1,750 each, or 3,500 in 30 days."""
    page = text(signed_in("alice").get(address("team", world.stockholm.id)))
    assert (shares(page, "Bob Berg")[0], shares(page, "Bea Bok")[0]) == ("86 %", "114 %")
    Absence.objects.create(organisation=world.org, rep=world.bob, valid_from=dt.date(2024, 3, 18), valid_to=dt.date(2024, 4, 1))
    page = text(signed_in("alice").get(address("team", world.stockholm.id)))
    worked = 11  # 1 to 15 March
    assert shares(page, "Bob Berg")[0] == f"{1500 / (3500 * worked / (worked + 20)):.0%}".replace("%", " %")


def test_somebody_away_all_the_time_is_not_measured(signed_in: SignedIn, world: World) -> None:
    Absence.objects.create(organisation=world.org, rep=world.bob, valid_from=dt.date(2024, 2, 1), valid_to=dt.date(2024, 4, 1))
    page = text(signed_in("alice").get(address("team", world.stockholm.id)))
    assert "Bob Berg · away" in page
    assert shares(page, "Bob Berg") == []
