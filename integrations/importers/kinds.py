"""The kinds of files that can be imported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from integrations.importers import activities, contacts, contracts, costs, deals, goals, leads, people, stage_changes
from integrations.importers.mapping import Field
from integrations.importers.sheet import Row
from kpi_tracker.errors import InvalidInput
from kpi_tracker.sales.records import AnyRecord, Kind


@dataclass(frozen=True, slots=True)
class FileKind:
    """nouns: what the kind itself is called in headers. record: the kind of its records; None for goals, which have their own services.

    read: the record of a row; it may be None after a problem.
    """

    key: str
    label: Any
    fields: tuple[Field, ...]
    nouns: tuple[str, ...]
    record: Kind | None = None
    read: Callable[[Row], AnyRecord | None] | None = None

    @property
    def goes_in_steps(self) -> bool:
        """Whether a file may be so large that it is written in several transactions."""
        return self.record not in (None, Kind.REPS)

    @property
    def required(self) -> tuple[Field, ...]:
        return tuple(field for field in self.fields if field.required)


# In the order in which an organisation imports them.
KINDS: dict[str, FileKind] = {
    kind.key: kind
    for kind in (
        FileKind("reps", _("Reps and teams"), people.REP_FIELDS, people.REP_NOUNS, Kind.REPS, people.read_rep),
        FileKind("customers", _("Customers"), people.CUSTOMER_FIELDS, people.CUSTOMER_NOUNS, Kind.CUSTOMERS, people.read_customer),
        FileKind("contacts", _("Contacts"), contacts.FIELDS, contacts.NOUNS, Kind.CONTACTS, contacts.read),
        FileKind("leads", _("Leads"), leads.FIELDS, leads.NOUNS, Kind.LEADS, leads.read),
        FileKind("deals", _("Deals"), deals.FIELDS, deals.NOUNS, Kind.DEALS, deals.read),
        FileKind(
            "stage_changes", _("Stage history of deals"), stage_changes.FIELDS, stage_changes.NOUNS, Kind.STAGE_CHANGES, stage_changes.read
        ),
        FileKind("contracts", _("Contracts"), contracts.FIELDS, contracts.NOUNS, Kind.CONTRACTS, contracts.read),
        FileKind("activities", _("Activities"), activities.FIELDS, activities.NOUNS, Kind.ACTIVITIES, activities.read),
        FileKind("costs", _("Costs"), costs.FIELDS, costs.NOUNS, Kind.COSTS, costs.read),
        FileKind("goals", _("Goals"), goals.FIELDS, goals.NOUNS),
    )
}


def kind_named(key: str) -> FileKind:
    try:
        return KINDS[key]
    except KeyError:
        raise InvalidInput(f"There is no kind {key!r}; known are {', '.join(KINDS)}.", field="kind", code="unknown_kind") from None
