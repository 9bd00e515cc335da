"""A rep's day in words. Sentences about the reader say "you"; `name` is given where somebody else reads."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext, ngettext, ngettext_lazy, pgettext, pgettext_lazy

from goals import sentences
from goals.models import Goal
from goals.my_day import LEVER_DAYS, Level, MyDay, Rate, Todo, Waiting
from goals.my_day_owed import FEWEST_TRIES, FEWEST_WON, Lever, TooFew, about, whole
from kpi_tracker import formats
from kpi_tracker.kpis.metrics import AnyKpi
from kpi_tracker.periods import DAY, Grain, Period

# Larger numbers are written in figures.
WORDS: Mapping[int, Any] = {
    2: pgettext_lazy("number", "two"), 3: pgettext_lazy("number", "three"), 4: pgettext_lazy("number", "four"),
    5: pgettext_lazy("number", "five"), 6: pgettext_lazy("number", "six"), 7: pgettext_lazy("number", "seven"),
    8: pgettext_lazy("number", "eight"), 9: pgettext_lazy("number", "nine"), 10: pgettext_lazy("number", "ten"),
}
COUNTED: Mapping[str, Any] = {
    "calls": ngettext_lazy("one call", "%(count)s calls", "n"),
    "emails": ngettext_lazy("one e-mail", "%(count)s e-mails", "n"),
    "conversations": ngettext_lazy("one conversation", "%(count)s conversations", "n"),
    "social_touches": ngettext_lazy("one social touch", "%(count)s social touches", "n"),
    "referrals_asked": ngettext_lazy("one referral question", "%(count)s referral questions", "n"),
    "companies_added": ngettext_lazy("one new company", "%(count)s new companies", "n"),
    "contacts_added": ngettext_lazy("one new contact", "%(count)s new contacts", "n"),
    "meetings_booked": ngettext_lazy("one booked meeting", "%(count)s booked meetings", "n"),
    "first_meetings_held": ngettext_lazy("one first meeting", "%(count)s first meetings", "n"),
    "follow_up_meetings_held": ngettext_lazy("one follow-up meeting", "%(count)s follow-up meetings", "n"),
    "proposals_sent": ngettext_lazy("one proposal", "%(count)s proposals", "n"),
}
# More than these are not counted up in a title.
MOST_IN_TITLE = 3


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def counted(kpi: AnyKpi, n: int) -> str:
    """Nine calls, one meeting, 12 calls; of an own KPI 3 of “Demos”."""
    word = str(WORDS[n]) if n in WORDS else formats.number(n)
    if kpi.key in COUNTED:
        return str(COUNTED[kpi.key] % {"n": n, "count": word})
    return gettext("%(count)s of “%(kpi)s”") % {"count": formats.number(n), "kpi": kpi.label}


def listed(parts: Sequence[str]) -> str:
    """One, two or three with "and"; of more the first ones."""
    values = dict(zip(("first", "second", "third"), parts, strict=False))
    if len(parts) > MOST_IN_TITLE:
        return gettext("%(first)s, %(second)s, %(third)s and more") % values
    if len(parts) == MOST_IN_TITLE:
        return gettext("%(first)s, %(second)s and %(third)s") % values
    return gettext("%(first)s and %(second)s") % values if len(parts) > 1 else parts[0]


def title(day: MyDay, name: str = "") -> str:
    """The answer: "Nine calls and one meeting keep you on pace tonight"."""
    if not day.at.works:
        return _title_off(day, name)
    open_rows = [row for row in day.todo if row.owed.to_go]
    if not day.todo:
        return _no_activities(name)
    if not open_rows:
        return gettext("%(name)s is on pace for tonight") % {"name": name} if name else gettext("You are on pace for tonight")
    values = {"todo": listed([counted(row.kpi, row.owed.to_go) for row in open_rows]), "name": name}
    total = 1 if len(open_rows) == 1 and open_rows[0].owed.to_go == 1 else 2
    if name:
        text = ngettext("%(todo)s keeps %(name)s on pace tonight", "%(todo)s keep %(name)s on pace tonight", total)
    else:
        text = ngettext("%(todo)s keeps you on pace tonight", "%(todo)s keep you on pace tonight", total)
    return capital(text % values)


def _title_off(day: MyDay, name: str) -> str:
    if day.at.due_on is None:
        return gettext("No working day lies ahead")
    values = {"day": formats.weekday(day.at.due_on), "name": name}
    if name:
        return gettext("%(day)s is the next working day of %(name)s; today is a day off") % values
    return gettext("%(day)s is your next working day; today is a day off") % values


def _no_activities(name: str) -> str:
    if name:
        return gettext("No goal for daily work is set for %(name)s") % {"name": name}
    return gettext("No goal for your daily work is set")


def line(day: MyDay, moment: dt.datetime, name: str = "") -> str:
    """Working day 13 of 21 · you work 100 % · as of 14:32."""
    at, share = day.at, formats.percent(day.rep.share, None)
    values = {"number": formats.number(at.number), "days": formats.number(at.days)}
    parts = [(gettext("Working day %(number)s of %(days)s") if at.works else gettext("%(number)s of %(days)s working days gone")) % values]
    parts.append((gettext("works %(share)s") if name else gettext("you work %(share)s")) % {"share": share})
    parts.append(gettext("as of %(time)s") % {"time": formats.clock_time(moment)})
    return " · ".join(parts)


def todo_heading(day: MyDay) -> str:
    if day.at.works or day.at.due_on is None:
        return gettext("Still owed today")
    return gettext("%(day)s asks for this") % {"day": formats.weekday(day.at.due_on)}


def todo_lines(day: MyDay, row: Todo) -> list[tuple[str, Period | None]]:
    """Under the row's name: what is done on a working day, what a day keeps on track, what is usual; with the days counted."""
    owed, goal, today = row.owed, row.goal, Period(day.at.today, day.at.today + DAY)
    lines: list[tuple[str, Period | None]] = []
    if day.at.works:
        lines.append((gettext("%(done)s done today") % {"done": formats.number(owed.done)}, today))
    if owed.standing.actual is not None and owed.standing.actual >= owed.standing.target:
        lines.append((gettext("the goal for %(period)s is reached") % {"period": short_period(goal)}, None))
    elif owed.daily < 1:
        values = {"missing": formats.number(whole(owed.standing.gap or Decimal(0))), "period": short_period(goal)}
        lines.append((gettext("%(missing)s more by the end of %(period)s") % values, None))
    else:
        values = {"daily": a_day(owed.daily), "period": short_period(goal)}
        lines.append((gettext("%(daily)s a day keeps %(period)s on track") % values, None))
    if row.rate is not None and row.rate.usual is not None:
        lines.append((_rate(row.rate, owed.done), day.usual_span))
    elif owed.usual:
        lines.append((gettext("usually %(usual)s a day") % {"usual": a_day(owed.usual)}, day.usual_span))
    return lines


def _rate(rate: Rate, done: Decimal) -> str:
    values = {
        "today": formats.percent(rate.today, 0), "usual": formats.percent(rate.usual, 0),
        "of": sentences.in_sentence(str(rate.made_from.label)),
    }
    if rate.today is None or not done:
        return gettext("usually %(usual)s of %(of)s") % values
    return gettext("%(today)s of %(of)s, usually %(usual)s") % values


def a_day(value: Decimal) -> str:
    """With one decimal below ten: 0.4 a day is not none."""
    return formats.number(value, 0 if value >= 10 or formats.rounded(value, 1) == formats.rounded(value) else 1)


def to_go_word(row: Todo) -> str:
    return pgettext("still owed", "to go") if row.owed.to_go else pgettext("still owed", "done")


def level_line(level: Level) -> str:
    """Goal: 30 % or more · usually 28 %."""
    goal = level.mine.standing.goal
    lines = [short_period(goal), sentences.of_target(goal)]
    if level.usual is not None:
        lines.append(gettext("usually %(usual)s") % {"usual": sentences.kpi_figure(goal, level.usual)})
    return " · ".join(lines)


def short_period(goal: Goal) -> str:
    """November, week 47, Q4; with its year only where dates are the goal's own."""
    calendar = goal.organisation.calendar
    grain = sentences.grain_of(calendar, goal.period)
    if grain is None:
        return formats.day_range(goal.period)
    return formats.period_name(grain, goal.period, fiscal_month=calendar.fiscal_month, year=False, in_sentence=True)


def main_heading(goal: Goal, name: str = "") -> str:
    """My November."""
    values = {"period": short_period(goal)}
    grain = sentences.grain_of(goal.organisation.calendar, goal.period)
    if name or grain is None:
        return sentences.period_label(goal)
    if grain is Grain.MONTH:
        return pgettext("a month", "My %(period)s") % values
    if grain is Grain.QUARTER:
        return pgettext("a quarter", "My %(period)s") % values
    if grain is Grain.WEEK:
        return pgettext("a week", "My %(period)s") % values
    return pgettext("a year", "My %(period)s") % values


def waiting_heading(count: int, name: str = "") -> str:
    values = {"count": formats.number(count), "name": name}
    if name:
        return ngettext(
            "A new goal waits for the answer of %(name)s", "%(count)s new goals wait for the answer of %(name)s", count
        ) % values
    return ngettext("A new goal waits for your answer", "%(count)s new goals wait for your answer", count) % values


def waiting_what(one: Waiting) -> str:
    """Revenue, December 2026."""
    return gettext("%(kpi)s, %(period)s") % {"kpi": one.kpi.label, "period": sentences.period_label(one.goal, in_sentence=True)}


def waiting_of(one: Waiting) -> str:
    """Whose goal it is a share of; empty where it is the rep's own."""
    if one.whole is None:
        return ""
    values = {"whole": sentences.kpi_figure(one.goal, one.whole), "subject": sentences.subject_name(one.goal)}
    return gettext("a share of %(whole)s for %(subject)s") % values


def waiting_before(one: Waiting) -> str:
    """Where the figure lies in the rep's own history."""
    if not one.known:
        return gettext("There is no earlier period to compare with.")
    values = {"reached": formats.number(one.better), "count": formats.number(one.known)}
    match sentences.grain_of(one.goal.organisation.calendar, one.goal.period):
        case Grain.WEEK:
            text = ngettext(
                "As much was reached in %(reached)s of the last %(count)s week.",
                "As much was reached in %(reached)s of the last %(count)s weeks.", one.known,
            )
        case Grain.MONTH:
            text = ngettext(
                "As much was reached in %(reached)s of the last %(count)s month.",
                "As much was reached in %(reached)s of the last %(count)s months.", one.known,
            )
        case Grain.QUARTER:
            text = ngettext(
                "As much was reached in %(reached)s of the last %(count)s quarter.",
                "As much was reached in %(reached)s of the last %(count)s quarters.", one.known,
            )
        case Grain.YEAR:
            text = ngettext(
                "As much was reached in %(reached)s of the last %(count)s year.",
                "As much was reached in %(reached)s of the last %(count)s years.", one.known,
            )
        case _:
            text = ngettext(
                "As much was reached in %(reached)s of the last %(count)s period of this length.",
                "As much was reached in %(reached)s of the last %(count)s periods of this length.", one.known,
            )
    return text % values


def lever_text(found: Lever, currency: str, name: str = "") -> str:
    values = {
        "one_in": formats.number(found.one_in, 1), "value": formats.money(found.deal_value, currency), "name": name,
        "worth": formats.money(about(found.worth), currency),
    }
    if name:
        return gettext(
            "One first meeting in %(one_in)s becomes a deal of %(value)s for %(name)s. "
            "Two more a week are worth about %(worth)s in four weeks."
        ) % values
    return gettext(
        "One first meeting in %(one_in)s becomes a deal of %(value)s for you. Two more a week are worth about %(worth)s in four weeks."
    ) % values


def too_few(found: TooFew) -> str:
    """Why there is no lever."""
    values = {
        "tries": formats.number(found.tries), "won": formats.number(found.won), "days": formats.number(LEVER_DAYS),
        "fewest": formats.number(FEWEST_TRIES), "fewest_won": formats.number(FEWEST_WON),
    }
    return gettext(
        "First meetings in the last %(days)s days: %(tries)s, deals won: %(won)s. That is too few to say what one more is worth; "
        "at least %(fewest)s and %(fewest_won)s are needed."
    ) % values
