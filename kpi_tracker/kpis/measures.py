"""Measures: the additive parts that KPIs are made of.

A measure is a count or a sum over the records of one fact table, on the day named by its clock, credited
to a rep. It adds up over days and over reps, so its rollup cells are sums. Values are whole numbers:
counts, days, or hundredths of the base currency.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.db.models import Model, Q

from kpi_tracker.sales.models import Activity, Contact, Customer, Deal, Lead


class Fact(StrEnum):
    """A fact table. The names are also those that change capture writes."""

    ACTIVITY = "activity"
    CONTACT = "contact"
    CUSTOMER = "customer"
    DEAL = "deal"
    LEAD = "lead"

    @property
    def model(self) -> type[Model]:
        return _MODELS[self]

    @property
    def customer_field(self) -> str:
        return "id" if self is Fact.CUSTOMER else "customer_id"


_MODELS: dict[Fact, type[Model]] = {
    Fact.ACTIVITY: Activity,
    Fact.CONTACT: Contact,
    Fact.CUSTOMER: Customer,
    Fact.DEAL: Deal,
    Fact.LEAD: Lead,
}


class Agg(StrEnum):
    COUNT = "count"
    SUM = "sum"


class Quantity(StrEnum):
    """What a sum adds up."""

    AMOUNT = "amount"  # the deal's amount, in the base currency at the rate of the measure's day
    CYCLE_DAYS = "cycle_days"  # days from first contact (or opening, if none) to closing


class Unit(StrEnum):
    COUNT = "count"
    MONEY = "money"
    PERCENT = "percent"
    DAYS = "days"


@dataclass(frozen=True, slots=True, eq=False)
class Requirement:
    """What a record needs in order to be counted; one that lacks it is listed with the reason.

    where: the condition; None asks for an exchange rate from the record's currency on the measure's day.
    """

    where: Q | None
    reason: Any  # translatable text


@dataclass(frozen=True, slots=True, eq=False)
class Once:
    """Count one record of each `per` only: the first ever, or the first in `days` days.

    later: count the others instead of the first.
    """

    per: str
    days: int | None = None
    later: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Measure:
    key: str
    fact: Fact
    day: str
    rep: str
    agg: Agg = Agg.COUNT
    quantity: Quantity | None = None
    unit: Unit = Unit.COUNT
    where: Q = field(default_factory=Q)
    requires: tuple[Requirement, ...] = ()
    once: Once | None = None

    @property
    def family(self) -> tuple[str, ...]:
        """Measures of one family are computed in one pass over their table."""
        alone = self.key if self.once else ""
        return (self.fact, self.day, self.rep, alone)
