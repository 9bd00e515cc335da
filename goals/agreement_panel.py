"""The agreement's part of a goal's page: where it stands, who takes part and said what, and every version so far."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Prefetch
from django.utils.translation import gettext, ngettext, pgettext

from goals import sentences
from goals.agreement import answer_mark
from goals.answers import WORDS, Answers
from goals.models import Answer, Goal, GoalVersion, Participant, State
from goals.progress import GoalProgress, participants_progress
from goals.selectors import answerable_reps, shares_of
from kpi_tracker import formats
from kpi_tracker.kpis import registry
from kpi_tracker.orgs.models import Rep
from kpi_tracker.scope import Role, Scope

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One who takes part. standing: against the own share; None before the goal is in force and has begun.

    word: what was said; empty where nothing is asked. said: the answer's time, and who gave it where that was somebody else.
    """

    rep: Rep
    share: str
    standing: GoalProgress | None
    status: Any
    status_tone: str
    reached: str
    expected: str
    index: str
    word: str
    tone: str
    offered: str
    comment: str
    said: str
    mark: str


@dataclass(frozen=True, slots=True)
class HistoryRow:
    number: int
    when: str
    author: str
    target: str
    word: str
    reason: str
    answers: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """shown: the number of the last version, which the page's forms carry. line: the state in one sentence.

    asked: what is proposed, by whom and why. gap: what the shares miss or exceed the target by. mine: the viewer's own row
    while the viewer is asked. answer_for: those for whom the viewer may answer besides.
    """

    goal: Goal
    shown: int
    word: Any
    tone: str
    line: str
    pending: GoalVersion | None
    asked: str
    gap: str
    people: tuple[PersonRow, ...]
    others: int
    mine: PersonRow | None
    answer_for: tuple[PersonRow, ...]
    history: tuple[HistoryRow, ...]
    may_set: bool
    is_over: bool

    @property
    def stands(self) -> bool:
        return any(one.standing for one in self.people)

    @property
    def answers(self) -> bool:
        return any(one.word for one in self.people)


def taking_part(scope: Scope, goal: Goal, *, may_set: bool) -> tuple[list[Participant], list[Participant]]:
    """All who take part, by name, and those of them whom the viewer is shown."""
    taking = list(goal.participants.select_related("rep").order_by("rep__name", "id"))
    return taking, [one for one in taking if may_set or scope.may_see_rep(one.rep_id)]


def standings_of(goal: Goal, shown: Sequence[Participant], *, today: dt.date) -> Mapping[int, GoalProgress]:
    """How each stands against the own share, once the goal is in force and has begun."""
    return participants_progress(goal, shown, today=today) if goal.is_in_force and goal.starts_on <= today and shown else {}


def agreed(
    scope: Scope, goal: Goal, taking: Sequence[Participant], shown: Sequence[Participant], standings: Mapping[int, GoalProgress], *,
    may_set: bool, today: dt.date,
) -> Agreement:
    said = Answer.objects.filter(organisation=goal.organisation).select_related("author")
    versions = list(goal.versions.order_by("number").select_related("author").prefetch_related(Prefetch("answers", said)))
    last = versions[-1] if versions else None
    pending = last if last and goal.state in (State.PROPOSED, State.AGREED) and not (last.in_force or last.withdrawn) else None
    speaking = pending or next((one for one in reversed(versions) if one.in_force), None)
    answers = {one.rep_id: one for one in speaking.answers.all()} if speaking else {}
    shares, over = shares_of(pending, taking), goal.ends_on <= today
    people = tuple(
        _person(goal, one, shares[one.rep_id], answers.get(one.rep_id), standings.get(one.rep_id), asked=pending is not None,
                comments=scope.role is not Role.VIEWER)
        for one in shown
    )
    may = answerable_reps(scope)
    open_now = pending is not None and not over
    mine = next((one for one in people if open_now and one.rep.id == scope.rep_id and scope.role is not Role.VIEWER), None)
    return Agreement(
        goal=goal, shown=last.number if last else 0, word=WORDS[State(goal.state)], tone=_tone(goal),
        line=state_line(goal, pending=pending, speaking=speaking, taking=taking, answers=answers), pending=pending,
        asked=_asked(goal, pending) if pending else "", gap=_gap(goal, pending, shares), people=people, others=len(taking) - len(people),
        mine=mine, answer_for=tuple(one for one in people if open_now and one is not mine and (may is None or one.rep.id in may)
                                    and scope.may_set_goals),
        history=tuple(_history(goal, versions)), may_set=may_set, is_over=over,
    )


def state_line(
    goal: Goal, *, pending: GoalVersion | None, speaking: GoalVersion | None, taking: Sequence[Participant], answers: Mapping[int, Answer]
) -> str:
    """How far the agreement is, in one sentence. speaking: the version that is asked or, else, the last in force."""
    if goal.state == State.DRAFT:
        return gettext("Only those who may set this goal see the draft. Nobody has been asked yet.")
    if pending is not None:
        offered = sum(1 for one in answers.values() if one.counter is not None)
        return Answers(State.PROPOSED, len(taking), len(answers), offered).line()
    if goal.decided_by is not None:
        values = {"name": goal.decided_by.name, "day": formats.day((speaking.made_at if speaking else goal.changed_at).date())}
        return gettext("Decided by %(name)s on %(day)s, without everybody's agreement.") % values
    accepted = {one.rep_id for one in answers.values() if one.counter is None}
    if taking and {one.rep_id for one in taking} <= accepted:
        if len(taking) == 1:
            return gettext("Accepted by %(name)s.") % {"name": taking[0].rep.name}
        return gettext("Accepted by all %(count)s who take part.") % {"count": formats.number(len(taking))}
    values = {"name": goal.created_by.name if goal.created_by else "", "day": formats.day(goal.created_at.date())}
    if goal.created_by is None:
        return gettext("Set on %(day)s; nobody was asked.") % values
    return gettext("Set by %(name)s on %(day)s; nobody was asked.") % values


def _tone(goal: Goal) -> str:
    return {State.PROPOSED: "warn", State.AGREED: "good"}.get(State(goal.state), "calm")


def _asked(goal: Goal, version: GoalVersion) -> str:
    """ "Karin Ahl proposes 640 000 € (now 600 000 €): a large order came in." """
    values = {
        "name": version.author.name if version.author else gettext("Somebody"), "day": _moment(goal, version.made_at),
        "target": sentences.target_words(goal, version.target), "before": sentences.target_words(goal), "reason": version.reason,
    }
    if goal.is_in_force:
        text = gettext("%(name)s proposed %(target)s instead of %(before)s on %(day)s.") % values
    else:
        text = gettext("%(name)s proposed %(target)s on %(day)s.") % values
    return f"{text} {version.reason}" if version.reason else text


def _gap(goal: Goal, pending: GoalVersion | None, shares: Mapping[int, Decimal]) -> str:
    """What the shares of those who take part miss or exceed the target by; empty where they add up, or are no parts of it."""
    target = pending.target if pending else goal.target
    away = sum(shares.values(), ZERO) - target
    if not shares or not away or not registry.kpi(goal.kpi, goal.organisation).adds_up:
        return ""
    values = {
        "sum": sentences.kpi_figure(goal, sum(shares.values(), ZERO)), "target": sentences.kpi_figure(goal, target),
        "away": sentences.kpi_figure(goal, abs(away)),
    }
    if away < 0:
        return gettext("The shares add up to %(sum)s: %(away)s of the %(target)s are nobody's.") % values
    return gettext("The shares add up to %(sum)s, %(away)s more than the target of %(target)s.") % values


def _person(
    goal: Goal, one: Participant, share: Decimal, given: Answer | None, standing: GoalProgress | None, *, asked: bool, comments: bool
) -> PersonRow:
    word, tone, said = "", "", ""
    if given is not None and given.counter is None:
        word, tone = pgettext("answer", "accepted"), "good"
    elif given is not None:
        word, tone = pgettext("answer", "another figure"), "warn"
    elif asked:
        word, tone = pgettext("answer", "no answer yet"), "calm"
    if given is not None:
        values = {"day": _moment(goal, given.answered_at), "name": given.author.name if given.author else ""}
        told = given.author is not None and given.author_id != one.rep.user_id
        said = gettext("%(day)s, said by %(name)s") % values if told else values["day"]
    pace = standing.pace if standing else None
    return PersonRow(
        rep=one.rep, share=sentences.target_words(goal, share), standing=standing,
        status=sentences.STATUS_LABELS[standing.verdict.status] if standing else "",
        status_tone=sentences.TONES[standing.verdict.status] if standing else "",
        reached=sentences.kpi_figure(goal, standing.actual) if standing else "",
        expected=sentences.kpi_figure(goal, pace.expected) if pace else "", index=formats.percent(pace.index, 0) if pace else "",
        word=word, tone=tone, offered=sentences.target_words(goal, given.counter) if given and given.counter is not None else "",
        comment=given.comment if given and comments else "", said=said, mark=answer_mark(given),
    )


def _history(goal: Goal, versions: Sequence[GoalVersion]) -> list[HistoryRow]:
    """The last version first, each beside what was asked before it."""
    rows, before = list[HistoryRow](), None
    for one in versions:
        target = sentences.target_words(goal, one.target)
        if before is not None and before != one.target:
            target = gettext("%(before)s → %(after)s") % {"before": sentences.kpi_figure(goal, before), "after": target}
        if one.in_force:
            word = gettext("in force since %(day)s") % {"day": formats.day(one.asks_from)}
            before = one.target
        else:
            word = pgettext("version", "did not come into force") if one.withdrawn else _waits(goal, one is versions[-1])
            before = one.target if before is None or not goal.is_in_force else before
        author = one.author.name if one.author else ""
        rows.append(HistoryRow(one.number, _moment(goal, one.made_at), author, target, word, one.reason, _answers(one)))
    return rows[::-1]


def _waits(goal: Goal, is_last: bool) -> str:
    if goal.state == State.DRAFT or not is_last:
        return pgettext("goal", "draft")
    return pgettext("version", "waits for answers")


def _answers(version: GoalVersion) -> str:
    given = list(version.answers.all())
    accepted = sum(1 for one in given if one.counter is None)
    parts = []
    if accepted:
        parts.append(ngettext("%(number)s accepted", "%(number)s accepted", accepted) % {"number": formats.number(accepted)})
    if offered := len(given) - accepted:
        parts.append(ngettext("%(number)s another figure", "%(number)s other figures", offered) % {"number": formats.number(offered)})
    return ", ".join(parts)


def _moment(goal: Goal, moment: dt.datetime) -> str:
    local = moment.astimezone(goal.organisation.zone)
    return gettext("%(day)s at %(time)s") % {"day": formats.short_day(local.date(), year=True), "time": formats.clock_time(local)}
