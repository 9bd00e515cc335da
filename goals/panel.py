"""The panel beside the form, "What would be asked", in words and bars."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext, ngettext

from goals.asked import Asked, Draft, Past
from goals.kinds import wants_less
from goals.sentences import grain_of, period_words
from kpi_tracker import formats
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.periods import Grain, Period

ZERO = Decimal(0)
# Of fewer periods, the best one says little.
FEW_PERIODS = 3


@dataclass(frozen=True, slots=True)
class Bar:
    """height: of the chart, 0 to 1; None where there is no value. chosen: the period compared with."""

    height: Decimal | None
    text: str
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """reached: the period in which the goal's subject reached the value; None where it is no figure of a KPI."""

    label: str
    value: str
    note: str = ""
    reached: Period | None = None


@dataclass(frozen=True, slots=True)
class Panel:
    """mark: where the target stands beside the bars, 0 to 1."""

    draft: Draft
    finding: str
    facts: tuple[Fact, ...]
    bars: tuple[Bar, ...]
    mark: Decimal | None
    bars_title: str
    warning: str = ""
    first: str = ""
    last: str = ""


def panel(organisation: Organisation, asked: Asked) -> Panel:
    history = asked.history
    return Panel(
        draft=asked.draft, finding=_finding(organisation, asked), facts=tuple(_facts(organisation, asked)),
        bars=_bars(organisation, asked), mark=_share(asked.draft.target, _top(asked)), bars_title=_bars_title(organisation, asked),
        warning=_warning(asked),
        first=period_words(organisation.calendar, history[0].period) if history else "",
        last=period_words(organisation.calendar, history[-1].period) if history else "",
    )


def _finding(organisation: Organisation, asked: Asked) -> str:
    """The most telling thing there is to say of this target."""
    past = asked.last_year
    values = {
        "per_day": _figure(organisation, asked, asked.per_day),
        "period": period_words(organisation.calendar, past.period, in_sentence=True),
        "value": _figure(organisation, asked, past.value), "days": formats.number(asked.working_days),
        "percent": formats.percent(abs(past.change), 0) if past.change is not None else "",
    }
    if past.change is None and asked.per_day is not None:
        return gettext("%(per_day)s per working day") % values
    if past.change is None and past.value:
        return gettext("%(period)s came to %(value)s") % (values | {"period": period_words(organisation.calendar, past.period)})
    if past.change is None:
        return ngettext("%(days)s working day", "%(days)s working days", asked.working_days) % values
    return _compared(past.change, paced=asked.per_day is not None) % values


def _compared(change: Decimal, *, paced: bool) -> str:
    rounded = formats.rounded(change * 100)
    if paced and rounded == 0:
        return gettext("%(per_day)s per working day, as much in total as %(period)s")
    if paced and change > 0:
        return gettext("%(per_day)s per working day, %(percent)s more in total than %(period)s")
    if paced:
        return gettext("%(per_day)s per working day, %(percent)s less in total than %(period)s")
    if rounded == 0:
        return gettext("As much as %(period)s")
    return gettext("%(percent)s more than %(period)s") if change > 0 else gettext("%(percent)s less than %(period)s")


def _facts(organisation: Organisation, asked: Asked) -> list[Fact]:
    facts = [Fact(gettext("Working days"), formats.number(asked.working_days))]
    if asked.per_day is not None:
        facts.append(Fact(gettext("Asked per working day"), _figure(organisation, asked, asked.per_day)))
    facts.append(_past_fact(organisation, asked, asked.last_year, gettext("The same period last year")))
    facts.append(_past_fact(organisation, asked, asked.before, gettext("The period before")))
    if asked.best is not None:
        name = period_words(organisation.calendar, asked.best.period)
        label = gettext("Best of the last %(count)s") % {"count": formats.number(len(asked.history))}
        facts.append(Fact(label, _figure(organisation, asked, asked.best.value), name, asked.best.period))
    return facts


def _past_fact(organisation: Organisation, asked: Asked, past: Past, label: str) -> Fact:
    name = period_words(organisation.calendar, past.period)
    if past.running:
        name = gettext("%(period)s, so far") % {"period": name}
    elif past.change is not None and formats.rounded(past.change * 100) == 0:
        name = gettext("%(period)s; the target asks for as much") % {"period": name}
    elif past.change is not None:
        values = {"period": name, "percent": formats.signed_percent(past.change, 0)}
        name = gettext("%(period)s; the target asks for %(percent)s") % values
    return Fact(label, _figure(organisation, asked, past.value), name, past.period)


def _bars_title(organisation: Organisation, asked: Asked) -> str:
    count = len(asked.known)
    if asked.better is None:
        return gettext("What was reached before")
    values = {"count": formats.number(count), "reached": formats.number(asked.better)}
    match grain_of(organisation.calendar, asked.draft.period):
        case Grain.WEEK:
            text = ngettext(
                "Reached in %(reached)s of the last %(count)s week", "Reached in %(reached)s of the last %(count)s weeks", count
            )
        case Grain.MONTH:
            text = ngettext(
                "Reached in %(reached)s of the last %(count)s month", "Reached in %(reached)s of the last %(count)s months", count
            )
        case Grain.QUARTER:
            text = ngettext(
                "Reached in %(reached)s of the last %(count)s quarter", "Reached in %(reached)s of the last %(count)s quarters", count
            )
        case Grain.YEAR:
            text = ngettext(
                "Reached in %(reached)s of the last %(count)s year", "Reached in %(reached)s of the last %(count)s years", count
            )
        case _:
            text = ngettext(
                "Reached in %(reached)s of the last %(count)s period of this length",
                "Reached in %(reached)s of the last %(count)s periods of this length", count,
            )
    return text % values


def _warning(asked: Asked) -> str:
    """What should be thought over before the goal is made."""
    if asked.is_empty:
        return gettext("Nothing of this kind was counted in these periods: check that the data comes in.")
    if asked.draft.target is None or asked.best is None or asked.best.value is None or len(asked.known) < FEW_PERIODS:
        return ""
    down = wants_less(asked.draft.kind, asked.kpi)
    beaten = asked.draft.target < asked.best.value if down else asked.draft.target > asked.best.value
    return gettext("This was never reached before: it asks for more than the best period so far.") if beaten else ""


def _top(asked: Asked) -> Decimal:
    """The value at the upper edge of the bars."""
    values = [past.value for past in asked.known if past.value is not None]
    return max([*values, asked.draft.target or ZERO], default=ZERO)


def _share(value: Decimal | None, top: Decimal) -> Decimal | None:
    return max(value / top, ZERO) if value is not None and top > 0 else None


def _bars(organisation: Organisation, asked: Asked) -> tuple[Bar, ...]:
    top = _top(asked)
    return tuple(
        Bar(
            height=_share(past.value, top), chosen=past.period == asked.last_year.period,
            text=gettext("%(period)s: %(value)s") % {
                "period": period_words(organisation.calendar, past.period), "value": _figure(organisation, asked, past.value),
            },
        )
        for past in asked.history
    )


def _figure(organisation: Organisation, asked: Asked, value: Decimal | None) -> str:
    return formats.kpi_value(asked.kpi, value, organisation.base_currency)
