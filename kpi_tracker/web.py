"""What every view shares: its declared permission, and pages or fragments."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import Any, Concatenate, ParamSpec, assert_never

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from kpi_tracker.errors import NotPermitted
from kpi_tracker.scope import Role, Scope

P = ParamSpec("P")
View = Callable[..., HttpResponseBase]


class Permission(StrEnum):
    """What a view asks of the person. Which figures and records are seen is the Scope's matter."""

    MEMBER = "member"
    SET_GOALS = "set_goals"
    ADMINISTER = "administer"


def allows(scope: Scope, permission: Permission) -> bool:
    match permission:
        case Permission.MEMBER:
            return True
        case Permission.SET_GOALS:
            return scope.role in (Role.ADMIN, Role.MANAGER)
        case Permission.ADMINISTER:
            return scope.role is Role.ADMIN
        case _:
            assert_never(permission)


def page(permission: Permission) -> Callable[[Callable[Concatenate[HttpRequest, Scope, P], HttpResponseBase]], View]:
    """Declare a view of one organisation: it gets `(request, scope, ...)`.

    The middleware has already sent strangers to sign in and answered 404 to members of other
    organisations; a member without the right gets 403 here.
    """

    def decorate(view: Callable[Concatenate[HttpRequest, Scope, P], HttpResponseBase]) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, org: str, **kwargs: Any) -> HttpResponseBase:
            scope: Scope = request.scope  # type: ignore[attr-defined]
            if not allows(scope, permission):
                raise PermissionDenied
            try:
                return view(request, scope, *args, **kwargs)
            except NotPermitted as refused:
                raise PermissionDenied(refused.message) from refused

        checked.permission = permission  # type: ignore[attr-defined]
        return checked

    return decorate


def public(view: View) -> View:
    """Declare a view that anybody may open."""
    view.permission = None  # type: ignore[attr-defined]
    return view


def render_page(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, *, fragment: str = "", status: int = 200
) -> HttpResponse:
    """The whole page, or only `fragment` where HTMX asks for a part; a history restore gets the whole page."""
    htmx: Any = request.htmx  # type: ignore[attr-defined]
    part = bool(fragment) and bool(htmx) and not htmx.history_restore_request and not htmx.boosted
    response = render(request, fragment if part else template, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response
