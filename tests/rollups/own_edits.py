"""Draws own KPIs and what is said about them over time; makes them through the services, and writes down what was said."""

from __future__ import annotations

import datetime as dt
from collections import ChainMap
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from hypothesis import strategies as st

from kpi_tracker.errors import InvalidInput
from kpi_tracker.kpis import own_services
from kpi_tracker.kpis.models import OwnKpi
from kpi_tracker.kpis.own_definition import read
from kpi_tracker.kpis.own_services import Details
from kpi_tracker.kpis.own_types import activity_type_merge
from kpi_tracker.sales.models import Activity, ActivityType, Customer, Deal, Lead
from kpi_tracker.scope import Role, Scope
from tests.oracle.own import CLOCKS, Version, own_figure, rows_of
from tests.oracle.slices import Oracle
from tests.oracle.world import read as read_world
from tests.oracle.worlds import BUSY, Built

PICK = st.integers(0, 30)
SEGMENTS = ["SME", "Enterprise", ""]
CHANNELS = ["web", "fair", ""]
STATUSES = ["hot", "new", ""]
DURATIONS = [0, 29, 30, 95, 3600, None]

Side = tuple[str, str, str | None]
COUNTED_ON = [
    ("activity", "occurred"), ("activity", "occurred"), ("activity", "booked"), ("deal", "closed"), ("deal", "closed"), ("deal", "opened"),
    ("lead", "created"), ("lead", "qualified"), ("customer", "added"), ("contact", "added"), ("stage", "moved"),
]
COUNTED: list[Side] = [(fact, clock, None) for fact, clock in COUNTED_ON]
SUMMED: list[Side] = [
    ("activity", "occurred", "duration"), ("activity", "booked", "duration"),
    *(("deal", clock, what) for clock in ("closed", "opened") for what in ("amount", "amount", "cycle_days")),
]
# What filters let through; of rows that the organisation made, their places.
CHOICES: dict[str, list[Any]] = {
    "kinds": ["call", "email", "meeting", "other"], "types": [0, 1, 2], "outcomes": ["reached", "none", "planned", "no_show"],
    "segments": SEGMENTS, "statuses": ["open", "won", "lost"], "pipelines": [0, 5], "stages": list(range(9)), "products": [0, 1],
    "channels": CHANNELS, "directions": ["inbound", "outbound"], "lead_statuses": STATUSES,
}
FILTERS = {
    "activity": ["kinds", "types", "outcomes", "segments"],
    "deal": ["statuses", "pipelines", "stages", "products", "channels", "segments", "amounts", "amounts"],
    "lead": ["directions", "lead_statuses", "channels", "segments"], "customer": ["segments"], "contact": ["segments"],
    "stage": ["pipelines", "stages"],
}
AMOUNTS = st.sampled_from([
    {"amount_from": "0.01"}, {"amount_from": "33.33", "amount_to": "1000"}, {"amount_to": "99.99"}, {"amount_from": "-120.55"},
])


def _filters(side: Side | None) -> st.SearchStrategy[dict[str, Any] | None]:
    if side is None:
        return st.none()
    some = st.lists(st.sampled_from(FILTERS[side[0]]), min_size=1, max_size=2, unique=True)
    return some.flatmap(lambda names: st.tuples(*map(_filter, names))).map(lambda chosen: dict(ChainMap(*chosen)))


def _filter(name: str) -> st.SearchStrategy[dict[str, Any]]:
    if name == "amounts":
        return AMOUNTS
    least = len(CHOICES[name]) // 2
    return st.lists(st.sampled_from(CHOICES[name]), min_size=least, unique=True).map(lambda some: {name: some})


def _plan(structure: tuple[str, Side, Side | None]) -> st.SearchStrategy[dict[str, Any]]:
    filters = st.tuples(*map(_filters, structure[1:]))
    return st.fixed_dictionaries({"structure": st.just(structure), "filters": st.tuples(st.just(({}, {})), filters, filters)})


def _ratio(above: Side) -> st.SearchStrategy[tuple[str, Side, Side]]:
    below = COUNTED if above[2] is None else [*COUNTED, *(side for side in SUMMED if side[2] == above[2])]
    return st.tuples(st.just("ratio"), st.just(above), st.sampled_from(below))


# What an own KPI may be made of, and three sets of filters (the first lets all through), between which its versions go back and forth.
PLANS = st.one_of(
    st.tuples(st.just("count"), st.sampled_from(COUNTED), st.none()), st.tuples(st.just("sum"), st.sampled_from(SUMMED), st.none()),
    st.tuples(st.just("average"), st.sampled_from(SUMMED), st.none()), st.sampled_from(COUNTED + SUMMED).flatmap(_ratio),
).flatmap(_plan)
# For all history, from the day of one of the records that it counts, or from another day.
SINCE = st.sampled_from([None, None, *range(10), *BUSY])
FILTER = st.sampled_from([0, 1, 1, 2, 2])


def _action(do: str, **drawn: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"do": st.just(do), "pick": PICK, **drawn})


CHANGE = _action("change", filters=FILTER, since=SINCE)
ACTIONS = st.one_of(
    CHANGE, CHANGE, CHANGE, CHANGE, _action("restructure", plan=PICK, filters=FILTER, since=SINCE),
    _action("create", plan=PICK, filters=FILTER), _action("switch"), _action("switch"), _action("delete"), _action("merge", into=PICK),
)


def _detail(model: Any, name: str, values: list[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"model": st.just(model), "pick": PICK, "name": st.just(name), "value": st.sampled_from(values)})


# Fields that only own KPIs ask for.
DETAILS = st.one_of(
    _detail(Customer, "segment", SEGMENTS), _detail(Activity, "duration_s", DURATIONS), _detail(Deal, "channel", CHANNELS),
    _detail(Lead, "status", STATUSES),
)


@dataclass
class Said:
    """An own KPI, with every definition that was ever given it. plan: the one that it follows."""

    own: OwnKpi
    plan: dict[str, Any]
    versions: list[Version] = field(default_factory=list)
    enabled: bool = True


@dataclass
class OwnKpis:
    """made: the organisation, whose rows the filters point to. said: the KPIs that there are. gone: the keys of deleted ones."""

    made: Built
    plans: list[dict[str, Any]]
    types: list[ActivityType] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        org = self.made.organisation
        self.scope = Scope(org, Role.ADMIN, None, rep_ids=None, team_ids=None, sees_organisation=True)
        self.types = [ActivityType.objects.create(organisation=org, name=name, kind="meeting") for name in ("Demo", "Visit", "Lunch")]
        self._fill(Activity, "duration_s", DURATIONS)
        self._fill(Activity, "type", [self.types[0], self.types[1], None, self.types[0], self.types[2]])
        self._fill(Customer, "segment", SEGMENTS)
        self._fill(Deal, "channel", CHANNELS)
        self._fill(Lead, "channel", ["", *CHANNELS])
        self._fill(Lead, "status", STATUSES)

    def _fill(self, model: Any, name: str, values: list[Any]) -> None:
        rows = list(model.objects.filter(organisation=self.made.organisation).order_by("id"))
        for place, row in enumerate(rows):
            setattr(row, name, values[place % len(values)])
        model.objects.bulk_update(rows, [name])

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(one.own.key for one in self.said if one.enabled)

    @property
    def silent(self) -> tuple[str, ...]:
        """The keys of those that are switched off or deleted."""
        return (*self.gone, *(one.own.key for one in self.said if not one.enabled))

    def figures(self) -> dict[str, Oracle]:
        return {one.own.key: partial(own_figure, tuple(one.versions)) for one in self.said}

    def make(self, action: dict[str, Any]) -> None:
        if action["do"] == "create":
            self.create(self.plans[action["plan"] % len(self.plans)], action["filters"])
        elif action["do"] == "merge":
            self._merge(action)
        elif self.said:
            one = self.said[action["pick"] % len(self.said)]
            way = {"change": self._change, "restructure": self._restructure, "switch": self._switch, "delete": self._delete}[action["do"]]
            way(one, action)

    def create(self, plan: dict[str, Any], filters: int) -> Said:
        definition = self._definition(plan, filters)
        name = f"Own {len(self.said) + len(self.gone)}"
        own = own_services.own_kpi_create(scope=self.scope, details=_details(name, definition), definition=read(definition))
        one = Said(own, plan, [(None, definition)])
        self.said.append(one)
        return one

    def _change(self, one: Said, action: dict[str, Any]) -> None:
        self._say(one, self._definition(one.plan, action["filters"]), self._since(one, action["since"]))

    def _since(self, one: Said, drawn: dt.date | int | None) -> dt.date | None:
        if not isinstance(drawn, int):
            return drawn
        fact, clock, _quantity = one.plan["structure"][1]
        day = CLOCKS[fact, clock][0]
        rows = rows_of(read_world(self.made.organisation.id), fact)
        days = sorted({row[day] for row in rows if row[day] is not None})
        return days[drawn % len(days)] if days else None

    def _restructure(self, one: Said, action: dict[str, Any]) -> None:
        """Other records, or counted in another way: for all history only."""
        plan = self.plans[action["plan"] % len(self.plans)]
        definition = self._definition(plan, action["filters"])
        if action["since"] is not None and plan["structure"] != one.plan["structure"]:
            try:
                self._say(one, definition, self._since(one, action["since"]) or BUSY[0])
            except InvalidInput as refused:
                assert refused.code == "structure_changed"  # noqa: PT017  (what is said for all history comes next)
                one.own.refresh_from_db()
        one.plan = plan
        self._say(one, definition, None)

    def _say(self, one: Said, definition: dict[str, Any], since: dt.date | None) -> None:
        own_services.own_kpi_change(
            scope=self.scope, own=one.own, details=_details(one.own.name, definition), definition=read(definition), valid_from=since
        )
        one.own.refresh_from_db()
        one.versions.append((since, definition))

    def _switch(self, one: Said, _action: dict[str, Any]) -> None:
        one.enabled = not one.enabled
        own_services.own_kpi_switch(scope=self.scope, own=one.own, enabled=one.enabled)

    def _delete(self, one: Said, _action: dict[str, Any]) -> None:
        self.said.remove(one)
        self.gone.append(one.own.key)
        own_services.own_kpi_delete(scope=self.scope, own=one.own)

    def _merge(self, action: dict[str, Any]) -> None:
        """Two types of activity become one, also in all that was said."""
        old, into = (self.types[action[name] % len(self.types)] for name in ("pick", "into"))
        if old.pk == into.pk:
            return
        old_id = old.pk
        activity_type_merge(scope=self.scope, type_=old, into=into)
        self.types = [into if one.pk in (None, old_id) else one for one in self.types]
        for one in self.said:
            for _since, definition in one.versions:
                for side in (definition[name] for name in ("above", "below") if name in definition):
                    if "types" in side:
                        side["types"] = list(dict.fromkeys(into.pk if id_ == old_id else id_ for id_ in side["types"]))

    def _definition(self, plan: dict[str, Any], filters: int) -> dict[str, Any]:
        aggregation, above, below = plan["structure"]
        of_above, of_below = plan["filters"][filters]
        found = {"aggregation": aggregation, "above": self._side(above, of_above)}
        return found if below is None else found | {"below": self._side(below, of_below)}

    def _side(self, side: Side, filters: dict[str, Any]) -> dict[str, Any]:
        fact, clock, quantity = side
        rows: dict[str, Any] = {
            "types": [one.pk for one in self.types], "stages": [one.pk for one in self.made.stages],
            "pipelines": [one.pipeline_id for one in self.made.stages], "products": [one.pk for one in self.made.products],
        }
        found: dict[str, Any] = {"fact": fact, "clock": clock} | ({"quantity": quantity} if quantity else {})
        for name, chosen in filters.items():
            found[name] = list(dict.fromkeys(rows[name][place] for place in chosen)) if name in rows else chosen
        return found


def _details(name: str, definition: dict[str, Any]) -> Details:
    return Details(name, "result", "closer", read(definition).units[0], "up")


def edit_detail(made: Built, edit: dict[str, Any]) -> None:
    rows = list(edit["model"].objects.filter(organisation=made.organisation).order_by("id"))
    if rows:
        edit["model"].objects.filter(pk=rows[edit["pick"] % len(rows)].pk).update(**{edit["name"]: edit["value"]})
