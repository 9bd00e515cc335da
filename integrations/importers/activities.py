"""Files of activities."""

from __future__ import annotations

from functools import cache

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.importers import words as known
from integrations.importers.mapping import Field, Holds, words
from integrations.importers.sheet import Row
from kpi_tracker.sales.models import ActivityKind, Outcome
from kpi_tracker.sales.records import ActivityRecord

NOUNS = words("activity, aktivitet, aktiviteetti, toimenpide")
FIELDS = (
    Field("external_id", gettext_lazy("id there"), known.ID + words("activity id, task id, taskid, event id, eventid, call id, callid")),
    Field("kind", gettext_lazy("kind"), words("type, kind, activity type, typ, aktivitetstyp, tyyppi, laji") + NOUNS, required=True),
    Field("type", gettext_lazy("own name of the kind")),
    Field(
        "occurred",
        gettext_lazy("day or time"),
        words(
            "date, datetime, date time, date and time, occurred at, occurred on, call start time, start datetime, start time, start, "
            "starts at, time, when, activity date, datum, datum och tid, tidpunkt, starttid, start, päivämäärä, pvm, päivä, ajankohta, "
            "aika, alkaa, alku"
        ),
        Holds.DATE,
        required=True,
    ),
    Field("rep", gettext_lazy("rep"), known.OWNER + words("user, användare, käyttäjä")),
    Field("customer", gettext_lazy("customer"), known.CUSTOMER),
    Field("customer_id", gettext_lazy("id of the customer"), known.CUSTOMER_ID),
    Field("customer_business_id", gettext_lazy("organisation number"), known.BUSINESS_ID),
    Field("contact_id", gettext_lazy("id of the contact")),
    Field("deal_id", gettext_lazy("id of the deal")),
    Field("subject", gettext_lazy("subject"), words("subject, title, ämne, rubrik, aihe, otsikko")),
    Field("outcome", gettext_lazy("outcome"), words("outcome, result, call result, utfall, resultat, tulos, lopputulos")),
    Field("done", gettext_lazy("done"), words("done, completed, klar, utförd, genomförd, tehty, valmis")),
    Field(
        "booked_on",
        gettext_lazy("booked"),
        words("booked, booked on, booking date, bokad, bokningsdatum, varattu, varauspäivä"),
        Holds.DATE,
    ),
    Field(
        "duration_s",
        gettext_lazy("seconds"),
        words("duration seconds, duration in seconds, duration s, call duration in seconds, längd sekunder, kesto s"),
        Holds.NUMBER,
    ),
    Field(
        "duration_min",
        gettext_lazy("minutes"),
        words("duration minutes, duration min, duration in minutes, längd minuter, kesto min"),
        Holds.NUMBER,
    ),
)
# Fields that say something of another one too.
_ALSO_GIVEN = {"occurred": "occurred_on", "done": "outcome", "duration_min": "duration_s"}


@cache
def _given(given: frozenset[str]) -> frozenset[str]:
    return given | {new for key, new in _ALSO_GIVEN.items() if key in given}


def read(row: Row) -> ActivityRecord:
    when = row.moment("occurred")
    if when is None and not row.failed:
        row.problem("occurred", _("The day is missing."), _("Fill it in; it says when the activity counts."))
    kind = row.choice("kind", known.ACTIVITY_KINDS, "")
    if not kind and not row.failed:
        row.problem("kind", _("The kind of activity is missing."), _("Write call, meeting, email or another kind, or set it in a mapping."))
    minutes, seconds = row.decimal("duration_min"), row.integer("duration_s")
    if seconds is None and minutes is not None:
        seconds = int(minutes * 60)
    zone = row.sheet.zone
    return ActivityRecord(
        external_id=row.external_id(), given=_given(row.given), kind=kind,
        type=row.text("type"), outcome=_outcome(row, kind), subject=row.text("subject"), rep=row.text("rep"),
        contact_id=row.text("contact_id"), deal_id=row.text("deal_id"), occurred_at=when.aware(zone) if when else None,
        occurred_on=when.local_day(zone) if when else None, booked_on=row.day("booked_on"), duration_s=seconds, **row.about_customer(),
    )


def _outcome(row: Row, kind: str) -> str:
    """What the outcome column says; else “done”, which of a meeting means that it took place."""
    outcome = row.choice("outcome", known.OUTCOMES, Outcome.NONE.value)
    if outcome:
        return outcome
    done = row.choice("done", known.BOOLEAN, "")
    if done == "no":
        return Outcome.PLANNED.value
    return Outcome.REACHED.value if done == "yes" and kind == ActivityKind.MEETING else Outcome.NONE.value
