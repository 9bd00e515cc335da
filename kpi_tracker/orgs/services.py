"""Writes of organisations, teams and reps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from kpi_tracker.errors import InvalidInput
from kpi_tracker.orgs.models import Organisation, Rep, Team, TeamAssignment

# Since when a rep has been in a team, where nobody knows: before any record.
BEGINNING = dt.date(2000, 1, 1)


@transaction.atomic
def organisation_create(
    *, name: str, slug: str, timezone: str = "Europe/Stockholm", country: str = "SE", currency: str = "EUR", language: str = "en"
) -> Organisation:
    """A new organisation with what each one needs: the rep that stands for records without a rep."""
    organisation = Organisation(name=name, slug=slug, timezone=timezone, country=country, base_currency=currency, language=language)
    try:
        organisation.full_clean()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise InvalidInput(f"{field}: {' '.join(messages)}", field=field) from error
    organisation.save()
    unassigned_rep_create(organisation=organisation)
    return organisation


def unassigned_rep_create(*, organisation: Organisation) -> Rep:
    """The rep that stands for records without a rep; every organisation needs one."""
    made: Rep = Rep.objects.create(organisation=organisation, name="Unassigned", is_unassigned=True)
    return made


@transaction.atomic
def rep_move_team(*, rep: Rep, team: Team | None, from_day: dt.date, until: dt.date | None = None) -> None:
    """From `from_day` up to, and without, `until` (from then on, if None) the rep is in `team`, or in none.

    What was said of those days before is replaced; the days around them stay as they are.
    """
    if team is not None and team.organisation_id != rep.organisation_id:
        raise InvalidInput(_("That team is not in this organisation."), field="team", code="other_organisation")
    if until is not None and until <= from_day:
        raise InvalidInput(_("The last day must not come before the first."), field="until")
    assignments = TeamAssignment.objects.filter(organisation_id=rep.organisation_id, rep=rep)
    met = assignments.exclude(valid_to__lte=from_day)
    if until is not None:
        met = met.filter(valid_from__lt=until)
    for old in met.select_for_update():
        old.leave_out(from_day, until)
    if team is None:
        return
    before = assignments.filter(team=team, valid_to=from_day).first()
    after = assignments.filter(team=team, valid_from=until).first() if until else None
    if after is not None:
        until = after.valid_to
        after.delete()
    if before is not None:
        before.valid_to = until
        before.save(update_fields=["valid_to"])
    else:
        TeamAssignment.objects.create(organisation_id=rep.organisation_id, rep=rep, team=team, valid_from=from_day, valid_to=until)


def team_path_ensure(*, organisation: Organisation, path: Sequence[str]) -> tuple[Team, int]:
    """The team at the end of `path` (names from the top down) and how many teams had to be made for it.

    A team that stands below no other yet is put where the path says; one that stands elsewhere is refused.
    """
    parent: Team | None = None
    made = 0
    names = list(dict.fromkeys(path))
    for name in names:
        team = Team.objects.filter(organisation=organisation, name=name).first()
        if team is None:
            team = Team.objects.create(organisation=organisation, name=name, parent=parent)
            made += 1
        elif parent is not None and team.parent_id is None:
            team.parent = parent
            try:
                team.clean()
            except ValidationError as error:
                raise InvalidInput(" ".join(error.messages), field="team") from error
            team.save(update_fields=["parent"])
        elif parent is not None and team.parent_id != parent.id:
            message = _("The team %(team)s already stands below %(parent)s; move it there first.")
            raise InvalidInput(message % {"team": team.name, "parent": team.parent}, field="team")
        parent = team
    if parent is None:
        raise InvalidInput(_("A team needs a name."), field="team")
    return parent, made


def team_on(rep: Rep, day: dt.date) -> int | None:
    """The id of the rep's team on `day`."""
    found = TeamAssignment.objects.filter(Q(valid_to=None) | Q(valid_to__gt=day), rep=rep, valid_from__lte=day)
    team_id: int | None = found.values_list("team_id", flat=True).first()
    return team_id
