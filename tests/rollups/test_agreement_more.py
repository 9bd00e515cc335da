"""Cells, reference engine and oracle against each other while definitions, closed months and the time zone change."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from kpi_tracker.kpis import engine, registry
from kpi_tracker.kpis.query import breaks_down
from kpi_tracker.rollups import reader
from kpi_tracker.rollups.builder import refresh, refresh_fully
from kpi_tracker.rollups.models import RollupCell
from kpi_tracker.sales.local_days import recompute
from kpi_tracker.sales.models import Activity, Deal, Stage
from kpi_tracker.sales.services import deal_move_stage
from tests.kpis.questions import DRAWN, goal_rows, question
from tests.oracle.agreement import differences
from tests.oracle.local_days import days, first_moment, moved
from tests.oracle.world import World, read
from tests.oracle.worlds import ACTIVITIES, Built, activity_values, build, examples, sketches
from tests.rollups.edits import EDITS, NOW, make
from tests.rollups.own_edits import ACTIONS, DETAILS, PLANS, OwnKpis, edit_detail
from tests.rollups.test_agreement import cells_are_whole

LIMITS = st.sampled_from([0, 2, None, None])


class OwnDefinitions(TestCase):
    @examples(8)
    @given(
        sketch=sketches(), plans=st.lists(PLANS, min_size=5, max_size=5), first=DRAWN,
        steps=st.lists(
            st.tuples(
                st.lists(ACTIONS, min_size=1, max_size=2), st.lists(EDITS, max_size=2), st.lists(DETAILS, max_size=2), DRAWN, LIMITS,
            ),
            min_size=3, max_size=5,
        ),
    )
    def test_each_record_counts_by_the_definition_of_its_day(self, sketch: Any, plans: Any, first: Any, steps: Any) -> None:
        owns = OwnKpis(build(sketch, "nordlys"), plans)
        made = owns.made
        for plan in plans[:3]:
            owns.create(plan, 0)
        refresh_fully(made.organisation)
        self._agree(owns, first)
        for actions, edits, details, drawn, limit in steps:
            for action in actions:
                owns.make(action)
            self._agree(owns, drawn)
            for edit in edits:
                make(made, edit)
            for edit in details:
                edit_detail(made, edit)
            self._agree(owns, drawn)
            if limit != 0:
                _ = refresh_fully(made.organisation) if limit is None else refresh(made.organisation, limit=limit)
                self._agree(owns, drawn)
        cells_are_whole(made.organisation, check=True)
        self._agree(owns, first)

    def _agree(self, owns: OwnKpis, drawn: dict[str, Any]) -> None:
        org = owns.made.organisation
        known = {kpi.key: kpi for kpi in registry.kpis_of(org) if kpi.key.startswith("own:")}
        assert set(known) == set(owns.keys)
        for key in owns.silent:
            assert not RollupCell.objects.filter(organisation=org, measure__startswith=f"{key}:").exists()
        query, today = question(owns.made, drawn)
        keys = tuple(key for key in owns.keys if query.by is None or breaks_down(known[key], query.by))
        if not keys:
            return
        query, world = replace(query, kpis=keys), read(org.id)
        for source in (engine, reader):
            table = source.ask(org, query, today=today)
            assert differences(world, query, table, today=today, figures=owns.figures()) == [], source.__name__


# The time zone ---------------------------------------------------------------------------------------

# In Beirut the clocks go forward at midnight: 31 March 2024 begins at 1:00; in Havana 3 November 2024 has two midnights.
ZONES = [
    "Europe/Stockholm", "Europe/Helsinki", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Beirut",
    "America/Havana",
]
# Days around those on which clocks change, and around the ends of months.
TURNS = st.sampled_from([dt.date(2024, 2, 9), dt.date(2024, 3, 10), dt.date(2024, 3, 31), dt.date(2024, 3, 31), dt.date(2024, 10, 27)])
MINUTES = st.sampled_from([dt.timedelta(0), dt.timedelta(minutes=1), -dt.timedelta(minutes=1), dt.timedelta(minutes=30)])
# Close to midnight in one of the zones; or anywhere in the day.
MOMENTS = st.one_of(
    st.builds(lambda day, zone, minutes: first_moment(day, zone) + minutes, TURNS, st.sampled_from(ZONES), MINUTES),
    st.builds(lambda day, hour, minutes: dt.datetime(day.year, day.month, day.day, hour, tzinfo=dt.UTC) + minutes, TURNS,
              st.integers(0, 23), MINUTES),
)
HAPPENED = st.fixed_dictionaries({"row": ACTIVITIES, "moment": MOMENTS})
# A deal that is moved to a stage at a moment, or, if `dated`, on a day.
MOVED = st.fixed_dictionaries({"pick": st.integers(0, 5), "stage": st.integers(0, 8), "moment": MOMENTS, "dated": st.booleans()})


def add_happened(made: Built, drawn: Any) -> None:
    day = made.organisation.local_day(drawn["moment"])
    values = activity_values(made, drawn["row"] | {"occurred_on": day})
    Activity.objects.create(**values, occurred_at=drawn["moment"])


def move_deal(made: Built, drawn: Any) -> None:
    org = made.organisation
    deals = list(Deal.objects.filter(organisation=org).order_by("id"))
    if deals:
        stage = Stage.objects.get(pk=made.stages[drawn["stage"]].pk)
        day = org.local_day(drawn["moment"]) if drawn["dated"] else None
        deal_move_stage(deal=deals[drawn["pick"] % len(deals)], stage=stage, at=drawn["moment"], closed_on=day)


def change_zone(made: Built, zone: str, step: int) -> None:
    org = made.organisation
    org.timezone = zone
    org.save()
    recompute(org, now=NOW, step=step)
    org.refresh_from_db()


class TimeZones(TestCase):
    @examples(8)
    @given(
        sketch=sketches(3), start=st.sampled_from(ZONES), happened=st.lists(HAPPENED, min_size=6, max_size=10),
        moves=st.lists(MOVED, min_size=2, max_size=6),
        steps=st.lists(
            st.tuples(st.sampled_from(ZONES), st.sampled_from([1, 3, 1000]), st.lists(EDITS, max_size=1), st.lists(MOVED, max_size=1), DRAWN),
            min_size=2, max_size=3,
        ),
    )
    def test_records_count_on_the_days_of_the_new_zone(self, sketch: Any, start: str, happened: Any, moves: Any, steps: Any) -> None:
        made = build(sketch | {"timezone": start}, "nordlys")
        for one in happened:
            add_happened(made, one)
        for one in moves:
            move_deal(made, one)
        refresh_fully(made.organisation)
        for zone, size, edits, later, drawn in steps:
            expected = moved(read(made.organisation.id), made.organisation.timezone, zone)
            change_zone(made, zone, size)
            self._agree(made, expected, drawn)
            refresh_fully(made.organisation)
            self._agree(made, expected, drawn)
            for edit in edits:
                make(made, edit)
            for one in later:
                move_deal(made, one)
        cells_are_whole(made.organisation, check=False)

    def _agree(self, made: Built, expected: World, drawn: dict[str, Any]) -> None:
        query, today = question(made, drawn)
        world = replace(expected, goals=goal_rows(made.organisation))
        assert days(read(made.organisation.id)) == days(expected)
        for source in (engine, reader):
            table = source.ask(made.organisation, query, today=today)
            assert differences(world, query, table, today=today) == [], source.__name__
