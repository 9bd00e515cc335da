"""Working time behind goals: day weights of many subjects, from few queries."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.orgs.tree import FIRST, Above, stays, teams_above
from kpi_tracker.orgs.workdays import Presence, WorkWeek, presences, work_week
from kpi_tracker.periods import Period, add_months

DayWeights = dict[dt.date, Decimal]
MILLIONTH = Decimal("0.000001")


class WorkTime:
    """Who works how much on which day between the first and the last day of `periods`.

    Reads reps, leave, closing days and team assignments once, however many subjects are asked for.
    """

    def __init__(self, organisation: Organisation, periods: Iterable[Period]) -> None:
        periods = list(periods)
        self._organisation = organisation
        self._span = Period(min(period.start for period in periods), max(period.end for period in periods))
        self._week: WorkWeek = work_week(organisation)
        self._presences: list[Presence] = presences(organisation, self._span)
        self._by_rep: dict[int, list[Presence]] = defaultdict(list)
        for presence in self._presences:
            self._by_rep[presence.rep_id].append(presence)
        self._in_teams: dict[int, list[Presence]] | None = None
        self._found: dict[tuple[Subject, Period, int], DayWeights] = {}

    def weights(self, subject: Subject, period: Period, *, ramp: int = 0) -> DayWeights:
        """The subject's working time on each day of `period`. ramp: for so many months somebody who joined counts for less than in full.

        A rep's own; a team's members' while they belong to it; for the organisation and customers that of all reps.
        Where nobody is there, the organisation's open days count; where there are none either, every day.
        """
        found = self._found.get((subject, period, ramp))
        if found is None:
            found = self._week.weights(period, ramped(self._of(subject), ramp))
            if not any(found.values()):
                found |= dict.fromkeys(self._week.open_days(period), Decimal(1))
            if not any(found.values()):
                found = dict.fromkeys(period.days(), Decimal(1))
            self._found[subject, period, ramp] = found
        return found

    def present(self, rep_id: int, period: Period, *, ramp: int = 0) -> tuple[Decimal, Decimal]:
        """A rep's working time in `period`, and the working days that the rep's country has in it, both in full-time days."""
        own = self._by_rep.get(rep_id, [])
        there = sum(self._week.weights(period, ramped(own, ramp)).values(), Decimal(0))
        country = own[0].country if own else ""
        return there, Decimal(sum(1 for day in period.days() if self._week.is_open(day, country)))

    def lost(self, subject: Subject, period: Period) -> tuple[Decimal, Decimal]:
        """The days of work that leave took from the subject's people in `period`, and those there would have been without it."""
        people = self._of(subject)
        there = sum(self._week.weights(period, people).values(), Decimal(0))
        possible = sum(self._week.weights(period, [replace(one, away=()) for one in people]).values(), Decimal(0))
        return possible - there, possible

    def worked(self, rep_id: int, team: Subject, period: Period) -> Decimal:
        """A rep's own working time in `period` as a member of `team`, in full-time days; 0 for one who is away."""
        own = [presence for presence in self._of(team) if presence.rep_id == rep_id]
        return sum(self._week.weights(period, own).values(), Decimal(0))

    def _of(self, subject: Subject) -> list[Presence]:
        match subject.kind:
            case SubjectKind.ORGANISATION | SubjectKind.CUSTOMER:
                return self._presences
            case SubjectKind.REP:
                return self._by_rep.get(subject.id, [])
            case SubjectKind.TEAM:
                if self._in_teams is None:
                    self._in_teams = self._cut_to_teams()
                return self._in_teams.get(subject.id, [])

    def _cut_to_teams(self) -> dict[int, list[Presence]]:
        """Each team's presences, with those of the teams below it, only while the rep belongs there."""
        above: dict[int, list[Above]] = defaultdict(list)
        for one in teams_above(self._organisation):
            above[one.team].append(one)
        found: dict[int, list[Presence]] = defaultdict(list)
        for rep_id, team_id, start, end in stays(self._organisation, self._span):
            belongs = Period(max(start, self._span.start), min(end, self._span.end))
            for presence in self._by_rep.get(rep_id, []):
                for one in above[team_id]:
                    if one.start < belongs.end and one.end > belongs.start:
                        placed = Period(max(one.start, belongs.start), min(one.end, belongs.end))
                        if (there := placed.overlap(presence.employed)) is not None:
                            found[one.above].append(replace(presence, employed=there))
        return found


def ramped(presences: Iterable[Presence], months: int) -> list[Presence]:
    """Presences with the share that is asked of joiners: of three months' ramp a quarter in the first, then half, then three quarters.

    Shares are rounded to a millionth, so that sums of them stay exact.
    """
    found = []
    for presence in presences:
        start, until = presence.employed.start, presence.employed.end
        for step in range(months if presence.joined > FIRST else 0):
            end = min(add_months(presence.joined, step + 1), until)
            if end > start:
                share = (presence.share * (step + 1) / (months + 1)).quantize(MILLIONTH)
                found.append(replace(presence, employed=Period(start, end), share=share))
                start = end
        if start < until:
            found.append(replace(presence, employed=Period(start, until)))
    return found
