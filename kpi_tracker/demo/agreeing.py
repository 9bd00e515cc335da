"""Goals that Stockholm talks about: one agreed and running, one with another figure on the table, a draft, and closed ones reviewed."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from goals import agreement
from goals.closing import close_ended
from goals.comments import comment_add
from goals.models import Goal, Participant, State
from goals.shares import evenly
from kpi_tracker.demo.accounts import ACCOUNTS, SLUG
from kpi_tracker.demo.staff import Staff
from kpi_tracker.orgs.models import Rep, TeamAssignment, User
from kpi_tracker.orgs.selectors import scope_for, valid_on
from kpi_tracker.periods import Grain, Period
from kpi_tracker.scope import Scope

TEAM, MANAGER, SELLER = "Stockholm", "Karin Ahl", "Elsa Lindqvist"
TEN = dt.time(10)


def agree(staff: Staff, *, today: dt.date, now: dt.datetime) -> int:
    """After the figures are there; how many goals were closed."""
    talks, calendar = Talks(staff, today), staff.organisation.calendar
    month, quarter = calendar.bucket(Grain.MONTH, today), calendar.bucket(Grain.QUARTER, today)
    talks.agreed("revenue", month)
    talks.countered("revenue", calendar.shift(Grain.QUARTER, quarter, 1))
    talks.asked_alone("revenue", calendar.shift(Grain.MONTH, month, 1))
    talks.drafted("first_meetings_held", calendar.shift(Grain.QUARTER, quarter, 1))
    before = calendar.shift(Grain.MONTH, month, -1)
    talks.took_part("revenue", before)
    closed = close_ended(staff.organisation, now=now)
    talks.reviewed("revenue", before)
    return closed


class Talks:
    def __init__(self, staff: Staff, today: dt.date) -> None:
        self.staff, self.today, self.organisation = staff, today, staff.organisation
        self.team = staff.teams[TEAM]
        members = TeamAssignment.objects.filter(valid_on(today), organisation=self.organisation, team=self.team)
        self.reps: list[Rep] = list(Rep.objects.filter(organisation=self.organisation, id__in=members.values("rep_id")).order_by("name"))
        self.karin, self.elsa = self._scope(MANAGER), self._scope(SELLER)

    def _scope(self, name: str) -> Scope:
        account = next(one for one in ACCOUNTS if one.name == name)
        scope = scope_for(User.objects.get(email=account.email), SLUG, day=self.today)
        if scope is None:
            raise LookupError(f"{name} is no member of the demo organisation.")
        return scope

    def agreed(self, kpi: str, period: Period) -> None:
        """Proposed a week before the period, and accepted by all."""
        goal = self._goal(kpi, period)
        if goal is None:
            return
        self._take_part(goal)
        self._propose(goal, "Two sellers more in spring have to be paid for", period.start - dt.timedelta(days=7))
        for rep in self.reps:
            self._answer(goal, rep, period.start - dt.timedelta(days=5))

    def countered(self, kpi: str, period: Period) -> None:
        """Half of them have answered, one with another figure."""
        goal = self._goal(kpi, period)
        if goal is None:
            return
        self._take_part(goal)
        self._propose(goal, "A tenth more than last year, as the market", self.today - dt.timedelta(days=2))
        others = [rep for rep in self.reps if rep.name != SELLER]
        for rep in others[1:3]:
            self._answer(goal, rep, self.today - dt.timedelta(days=1))
        share = Participant.objects.get(goal=goal, rep=others[0]).share
        lower = (share * Decimal("0.8") / 1_000).quantize(Decimal(1)) * 1_000
        self._answer(goal, others[0], self.today - dt.timedelta(days=1), lower, "I am away for three weeks of it")

    def asked_alone(self, kpi: str, period: Period) -> None:
        """Elsa's own next month, which waits for her."""
        rep = self.elsa.rep_id or 0
        goal = Goal.objects.filter(organisation=self.organisation, kpi=kpi, rep_id=rep, starts_on=period.start, ends_on=period.end).first()
        if goal is not None:
            self._as_draft(goal)
            self._propose(goal, "", self.today - dt.timedelta(days=1))

    def drafted(self, kpi: str, period: Period) -> None:
        goal = self._goal(kpi, period)
        if goal is not None:
            self._take_part(goal)

    def took_part(self, kpi: str, period: Period) -> None:
        goal = self._goal(kpi, period)
        if goal is not None:
            self._take_part(goal)
            Goal.objects.filter(pk=goal.pk).update(state=State.AGREED)

    def reviewed(self, kpi: str, period: Period) -> None:
        goal = self._goal(kpi, period)
        if goal is not None:
            now = self._moment(min(period.end + dt.timedelta(days=2), self.today))
            comment_add(scope=self.karin, goal=goal, text="Two large orders slipped into the new month.", now=now)
            comment_add(scope=self.elsa, goal=goal, text="The fair cost us a week, but it brought leads.", now=now)

    def _goal(self, kpi: str, period: Period) -> Goal | None:
        found: Goal | None = Goal.objects.filter(
            organisation=self.organisation, kpi=kpi, team=self.team, starts_on=period.start, ends_on=period.end
        ).first()
        return found

    def _as_draft(self, goal: Goal) -> None:
        goal.state = State.DRAFT
        goal.save(update_fields=["state"])

    def _take_part(self, goal: Goal) -> None:
        """All of the team, each with as much as even parts can be."""
        self._as_draft(goal)
        step = Decimal(1_000) if goal.target > 20_000 else Decimal(1)
        for rep, share in zip(self.reps, evenly(goal.target, len(self.reps), step), strict=True):
            Participant.objects.create(organisation=self.organisation, goal=goal, rep=rep, share=share)

    def _propose(self, goal: Goal, reason: str, day: dt.date) -> None:
        agreement.propose(scope=self.karin, goal=goal, shown=0, reason=reason, now=self._moment(day), today=day)

    def _answer(self, goal: Goal, rep: Rep, day: dt.date, counter: Decimal | None = None, comment: str = "") -> None:
        """Through their manager where they have no account that is theirs."""
        scope = self.elsa if rep.pk == self.elsa.rep_id else self.karin
        agreement.answer(
            scope=scope, goal=goal, rep_id=rep.pk, shown=1, counter=counter, comment=comment, now=self._moment(day), today=day
        )

    def _moment(self, day: dt.date) -> dt.datetime:
        return dt.datetime.combine(day, TEN, tzinfo=self.organisation.zone)
