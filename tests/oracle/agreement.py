"""Compares a table of KPI values, whatever made it, with the oracle's figures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tests.oracle.figures import FIGURES, Figure, Slice
from tests.oracle.world import World


def members(world: World, by: str, subject: tuple[str, int]) -> list[tuple[str, int]]:
    """Whom a figure is broken down to; a team's into itself and the teams below it."""
    rows = {"team": world.teams, "rep": world.reps, "customer": world.customers}[by]
    if by == "team" and subject[0] == "team":
        rows = [row for row in rows if world.is_within(row["id"], subject[1])]
    return [(by, row["id"]) for row in rows]


def differences(world: World, query: Any, table: Mapping[Any, Any], *, today: dt.date) -> list[str]:
    """What in `table`, the answer to `query`, is not as the oracle says; a member with records may not be missing."""
    subject = (str(query.subject.kind), query.subject.id)
    everyone = members(world, str(query.by), subject) if query.by else [None]
    found = []
    for key in query.kpis:
        for span in query.spans:
            for member in everyone:
                part = Slice(world, subject, member, (span.start, span.end), today)
                right = FIGURES[key](part)
                given = table.get((key, span, member[1] if member else None))
                if given is None and (right.count or right.numerator or member is None):
                    found.append(f"{key} {span.start}..{span.end} {subject} {member}: missing, should be {right}")
                elif given is not None and _as_figure(given, medians=query.medians) != _without_median(right, keep=query.medians):
                    found.append(f"{key} {span.start}..{span.end} {subject} {member}: {given}, should be {right}")
    strangers = {member for _, _, member in table} - {each[1] if each else None for each in everyone}
    return found + [f"member {stranger} is none of the organisation's" for stranger in sorted(strangers, key=str)]


def _as_figure(given: Any, *, medians: bool) -> Figure:
    for number in (given.value, given.numerator, given.denominator, given.median):
        assert number is None or isinstance(number, Decimal), f"not a Decimal: {number!r}"
    return Figure(given.value, given.numerator, given.denominator, given.count, given.median if medians else None)


def _without_median(right: Figure, *, keep: bool) -> Figure:
    return right if keep else Figure(right.value, right.numerator, right.denominator, right.count)
