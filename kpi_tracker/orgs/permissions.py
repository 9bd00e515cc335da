"""Permissions of API views; each view names one, and without one nobody gets in."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class Nobody(BasePermission):
    def has_permission(self, request: Request, view: Any) -> bool:
        return False
