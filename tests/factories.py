"""Makes rows for tests. Every date is given: nothing defaults to today."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from goals.models import Goal
from kpi_tracker.kpis.metrics import AnyKpi
from kpi_tracker.kpis.registry import built_in
from kpi_tracker.orgs.models import Membership, Organisation, Rep, Team, TeamAssignment, TeamManager, User
from kpi_tracker.sales.models import Activity, Customer, Deal, Lead, Pipeline, Stage

PASSWORD = "correct horse battery"


def organisation(slug: str = "nordlys", **fields: Any) -> Organisation:
    org = Organisation.objects.create(slug=slug, name=fields.pop("name", slug.title()), **fields)
    Rep.objects.create(organisation=org, name="Unassigned", is_unassigned=True)
    pipeline = Pipeline.objects.create(organisation=org, name="Sales")
    for position, (name, kind, qualified) in enumerate(
        [("Prospect", "open", False), ("Qualified", "open", True), ("Won", "won", True), ("Lost", "lost", False)]
    ):
        Stage.objects.create(organisation=org, pipeline=pipeline, name=name, position=position, kind=kind, is_qualified=qualified)
    return org


def member(org: Organisation, email: str, role: str, *, rep: Rep | None = None, manages: Team | None = None) -> User:
    user = User.objects.create_user(email, PASSWORD, first_name=email.split("@", maxsplit=1)[0].title())
    Membership.objects.create(organisation=org, user=user, role=role)
    if rep is not None:
        rep.user = user
        rep.save()
    if manages is not None:
        TeamManager.objects.create(organisation=org, team=manages, user=user, valid_from=dt.date(2000, 1, 1))
    return user


def team(org: Organisation, name: str, parent: Team | None = None) -> Team:
    return Team.objects.create(organisation=org, name=name, parent=parent)


def rep(org: Organisation, name: str, in_team: Team | None = None, *, since: dt.date = dt.date(2000, 1, 1), **fields: Any) -> Rep:
    made = Rep.objects.create(organisation=org, name=name, **fields)
    if in_team is not None:
        TeamAssignment.objects.create(organisation=org, rep=made, team=in_team, valid_from=since)
    return made


def customer(org: Organisation, name: str, owner: Rep, **fields: Any) -> Customer:
    return Customer.objects.create(organisation=org, name=name, owner=owner, **fields)


def activity(org: Organisation, who: Rep, day: dt.date, kind: str = "call", **fields: Any) -> Activity:
    return Activity.objects.create(organisation=org, rep=who, occurred_on=day, kind=kind, **fields)


def lead(org: Organisation, who: Rep, created_on: dt.date, **fields: Any) -> Lead:
    return Lead.objects.create(organisation=org, rep=who, created_on=created_on, **fields)


def deal(
    org: Organisation, owner: Rep, *, opened_on: dt.date | None, closed_on: dt.date | None = None, status: str = "open",
    amount: Decimal | str | None = None, **fields: Any,
) -> Deal:
    stage = Stage.objects.filter(organisation=org, kind=status).order_by("position").first()
    fields.setdefault("currency", org.base_currency)
    fields.setdefault("name", "Deal")
    return Deal.objects.create(
        organisation=org, owner=owner, stage=stage, status=status, opened_on=opened_on, closed_on=closed_on,
        amount=None if amount is None else Decimal(amount), **fields,
    )


def goal(
    org: Organisation, kpi: str, subject: Organisation | Team | Rep | Customer, starts_on: dt.date, ends_on: dt.date,
    target: Decimal | str | int, **fields: Any,
) -> Goal:
    kind = type(subject).__name__.lower()
    if not isinstance(subject, Organisation):
        fields[kind] = subject
    return Goal.objects.create(
        organisation=org, kpi=kpi, subject_kind=kind, starts_on=starts_on, ends_on=ends_on, target=Decimal(target), **fields
    )


def kpi(key: str) -> AnyKpi:
    """The built-in KPI of that key."""
    return next(one for one in built_in() if one.key == key)
