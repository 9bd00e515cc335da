"""Capture of late edits: triggers that write to `LateEdit` what is changed in a closed month, in the change's own transaction.

Nothing is blocked. A row is written down where, before or after the change, it meets a month that is closed; while all its
days are later than that, a look at the organisation's last closed month is all that a change costs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kpi_tracker.orgs.triggers import at_once
from kpi_tracker.rollups.models import LateFact

FAR = "9999-12-31"


@dataclass(frozen=True, slots=True)
class Watched:
    """A table and the days on which its rows matter: from the earliest of `first` to the latest of `last`, which may be empty.

    open_ended: a row whose `last` is empty goes on for ever; else empty days are passed over. A row with no `first` never matters.
    """

    table: str
    fact: LateFact
    first: tuple[str, ...]
    last: tuple[str, ...] = ()
    open_ended: bool = False


WATCHED = (
    Watched("sales_activity", LateFact.ACTIVITY, ("occurred_on", "booked_on"), ("occurred_on", "booked_on")),
    Watched("sales_deal", LateFact.DEAL, ("opened_on", "qualified_on", "closed_on"), ("closed_on",), open_ended=True),
    Watched("sales_stagechange", LateFact.STAGE, ("changed_on",), ("changed_on",)),
    Watched("sales_lead", LateFact.LEAD, ("created_on", "qualified_on"), ("created_on", "qualified_on")),
    Watched("sales_customer", LateFact.CUSTOMER, ("created_on",), ("created_on",)),
    Watched("sales_contact", LateFact.CONTACT, ("created_on",), ("created_on",)),
    Watched("sales_contract", LateFact.CONTRACT, ("starts_on",), ("ends_on",), open_ended=True),
    Watched("sales_cost", LateFact.COST, ("starts_on",), ("ends_on",)),
    Watched("orgs_teamassignment", LateFact.ASSIGNMENT, ("valid_from",), ("valid_to",), open_ended=True),
    Watched("orgs_exchangerate", LateFact.RATE, ("day",), (), open_ended=True),
)
TABLES = {watched.fact: watched.table for watched in WATCHED}
OWN_TABLES = {"rollups_periodclose", "rollups_lateedit"}


def install(connection: Any) -> None:
    """Put the triggers in place on `connection`'s database, instead of any that are there."""
    from kpi_tracker.rollups.capture import late_postgresql, late_sqlite

    with connection.cursor() as cursor, at_once(connection):
        columns = {
            watched.table: [column.name for column in connection.introspection.get_table_description(cursor, watched.table)]
            for watched in WATCHED
        }
        statements = {"postgresql": late_postgresql.statements, "sqlite": late_sqlite.statements}[connection.vendor]
        for statement in statements(columns):
            cursor.execute(statement)
