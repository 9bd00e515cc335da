"""Refresh: cells follow the records that changed.

The rep days of the claimed buckets are recomputed whole from their records. What they differ by from their cells is carried up
into the weeks and months, and into the teams and the organisation, by the team of that day. The difference is taken against
what the cells hold, in one transaction under the organisation's lock: doing it twice, or again after being killed, changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import connection, transaction
from django.db.models import BooleanField, F, Func, Q

from kpi_tracker.kpis import facts, registry
from kpi_tracker.kpis.measures import Measure
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.periods import day_read
from kpi_tracker.rollups import scratch
from kpi_tracker.rollups.models import CellScope, DirtyBucket

BATCH = 5_000
MANY = 200  # so many claimed buckets are worth statistics
CELLS_OF_REP = "c.organisation_id = %(org)s AND c.scope_kind = 'r' AND c.grain = 'd'"


def refresh(organisation: Organisation, *, limit: int = BATCH, wait: bool = True) -> int:
    """Bring the cells of up to `limit` dirty buckets up to date; how many were claimed (0: nothing to do).

    wait: if another worker holds the organisation's lock, wait for it; otherwise return 0.
    """
    began = time.monotonic()
    with transaction.atomic(), connection.cursor() as cursor:
        if not scratch.lock(cursor, organisation, wait=wait):
            return 0
        scratch.open_scratch(cursor)
        claimed = _claim(cursor, organisation, limit)
        if claimed:
            measures = registry.measures_kept(organisation)
            scratch.describe(cursor, organisation, measures, teams=None if claimed.teams else _teams_of_reps(cursor, organisation))
            _recompute_reps(cursor, organisation, [measure for measure in measures if measure.fact.value in claimed.facts])
            if claimed.teams:
                _recompute_teams(cursor, organisation)
            scratch.note_refresh(cursor, organisation, buckets=claimed.buckets, seconds=time.monotonic() - began)
        return claimed.buckets if claimed else 0


def refresh_fully(organisation: Organisation) -> int:
    """Refresh until nothing is left of what was dirty when this began; how many buckets were recomputed."""
    if DirtyBucket.objects.filter(organisation=organisation)[:MANY].count() == MANY:
        scratch.analyze_changed({*scratch.tables_of(registry.measures_kept(organisation)), "rollups_rollupcell"})
    total = 0
    while (claimed := refresh(organisation)) == BATCH:
        total += claimed
    return total + claimed


@dataclass(frozen=True, slots=True)
class _Claim:
    """facts: the fact tables in which days of reps changed. teams: whether there are days of teams whose members changed."""

    buckets: int
    facts: frozenset[str]
    teams: bool


def _claim(cursor: Any, organisation: Organisation, limit: int) -> _Claim | None:
    """Take the oldest dirty rows. Exactly those are deleted: one committed meanwhile waits for the next refresh."""
    cursor.execute(
        "INSERT INTO rollup_claim SELECT id, scope_kind, scope_id, fact, day FROM rollups_dirtybucket"
        " WHERE organisation_id = %s ORDER BY id LIMIT %s",
        [organisation.pk, limit],
    )
    cursor.execute("DELETE FROM rollups_dirtybucket WHERE id IN (SELECT id FROM rollup_claim)")
    claimed = int(cursor.rowcount)
    if not claimed:
        return None
    cursor.execute("SELECT DISTINCT scope_kind, fact, day FROM rollup_claim")
    rows = cursor.fetchall()
    scratch.list_buckets(cursor, organisation.calendar, {day_read(day) for _kind, _fact, day in rows})
    if claimed >= MANY:
        scratch.analyze(cursor, "rollup_claim")
    facts_changed = frozenset(fact for kind, fact, _day in rows if kind == CellScope.REP.value)
    return _Claim(claimed, facts_changed, any(kind == CellScope.TEAM.value for kind, _fact, _day in rows))


def _teams_of_reps(cursor: Any, organisation: Organisation) -> set[int]:
    """All that the claimed reps were ever in."""
    cursor.execute(
        "SELECT DISTINCT team_id FROM orgs_teamassignment WHERE organisation_id = %s AND rep_id IN (SELECT scope_id FROM rollup_claim)",
        [organisation.pk],
    )
    return {team for (team,) in cursor.fetchall()}


class _Claimed(Func):
    """Whether a record's rep and day were claimed for its fact table."""

    output_field = BooleanField()
    template = (
        "EXISTS (SELECT 1 FROM rollup_claim k WHERE k.scope_kind = 'r' AND k.fact = '%(fact)s' AND (k.scope_id, k.day) = (%(expressions)s))"
    )


class _Key:
    """An organisation, the same as another as long as it makes the same SQL."""

    def __init__(self, organisation: Organisation) -> None:
        self.organisation = organisation
        self.parts = (organisation.pk, organisation.base_currency)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.parts == other.parts

    def __hash__(self) -> int:
        return hash(self.parts)


@lru_cache(maxsize=500)
def _claimed_days(key: _Key, family: tuple[Measure, ...]) -> scratch.Select:
    """Putting the SQL together takes longer than a small refresh."""
    first = family[0]
    return scratch.rep_days(key.organisation, family, Q(_Claimed(F(first.rep), F(first.day), fact=first.fact.value)))


def _recompute_reps(cursor: Any, organisation: Organisation, measures: Sequence[Measure]) -> None:
    """The rep days claimed, from their records. measures: those of the fact tables that changed."""
    if not measures:
        return
    # By index, record by record: a batch is small beside the tables, whose statistics may be of another time.
    scratch.settings(cursor, enable_hashjoin="off", enable_mergejoin="off")
    for family in facts.families(measures):
        scratch.add_rep_days(cursor, _claimed_days(_Key(organisation), tuple(family)), [measure.key for measure in family])
    scratch.settings(cursor, enable_hashjoin="on", enable_mergejoin="on")
    # CROSS JOIN keeps SQLite from starting at the large table; '' keeps both from looking up measure by measure what lies side by side.
    cursor.execute(
        "INSERT INTO rollup_day SELECT 'r', c.scope_id, c.measure, c.bucket, -c.value, -c.n"
        " FROM (SELECT DISTINCT scope_id, fact, day FROM rollup_claim WHERE scope_kind = 'r') k"
        f" CROSS JOIN rollup_measure m CROSS JOIN rollups_rollupcell c WHERE m.fact = k.fact AND {CELLS_OF_REP}"
        " AND c.scope_id = k.scope_id AND c.bucket = k.day AND c.measure || '' = m.measure",
        {"org": organisation.pk},
    )
    scratch.keep_changes(cursor)
    scratch.add_teams_and_organisation(cursor, organisation, "rollup_change")
    scratch.apply_changes(cursor, organisation)


def _recompute_teams(cursor: Any, organisation: Organisation) -> None:
    """The days of teams whose members changed, from the cells of their reps."""
    scratch.empty(cursor, "rollup_day", "rollup_change")
    dirty = (
        "(SELECT DISTINCT COALESCE(up.above, k.scope_id) AS team, k.day FROM rollup_claim k"
        " LEFT JOIN rollup_above up ON up.team = k.scope_id AND up.since <= k.day AND up.until > k.day WHERE k.scope_kind = 't') t"
    )
    org = {"org": organisation.pk}
    cursor.execute(
        "INSERT INTO rollup_day SELECT 't', t.team, c.measure, t.day, SUM(c.value), SUM(c.n)"
        f" FROM {dirty} CROSS JOIN rollup_above up CROSS JOIN orgs_teamassignment a CROSS JOIN rollups_rollupcell c"
        " WHERE up.above = t.team AND up.since <= t.day AND up.until > t.day AND a.organisation_id = %(org)s AND a.team_id = up.team"
        " AND a.valid_from <= t.day AND (a.valid_to IS NULL OR a.valid_to > t.day)"
        f" AND {CELLS_OF_REP} AND c.scope_id = a.rep_id AND c.bucket = t.day GROUP BY t.team, c.measure, t.day",
        org,
    )
    cursor.execute(
        f"INSERT INTO rollup_day SELECT 't', t.team, c.measure, t.day, -c.value, -c.n FROM {dirty} CROSS JOIN rollups_rollupcell c"
        " WHERE c.organisation_id = %(org)s AND c.scope_kind = 't' AND c.scope_id = t.team AND c.grain = 'd' AND c.bucket = t.day",
        org,
    )
    scratch.keep_changes(cursor)
    scratch.apply_changes(cursor, organisation)
