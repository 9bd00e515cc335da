"""Who and what records name: texts to the ids of rows, read in sets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from django.utils.translation import gettext as _

from kpi_tracker.errors import InvalidInput
from kpi_tracker.orgs.models import Rep, Team
from kpi_tracker.sales.batch import Batch, chunks, one_line
from kpi_tracker.sales.business_ids import business_id
from kpi_tracker.sales.models import ActivityType, Contact, Customer, Deal, ExternalId, Lead, Product
from kpi_tracker.sales.records import AboutCustomer

# The fields of a record that name its customer.
CUSTOMER_FIELDS = ("customer_id", "customer_business_id", "customer")


class Reps:
    """By id there, e-mail address, or name. An organisation's reps are few: all are read."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.by_id: dict[str, int] = {}
        self.by_email: dict[str, int] = {}
        self.by_name: dict[str, set[int]] = defaultdict(set)
        self.names: dict[int, str] = {}
        reps = Rep.objects.filter(organisation=batch.organisation)
        for rep in reps:
            if rep.is_unassigned:
                self.unassigned: int = rep.pk
            else:
                self.add(rep.pk, rep.name, rep.email, rep.external_id if rep.source == batch.source else "")
        others = ExternalId.objects.filter(organisation=batch.organisation, source=batch.source, rep__isnull=False)
        self.by_id.update(others.values_list("external_id", "rep_id"))

    def add(self, pk: int, name: str, email: str, external_id: str) -> None:
        self.names[pk] = name
        self.by_name[name.casefold()].add(pk)
        if email:
            self.by_email[email.casefold()] = pk
        if external_id:
            self.by_id[external_id] = pk

    def find(self, text: str) -> int | None:
        text = one_line(text)
        if (found := self.by_id.get(text) or self.by_email.get(text.casefold())) is not None:
            return found
        named = self.by_name.get(text.casefold(), set())
        return next(iter(named)) if len(named) == 1 else None

    def get(self, text: str, field: str) -> int:
        """The rep's id; the unassigned rep's for an empty text, and after a problem."""
        text = one_line(text)
        if not text:
            return self.unassigned
        if (found := self.find(text)) is not None:
            return found
        if len(self.by_name.get(text.casefold(), ())) > 1:
            self.batch.problem(field, _("Several reps are called %(name)s.") % {"name": text}, _("Give the e-mail address or id instead."))
            return self.unassigned
        if self.batch.create_reps:
            return self._create(text)
        close = get_close_matches(text, self.names.values(), n=3)
        advice = _("Is it %(close)s?") % {"close": ", ".join(close)} if close else _("Add the rep first, or leave the field empty.")
        self.batch.problem(field, _("There is no rep “%(name)s”.") % {"name": text}, advice)
        return self.unassigned

    def _create(self, text: str) -> int:
        email = text.lower() if "@" in text else ""
        name = text.split("@", maxsplit=1)[0].replace(".", " ").title() if email else text
        rep = Rep.objects.create(organisation=self.batch.organisation, name=name[:120], email=email)
        self.add(rep.id, name, email, "")
        self.batch.made["reps"] += 1
        return int(rep.id)


class Customers:
    """By id there, organisation number, or name. Read for a set of records at a time; made where only named."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.by_id: dict[str, int] = {}
        self.by_business: dict[str, int] = {}
        self.by_name: dict[str, set[int]] = defaultdict(set)
        self.asked_names: set[str] = set()

    def load(self, *, ids: Iterable[str] = (), business_ids: Iterable[str] = (), names: Iterable[str] = ()) -> None:
        """Read the customers that any of these may mean."""
        organisation, source = self.batch.organisation, self.batch.source
        rows = Customer.objects.filter(organisation=organisation)
        for some in chunks({text for text in ids if text} - self.by_id.keys()):
            self.by_id.update(rows.filter(source=source, external_id__in=some).values_list("external_id", "id"))
            others = ExternalId.objects.filter(organisation=organisation, source=source, external_id__in=some, customer__isnull=False)
            self.by_id.update(others.values_list("external_id", "customer_id"))
        for some in chunks({text for text in business_ids if text} - self.by_business.keys()):
            self.by_business.update(rows.filter(business_id__in=some).values_list("business_id", "id"))
        wanted = {one_line(text) for text in names if text} - self.asked_names
        for some in chunks(wanted):
            for name, pk in rows.filter(name__in=some).values_list("name", "id"):
                self.by_name[name].add(pk)
        self.asked_names |= wanted

    def load_for(self, records: Iterable[AboutCustomer], extra_names: Iterable[str] = ()) -> None:
        records = list(records)
        numbers = {read for record in records if (read := self._number(record.customer_business_id, report=False))}
        names = {record.customer for record in records} | set(extra_names)
        self.load(ids={record.customer_id for record in records}, business_ids=numbers, names=names)

    def get(self, record: AboutCustomer, owner_id: int) -> int | None:
        """The id of the customer that the record is about; `owner_id` owns one that has to be made."""
        number, name = self._number(record.customer_business_id, report=True), one_line(record.customer)
        found = self.by_id.get(record.customer_id) if record.customer_id else None
        if found is None and number:
            found = self.by_business.get(number)
        if found is not None:
            return found
        if not name:
            if record.customer_id:
                message = _("There is no customer with the id %(id)s.") % {"id": record.customer_id}
                self.batch.leads_nowhere("customer_id", message, _("Add the customers first, or give the name too."))
            elif number:
                message = _("There is no customer with the organisation number %(number)s.") % {"number": number}
                self.batch.leads_nowhere("customer_business_id", message, _("Add the customers first, or give the name too."))
            return None
        named = set() if record.customer_id or number else self.by_name.get(name, set())
        if not named and (record.customer_id or number):
            named = self._unnumbered(name, record.customer_id, number)
        if len(named) > 1:
            advice = _("Give the id or organisation number too.")
            self.batch.problem("customer", _("Several customers are called %(name)s.") % {"name": name}, advice)
            return None
        return next(iter(named)) if named else self._create(name, number, record.customer_id, owner_id)

    def _unnumbered(self, name: str, external_id: str, number: str) -> set[int]:
        """Customers of that name that no id or number tells apart from the one meant."""
        rows = Customer.objects.filter(organisation=self.batch.organisation, pk__in=self.by_name.get(name, set()))
        if external_id:
            rows = rows.filter(external_id="")
        if number:
            rows = rows.filter(business_id="")
        return set(rows.values_list("id", flat=True))

    def find(self, text: str) -> int | None:
        """The customer with that id there, or else of that name if only one is."""
        text = one_line(text)
        named = self.by_name.get(text, set())
        return self.by_id.get(text) or (next(iter(named)) if len(named) == 1 else None)

    def _create(self, name: str, number: str, external_id: str, owner_id: int) -> int:
        if len(name) > 200:
            self.batch.problem("customer", _("At most %(most)d characters fit.") % {"most": 200})
            return 0
        source = self.batch.source if external_id else ""
        made = Customer(organisation=self.batch.organisation, name=name, business_id=number, source=source, external_id=external_id)
        made.owner_id = made.added_by_id = owner_id
        made.save()
        self.remember(made)
        self.batch.made["customers"] += 1
        return int(made.pk)

    def remember(self, customer: Customer) -> None:
        self.by_name[customer.name].add(customer.pk)
        if customer.business_id:
            self.by_business[customer.business_id] = customer.pk
        if customer.external_id and customer.source == self.batch.source:
            self.by_id[customer.external_id] = customer.pk

    def _number(self, text: str, *, report: bool) -> str:
        try:
            return business_id(text)
        except InvalidInput as error:
            if report:
                self.batch.problem("customer_business_id", error.message)
            return ""


class Named:
    """Rows with an organisation's own names, few enough to read all: products, activity types, teams."""

    def __init__(self, batch: Batch, model: Any, field: str, made_as: str, **defaults: Any) -> None:
        self.batch, self.model, self.field, self.made_as = batch, model, field, made_as
        self.ids = {name.casefold(): pk for pk, name in model.objects.filter(organisation=batch.organisation).values_list("id", "name")}

    def get(self, text: str, **fields: Any) -> int | None:
        name = one_line(text)
        if not name:
            return None
        found = self.ids.get(name.casefold())
        if found is None and self.made_as:
            longest = self.model._meta.get_field("name").max_length
            if len(name) > longest:
                self.batch.problem(self.field, _("At most %(most)d characters fit.") % {"most": longest})
                return None
            found = self.ids[name.casefold()] = self.model.objects.create(organisation=self.batch.organisation, name=name, **fields).pk
            self.batch.made[self.made_as] += 1
        elif found is None:
            self.batch.problem(self.field, _("There is no “%(name)s”.") % {"name": name})
        return found


def products(batch: Batch) -> Named:
    return Named(batch, Product, "product", "products")


def activity_types(batch: Batch) -> Named:
    return Named(batch, ActivityType, "type", "types")


def teams(batch: Batch) -> Named:
    return Named(batch, Team, "team", "")


class ByExternalId:
    """Rows of this source by their id there, such as the deals and contacts that activities belong to."""

    def __init__(self, batch: Batch, model: Any, field: str, missing: str, advice: str) -> None:
        self.batch, self.model, self.field, self.missing, self.advice = batch, model, field, missing, advice
        self.ids: dict[str, int] = {}

    def load(self, ids: Iterable[str]) -> None:
        rows = self.model.objects.filter(organisation=self.batch.organisation, source=self.batch.source)
        for some in chunks({text for text in ids if text} - self.ids.keys()):
            self.ids.update(rows.filter(external_id__in=some).values_list("external_id", "id"))

    def get(self, text: str) -> int | None:
        if not text:
            return None
        if (found := self.ids.get(text)) is None:
            self.batch.leads_nowhere(self.field, self.missing % {"id": text}, self.advice)
        return found


def deals(batch: Batch) -> ByExternalId:
    return ByExternalId(batch, Deal, "deal_id", _("There is no deal with the id %(id)s."), _("Add the deals first."))


def contacts(batch: Batch) -> ByExternalId:
    return ByExternalId(batch, Contact, "contact_id", _("There is no contact with the id %(id)s."), _("Add the contacts first."))


def leads(batch: Batch) -> ByExternalId:
    return ByExternalId(batch, Lead, "lead_id", _("There is no lead with the id %(id)s."), _("Add the leads first."))
