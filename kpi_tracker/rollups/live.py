"""Which version of an organisation's data a page shows: another one as soon as a change is committed.

A change leaves marks in its own transaction, each with a higher number than those before, and a refresh that takes marks away
counts the version of the cells up: together they never say the same twice. What may show only with the next refresh: on SQLite,
a change of a bucket that is marked already; on PostgreSQL, of two transactions that overlap, the one that took its numbers first
and commits last.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.db import connection
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.crypto import constant_time_compare

from kpi_tracker.orgs.models import Organisation, User
from kpi_tracker.scope import Scope

P = ParamSpec("P")
PART_HEADER = "Live-Part"


@dataclass(frozen=True, slots=True)
class LiveVersion:
    """cells: the version of the cells; newest: the number of the last mark; today: at midnight, pages show another day."""

    cells: int
    newest: int
    calendar: str
    today: dt.date

    def __str__(self) -> str:
        return f"{self.cells}-{self.newest}-{self.calendar[:8]}-{self.today:%Y%m%d}"


# Written out: asked so often, it must not be put together anew each time.
STATE = (
    "SELECT {columns} s.version, (SELECT b.id FROM rollups_dirtybucket b WHERE b.organisation_id = o.id"
    " AND b.id > COALESCE(s.claimed_to, 0) ORDER BY b.id DESC LIMIT 1),"  # not among a million that have just been taken away
    " c.version FROM orgs_organisation o LEFT JOIN rollups_rollupstate s ON s.organisation_id = o.id"
    " LEFT JOIN orgs_calendarversion c ON c.organisation_id = o.id {condition}"
)
OF_ORGANISATION = STATE.format(columns="", condition="WHERE o.id = %s")
OF_MEMBER = STATE.format(
    columns="u.password, o.timezone,",
    condition="JOIN orgs_membership m ON m.organisation_id = o.id JOIN orgs_user u ON u.id = m.user_id"
    " WHERE m.user_id = %s AND u.is_active AND o.slug = %s",
)


def version(organisation: Organisation, *, now: dt.datetime) -> LiveVersion:
    """One question, read before any figure of the page: a change that comes meanwhile is then seen as a newer version."""
    with connection.cursor() as cursor:
        cursor.execute(OF_ORGANISATION, [organisation.pk])
        return _version(organisation.local_day(now), *(cursor.fetchone() or (None, None, None)))


def version_for(session: Any, slug: str, *, now: dt.datetime) -> LiveVersion | None:
    """The version for a member who is signed in, else None: one question beside the session's own."""
    user_id = session.get(SESSION_KEY)
    if user_id is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute(OF_MEMBER, [int(user_id), slug])
        found = cursor.fetchone()
    if found is None or not _is_signed(session.get(HASH_SESSION_KEY, ""), found[0]):
        return None
    return _version(Organisation(timezone=found[1]).local_day(now), *found[2:])


def _is_signed(signature: str, password: str) -> bool:
    """Whether the session was opened with this password: a new one ends the sessions of the old one."""
    user = User(password=password)
    return any(constant_time_compare(signature, known) for known in (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()))


def _version(today: dt.date, cells: int | None, newest: int | None, calendar: str | None) -> LiveVersion:
    return LiveVersion(cells or 0, newest or 0, calendar or "", today)


def live(
    view: Callable[Concatenate[HttpRequest, Scope, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, Scope, P], HttpResponseBase]:
    """Declare a page that updates itself, below `@page`: it says its version, and answers its own script with the main part alone."""

    @wraps(view)
    def marked(request: HttpRequest, scope: Scope, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        request.live = version(scope.organisation, now=timezone.now())  # type: ignore[attr-defined]
        if PART_HEADER in request.headers:
            request.live_frame = "live.html"  # type: ignore[attr-defined]
        response = view(request, scope, *args, **kwargs)
        patch_vary_headers(response, [PART_HEADER])
        return response

    return marked
