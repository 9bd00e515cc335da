"""An organisation's own KPIs, as their pages show them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from django.utils.translation import ngettext

from goals.models import Goal
from goals.selectors import goal_list
from kpi_tracker.errors import InvalidInput
from kpi_tracker.kpis.models import OwnKpi, OwnKpiVersion
from kpi_tracker.kpis.own import Held, timeline
from kpi_tracker.kpis.own_definition import read
from kpi_tracker.kpis.own_words import sentence
from kpi_tracker.scope import Scope


@dataclass(frozen=True, slots=True)
class Listed:
    own: OwnKpi
    sentence: str
    changes: int


@dataclass(frozen=True, slots=True)
class ShownVersion:
    """holds: whether it does on any day, or a later version replaced it. start, last: the days, both included; None: no bound."""

    version: OwnKpiVersion
    sentence: str
    said_on: dt.date
    holds: bool
    start: dt.date | None = None
    last: dt.date | None = None

    @property
    def always(self) -> bool:
        return self.holds and self.start is None and self.last is None


def own_kpi_get(scope: Scope, own_id: int) -> OwnKpi | None:
    found: OwnKpi | None = OwnKpi.objects.within(scope).filter(id=own_id).first()
    return found


def own_kpi_list(scope: Scope) -> list[Listed]:
    """All of them, those that are switched on first."""
    versions: dict[int, list[OwnKpiVersion]] = defaultdict(list)
    for version in OwnKpiVersion.objects.within(scope).order_by("id"):
        versions[version.own_kpi_id].append(version)
    return [
        Listed(own, sentence(scope.organisation, timeline(versions[own.pk])[-1].definition), len(versions[own.pk]) - 1)
        for own in OwnKpi.objects.within(scope).order_by("-enabled", "name", "id")
    ]


def held_of(scope: Scope, own: OwnKpi) -> tuple[Held, ...]:
    return timeline(list(OwnKpiVersion.objects.within(scope).filter(own_kpi=own).order_by("id")))


def versions_of(scope: Scope, own: OwnKpi) -> list[ShownVersion]:
    """What was said about it, the latest first, each with the days on which it holds."""
    versions = list(OwnKpiVersion.objects.within(scope).filter(own_kpi=own).select_related("author").order_by("id"))
    held = {one.version.pk: one for one in timeline(versions) if one.version is not None}
    return [_shown(scope, version, held.get(version.pk)) for version in reversed(versions)]


def _shown(scope: Scope, version: OwnKpiVersion, held: Held | None) -> ShownVersion:
    words = sentence(scope.organisation, read(version.definition))
    said_on = scope.organisation.local_day(version.created_at)
    if held is None:
        return ShownVersion(version, words, said_on, holds=False)
    return ShownVersion(version, words, said_on, holds=True, start=held.start, last=held.end - dt.timedelta(days=1) if held.end else None)


def goals_on(scope: Scope, own: OwnKpi) -> list[Goal]:
    """The goals that are set on it, those that end last in front."""
    return list(goal_list(scope, kpi=own.key).order_by("-ends_on", "id"))


def check_without_goals(scope: Scope, own: OwnKpi, advice: str, *, field: str = "") -> None:
    """Refuse, with `advice`, what would leave goals without a figure."""
    if number := len(goals_on(scope, own)):
        goals = ngettext("%(number)s goal is set on this KPI.", "%(number)s goals are set on this KPI.", number) % {"number": number}
        raise InvalidInput(f"{goals} {advice}", field=field, code="has_goals")
