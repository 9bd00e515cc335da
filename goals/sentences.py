"""Goals in words: whole translatable sentences, each made by one function from a goal's figures."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import assert_never

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext, pgettext, pgettext_lazy

from goals import pacing
from goals.models import Goal, Kind
from goals.progress import GoalProgress, fills_up, lower_is_better
from goals.status import Reason, Status
from kpi_tracker import formats
from kpi_tracker.kpis import registry
from kpi_tracker.kpis.measures import Unit
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.periods import Calendar, Grain, Period

STATUS_LABELS: Mapping[Status, str | Promise] = {
    Status.UPCOMING: pgettext_lazy("goal status", "upcoming"),
    Status.TOO_EARLY: pgettext_lazy("goal status", "too early"),
    Status.ON_TRACK: pgettext_lazy("goal status", "on track"),
    Status.AT_RISK: pgettext_lazy("goal status", "at risk"),
    Status.BEHIND: pgettext_lazy("goal status", "behind"),
    Status.ACHIEVED: pgettext_lazy("goal status", "achieved"),
    Status.MISSED: pgettext_lazy("goal status", "missed"),
}

# The tone of a status's pill; its shape and its word say the same.
TONES: Mapping[Status, str] = {
    Status.UPCOMING: "calm", Status.TOO_EARLY: "calm", Status.ON_TRACK: "good", Status.ACHIEVED: "good",
    Status.AT_RISK: "warn", Status.BEHIND: "bad", Status.MISSED: "bad",
}


def subject_name(goal: Goal) -> str:
    match goal.subject.kind:
        case SubjectKind.ORGANISATION:
            return goal.organisation.name
        case SubjectKind.TEAM:
            return str(goal.team)
        case SubjectKind.REP:
            return str(goal.rep)
        case SubjectKind.CUSTOMER:
            return str(goal.customer)


def in_sentence(label: str) -> str:
    """A KPI's name inside a sentence: "first meetings held", "e-mails"; an abbreviation keeps its capitals."""
    word = label.split(" ")[0]
    return label if len(word) > 1 and word.isupper() else label[:1].lower() + label[1:]


def grain_of(calendar: Calendar, period: Period) -> Grain | None:
    """The grain of which `period` is one bucket; None for dates of its own."""
    for grain in (Grain.YEAR, Grain.QUARTER, Grain.MONTH, Grain.WEEK):
        if calendar.bucket(grain, period.start) == period:
            return grain
    return None


def period_words(calendar: Calendar, period: Period, *, in_sentence: bool = False) -> str:
    """November 2026, Week 47, 2026, or 3 November – 12 December 2026; months are small inside a Swedish or Finnish sentence."""
    grain = grain_of(calendar, period)
    if grain is None:
        return formats.day_range(period)
    return formats.period_name(grain, period, fiscal_month=calendar.fiscal_month, in_sentence=in_sentence)


def period_label(goal: Goal, *, in_sentence: bool = False) -> str:
    return period_words(goal.organisation.calendar, goal.period, in_sentence=in_sentence)


def kpi_figure(goal: Goal, value: Decimal | None, *, short: bool = False) -> str:
    return formats.kpi_value(registry.kpi(goal.kpi, goal.organisation), value, goal.organisation.base_currency, short=short)


def projected_figure(goal: Goal, value: Decimal | None, *, short: bool = False) -> str:
    """Where a goal is likely to end: nobody makes 54.6 calls."""
    whole = value is not None and registry.kpi(goal.kpi, goal.organisation).unit is Unit.COUNT
    return kpi_figure(goal, formats.rounded(value) if whole and value is not None else value, short=short)


def target_words(goal: Goal, target: Decimal | None = None, *, short: bool = False) -> str:
    """The target with its side: "640 000 €", "30 % or more", "45 days or less". target: where it is not the goal's own, as agreed."""
    kpi = registry.kpi(goal.kpi, goal.organisation)
    figure = kpi_figure(goal, goal.target if target is None else target, short=short)
    if lower_is_better(goal, kpi):
        return gettext("%(target)s or less") % {"target": figure}
    return figure if kpi.adds_up else gettext("%(target)s or more") % {"target": figure}


def of_target(goal: Goal, target: Decimal | None = None) -> str:
    """What stands behind the value: "of 640 000 €", or "goal: 30 % or more" where the value does not fill up."""
    values = {"target": target_words(goal, target)}
    if fills_up(goal, registry.kpi(goal.kpi, goal.organisation)):
        return pgettext("value of target", "of %(target)s") % values
    return gettext("goal: %(target)s") % values


def title(goal: Goal) -> str:
    """What the goal asks, without saying when: "Revenue: Stockholm reaches 640 k€"."""
    kpi = registry.kpi(goal.kpi, goal.organisation)
    values = {"kpi": kpi.label, "subject": subject_name(goal), "target": target_words(goal, short=True)}
    if goal.kind == Kind.GROWTH and goal.growth is not None:
        values |= {"growth": formats.percent(abs(goal.growth), 1 if goal.growth * 100 % 1 else 0)}
        if goal.growth < 0:
            return gettext("%(kpi)s: %(subject)s goes down by %(growth)s, to %(target)s") % values
        return gettext("%(kpi)s: %(subject)s grows by %(growth)s, to %(target)s") % values
    if fills_up(goal, kpi):
        return gettext("%(kpi)s: %(subject)s reaches %(target)s") % values
    return gettext("%(kpi)s: %(subject)s stays at %(target)s") % values


def title_in_period(goal: Goal) -> str:
    """What the goal asks, and when: "Revenue: Stockholm reaches 640 k€, November 2026"."""
    return gettext("%(title)s, %(period)s") % {"title": title(goal), "period": period_label(goal, in_sentence=True)}


def question(goal: Goal) -> str:
    """The title of a goal whose target is still missing."""
    label = registry.kpi(goal.kpi, goal.organisation).label
    values = {"kpi": label, "subject": subject_name(goal), "period": period_label(goal, in_sentence=True)}
    return gettext("%(kpi)s: what should %(subject)s reach, %(period)s?") % values


def headline(progress: GoalProgress) -> str:
    """The answer of a goal's page: "Stockholm is 6 % behind pace on revenue"."""
    goal = progress.goal
    values = {
        "subject": subject_name(goal), "kpi": in_sentence(str(progress.kpi.label)),
        "target": target_words(goal, progress.target, short=True),
        "actual": kpi_figure(goal, progress.actual, short=True), "gap": kpi_figure(goal, progress.gap, short=True),
    }
    match progress.verdict.status:
        case Status.UPCOMING:
            return gettext("%(subject)s aims at %(target)s for %(kpi)s") % values
        case Status.ACHIEVED:
            return gettext("%(subject)s has reached the goal for %(kpi)s: %(actual)s") % values
        case Status.MISSED:
            if progress.pace and progress.actual is not None:
                return gettext("%(subject)s ended %(gap)s short of the goal for %(kpi)s") % values
            return gettext("%(subject)s missed the goal for %(kpi)s: %(actual)s, not %(target)s") % values
        case Status.TOO_EARLY:
            return gettext("It is too early to tell whether %(subject)s reaches %(target)s for %(kpi)s") % values
        case Status.ON_TRACK | Status.AT_RISK | Status.BEHIND:
            return _running_headline(progress, values)
        case _:
            assert_never(progress.verdict.status)


def _running_headline(progress: GoalProgress, values: dict[str, str]) -> str:
    if progress.pace is None or progress.pace.index is None:
        if progress.verdict.reason is Reason.LEVEL_HELD:
            return gettext("%(subject)s keeps to the goal for %(kpi)s: %(actual)s") % values
        if progress.verdict.reason is Reason.LIMIT_IN_DANGER:
            return gettext("%(subject)s is likely to pass the limit for %(kpi)s") % values
        return gettext("%(subject)s is at %(actual)s for %(kpi)s and should be at %(target)s") % values
    away = formats.rounded((progress.pace.index - 1) * 100)
    values |= {"percent": formats.percent(abs(away) / 100, 0)}
    if away == 0:
        return gettext("%(subject)s is exactly on pace on %(kpi)s") % values
    if away > 0:
        return gettext("%(subject)s is %(percent)s ahead of pace on %(kpi)s") % values
    return gettext("%(subject)s is %(percent)s behind pace on %(kpi)s") % values


def why(progress: GoalProgress) -> str:
    """Why the goal has its status, with the figures that decide, and what changed since it was last looked at."""
    return " ".join(filter(None, [_reason(progress), what_changed(progress), _taken_out(progress)]))


def what_changed(progress: GoalProgress) -> str:
    """ "On 20 November it was still on track, with 312 000 €."; nothing where it stands as it did."""
    goal, judged = progress.goal, (Status.ON_TRACK, Status.AT_RISK, Status.BEHIND)
    if progress.before not in judged or progress.verdict.status not in judged or progress.before is progress.verdict.status:
        return ""
    values = {
        "day": formats.day(goal.stood_on), "before": STATUS_LABELS[progress.before], "actual": kpi_figure(goal, goal.stood_actual),
    }
    if goal.stood_actual is None:
        return gettext("On %(day)s it was %(before)s.") % values
    return gettext("On %(day)s it was %(before)s, with %(actual)s.") % values


def _taken_out(progress: GoalProgress) -> str:
    if not progress.is_prorated:
        return ""
    goal = progress.goal
    agreed = pacing.target_on(progress.today, goal.target, goal.asked_since)
    values = {"target": kpi_figure(goal, progress.target), "agreed": kpi_figure(goal, agreed)}
    return gettext("Of the agreed %(agreed)s, %(target)s are asked: days away are taken out.") % values


def _reason(progress: GoalProgress) -> str:
    values = _figures(progress)
    match progress.verdict.reason:
        case Reason.NOT_BEGUN:
            return _not_begun(progress, values)
        case Reason.FIRST_DAYS | Reason.FEW_RECORDS:
            return _too_early(progress, values)
        case Reason.AHEAD | Reason.WITHIN_CHANCE | Reason.BELOW_PACE:
            return _of_pace(progress, values)
        case Reason.REACHED | Reason.ENDED_SHORT | Reason.LIMIT_PASSED:
            return _of_end(progress, values)
        case Reason.NOTHING_COUNTED | Reason.LEVEL_HELD | Reason.LEVEL_MISSED | Reason.LIMIT_IN_DANGER:
            return _of_level(progress, values)
        case _:
            assert_never(progress.verdict.reason)


def _figures(progress: GoalProgress) -> dict[str, str]:
    goal, pace, at = progress.goal, progress.pace, progress.clock
    return {
        "actual": kpi_figure(goal, progress.actual), "target": target_words(goal, progress.target),
        "gap": kpi_figure(goal, progress.gap),
        "gone": formats.number(at.days_gone), "days": formats.number(at.days), "left": formats.number(at.days_left),
        "expected": kpi_figure(goal, pace.expected) if pace else "",
        "index": formats.percent(pace.index, 0) if pace else "",
        "required": kpi_figure(goal, pace.required) if pace else "",
        "projected": projected_figure(goal, progress.projected),
        "records": formats.number(progress.records),
        "start": formats.day(goal.starts_on),
    }


def _not_begun(progress: GoalProgress, values: dict[str, str]) -> str:
    if progress.pace and progress.pace.required is not None:
        return ngettext(
            "It begins on %(start)s and has %(days)s working day: %(required)s on that day.",
            "It begins on %(start)s and has %(days)s working days: %(required)s on each of them.",
            progress.clock.days,
        ) % values
    return ngettext(
        "It begins on %(start)s and has %(days)s working day.", "It begins on %(start)s and has %(days)s working days.", progress.clock.days
    ) % values


def _too_early(progress: GoalProgress, values: dict[str, str]) -> str:
    days = progress.clock.days
    if progress.verdict.reason is Reason.FEW_RECORDS and progress.pace:
        return ngettext(
            "%(actual)s of %(target)s with %(gone)s of %(days)s working day gone: too few so far to tell pace from luck.",
            "%(actual)s of %(target)s with %(gone)s of %(days)s working days gone: too few so far to tell pace from luck.",
            days,
        ) % values
    if progress.verdict.reason is Reason.FEW_RECORDS:
        return ngettext(
            "%(actual)s over %(records)s record is too little to judge by; the goal is %(target)s.",
            "%(actual)s over %(records)s records is too little to judge by; the goal is %(target)s.",
            progress.records,
        ) % values
    if progress.pace:
        return ngettext(
            "%(actual)s of %(target)s with %(gone)s of %(days)s working day gone: a verdict comes once a tenth of the time is over.",
            "%(actual)s of %(target)s with %(gone)s of %(days)s working days gone: a verdict comes once a tenth of the time is over.",
            days,
        ) % values
    return ngettext(
        "%(actual)s with %(gone)s of %(days)s working day gone; the goal is %(target)s. A verdict comes once a tenth of the time is over.",
        "%(actual)s with %(gone)s of %(days)s working days gone; the goal is %(target)s. A verdict comes once a tenth of the time is over.",
        days,
    ) % values


def _of_pace(progress: GoalProgress, values: dict[str, str]) -> str:
    days = progress.clock.days
    if progress.verdict.reason is Reason.BELOW_PACE and progress.clock.days_left:
        return ngettext(
            "%(actual)s of %(target)s with %(gone)s of %(days)s working day gone: %(index)s of the expected %(expected)s. "
            "Each working day left needs %(required)s.",
            "%(actual)s of %(target)s with %(gone)s of %(days)s working days gone: %(index)s of the expected %(expected)s. "
            "Each working day left needs %(required)s.",
            days,
        ) % values
    if progress.verdict.reason is Reason.WITHIN_CHANCE:
        return ngettext(
            "%(actual)s of %(target)s with %(gone)s of %(days)s working day gone: %(index)s of the expected %(expected)s, "
            "no further below than chance explains.",
            "%(actual)s of %(target)s with %(gone)s of %(days)s working days gone: %(index)s of the expected %(expected)s, "
            "no further below than chance explains.",
            days,
        ) % values
    return ngettext(
        "%(actual)s of %(target)s with %(gone)s of %(days)s working day gone: %(index)s of the expected %(expected)s.",
        "%(actual)s of %(target)s with %(gone)s of %(days)s working days gone: %(index)s of the expected %(expected)s.",
        days,
    ) % values


def _of_end(progress: GoalProgress, values: dict[str, str]) -> str:
    match progress.verdict.reason:
        case Reason.LIMIT_PASSED:
            return gettext("%(actual)s already; the goal is %(target)s.") % values
        case Reason.ENDED_SHORT if progress.pace:
            return gettext("%(actual)s of %(target)s when the period ended: %(gap)s short.") % values
        case Reason.REACHED if progress.pace and not progress.clock.over and progress.clock.days_left:
            return ngettext(
                "%(actual)s of %(target)s, with %(left)s working day left.", "%(actual)s of %(target)s, with %(left)s working days left.",
                progress.clock.days_left,
            ) % values
        case Reason.REACHED if progress.pace:
            return pgettext("goal reached", "%(actual)s of %(target)s.") % values
        case _:
            return gettext("%(actual)s when the period ended; the goal is %(target)s.") % values


def _of_level(progress: GoalProgress, values: dict[str, str]) -> str:
    days = progress.clock.days
    if progress.verdict.reason is Reason.NOTHING_COUNTED:
        if progress.clock.over:
            return gettext("There was nothing to measure in this period; the goal is %(target)s.") % values
        return gettext("There is nothing to measure yet; the goal is %(target)s.") % values
    if progress.verdict.reason is Reason.LIMIT_IN_DANGER:
        return ngettext(
            "%(actual)s with %(gone)s of %(days)s working day gone; the goal is %(target)s. At this rate it ends at %(projected)s.",
            "%(actual)s with %(gone)s of %(days)s working days gone; the goal is %(target)s. At this rate it ends at %(projected)s.",
            days,
        ) % values
    return ngettext(
        "%(actual)s with %(gone)s of %(days)s working day gone; the goal is %(target)s.",
        "%(actual)s with %(gone)s of %(days)s working days gone; the goal is %(target)s.",
        days,
    ) % values

