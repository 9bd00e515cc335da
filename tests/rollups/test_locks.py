"""Refreshes beside open transactions. On PostgreSQL only, which has more than one writer at a time; see conftest.py."""

from __future__ import annotations

import pytest
from django.db import transaction

from kpi_tracker.rollups.builder import refresh, refresh_fully
from kpi_tracker.rollups.models import DirtyBucket
from kpi_tracker.rollups.verify import verify
from kpi_tracker.sales.models import Activity
from tests import factories
from tests.contracts.asking import day
from tests.rollups.test_parallel import DAYS, filled, side_by_side


@pytest.mark.django_db(transaction=True)
def test_organisations_do_not_wait_for_each_other() -> None:
    """While one organisation's lock is held, the other is refreshed, and the first tells that somebody is at it."""
    held, free = filled("nordlys"), filled("solvind")
    found: dict[str, int] = {}

    def others() -> None:
        found["held"] = refresh(held, wait=False)
        found["free"] = refresh(free, wait=False)

    with transaction.atomic():
        assert refresh(held, limit=1) == 1
        side_by_side(others)
    assert found["held"] == 0
    assert found["free"] > 0
    assert refresh_fully(held) > 0
    assert verify(held) == verify(free) == []


@pytest.mark.django_db(transaction=True)
def test_an_edit_that_is_committed_late_is_not_lost() -> None:
    """It is marked before a refresh begins and committed after the refresh has ended."""
    org = filled("nordlys")
    refresh_fully(org)
    who = Activity.objects.filter(organisation=org)[0].rep
    with transaction.atomic():
        factories.activity(org, who, day(DAYS[0]))
        side_by_side(lambda: refresh_fully(org))
    assert DirtyBucket.objects.filter(organisation=org).exists()
    refresh_fully(org)
    assert verify(org) == []
