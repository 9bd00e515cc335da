"""The sentences of the handbook and its advice. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import assert_never

from django.utils.translation import gettext, ngettext

from dashboards.kpis import Wanted
from dashboards.kpis_advice import Person, Work
from kpi_tracker import formats
from kpi_tracker.kpis.advice import MOST_KPIS, Caution, CautionKind
from kpi_tracker.kpis.handbook import lower_first
from kpi_tracker.kpis.metrics import AnyKpi, Owner
from kpi_tracker.periods import Grain, Period

Name = Callable[[AnyKpi], str]


def handbook_answer(wanted: Wanted, number: int, total: int) -> str:
    """The title of the handbook: what is listed."""
    values = {"number": number, "total": total}
    if not wanted.any:
        return ngettext("What the %(total)d KPI means", "What the %(total)d KPIs mean", total) % values
    if not number:
        return gettext("No KPI matches")
    return ngettext("%(number)d of %(total)d KPIs matches", "%(number)d of %(total)d KPIs match", number) % values


def kpi_answer(label: str, whom: str, value: str, month: Period, today: dt.date) -> str:
    """The title of one KPI's page: how it stands."""
    values = {"kpi": label, "whom": whom, "value": value, "when": formats.in_period(Grain.MONTH, month, today=today)}
    return gettext("%(kpi)s of %(whom)s %(when)s: %(value)s") % values


def advice_answer(people: list[Person]) -> str:
    """The title of the advice: how many are measured on the wrong things."""
    wrong = sum(1 for person in people if person.cautions)
    values = {"wrong": wrong, "all": len(people)}
    if not people:
        return gettext("Few KPIs, that people can move")
    if not wrong:
        return gettext("All goals are few, and in the hands of those who have them")
    return ngettext(
        "%(wrong)d of %(all)d is measured in a way that does not help",
        "%(wrong)d of %(all)d are measured in a way that does not help", wrong,
    ) % values


def work_words(work: Work, months: int) -> str:
    """By what the job of a rep was told."""
    values = {"closed": formats.number(work.closed), "found": formats.number(work.found), "months": months}
    return gettext("Deals closed in %(months)d months: %(closed)s; companies, contacts and leads found: %(found)s") % values


def says(caution: Caution, name: Name) -> str:
    """What is wrong."""
    values = {"number": len(caution.kpis), "most": MOST_KPIS, "kpis": listed(caution.kpis, name)}
    match caution.kind:
        case CautionKind.TOO_MANY:
            return gettext("Measured on %(number)d KPIs; nobody keeps more than %(most)d in mind.") % values
        case CautionKind.OUT_OF_REACH:
            owners = dict.fromkeys(kpi.owner for kpi in caution.kpis)
            values["owners"] = _joined(lower_first(str(owner.label)) for owner in owners)
            return gettext("Measured on what others move: %(kpis)s. Usually owned by: %(owners)s.") % values
        case CautionKind.RESULTS_ONLY:
            return gettext("Measured on results only: %(kpis)s. They come when it is too late to act.") % values
        case _:
            assert_never(caution.kind)


def advises(caution: Caution, name: Name) -> str:
    """What to do about it."""
    instead = listed(caution.instead, name)
    values = {"instead": instead, "most": MOST_KPIS}
    match caution.kind:
        case CautionKind.TOO_MANY:
            if not instead:
                return gettext("Choose those that matter most now, and let the other goals end.")
            return gettext("Keep %(instead)s, and let other goals end.") % values
        case CautionKind.OUT_OF_REACH:
            first = gettext("Set this goal for the organisation or a team.")
            if any(kpi.owner is not Owner.MANAGEMENT for kpi in caution.kpis):
                first = gettext("Give this goal to whoever owns the KPI.")
            then = gettext("Measure on %(instead)s instead.") % values
            return f"{first} {then}" if instead else first
        case CautionKind.RESULTS_ONLY:
            if not instead:
                return gettext("Add a goal for an activity that leads there.")
            return gettext("Add a goal for an activity that leads there: %(instead)s.") % values
        case _:
            assert_never(caution.kind)


def listed(kpis: Iterable[AnyKpi], name: Name) -> str:
    """Names inside a sentence: "calls, win rate and revenue"."""
    return _joined(lower_first(name(kpi)) for kpi in kpis)


def _joined(names: Iterable[str]) -> str:
    *first, last = [*names] or [""]
    return gettext("%(first)s and %(last)s") % {"first": ", ".join(first), "last": last} if first else last
