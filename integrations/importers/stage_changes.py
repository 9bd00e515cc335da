"""Files of the stage history of deals."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.importers import words as known
from integrations.importers.mapping import Field, Holds, words
from integrations.importers.sheet import Row
from kpi_tracker.sales.deals import start_of
from kpi_tracker.sales.records import StageChangeRecord

NOUNS = words("stage change, stage history, history, fasbyte, historik, vaihemuutos, vaihehistoria, historia")
FIELDS = (
    Field("external_id", gettext_lazy("id there"), known.ID + words("change id, history id")),
    Field(
        "deal_id",
        gettext_lazy("id of the deal"),
        words("deal id, dealid, deal, opportunity id, opportunityid, potential id, potentialid, affärs id, affär, kauppa, kaupan tunnus"),
        required=True,
    ),
    Field(
        "stage",
        gettext_lazy("stage entered"),
        words("stage, to stage, new stage, new value, stage name, dealstage, status, till fas, ny fas, fas, uusi vaihe, vaihe"),
        required=True,
    ),
    Field("pipeline", gettext_lazy("pipeline"), words("pipeline, pipeline name, säljprocess, myyntiputki, putki")),
    Field(
        "changed_at",
        gettext_lazy("day or time"),
        words(
            "changed at, changed on, entered at, entered on, moved at, moved on, date, datetime, timestamp, time, ändrad, datum, tidpunkt, "
            "muutettu, päivämäärä, pvm, ajankohta"
        ),
        Holds.DATE,
        required=True,
    ),
    Field("rep", gettext_lazy("rep"), known.OWNER + words("changed by, user, ändrad av, användare, muuttaja, käyttäjä")),
)


def read(row: Row) -> StageChangeRecord | None:
    """Without an id of its own a change is known by deal, stage and moment, not by its row."""
    deal, stage, when = row.text("deal_id"), row.text("stage"), row.moment("changed_at")
    if not deal:
        row.problem("deal_id", _("The deal is missing."), _("Fill in its id, as in the file of deals."))
    if not stage:
        row.problem("stage", _("The stage is missing."), _("Fill in which stage the deal entered."))
    if when is None and not row.failed:
        row.problem("changed_at", _("The day is missing."), _("Fill in when the deal entered the stage."))
    if when is None:
        return None
    zone = row.sheet.zone
    return StageChangeRecord(
        external_id=row.own_id(), given=row.given, deal_id=deal, stage=stage, pipeline=row.text("pipeline"),
        changed_at=when.aware(zone) or start_of(when.day, zone), rep=row.text("rep"),
    )
