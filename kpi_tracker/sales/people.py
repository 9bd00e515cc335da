"""Writers of reps, with their teams, and of customers and contacts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from kpi_tracker.errors import InvalidInput
from kpi_tracker.orgs.models import Rep
from kpi_tracker.orgs.services import BEGINNING, rep_move_team, team_on, team_path_ensure
from kpi_tracker.sales import rows
from kpi_tracker.sales.batch import Batch, one_line
from kpi_tracker.sales.business_ids import business_id
from kpi_tracker.sales.models import Contact, Customer, ExternalId
from kpi_tracker.sales.records import ContactRecord, CustomerRecord, RepRecord
from kpi_tracker.sales.references import CUSTOMER_FIELDS, Customers, Reps
from kpi_tracker.sales.upsert import Row, Writer


class RepWriter(Writer[RepRecord]):
    """A rep is known by id there, else by e-mail address, else by a name that has no other id."""

    model = Rep

    def __init__(self, batch: Batch) -> None:
        super().__init__(batch)
        self.reps = Reps(batch)
        self.other_ids: list[tuple[Any, str]] = []
        self.moves: list[tuple[int, Any, RepRecord, bool]] = []

    def load(self, records: Sequence[RepRecord]) -> None:
        found = {pk for record in records for pk in self._ids(record)}
        self.rows = {row.pk: row for row in Rep.objects.filter(pk__in=found)}

    def _ids(self, record: RepRecord) -> list[int]:
        ids = [self.reps.by_id.get(record.external_id), self.reps.by_email.get(record.email.strip().casefold()) if record.email else None]
        return [pk for pk in ids if pk is not None] + list(self.reps.by_name.get(one_line(record.name).casefold(), ()))

    def match(self, record: RepRecord, existing: dict[str, Any]) -> Any:
        row = self.rows.get(self.reps.by_id.get(record.external_id, 0)) if record.external_id else None
        if row is None and record.email:
            row = self.rows.get(self.reps.by_email.get(record.email.strip().casefold(), 0))
        if row is None:
            named = [self.rows[pk] for pk in self.reps.by_name.get(one_line(record.name).casefold(), ()) if pk in self.rows]
            alike = [found for found in named if not self._told_apart(found, record)]
            row = alike[0] if len(alike) == 1 else None
        if row is not None and record.external_id and self.reps.by_id.get(record.external_id) != row.pk:
            if row.external_id:
                self.other_ids.append((row, record.external_id))
            self.reps.by_id[record.external_id] = row.pk
        return row

    def _told_apart(self, row: Any, record: RepRecord) -> bool:
        """Whether a rep of the same name is somebody else: another id at the same source, or another e-mail address."""
        other_id = record.external_id and row.external_id and row.source == self.batch.source
        return bool(other_id or (row.email and record.email))

    def row(self, record: RepRecord, existing: Any) -> Row:
        name = one_line(record.name)
        if not name:
            self.batch.problem("name", _("A rep needs a name."))
        return {
            "name": name, "email": record.email.strip().lower(), "country": record.country, "share": record.share,
            "started_on": record.started_on, "ended_on": record.ended_on,
        }

    def settle(self, row: Any, before: Row | None, record: RepRecord) -> None:
        if before is not None and record.external_id and not row.external_id:
            row.source, row.external_id = self.batch.source, record.external_id
        if row.started_on and row.ended_on and row.ended_on < row.started_on:
            self.batch.problem("ended_on", _("The last day must not come before the first."))
        if row.share is not None and not 0 < row.share <= 1:
            self.batch.problem("share", _("The part-time share lies between 0 and 1; 1 is full time."))
        if record.team and self.spoken_of(record, "team"):
            self.moves.append((self.batch.index, row, record, before is None))

    def finish(self) -> set[int]:
        _write_other_ids(self.batch, [(None, row, text) for row, text in self.other_ids])
        changed = set()
        for index, row, record, is_new in self.moves:
            self.batch.index = index
            try:
                team, made = team_path_ensure(organisation=self.batch.organisation, path=[one_line(name) for name in record.team])
            except InvalidInput as error:
                self.batch.problem("team", error.message)
                continue
            if made:
                self.batch.made["teams"] += made
            start = record.team_from or (row.started_on or BEGINNING if is_new or not row.assignments.exists() else self.batch.today)
            if team_on(row, start) != team.pk:
                rep_move_team(rep=row, team=team, from_day=start)
                changed.add(row.pk)
        return changed


class CustomerWriter(Writer[CustomerRecord]):
    """A company is known by id there, else by its organisation number, else by a name that nothing else tells apart.

    One known by its number from another source keeps what that source said; only what was empty is filled.
    """

    model = Customer
    sources = {"owner_id": ("owner",), "added_by_id": ("owner",)}

    def __init__(self, batch: Batch) -> None:
        super().__init__(batch)
        self.reps = Reps(batch)
        self.customers = Customers(batch)
        self.parents: list[tuple[int, Any, str]] = []
        self.other_ids: list[tuple[Any, str]] = []
        self.rows: dict[int, Any] = {}
        self.new_by_business: dict[str, Any] = {}
        self.filling = False

    def load(self, records: Sequence[CustomerRecord]) -> None:
        numbers = [self._number(record) for record in records]
        names = [record.name for record in records] + [record.parent for record in records]
        ids = [record.external_id for record in records] + [record.parent for record in records]
        self.customers.load(ids=ids, business_ids=numbers, names=names)
        wanted = {self.customers.by_id[text] for text in ids if text in self.customers.by_id}
        wanted |= {self.customers.by_business[text] for text in numbers if text in self.customers.by_business}
        for record in records:
            wanted |= self.customers.by_name.get(one_line(record.name), set())
        self.rows = Customer.objects.in_bulk(wanted)
        self.new_by_business = {}

    def _number(self, record: CustomerRecord) -> str:
        try:
            return business_id(record.business_id, record.country)
        except InvalidInput:
            return ""

    def existing(self, records: Sequence[CustomerRecord]) -> dict[str, Any]:
        return {}

    def match(self, record: CustomerRecord, existing: dict[str, Any]) -> Any:
        self.filling = False
        row = self.rows.get(self.customers.by_id.get(record.external_id, 0)) if record.external_id else None
        if row is not None:
            self.filling = (row.source, row.external_id) != (self.batch.source, record.external_id)
            return row
        number = self._number(record)
        if number:
            row = self.rows.get(self.customers.by_business.get(number, 0)) or self.new_by_business.get(number)
        if row is None:
            named = [self.rows[pk] for pk in self.customers.by_name.get(one_line(record.name), ()) if pk in self.rows]
            alike = [found for found in named if not found.external_id and (not number or not found.business_id)]
            row = alike[0] if len(alike) == 1 else None
        if row is not None and record.external_id and row.external_id:
            self.filling = True
            self.other_ids.append((row, record.external_id))
        return row

    def row(self, record: CustomerRecord, existing: Any) -> Row:
        name = one_line(record.name)
        if not name:
            self.batch.problem("name", _("A customer needs a name."))
        try:
            number = business_id(record.business_id, record.country)
        except InvalidInput as error:
            self.batch.problem("business_id", error.message)
            number = ""
        values: Row = {
            "name": name, "business_id": number, "country": record.country, "segment": one_line(record.segment),
            "owner_id": self.reps.get(record.owner, "owner"), "created_on": record.created_on,
        }
        if existing is None:
            values["added_by_id"] = values["owner_id"]
        elif self.filling:
            nobody = self.reps.unassigned
            values = {column: new for column, new in values.items() if (old := getattr(existing, column)) in ("", None) or old == nobody}
        return values

    def settle(self, row: Any, before: Row | None, record: CustomerRecord) -> None:
        if before is None and row.business_id:
            self.new_by_business[row.business_id] = row
        if before is not None and record.external_id and not row.external_id:
            row.source, row.external_id = self.batch.source, record.external_id
        clash = self.customers.by_business.get(row.business_id) if row.business_id else None
        if clash is not None and row.pk is not None and clash != row.pk:
            self.batch.problem("business_id", _("Another customer has the organisation number %(number)s.") % {"number": row.business_id})
        if self.spoken_of(record, "parent") and not self.filling and (record.parent or (before and before["parent_id"])):
            self.parents.append((self.batch.index, row, record.parent))

    def written(self, changed: Sequence[Any]) -> None:
        for row in changed:
            self.customers.remember(row)

    def finish(self) -> set[int]:
        _write_other_ids(self.batch, [(row, None, text) for row, text in self.other_ids])
        self.customers.by_id.update({text: row.pk for row, text in self.other_ids})
        changed: dict[int, Any] = {}
        for index, row, text in self.parents:
            self.batch.index = index
            parent = self.customers.find(text) if text else None
            if text and parent is None:
                self.batch.problem("parent", _("There is no single customer “%(name)s”.") % {"name": text})
            elif parent == row.pk:
                self.batch.problem("parent", _("A customer cannot be a part of itself."))
            elif parent != row.parent_id:
                row.parent_id = parent
                changed[row.pk] = row
        rows.change(Customer, list(changed.values()), ["parent_id"])
        return set(changed)


def _write_other_ids(batch: Batch, found: Sequence[tuple[Any, Any, str]]) -> None:
    ExternalId.objects.bulk_create(
        [
            ExternalId(organisation=batch.organisation, source=batch.source, external_id=text, customer=customer, rep=rep)
            for customer, rep, text in found
        ]
    )


class ContactWriter(Writer[ContactRecord]):
    model = Contact
    sources = {"customer_id": CUSTOMER_FIELDS, "added_by_id": ("rep",)}

    def __init__(self, batch: Batch) -> None:
        super().__init__(batch)
        self.reps, self.customers = Reps(batch), Customers(batch)

    def load(self, records: Sequence[ContactRecord]) -> None:
        self.customers.load_for(records)

    def row(self, record: ContactRecord, existing: Any) -> Row:
        rep = self.reps.get(record.rep, "rep")
        if not record.name.strip():
            self.batch.problem("name", _("A contact needs a name."))
        return {
            "customer_id": self.customers.get(record, rep), "name": one_line(record.name), "email": record.email.strip(),
            "added_by_id": rep, "created_on": record.created_on,
        }
