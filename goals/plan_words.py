"""A plan in words: how much of what, every day, at which rates. Whole translatable sentences and figures ready to be written."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext, ngettext, pgettext

from goals import sentences
from goals.plan import Crew, Need, Rate
from goals.plan_forms import WhatIfForm
from goals.plan_reading import REVENUE, Measured, PlanReading
from kpi_tracker import formats
from kpi_tracker.kpis import registry
from kpi_tracker.kpis.metrics import AnyKpi, SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.periods import Period


@dataclass(frozen=True, slots=True)
class Row:
    """A step of the way: how many in all with their range, on each working day, from each seller, and what one does now.

    more: how much more than now that is. tone: whether that can be done.
    """

    label: str
    total: str
    range: str
    a_day: str
    each: str
    now: str
    more: str
    tone: str


@dataclass(frozen=True, slots=True)
class Counted:
    """A figure of a KPI, which leads to its math."""

    kpi: str
    subject: Subject
    span: Period
    text: str


@dataclass(frozen=True, slots=True)
class Slider:
    """name: of its field. says: what the slider's place means; before: what it is now, as figures that lead to their math.

    note: of how many records, with the range. from_: whose rate it is, where the subject's own records are too few.
    """

    name: str
    label: str
    says: str
    least: int
    most: int
    value: int
    unit: str
    figures: tuple[Counted, ...] = ()
    note: str = ""
    stands_in: str = ""
    error: str = ""


def decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


def amount(reading: PlanReading, step: str, value: Fraction | None, *, short: bool = False) -> str:
    """So much of a step: money, or a number of records with decimals where they are few."""
    if value is None:
        return formats.NO_VALUE
    if step == REVENUE:
        return formats.money(decimal(value), reading.organisation.base_currency, short=short)
    decimals = 0 if value.denominator == 1 or value >= 10 else 1 if value >= 1 else 2
    return formats.number(decimal(value), decimals)


def missing_words(reading: PlanReading, missing: Fraction) -> str:
    """ "266 k€", "14 first meetings held"."""
    text = amount(reading, reading.top, Fraction(math.ceil(missing)) if reading.top != REVENUE else missing, short=True)
    if reading.top == REVENUE:
        return text
    return pgettext("so many of a KPI", "%(number)s %(kpi)s") % {"number": text, "kpi": label_within(reading, reading.top)}


def label_within(reading: PlanReading, step: str) -> str:
    return sentences.in_sentence(reading.labels.get(step, str(kpi_of(reading, step).label)))


def kpi_of(reading: PlanReading, key: str) -> AnyKpi:
    return registry.kpi(key, reading.organisation)


def of_one(reading: PlanReading) -> bool:
    return reading.whose.kind is SubjectKind.REP


def headline(reading: PlanReading, missing: Fraction | None, needs: dict[str, Need], crew: Crew) -> str:
    """What the plan asks of each day, of what is done first."""
    if missing is None:
        return gettext("What would it take?")
    if missing <= 0:
        return gettext("Nothing is missing any more")
    words = {"missing": missing_words(reading, missing)}
    if not crew.days:
        return gettext("%(missing)s to go, and no working day is left") % words
    step = first_step(reading)
    total = needs[step].total
    a_day = crew.a_day(total) if of_one(reading) else crew.a_seller_day(total)
    if a_day is None:
        return gettext("%(missing)s to go: there are too few records to plan with") % words
    words |= {"kpi": label_within(reading, step), "number": amount(reading, step, a_day, short=True)}
    now = reading.now.get(step)
    words["now"] = amount(reading, step, now, short=True)
    if of_one(reading):
        return gettext("%(missing)s to go: %(number)s %(kpi)s a day, now %(now)s") % words
    return gettext("%(missing)s to go: %(number)s %(kpi)s a day from each seller, now %(now)s") % words


def first_step(reading: PlanReading) -> str:
    """What is done first: the end of the way down."""
    return reading.links[-1].step if reading.links else reading.top


def sub(reading: PlanReading, crew: Crew) -> str:
    """How much time is left, of whom, and over which days the rates are taken."""
    days = ngettext("%(days)s working day left", "%(days)s working days left", crew.days) % {"days": formats.number(crew.days)}
    parts = [days]
    if not of_one(reading):
        sellers = decimal(crew.sellers)
        text = formats.number(sellers, 0 if sellers == sellers.to_integral_value() else 1)
        parts.append(ngettext("%(sellers)s full-time seller", "%(sellers)s full-time sellers", math.ceil(sellers)) % {"sellers": text})
    months = reading.organisation.velocity_months
    rates = ngettext("rates of the last month (%(days)s)", "rates of the last %(months)s months (%(days)s)", months)
    return " · ".join([*parts, rates % {"months": formats.number(months), "days": formats.day_range(reading.window)}])


def rows(reading: PlanReading, needs: dict[str, Need], crew: Crew) -> list[Row]:
    return [_row(reading, step, need, crew) for step, need in needs.items()]


def _row(reading: PlanReading, step: str, need: Need, crew: Crew) -> Row:
    a_day, now = crew.a_day(need.total), reading.now.get(step)
    each = a_day if of_one(reading) else crew.a_seller_day(need.total)
    more = each / now - 1 if each is not None and now else None
    total = need.total if need.total is None or step == REVENUE else Fraction(math.ceil(need.total))
    return Row(
        label=reading.labels.get(step, str(kpi_of(reading, step).label)), total=amount(reading, step, total), range=_range(need),
        a_day=amount(reading, step, a_day), each="" if of_one(reading) else amount(reading, step, each), now=_now(reading, step, now),
        more=_percent_more(more) if more is not None else "", tone=_tone(more),
    )


def _now(reading: PlanReading, step: str, value: Fraction | None) -> str:
    return gettext("now %(number)s") % {"number": amount(reading, step, value)} if value is not None else ""


def _percent_more(more: Fraction) -> str:
    return formats.percent(0, 0) if formats.rounded(decimal(more * 100)) == 0 else formats.signed_percent(decimal(more), 0)


def _tone(more: Fraction | None) -> str:
    """Half as much again is more than people find; a tenth is not felt."""
    if more is None:
        return ""
    return "bad" if more > Fraction(1, 2) else "warn" if more > Fraction(1, 10) else "good"


def _range(need: Need) -> str:
    if need.total is None or need.low is None or need.low == need.total == need.high:
        return ""
    low = formats.number(math.floor(need.low))
    if need.high is None:
        return gettext("%(low)s or more") % {"low": low}
    return f"{low}–{formats.number(math.ceil(need.high))}"


# The sliders ---------------------------------------------------------------------------------------

def sliders(reading: PlanReading, form: WhatIfForm, crew: Crew) -> list[Slider]:
    found = [_rate_slider(reading, one, form) for one in reading.measured]
    if "sellers" in form.sliders:
        found.append(_sellers_slider(form, crew))
    if reading.cycle is not None and "cycle" in form.sliders:
        found.append(_cycle_slider(reading, form))
    return [one for one in found if one.name in form.sliders or one.name.startswith("rate_")]


def _slider(form: WhatIfForm, name: str, label: str, says: str, **more: Any) -> Slider:
    least, most = form.sliders.get(name, (0, 0))
    errors = form.errors.get(name)
    return Slider(name, label, says, least, most, form.value(name), error=" ".join(str(one) for one in errors) if errors else "", **more)


def _rate_slider(reading: PlanReading, one: Measured, form: WhatIfForm) -> Slider:
    rate, name = one.link.rate, f"rate_{one.link.step}"
    factor = form.factor(name)
    says = _moved(rate_text(reading, one, rate), rate_text(reading, one, rate.by(factor)), form.value(name))
    return _slider(
        form, name, rate_label(reading, one), says, unit=gettext("change in percent"), figures=tuple(_figures(reading, one)),
        note=_range_note(reading, one), stands_in=_stands_in(one),
    )


def rate_label(reading: PlanReading, one: Measured) -> str:
    """The KPI that the rate is, else "Calls → conversations"."""
    if one.ratio:
        return reading.labels[one.ratio]
    return f"{reading.labels.get(one.link.step, str(kpi_of(reading, one.link.step).label))} → {label_within(reading, one.link.to)}"


def rate_text(reading: PlanReading, one: Measured, rate: Rate) -> str:
    return _rate_value(reading, one, rate.value)


def _rate_value(reading: PlanReading, one: Measured, value: Fraction | None) -> str:
    if value is None:
        return formats.NO_VALUE
    if one.link.to == REVENUE:
        return formats.money(decimal(value), reading.organisation.base_currency)
    as_number = not one.link.rate.share and max(one.link.rate.bounds or (value,)) >= 1
    return formats.number(decimal(value), 2) if as_number else formats.percent(decimal(value))


def _moved(before: str, after: str, change: int, *, percent: bool = True) -> str:
    if not change:
        return before
    by = formats.signed_percent(Decimal(change) / 100, 0) if percent else formats.signed_number(Decimal(change))
    return gettext("%(before)s → %(after)s (%(change)s)") % {"before": before, "after": after, "change": by}


def _figures(reading: PlanReading, one: Measured) -> list[Counted]:
    """What the rate is made of. A KPI leads to its own parts."""
    link, subject, span = one.link, one.whose.subject, reading.window
    if one.ratio:
        return [Counted(one.ratio, subject, span, rate_text(reading, one, link.rate.by(1 / link.rate.changed)))]
    brought = amount(reading, link.to, link.rate.brought)
    return [Counted(link.to, subject, span, brought), Counted(link.step, subject, span, formats.number(link.rate.of))]


def _range_note(reading: PlanReading, one: Measured) -> str:
    """Of how many records, and where the rate lies four times of five."""
    rate = one.link.rate
    parts = []
    if one.ratio and rate.share:
        parts.append(gettext("%(number)s of %(of)s") % {"number": formats.number(rate.brought.numerator), "of": formats.number(rate.of)})
    elif one.link.to == REVENUE:
        parts.append(ngettext("%(number)s deal", "%(number)s deals", rate.of) % {"number": formats.number(rate.of)})
    if rate.bounds is not None:
        low, high = (_rate_value(reading, one, bound) for bound in rate.bounds)
        parts.append(gettext("four times of five %(low)s to %(high)s") % {"low": low, "high": high})
    if not one.is_enough:
        parts.append(gettext("too few to rely on"))
    return " · ".join(parts)


def _stands_in(one: Measured) -> str:
    if one.own is None:
        return ""
    words = {"name": one.whose.name, "number": formats.number(one.own.of)}
    return ngettext(
        "The rate of %(name)s: %(number)s own record is too few.", "The rate of %(name)s: %(number)s own records are too few.", one.own.of
    ) % words


def _sellers_slider(form: WhatIfForm, crew: Crew) -> Slider:
    more = form.value("sellers")
    before, after = (formats.number(decimal(one.sellers), 1) for one in (crew, crew.with_more(more)))
    return _slider(
        form, "sellers", gettext("Full-time sellers"), _moved(before, after, more, percent=False), unit=gettext("people more or fewer"),
        note=gettext("New ones are taken to do as much as the others from today on."),
    )


def _cycle_slider(reading: PlanReading, form: WhatIfForm) -> Slider:
    cycle = reading.cycle or Fraction(0)
    before, after = (formats.days(decimal(one)) for one in (cycle, cycle * form.factor("cycle")))
    figures = (Counted("sales_cycle_days", reading.whose.subject, reading.window, before),) if "sales_cycle_days" in reading.labels else ()
    return _slider(
        form, "cycle", reading.labels.get("sales_cycle_days", gettext("Sales cycle")), _moved(before, after, form.value("cycle")),
        unit=gettext("change in percent"), figures=figures, note=gettext("From first contact to the deal won; it moves velocity."),
    )


def notes(reading: PlanReading, missing: Fraction | None, form: WhatIfForm) -> list[str]:
    """What the figures do not say: that what is begun now may close too late, and what is open already."""
    found = []
    left = (reading.period.end - max(reading.today, reading.period.start)).days
    cycle = (reading.cycle or Fraction(0)) * form.factor("cycle")
    if missing and reading.top in (REVENUE, "deals_won") and cycle > left > 0:
        found.append(gettext(
            "A sale takes %(cycle)s and %(left)s are left: most of what begins now closes later. Deals that are open decide this one."
        ) % {"cycle": formats.days(decimal(cycle)), "left": formats.days(left)})
    now = reading.velocity.now if reading.velocity else None
    if missing and reading.top == REVENUE and now:
        likely = now.opportunities * now.win_rate * now.deal_value
        number = int(now.opportunities)
        found.append(ngettext(
            "%(number)s qualified opportunity is open. At the usual win rate and deal value it brings %(amount)s.",
            "%(number)s qualified opportunities are open. At the usual win rate and deal value they bring %(amount)s.", number,
        ) % {"number": formats.number(number), "amount": amount(reading, REVENUE, likely, short=True)})
    return found



def currency(reading: PlanReading) -> str:
    """The sign of the base currency."""
    return formats.SYMBOLS.get(reading.organisation.base_currency, reading.organisation.base_currency)
