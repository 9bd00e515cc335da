"""Who takes part, as the form of a goal shows and reads it: a box for each rep, a field for each share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from goals import entry
from goals.kinds import step_of
from goals.people import Candidates, candidates, ids_of
from goals.shares import evenly
from kpi_tracker.errors import InvalidInput
from kpi_tracker.kpis.metrics import AnyKpi

if TYPE_CHECKING:
    from goals.forms import GoalForm


@dataclass(frozen=True, slots=True)
class PersonRow:
    """share: as typed; empty for an equal part."""

    rep_id: int
    name: str
    chosen: bool
    share: str
    wrong: bool = False


@dataclass(frozen=True, slots=True)
class PeopleGroup:
    team: str
    rows: tuple[PersonRow, ...]

    @property
    def chosen(self) -> int:
        return sum(1 for row in self.rows if row.chosen)


@dataclass(frozen=True, slots=True)
class People:
    """listed_for: the scope and period whose people they are. chosen: by rep id, with the share that was typed."""

    groups: tuple[PeopleGroup, ...] = ()
    listed_for: str = ""
    chosen: Mapping[int, Decimal | None] | None = None
    wrong: InvalidInput | None = None

    @property
    def number(self) -> int:
        return len(self.chosen or {})


def read(form: GoalForm) -> People:
    """All of the scope take part until somebody else is chosen; where they were chosen of another scope's, all of this one do."""
    subject, period = form.try_(form.subject_read), form.try_(form.period_read)
    if subject is None or period is None:
        return People()
    groups = candidates(form.scope, subject, period, known=form.reps)
    listed_for = f"{subject.kind.value}:{subject.id}"
    data = form.data
    picked: set[int] | None = None
    if data.get("people_of") == listed_for:
        picked = {int(one) for one in _all(data, "people") if str(one).isdecimal()}
    shares, wrong = _typed(data, ids_of(groups) if picked is None else [one for one in ids_of(groups) if one in picked], form.chosen_kpi)
    return People(tuple(_group(group, picked, data, wrong) for group in groups), listed_for, shares, next(iter(wrong.values()), None))


def _all(data: Any, name: str) -> list[Any]:
    """Every value of a field, of a query or of a plain mapping."""
    return list(data.getlist(name) if hasattr(data, "getlist") else data.get(name, []))


def _typed(data: Any, reps: list[int], kpi: AnyKpi | None) -> tuple[dict[int, Decimal | None], dict[int, InvalidInput]]:
    found: dict[int, Decimal | None] = {}
    wrong: dict[int, InvalidInput] = {}
    for rep in reps:
        text = str(data.get(f"share_{rep}") or "").strip()
        try:
            found[rep] = entry.typed_target(text, kpi.unit, field="participants") if text and kpi else None
        except InvalidInput as error:
            found[rep], wrong[rep] = None, error
    return found, wrong


def _group(group: Candidates, picked: set[int] | None, data: Any, wrong: Mapping[int, Any]) -> PeopleGroup:
    return PeopleGroup(group.team, tuple(
        PersonRow(rep.id, rep.name, picked is None or rep.id in picked, str(data.get(f"share_{rep.id}") or ""), rep.id in wrong)
        for rep in group.reps
    ))


def people_values(shares: Mapping[int, Decimal], target: Decimal, kpi: AnyKpi, listed_for: str) -> dict[str, Any]:
    """The form's values for the participants of a goal that exists; equal shares stay empty, so that they follow the target."""
    values: dict[str, Any] = {"people_of": listed_for, "people": [str(rep) for rep in shares]}
    equal = evenly(target, len(shares), step_of(kpi)) if kpi.adds_up else [target] * len(shares)
    if sorted(shares.values()) != sorted(equal):
        values |= {f"share_{rep}": entry.shown_target(share, kpi.unit) for rep, share in shares.items()}
    return values
