"""The pages of the target grid and of its files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import formats as django_formats
from django.utils import timezone
from django.utils.translation import gettext

from goals import entry, sentences
from goals.grid import WITHIN, Asked, Cell, grid, kpis, read_asked, subjects
from goals.grid_files import CSV, EXCEL, csv_content, excel_content
from goals.grid_saving import Change, Outcome, Wrong, grid_save, read_changes
from goals.grid_words import conflict_words, headline, names_of, place_words, written_words
from kpi_tracker import formats
from kpi_tracker.errors import InvalidInput, NothingThere
from kpi_tracker.periods import Grain
from kpi_tracker.scope import Scope
from kpi_tracker.web import Permission, page, render_page


@page(Permission.SET_GOALS)
def target_grid(request: HttpRequest, scope: Scope) -> HttpResponse:
    now = timezone.now()
    today = scope.organisation.local_day(now)
    try:
        asked = read_asked(scope, request.GET, today=today)
    except NothingThere as nothing:
        return no_people(request, nothing)
    if request.method != "POST":
        return grid_page(request, scope, asked)
    changes, reason = read_changes(request.POST), request.POST.get("reason", "")[:300]
    try:
        outcome = grid_save(scope=scope, changes=changes, reason=reason, now=now, today=today)
    except InvalidInput as wrong:
        return grid_page(request, scope, asked, kept=changes, refused=wrong.message, status=422)
    if outcome.written:
        messages.success(request, written_words(outcome))
    elif outcome.is_clean:
        messages.info(request, gettext("Nothing was changed: the figures are as they were."))
    if outcome.is_clean:
        return redirect(f"{request.path}?{query_of(asked)}")
    kept = [wrong.change for wrong in outcome.wrong]
    return grid_page(request, scope, asked, kept=kept, outcome=outcome, status=409 if outcome.conflicts else 422)


def grid_page(
    request: HttpRequest, scope: Scope, asked: Asked, *, kept: list[Change] | None = None, outcome: Outcome | None = None,
    refused: str = "", status: int = 200,
) -> HttpResponse:
    """kept: what was typed and is not saved yet; it stays in its field, with what its writer saw."""
    shown = grid(scope, asked, today=scope.organisation.local_day(timezone.now()))
    typed = {change.key: change for change in kept or []}
    faults = {wrong.change.key: wrong.message for wrong in outcome.wrong} if outcome else {}
    clashing = {conflict.change.key for conflict in outcome.conflicts} if outcome else set()

    def field(cell: Cell) -> Field:
        change = typed.get(cell.key)
        return Field(cell, change, faults.get(cell.key, ""), clashes=cell.key in clashing)

    rows = [(row, [field(cell) for cell in row.cells]) for row in shown.rows]
    goals = [field(column.goal) for column in shown.columns]
    on_page = {one.cell.key for one in (*goals, *(one for _, fields in rows for one in fields)) if one.cell.open}
    others = [Wrong(change, faults.get(change.key, "")) for change in kept or [] if change.key not in on_page]
    conflicts = outcome.conflicts if outcome else []
    whose = [change.place[1] for change in (*(one.change for one in conflicts), *(one.change for one in others))]
    names = names_of(scope, whose) if whose else {}
    calendar = scope.organisation.calendar
    span = sentences.period_words(calendar, asked.span)
    symbol = formats.SYMBOLS.get(scope.organisation.base_currency, scope.organisation.base_currency)
    return render_page(request, "goals/grid.html", {
        "grid": shown, "rows": rows, "goal_fields": goals, "decimals": shown.decimals, "reason": request.POST.get("reason", ""),
        "refused": refused, "kpis": kpis(scope), "subjects": subjects(scope, scope.organisation.local_day(timezone.now())),
        "conflicts": [conflict_words(scope, one, names) for one in conflicts],
        "others": [(one, place_words(scope, one.change.place, names)) for one in others],
        "grains": [(Grain.MONTH.value, gettext("Months of a year")), (Grain.QUARTER.value, gettext("Quarters of a year")),
                   (Grain.WEEK.value, gettext("Weeks of a quarter"))],
        "span_name": span, "headline": headline(shown, span), "query": query_of(asked), "query_alone": query_of(replace(asked, page=1)),
        "page_numbers": range(1, shown.pages + 1),
        "before": query_of(asked, start=calendar.shift(WITHIN[asked.grain], asked.span, -1).start.isoformat()),
        "after": query_of(asked, start=calendar.shift(WITHIN[asked.grain], asked.span, 1).start.isoformat()),
        "unit": entry.unit_sign(asked.kpi.unit, symbol), "decimal": django_formats.get_format("DECIMAL_SEPARATOR"),
        "chosen": query_of(asked, whole=True),
    }, status=status)


@dataclass(frozen=True, slots=True)
class Field:
    """A cell as it is shown: with what was typed and is not saved."""

    cell: Cell
    change: Change | None
    fault: str
    clashes: bool

    @property
    def name(self) -> str:
        return self.change.name if self.change else self.cell.name

    @property
    def text(self) -> str:
        return self.change.text if self.change else self.cell.text

    @property
    def open(self) -> bool:
        return self.cell.open and not self.clashes


def no_people(request: HttpRequest, nothing: NothingThere) -> HttpResponse:
    """A manager without a team; a team that is not this person's is not there."""
    if request.GET.get("of"):
        raise Http404(nothing.message)
    return render_page(request, "goals/grid_nobody.html")


def query_of(asked: Asked, *, start: str = "", whole: bool = False) -> Any:
    """The address's part that asks for this grid. whole: as a mapping."""
    subject = asked.subject
    found = {
        "kpi": asked.kpi.key, "of": f"{subject.kind.value}:{subject.id}" if subject.id else subject.kind.value, "by": asked.grain.value,
        "from": start or asked.span.start.isoformat(),
    } | ({"page": str(asked.page)} if asked.page > 1 and not start else {})
    return found if whole else urlencode(found)


@page(Permission.SET_GOALS)
def grid_file(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The grid as a CSV file or an Excel workbook, which the upload and the import of goals read."""
    today = scope.organisation.local_day(timezone.now())
    try:
        asked = read_asked(scope, request.GET, today=today)
    except NothingThere as nothing:
        raise Http404(nothing.message) from nothing
    shown = grid(scope, asked, today=today, every=True)
    kind = "xlsx" if request.GET.get("format") == "xlsx" else "csv"
    content, media = (excel_content(shown), EXCEL) if kind == "xlsx" else (csv_content(shown), CSV)
    response = HttpResponse(content, content_type=media)
    response["Content-Disposition"] = f'attachment; filename="targets-{asked.kpi.key}-{asked.span.start}.{kind}"'
    return response
