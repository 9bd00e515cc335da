"""Whom a text means: an organisation's team, rep or customer by name."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from kpi_tracker.errors import InvalidInput
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.orgs.models import Organisation, Rep, Team
from kpi_tracker.sales.models import Customer

# Where a name is not known, close ones are looked for among this many.
MOST_NAMES = 5000


def subject_of(organisation: Organisation, text: str) -> Subject:
    """`organisation`, `team:NAME`, `rep:NAME` or `customer:NAME`; raises where that is nobody, or more than one."""
    kind, separator, name = text.partition(":")
    if kind == SubjectKind.ORGANISATION and not separator:
        return Subject(SubjectKind.ORGANISATION)
    if kind not in (SubjectKind.TEAM, SubjectKind.REP, SubjectKind.CUSTOMER) or not name.strip():
        message = _("“%(text)s” is no scope; write organisation, team:NAME, rep:NAME or customer:NAME.")
        raise InvalidInput(message % {"text": text}, field="scope", code="unknown_scope")
    return subject_named(organisation, SubjectKind(kind), name)


def subject_named(organisation: Organisation, kind: SubjectKind, name: str) -> Subject:
    """The team, rep or customer of that name; a rep's e-mail address and an id at a source are understood too."""
    name = " ".join(name.split())
    rows = _rows(organisation, kind)
    for condition in _conditions(kind, name):
        found = list(rows.filter(condition).values_list("id", flat=True)[:2])
        if len(found) == 1:
            return Subject(kind, found[0])
        if found:
            raise InvalidInput(_ambiguous(kind) % {"name": name}, field="scope", code="ambiguous")
    close = get_close_matches(name, list(rows.values_list("name", flat=True)[:MOST_NAMES]), n=5, cutoff=0.5)
    message = _unknown(kind, close=bool(close)) % {"name": name, "close": ", ".join(close)}
    raise InvalidInput(message, field="scope", code="unknown_scope")


def _ambiguous(kind: SubjectKind) -> str:
    if kind is SubjectKind.TEAM:
        return _("More than one team is called “%(name)s”; write it exactly.")
    if kind is SubjectKind.REP:
        return _("More than one rep is called “%(name)s”; use the e-mail address or id.")
    return _("More than one customer is called “%(name)s”; use the id.")


def _unknown(kind: SubjectKind, *, close: bool) -> str:
    if kind is SubjectKind.TEAM:
        return _("There is no team “%(name)s”. Is it one of: %(close)s?") if close else _("There is no team “%(name)s”.")
    if kind is SubjectKind.REP:
        return _("There is no rep “%(name)s”. Is it one of: %(close)s?") if close else _("There is no rep “%(name)s”.")
    return _("There is no customer “%(name)s”. Is it one of: %(close)s?") if close else _("There is no customer “%(name)s”.")


def _rows(organisation: Organisation, kind: SubjectKind) -> QuerySet[Any]:
    models: dict[SubjectKind, Any] = {SubjectKind.TEAM: Team, SubjectKind.REP: Rep, SubjectKind.CUSTOMER: Customer}
    rows: QuerySet[Any] = models[kind].objects.filter(organisation=organisation).order_by("name", "id")
    return rows


def _conditions(kind: SubjectKind, name: str) -> list[Q]:
    """From the most to the least exact."""
    conditions = [Q(name=name), Q(name__iexact=name)]
    if kind is SubjectKind.REP:
        conditions.append(Q(email__iexact=name))
    if kind is not SubjectKind.TEAM:
        conditions.append(Q(external_id=name))
    return conditions
