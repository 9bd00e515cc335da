"""The KPIs that Nordlys made itself."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from kpi_tracker.demo.accounts import SLUG
from kpi_tracker.demo.store import Store
from kpi_tracker.kpis.measures import Fact, Quantity, Unit
from kpi_tracker.kpis.metrics import Category, Direction, Owner
from kpi_tracker.kpis.own_definition import Aggregation, Definition, Side
from kpi_tracker.kpis.own_services import Details, own_kpi_change, own_kpi_create
from kpi_tracker.orgs.selectors import scope_for
from kpi_tracker.scope import Scope

VISITS = Details(
    name="Site visits held", category=Category.RESULT, owner=Owner.CLOSER, unit=Unit.COUNT, direction=Direction.UP,
    description="Visits to a customer's own buildings; those who see the lighting buy more often.",
)
SOFTWARE = Details(
    name="Average software order", category=Category.EFFICIENCY, owner=Owner.CLOSER, unit=Unit.MONEY, direction=Direction.UP,
    description="Amount of the orders for Norrsken Control and Norrsken Campus ÷ their number.",
)


def make_own_kpis(store: Store, *, today: dt.date) -> None:
    """Two, of which the first has counted demonstrations as well since the start of the year."""
    scope = scope_for(store.staff.users[""], SLUG, day=today)
    if scope is None:
        raise LookupError("The admin of the demo organisation is no member of it.")
    _visits(store, scope, today)
    software = tuple(store.products[name] for name in ("Norrsken Control", "Norrsken Campus"))
    orders = Side(Fact.DEAL, "closed", Quantity.AMOUNT, statuses=("won",), products=software)
    own_kpi_create(scope=scope, details=SOFTWARE, definition=Definition(Aggregation.AVERAGE, orders))


def _visits(store: Store, scope: Scope, today: dt.date) -> None:
    at_site = Side(Fact.ACTIVITY, "occurred", types=(store.types["Site visit"],), outcomes=("reached",))
    own = own_kpi_create(scope=scope, details=VISITS, definition=Definition(Aggregation.COUNT, at_site))
    wider = replace(at_site, types=(*at_site.types, store.types["Demo"]))
    own_kpi_change(
        scope=scope, own=own, details=VISITS, definition=Definition(Aggregation.COUNT, wider), valid_from=today.replace(month=1, day=1),
        note="Demonstrations are given on site nowadays",
    )
