"""The demo organisation before it is rows: what the generators make and `store` writes."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import NamedTuple

from kpi_tracker.periods import Period


def dice(seed: int, *topics: object) -> Random:
    """A source of chance of its own for each topic, so that a change in one leaves the others alone."""
    return Random("/".join(str(topic) for topic in (seed, *topics)))  # noqa: S311


@dataclass(frozen=True, slots=True)
class Skill:
    """How a rep sells, against a rep in the middle of the field (1)."""

    calls: float = 1.0
    bookings: float = 1.0
    shows: float = 1.0
    opens: float = 1.0
    wins: float = 1.0
    size: float = 1.0


@dataclass(frozen=True, slots=True)
class Form:
    """A stretch in which a rep did better or worse than usual."""

    days: Period
    skill: Skill


@dataclass(frozen=True, slots=True)
class Leave:
    days: Period
    reason: str


@dataclass(slots=True, eq=False)
class Seller:
    """A rep. teams: name of each team with the days in it, in order (the last one may be open-ended)."""

    name: str
    country: str
    teams: list[tuple[str, dt.date, dt.date | None]]
    skill: Skill
    share: Decimal = Decimal(1)
    started_on: dt.date | None = None
    ended_on: dt.date | None = None
    forms: tuple[Form, ...] = ()
    leaves: list[Leave] = field(default_factory=list)
    salary: int = 4_200

    def skill_on(self, day: dt.date) -> Skill:
        return next((form.skill for form in self.forms if day in form.days), self.skill)

    def team_on(self, day: dt.date) -> str:
        return next((team for team, start, end in reversed(self.teams) if start <= day), self.teams[0][0])


@dataclass(slots=True, eq=False)
class Company:
    """met: first meeting that took place; busy_until: last day of the newest deal; won_on: first deal won."""

    name: str
    business_id: str
    country: str
    segment: str
    owner: Seller
    added_by: Seller
    created_on: dt.date
    channel: str = ""
    contacts: list[tuple[str, str, dt.date]] = field(default_factory=list)
    first_contact: dt.date | None = None
    met: dt.date | None = None
    met_at: int = 0
    won_on: dt.date | None = None
    busy_until: dt.date = dt.date.min
    deals: list[DealPlan] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Step:
    """A deal enters a stage."""

    stage: str
    day: dt.date
    second: int
    by: Seller


@dataclass(slots=True, eq=False)
class DealPlan:
    """late: entered weeks afterwards. mistyped: one of its days cannot be right. said: the price that was written down at first."""

    company: Company
    product: str
    amount: Decimal | None
    currency: str
    owner: Seller
    opened_by: Seller
    opened_on: dt.date
    first_contact_on: dt.date | None
    expected_close_on: dt.date | None
    steps: list[Step]
    channel: str = ""
    one_time_amount: Decimal | None = None
    term_months: int | None = None
    lost_reason: str = ""
    closed_on: dt.date | None = None
    late: bool = False
    mistyped: bool = False
    said: Decimal | None = None

    @property
    def status(self) -> str:
        return {"Won": "won", "Lost": "lost"}.get(self.steps[-1].stage, "open")


@dataclass(slots=True, eq=False)
class LeadPlan:
    """by: None is nobody's lead. company: None where the lead never became more than a name. deal: what it brought, if anything."""

    company: Company | None
    company_name: str
    person: str
    channel: str
    inbound: bool
    reached: str
    by: Seller | None
    created_on: dt.date
    qualified_on: dt.date | None = None
    deal: DealPlan | None = None

    @property
    def status(self) -> str:
        return {"won": "Customer", "lost": "Lost", "open": "Opportunity"}[self.deal.status] if self.deal else self.reached

    @property
    def converted_on(self) -> dt.date | None:
        """When the company became a customer by it."""
        return self.deal.closed_on if self.deal and self.deal.status == "won" else None


class Act(NamedTuple):
    """One activity; `second` of its local day."""

    kind: str
    type: str
    outcome: str
    by: Seller
    company: Company | None
    deal: DealPlan | None
    day: dt.date
    second: int
    booked_on: dt.date | None = None
    duration: int | None = None
    subject: str = ""
    late: bool = False


@dataclass(frozen=True, slots=True)
class ContractPlan:
    company: Company
    deal: DealPlan | None
    starts_on: dt.date
    ends_on: dt.date | None
    yearly_amount: Decimal
    currency: str
    margin: Decimal | None


@dataclass(frozen=True, slots=True)
class CostPlan:
    category: str
    amount: Decimal
    currency: str
    month: Period
    team: str = ""
    by: Seller | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class GoalPlan:
    """For a team, a seller or a customer; for the organisation if none is named."""

    kpi: str
    period: Period
    target: Decimal
    team: str = ""
    seller: Seller | None = None
    company: Company | None = None
    why: str = ""
