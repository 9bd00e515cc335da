"""Files of reps with their teams, and of customers."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.importers import words as known
from integrations.importers.mapping import Field, Holds, words
from integrations.importers.sheet import Row
from kpi_tracker.sales.records import CustomerRecord, RepRecord

REP_NOUNS = words("rep, sales rep, user, agent, seller, employee, säljare, myyjä, användare, käyttäjä")
REP_FIELDS = (
    Field(
        "external_id", gettext_lazy("id there"), known.ID + words("user id, userid, rep id, employee id, anställningsnummer, henkilönumero")
    ),
    Field(
        "name", gettext_lazy("name"), known.NAME + words("sales agent, sales rep, salesperson, representative") + REP_NOUNS, required=True
    ),
    Field("email", gettext_lazy("e-mail address"), known.EMAIL),
    Field(
        "team",
        gettext_lazy("team"),
        words(
            "team, sales team, team name, group, manager, sales manager, team leader, lag, säljteam, grupp, chef, säljchef, tiimi, "
            "myyntitiimi, ryhmä, esimies, myyntipäällikkö"
        ),
    ),
    Field(
        "parent_team",
        gettext_lazy("team above"),
        words("parent team, region, regional office, office, department, avdelning, kontor, distrikt, osasto, alue, toimisto"),
    ),
    Field("team_from", gettext_lazy("in the team from"), words("team from, in team since, i teamet sedan, tiimissä alkaen"), Holds.DATE),
    Field("country", gettext_lazy("country"), known.COUNTRY),
    Field(
        "share",
        gettext_lazy("part-time share"),
        words("share, fte, part time share, part time, tjänstgöringsgrad, osa aika, työaikaprosentti"),
        Holds.NUMBER,
    ),
    Field(
        "started_on",
        gettext_lazy("first day"),
        words("first day, start date, started, hire date, hired, anställd, startdatum, aloitti, aloituspäivä"),
        Holds.DATE,
    ),
    Field(
        "ended_on",
        gettext_lazy("last day"),
        words("last day, end date, ended, left, slutade, slutdatum, lopetti, lopetuspäivä"),
        Holds.DATE,
    ),
)
CUSTOMER_NOUNS = words("customer, account, company, client, kund, kundens, företag, asiakas, asiakkaan, yritys, yrityksen")
CUSTOMER_FIELDS = (
    Field("external_id", gettext_lazy("id there"), known.ID + known.CUSTOMER_ID),
    Field("name", gettext_lazy("name"), known.NAME + known.CUSTOMER, required=True),
    Field("business_id", gettext_lazy("organisation number"), known.BUSINESS_ID),
    Field("country", gettext_lazy("country"), known.COUNTRY),
    Field("segment", gettext_lazy("segment"), words("segment, industry, sector, bransch, sektor, segmentti, toimiala, ala")),
    Field(
        "parent",
        gettext_lazy("part of"),
        words("parent, parent account, parent company, subsidiary of, part of, moderbolag, koncern, emoyhtiö, konserni"),
    ),
    Field("owner", gettext_lazy("owner"), known.OWNER),
    Field("created_on", gettext_lazy("created"), known.CREATED + words("customer since, kund sedan, asiakas alkaen"), Holds.DATE),
)


def _country(row: Row) -> str:
    text = row.text("country")
    if len(text) == 2 and text.isalpha():
        return text.upper()
    found = known.COUNTRIES.get(text.casefold(), "")
    if text and not found:
        row.warn("country", _("The country “%(text)s” is not known and is left empty.") % {"text": text}, _("Use its code of two letters."))
    return found


def _only_once(row: Row, key: str, text: str) -> None:
    """A file without ids tells its rows apart by a name, which must then be unique."""
    seen = row.sheet.first_lines
    if text and (first := seen.setdefault((key, text.casefold()), row.number)) != row.number:
        message = _("“%(text)s” stands on line %(line)d already.") % {"text": text, "line": first}
        row.problem(key, message, _("Remove one of the two, or add a column with ids."))


def read_rep(row: Row) -> RepRecord:
    name, email, team = row.text("name"), row.text("email"), row.text("team")
    if not name and not email:
        row.problem("name", _("The name is missing."), _("Fill it in, or remove the line."))
    external_id = row.text("external_id")
    if not external_id:
        _only_once(row, "email" if email else "name", email or name)
    share = row.amount("share")
    percent = share is not None and (share.percent or share.value > 1)
    path = tuple(part for part in (row.text("parent_team"), team) if part)
    given = row.given | ({"team"} if row.given & {"team", "parent_team"} else set())
    return RepRecord(
        external_id=external_id, given=given, name=name or email.split("@", maxsplit=1)[0], email=email, country=_country(row),
        share=Decimal(1) if share is None else share.value / (100 if percent else 1), started_on=row.day("started_on"),
        ended_on=row.day("ended_on"), team=path if team or path else (), team_from=row.day("team_from"),
    )


def read_customer(row: Row) -> CustomerRecord:
    name, number = row.text("name"), row.text("business_id")
    if not name:
        row.problem("name", _("The name is missing."), _("Fill it in, or remove the line."))
    external_id = row.text("external_id")
    if not external_id:
        _only_once(row, "business_id" if number else "name", number or name)
    return CustomerRecord(
        external_id=external_id, given=row.given, name=name, business_id=number, country=_country(row), segment=row.text("segment"),
        parent=row.text("parent"), owner=row.text("owner"), created_on=row.day("created_on"),
    )
