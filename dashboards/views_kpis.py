"""The pages of the handbook: what the KPIs mean, one of them, and what to measure whom on."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from dashboards import kpis_sentences as sentences
from dashboards.catalogue import Shown
from dashboards.kpis import Standing, by_category, by_lever, entries_of, read_wanted, standing, used
from dashboards.kpis_advice import MONTHS, Person, job_of_viewer, people, small_set
from dashboards.math_links import Figure, subject_text
from dashboards.subjects import about, address
from kpi_tracker import formats
from kpi_tracker.kpis.advice import Job, proposed
from kpi_tracker.kpis.cards import cards_choose
from kpi_tracker.kpis.handbook import SUBJECT_LABELS
from kpi_tracker.kpis.metrics import AnyKpi, Category, Lever, SubjectKind
from kpi_tracker.periods import Grain
from kpi_tracker.scope import Scope
from kpi_tracker.web import Permission, page, render_page

PEOPLE = 25


def today_of(scope: Scope) -> dt.date:
    return scope.organisation.local_day(timezone.now())


@page(Permission.MEMBER)
def handbook(request: HttpRequest, scope: Scope) -> HttpResponse:
    """What each KPI means."""
    entries = entries_of(Shown(scope, SubjectKind.ORGANISATION))
    wanted = read_wanted(request.GET)
    found = [entry for entry in entries if wanted.takes(entry)]
    context = {
        "categories": by_category(found), "wanted": wanted, "answer": sentences.handbook_answer(wanted, len(found), len(entries)),
        "choices": [
            ("role", gettext("Can be moved by"), gettext("Anybody"), wanted.job, [(job, job.label) for job in Job]),
            ("lever", gettext("Moves"), gettext("Any factor"), wanted.lever, [(lever, lever.label) for lever in Lever]),
            ("category", gettext("Category"), gettext("All categories"), wanted.category, [(one, one.label) for one in Category]),
            ("for", gettext("Measured for"), gettext("Any kind"), wanted.subject, list(SUBJECT_LABELS.items())),
        ],
    }
    return render_page(request, "dashboards/kpis.html", context, fragment="dashboards/_kpi_list.html")


@page(Permission.MEMBER)
def detail(request: HttpRequest, scope: Scope, *, kpi: str) -> HttpResponse:
    """One KPI: what it means, how it stands, where it is used and how to influence it."""
    one = next((entry for entry in entries_of(Shown(scope, SubjectKind.ORGANISATION)) if entry.shown.key == kpi), None)
    if one is None:
        raise Http404
    today = today_of(scope)
    context: dict[str, Any] = {"one": one, "used": used(scope, kpi, today), "answer": one.shown.label}
    if (now := standing(scope, one.kpi, today)) is not None:
        context |= _figure(scope, one.kpi, one.shown.label, now, today)
    return render_page(request, "dashboards/kpi_detail.html", context)


def _figure(scope: Scope, kpi: AnyKpi, label: str, now: Standing, today: dt.date) -> dict[str, Any]:
    organisation = scope.organisation
    currency = organisation.base_currency
    value, figure = formats.kpi_value(kpi, now.value.value, currency), Figure(kpi.key, now.subject, now.span)
    whom = about(scope, now.subject.kind, now.subject.id, day=today).name
    return {
        "value": value, "whom": whom, "answer": sentences.kpi_answer(label, whom, value, now.month, today),
        "median": formats.kpi_value(kpi, now.value.median, currency) if now.value.median is not None else "", "month": now.month,
        "immature": now.value.immature, "curve": address(scope, now.subject, Grain.MONTH, now.month, kpi.key),
        "figure": figure, "math": figure.address(organisation.slug),
    }


@page(Permission.MEMBER)
def advice(request: HttpRequest, scope: Scope) -> HttpResponse:
    """What to measure whom on, and who is measured on the wrong things."""
    today = today_of(scope)
    shown = Shown(scope, SubjectKind.ORGANISATION)
    measured = people(scope, shown.all, today)
    job = read_wanted(request.GET).job or job_of_viewer(scope, measured)
    wrong = Paginator([person for person in measured if person.cautions], PEOPLE).get_page(request.GET.get("page"))
    small = small_set(scope, job, entries_of(shown), today)
    context = {
        "job": job, "jobs": list(Job), "small": small, "answer": sentences.advice_answer(measured),
        "levers": by_lever([one.entry for one in small]),
        "wrong": wrong, "said": [_said(scope, person, shown) for person in wrong],
        "right": len(measured) - wrong.paginator.count, "measured": len(measured),
    }
    return render_page(request, "dashboards/kpi_advice.html", context)


def _said(scope: Scope, person: Person, shown: Shown) -> dict[str, Any]:
    labels = {one.key: one.label for one in shown.all}

    def name(kpi: AnyKpi) -> str:
        return labels.get(kpi.key, str(kpi.label))

    return {
        "person": person, "link": address(scope, person.subject), "number": len(person.own),
        "goals": reverse("goals:list", args=[scope.organisation.slug]) + f"?for={subject_text(person.subject)}",
        "work": sentences.work_words(person.work, MONTHS) if person.work else "",
        "cautions": [(sentences.says(one, name), sentences.advises(one, name)) for one in person.cautions],
    }


@require_POST
@page(Permission.ADMINISTER)
def cards(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Show the set for a role as the cards."""
    job = read_wanted(request.POST).job
    if job is None:
        raise Http404
    shown = Shown(scope, SubjectKind.ORGANISATION)
    cards_choose(scope=scope, kpis=[one.kpi.key for one in proposed(job, (one.kpi for one in shown.all))])
    messages.success(request, gettext("These KPIs are now the first cards on every page."))
    return redirect(reverse("dashboards:kpi_advice", args=[scope.organisation.slug]) + f"?role={job}")
