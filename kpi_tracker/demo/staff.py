"""Writes the organisation itself: calendar, teams over time, sellers, leave, and who may sign in."""

from __future__ import annotations

import datetime as dt

from django.contrib.auth.hashers import make_password

from kpi_tracker.demo.accounts import ACCOUNTS, COLLEAGUES, DOMAIN, NAME, PASSWORD, SLUG, Account
from kpi_tracker.demo.names import plain
from kpi_tracker.demo.people import FOUNDED, LATE_TEAM, TEAMS, joined_on
from kpi_tracker.demo.records import Seller
from kpi_tracker.demo.world import World
from kpi_tracker.orgs.models import (
    Absence,
    ClosingDay,
    ExchangeRate,
    Membership,
    Rep,
    Team,
    TeamAssignment,
    TeamManager,
    TeamPlacement,
    User,
)
from kpi_tracker.orgs.services import organisation_create
from kpi_tracker.periods import DAY


class Staff:
    """The rows of the people, by the plans that they came from."""

    def __init__(self, world: World) -> None:
        self.organisation = organisation_create(name=NAME, slug=SLUG, timezone="Europe/Stockholm", country="SE", currency="EUR")
        self.organisation.display_currency = "SEK"
        self.organisation.save(update_fields=["display_currency"])
        self.unassigned: Rep = Rep.objects.get(organisation=self.organisation, is_unassigned=True)
        self.teams: dict[str, Team] = {}
        self.reps: dict[Seller, Rep] = {}
        self.users: dict[str, User] = {}
        self._calendar(world)
        self._people(world)
        password = make_password(PASSWORD)
        for account in ACCOUNTS:
            self._account(account, password)
        for account in COLLEAGUES:
            self._account(account, make_password(None))

    def leader(self, team: str, seller: Seller | None, day: dt.date) -> User:
        """Who set the goal: the manager of the team or of a team above it, else the admin."""
        above: str | None = seller.team_on(day) if seller else team or None
        while above is not None:
            if above in self.users:
                return self.users[above]
            above = TEAMS[above]
        return self.users[""]

    def _calendar(self, world: World) -> None:
        org = self.organisation
        ClosingDay.objects.bulk_create(ClosingDay(organisation=org, day=day, name=name) for day, name in sorted(world.closed.items()))
        ExchangeRate.objects.bulk_create(
            ExchangeRate(organisation=org, currency=currency, day=day, rate=rate)
            for currency, series in world.rates.items() for day, rate in series
        )

    def _people(self, world: World) -> None:
        org = self.organisation
        for name, above in TEAMS.items():
            self.teams[name] = Team.objects.create(organisation=org, name=name, parent=self.teams[above] if above else None)
        TeamPlacement.objects.create(
            organisation=org, team=self.teams[LATE_TEAM], parent=None, valid_from=FOUNDED, valid_to=joined_on(world.today)
        )
        reps = Rep.objects.bulk_create(
            Rep(
                organisation=org, name=seller.name, email=f"{'.'.join(plain(part) for part in seller.name.split())}@{DOMAIN}",
                country=seller.country, share=seller.share, started_on=seller.started_on or FOUNDED, ended_on=seller.ended_on,
            )
            for seller in world.sellers
        )
        self.reps = dict(zip(world.sellers, reps, strict=True))
        TeamAssignment.objects.bulk_create(
            TeamAssignment(
                organisation=org, rep=rep, team=self.teams[team], valid_from=start,
                valid_to=end or (seller.ended_on + DAY if seller.ended_on else None),
            )
            for seller, rep in self.reps.items() for team, start, end in seller.teams
        )
        Absence.objects.bulk_create(
            Absence(organisation=org, rep=rep, valid_from=leave.days.start, valid_to=leave.days.end, reason=leave.reason)
            for seller, rep in self.reps.items() for leave in seller.leaves
        )

    def _account(self, account: Account, password: str) -> None:
        first, last = account.name.split(" ", 1)
        user = User.objects.create(email=account.email, first_name=first, last_name=last, password=password)
        Membership.objects.create(organisation=self.organisation, user=user, role=account.role)
        if account.role == "admin":
            self.users[""] = user
        if account.manages:
            self.users[account.manages] = user
            TeamManager.objects.create(organisation=self.organisation, team=self.teams[account.manages], user=user, valid_from=FOUNDED)
        if account.seller:
            rep = next(rep for seller, rep in self.reps.items() if seller.name == account.seller)
            rep.user, rep.email = user, account.email
            rep.save(update_fields=["user", "email"])
