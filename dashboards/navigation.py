"""What every page shows around its content: the menu of what this person may open, and the theme."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, resolve, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from goals.selectors import waiting
from kpi_tracker.scope import Role, Scope
from kpi_tracker.web import Permission, allows

THEMES = ("light", "dark")
ROLES = {Role.ADMIN: _("Admin"), Role.MANAGER: _("Manager"), Role.REP: _("Rep"), Role.VIEWER: _("Viewer")}


@dataclass(frozen=True, slots=True)
class Link:
    """count: how many things there wait for this person."""

    label: Any
    address: str
    icon: str
    current: bool = False
    count: int = 0


@dataclass(frozen=True, slots=True)
class Section:
    title: Any
    links: tuple[Link, ...]


@cache
def _permission(name: str, org: str) -> tuple[str, Permission | None] | None:
    """A page's address and what it asks for; None where the page does not exist."""
    try:
        address = reverse(name, kwargs={"org": org})
    except NoReverseMatch:
        return None
    return address, getattr(resolve(address).func, "permission", None)


def _link(request: HttpRequest, scope: Scope, name: str, label: Any, icon: str) -> Link | None:
    found = _permission(name, scope.organisation.slug)
    if found is None or (found[1] is not None and not allows(scope, found[1])):
        return None
    address = found[0]
    return Link(label, address, icon, current=request.path.startswith(address))


def _overview(request: HttpRequest, scope: Scope) -> list[Link | None]:
    org = scope.organisation.slug
    links: list[Link | None] = []
    if scope.sees_organisation:
        address = reverse("dashboards:organisation_now", kwargs={"org": org})
        above = (address, f"/o/{org}/team/") if scope.rep_id is None else (address,)
        links.append(Link(_("Overview"), address, "overview", current=request.path.startswith(above)))
    if scope.rep_id is not None:
        links.append(_link(request, scope, "my_day", _("My day"), "clock"))
        address = reverse("dashboards:rep_now", kwargs={"org": org, "id": scope.rep_id})
        links.append(Link(_("My figures"), address, "me", current=request.path.startswith(address)))
        if not scope.sees_organisation:
            for team in sorted(scope.team_ids or ()):
                address = reverse("dashboards:team_now", kwargs={"org": org, "id": team})
                links.append(Link(_("My team"), address, "team", current=request.path.startswith(address)))
    return links


def _goals(request: HttpRequest, scope: Scope) -> Link | None:
    """With the number of goals that wait for an answer; to admins, whom all offers of the organisation reach, on the goals' own pages."""
    link = _link(request, scope, "goals:list", _("Goals"), "goals")
    if link is None or scope.role is Role.VIEWER or (scope.role is Role.ADMIN and not link.current):
        return link
    return replace(link, count=waiting(scope, scope.organisation.local_day(timezone.now())).count())


def menu(request: HttpRequest, scope: Scope) -> list[Section]:
    first = [
        *_overview(request, scope),
        _goals(request, scope),
        _link(request, scope, "dashboards:plan", _("Velocity & plan"), "plan"),
        _link(request, scope, "dashboards:people", _("People"), "people"),
        _link(request, scope, "dashboards:customers", _("Customers"), "customers"),
    ]
    data = [_link(request, scope, "integrations:import", _("Import"), "import")]
    setup = [
        _link(request, scope, "dashboards:kpis", _("KPIs"), "kpis"),
        _link(request, scope, "dashboards:calendar", _("Calendar"), "calendar"),
        _link(request, scope, "dashboards:teams", _("Teams over time"), "timeline"),
        _link(request, scope, "dashboards:currencies", _("Currencies"), "currency"),
        _link(request, scope, "dashboards:closed", _("Closed months"), "lock"),
        _link(request, scope, "dashboards:operations", _("Operations"), "pulse"),
    ]
    if getattr(request.user, "is_staff", False):
        setup.append(Link(_("Settings"), reverse("admin:index"), "settings"))
    sections = [("", first), (pgettext_lazy("menu", "Data"), data), (pgettext_lazy("menu", "Set up"), setup)]
    return [Section(title, found) for title, links in sections if (found := tuple(link for link in links if link))]


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context processor."""
    theme = request.COOKIES.get("theme", "")
    context: dict[str, Any] = {"theme": theme if theme in THEMES else ""}
    scope: Scope | None = getattr(request, "scope", None)
    if scope is not None:
        context |= {"scope": scope, "organisation": scope.organisation, "menu": menu(request, scope), "role": ROLES[scope.role]}
    return context
