"""Is it SMART? Five checks of a goal that is being written, each in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from django.utils.translation import gettext, ngettext

from goals.asked import Past
from goals.kinds import wants_less
from goals.models import Kind, State
from goals.panel import FEW_PERIODS
from goals.sentences import grain_of, period_words
from goals.smart_reading import Reading
from kpi_tracker import formats
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.periods import Grain

# Where more than this share of earlier periods fell short of the target, it should be thought over.
HARD = Decimal("0.75")
# Below this share of deals with an amount, a sum of amounts says too little.
ENOUGH_AMOUNTS = Decimal("0.8")


class Mark(StrEnum):
    OK = "ok"
    OPEN = "open"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Check:
    """One letter of SMART: its word with its stop, what was found, and what stands behind it."""

    key: str
    word: str
    finding: str
    detail: str
    mark: Mark

    @property
    def mark_words(self) -> str:
        match self.mark:
            case Mark.OK:
                return gettext("fulfilled")
            case Mark.OPEN:
                return gettext("still open")
            case Mark.WARN:
                return gettext("think it over")


@dataclass(frozen=True, slots=True)
class Smart:
    checks: tuple[Check, ...]

    @property
    def fulfilled(self) -> int:
        return sum(1 for check in self.checks if check.mark is Mark.OK)

    @property
    def score(self) -> str:
        return gettext("%(fulfilled)s of %(checks)s") % {"fulfilled": self.fulfilled, "checks": len(self.checks)}

    @property
    def tone(self) -> str:
        if any(check.mark is Mark.WARN for check in self.checks):
            return "warn"
        return "good" if self.fulfilled >= len(self.checks) - 1 else "calm"


def smart(reading: Reading, subject_name: str) -> Smart:
    return Smart((
        specific(reading, subject_name), measurable(reading), accepted(reading), realistic(reading), time_bound(reading),
    ))


def specific(reading: Reading, subject_name: str) -> Check:
    writing = reading.writing
    kpi, people = reading.asked.kpi, len(writing.participants or {})
    values = {"kpi": kpi.label, "subject": subject_name, "people": formats.number(people), "teams": formats.number(writing.teams)}
    description, word = str(kpi.description), gettext("Specific.")
    if not people:
        return Check("specific", word, gettext("%(kpi)s, %(subject)s: nobody takes part.") % values, description, Mark.WARN)
    if reading.asked.draft.subject.kind is SubjectKind.REP:
        finding = gettext("%(kpi)s, %(subject)s.") % values
    elif writing.teams > 1:
        finding = ngettext(
            "%(kpi)s, %(subject)s: %(teams)s teams, %(people)s person.", "%(kpi)s, %(subject)s: %(teams)s teams, %(people)s people.", people
        ) % values
    else:
        finding = ngettext("%(kpi)s, %(subject)s: %(people)s person.", "%(kpi)s, %(subject)s: %(people)s people.", people) % values
    return Check("specific", word, finding, description, Mark.OK)


def measurable(reading: Reading) -> Check:
    recent, word = reading.recent, gettext("Measurable.")
    if not recent.readable:
        if recent.has_value or recent.in_quarter:
            return Check("measurable", word, gettext("It has a value today."), gettext("It is worked out from other figures."), Mark.OK)
        return Check("measurable", gettext("Measurable?"), gettext("It has no value in the last 90 days."), _what_then(), Mark.WARN)
    values = {"month": formats.number(recent.in_month), "quarter": formats.number(recent.in_quarter)}
    if not recent.in_quarter:
        return Check("measurable", gettext("Measurable?"), gettext("Nothing was counted in the last 90 days."), _what_then(), Mark.WARN)
    finding = ngettext(
        "%(month)s record in the last 30 days, %(quarter)s in the last 90.",
        "%(month)s records in the last 30 days, %(quarter)s in the last 90.", recent.in_month,
    ) % values
    details = []
    if recent.with_amount is not None:
        details.append(gettext("%(share)s of the deals won had an amount.") % {"share": formats.percent(recent.with_amount, 0)})
    if recent.latest is not None:
        details.append(gettext("The latest is of %(day)s.") % {"day": formats.day(recent.latest)})
    too_few = recent.with_amount is not None and recent.with_amount < ENOUGH_AMOUNTS
    mark = Mark.WARN if too_few else Mark.OK if recent.in_month else Mark.OPEN
    return Check("measurable", word if mark is Mark.OK else gettext("Measurable?"), finding, " ".join(details), mark)


def _what_then() -> str:
    return gettext("Check that the data comes in, before anybody is measured by it.")


def accepted(reading: Reading) -> Check:
    answers, goal = reading.answers, reading.writing.goal
    given = answers.accepted + answers.countered
    values = {"given": formats.number(given), "asked": formats.number(answers.asked), "countered": formats.number(answers.countered)}
    word = gettext("Accepted.")
    if not answers.asked:
        return Check("accepted", word, gettext("There is nobody to ask."), gettext("Choose who takes part."), Mark.OPEN)
    if answers.countered:
        finding = ngettext(
            "%(countered)s of %(asked)s offers another figure.", "%(countered)s of %(asked)s offer another figure.", answers.countered
        ) % values
        return Check("accepted", gettext("Accepted?"), finding, gettext("A change is put before all of them again."), Mark.WARN)
    if given == answers.asked:
        return Check("accepted", word, gettext("All have accepted it."), gettext("A change is put before all of them again."), Mark.OK)
    finding = ngettext("%(given)s of %(asked)s has answered.", "%(given)s of %(asked)s have answered.", answers.asked) % values
    if goal is not None and goal.state == State.AGREED and goal.decided_by_id is not None:
        return Check("accepted", word, finding, gettext("It was decided without asking, and says so."), Mark.OPEN)
    return Check("accepted", word, finding, gettext("They can accept it or offer another figure."), Mark.OPEN)


def realistic(reading: Reading) -> Check:
    asked, word = reading.asked, gettext("Realistic.")
    target, known = asked.draft.target, asked.known
    if reading.writing.kind is Kind.GROWTH and reading.baseline is not None and not (reading.baseline.value or 0) > 0:
        finding = gettext("There is nothing to grow from in the baseline's period.")
        return Check("realistic", gettext("Realistic?"), finding, gettext("Choose another baseline, or another kind of goal."), Mark.WARN)
    if target is None or asked.better is None:
        if target is None and known:
            return Check("realistic", gettext("Realistic?"), gettext("Say how much."), _best(reading), Mark.OPEN)
        return Check(
            "realistic", gettext("Realistic?"), gettext("There is no history to compare with yet."),
            gettext("Ask those who take part what they think."), Mark.OPEN,
        )
    harder = sum(1 for past in known if _falls_short(reading, past, target))
    mark = Mark.WARN if harder >= HARD * len(known) else Mark.OK
    if len(known) < FEW_PERIODS:
        mark = Mark.OPEN
    detail = " ".join(filter(None, [_growth(reading), _best(reading)]))
    return Check("realistic", word if mark is Mark.OK else gettext("Realistic?"), _rank(reading, harder), detail, mark)


def _falls_short(reading: Reading, past: Past, target: Decimal) -> bool:
    value = past.value or Decimal(0)
    return value > target if wants_less(reading.writing.kind, reading.asked.kpi) else value < target


def _rank(reading: Reading, harder: int) -> str:
    """Of how many earlier periods of the same length the target asks for more than was reached."""
    asked, count = reading.asked, len(reading.asked.known)
    values = {"harder": formats.number(harder), "count": formats.number(count)}
    match grain_of(reading.organisation.calendar, asked.draft.period):
        case Grain.WEEK:
            text = ngettext(
                "Harder than %(harder)s of the last %(count)s week.", "Harder than %(harder)s of the last %(count)s weeks.", count
            )
        case Grain.MONTH:
            text = ngettext(
                "Harder than %(harder)s of the last %(count)s month.", "Harder than %(harder)s of the last %(count)s months.", count
            )
        case Grain.QUARTER:
            text = ngettext(
                "Harder than %(harder)s of the last %(count)s quarter.", "Harder than %(harder)s of the last %(count)s quarters.", count
            )
        case Grain.YEAR:
            text = ngettext(
                "Harder than %(harder)s of the last %(count)s year.", "Harder than %(harder)s of the last %(count)s years.", count
            )
        case _:
            text = ngettext(
                "Harder than %(harder)s of the last %(count)s period of this length.",
                "Harder than %(harder)s of the last %(count)s periods of this length.", count,
            )
    return text % values


def _growth(reading: Reading) -> str:
    """What growth on last year is needed, beside the usual one."""
    needed, usual = reading.asked.last_year.change, reading.usual_growth
    if reading.asked.last_year.running or needed is None:
        return ""
    if usual is None:
        return gettext("Growth needed on the year before: %(needed)s.") % {"needed": formats.signed_percent(needed, 0)}
    values = {"needed": formats.signed_percent(needed, 0), "usual": formats.signed_percent(usual, 0)}
    return gettext("Growth needed on the year before: %(needed)s; the median so far is %(usual)s.") % values


def _best(reading: Reading) -> str:
    best = reading.asked.best
    if best is None or best.value is None:
        return ""
    values = {
        "value": formats.kpi_value(reading.asked.kpi, best.value, reading.organisation.base_currency),
        "period": period_words(reading.organisation.calendar, best.period, in_sentence=True),
    }
    return gettext("Best so far: %(value)s (%(period)s).") % values


def time_bound(reading: Reading) -> Check:
    asked, today = reading.asked, reading.today
    period, days = asked.draft.period, asked.working_days
    values = {"first": formats.day(period.start, year=period.start.year != period.last.year), "last": formats.day(period.last),
              "days": formats.number(days)}
    word = gettext("Time-bound.")
    if period.end <= today:
        finding = gettext("%(first)s to %(last)s: that is over.") % values
        return Check("time-bound", gettext("Time-bound?"), finding, gettext("Choose a period that is still to come."), Mark.WARN)
    finding = ngettext(
        "%(first)s to %(last)s, %(days)s working day.", "%(first)s to %(last)s, %(days)s working days.", days
    ) % values
    return Check("time-bound", word, finding, " ".join(filter(None, [_against_last_year(reading), _closing(reading)])), Mark.OK)


def _against_last_year(reading: Reading) -> str:
    more = reading.asked.working_days - reading.days_before
    values = {"days": formats.number(abs(more))}
    if more == 0:
        return gettext("As many as last year.")
    if more > 0:
        return ngettext("%(days)s more than last year.", "%(days)s more than last year.", more) % values
    return ngettext("%(days)s fewer than last year.", "%(days)s fewer than last year.", -more) % values


def _closing(reading: Reading) -> str:
    if not reading.closing:
        return ""
    values = {"days": formats.number(reading.closing)}
    return ngettext("%(days)s closing day is taken out.", "%(days)s closing days are taken out.", reading.closing) % values

