"""Files of contracts: recurring revenue."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.importers import words as known
from integrations.importers.mapping import Field, Holds, words
from integrations.importers.periods import read_span
from integrations.importers.sheet import Row
from kpi_tracker.sales.records import ContractRecord

NOUNS = words("contract, subscription, agreement, avtal, kontrakt, prenumeration, sopimus, sopimuksen, tilaus")
FIELDS = (
    Field("external_id", gettext_lazy("id there"), known.ID + words("contract id, contractid, avtalsnummer, sopimusnumero")),
    Field("customer", gettext_lazy("customer"), known.CUSTOMER),
    Field("customer_id", gettext_lazy("id of the customer"), known.CUSTOMER_ID),
    Field("customer_business_id", gettext_lazy("organisation number"), known.BUSINESS_ID),
    Field("deal_id", gettext_lazy("id of the deal"), words("deal id, dealid, opportunity id, affärs id")),
    Field(
        "starts_on",
        gettext_lazy("first day"),
        words("from, start, start date, starts on, valid from, från, startdatum, gäller från, alku, alkaen, alkupäivä, voimassa alkaen"),
        Holds.DATE,
        required=True,
    ),
    Field(
        "ends_on",
        gettext_lazy("last day"),
        words("to, until, end, end date, last day, ends on, valid to, till, slutdatum, gäller till, loppu, loppupäivä, saakka"),
        Holds.DATE,
    ),
    Field(
        "yearly_amount",
        gettext_lazy("amount a year"),
        words("yearly amount, amount a year, annual amount, annual value, arr, acv, årsbelopp, årsvärde, vuosiarvo, vuosisumma"),
        Holds.NUMBER,
        required=True,
    ),
    Field("currency", gettext_lazy("currency"), known.CURRENCY),
    Field("margin", gettext_lazy("gross margin"), words("margin, gross margin, marginal, bruttomarginal, täckningsgrad, kate, myyntikate"),
          Holds.NUMBER),
)


def read(row: Row) -> ContractRecord | None:
    amount, margin = row.amount("yearly_amount"), row.amount("margin")
    if amount is None and not row.failed:
        row.problem("yearly_amount", _("The amount is missing."), _("Fill it in, or remove the line."))
    start, end = read_span(row)
    if amount is None or start is None:
        return None
    percent = margin is not None and (margin.percent or margin.value > 1)
    return ContractRecord(
        external_id=row.external_id(), given=row.given, deal_id=row.text("deal_id"), starts_on=start, ends_on=end,
        yearly_amount=amount.value, currency=row.text("currency").upper() or amount.currency,
        margin=margin.value / (Decimal(100) if percent else 1) if margin is not None else None, **row.about_customer(),
    )
