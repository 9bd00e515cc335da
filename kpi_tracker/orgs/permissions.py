"""Permissions of API views; each view names one, and without one nobody gets in."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import NotAuthenticated, PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from kpi_tracker.scope import Role, Scope


class Nobody(BasePermission):
    def has_permission(self, request: Request, view: Any) -> bool:
        return False


class OrganisationToken(BasePermission):
    """A token of the organisation; one that may write for anything but reading."""

    def has_permission(self, request: Request, view: Any) -> bool:
        scope = token_scope(request)
        if scope is None:
            raise NotAuthenticated(_("Send a token of your organisation: “Authorization: Bearer kt_…”."))
        if request.method not in SAFE_METHODS and scope.role is not Role.ADMIN:
            raise PermissionDenied(_("This token may only read."), code="read_only_token")
        return True


class SignedInOrToken(BasePermission):
    """Anybody who belongs to some organisation here: for what says nothing about any of them."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if token_scope(request) is None and not request.user.is_authenticated:
            raise NotAuthenticated(_("Sign in, or send a token of your organisation."))
        return True


def token_scope(request: Request) -> Scope | None:
    """The scope that the request's token opened (see `integrations.authentication`)."""
    return getattr(request, "scope", None) if request.auth is not None else None
