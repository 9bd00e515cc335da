"""Files of goals: KPI, whom it is for, period, target."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from goals import services
from goals.selectors import goal_for
from integrations.importers import words as known
from integrations.importers.costs import PERIOD_FIELDS
from integrations.importers.mapping import Field, Holds, normal, words
from integrations.importers.periods import read_period
from integrations.importers.sheet import Row, Sheet
from kpi_tracker.errors import UserError
from kpi_tracker.kpis import registry
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.kpis.subjects import subject_named, subject_of
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.periods import Period
from kpi_tracker.sales.batch import RecordProblems
from kpi_tracker.sales.records import Problem, UpsertSummary
from kpi_tracker.scope import Scope

NOUNS = words("goal, target, mål, tavoite")
FIELDS = (
    Field("kpi", gettext_lazy("KPI"), words("kpi, measure, metric, nyckeltal, mått, mittari, tunnusluku"), required=True),
    Field("scope", gettext_lazy("for"), words("scope, subject, for, gäller, kohde")),
    Field("team", gettext_lazy("team"), words("team, lag, grupp, tiimi, ryhmä")),
    Field("rep", gettext_lazy("rep"), known.OWNER),
    Field("customer", gettext_lazy("customer"), known.CUSTOMER),
    *PERIOD_FIELDS,
    Field(
        "target",
        gettext_lazy("target"),
        words("target, goal, value, target value, mål, målvärde, värde, tavoite, tavoitearvo, arvo"),
        Holds.NUMBER,
        required=True,
    ),
    Field("why", gettext_lazy("why it matters"), words("why, reason, note, varför, skäl, anteckning, miksi, perustelu")),
)


@dataclass(frozen=True, slots=True)
class GoalRecord:
    kpi: str
    subject: Subject
    period: Period
    target: Decimal
    why: str


def read(row: Row, scope: Scope) -> GoalRecord | None:
    key = kpi_key(row.text("kpi"), scope.organisation)
    if not key:
        advice = _("Known are: %(keys)s.") % {"keys": ", ".join(kpi.key for kpi in registry.kpis_of(scope.organisation))}
        row.problem("kpi", _("There is no KPI “%(text)s”.") % {"text": row.text("kpi")}, advice)
    target = row.amount("target")
    if target is None and not row.failed:
        row.problem("target", _("The target is missing."), _("Fill it in, or remove the line."))
    period, subject = read_period(row), _subject(row, scope)
    if row.failed or target is None or period is None or subject is None:
        return None
    return GoalRecord(key, subject, period, target.value / 100 if target.percent else target.value, row.text("why"))


def kpi_key(text: str, organisation: Organisation) -> str:
    """The key of the KPI that is so called, by its key or its label."""
    wanted = normal(text)
    return next((kpi.key for kpi in registry.kpis_of(organisation) if wanted in (normal(kpi.key), normal(str(kpi.label)))), "")


def _subject(row: Row, scope: Scope) -> Subject | None:
    for key in ("scope", "rep", "team", "customer"):
        if text := row.text(key):
            try:
                if key == "scope":
                    return subject_of(scope.organisation, text)
                return subject_named(scope.organisation, SubjectKind(key), text)
            except UserError as error:
                row.problem(key, error.message)
                return None
    return Subject(SubjectKind.ORGANISATION)


def write(sheet: Sheet, scope: Scope) -> UpsertSummary:
    """Make the goals of a file; one of the same KPI, subject and period gets the file's target."""
    created = updated = unchanged = 0
    problems: list[Problem] = []
    for row in sheet.rows():
        record = read(row, scope)
        if record is None:
            sheet.rejected += 1
            continue
        sheet.lines.append(row.number)
        old = goal_for(scope, kpi=record.kpi, subject=record.subject, period=record.period)
        if old is not None and old.target == record.target and old.why == record.why.strip():
            unchanged += 1
            continue
        values = {"kpi": record.kpi, "subject": record.subject, "period": record.period, "target": record.target, "why": record.why}
        try:
            if old is None:
                services.goal_create(scope=scope, today=sheet.today, **values)  # type: ignore[arg-type]
                created += 1
            else:
                services.goal_change(scope=scope, goal=old, today=sheet.today, reason=_("From a file."), **values)  # type: ignore[arg-type]
                updated += 1
        except UserError as error:
            problems.append(Problem(len(sheet.lines) - 1, error.field, error.message))
    if problems:
        raise RecordProblems(problems, len(problems))
    return UpsertSummary(created, updated, unchanged)
