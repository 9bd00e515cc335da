"""What one request may see. Built once per request, passed first to every selector."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self, TypeVar

from django.db import models

if TYPE_CHECKING:
    from kpi_tracker.orgs.models import Organisation

M = TypeVar("M", bound=models.Model)


class Role(StrEnum):
    ADMIN = "admin"
    MANAGER = "manager"
    REP = "rep"
    VIEWER = "viewer"


@dataclass(frozen=True, slots=True)
class Scope:
    """One organisation, and whose records and totals of it may be seen.

    rep_ids, team_ids: None means all of the organisation; a set means these alone.
    A rep's team_ids are the teams whose totals (not whose members' figures) are shown.
    manages: the teams that a manager leads, with those below them.
    """

    organisation: Organisation
    role: Role
    user_id: int | None
    rep_id: int | None = None
    rep_ids: frozenset[int] | None = frozenset()
    team_ids: frozenset[int] | None = frozenset()
    sees_organisation: bool = False
    manages: frozenset[int] = frozenset()

    @property
    def sees_all_reps(self) -> bool:
        return self.rep_ids is None

    @property
    def may_administer(self) -> bool:
        return self.role is Role.ADMIN

    @property
    def may_set_goals(self) -> bool:
        return self.role in (Role.ADMIN, Role.MANAGER)

    def may_see_rep(self, rep_id: int) -> bool:
        return self.rep_ids is None or rep_id in self.rep_ids

    def may_see_team(self, team_id: int) -> bool:
        return self.team_ids is None or team_id in self.team_ids


class ScopedQuerySet(models.QuerySet[M]):
    """The queryset of every tenant table.

    A model names in `rep_paths` the fields that lead to the reps a row belongs to; a row is
    seen when any of them may be seen. Models without `rep_paths` are seen by the whole organisation.
    """

    def within(self, scope: Scope) -> Self:
        found = self.filter(organisation=scope.organisation)
        paths: tuple[str, ...] = getattr(self.model, "rep_paths", ())
        if scope.rep_ids is None or not paths:
            return found
        seen = models.Q()
        for path in paths:
            seen |= models.Q(**{f"{path}__in": scope.rep_ids})
        return found.filter(seen)


class TenantModel(models.Model):
    """Base of the tables that belong to one organisation."""

    # No index of its own: every index of a tenant table starts with the organisation.
    organisation = models.ForeignKey("orgs.Organisation", on_delete=models.CASCADE, related_name="+", db_index=False)

    objects: Any = ScopedQuerySet.as_manager()

    class Meta:
        abstract = True
