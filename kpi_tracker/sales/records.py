"""Records as they come in, before they are rows: from files, the API and connections alike.

People, customers, stages and products are named by texts; `services.records_upsert` finds the rows that they mean.

- rep, owner, ...: the rep's id there, e-mail address or name; empty: nobody, which the unassigned rep stands for.
- customer_id, customer, customer_business_id: the customer's id there, name, and organisation number; any of them.
- given: the fields that the sender spoke of. An update leaves the others as they are; None means all.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Kind(StrEnum):
    REPS = "reps"
    CUSTOMERS = "customers"
    CONTACTS = "contacts"
    LEADS = "leads"
    DEALS = "deals"
    STAGE_CHANGES = "stage_changes"
    CONTRACTS = "contracts"
    ACTIVITIES = "activities"
    COSTS = "costs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """external_id: the record's id at its source. Without one a record is always new."""

    external_id: str = ""
    given: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RepRecord(Record):
    """team: the names of the teams from the top down to the rep's own.

    team_from: the first day in the team; a new rep's first day where it is empty, else today.
    """

    name: str
    email: str = ""
    country: str = ""
    share: Decimal = Decimal(1)
    started_on: dt.date | None = None
    ended_on: dt.date | None = None
    team: tuple[str, ...] = ()
    team_from: dt.date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRecord(Record):
    """parent: another customer's id there or name."""

    name: str
    business_id: str = ""
    country: str = ""
    segment: str = ""
    parent: str = ""
    owner: str = ""
    created_on: dt.date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutCustomer(Record):
    customer_id: str = ""
    customer: str = ""
    customer_business_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRecord(AboutCustomer):
    name: str
    email: str = ""
    rep: str = ""
    created_on: dt.date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadRecord(AboutCustomer):
    """company: the name as written, where the company is no customer yet."""

    company: str = ""
    name: str = ""
    channel: str = ""
    direction: str = "outbound"
    status: str = ""
    rep: str = ""
    created_on: dt.date | None = None
    qualified_on: dt.date | None = None
    converted_on: dt.date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityRecord(AboutCustomer):
    """kind: one of `ActivityKind`; type: the organisation's own name for it. occurred_at wins over occurred_on."""

    kind: str
    type: str = ""
    outcome: str = ""
    subject: str = ""
    rep: str = ""
    contact_id: str = ""
    deal_id: str = ""
    occurred_at: dt.datetime | None = None
    occurred_on: dt.date | None = None
    booked_on: dt.date | None = None
    duration_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DealRecord(AboutCustomer):
    """pipeline: empty means the organisation's first one that has the stage. currency: empty means the base currency.

    lead_id: the id at the source of the lead it came from, which thereby became a customer.
    opened_by, closed_by: empty means the owner at opening and at closing.
    qualified_on: since when it counts as a qualified opportunity; None: when it first enters a qualified or won stage.
    stage_changed_at: when the deal entered its stage, where that is known.
    """

    name: str
    lead_id: str = ""
    product: str = ""
    channel: str = ""
    owner: str = ""
    opened_by: str = ""
    closed_by: str = ""
    pipeline: str = ""
    stage: str
    amount: Decimal | None = None
    currency: str = ""
    one_time_amount: Decimal | None = None
    term_months: int | None = None
    first_contact_on: dt.date | None = None
    opened_on: dt.date | None = None
    qualified_on: dt.date | None = None
    expected_close_on: dt.date | None = None
    closed_on: dt.date | None = None
    lost_reason: str = ""
    stage_changed_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StageChangeRecord(Record):
    """A deal entered a stage: history, which does not move the deal. Without an id it is known by deal, stage and moment.

    deal_id: the deal's id at the source. pipeline: empty means the deal's own. rep: empty means who has the deal.
    """

    deal_id: str
    stage: str
    pipeline: str = ""
    changed_at: dt.datetime
    rep: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractRecord(AboutCustomer):
    """Recurring revenue in [starts_on, ends_on); None: until further notice. margin: a share, 0.8 is 80 %."""

    deal_id: str = ""
    starts_on: dt.date
    ends_on: dt.date | None = None
    yearly_amount: Decimal
    currency: str = ""
    margin: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CostRecord(Record):
    """Spread over [starts_on, ends_on). team: a team's name."""

    category: str
    amount: Decimal
    currency: str = ""
    starts_on: dt.date
    ends_on: dt.date
    team: str = ""
    rep: str = ""
    note: str = ""


AnyRecord = (
    RepRecord | CustomerRecord | ContactRecord | LeadRecord | DealRecord | StageChangeRecord | ContractRecord | ActivityRecord | CostRecord
)

RECORDS: dict[Kind, type[AnyRecord]] = {
    Kind.REPS: RepRecord,
    Kind.CUSTOMERS: CustomerRecord,
    Kind.CONTACTS: ContactRecord,
    Kind.LEADS: LeadRecord,
    Kind.DEALS: DealRecord,
    Kind.STAGE_CHANGES: StageChangeRecord,
    Kind.CONTRACTS: ContractRecord,
    Kind.ACTIVITIES: ActivityRecord,
    Kind.COSTS: CostRecord,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Why the record at `index` (from 0) cannot be taken. field: the record's field, empty for the whole record.

    advice: what to do about it, where that can be said.
    """

    index: int
    field: str
    message: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class UpsertSummary:
    """also_made: how many reps, customers, teams, stages and products were made because records name them.

    left_empty: links that lead nowhere and were left empty, because that was allowed.
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    also_made: tuple[tuple[str, int], ...] = ()
    left_empty: tuple[Problem, ...] = ()
