"""Cells, reference engine and oracle against each other while definitions, closed months and the time zone change."""

from __future__ import annotations

import datetime as dt
from copy import deepcopy
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from kpi_tracker.kpis import engine, registry
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import EVERYTHING, Subject
from kpi_tracker.kpis.query import KpiQuery, KpiTable, breaks_down
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.periods import Grain, Period
from kpi_tracker.rollups import late, reader, reported
from kpi_tracker.rollups.builder import refresh, refresh_fully
from kpi_tracker.rollups.closing import period_close, period_reopen
from kpi_tracker.rollups.models import DirtyBucket, PeriodClose, RollupCell
from kpi_tracker.rollups.rebuilding import rebuild
from kpi_tracker.rollups.verify import verify
from kpi_tracker.sales.local_days import recompute
from kpi_tracker.sales.models import Activity, Deal, Stage
from kpi_tracker.sales.services import deal_move_stage
from tests.kpis.questions import DRAWN, goal_rows, question
from tests.oracle.agreement import differences
from tests.oracle.figures import FIGURES, Slice
from tests.oracle.local_days import days, first_moment, moved
from tests.oracle.own import Version, held_on
from tests.oracle.world import World, read
from tests.oracle.worlds import ACTIVITIES, Built, activity_values, build, examples, sketches
from tests.rollups.edits import EDITS, NOW, make
from tests.rollups.own_edits import ACTIONS, DETAILS, PLANS, OwnKpis, edit_detail
from tests.rollups.test_agreement import BY_REP, cells

LIMITS = st.sampled_from([0, 2, None, None])


EVER = Period(dt.date(2023, 1, 1), dt.date(2026, 1, 1))
MOST = Period(dt.date(2024, 2, 1), dt.date(2024, 4, 1))


def cells_are_kept(organisation: Organisation, *, check: bool) -> None:
    """A rebuild of the months in which most happens, or of all, makes the same cells; and (slower to see) `verify` finds nothing."""
    refresh_fully(organisation)
    kept = cells(organisation)
    if check:
        assert verify(organisation) == []
    rebuild(organisation, period=None if check else MOST)
    assert cells(organisation) == kept
    assert not DirtyBucket.objects.filter(organisation=organisation).exists()


class OwnDefinitions(TestCase):
    @examples(6)
    @given(
        check=st.sampled_from([True, False, False]), sketch=sketches(), plans=st.lists(PLANS, min_size=5, max_size=5), first=DRAWN,
        steps=st.lists(
            st.tuples(
                st.lists(ACTIONS, min_size=1, max_size=2), st.lists(EDITS, max_size=2), st.lists(DETAILS, max_size=2), DRAWN, LIMITS,
            ),
            min_size=3, max_size=5,
        ),
    )
    def test_each_record_counts_by_the_definition_of_its_day(self, check: bool, sketch: Any, plans: Any, first: Any, steps: Any) -> None:
        owns = OwnKpis(build(sketch, "nordlys"), plans)
        made = owns.made
        for place, plan in enumerate(plans[:3]):
            owns.create(plan, 0)
            owns.make({"do": "change", "pick": place, "filters": 1, "since": 2 * place + 1})
        self._agree(owns, BY_REP)
        refresh_fully(made.organisation)
        self._agree(owns, first)
        for actions, edits, details, drawn, limit in steps:
            for action in actions:
                owns.make(action)
            self._agree(owns, BY_REP)
            for edit in edits:
                make(made, edit)
            for edit in details:
                edit_detail(made, edit)
            self._agree(owns, drawn)
            if limit != 0:
                _ = refresh_fully(made.organisation) if limit is None else refresh(made.organisation, limit=limit)
                self._agree(owns, drawn)
        for _ in ("off", "on"):
            owns.make({"do": "switch", "pick": 0})
            self._agree(owns, BY_REP)
        cells_are_kept(made.organisation, check=check)

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
        query, world = replace(query, kpis=keys, spans=(*query.spans, EVER)), read(org.id)
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
    @examples(5)
    @given(
        sketch=sketches(2), start=st.sampled_from(ZONES), happened=st.lists(HAPPENED, min_size=6, max_size=10),
        moves=st.lists(MOVED, min_size=2, max_size=6),
        steps=st.lists(
            st.tuples(
                st.sampled_from(ZONES), st.sampled_from([1, 3, 1000]), st.lists(EDITS, max_size=1), st.lists(MOVED, max_size=1), DRAWN,
            ),
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
        cells_are_kept(made.organisation, check=False)

    def _agree(self, made: Built, expected: World, drawn: dict[str, Any]) -> None:
        query, today = question(made, drawn)
        world = replace(expected, goals=goal_rows(made.organisation))
        assert days(read(made.organisation.id)) == days(expected)
        for source in (engine, reader):
            table = source.ask(made.organisation, query, today=today)
            assert differences(world, query, table, today=today) == [], source.__name__


# Closed months ---------------------------------------------------------------------------------------

MONTHS = [dt.date(2024, 2, 1), dt.date(2024, 3, 1)]
BOTH = Period(dt.date(2024, 2, 1), dt.date(2024, 4, 1))
ON = NOW.date()
# Counts and sums of records by their own fields: each change of them is written down.
PLAIN = [
    "calls", "emails", "conversations", "meetings_booked", "proposals_sent", "qualified_leads", "opportunities_created", "deals_won",
    "deals_lost", "revenue", "contacts_added",
]
OTHERS = ["first_meetings_held", "win_rate", "sales_cycle_days", "open_pipeline", "contact_hit_rate", "cac", "new_customers", "show_rate"]
CLOSINGS = st.one_of(
    st.tuples(st.just("close"), st.sampled_from(MONTHS)), st.tuples(st.just("close"), st.sampled_from(MONTHS)),
    st.tuples(st.just("reopen"), st.sampled_from(MONTHS)), st.tuples(st.just("own"), ACTIONS), st.tuples(st.just("own"), ACTIONS),
    st.tuples(st.just("zone"), st.sampled_from(ZONES)),
)
Said = dict[tuple[Subject, Period], KpiTable]


@dataclass
class Closed:
    """What two months say. said: the answers when they were closed. defined: how each own KPI was defined then, by month."""

    owns: OwnKpis
    kpis: tuple[str, ...]
    said: Said = field(default_factory=dict)
    defined: dict[dt.date, dict[str, list[Version]]] = field(default_factory=dict)

    @property
    def org(self) -> Organisation:
        return self.owns.made.organisation

    @property
    def subjects(self) -> list[Subject]:
        made = self.owns.made
        return [EVERYTHING, Subject(SubjectKind.TEAM, made.teams[0].id), Subject(SubjectKind.REP, made.reps[1].id)]

    def question(self, subject: Subject, span: Period, own: tuple[str, ...] = ()) -> KpiQuery:
        asked = [key for key in (*self.kpis, *own) if subject.kind in registry.kpi(key, self.org).subjects]
        return KpiQuery(tuple(asked), subject, (span,), medians=True)

    def make(self, step: tuple[str, Any]) -> None:
        do, what = step
        if do == "own":
            self.owns.make(what)
        elif do == "zone":
            change_zone(self.owns.made, what, 1000)
        elif do == "close" and what not in self.defined:
            self._close(what)
        elif do == "reopen" and what in self.defined:
            period_reopen(organisation=self.org, month=what, by=None, now=NOW)
            del self.defined[what]
            self.said = {(subject, span): table for (subject, span), table in self.said.items() if what not in span}

    def _close(self, month: dt.date) -> None:
        closing = period_close(organisation=self.org, month=month, by=None, now=NOW)
        self.defined[month] = {one.own.key: deepcopy(one.versions) for one in self.owns.said if one.enabled}
        for subject in self.subjects:
            question = self.question(subject, closing.period, self.owns.keys)
            self.said[subject, closing.period] = reported.ask(self.org, question, today=ON)
            assert same(self.said[subject, closing.period], reader.ask(self.org, question, today=ON))
        if len(self.defined) == len(MONTHS):
            kpis = tuple(key for key in self.kpis if key in PLAIN)
            for subject in self.subjects:
                question = KpiQuery(kpis, subject, (BOTH,))
                self.said[subject, BOTH] = reported.ask(self.org, question, today=ON)

    def check_reported(self) -> None:
        """Nothing that was said has changed: of own KPIs, unless they are switched off or count other things by now."""
        for (subject, span), said in self.said.items():
            comparable = [key for key in said if key[0] in self.kpis or self._is_alike(key[0], span)]
            question = KpiQuery(tuple(key for key, _span, _member in comparable), subject, (span,), medians=span != BOTH)
            assert reported.ask(self.org, question, today=ON) == {key: said[key] for key in comparable}

    def _is_alike(self, key: str, span: Period) -> bool:
        one = next((one for one in self.owns.said if one.own.key == key and one.enabled), None)
        return one is not None and shape(one.versions) == shape(self.defined[span.start][key])

    def check_known(self) -> None:
        world = read(self.org.id)
        figures = FIGURES | self.owns.figures()
        for subject in self.subjects:
            for month in MONTHS:
                question = self.question(subject, self.org.calendar.bucket(Grain.MONTH, month), self.owns.keys)
                for source in (engine, reader):
                    table = source.ask(self.org, question, today=ON)
                    assert differences(world, question, table, today=ON, figures=figures) == [], source.__name__

    def check_explained(self) -> None:
        world, figures = read(self.org.id), FIGURES | self.owns.figures()
        for closing in PeriodClose.objects.filter(organisation=self.org, reopened_at=None):
            span = closing.period
            for subject in self.subjects:
                for key in (key for key, _span, _member in self.said[subject, span] if key in self.kpis or self._is_alike(key, span)):
                    found = late.explain(self.org, closing, registry.kpi(key, self.org), subject, today=ON)
                    now = figures[key](Slice(world, (subject.kind.value, subject.id), None, (span.start, span.end), ON)).value
                    said = self.said[subject, span][key, span, None].value
                    if now == said and key in PLAIN:
                        continue
                    total = sum((effect.amount for effect in found.effects), Decimal(0)) + found.together + found.others
                    assert abs(total - ((now or 0) - (said or 0))) < Decimal("1E-12"), (key, subject)
                    assert found.redefined or not self._is_defined_anew(key, span), key
                    if subject.kind is not SubjectKind.TEAM and self._is_written_down(key, span):
                        assert found.others == 0, (key, subject, found)

    def _is_defined_anew(self, key: str, span: Period) -> bool:
        """Whether another definition holds by now on any of the days."""
        if key in self.kpis:
            return False
        then, now = self.defined[span.start][key], next(one.versions for one in self.owns.said if one.own.key == key)
        return any(held_on(then, day) != held_on(now, day) for day in span.days())

    def _is_written_down(self, key: str, span: Period) -> bool:
        """Whether every change of such a figure is: it counts records by their own fields, and as it did when the month was closed."""
        if key in self.kpis:
            return key in PLAIN
        versions = next(one.versions for one in self.owns.said if one.own.key == key)
        plain = versions[-1][1]["aggregation"] in ("count", "sum") and "pipelines" not in str(versions)
        return plain and versions == self.defined[span.start][key]


def same(one: KpiTable, other: KpiTable) -> bool:
    """Nothing is neither ripe nor unripe."""
    return one.keys() == other.keys() and all(
        value == other[key] or (reported.is_nothing(value) and replace(value, immature=other[key].immature) == other[key])
        for key, value in one.items()
    )


def shape(versions: list[Version]) -> Any:
    """All of a definition but its filters."""
    newest = versions[-1][1]
    sides = [newest[name] for name in ("above", "below") if name in newest]
    return newest["aggregation"], [(side["fact"], side["clock"], side.get("quantity")) for side in sides]


class ClosedMonths(TestCase):
    @examples(4)
    @given(
        anew=st.booleans(), sketch=sketches(3), plans=st.lists(PLANS, min_size=3, max_size=3),
        other=st.sampled_from(OTHERS), first=st.sampled_from(MONTHS),
        steps=st.lists(st.tuples(st.lists(EDITS, max_size=2), CLOSINGS, st.booleans()), min_size=3, max_size=5),
    )
    def test_what_was_said_stays_and_what_is_known_is_explained(
        self, anew: bool, sketch: Any, plans: Any, other: str, first: dt.date, steps: Any
    ) -> None:
        owns = OwnKpis(build(sketch, "nordlys"), plans)
        owns.create(plans[0], 0)
        closed = Closed(owns, (*PLAIN, other))
        closed.make(("close", first))
        for edits, step, lazy in steps:
            for edit in edits:
                make(owns.made, edit)
            closed.check_reported()
            closed.make(step)
            if not lazy:
                refresh_fully(closed.org)
            closed.check_reported()
            closed.check_known()
        if anew:
            owns.make({"do": "change", "pick": 0, "filters": 1, "since": None})
            closed.check_reported()
        closed.check_explained()
