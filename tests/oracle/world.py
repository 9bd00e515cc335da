"""One organisation's rows as plain dicts, and what can be read off them by looping."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from kpi_tracker.orgs.models import ClosingDay, ExchangeRate, Organisation, Rep, Team, TeamAssignment, TeamPlacement
from kpi_tracker.sales.models import Activity, Contact, Contract, Cost, Customer, Deal, Lead, Product, Stage, StageChange

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class World:
    """goals: rows with kpi, kind, subject_kind, team_id, rep_id, customer_id, starts_on, ends_on, target."""

    organisation: Row
    teams: list[Row] = field(default_factory=list)
    placements: list[Row] = field(default_factory=list)
    reps: list[Row] = field(default_factory=list)
    assignments: list[Row] = field(default_factory=list)
    closing_days: list[Row] = field(default_factory=list)
    rates: list[Row] = field(default_factory=list)
    customers: list[Row] = field(default_factory=list)
    contacts: list[Row] = field(default_factory=list)
    leads: list[Row] = field(default_factory=list)
    activities: list[Row] = field(default_factory=list)
    deals: list[Row] = field(default_factory=list)
    products: list[Row] = field(default_factory=list)
    stages: list[Row] = field(default_factory=list)
    stage_changes: list[Row] = field(default_factory=list)
    contracts: list[Row] = field(default_factory=list)
    costs: list[Row] = field(default_factory=list)
    goals: list[Row] = field(default_factory=list)

    def team_of(self, rep_id: int, day: dt.date) -> int | None:
        for row in self.assignments:
            if row["rep_id"] == rep_id and row["valid_from"] <= day and (row["valid_to"] is None or day < row["valid_to"]):
                return int(row["team_id"])
        return None

    def is_within(self, team_id: int | None, above: int, day: dt.date) -> bool:
        """Whether the team was `above` or stood below it on that day."""
        while team_id is not None:
            if team_id == above:
                return True
            team_id = self.parent_of(team_id, day)
        return False

    def parent_of(self, team_id: int, day: dt.date) -> int | None:
        """The team that it stood below on that day; what its own row says where no placement speaks of the day."""
        for row in self.placements:
            if row["team_id"] == team_id and row["valid_from"] <= day and (row["valid_to"] is None or day < row["valid_to"]):
                return row["parent_id"]
        return next(row["parent_id"] for row in self.teams if row["id"] == team_id)

    def rate(self, currency: str, day: dt.date) -> Fraction | None:
        """What one unit is worth in the base currency: the newest rate known on that day; None without one."""
        if currency == self.organisation["base_currency"]:
            return Fraction(1)
        newest = None
        for row in self.rates:
            if row["currency"] == currency and row["day"] <= day and (newest is None or row["day"] > newest["day"]):
                newest = row
        return Fraction(newest["rate"]) if newest else None

    def amount(self, deal: Row, day: dt.date | None) -> Decimal | None:
        """The deal's amount at the rate of `day`; None without amount, day or rate."""
        if deal["amount"] is None or day is None:
            return None
        rate = self.rate(deal["currency"], day)
        return None if rate is None else in_cents(Fraction(deal["amount"]) * rate)

    def changes_of(self, deal: Row) -> list[Row]:
        """The deal's stage changes, first to last."""
        own = [row for row in self.stage_changes if row["deal_id"] == deal["id"]]
        return sorted(own, key=lambda row: (row["changed_at"], row["id"]))

    def stage(self, stage_id: int) -> Row:
        return next(row for row in self.stages if row["id"] == stage_id)


def in_cents(amount: Fraction) -> Decimal:
    """The amount with two decimals, halves away from zero."""
    whole, rest = divmod(abs(amount) * 100, 1)
    cents = int(whole) + (rest >= Fraction(1, 2))
    return Decimal(-cents if amount < 0 else cents).scaleb(-2)


def read(organisation_id: int, goals: Iterable[Row] = ()) -> World:
    """Everything of the organisation, as it stands in the tables now."""

    def rows(model: Any) -> list[Row]:
        return list(model._base_manager.filter(organisation_id=organisation_id).order_by("id").values())

    return World(
        organisation=Organisation._base_manager.values().get(id=organisation_id),
        teams=rows(Team), placements=rows(TeamPlacement), reps=rows(Rep), assignments=rows(TeamAssignment),
        closing_days=rows(ClosingDay), rates=rows(ExchangeRate), customers=rows(Customer), contacts=rows(Contact), leads=rows(Lead),
        activities=rows(Activity), deals=rows(Deal), products=rows(Product), stages=rows(Stage), stage_changes=rows(StageChange),
        contracts=rows(Contract), costs=rows(Cost), goals=list(goals),
    )
