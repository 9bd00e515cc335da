"""The operations page: how fresh the figures are, and rebuilding them."""

from __future__ import annotations

import datetime as dt

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from dashboards import operations as found_by
from kpi_tracker import formats, queues
from kpi_tracker.rollups import rebuilding, tasks
from kpi_tracker.scope import Scope
from kpi_tracker.web import Permission, page, render_page


def at(scope: Scope, moment: dt.datetime | None) -> str:
    """Day and time where the organisation is; empty where there was none."""
    if moment is None:
        return ""
    local = moment.astimezone(scope.organisation.zone)
    return f"{formats.short_day(local.date(), year=True)}, {formats.clock_time(local)}"


@page(Permission.ADMINISTER)
def operations(request: HttpRequest, scope: Scope) -> HttpResponse:
    """While something waits or runs the page asks for itself anew every two seconds."""
    found = found_by.operations(scope, now=timezone.now())
    last = found.rebuild if found.rebuild and not found.is_rebuilding else None
    context = {
        "found": found, "answer": found_by.answer(found), "freshness": found_by.freshness(found), "limits": found_by.limits(),
        "queues": found_by.queue_rows(found.lengths) if found.lengths is not None else None,
        "last": found_by.last_rebuild(last) if last else None, "last_at": at(scope, last.rebuild.done_at) if last else "",
        "refreshed_at": at(scope, found.state.refreshed_at), "failed_at": at(scope, found.state.failed_at),
        "verified_at": at(scope, found.state.verified_at), "part": bool(request.htmx),  # type: ignore[attr-defined]
    }
    return render_page(request, "dashboards/operations.html", context, fragment="dashboards/_operations.html")


@require_POST
@page(Permission.ADMINISTER)
def rebuild(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Recompute all cells; asked for again, the rebuild that runs goes on."""
    rebuilding.rebuild_start(scope.organisation)
    try:
        tasks.rebuild_organisation.delay(scope.organisation.pk)
    except queues.Away:
        messages.warning(request, gettext("The queue of jobs does not answer. The rebuild begins as soon as it does."))
    else:
        messages.success(request, gettext("All figures are being rebuilt. They stay as right as they are meanwhile."))
    return redirect("dashboards:operations", org=scope.organisation.slug)
