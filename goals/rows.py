"""Goals as lists show them: grouped, the ones that need somebody first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.utils.translation import gettext, ngettext

from goals import sentences
from goals.answers import WORDS, Answers, answers_of
from goals.models import IN_FORCE, Goal, State
from goals.progress import GoalProgress, progress
from goals.selectors import goal_list, waiting
from goals.status import Status
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.scope import Scope

Goals = Sequence[Goal] | QuerySet[Goal]
# How many goals of each group the first view shows, and one group alone on a page.
FRONT = {"waiting": 15, "running": 15, "upcoming": 6, "drafts": 6, "past": 6}
PAGE = 40
ASKING = ("waiting", "drafts")
# What needs somebody stands first.
_ORDER = [Status.BEHIND, Status.AT_RISK, Status.TOO_EARLY, Status.ON_TRACK, Status.MISSED, Status.ACHIEVED, Status.UPCOMING]
FINAL = (Status.ACHIEVED, Status.MISSED)


@dataclass(frozen=True, slots=True)
class Row:
    """One goal with what is said of it. share, mark: how far, and where it should be by now, from 0 to 1.

    waits: whether the viewer is asked for an answer.
    """

    goal: Goal
    progress: GoalProgress
    title: str
    period: str
    why: str
    word: Any
    tone: str
    share: Decimal | None
    mark: Decimal | None
    actual: str
    target: str
    of_target: str
    projected: str
    waits: bool = False


def asking_row(standing: GoalProgress, answers: Answers, *, waits: bool) -> Row:
    """A goal of which not all is agreed: how many have answered takes the place of its status."""
    drafted = standing.goal.state == State.DRAFT
    return replace(
        row(standing), why=answers.line(), word=WORDS[State.DRAFT if drafted else State.PROPOSED], tone="calm" if drafted else "warn",
        share=None, mark=None, projected="", waits=waits,
    )


def row(standing: GoalProgress) -> Row:
    goal, status = standing.goal, standing.verdict.status
    judged = standing.clock.begun and not standing.clock.over and status is not Status.TOO_EARLY
    return Row(
        goal=goal, progress=standing, title=sentences.title(goal), period=sentences.period_label(goal), why=sentences.why(standing),
        word=sentences.STATUS_LABELS[status], tone=sentences.TONES[status],
        share=bar_share(standing), mark=bar_mark(standing),
        actual=sentences.kpi_figure(goal, standing.actual), target=sentences.target_words(goal, standing.target),
        of_target=sentences.of_target(goal, standing.target),
        projected=sentences.projected_figure(goal, standing.projected, short=True) if judged and standing.projected is not None else "",
    )


def bar_share(standing: GoalProgress) -> Decimal | None:
    """How long the bar is. One that has passed its target is full."""
    if standing.attainment is None or not standing.clock.begun:
        return None
    return min(max(standing.attainment / _bar_end(standing), Decimal(0)), Decimal(1))


def bar_mark(standing: GoalProgress) -> Decimal | None:
    """Where the bar's mark stands: what is due by now; the target itself for goals without a pace."""
    if not standing.clock.begun:
        return None
    if standing.pace is not None:
        return standing.expected_share
    return 1 / _bar_end(standing)


def _bar_end(standing: GoalProgress) -> Decimal:
    """Where the track ends, in targets: goals without a pace have room beyond their target, so that its mark is seen."""
    if standing.pace is not None:
        return Decimal(1)
    return max(Decimal("1.25"), (standing.attainment or Decimal(1)) * Decimal("1.05"))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the list is narrowed to; empty: everything."""

    status: Status | None = None
    kpi: str = ""
    subject: Subject | None = None
    kind: SubjectKind | None = None

    @property
    def any(self) -> bool:
        return bool(self.status or self.kpi or self.subject or self.kind)

    def takes(self, standing: GoalProgress) -> bool:
        return self.status is None or standing.verdict.status is self.status


@dataclass(frozen=True, slots=True)
class Group:
    """Goals that run, that are to come, or that are over: a page of them."""

    key: str
    page: Page[Any]
    alone: bool

    @property
    def count(self) -> int:
        return self.page.paginator.count

    @property
    def is_cut(self) -> bool:
        return not self.alone and self.page.has_next()


@dataclass(frozen=True, slots=True)
class Board:
    groups: tuple[Group, ...]
    running: int
    short: int
    wanted: Wanted

    @property
    def is_empty(self) -> bool:
        return not any(group.count for group in self.groups)

    def headline(self) -> str:
        """The answer of the list: how many running goals need somebody."""
        values = {"short": self.short, "total": self.running}
        if not self.running:
            return gettext("No goal is running now")
        if not self.short:
            return ngettext("The running goal is not behind", "None of the %(total)s running goals is behind", self.running) % values
        if self.running == 1:
            return gettext("The running goal is behind or at risk")
        return ngettext(
            "%(short)s of %(total)s running goals is behind or at risk", "%(short)s of %(total)s running goals are behind or at risk",
            self.short,
        ) % values


def board(scope: Scope, wanted: Wanted, *, today: dt.date, when: str = "", page: str = "1") -> Board:
    """The goals seen, in groups; `when` names the only group to show, page by page.

    All running goals are asked for, because the worst stand first; of the others only those that are shown, unless
    a status has to be known to choose them.
    """
    alone = when in FRONT
    shown = [when] if alone else list(FRONT)
    found = goal_list(scope, subject=wanted.subject, kind=wanted.kind, kpi=wanted.kpi)
    goals = found.filter(state__in=IN_FORCE)
    running = list(goals.filter(starts_on__lte=today, ends_on__gt=today))
    coming: Goals = goals.filter(starts_on__gt=today).order_by("starts_on", "ends_on", "subject_kind", "kpi", "id")
    over: Goals = goals.filter(ends_on__lte=today).order_by("-ends_on", "-starts_on", "subject_kind", "kpi", "id")
    asking, drafts, mine = _not_agreed(scope, found, today) if wanted.status is None else ([], [], frozenset())
    if wanted.status is not None:
        coming = coming if wanted.status is Status.UPCOMING else []
        over = list(over) if wanted.status in FINAL else []
    parts = (("waiting", asking), ("upcoming", coming), ("drafts", drafts), ("past", over))
    pages = {key: _page(part, key, page, alone=alone) for key, part in parts if key in shown}
    asked = [*running, *(over if isinstance(over, list) else []), *(goal for one in pages.values() for goal in one.object_list)]
    standings = progress(scope.organisation, list({goal.id: goal for goal in asked}.values()), today=today)
    kinds = list(SubjectKind) if scope.sees_organisation else list(SubjectKind)[::-1]  # one's own goals first, or the whole's
    worst_first = sorted((standings[goal.id] for goal in running if wanted.takes(standings[goal.id])), key=lambda one: _need(one, kinds))
    if wanted.status is not None and "past" in shown:
        pages["past"] = _page([goal for goal in over if wanted.takes(standings[goal.id])], "past", page, alone=alone)
    if "running" in shown:
        pages["running"] = _page([one.goal for one in worst_first], "running", page, alone=alone)
    said = answers_of([goal for key in ASKING if key in pages for goal in pages[key].object_list])
    for key, one in pages.items():
        one.object_list = [
            asking_row(standings[goal.id], said[goal.id], waits=goal.id in mine) if key in ASKING else row(standings[goal.id])
            for goal in one.object_list
        ]
    return Board(
        groups=tuple(Group(key, pages[key], alone) for key in shown if pages[key].paginator.count), running=len(worst_first),
        short=sum(1 for one in worst_first if one.verdict.status in (Status.BEHIND, Status.AT_RISK)), wanted=wanted,
    )


def _not_agreed(scope: Scope, found: QuerySet[Goal], today: dt.date) -> tuple[list[Goal], list[Goal], frozenset[int]]:
    """Proposals that can be answered, those that wait for the viewer first; drafts, with proposals that ran out; whose ids wait."""
    mine = frozenset(waiting(scope, today).values_list("id", flat=True))
    goals = list(found.filter(Q(state__in=(State.DRAFT, State.PROPOSED)) | Q(id__in=mine)))
    asking = [goal for goal in goals if goal.id in mine or (goal.state == State.PROPOSED and goal.ends_on > today)]
    drafts = [goal for goal in goals if goal not in asking]
    return sorted(asking, key=lambda goal: goal.id not in mine), drafts, mine


def _need(one: GoalProgress, kinds: list[SubjectKind]) -> tuple[int, int, dt.date, str, int]:
    return _ORDER.index(one.verdict.status), kinds.index(one.goal.subject.kind), one.goal.ends_on, one.goal.kpi, one.goal.id


def _page(part: Goals, key: str, number: str, *, alone: bool) -> Page[Any]:
    return Paginator(part, PAGE if alone else FRONT[key]).get_page(number if alone else "1")


def subjects_with_goals(scope: Scope) -> list[tuple[str, list[tuple[str, str]]]]:
    """Subjects that have goals, by kind, as the filter offers them."""
    labels = {
        SubjectKind.ORGANISATION: gettext("Organisation"), SubjectKind.TEAM: gettext("Teams"), SubjectKind.REP: gettext("Reps"),
        SubjectKind.CUSTOMER: gettext("Customers"),
    }
    columns = goal_list(scope).order_by().values_list(
        "subject_kind", "team_id", "team__name", "rep_id", "rep__name", "customer_id", "customer__name"
    )
    named: dict[SubjectKind, set[tuple[str, str]]] = {kind: set() for kind in labels}
    for kind, team, team_name, rep, rep_name, customer, customer_name in columns.distinct():
        name = team_name or rep_name or customer_name or scope.organisation.name
        named[SubjectKind(kind)].add((name, f"{kind}:{team or rep or customer or 0}"))
    return [(labels[kind], [(key, name) for name, key in sorted(found)]) for kind, found in named.items() if found]


def read_wanted(query: Any) -> Wanted:
    """The filters of an address; what means nothing narrows nothing."""
    kind, _colon, found = str(query.get("for", "")).partition(":")
    known = SubjectKind(kind) if kind in set(SubjectKind) else None
    subject = Subject(known, int(found)) if known and found.isdecimal() else None
    status = str(query.get("status", ""))
    return Wanted(
        status=Status(status) if status in set(Status) else None, kpi=str(query.get("kpi", "")),
        subject=subject, kind=known if subject is None else None,
    )


def statuses() -> Iterable[tuple[str, Any]]:
    return [(status.value, sentences.STATUS_LABELS[status]) for status in Status]
