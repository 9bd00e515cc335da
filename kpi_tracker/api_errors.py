"""Every error of the API is `{"code", "message", "field"}`; the codes are stable and listed in the README.

Where several things are wrong at once, `problems` lists them all, each in the same form; problems of
records also have `index`, the record's place in what was sent, from 0.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions, serializers, status
from rest_framework.response import Response
from rest_framework.views import set_rollback

from kpi_tracker.errors import NothingThere, NotPermitted, UserError
from kpi_tracker.unavailable import SECONDS_TO_WAIT, unavailable_message, will_pass

logger = logging.getLogger(__name__)

# What Django REST Framework calls its errors, where ours says it plainer.
CODES = {"permission_denied": "not_permitted", "authentication_failed": "not_authenticated", "parse_error": "not_json"}


@dataclass(frozen=True, slots=True)
class ApiProblem:
    code: str
    message: str
    field: str = ""
    index: int | None = None


class UnprocessableRecords(exceptions.APIException):
    """Some of the records sent cannot be taken, and so none was."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_code = "record_problems"

    def __init__(self, problems: list[ApiProblem]) -> None:
        self.problems = problems
        super().__init__(_("Nothing was written: mend the problems and send all records again."))


class ProblemSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="Stable; made for programs.")
    message = serializers.CharField(help_text="Made for people, in the language asked for.")
    field = serializers.CharField(help_text="The field or parameter that is meant; empty: none in particular.")


class ErrorSerializer(ProblemSerializer):
    problems = ProblemSerializer(many=True, required=False, help_text="All that is wrong, where it is more than one thing.")


class RecordProblemSerializer(ProblemSerializer):
    index = serializers.IntegerField(help_text="The record's place in what was sent, from 0.")


class RecordErrorSerializer(ProblemSerializer):
    problems = RecordProblemSerializer(many=True)


def exception_handler(error: Exception, context: dict[str, Any]) -> Response:
    set_rollback()
    match error:
        case UnprocessableRecords():
            return _answer(error.status_code, ApiProblem(error.default_code, str(error.detail)), error.problems)
        case exceptions.ValidationError():
            problems = list(problems_in(error.detail))
            return _answer(error.status_code, problems[0], problems if len(problems) > 1 else [])
        case exceptions.APIException():
            return _from_framework(error)
        case NotPermitted():
            return _answer(status.HTTP_403_FORBIDDEN, ApiProblem(error.code, error.message, error.field))
        case NothingThere():
            return _answer(status.HTTP_404_NOT_FOUND, ApiProblem(error.code, error.message, error.field))
        case IntegrityError():
            message = _("Somebody else wrote the same at the same time; send it again.")
            return _answer(status.HTTP_409_CONFLICT, ApiProblem("conflict", message))
        case UserError():
            return _answer(status.HTTP_400_BAD_REQUEST, ApiProblem(error.code, error.message, error.field))
        case Http404():
            return _from_framework(exceptions.NotFound())
        case PermissionDenied():
            return _from_framework(exceptions.PermissionDenied())
        case _:
            return _unforeseen(error)


def _unforeseen(error: Exception) -> Response:
    logger.error("An API request failed.", exc_info=error)
    if will_pass(error):
        answer = _answer(status.HTTP_503_SERVICE_UNAVAILABLE, ApiProblem("unavailable", unavailable_message()))
        answer["Retry-After"] = str(SECONDS_TO_WAIT)
        return answer
    return _answer(status.HTTP_500_INTERNAL_SERVER_ERROR, ApiProblem("internal", _("Something went wrong here; it is in the log.")))


def _from_framework(error: exceptions.APIException) -> Response:
    code = str(error.get_codes())
    message = _("There is nothing at this address.") if isinstance(error, exceptions.NotFound) else str(error.detail)
    answer = _answer(error.status_code, ApiProblem(CODES.get(code, code), message))
    if header := getattr(error, "auth_header", ""):
        answer["WWW-Authenticate"] = header
    if wait := getattr(error, "wait", None):
        answer["Retry-After"] = str(int(wait))
    return answer


def problems_in(detail: Any, field: str = "") -> Iterator[ApiProblem]:
    """The leaves of a validation error, each with the path to its field."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            path = name if name != "non_field_errors" else ""
            yield from problems_in(inner, ".".join(part for part in (field, path) if part))
    elif isinstance(detail, list):
        for inner in detail:
            yield from problems_in(inner, field)
    else:
        yield ApiProblem(getattr(detail, "code", "invalid"), str(detail), field)


def _answer(code: int, problem: ApiProblem, problems: list[ApiProblem] | None = None) -> Response:
    body: dict[str, Any] = {"code": problem.code, "message": problem.message, "field": problem.field}
    if problems:
        body["problems"] = [{name: value for name, value in asdict(each).items() if value is not None} for each in problems]
    return Response(body, status=code, exception=True)
