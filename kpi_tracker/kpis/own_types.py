"""Writes of activity types: the organisation's own names for kinds of activity, which own KPIs may filter by."""

from __future__ import annotations

from dataclasses import replace

from django.db import IntegrityError, transaction
from django.utils.translation import gettext

from kpi_tracker.errors import InvalidInput, NotPermitted
from kpi_tracker.kpis.models import OwnKpi, OwnKpiVersion
from kpi_tracker.kpis.own_definition import Definition, Side, read
from kpi_tracker.sales.models import Activity, ActivityKind, ActivityType
from kpi_tracker.scope import Scope

LONGEST = 80


def activity_type_create(*, scope: Scope, name: str, kind: str) -> ActivityType:
    _check_right(scope)
    if kind not in ActivityKind.values:
        raise InvalidInput(gettext("Choose what kind of activity it is."), field="kind", code="unknown_kind")
    made = ActivityType(organisation=scope.organisation, kind=kind)
    _write_name(made, scope, name)
    return made


def activity_type_rename(*, scope: Scope, type_: ActivityType, name: str) -> None:
    """Its activities and the KPIs that count it stay."""
    _check_right(scope, type_)
    _write_name(type_, scope, name)


@transaction.atomic
def activity_type_merge(*, scope: Scope, type_: ActivityType, into: ActivityType) -> int:
    """Make all activities of `type_` activities of `into`, also in what own KPIs count; how many they were."""
    _check_right(scope, type_)
    _check_right(scope, into)
    if type_.pk == into.pk:
        raise InvalidInput(gettext("Choose another type."), field="into", code="same_type")
    if type_.kind != into.kind:
        message = gettext("%(first)s and %(second)s are different kinds of activity; only types of one kind can be merged.")
        raise InvalidInput(message % {"first": type_.name, "second": into.name}, field="into", code="other_kind")
    moved: int = Activity.objects.within(scope).filter(type=type_).update(type=into)
    for version in _versions_counting(scope, type_):
        version.definition = _renamed(read(version.definition), type_.pk, into.pk).as_json()
        version.save(update_fields=["definition"])
    type_.delete()
    return moved


@transaction.atomic
def activity_type_delete(*, scope: Scope, type_: ActivityType) -> None:
    """Its activities keep their kind and have no type any more. Refused while an own KPI counts it."""
    _check_right(scope, type_)
    if kpis := kpis_counting(scope, type_):
        message = gettext("%(name)s is counted by %(kpis)s. Merge it into another type, or change the KPI first.")
        raise InvalidInput(message % {"name": type_.name, "kpis": ", ".join(one.name for one in kpis)}, code="in_use")
    type_.delete()


def kpis_counting(scope: Scope, type_: ActivityType) -> list[OwnKpi]:
    """The own KPIs that name the type in any version, by name."""
    found = {version.own_kpi_id: version.own_kpi for version in _versions_counting(scope, type_)}
    return sorted(found.values(), key=lambda own: (own.name, own.pk))


def _versions_counting(scope: Scope, type_: ActivityType) -> list[OwnKpiVersion]:
    versions = OwnKpiVersion.objects.within(scope).select_related("own_kpi").order_by("id")
    return [version for version in versions if any(type_.pk in side.types for side in read(version.definition).sides)]


def _renamed(definition: Definition, old: int, new: int) -> Definition:
    def side(one: Side) -> Side:
        return replace(one, types=tuple(dict.fromkeys(new if id_ == old else id_ for id_ in one.types)))

    return replace(definition, above=side(definition.above), below=side(definition.below) if definition.below else None)


def _check_right(scope: Scope, type_: ActivityType | None = None) -> None:
    if not scope.may_administer:
        raise NotPermitted(gettext("Only an admin may change activity types."))
    if type_ is not None and type_.organisation_id != scope.organisation.pk:
        raise NotPermitted(gettext("This type belongs to another organisation."))


def _write_name(type_: ActivityType, scope: Scope, name: str) -> None:
    name = " ".join(name.split())
    if not name:
        raise InvalidInput(gettext("Write a name."), field="name", code="required")
    if len(name) > LONGEST:
        raise InvalidInput(gettext("The name may have %(most)s letters at most.") % {"most": LONGEST}, field="name", code="too_long")
    taken = gettext("There is already a type called %(name)s.") % {"name": name}
    others = ActivityType.objects.within(scope).exclude(pk=type_.pk).values_list("name", flat=True)
    if name.casefold() in {one.casefold() for one in others}:
        raise InvalidInput(taken, field="name", code="duplicate")
    type_.name = name
    try:
        with transaction.atomic():
            type_.save()
    except IntegrityError as clash:  # another admin made the same name in between
        raise InvalidInput(taken, field="name", code="duplicate") from clash
