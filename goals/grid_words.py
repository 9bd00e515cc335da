"""Places of the grid, and what became of them, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext, ngettext

from goals import entry, sentences
from goals.deciding import Place
from goals.grid import Grid
from goals.grid_saving import Conflict, Outcome
from goals.selectors import settable_reps
from kpi_tracker import formats
from kpi_tracker.kpis import registry
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.orgs.models import Team
from kpi_tracker.sales.models import Customer
from kpi_tracker.scope import Scope


def names_of(scope: Scope, subjects: Iterable[Subject]) -> dict[Subject, str]:
    """The names of those whom this person may see; of others nothing. One query for each kind."""
    wanted = set(subjects)
    seen: dict[SubjectKind, QuerySet[Any]] = {
        SubjectKind.TEAM: Team.objects.within(scope), SubjectKind.REP: settable_reps(scope),
        SubjectKind.CUSTOMER: Customer.objects.within(scope),
    }
    found = {Subject(SubjectKind.ORGANISATION): scope.organisation.name}
    for kind, rows in seen.items():
        if ids := {subject.id for subject in wanted if subject.kind is kind}:
            found |= {Subject(kind, pk): name for pk, name in rows.filter(id__in=ids).values_list("id", "name")}
    return found


def place_words(scope: Scope, place: Place, names: Mapping[Subject, str]) -> str:
    """A goal's KPI, person and period. names: of `names_of`."""
    kpi, subject, period = place
    label = next((one.label for one in registry.kpis_of(scope.organisation) if one.key == kpi), kpi)
    when = sentences.period_words(scope.organisation.calendar, period)
    values = {"kpi": label, "name": names.get(subject) or gettext("somebody else"), "period": when}
    return gettext("%(kpi)s, %(name)s, %(period)s") % values


@dataclass(frozen=True, slots=True)
class ConflictWords:
    """What two people want of one goal, as figures and as they go back into a field."""

    conflict: Conflict
    title: str
    mine: str
    theirs: str
    mine_text: str
    theirs_text: str


def conflict_words(scope: Scope, one: Conflict, names: Mapping[Subject, str]) -> ConflictWords:
    kpi, currency = registry.kpi(one.change.place[0], scope.organisation), scope.organisation.base_currency
    return ConflictWords(
        one, title=place_words(scope, one.change.place, names), mine=formats.kpi_value(kpi, one.target, currency),
        theirs=formats.kpi_value(kpi, one.goal.target, currency) if one.goal else "",
        mine_text=entry.shown_target(one.target, kpi.unit), theirs_text=entry.shown_target(one.goal.target, kpi.unit) if one.goal else "",
    )


def written_words(outcome: Outcome) -> str:
    new = ngettext("%(number)s target is new", "%(number)s targets are new", outcome.new) % {"number": formats.number(outcome.new)}
    changed = ngettext("%(number)s target is changed", "%(number)s targets are changed", outcome.changed)
    changed %= {"number": formats.number(outcome.changed)}
    both = gettext("Saved: %(new)s, %(changed)s.") % {"new": new, "changed": changed}
    return both if outcome.new and outcome.changed else gettext("Saved: %(what)s.") % {"what": new if outcome.new else changed}


def headline(found: Grid, span: str) -> str:
    """The answer of the grid: what is left to give out, or what people are asked for on top. span: its name."""
    kpi, organisation = found.asked.kpi, found.organisation
    values = {
        "kpi": kpi.label, "name": found.subject_name, "span": span,
        "gap": formats.kpi_value(kpi, abs(found.gap), organisation.base_currency, short=True) if found.gap is not None else "",
    }
    if not found.gap:
        text = gettext("%(kpi)s: the targets add up to the goal, %(span)s") if found.gap == 0 else gettext("%(kpi)s: targets, %(span)s")
        return text % values
    if found.gap > 0:
        return gettext("%(kpi)s: %(gap)s of the goal is given to nobody, %(span)s") % values
    return gettext("%(kpi)s: people are asked for %(gap)s more than the goal, %(span)s") % values
