"""Files of costs."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.importers import words as known
from integrations.importers.mapping import Field, Holds, words
from integrations.importers.periods import read_period
from integrations.importers.sheet import Row
from kpi_tracker.periods import Period
from kpi_tracker.sales.records import CostRecord

NOUNS = words("cost, kostnad, kustannus, kulu")
PERIOD_FIELDS = (
    Field("period", gettext_lazy("period"), words("period, month, quarter, year, månad, kvartal, år, kausi, kuukausi, neljännes, vuosi")),
    Field(
        "starts_on",
        gettext_lazy("from"),
        words("from, start, start date, starts on, date, från, startdatum, datum, alku, alkaen, alkupäivä, päivämäärä"),
        Holds.DATE,
    ),
    Field(
        "ends_on",
        gettext_lazy("last day"),
        words("to, until, end, end date, last day, ends on, till, till och med, slut, slutdatum, loppu, saakka, loppupäivä"),
        Holds.DATE,
    ),
)
FIELDS = (
    Field("external_id", gettext_lazy("id there"), known.ID + words("cost id")),
    Field(
        "category",
        gettext_lazy("category"),
        words("category, type, cost type, kategori, kostnadsslag, typ, luokka, kategoria, laji"),
        required=True,
    ),
    Field(
        "amount",
        gettext_lazy("amount"),
        words("amount, cost, sum, total, belopp, kostnad, summa, määrä, kustannus"),
        Holds.NUMBER,
        required=True,
    ),
    Field("currency", gettext_lazy("currency"), known.CURRENCY),
    *PERIOD_FIELDS,
    Field("team", gettext_lazy("team"), words("team, lag, grupp, tiimi, ryhmä")),
    Field("rep", gettext_lazy("rep"), known.OWNER),
    Field("note", gettext_lazy("note"), words("note, description, comment, anteckning, beskrivning, kommentar, kuvaus, huomautus")),
)


def read(row: Row) -> CostRecord:
    amount = row.amount("amount")
    if amount is None and not row.failed:
        row.problem("amount", _("The amount is missing."), _("Fill it in, or remove the line."))
    category = row.choice("category", known.COST_CATEGORIES, "")
    if not category and not row.failed:
        row.problem("category", _("The category is missing."), _("Write salary, marketing, booking, event or tool."))
    period = read_period(row) or Period(row.sheet.today, row.sheet.today + dt.timedelta(days=1))
    return CostRecord(
        external_id=row.external_id(), given=row.given | {"starts_on", "ends_on"}, category=category,
        amount=amount.value if amount else Decimal(0), currency=row.text("currency").upper() or (amount.currency if amount else ""),
        starts_on=period.start, ends_on=period.end, team=row.text("team"), rep=row.text("rep"), note=row.text("note"),
    )
