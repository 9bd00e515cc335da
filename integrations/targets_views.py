"""The upload of the target grid: a file, a dry run, and a form that goes to the grid itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from goals import entry
from goals.grid_words import names_of, place_words
from integrations import targets
from integrations.importers.workbook import as_csv, is_workbook
from kpi_tracker import formats
from kpi_tracker.errors import InvalidInput
from kpi_tracker.kpis import registry
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.scope import Scope
from kpi_tracker.web import Permission, page, render_page

MOST_BYTES = 2 * 1024**2
# What of the grid's address is taken along, so that one comes back to the same grid.
GRID = ("kpi", "of", "by", "from")


class TargetsForm(forms.Form):
    file = forms.FileField(
        label=_("CSV file or Excel workbook"), widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx,.xls,.ods,text/csv"})
    )

    def content(self) -> bytes:
        """The file as CSV; raises InvalidInput."""
        upload = self.cleaned_data["file"]
        if upload.size > MOST_BYTES:
            most = {"most": MOST_BYTES // 1024**2}
            raise InvalidInput(gettext("The file is larger than %(most)s MB; split it.") % most, field="file", code="too_large")
        data: bytes = upload.read()
        return as_csv(data) if is_workbook(data) else data


@page(Permission.SET_GOALS)
def upload(request: HttpRequest, scope: Scope) -> HttpResponse:
    now = timezone.now()
    form = TargetsForm(request.POST or None, request.FILES or None)
    query = urlencode({name: request.GET[name] for name in GRID if name in request.GET})
    context: dict[str, Any] = {"form": form, "query": query}
    if request.method == "POST" and form.is_valid():
        try:
            name = form.cleaned_data["file"].name
            found = targets.dry_run(scope, form.content(), name=name, now=now, today=scope.organisation.local_day(now))
        except InvalidInput as wrong:
            form.add_error("file", wrong.message)
        else:
            names = names_of(scope, [line.place[1] for line in found.lines if line.place])
            context |= {"found": found, "rows": [row_of(scope, line, names) for line in found.lines], "file_name": name}
    return render_page(request, "integrations/targets.html", context, status=422 if form.errors else 200)


def row_of(scope: Scope, line: targets.Line, names: Mapping[Subject, str]) -> dict[str, Any]:
    """A line in words."""
    if line.place is None or line.target is None:
        return {"line": line, "title": " · ".join(cell for cell in line.cells if cell), "new": "", "old": "", "text": ""}
    kpi, currency = registry.kpi(line.place[0], scope.organisation), scope.organisation.base_currency
    return {
        "line": line, "title": place_words(scope, line.place, names), "new": formats.kpi_value(kpi, line.target, currency),
        "old": formats.kpi_value(kpi, line.old, currency) if line.old is not None else "",
        "text": entry.shown_target(line.target, kpi.unit),
    }
