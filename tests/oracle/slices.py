"""What is asked of the oracle, and the shape of its answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from tests.oracle.calendar import ONE, Span
from tests.oracle.world import Row, World


@dataclass(frozen=True, slots=True)
class Figure:
    """rounded: the value comes of several divisions, so that it is right to twelve digits only."""

    value: Decimal | None
    numerator: Decimal
    denominator: Decimal | None = None
    count: int = 0
    median: Decimal | None = None
    immature: bool = False
    capped: bool = False
    rounded: bool = False


@dataclass(frozen=True, slots=True)
class Slice:
    """Whose records, and from which days. subject, member: (kind, id); a record must be about both."""

    world: World
    subject: tuple[str, int]
    member: tuple[str, int] | None
    span: Span
    today: dt.date

    @property
    def last(self) -> dt.date:
        return self.span[1] - ONE

    def holds(self, day: dt.date | None, rep_id: int | None, customer_id: int | None) -> bool:
        return day is not None and self.span[0] <= day < self.span[1] and self.concerns(day, rep_id, customer_id)

    def holds_deal(self, day: dt.date | None, rep_id: int | None, deal: Row, stage_id: int | None = None) -> bool:
        """stage_id: the stage that the record is about; the deal's own if none is given."""
        return day is not None and self.span[0] <= day < self.span[1] and self.concerns_deal(day, rep_id, deal, stage_id)

    def concerns(self, day: dt.date, rep_id: int | None, customer_id: int | None) -> bool:
        """Whether a record of that day, whichever day it is, is about the subject and the member."""
        return self._is_about(day, {"rep": rep_id, "customer": customer_id})

    def concerns_deal(self, day: dt.date, rep_id: int | None, deal: Row, stage_id: int | None = None) -> bool:
        about = {"rep": rep_id, "customer": deal["customer_id"], "product": deal["product_id"]}
        return self._is_about(day, about | {"stage": stage_id or deal["stage_id"]})

    def _is_about(self, day: dt.date, about: dict[str, int | None]) -> bool:
        for each in (self.subject, self.member):
            if each is None or each[0] == "organisation":
                continue
            kind, own = each
            if kind == "team":
                rep_id = about["rep"]
                if rep_id is None or not self.world.is_within(self.world.team_of(rep_id, day), own, day):
                    return False
            elif about.get(kind) != own:
                return False
        return True

    def elsewhen(self, span: Span) -> Slice:
        return replace(self, span=span)

    def whole(self, span: Span) -> Slice:
        """The whole organisation's records in `span`."""
        return replace(self, subject=("organisation", 0), member=None, span=span)


Oracle = Callable[[Slice], Figure]
FIGURES: dict[str, Oracle] = {}


def kpi(key: str) -> Callable[[Oracle], Oracle]:
    def add(function: Oracle) -> Oracle:
        FIGURES[key] = function
        return function

    return add


def plain(number: int | Decimal, count: int) -> Figure:
    return Figure(value=Decimal(number), numerator=Decimal(number), count=count)


def ratio(numerator: int | Decimal, denominator: int | Decimal, count: int, median: Decimal | None = None) -> Figure:
    value = Decimal(numerator) / denominator if denominator else None
    return Figure(value=value, numerator=Decimal(numerator), denominator=Decimal(denominator), count=count, median=median)
