"""Draws edits of an organisation, and makes them: by form, in bulk, by `update()` or by plain SQL."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.db import connection
from hypothesis import strategies as st

from kpi_tracker.orgs.models import ExchangeRate, Team, TeamAssignment, TeamPlacement
from kpi_tracker.sales.models import Activity, Contact, Contract, Cost, Customer, Deal, Lead, Pipeline, Stage, StageChange
from kpi_tracker.sales.records import ActivityRecord, Kind
from kpi_tracker.sales.services import records_upsert
from tests.oracle import worlds
from tests.oracle.worlds import DAYS, MAYBE_DAY, MOVES, PLACES, RATES, REP, Built

NOW = dt.datetime(2025, 6, 1, 12, tzinfo=dt.UTC)
CLOSING = ("status", "stage", "closed_on", "closed_by")
FACTS: dict[str, tuple[Any, Any, Any, list[tuple[str, ...]]]] = {
    "activity": (
        Activity, worlds.ACTIVITIES, worlds.activity_values,
        [("kind",), ("outcome",), ("rep",), ("customer",), ("occurred_on",), ("booked_on",),
         ("kind", "outcome", "customer", "occurred_on")],
    ),
    "deal": (
        Deal, worlds.DEALS, worlds.deal_values,
        [("amount",), ("currency",), ("customer",), ("owner",), ("opened_by",), ("opened_on",), ("first_contact_on",), ("closed_by",),
         ("closed_on",), CLOSING, ("lead",), ("stage",), ("product",), ("qualified_on",), ("expected_close_on",),
         ("one_time_amount", "term_months")],
    ),
    "lead": (
        Lead, worlds.LEADS, worlds.lead_values,
        [("customer", "company", "company_key"), ("direction",), ("rep",), ("created_on",), ("qualified_on",), ("converted_on",)],
    ),
    "stage_change": (
        StageChange, worlds.STAGE_CHANGES, worlds.stage_change_values,
        [("deal",), ("to_stage",), ("from_stage",), ("changed_at", "changed_on"), ("rep",), ("to_stage", "changed_at", "changed_on")],
    ),
    "contract": (
        Contract, worlds.CONTRACTS, worlds.contract_values,
        [("customer",), ("starts_on", "ends_on"), ("yearly_amount", "margin"), ("currency",)],
    ),
    "cost": (Cost, worlds.COSTS, worlds.cost_values, [("amount",), ("starts_on", "ends_on"), ("currency",)]),
    "contact": (Contact, worlds.CONTACTS, worlds.contact_values, [("customer",), ("added_by",), ("created_on",)]),
}
# What a program that is not Django does before it deletes a row.
CUTS = {
    Deal: ["DELETE FROM sales_stagechange WHERE deal_id = %s", "UPDATE sales_contract SET deal_id = NULL WHERE deal_id = %s"],
    Lead: ["UPDATE sales_deal SET lead_id = NULL WHERE lead_id = %s"],
}
PICK = st.integers(0, 30)


def _of_fact(fact: str) -> st.SearchStrategy[dict[str, Any]]:
    row, groups = FACTS[fact][1], FACTS[fact][3]
    base = {"fact": st.just(fact), "pick": PICK}
    add = st.fixed_dictionaries(base | {"do": st.just("add"), "row": row, "via": st.sampled_from(["save", "bulk", "sql"])})
    change = st.fixed_dictionaries(base | {
        "do": st.just("change"), "row": row, "fields": st.sampled_from(groups),
        "via": st.sampled_from(["save", "update", "bulk", "sql", "many", "many"]),
    })
    delete = st.fixed_dictionaries(base | {"do": st.just("delete"), "via": st.sampled_from(["save", "update", "sql", "many"])})
    return st.one_of(change, change, add, delete)


OTHERS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "customer": st.fixed_dictionaries({"pick": PICK, "day": MAYBE_DAY, "rep": REP, "delete": st.booleans()}),
    "moves": st.fixed_dictionaries({"rep": st.integers(1, 4), "moves": MOVES}),
    "assignment": st.fixed_dictionaries(
        {"pick": PICK, "how": st.sampled_from(["team", "end", "delete", "rep"]), "day": DAYS, "team": st.integers(0, 3)}
    ),
    "places": st.fixed_dictionaries({"team": st.integers(2, 3), "moves": PLACES, "cut": st.booleans(), "day": DAYS}),
    "parent": st.fixed_dictionaries({"team": st.integers(2, 3), "above": st.integers(0, 2), "via": st.sampled_from(["save", "sql"])}),
    "rate": st.fixed_dictionaries({
        "pick": PICK, "how": st.sampled_from(["add", "rate", "day", "currency", "delete"]), "day": DAYS, "rate": RATES,
        "currency": st.sampled_from(["SEK", "USD"]),
    }),
    "stage": st.fixed_dictionaries({
        "pick": PICK, "how": st.sampled_from(["position", "position", "kind", "pipeline"]), "position": st.integers(0, 4),
        "kind": st.sampled_from(["open", "open", "won", "lost"]), "via": st.sampled_from(["save", "update", "sql"]),
    }),
    "settings": worlds.SETTINGS.map(lambda fields: {"fields": fields}),
    "import": st.fixed_dictionaries({"rows": st.lists(worlds.ACTIVITIES, min_size=1, max_size=3)}),
}
OF_FACTS = {fact: _of_fact(fact) for fact in FACTS}


def _drawn(what: str) -> st.SearchStrategy[dict[str, Any]]:
    return OF_FACTS[what] if what in FACTS else OTHERS[what].map(lambda edit: edit | {"do": what})


# The kind is drawn first: each gets its turn, however many choices the others have.
EDITS = st.sampled_from([
    "activity", "activity", "deal", "deal", "deal", "lead", "lead", "stage_change", "stage_change", "contract", "cost", "contact", *OTHERS,
]).flatmap(_drawn)


def make(made: Built, edit: dict[str, Any]) -> None:
    {
        "add": _add, "change": _change, "delete": _delete, "customer": _customer, "moves": _moves, "assignment": _assignment,
        "places": _places, "parent": _parent, "rate": _rate, "stage": _stage, "settings": _settings, "import": _import,
    }[edit["do"]](made, edit)


def _add(made: Built, edit: dict[str, Any]) -> None:
    model, _, values, _ = FACTS[edit["fact"]]
    new = values(made, edit["row"])
    if new is None:
        return
    row = model(**new)
    match edit["via"]:
        case "save":
            row.save()
        case "bulk":
            model.objects.bulk_create([row, model(**new)])
        case "sql":
            insert(row)


def _change(made: Built, edit: dict[str, Any]) -> None:
    model, _, values, _ = FACTS[edit["fact"]]
    rows, many = _rows(model, made, edit), edit["via"] == "many"
    if not rows:
        return
    fields: tuple[str, ...] = edit["fields"]
    new = values(made, edit["row"])
    if model is Deal and set(fields) & {"closed_on", "closed_by"} and "open" in {new["status"], *(row.status for row in rows)}:
        fields = CLOSING
    for row in rows:
        for name in fields:
            setattr(row, name, new[name])
    if many or edit["via"] == "update":
        model.objects.filter(pk__in=[row.pk for row in rows]).update(**{name: new[name] for name in fields})
    elif edit["via"] == "save":
        rows[0].save()
    elif edit["via"] == "bulk":
        model.objects.bulk_update(rows, fields)
    else:
        update(rows[0], fields)


def _delete(made: Built, edit: dict[str, Any]) -> None:
    model = FACTS[edit["fact"]][0]
    rows = _rows(model, made, edit)
    if edit["via"] == "save" and rows:
        rows[0].delete()
    elif edit["via"] == "sql":
        for row in rows:
            for cut in CUTS.get(model, ()):
                execute(cut, [row.pk])
            execute(f"DELETE FROM {model._meta.db_table} WHERE id = %s", [row.pk])  # noqa: S608
    else:
        model.objects.filter(pk__in=[row.pk for row in rows]).delete()


def _rows(model: Any, made: Built, edit: dict[str, Any]) -> list[Any]:
    """The row that the edit picks; every other row where it edits many at once."""
    rows = list(model.objects.filter(organisation=made.organisation).order_by("id"))
    if edit["via"] == "many":
        return rows[edit["pick"] % 2::2]
    return [rows[edit["pick"] % len(rows)]] if rows else []


def _customer(made: Built, edit: dict[str, Any]) -> None:
    """Deleting a company takes it off its leads and activities, and its contracts with it; one with deals stays, and so does the last."""
    customer = made.customers[edit["pick"] % len(made.customers)]
    if edit["delete"] and len(made.customers) > 1 and not Deal.objects.filter(customer=customer).exists():
        made.customers.remove(customer)
        customer.delete()
        return
    Customer.objects.filter(pk=customer.pk).update(created_on=edit["day"], added_by=made.reps[edit["rep"]])


def _moves(made: Built, edit: dict[str, Any]) -> None:
    rep = made.reps[edit["rep"]]
    TeamAssignment.objects.filter(rep=rep).delete()
    worlds.assign(made, rep, edit["moves"])


def _assignment(made: Built, edit: dict[str, Any]) -> None:
    rows = list(TeamAssignment.objects.filter(organisation=made.organisation).order_by("id"))
    if not rows:
        return
    row = rows[edit["pick"] % len(rows)]
    match edit["how"]:
        case "team":
            row.team = made.teams[edit["team"]]
            row.save()
        case "end" if edit["day"] > row.valid_from and (row.valid_to is None or edit["day"] < row.valid_to):
            TeamAssignment.objects.filter(pk=row.pk).update(valid_to=edit["day"])
        case "rep":
            TeamAssignment.objects.filter(rep=made.reps[4]).delete()
            TeamAssignment.objects.filter(pk=row.pk).update(rep=made.reps[4])
        case "delete":
            execute("DELETE FROM orgs_teamassignment WHERE id = %s", [row.pk])


def _places(made: Built, edit: dict[str, Any]) -> None:
    """All of a team's places at once; or one of them ends earlier, by plain SQL."""
    rows = TeamPlacement.objects.filter(organisation=made.organisation, team=made.teams[edit["team"]])
    if not edit["cut"]:
        rows.delete()
        worlds.place_team(made, edit["team"], edit["moves"])
        return
    row = rows.order_by("id").first()
    if row is not None and edit["day"] > row.valid_from and (row.valid_to is None or edit["day"] < row.valid_to):
        row.valid_to = edit["day"]
        update(row, ("valid_to",))


def _parent(made: Built, edit: dict[str, Any]) -> None:
    """Team 2 or 3 goes below one that comes before it, so that there is no circle; below itself means to the top."""
    team, above = made.teams[edit["team"]], made.teams[edit["above"]]
    team.parent = None if above == team else above
    if edit["via"] == "save":
        team.save()
    else:
        update(team, ("parent",))
    assert Team.objects.get(pk=team.pk).parent_id == team.parent_id


def _rate(made: Built, edit: dict[str, Any]) -> None:
    rates = ExchangeRate.objects.filter(organisation=made.organisation)
    taken = {(row.currency, row.day) for row in rates}
    if edit["how"] == "add":
        if (edit["currency"], edit["day"]) not in taken:
            rates.create(organisation=made.organisation, currency=edit["currency"], day=edit["day"], rate=Decimal(edit["rate"]))
        return
    rows = list(rates.order_by("id"))
    if not rows:
        return
    row = rows[edit["pick"] % len(rows)]
    match edit["how"]:
        case "rate":
            row.rate = Decimal(edit["rate"])
            row.save()
        case "day" if (row.currency, edit["day"]) not in taken:
            rates.filter(pk=row.pk).update(day=edit["day"])
        case "currency" if (edit["currency"], row.day) not in taken:
            row.currency = edit["currency"]
            update(row, ("currency",))
        case "delete":
            row.delete()


def _stage(made: Built, edit: dict[str, Any]) -> None:
    stage = Stage.objects.get(pk=made.stages[edit["pick"] % len(made.stages)].pk)
    match edit["how"]:
        case "position":
            stage.position = edit["position"]
        case "kind":
            stage.kind = edit["kind"]
        case "pipeline":
            stage.pipeline = Pipeline.objects.filter(organisation=made.organisation).exclude(pk=stage.pipeline_id).get()
    match edit["via"]:
        case "save":
            stage.save()
        case "update":
            Stage.objects.filter(pk=stage.pk).update(**{edit["how"]: getattr(stage, edit["how"])})
        case "sql":
            update(stage, (edit["how"],))


def _settings(made: Built, edit: dict[str, Any]) -> None:
    for name, value in edit["fields"].items():
        setattr(made.organisation, name, value)
    made.organisation.save()


def _import(made: Built, edit: dict[str, Any]) -> None:
    """The same records twice; an earlier import's rows with the same ids are updated."""
    records = [
        ActivityRecord(
            external_id=str(number), kind=row["kind"], outcome=row["outcome"], rep=made.reps[row["rep"]].name if row["rep"] else "",
            customer="" if row["customer"] is None else ("Acme", "Beta", "Coda")[row["customer"]], occurred_on=row["occurred_on"],
            booked_on=row["booked_on"],
        )
        for number, row in enumerate(edit["rows"])
    ]
    for _ in range(2):
        done = records_upsert(organisation=made.organisation, kind=Kind.ACTIVITIES, records=records, source="file", now=NOW)
    assert (done.created, done.updated, done.unchanged) == (0, 0, len(records))


def insert(row: Any) -> None:
    """Write the row as a program that is not Django would."""
    fields = [field for field in row._meta.concrete_fields if not field.primary_key]
    names, places = ", ".join(field.column for field in fields), ", ".join(["%s"] * len(fields))
    execute(f"INSERT INTO {row._meta.db_table} ({names}) VALUES ({places})", [_raw(row, field) for field in fields])  # noqa: S608


def update(row: Any, fields: tuple[str, ...]) -> None:
    changed = [row._meta.get_field(name) for name in fields]
    sets = ", ".join(f"{field.column} = %s" for field in changed)
    execute(f"UPDATE {row._meta.db_table} SET {sets} WHERE id = %s", [*(_raw(row, field) for field in changed), row.pk])  # noqa: S608


def _raw(row: Any, field: Any) -> Any:
    value = field.get_db_prep_save(getattr(row, field.attname), connection)
    return value.isoformat() if isinstance(value, dt.date) else value  # moments too


def execute(sql: str, values: list[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
