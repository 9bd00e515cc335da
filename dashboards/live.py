"""Whether an open page still shows the latest figures: its script asks often, so it must cost next to nothing."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from kpi_tracker.rollups.live import LiveVersion, version, version_for
from kpi_tracker.scope import Scope
from kpi_tracker.web import Permission, page

ADDRESS = re.compile(r"/o/(?P<org>[-\w]+)/live")


@require_safe
@page(Permission.MEMBER)
def live(request: HttpRequest, scope: Scope) -> HttpResponseBase:
    """The version of the organisation's data; 304 where the asker has it already."""
    return answer(request, version(scope.organisation, now=timezone.now()))


class LiveMiddleware:
    """The same answer at the price of two questions: before the person, the language and the Scope are read.

    Whoever is not a member, or signed out, goes on to the view and is refused there.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        asked = ADDRESS.fullmatch(request.path_info)
        found = version_for(request.session, asked["org"], now=timezone.now()) if asked and request.method == "GET" else None
        return self.get_response(request) if found is None else answer(request, found)


def answer(request: HttpRequest, found: LiveVersion) -> HttpResponseBase:
    full = HttpResponse(str(found), content_type="text/plain", headers={"ETag": f'"{found}"', "Cache-Control": "private, no-cache"})
    return get_conditional_response(request, etag=full.headers["ETag"], response=full) or full
