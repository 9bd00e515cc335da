"""The request's language and its Scope."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils import translation

from kpi_tracker.once import remembering
from kpi_tracker.orgs.selectors import scope_for

Handler = Callable[[HttpRequest], HttpResponse]


class LanguageMiddleware:
    """The person's own language; else what the browser asks for."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = getattr(request.user, "language", "") or request.COOKIES.get("django_language", "")
        if not translation.check_for_language(chosen or "-"):
            chosen = translation.get_language_from_request(request)
        with translation.override(chosen):
            request.LANGUAGE_CODE = translation.get_language() or chosen
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", chosen)
            return response


class ScopeMiddleware:
    """Put `request.scope` in front of every view whose address names an organisation (`<slug:org>`)."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with remembering() if request.method in ("GET", "HEAD") else nullcontext():
            return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: dict[str, Any]) -> HttpResponseBase | None:
        slug = kwargs.get("org")
        if slug is None:
            return None
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        scope = scope_for(request.user, slug)
        if scope is None:
            raise Http404
        request.scope = scope  # type: ignore[attr-defined]
        return None
