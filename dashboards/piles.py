"""Records behind a figure, in a query or in memory: the same questions of both. A record taken from a pile has `quantity`."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from typing import Any, overload

from django.db.models import Count, Model, Q, QuerySet, Sum
from django.utils.translation import gettext

from dashboards.record_columns import HOLDER, Shape, at
from kpi_tracker import formats
from kpi_tracker.kpis.direct import Line
from kpi_tracker.scope import Scope


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is narrowed to; empty values narrow nothing. left: the records left out instead of those counted.

    sort: the key of a column, with "-" in front from high to low.
    """

    left: bool = False
    rep: int = 0
    customer: str = ""
    text: str = ""
    day: dt.date | None = None
    reason: str = ""
    sort: str = ""

    @property
    def narrows(self) -> bool:
        return bool(self.rep or self.customer or self.text or self.day or self.reason)


@dataclass(frozen=True, slots=True)
class Order:
    path: str
    down: bool = True


@dataclass(frozen=True, slots=True)
class Sums:
    """How many records there are, and what they add up to in whole units."""

    number: int = 0
    total: int = 0

    def __sub__(self, other: Sums) -> Sums:
        return Sums(self.number - other.number, self.total - other.total)


class Queried:
    """Records of a query that annotates `quantity`; those left out may go without."""

    def __init__(self, found: QuerySet[Any]) -> None:
        self.found = found

    def sums(self) -> Sums:
        if "quantity" not in self.found.query.annotations:
            return Sums(self.found.order_by().count())
        row = self.found.order_by().aggregate(number=Count("pk"), total=Sum("quantity"))
        return Sums(row["number"], int(row["total"] or 0))

    def seen(self, scope: Scope) -> Queried:
        return Queried(self.found.within(scope))  # type: ignore[attr-defined]

    def narrowed(self, shape: Shape, wanted: Wanted) -> Queried:
        found = self.found
        if wanted.rep and shape.rep:
            found = found.filter(_held_by(shape, wanted.rep))
        if wanted.customer:
            found = found.filter(**{f"{shape.customer_name}__icontains": wanted.customer})
        if wanted.text:
            found = found.filter(reduce(or_, (Q(**{f"{path}__icontains": wanted.text}) for path in shape.texts)))
        if wanted.day:
            found = found.filter(reduce(or_, (Q(**{path: wanted.day}) for path in shape.days)))
        return Queried(found)

    def ordered(self, shape: Shape, order: Order) -> QuerySet[Any]:
        return self.found.select_related(*shape.related).order_by(f"{'-' if order.down else ''}{order.path}", "-id")

    def keys(self, order: Order) -> list[tuple[Any, int]]:
        """What each record is sorted by, with its id."""
        return list(self.found.order_by().values_list(order.path, "pk"))

    def taken(self, shape: Shape, keys: Iterable[int]) -> dict[int, Any]:
        return self.found.select_related(*shape.related).in_bulk(list(keys))


def _held_by(shape: Shape, rep: int) -> Q:
    if shape.rep != HOLDER:
        return Q(**{f"{shape.rep}_id": rep})
    return Q(status="open", owner_id=rep) | ~Q(status="open") & Q(closed_by_id=rep)


class Listed:
    """Lines of a direct term."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = lines

    def sums(self) -> Sums:
        return Sums(len(self.lines), sum(line.quantity for line in self.lines))

    def seen(self, scope: Scope) -> Listed:
        if scope.rep_ids is None:
            return self
        return Listed([line for line in self.lines if _is_seen(line.record, scope.rep_ids)])

    def narrowed(self, shape: Shape, wanted: Wanted) -> Listed:
        return Listed([line for line in self.lines if _meets(line, shape, wanted)])

    def ordered(self, shape: Shape, order: Order) -> list[Any]:
        ranked = sorted(self.keys(order), key=lambda key: _rank(key[0]), reverse=order.down)
        return list(self.taken(shape, [place for _value, place in ranked]).values())

    def keys(self, order: Order) -> list[tuple[Any, int]]:
        if order.path == "quantity":
            return [(line.quantity, place) for place, line in enumerate(self.lines)]
        return [(at(line.record, order.path), place) for place, line in enumerate(self.lines)]

    def taken(self, shape: Shape, keys: Iterable[int]) -> dict[int, Any]:
        found = {}
        for place in keys:
            found[place] = self.lines[place].record
            found[place].quantity = self.lines[place].quantity
        return found


def _is_seen(record: Any, rep_ids: frozenset[int]) -> bool:
    """As `within(scope)` would tell of a row that is already read."""
    paths: tuple[str, ...] = getattr(type(record), "rep_paths", ())
    return not paths or any(at(record, path) in rep_ids for path in paths)


def _meets(line: Line, shape: Shape, wanted: Wanted) -> bool:
    record = line.record
    if wanted.rep and line.rep_id != wanted.rep:
        return False
    if wanted.customer and wanted.customer.casefold() not in str(at(record, shape.customer_name) or "").casefold():
        return False
    if wanted.text and not any(wanted.text.casefold() in str(at(record, path) or "").casefold() for path in shape.texts):
        return False
    return wanted.day is None or any(at(record, path) == wanted.day for path in shape.days)


def _rank(value: Any) -> tuple[bool, Any]:
    """Values in order; none comes before the first."""
    return (value is not None, "" if value is None else value if not isinstance(value, Model) else str(value))


Pile = Queried | Listed


@dataclass(frozen=True, slots=True)
class Group:
    """Records that were left out for one reason. rate_day: the field with the day whose exchange rate is missing, if one is."""

    reason: str
    pile: Pile
    rate_day: str = ""

    def seen(self, scope: Scope) -> Group:
        return replace(self, pile=self.pile.seen(scope))

    def narrowed(self, shape: Shape, wanted: Wanted) -> Group:
        return replace(self, pile=self.pile.narrowed(shape, wanted))

    def why(self, record: Any) -> str:
        """The reason of one record: "no rate for DKK on 3 May 2026"."""
        if not self.rate_day:
            return self.reason
        values = {"currency": record.currency, "day": formats.short_day(at(record, self.rate_day), year=True)}
        return gettext("no rate for %(currency)s on %(day)s") % values


class Together(Sequence[Any]):
    """The records of several groups in one order, each with the `reason` why it was left out."""

    def __init__(self, groups: Sequence[Group], shape: Shape, order: Order) -> None:
        self.groups, self.shape = groups, shape
        keys = [(_rank(value), place, key) for place, group in enumerate(groups) for value, key in group.pile.keys(order)]
        self.keys = [(place, key) for _value, place, key in sorted(keys, key=lambda one: one[0], reverse=order.down)]

    def __len__(self) -> int:
        return len(self.keys)

    @overload
    def __getitem__(self, wanted: int) -> Any: ...
    @overload
    def __getitem__(self, wanted: slice) -> list[Any]: ...
    def __getitem__(self, wanted: int | slice) -> Any:
        if isinstance(wanted, int):
            return self[wanted : wanted + 1][0]
        picked = self.keys[wanted]
        by_group: dict[int, list[int]] = defaultdict(list)
        for place, key in picked:
            by_group[place].append(key)
        taken = {place: self.groups[place].pile.taken(self.shape, keys) for place, keys in by_group.items()}
        found = []
        for place, key in picked:
            record = taken[place][key]
            record.reason = self.groups[place].why(record)
            found.append(record)
        return found

    def __iter__(self) -> Iterator[Any]:
        return iter(self[:])
