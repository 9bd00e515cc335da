"""One subject's page: whose, when, which KPI, seen by whom; and the addresses that lead on from it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse
from django.utils.text import slugify

from dashboards.catalogue import Shown, ShownKpi
from dashboards.frame import Frame
from dashboards.subjects import About, address
from goals.services import may_set
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.periods import Grain, Period
from kpi_tracker.rollups.reported import AS_REPORTED
from kpi_tracker.scope import Scope


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    address: str
    on: bool = False
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """One subject at one time, seen by one person."""

    scope: Scope
    about: About
    frame: Frame
    shown: Shown
    chosen: ShownKpi
    now: dt.datetime

    @property
    def currency(self) -> str:
        return self.scope.organisation.base_currency

    def link(
        self, *, subject: Subject | None = None, period: Period | None = None, grain: Grain | None = None, kpi: str | None = None
    ) -> str:
        """This page with another subject, time or KPI."""
        key = self.chosen.key if kpi is None else kpi
        named = "" if key == first_key(self.shown) else key
        found = address(self.scope, subject or self.about.subject, grain or self.frame.grain, period or self.frame.period, named)
        return as_reported(found) if self.frame.as_reported else found


def as_reported(place: str) -> str:
    """The same page with closed months as they were reported."""
    return f"{place}{'&' if '?' in place else '?'}as={AS_REPORTED}"


def first_key(shown: Shown) -> str:
    first = shown.chosen("")
    return first.key if first else ""


def goal_link(page: Page, name: str, **query: str) -> str:
    """An address of the goals pages."""
    kwargs: dict[str, Any] = {"org": page.scope.organisation.slug}
    if "id" in query:
        kwargs["id"] = int(query.pop("id"))
    try:
        found = reverse(f"goals:{name}", kwargs=kwargs)
    except NoReverseMatch:
        return ""
    return f"{found}?{urlencode(query, safe=':')}" if query else found


def new_goal_link(page: Page) -> str:
    about = page.about.subject
    if not may_set(page.scope, about, today=page.frame.today):
        return ""
    subject = about.kind.value if about.kind is SubjectKind.ORGANISATION else f"{about.kind}:{about.id}"
    period = page.frame.period
    return goal_link(page, "new", kpi=page.chosen.key, subject=subject, start=period.start.isoformat(), end=period.end.isoformat())


def file_name(page: Page) -> str:
    return slugify(f"{page.about.name} {page.chosen.key} {page.frame.grain} {page.frame.start_text}")
