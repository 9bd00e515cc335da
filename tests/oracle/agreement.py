"""Compares a table of KPI values, whatever made it, with the oracle's figures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import fields
from decimal import Context, Decimal
from typing import Any

from tests.oracle.figures import FIGURES, Figure, Slice
from tests.oracle.slices import Oracle
from tests.oracle.world import World

TWELVE_DIGITS = Context(prec=12)


def members(world: World, by: str, subject: tuple[str, int]) -> list[tuple[str, int]]:
    """Whom a figure may be broken down to; a team's into the teams that ever stood below it, itself included, and whoever was there."""
    rows = {
        "team": world.teams, "rep": world.reps, "customer": world.customers, "stage": world.stages, "product": world.products,
    }[by]
    found = [row["id"] for row in rows]
    if by == subject[0] == "rep":
        found = [subject[1]]
    if subject[0] == "team" and by in ("team", "rep"):
        bounds = {dt.date.min} | {row[end] or dt.date.max for row in world.placements for end in ("valid_from", "valid_to")}
        below = {row["id"] for row in world.teams for day in bounds if world.is_within(row["id"], subject[1], day)}
        there = {row["rep_id"] for row in world.assignments if row["team_id"] in below}
        found = [each for each in found if each in (below if by == "team" else there)]
    return [(by, each) for each in found]


def differences(
    world: World, query: Any, table: Mapping[Any, Any], *, today: dt.date, figures: Mapping[str, Oracle] = FIGURES
) -> list[str]:
    """What in `table`, the answer to `query`, is not as the oracle says; a member with records may not be missing."""
    subject = (str(query.subject.kind), query.subject.id)
    everyone = members(world, str(query.by), subject) if query.by else [None]
    found = []
    for key in query.kpis:
        for span in query.spans:
            for member in everyone:
                part = Slice(world, subject, member, (span.start, span.end), today)
                right = figures[key](part)
                given = table.get((key, span, member[1] if member else None))
                if given is None and (right.count or right.numerator or member is None):
                    found.append(f"{key} {span.start}..{span.end} {subject} {member}: missing, should be {right}")
                elif given is not None and (wrong := _unlike(given, right, medians=query.medians)):
                    found.append(f"{key} {span.start}..{span.end} {subject} {member}: {', '.join(wrong)} of {given}, should be {right}")
    strangers = {member for _, _, member in table} - {each[1] if each else None for each in everyone}
    return found + [f"member {stranger} is none of the organisation's" for stranger in sorted(strangers, key=str)]


def _unlike(given: Any, right: Figure, *, medians: bool) -> list[str]:
    """The names of what is not right in a figure."""
    wrong = []
    for name in (field.name for field in fields(Figure) if field.name != "rounded"):
        has, should = getattr(given, name), getattr(right, name)
        if name == "median" and not medians:
            continue
        if isinstance(should, Decimal):
            assert has is None or isinstance(has, Decimal), f"not a Decimal: {has!r}"
            if right.rounded and has is not None:
                has, should = TWELVE_DIGITS.plus(has), TWELVE_DIGITS.plus(should)
        if has != should:
            wrong.append(name)
    return wrong
