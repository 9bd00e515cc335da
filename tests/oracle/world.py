"""One organisation's rows as plain dicts, and what can be read off them by looping."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from kpi_tracker.orgs.models import ClosingDay, ExchangeRate, Organisation, Rep, Team, TeamAssignment
from kpi_tracker.sales.models import Activity, Contact, Customer, Deal, Lead

Row = dict[str, Any]
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class World:
    organisation: Row
    teams: list[Row]
    reps: list[Row]
    assignments: list[Row]
    closing_days: list[Row]
    rates: list[Row]
    customers: list[Row]
    contacts: list[Row]
    leads: list[Row]
    activities: list[Row]
    deals: list[Row]

    def team_of(self, rep_id: int, day: dt.date) -> int | None:
        for row in self.assignments:
            if row["rep_id"] == rep_id and row["valid_from"] <= day and (row["valid_to"] is None or day < row["valid_to"]):
                return int(row["team_id"])
        return None

    def is_within(self, team_id: int | None, above: int) -> bool:
        """Whether the team is `above` or stands below it."""
        while team_id is not None:
            if team_id == above:
                return True
            team_id = next(row["parent_id"] for row in self.teams if row["id"] == team_id)
        return False

    def in_base_currency(self, deal: Row) -> Decimal | None:
        """The deal's amount at the newest rate known on the day it closed; None without amount or rate."""
        if deal["amount"] is None:
            return None
        if deal["currency"] == self.organisation["base_currency"]:
            return Decimal(deal["amount"])
        known = [row for row in self.rates if row["currency"] == deal["currency"] and row["day"] <= deal["closed_on"]]
        if not known:
            return None
        newest = known[0]
        for row in known:
            if row["day"] > newest["day"]:
                newest = row
        return (Decimal(deal["amount"]) * Decimal(newest["rate"])).quantize(CENT, ROUND_HALF_UP)


def read(organisation_id: int) -> World:
    """Everything of the organisation, as it stands in the tables now."""

    def rows(model: Any) -> list[Row]:
        return list(model._base_manager.filter(organisation_id=organisation_id).order_by("id").values())

    return World(
        organisation=Organisation._base_manager.values().get(id=organisation_id),
        teams=rows(Team), reps=rows(Rep), assignments=rows(TeamAssignment), closing_days=rows(ClosingDay), rates=rows(ExchangeRate),
        customers=rows(Customer), contacts=rows(Contact), leads=rows(Lead), activities=rows(Activity), deals=rows(Deal),
    )
