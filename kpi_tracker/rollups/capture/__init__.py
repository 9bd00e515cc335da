"""Change capture: triggers that write the buckets which a change touches to `DirtyBucket`, in its own transaction.

However a record was changed (a form, `bulk_create`, `update()`, COPY, plain SQL), its cells are known to be stale. Each
changed row marks its rep and day, old and new. Beyond that a change can ripple: where only the first record of a
company counts, another record may become, or cease to be, the first.

The triggers are put in place after each `migrate`, because SQLite drops a table's triggers when a migration remakes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Ripple:
    """Rows of the same `per` that a change may make count, or stop counting.

    days: those in as many days from the changed row's own; None: the earliest other one.
    where: SQL condition on the rows that matter at all; `{row}` stands for the row.
    """

    per: str
    rep: str
    day: str
    where: str
    days: int | None = None


@dataclass(frozen=True, slots=True)
class Captured:
    """A fact table, the pairs of rep and day that its measures count on, and its ripple."""

    table: str
    fact: str
    clocks: tuple[tuple[str, str], ...]
    ripple: Ripple | None = None


CAPTURED = (
    Captured(
        "sales_activity", "activity", (("rep_id", "occurred_on"), ("rep_id", "booked_on")),
        Ripple("customer_id", "rep_id", "occurred_on",
               "{row}.kind = 'meeting' AND {row}.outcome = 'reached' AND {row}.customer_id IS NOT NULL"),
    ),
    Captured(
        "sales_deal", "deal", (("opened_by_id", "opened_on"), ("closed_by_id", "closed_on")),
        Ripple("customer_id", "closed_by_id", "closed_on", "{row}.status = 'won' AND {row}.customer_id IS NOT NULL"),
    ),
    Captured(
        "sales_lead", "lead", (("rep_id", "created_on"), ("rep_id", "qualified_on")),
        Ripple("company_key", "rep_id", "created_on", "{row}.direction = 'inbound' AND {row}.company_key <> ''", days=90),
    ),
    Captured("sales_customer", "customer", (("added_by_id", "created_on"),)),
    Captured("sales_contact", "contact", (("added_by_id", "created_on"),)),
)


def install(connection: Any) -> None:
    """Put the triggers in place on `connection`'s database, instead of any that are there."""
    from kpi_tracker.rollups.capture import postgresql, sqlite

    statements = {"postgresql": postgresql.statements, "sqlite": sqlite.statements}[connection.vendor]
    with connection.cursor() as cursor:
        for statement in statements():
            cursor.execute(statement)
