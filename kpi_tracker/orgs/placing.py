"""Writes of who belongs where, for any day past or to come: reps to teams, teams to teams above them."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from kpi_tracker.errors import InvalidInput
from kpi_tracker.orgs import tree
from kpi_tracker.orgs.models import Organisation, Rep, Team, TeamAssignment, TeamPlacement
from kpi_tracker.orgs.services import rep_move_team
from kpi_tracker.periods import DAY, day_after


@transaction.atomic
def stay_set(
    *, rep: Rep, team: Team, first: dt.date, last: dt.date | None, stay: TeamAssignment | None = None, replacing: bool = False
) -> None:
    """The rep is in `team` from the first to the last day, both included (None: until further notice).

    stay: the stay that this corrects; days that it had and no longer has are in no team.
    replacing: take the days from other stays that have them; otherwise that is refused.
    """
    if last is not None and last < first:
        raise InvalidInput(_("The last day must not come before the first."), field="last")
    end = None if last is None else day_after(last)
    Rep.objects.select_for_update(no_key=True).get(pk=rep.pk)
    if stay is not None:
        stay.delete()
    if not replacing:
        others = TeamAssignment.objects.filter(organisation_id=rep.organisation_id, rep=rep).exclude(valid_to__lte=first)
        if end is not None:
            others = others.filter(valid_from__lt=end)
        if (other := others.select_related("team").order_by("valid_from").first()) is not None:
            raise InvalidInput(_told(rep, other), field="first")
    rep_move_team(rep=rep, team=team, from_day=first, until=end)


def _told(rep: Rep, other: TeamAssignment) -> str:
    values = {"rep": rep, "team": other.team, "first": other.valid_from, "last": other.valid_to - DAY if other.valid_to else ""}
    if other.valid_to is None:
        return _("%(rep)s is in %(team)s from %(first)s on; end that stay first, or replace those days.") % values
    return _("%(rep)s is in %(team)s from %(first)s to %(last)s; change that stay first, or replace those days.") % values


@transaction.atomic
def team_place(*, team: Team, parent: Team | None, first: dt.date, last: dt.date | None = None) -> None:
    """From the first to the last day, both included (None: until further notice), the team stands below `parent`, or below none.

    What was said of those days before is replaced; the days around them stay as they are.
    """
    if parent is not None and parent.organisation_id != team.organisation_id:
        raise InvalidInput(_("That team is not in this organisation."), field="parent", code="other_organisation")
    if last is not None and last < first:
        raise InvalidInput(_("The last day must not come before the first."), field="last")
    end = None if last is None else day_after(last)
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=team.organisation_id)
    met = TeamPlacement.objects.filter(organisation=organisation, team=team).exclude(valid_to__lte=first)
    if end is not None:
        met = met.filter(valid_from__lt=end)
    for old in met:
        old.leave_out(first, end)
    TeamPlacement.objects.create(organisation=organisation, team=team, parent=parent, valid_from=first, valid_to=end)
    _refuse_circle(organisation)


def _refuse_circle(organisation: Organisation) -> None:
    """Raise where on any day a team would stand below itself."""
    parents = dict(Team.objects.filter(organisation=organisation).values_list("id", "parent_id"))
    for era in tree.eras(parents, tree.places_of(organisation)):
        if (inside := tree.circle(era.parents)) is not None:
            name = Team.objects.get(organisation=organisation, pk=inside).name
            if era.start == tree.FIRST:
                raise InvalidInput(_("%(team)s would stand below itself.") % {"team": name}, field="parent")
            values = {"team": name, "day": era.start}
            raise InvalidInput(_("%(team)s would stand below itself from %(day)s on.") % values, field="parent")


@transaction.atomic
def placement_remove(*, placement: TeamPlacement) -> None:
    """Those days are again as the team's own parent says."""
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=placement.organisation_id)
    placement.delete()
    _refuse_circle(organisation)
