"""Files of contact persons."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.importers import words as known
from integrations.importers.mapping import Field, Holds, words
from integrations.importers.sheet import Row
from kpi_tracker.sales.records import ContactRecord

NOUNS = words("contact, contact person, person, kontakt, kontaktperson, yhteyshenkilö, henkilö")
FIELDS = (
    Field("external_id", gettext_lazy("id there"), known.ID + words("contact id, contactid")),
    Field("name", gettext_lazy("name"), known.NAME + NOUNS, required=True),
    Field("email", gettext_lazy("e-mail address"), known.EMAIL),
    Field("customer", gettext_lazy("customer"), known.CUSTOMER),
    Field("customer_id", gettext_lazy("id of the customer"), known.CUSTOMER_ID),
    Field("customer_business_id", gettext_lazy("organisation number"), known.BUSINESS_ID),
    Field("rep", gettext_lazy("rep"), known.OWNER),
    Field("created_on", gettext_lazy("created"), known.CREATED, Holds.DATE),
)


def read(row: Row) -> ContactRecord:
    name, email = row.text("name"), row.text("email")
    if not name and not email:
        row.problem("name", _("The name is missing."), _("Fill it in, or remove the line."))
    return ContactRecord(
        external_id=row.external_id(), given=row.given, name=name or email, email=email, rep=row.text("rep"),
        created_on=row.day("created_on"), **row.about_customer(),
    )
