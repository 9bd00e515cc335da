"""Terms: the parts that KPIs are made of.

A `Measure` is a count or a sum over the records of one fact table, on the day named by its clock, credited to a rep. It
adds up over days and over reps, so its rollup cells are sums. A `Stock` is what flows have left at the end of a span. A
`Direct` term is worked out from its records whenever it is asked for. Values are whole numbers: counts, days, or
hundredths of the base currency.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.db.models import Model, Q

from kpi_tracker.sales.models import Activity, Contact, Customer, Deal, Lead, StageChange


class Dimension(StrEnum):
    """What a figure may be broken down by."""

    TEAM = "team"
    REP = "rep"
    CUSTOMER = "customer"
    STAGE = "stage"
    PRODUCT = "product"


class Fact(StrEnum):
    """A fact table. The names are also those that change capture writes."""

    ACTIVITY = "activity"
    CONTACT = "contact"
    CUSTOMER = "customer"
    DEAL = "deal"
    LEAD = "lead"
    STAGE = "stage"  # a deal entered a stage

    @property
    def model(self) -> type[Model]:
        return _MODELS[self]

    def path(self, dimension: Dimension) -> str | None:
        """The field that leads from a record to its customer, stage or product; None where it has none."""
        return _PATHS.get((self, dimension))


_MODELS: dict[Fact, type[Model]] = {
    Fact.ACTIVITY: Activity,
    Fact.CONTACT: Contact,
    Fact.CUSTOMER: Customer,
    Fact.DEAL: Deal,
    Fact.LEAD: Lead,
    Fact.STAGE: StageChange,
}
_PATHS = {
    **{(fact, Dimension.CUSTOMER): "customer_id" for fact in Fact},
    (Fact.CUSTOMER, Dimension.CUSTOMER): "id",
    (Fact.STAGE, Dimension.CUSTOMER): "deal__customer_id",
    (Fact.DEAL, Dimension.STAGE): "stage_id",
    (Fact.STAGE, Dimension.STAGE): "to_stage_id",
    (Fact.DEAL, Dimension.PRODUCT): "product_id",
    (Fact.STAGE, Dimension.PRODUCT): "deal__product_id",
}


class Agg(StrEnum):
    COUNT = "count"
    SUM = "sum"


class Quantity(StrEnum):
    """What a sum adds up."""

    AMOUNT = "amount"  # the deal's amount, in the base currency
    YEARLY_AMOUNT = "yearly_amount"  # the deal's amount without the one-time part, for a year of its term
    CYCLE_DAYS = "cycle_days"  # days from first contact (or opening, if none) to closing
    DURATION = "duration"  # minutes that an activity lasted
    DEALS_WON_AFTER = "deals_won_after"  # deals won with the activity's customer on its day or later


class Unit(StrEnum):
    COUNT = "count"
    MONEY = "money"
    PERCENT = "percent"
    DAYS = "days"
    MONEY_PER_DAY = "money_per_day"
    TIMES = "times"


@dataclass(frozen=True, slots=True, eq=False)
class Requirement:
    """What a record needs in order to be counted; one that lacks it is listed with the reason.

    where: the condition; None asks for an exchange rate from the record's currency on the day whose rate is used.
    """

    where: Q | None
    reason: Any  # translatable text


@dataclass(frozen=True, slots=True, eq=False)
class Aside:
    """Records that are not meant, listed because people look for them. day: the one that puts them in a period; empty: always."""

    where: Q
    reason: Any  # translatable text
    day: str = ""
    rep: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Once:
    """Count one record of each `per` only: the first ever, or the first in `days` days.

    key: measures with the same `once`, `where` and `requires` share it. order: the field that tells the first; the measure's day if empty.
    later: count the others instead of the first. reason: why the others are left out.
    """

    key: str
    per: tuple[str, ...]
    reason: Any = ""
    order: str = ""
    days: int | None = None
    later: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Measure:
    """day, rep: paths of fields. rate_day: whose exchange rate converts; the measure's own day if empty.

    where: which records are meant. only: which of them count, asked after telling the first from later ones.
    """

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
    only: Q = field(default_factory=Q)
    rate_day: str = ""
    asides: tuple[Aside, ...] = ()

    @property
    def family(self) -> tuple[str, ...]:
        """Measures of one family are computed in one pass over their table."""
        return (self.fact, self.day, self.rep, self.once.key if self.once else "")

    @property
    def converted_on(self) -> str:
        return self.rate_day or self.day


@dataclass(frozen=True, slots=True, eq=False)
class Stock:
    """What has come in and not gone out again by the end of the span. Its records: `open_where` (see `kpis.records`).

    entered: the field with the day on which a deal comes in; it goes out on the day it closes.
    """

    key: str
    unit: Unit
    inflows: tuple[Measure, ...]
    outflows: tuple[Measure, ...]

    @property
    def fact(self) -> Fact:
        return self.inflows[0].fact


class DirectKind(StrEnum):
    """What a direct term is; `kpis.direct` has a function for each."""

    COST = "cost"
    CUSTOMERS_LOST = "customers_lost"
    CUSTOMERS_AT_START = "customers_at_start"
    MARGIN_REVENUE = "margin_revenue"
    CUSTOMER_YEARS = "customer_years"
    WEIGHTED_PIPELINE = "weighted_pipeline"
    EXPECTED_PIPELINE = "expected_pipeline"
    REMAINING_TARGET = "remaining_target"


@dataclass(frozen=True, slots=True, eq=False)
class Direct:
    """A term without cells: its records are few, or it depends on more than its own."""

    kind: DirectKind
    unit: Unit

    @property
    def key(self) -> str:
        return self.kind.value


Term = Measure | Stock | Direct


def measures_in(term: Term) -> tuple[Measure, ...]:
    """The measures with cells that a term is made of."""
    match term:
        case Measure():
            return (term,)
        case Stock():
            return (*term.inflows, *term.outflows)
        case Direct():
            return ()
