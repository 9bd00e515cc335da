"""Where a figure is opened up: the address of its formula, its parts and its records."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import Http404, QueryDict
from django.urls import reverse

from kpi_tracker.kpis.measures import Dimension
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.periods import Period


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a break-down: a rep within a team, a stage within the organisation."""

    by: Dimension
    id: int


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure as it stands on a page. span: the days that the KPI was asked for."""

    kpi: str
    subject: Subject
    span: Period
    member: Member | None = None

    def address(self, org: str, **more: str) -> str:
        query = {"subject": subject_text(self.subject), "start": self.span.start.isoformat(), "end": self.span.end.isoformat()}
        if self.member is not None:
            query["of"] = f"{self.member.by}:{self.member.id}"
        return f"{reverse('dashboards:records', args=[org, self.kpi])}?{urlencode(query | more, safe=':')}"


def subject_text(subject: Subject) -> str:
    """A subject as addresses write it: "team:3", "organisation"."""
    return subject.kind.value if subject.kind is SubjectKind.ORGANISATION else f"{subject.kind}:{subject.id}"


def member_from(query: QueryDict) -> Member | None:
    """`of`, as in "rep:5" or "stage:2"; 404 for what is none."""
    kind, _, number = query.get("of", "").partition(":")
    if not kind:
        return None
    try:
        return Member(Dimension(kind), int(number))
    except ValueError as wrong:
        raise Http404 from wrong


def path_from(query: QueryDict) -> tuple[int, ...]:
    """`factor`, the way through the factors of formulas: "0.1" is the second factor of the first."""
    text = query.get("factor", "")
    try:
        return tuple(int(step) for step in text.split(".")) if text else ()
    except ValueError as wrong:
        raise Http404 from wrong


def path_text(path: tuple[int, ...]) -> str:
    return ".".join(str(step) for step in path)
