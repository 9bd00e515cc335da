"""Files of deals."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.importers import words as known
from integrations.importers.mapping import Field, Holds, words
from integrations.importers.sheet import Row
from kpi_tracker.sales.models import DealStatus
from kpi_tracker.sales.records import DealRecord
from kpi_tracker.sales.stages import kind_of

NOUNS = words("deal, opportunity, potential, affär, affärens, kauppa, kaupan, myyntimahdollisuus, myyntimahdollisuuden, mahdollisuus")
FIELDS = (
    Field("external_id", gettext_lazy("id there"), known.ID + words("opportunity id, deal id, potentialid, dealid, opportunityid")),
    Field("name", gettext_lazy("name"), known.NAME + NOUNS),
    Field("customer", gettext_lazy("customer"), known.CUSTOMER),
    Field("customer_id", gettext_lazy("id of the customer"), known.CUSTOMER_ID),
    Field("customer_business_id", gettext_lazy("organisation number"), known.BUSINESS_ID),
    Field("lead_id", gettext_lazy("id of the lead"), words("lead id, leadid")),
    Field("product", gettext_lazy("product"), words("product, product name, produkt, tuote")),
    Field("channel", gettext_lazy("source of the deal"), known.CHANNEL),
    Field("owner", gettext_lazy("owner"), known.OWNER),
    Field("pipeline", gettext_lazy("pipeline"), words("pipeline, pipeline name, säljprocess, myyntiputki, putki")),
    Field(
        "stage", gettext_lazy("stage"), words("stage, stage name, dealstage, phase, status, fas, steg, skede, vaihe, tila"), required=True
    ),
    Field(
        "amount",
        gettext_lazy("amount"),
        words("amount, value, deal value, close value, contract value, total, sum, belopp, värde, affärsvärde, summa, arvo, kaupan arvo"),
        Holds.NUMBER,
    ),
    Field("currency", gettext_lazy("currency"), known.CURRENCY),
    Field("one_time_amount", gettext_lazy("one-time part"), words("one time amount, setup fee, engångsbelopp, kertamaksu"), Holds.NUMBER),
    Field(
        "term_months",
        gettext_lazy("term in months"),
        words("term months, term in months, avtalstid månader, sopimuskausi kk"),
        Holds.NUMBER,
    ),
    Field(
        "first_contact_on",
        gettext_lazy("first contact"),
        words("first contact, first contact date, första kontakt, ensikontakti"),
        Holds.DATE,
    ),
    Field(
        "expected_close_on",
        gettext_lazy("expected to close"),
        words(
            "expected close, expected close date, expected closing date, förväntat avslut, beräknat avslut, arvioitu päätöspäivä, "
            "odotettu päätös"
        ),
        Holds.DATE,
    ),
    Field(
        "closed_on",
        gettext_lazy("closed"),
        words(
            "closed, closed on, closed date, close date, closing date, won date, avslutad, avslutsdatum, stängd, stängningsdatum, "
            "suljettu, sulkemispäivä, päättynyt, päätöspäivä"
        ),
        Holds.DATE,
    ),
    Field(
        "opened_on",
        gettext_lazy("opened"),
        words("opened, opened on, open date, engage date, start date, öppnad, öppnat, startdatum, avattu, aloitettu") + known.CREATED,
        Holds.DATE,
    ),
    Field(
        "qualified_on",
        gettext_lazy("qualified"),
        words("qualified, qualified on, qualified date, kvalificerad, kvalificerad datum, kvalifioitu, kvalifiointipäivä"),
        Holds.DATE,
    ),
    Field(
        "lost_reason",
        gettext_lazy("reason lost"),
        words("lost reason, loss reason, closed lost reason, förlustorsak, häviön syy, häviösyy"),
    ),
)


def read(row: Row) -> DealRecord:
    customer = row.about_customer()
    amount = row.amount("amount")
    product, stage = row.text("product"), row.text("stage")
    opened_on, closed_on, expected = row.day("opened_on"), row.day("closed_on"), row.day("expected_close_on")
    kind = kind_of(stage)
    if not stage:
        row.problem("stage", _("The stage is missing."), _("Fill it in; it says whether the deal is open, won or lost."))
    if kind is DealStatus.LOST and closed_on is None and opened_on is not None:
        advice = _("Fill it in to have it counted rightly.")
        row.warn("closed_on", _("The day it was lost is missing; the day it was opened stands in."), advice)
        closed_on = opened_on
    elif kind not in (DealStatus.WON, DealStatus.LOST) and closed_on is not None:
        # An open deal's closing day is a forecast.
        expected, closed_on = expected or closed_on, None
    name = row.text("name") or ", ".join(part for part in (product, customer["customer"]) if part)
    return DealRecord(
        external_id=row.external_id(), given=row.given | {"closed_on", "expected_close_on", "name"}, name=name, product=product,
        lead_id=row.text("lead_id"), qualified_on=row.day("qualified_on"),
        channel=row.text("channel"), owner=row.text("owner"), pipeline=row.text("pipeline"), stage=stage,
        amount=amount.value if amount else None, currency=row.text("currency").upper() or (amount.currency if amount else ""),
        one_time_amount=row.decimal("one_time_amount"), term_months=row.integer("term_months"),
        first_contact_on=row.day("first_contact_on"), opened_on=opened_on,
        expected_close_on=expected, closed_on=closed_on, lost_reason=row.text("lost_reason"), **customer,
    )
