"""What is said while the database or Redis cannot serve: that it will pass (503), where a fault of ours would be a 500.

Django calls `server_error` with whatever nobody caught, in a view or a middleware; its traceback is in the log as ever.
"""

from __future__ import annotations

import sqlite3
import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _
from django.views import defaults
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

SECONDS_TO_WAIT = 5
API = "/api/"
# Somebody else writes, the disk is full or cannot be read; not a missing table or column, which SQLite calls an operational error too.
PASSING_ON_SQLITE = {
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_NOMEM,
}


def will_pass(error: BaseException | None) -> bool:
    """Whether the same request can go well later, with nothing mended in it or in the code."""
    if not isinstance(error, OperationalError | InterfaceError):
        return isinstance(error, BrokerError | RedisError)
    if isinstance(error.__cause__, sqlite3.Error):
        return getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF in PASSING_ON_SQLITE
    return True


def unavailable_message() -> str:
    return _("The data cannot be reached or written right now: send it again in a moment.")


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's `handler500`: it runs while the exception is being handled."""
    if not will_pass(sys.exc_info()[1]):
        return defaults.server_error(request)
    headers = {"Retry-After": str(SECONDS_TO_WAIT), "Cache-Control": "no-store"}
    with translation.override(getattr(request, "LANGUAGE_CODE", None) or translation.get_language_from_request(request)):
        if request.path_info.startswith(API):
            return JsonResponse({"code": "unavailable", "message": unavailable_message(), "field": ""}, status=503, headers=headers)
        return HttpResponse(render_to_string("503.html", {"changes": request.method not in ("GET", "HEAD")}), status=503, headers=headers)
