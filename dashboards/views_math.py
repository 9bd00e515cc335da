"""The page behind every figure: how it is made, and of which records."""

from __future__ import annotations

import datetime as dt

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.text import slugify

from dashboards import exports
from dashboards.formulas import Part
from dashboards.math_page import Math, context, math_of
from dashboards.records import records_of, wanted_from
from kpi_tracker.scope import Scope
from kpi_tracker.web import Permission, page, render_page


def today_of(scope: Scope) -> dt.date:
    return scope.organisation.local_day(timezone.now())


@page(Permission.MEMBER)
def records(request: HttpRequest, scope: Scope, *, kpi: str) -> HttpResponseBase:
    """A figure's formula and the records behind it; as a file those listed."""
    math = math_of(scope, kpi, request.GET, today_of(scope))
    if request.GET.get("format") == "csv" and math.part is not None:
        return _file(request, math, math.part)
    return render_page(request, "dashboards/records.html", context(math, request.GET), fragment="dashboards/_records.html")


def _file(request: HttpRequest, math: Math, part: Part) -> HttpResponseBase:
    """All pages of the list, as narrowed and sorted."""
    wanted = wanted_from(request.GET)
    listed = records_of(math.scope, math.asked(part), wanted)
    found = listed.found.iterator(chunk_size=1000) if hasattr(listed.found, "iterator") else listed.found
    rows = ([cell.raw for cell in row] for row in listed.rows(math.scope, found))
    name = slugify(f"{math.about.name} {math.name} {part.label} {'left out' if wanted.left else ''}")
    return exports.csv_file(name, [column.title for column in listed.columns], rows)
