"""A change of an own KPI beside a running refresh: on PostgreSQL only, which has more than one writer at a time."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import OperationalError, connection, transaction

from kpi_tracker.kpis.own_services import own_kpi_switch
from kpi_tracker.rollups.builder import refresh, refresh_fully
from kpi_tracker.rollups.verify import verify
from tests.kpis.test_own import LARGE, SMALL, World
from tests.rollups.test_parallel import side_by_side


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_change_waits_for_a_refresh_that_has_read_the_definition() -> None:
    """Else the refresh would write cells by the old definition after the change had swept them away."""
    world = World()
    own = world.make(SMALL)

    def impatient(attempt: Callable[[], object]) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '200ms'")
            attempt()

    def both() -> None:
        for attempt in (lambda: world.change(own, LARGE), lambda: own_kpi_switch(scope=world.scope, own=own, enabled=False)):
            with pytest.raises(OperationalError, match="lock timeout"):
                impatient(attempt)
            own.refresh_from_db()

    with transaction.atomic():
        assert refresh(world.org, limit=1) == 1
        side_by_side(both)
    world.change(own, LARGE)
    refresh_fully(world.org)
    assert verify(world.org) == []
