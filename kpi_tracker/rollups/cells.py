"""Cells read for many spans at once, in one question.

Spans are cut where any of them begins or ends. Each piece is tiled with whole months, weeks and days, so no cell is read twice, and
a span is the sum of its pieces, however many spans overlap.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from django.db import connection

from kpi_tracker.kpis.parts import MemberId, Part, Parts
from kpi_tracker.periods import DAY, WEEK, Calendar, Grain, Period, add_months
from kpi_tracker.rollups.models import CellGrain, CellScope

FAR = dt.timedelta(days=62)
BOARDS = {"rollups_rollupcell": "rollup_cell_board", "rollups_reportedcell": "reported_cell_board"}
MOST_SELECTS = 400  # SQLite takes 500
Tile = tuple[str, dt.date]
Row = tuple[int, str, str, dt.date, int, int]


@dataclass(frozen=True, slots=True)
class Lookup:
    """The cells of some measures for one scope (scope_ids: of these; None: of all there are) in some spans.

    without: days whose cells are not to be read. stays: the periods that count for each scope id; the others count always.
    by_member: keep the scope ids apart.
    """

    measures: tuple[str, ...]
    kind: CellScope
    scope_ids: tuple[int, ...] | None
    spans: tuple[Period, ...]
    without: tuple[dt.date, ...] = ()
    by_member: bool = False
    weeks: bool = True
    stays: dict[int, list[Period]] = field(default_factory=dict, hash=False)


class Pieces:
    """The spans cut into pieces that do not overlap, each tiled with cells."""

    def __init__(self, calendar: Calendar, spans: Sequence[Period], *, without: Sequence[dt.date], weeks: bool, days_only: bool) -> None:
        self.bounds = sorted({bound for span in spans for bound in (span.start, span.end)})
        covered = _covered(self.bounds, spans)
        self.piece_of: dict[Tile, int] = {}
        for place in covered:
            start, end = self.bounds[place], self.bounds[place + 1]
            tiles = _days(start, end, without) if days_only else _tiles(calendar, start, end, without, weeks)
            for tile in tiles:
                self.piece_of[tile] = place

    def runs(self) -> Iterator[tuple[str, dt.date, dt.date]]:
        """Grain, first and last of the stretches of tiles that lie close together, so that far-apart ones do not fetch all between."""
        starts: dict[str, list[dt.date]] = defaultdict(list)
        for grain, start in self.piece_of:
            starts[grain].append(start)
        for grain, found in starts.items():
            found.sort()
            first = last = found[0]
            for start in found:
                if start - last > FAR:
                    yield grain, first, last
                    first = start
                last = start
            yield grain, first, last

    def parts(self, spans: Sequence[Period], totals: dict[tuple[str, MemberId], dict[int, tuple[int, int]]]) -> Parts:
        """The parts of the spans, from what each piece comes to."""
        where = {bound: place for place, bound in enumerate(self.bounds)}
        edges = [(span, where[span.start], where[span.end]) for span in dict.fromkeys(spans)]
        found: Parts = {}
        for (measure, member), of_pieces in totals.items():
            values, records = [0] * len(self.bounds), [0] * len(self.bounds)
            for place, (value, n) in of_pieces.items():
                values[place], records[place] = value, n
            sums, numbers = list(accumulate(values, initial=0)), list(accumulate(records, initial=0))
            for span, start, end in edges:
                value, n = sums[end] - sums[start], numbers[end] - numbers[start]
                if value or n:
                    found[measure, span, member] = Part(value, n)
        return found


def _covered(bounds: Sequence[dt.date], spans: Sequence[Period]) -> list[int]:
    """The places of those pieces that lie in some span."""
    where = {bound: place for place, bound in enumerate(bounds)}
    steps = [0] * len(bounds)
    for span in spans:
        steps[where[span.start]] += 1
        steps[where[span.end]] -= 1
    return [place for place, number in enumerate(accumulate(steps)) if number]


def _tiles(calendar: Calendar, start: dt.date, end: dt.date, without: Sequence[dt.date], weeks: bool) -> Iterator[Tile]:
    month = start if start.day == 1 else add_months(start.replace(day=1), 1)
    last = end.replace(day=1)
    if month >= last:
        yield from _week_tiles(calendar, start, end, without, weeks)
        return
    yield from _week_tiles(calendar, start, month, without, weeks)
    while month < last:
        after = dt.date(month.year + month.month // 12, month.month % 12 + 1, 1)
        if _is_clean(month, after, without):
            yield CellGrain.MONTH.value, month
        else:
            yield from _week_tiles(calendar, month, after, without, weeks)
        month = after
    yield from _week_tiles(calendar, last, end, without, weeks)


def _week_tiles(calendar: Calendar, start: dt.date, end: dt.date, without: Sequence[dt.date], weeks: bool) -> Iterator[Tile]:
    """Weeks where one fits in and nothing in it is left out, days for the rest."""
    if not weeks or end - start < WEEK:
        yield from _days(start, end, without)
        return
    week = calendar.bucket(Grain.WEEK, start).start
    week = week if week == start else week + WEEK
    yield from _days(start, min(week, end), without)
    while week + WEEK <= end:
        if _is_clean(week, week + WEEK, without):
            yield CellGrain.WEEK.value, week
        else:
            yield from _days(week, week + WEEK, without)
        week += WEEK
    if week < end:
        yield from _days(week, end, without)


def _days(start: dt.date, end: dt.date, without: Sequence[dt.date]) -> Iterator[Tile]:
    left_out = set(without) if without else ()
    while start < end:
        if start not in left_out:
            yield CellGrain.DAY.value, start
        start += DAY


def _is_clean(start: dt.date, end: dt.date, without: Sequence[dt.date]) -> bool:
    place = bisect_left(without, start)
    return place == len(without) or without[place] >= end


def read(organisation_id: int, calendar: Calendar, lookups: Sequence[Lookup], *, table: str = "rollups_rollupcell") -> list[Parts]:
    """The parts that the cells give, a set for each lookup. One question for all of them."""
    pieces = [Pieces(calendar, one.spans, without=one.without, weeks=one.weeks, days_only=bool(one.stays)) for one in lookups]
    rows = _fetch(organisation_id, lookups, pieces, table)
    found = []
    for place, one in enumerate(lookups):
        totals: dict[tuple[str, MemberId], dict[int, tuple[int, int]]] = defaultdict(dict)
        piece_of = pieces[place].piece_of
        for scope_id, measure, grain, bucket, value, n in rows[place]:
            piece = piece_of.get((grain, bucket))
            if piece is None or (one.stays and not _stays(one, scope_id, bucket)):
                continue
            of_pieces = totals[measure, scope_id if one.by_member else None]
            before = of_pieces.get(piece)
            of_pieces[piece] = (value, n) if before is None else (before[0] + value, before[1] + n)
        found.append(pieces[place].parts(one.spans, totals))
    return found


def _stays(one: Lookup, scope_id: int, day: dt.date) -> bool:
    stays = one.stays.get(scope_id)
    return stays is None or any(day in stay for stay in stays)


def _fetch(organisation_id: int, lookups: Sequence[Lookup], pieces: Sequence[Pieces], table: str) -> list[list[Row]]:
    """The rows of each lookup: one SELECT for each stretch of its tiles, all in one question, so that each goes down an index."""
    selects: list[str] = []
    values: list[Any] = []
    for place, (one, cut) in enumerate(zip(lookups, pieces, strict=True)):
        where, given = _scope(one)
        # Without statistics, SQLite would go through all cells of that kind of scope.
        hint = f" INDEXED BY {BOARDS[table]}" if one.scope_ids is None and connection.vendor == "sqlite" else ""
        for grain, first, last in cut.runs():
            selects.append(
                f"SELECT {place} AS place, scope_id, measure, grain, bucket, value, n FROM {table}{hint} WHERE organisation_id = %s"
                f" AND {where} AND grain = %s AND bucket >= %s AND bucket <= %s AND measure IN ({_places(one.measures)})"
            )
            values += [organisation_id, *given, grain, first, last, *one.measures]
    found: list[list[Row]] = [[] for _ in lookups]
    with connection.cursor() as cursor:
        for start in range(0, len(selects), MOST_SELECTS):
            some = selects[start : start + MOST_SELECTS]
            taken = sum(select.count("%s") for select in selects[:start])
            cursor.execute(" UNION ALL ".join(some), values[taken : taken + sum(select.count("%s") for select in some)])
            for row in cursor.fetchall():
                found[row[0]].append(row[1:])
    return found


def _scope(one: Lookup) -> tuple[str, list[Any]]:
    if one.scope_ids is None:
        return "scope_kind = %s", [one.kind.value]
    if len(one.scope_ids) == 1:
        return "scope_kind = %s AND scope_id = %s", [one.kind.value, one.scope_ids[0]]
    return f"scope_kind = %s AND scope_id IN ({_places(one.scope_ids) or 'NULL'})", [one.kind.value, *one.scope_ids]


def _places(values: Collection[Any]) -> str:
    return ", ".join(["%s"] * len(values))
