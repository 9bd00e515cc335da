"""Change capture: triggers that write the buckets which a change touches to `DirtyBucket`, in its own transaction.

However a record was changed (a form, `bulk_create`, `update()`, COPY, plain SQL), its cells are known to be stale. Each
changed row marks its rep and day on each of its clocks, old and new. Beyond that a change can reach other rows (`Mark`):
where only the first record of a company counts, another may become, or cease to be, the first; a deal that is won changes
what became of the company's first meeting; a rate changes the deals of its days.

The triggers are put in place after each `migrate`, because SQLite drops a table's triggers when a migration remakes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kpi_tracker.orgs.triggers import at_once


@dataclass(frozen=True, slots=True)
class Mark:
    """Buckets that a changed row reaches in other rows.

    source: tables and condition, as after FROM, in which `{row}` stands for the changed row, `{others}` for the condition that
    `a` is not itself among the changed rows, and `{in_90_days}` for 90 days after the row's `created_on`.
    columns: what `source` reads of the changed row. where: condition on the changed row, for which it is asked at all.
    """

    fact: str
    rep: str
    day: str
    source: str
    columns: tuple[str, ...]
    where: str = ""
    kind: str = "r"
    organisation: str = "organisation_id"


@dataclass(frozen=True, slots=True)
class Captured:
    """A fact table, the pairs of rep and day that its measures count on, and what else its changes reach."""

    table: str
    fact: str
    clocks: tuple[tuple[str, str], ...]
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Watched:
    """A table that is no fact table but changes what cells hold.

    changed: of updates only those count that change one of these columns; empty: all. name: tells apart two of one table.
    stale: condition on cells (their columns after `{cell}`), by `{row}`, that are gone for good.
    waits: for a refresh that is running and has read what is changed here. (SQLite's writers are alone anyway.)
    """

    table: str
    events: tuple[str, ...]
    marks: tuple[Mark, ...]
    changed: tuple[str, ...] = ()
    stale: str = ""
    name: str = ""
    waits: bool = False


def _first_of_customer(where: str, *, others: bool) -> str:
    """The customer's earliest activity of a kind."""
    return (
        "(SELECT a.rep_id, a.occurred_on FROM sales_activity a WHERE a.organisation_id = {row}.organisation_id"
        f" AND a.customer_id = {{row}}.customer_id AND {where}{' AND {others}' if others else ''}"
        " ORDER BY a.occurred_on, a.id LIMIT 1) f"
    )


MEETING_HELD = "{0}.kind = 'meeting' AND {0}.outcome = 'reached' AND {0}.customer_id IS NOT NULL"
CONTACT_MADE = "{0}.kind <> 'other' AND {0}.outcome NOT IN ('planned', 'cancelled') AND {0}.customer_id IS NOT NULL"
WON = "{0}.status = 'won' AND {0}.customer_id IS NOT NULL"
INBOUND = "{0}.direction = 'inbound' AND {0}.company_key <> ''"
SAME_DEAL = ("organisation_id", "deal_id")

CAPTURED = (
    Captured(
        "sales_activity", "activity", (("rep_id", "occurred_on"), ("rep_id", "booked_on")),
        tuple(
            Mark("activity", "f.rep_id", "f.occurred_on", _first_of_customer(which.format("a"), others=True),
                 ("organisation_id", "customer_id"), which.format("{row}"))
            for which in (MEETING_HELD, CONTACT_MADE)
        ),
    ),
    Captured(
        "sales_deal", "deal",
        (("opened_by_id", "opened_on"), ("closed_by_id", "closed_on"), ("owner_id", "opened_on"), ("closed_by_id", "opened_on"),
         ("owner_id", "qualified_on"), ("closed_by_id", "qualified_on")),
        (
            Mark("deal", "f.closed_by_id", "f.closed_on",
                 "(SELECT a.closed_by_id, a.closed_on FROM sales_deal a WHERE a.organisation_id = {row}.organisation_id"
                 f" AND a.customer_id = {{row}}.customer_id AND {WON.format('a')} AND {{others}} ORDER BY a.closed_on, a.id LIMIT 1) f",
                 ("organisation_id", "customer_id"), WON.format("{row}")),
            *(
                Mark("activity", "f.rep_id", "f.occurred_on", _first_of_customer(which.format("a"), others=False),
                     ("organisation_id", "customer_id"), WON.format("{row}"))
                for which in (MEETING_HELD, CONTACT_MADE)
            ),
            Mark("deal", "l.rep_id", "l.created_on", "sales_lead l WHERE l.id = {row}.lead_id", ("organisation_id", "lead_id"),
                 "{row}.lead_id IS NOT NULL AND {row}.status = 'won'"),
        ),
    ),
    Captured(
        "sales_lead", "lead", (("rep_id", "created_on"), ("rep_id", "qualified_on")),
        (
            Mark("lead", "a.rep_id", "a.created_on",
                 "sales_lead a WHERE a.organisation_id = {row}.organisation_id AND a.company_key = {row}.company_key"
                 f" AND {INBOUND.format('a')} AND a.created_on >= {{row}}.created_on AND a.created_on < {{in_90_days}}",
                 ("organisation_id", "company_key", "created_on"), INBOUND.format("{row}")),
            Mark("deal", "{row}.rep_id", "{row}.created_on",
                 "sales_deal d WHERE d.organisation_id = {row}.organisation_id AND d.lead_id = {row}.id",
                 ("organisation_id", "id", "rep_id", "created_on")),
        ),
    ),
    Captured(
        "sales_stagechange", "stage", (("rep_id", "changed_on"),),
        (
            Mark("stage", "a.rep_id", "a.changed_on",
                 "sales_stagechange a WHERE a.organisation_id = {row}.organisation_id AND a.deal_id = {row}.deal_id", SAME_DEAL),
        ),
    ),
    Captured(
        "sales_customer", "customer", (("added_by_id", "created_on"),),
    ),
    Captured("sales_contact", "contact", (("added_by_id", "created_on"),)),
)

EVERY_EVENT = ("insert", "update", "delete")
MEMBER_DAYS = "rollups_rollupcell c WHERE c.organisation_id = {row}.organisation_id AND c.grain = 'd' AND "
PLACED = (
    "c.scope_kind = 't' AND c.scope_id = {row}.team_id AND c.bucket >= {row}.valid_from"
    " AND ({row}.valid_to IS NULL OR c.bucket < {row}.valid_to)"
)
PLACEMENT = ("organisation_id", "team_id", "parent_id", "valid_from", "valid_to")
UNTIL_NEXT_RATE = (
    "COALESCE((SELECT MIN(later.day) FROM orgs_exchangerate later WHERE later.organisation_id = {row}.organisation_id"
    " AND later.currency = {row}.currency AND later.day > {row}.day), '9999-12-31')"
)
# The days of a deal that its amount counts on, by the day whose rate converts it.
CONVERTED = (
    ("d.closed_by_id", "d.closed_on", "d.closed_on", "sales_deal d"),
    ("l.rep_id", "l.created_on", "d.closed_on", "sales_deal d JOIN sales_lead l ON l.id = d.lead_id"),
    ("d.opened_by_id", "d.opened_on", "d.opened_on", "sales_deal d"),
    ("d.owner_id", "d.opened_on", "d.opened_on", "sales_deal d"),
    ("d.closed_by_id", "d.opened_on", "d.opened_on", "sales_deal d"),
    ("d.closed_by_id", "d.closed_on", "d.opened_on", "sales_deal d"),
)


OWN_CELLS = "{cell}organisation_id = {row}.organisation_id AND {cell}measure LIKE 'own:' || {row}.id || ':%'"


def _records_of(condition: str, columns: tuple[str, ...]) -> tuple[Mark, ...]:
    """Every bucket of every fact table for which the condition, with `{fact}`, holds of the changed row."""
    return tuple(
        Mark(captured.fact, f"t.{rep}", f"t.{day}",
             f"{captured.table} t WHERE t.organisation_id = {{row}}.organisation_id AND " + condition.replace("{fact}", captured.fact),
             ("organisation_id", *columns))
        for captured in CAPTURED
        for rep, day in captured.clocks
    )


WATCHED = (
    # A team's sum changes on each day on which its coming or going member has cells.
    Watched(
        "orgs_teamassignment", EVERY_EVENT,
        (Mark("", "{row}.team_id", "c.bucket",
              MEMBER_DAYS + "c.scope_kind = 'r' AND c.scope_id = {row}.rep_id AND c.bucket >= {row}.valid_from"
              " AND ({row}.valid_to IS NULL OR c.bucket < {row}.valid_to)",
              ("organisation_id", "team_id", "rep_id", "valid_from", "valid_to"), kind="t"),),
        waits=True,
    ),
    # A team that moves in the tree leaves the sum above it and enters another, on each day on which it has cells.
    Watched(
        "orgs_team", ("update",),
        (Mark("", "{row}.parent_id", "c.bucket", MEMBER_DAYS + "c.scope_kind = 't' AND c.scope_id = {row}.id",
              ("organisation_id", "id", "parent_id"), "{row}.parent_id IS NOT NULL", kind="t"),),
        changed=("parent_id",), waits=True,
    ),
    # The same for the days of a placement; `parent_id` of the team itself is where it stands without one.
    Watched(
        "orgs_teamplacement", EVERY_EVENT,
        (Mark("", "{row}.parent_id", "c.bucket", MEMBER_DAYS + PLACED, PLACEMENT, "{row}.parent_id IS NOT NULL", kind="t"),
         Mark("", "m.parent_id", "c.bucket", "orgs_team m, " + MEMBER_DAYS + PLACED + " AND m.id = {row}.team_id", PLACEMENT, kind="t")),
        waits=True,
    ),
    # A rate holds from its day until the next one.
    Watched(
        "orgs_exchangerate", EVERY_EVENT,
        tuple(
            Mark("deal", rep, day,
                 f"{tables} WHERE d.organisation_id = {{row}}.organisation_id AND d.currency = {{row}}.currency"
                 f" AND {converted} >= {{row}}.day AND {converted} < {UNTIL_NEXT_RATE}", ("organisation_id", "currency", "day"))
            for rep, day, converted, tables in CONVERTED
        ),
    ),
    Watched(
        "orgs_organisation", ("update",),
        tuple(
            Mark("deal", rep, day, f"{tables} WHERE d.organisation_id = {{row}}.id", ("id",), organisation="id")
            for rep, day, _converted, tables in CONVERTED
        ),
        changed=("base_currency",), name="_currency",
    ),
    # Weeks that begin on another day are other buckets: all cells go, and every day that had any is summed up anew.
    Watched(
        "orgs_organisation", ("update",),
        tuple(
            Mark(captured.fact, "c.scope_id", "c.bucket",
                 "rollups_rollupcell c WHERE c.organisation_id = {row}.id AND c.scope_kind = 'r' AND c.grain = 'd'", ("id",),
                 organisation="id")
            for captured in CAPTURED
        ),
        changed=("week_start",), stale="{cell}organisation_id = {row}.id", name="_week",
    ),
    # Which stage is the next one decides what went on to it.
    Watched(
        "sales_stage", EVERY_EVENT,
        (Mark("stage", "a.rep_id", "a.changed_on",
              "sales_stagechange a JOIN sales_stage s ON s.id = a.to_stage_id WHERE a.organisation_id = {row}.organisation_id"
              " AND s.pipeline_id = {row}.pipeline_id", ("organisation_id", "pipeline_id")),
         Mark("deal", "d.owner_id", "d.opened_on", "sales_deal d WHERE d.stage_id = {row}.id", ("organisation_id", "id")),
         Mark("deal", "d.closed_by_id", "d.closed_on", "sales_deal d WHERE d.stage_id = {row}.id", ("organisation_id", "id")),
         Mark("deal", "d.opened_by_id", "d.opened_on", "sales_deal d WHERE d.stage_id = {row}.id", ("organisation_id", "id"))),
        changed=("position", "kind", "pipeline_id"),
    ),
    # Own KPIs may ask for a segment.
    Watched(
        "sales_customer", ("update",),
        tuple(
            Mark(captured.fact, f"t.{rep}", f"t.{day}",
                 f"{captured.table} t WHERE t.organisation_id = {{row}}.organisation_id AND t.customer_id = {{row}}.id",
                 ("organisation_id", "id"))
            for captured in CAPTURED
            if captured.fact in ("activity", "deal", "lead", "contact")
            for rep, day in captured.clocks
        ),
        changed=("segment",), name="_segment",
    ),
    # Another definition: every record is asked again. What was counted before may be of another table, on days that have none of this one.
    Watched(
        "kpis_ownkpiversion", EVERY_EVENT,
        _records_of("'{fact}' IN ({row}.fact, {row}.fact_below)", ("fact", "fact_below")),
        changed=("valid_from", "definition", "fact", "fact_below"), stale=OWN_CELLS.replace("{row}.id", "{row}.own_kpi_id"),
        waits=True,
    ),
    Watched(
        "kpis_ownkpi", ("update",),
        _records_of(
            "EXISTS (SELECT 1 FROM kpis_ownkpiversion v WHERE v.own_kpi_id = {row}.id AND '{fact}' IN (v.fact, v.fact_below))", ("id",)
        ),
        changed=("enabled",), stale=OWN_CELLS, waits=True,
    ),
    Watched("kpis_ownkpi", ("delete",), (), stale=OWN_CELLS, waits=True),
)
TABLES = frozenset({*(captured.table for captured in CAPTURED), *(watched.table for watched in WATCHED)})


def install(connection: Any) -> None:
    """Put the triggers in place on `connection`'s database, instead of any that are there."""
    from kpi_tracker.rollups.capture import postgresql, sqlite

    statements = {"postgresql": postgresql.statements, "sqlite": sqlite.statements}[connection.vendor]
    with connection.cursor() as cursor, at_once(connection):
        for statement in statements():
            cursor.execute(statement)
