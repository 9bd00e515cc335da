"""The import page: upload, look at it, confirm."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRefresh

from integrations import services, uploads
from integrations.forms import MappingForm, UploadForm
from integrations.importers.kinds import KINDS
from integrations.importers.mapping import ColumnMapping, from_data
from integrations.importers.reader import Outcome, Terms, first_rows
from integrations.models import Import
from integrations.selectors import import_get, import_list, mapping_for
from integrations.tasks import take_further
from kpi_tracker.scope import Scope
from kpi_tracker.web import Permission, page, render_page

SHOWN_ISSUES = 200


@page(Permission.ADMINISTER)
def upload(request: HttpRequest, scope: Scope) -> HttpResponse:
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        terms = Terms(scope=scope, kind=KINDS[form.cleaned_data["kind"]], now=timezone.now())
        file = form.cleaned_data["file"]
        note = services.import_note(file=file, terms=terms, mapping=mapping_for(scope, terms.kind, file))
        send(note)
        return redirect("integrations:file", org=scope.organisation.slug, id=note.pk)
    past = Paginator(import_list(scope), 20).get_page(request.GET.get("page"))
    most = {"most_mb": settings.IMPORT_MOST_BYTES // 1024**2, "most_rows": settings.IMPORT_MOST_ROWS}
    context = {"form": form, "past": past, "kinds": KINDS, **most}
    return render_page(request, "integrations/import.html", context, status=400 if form.errors else 200)


@page(Permission.ADMINISTER)
def file(request: HttpRequest, scope: Scope, id: int) -> HttpResponse:
    note = found(scope, id)
    if request.htmx and not note.is_under_way:  # type: ignore[attr-defined]
        return HttpResponseClientRefresh()
    if note.state != Import.State.WAITING:
        return state_page(request, note)
    if note.is_large:
        outcome = services.found_outcome(note)
    else:
        outcome = services.file_check(file=services.file_of(note), terms=terms_of(note, scope))
    if request.method != "POST":
        return preview(request, note, outcome)
    form = MappingForm(request.POST, kind=KINDS[note.kind], header=outcome.header, mapping=outcome.mapping)
    if not form.is_valid():
        return preview(request, note, outcome, form)
    services.import_map(note=note, mapping=form.chosen(), now=timezone.now())
    send(note)
    return redirect("integrations:file", org=scope.organisation.slug, id=note.pk)


def state_page(request: HttpRequest, note: Import) -> HttpResponse:
    """What becomes, or became, of a file that is not waiting for anybody. While a job has it, the page asks again for its progress."""
    context: dict[str, Any] = {"note": note, "kind": KINDS[note.kind]}
    if note.is_under_way:
        return render_page(request, "integrations/progress.html", context, fragment="integrations/_progress.html")
    if note.state == Import.State.FAILED:
        issues = services.found_problems(note)
        context |= {"issues": issues[:SHOWN_ISSUES], "more": len(issues) - SHOWN_ISSUES}
        return render_page(request, "integrations/failed.html", context)
    return render_page(request, "integrations/done.html", context)


def send(note: Import) -> None:
    """Have a job take the file where one is to. Where the queue is away, `follow_imports` sends for it later."""
    if note.is_under_way:
        transaction.on_commit(lambda: take_further.delay(note.pk), robust=True)


@require_POST
@page(Permission.ADMINISTER)
def confirm(request: HttpRequest, scope: Scope, id: int) -> HttpResponse:
    note = found(scope, id)
    if note.state == Import.State.WAITING:  # else confirmed twice
        try:
            services.import_confirm(note=note, terms=terms_of(note, scope))
        except services.ImportRejected as rejected:
            return preview(request, note, rejected.outcomes[0])
        send(note)
        if note.state == Import.State.DONE:
            messages.success(request, gettext("%(file)s is imported.") % {"file": note.file_name})
    return redirect("integrations:file", org=scope.organisation.slug, id=note.pk)


@require_POST
@page(Permission.ADMINISTER)
def again(request: HttpRequest, scope: Scope, id: int) -> HttpResponse:
    """Check a file anew whose import stopped."""
    note = found(scope, id)
    if note.state == Import.State.FAILED:
        services.import_check(note=note, now=timezone.now())
        send(note)
    return redirect("integrations:file", org=scope.organisation.slug, id=note.pk)


@require_POST
@page(Permission.ADMINISTER)
def discard(request: HttpRequest, scope: Scope, id: int) -> HttpResponse:
    note = found(scope, id)
    if note.state in (Import.State.DONE, Import.State.RUNNING):
        return redirect("integrations:file", org=scope.organisation.slug, id=note.pk)
    services.import_discard(note=note)
    messages.success(request, gettext("%(file)s is thrown away; nothing was written.") % {"file": note.file_name})
    return redirect("integrations:import", org=scope.organisation.slug)


def found(scope: Scope, import_id: int) -> Import:
    note = import_get(scope, import_id)
    if note is None:
        raise Http404
    return note


def terms_of(note: Import, scope: Scope) -> Terms:
    mapping = from_data(note.mapping) if note.mapping else None
    return Terms(scope=scope, kind=KINDS[note.kind], now=timezone.now(), mapping=mapping)


def preview(request: HttpRequest, note: Import, outcome: Outcome, form: MappingForm | None = None) -> HttpResponse:
    kind = KINDS[note.kind]
    mapping = outcome.mapping if outcome.mapping.columns else from_data(note.mapping) if note.mapping else ColumnMapping()
    meant: dict[str, list[str]] = defaultdict(list)
    for kind_field in kind.fields:
        for name in mapping.columns.get(kind_field.key, ()):
            meant[name].append(str(kind_field.label))
    return render_page(request, "integrations/preview.html", {
        "note": note, "kind": kind, "outcome": outcome, "issues": outcome.issues[:SHOWN_ISSUES], "more": len(outcome.issues) - SHOWN_ISSUES,
        "columns": [(name, ", ".join(meant[name])) for name in outcome.header],
        "kept": mapping.name, "lines": [row.line for row in first_rows(uploads.head(note))],
        "form": form or MappingForm(None, kind=kind, header=outcome.header, mapping=mapping),
    }, status=400 if form else 200)
