"""Writes of own KPIs. Each checks the right, then what is asked, then writes."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext

from kpi_tracker.errors import InvalidInput, NotPermitted
from kpi_tracker.kpis.catalogue import CATALOGUE
from kpi_tracker.kpis.measures import Unit
from kpi_tracker.kpis.models import KpiSetting, OwnKpi, OwnKpiVersion
from kpi_tracker.kpis.own import Held, timeline
from kpi_tracker.kpis.own_definition import IDS, Definition
from kpi_tracker.kpis.own_words import NAMED
from kpi_tracker.scope import Scope

MOST = 100


@dataclass(frozen=True, slots=True)
class Details:
    """What is said of an own KPI beside what it counts; values as in the model."""

    name: str
    category: str
    owner: str
    unit: Unit
    direction: str
    description: str = ""


@transaction.atomic
def own_kpi_create(*, scope: Scope, details: Details, definition: Definition, note: str = "") -> OwnKpi:
    """A new own KPI; its definition holds for all history."""
    _check_right(scope)
    if OwnKpi.objects.within(scope).count() >= MOST:
        raise InvalidInput(gettext("There are %(most)s own KPIs already: delete one first.") % {"most": MOST}, code="too_many")
    own = OwnKpi(organisation=scope.organisation)
    _write_details(own, scope, details, definition)
    _add_version(own, scope, definition, valid_from=None, note=note)
    return own


@transaction.atomic
def own_kpi_change(
    *, scope: Scope, own: OwnKpi, details: Details, definition: Definition | None = None, valid_from: dt.date | None = None, note: str = ""
) -> OwnKpiVersion | None:
    """Change an own KPI; the new version, if another definition holds on any day.

    definition: what is counted from `valid_from` on, or, if that is None, in all history; None leaves what is counted as it is.
    """
    _check_right(scope, own)
    own = OwnKpi.objects.select_for_update().get(pk=own.pk)
    held = held_of(own)
    now = held[-1]
    _write_details(own, scope, details, definition or now.definition)
    if definition is None or (definition == now.definition and _holds_since(now, valid_from)):
        return None
    if valid_from is not None and definition.structure != now.definition.structure:
        message = gettext(
            "From a day on only the filters may change. To count other records, on another date or in another way,"
            " change it for all history, or make a new KPI."
        )
        raise InvalidInput(message, field="valid_from", code="structure_changed")
    return _add_version(own, scope, definition, valid_from=valid_from, note=note)


def _holds_since(held: Held, day: dt.date | None) -> bool:
    return held.start is None or (day is not None and held.start <= day)


def own_kpi_switch(*, scope: Scope, own: OwnKpi, enabled: bool) -> None:
    """On: it is counted and shown. Off: neither; nothing that was said about it is lost."""
    _check_right(scope, own)
    own.enabled = enabled
    own.save(update_fields=["enabled"])


@transaction.atomic
def own_kpi_delete(*, scope: Scope, own: OwnKpi) -> None:
    """Its versions go with it, and what was said about its card."""
    _check_right(scope, own)
    KpiSetting.objects.within(scope).filter(kpi=own.key).delete()
    own.delete()


def held_of(own: OwnKpi) -> tuple[Held, ...]:
    """What the KPI counts, and since when."""
    return timeline(list(OwnKpiVersion.objects.filter(organisation_id=own.organisation_id, own_kpi=own).order_by("id")))


def check_names(scope: Scope, definition: Definition) -> None:
    """That the types, stages and so on that a definition names are the organisation's. InvalidInput otherwise."""
    for side in definition.sides:
        for name in IDS:
            chosen = set(side.chosen(name))
            model: Any = NAMED[name]
            if chosen and model.objects.within(scope).filter(id__in=chosen).count() != len(chosen):
                raise InvalidInput(gettext("Choose from the list."), field=name, code="unknown_choice")


def _check_right(scope: Scope, own: OwnKpi | None = None) -> None:
    if not scope.may_administer:
        raise NotPermitted(gettext("Only an admin may change own KPIs."))
    if own is not None and own.organisation_id != scope.organisation.pk:
        raise NotPermitted(gettext("This KPI belongs to another organisation."))


def _write_details(own: OwnKpi, scope: Scope, details: Details, definition: Definition) -> None:
    name = " ".join(details.name.split())
    taken = gettext("There is already a KPI called %(name)s.") % {"name": name}
    others = OwnKpi.objects.within(scope).exclude(pk=own.pk).values_list("name", flat=True)
    if name.casefold() in {one.casefold() for one in [*others, *(str(kpi.label) for kpi in CATALOGUE)]}:
        raise InvalidInput(taken, field="name", code="duplicate")
    if details.unit not in definition.units:
        raise InvalidInput(gettext("What is counted does not come in that unit."), field="unit", code="wrong_unit")
    own.name, own.description, own.unit = name, details.description.strip(), details.unit.value
    own.category, own.owner, own.direction = details.category, details.owner, details.direction
    try:
        own.full_clean(validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise InvalidInput(" ".join(messages), field=field) from error
    try:
        with transaction.atomic():
            own.save()
    except IntegrityError as clash:  # another admin made the same name in between
        raise InvalidInput(taken, field="name", code="duplicate") from clash


def _add_version(own: OwnKpi, scope: Scope, definition: Definition, *, valid_from: dt.date | None, note: str) -> OwnKpiVersion:
    check_names(scope, definition)
    version: OwnKpiVersion = OwnKpiVersion.objects.create(
        organisation=scope.organisation, own_kpi=own, valid_from=valid_from, definition=definition.as_json(), fact=definition.above.fact,
        fact_below=definition.below.fact if definition.below else "", author_id=scope.user_id, note=" ".join(note.split())[:300],
    )
    return version
