"""Files of leads."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.importers import words as known
from integrations.importers.mapping import Field, Holds, words
from integrations.importers.sheet import Row
from kpi_tracker.sales.models import Lead
from kpi_tracker.sales.records import LeadRecord

NOUNS = words("lead, leads, liidi, liidin")
FIELDS = (
    Field("external_id", gettext_lazy("id there"), known.ID + words("leadid, lead id")),
    Field("name", gettext_lazy("name"), known.NAME + words("contact, contact name, contact person, kontakt, yhteyshenkilö") + NOUNS),
    Field("company", gettext_lazy("company"), known.CUSTOMER),
    Field("customer_id", gettext_lazy("id of the customer"), known.CUSTOMER_ID),
    Field("customer_business_id", gettext_lazy("organisation number"), known.BUSINESS_ID),
    Field("channel", gettext_lazy("source of the lead"), known.CHANNEL),
    Field("direction", gettext_lazy("direction"), words("direction, inbound or outbound, riktning, suunta")),
    Field("status", gettext_lazy("status"), words("status, lead status, stage, fas, tila, vaihe")),
    Field("rep", gettext_lazy("rep"), known.OWNER),
    Field("created_on", gettext_lazy("created"), known.CREATED + words("date, datum, päivämäärä, pvm"), Holds.DATE, required=True),
    Field(
        "qualified_on",
        gettext_lazy("first qualified"),
        words("qualified, qualified on, qualified date, sql date, kvalificerad, kvalificerad datum, kvalifioitu, kvalifiointipäivä"),
        Holds.DATE,
    ),
    Field(
        "converted_on", gettext_lazy("converted"), words("converted on, converted date, konverterad, konvertoitu, muunnettu"), Holds.DATE
    ),
)


def read(row: Row) -> LeadRecord:
    created_on = row.day("created_on")
    if created_on is None and not row.failed:
        row.problem("created_on", _("The day is missing."), _("Fill in when the lead was created."))
    by_number = bool(row.text("customer_business_id") or row.text("customer_id"))
    return LeadRecord(
        external_id=row.external_id(), given=row.given, name=row.text("name"), company=row.text("company"),
        customer=row.text("company") if by_number else "", customer_id=row.text("customer_id"),
        customer_business_id=row.text("customer_business_id"), channel=row.text("channel"),
        direction=row.choice("direction", known.DIRECTIONS, Lead.Direction.OUTBOUND.value), status=row.text("status"), rep=row.text("rep"),
        created_on=created_on, qualified_on=row.day("qualified_on"), converted_on=row.day("converted_on"),
    )
