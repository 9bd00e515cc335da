"""Figures and days as people read them, in the language that is active.

Thousands are parted by a narrow no-break space and a unit is bound to its number, so that no figure breaks over two lines.
No value is "–", never 0.
"""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal
from typing import Protocol, assert_never

from django.utils import formats as django_formats
from django.utils.dateformat import format as format_date
from django.utils.translation import get_language, gettext, ngettext, pgettext

from kpi_tracker.kpis.measures import Unit
from kpi_tracker.kpis.metrics import AnyKpi, GrowthKpi
from kpi_tracker.kpis.query import KpiValue
from kpi_tracker.periods import Grain, Period

NARROW = "\u202f"
NBSP = "\u00a0"
MINUS = "\u2212"
NO_VALUE = "–"

SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "SEK": "kr", "NOK": "kr", "DKK": "kr", "ISK": "kr", "CHF": "CHF", "PLN": "zł", "JPY": "¥"}

Number = Decimal | float


class HasUnit(Protocol):
    @property
    def unit(self) -> Unit: ...


def rounded(value: Number, decimals: int = 0) -> Decimal:
    """Halves go away from zero, as people round."""
    return Decimal(str(value)).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def number(value: Number | None, decimals: int = 0) -> str:
    if value is None:
        return NO_VALUE
    exact = rounded(value, decimals)
    whole, _, rest = f"{abs(exact):f}".partition(".")
    text = f"{int(whole):,}".replace(",", NARROW)
    if rest:
        text += django_formats.get_format("DECIMAL_SEPARATOR") + rest
    return (MINUS if exact < 0 else "") + text


def money(amount: Number | None, currency: str, *, short: bool = False) -> str:
    """`short`: thousands and millions, for charts and sentences; full amounts where money is owed."""
    if amount is None:
        return NO_VALUE
    symbol = SYMBOLS.get(currency, currency)
    if short and rounded(abs(Decimal(str(amount)))) >= 1000:
        return _short_money(Decimal(str(amount)), symbol)
    exact = Decimal(str(amount))
    cents = 2 if abs(exact) < 100 and exact != exact.to_integral_value() else 0
    return f"{number(exact, cents)}{NBSP}{symbol}"


def _short_money(amount: Decimal, symbol: str) -> str:
    thousands, millions, billions = {"kr": ("tkr", "mkr", "mdkr")}.get(symbol, (f"k{symbol}", f"M{symbol}", f"G{symbol}"))
    size = abs(amount)
    if size >= 999_500_000:
        return f"{number(amount / 1_000_000_000, 2)}{NBSP}{billions}"
    if size >= 999_500:
        decimals = 0 if size % 1_000_000 == 0 or size >= 99_950_000 else 1 if size % 100_000 == 0 or size >= 9_995_000 else 2
        return f"{number(amount / 1_000_000, decimals)}{NBSP}{millions}"
    return f"{number(amount / 1000, 1 if size < 9_950 and size % 1000 else 0)}{NBSP}{thousands}"


def rate(value: Number) -> str:
    """An exchange rate with the decimals that it has: 0.0885."""
    exact = Decimal(str(value)).normalize()
    return number(exact, max(2, -int(exact.as_tuple().exponent)))


def percent(fraction: Number | None, decimals: int | None = None) -> str:
    """0.318 is 31.8 %. Without `decimals`: one where it says something, none above 100 %."""
    if fraction is None:
        return NO_VALUE
    hundredths = Decimal(str(fraction)) * 100
    if decimals is None:
        decimals = 0 if abs(hundredths) >= 100 or rounded(hundredths, 1) == rounded(hundredths) else 1
    return f"{number(hundredths, decimals)}{NBSP}%"


def times(value: Number | None) -> str:
    """3.2 ×: how often one amount holds another."""
    if value is None:
        return NO_VALUE
    return f"{number(value, 0 if value >= 100 or value <= -100 else 1)}{NBSP}×"


def days(value: Number | None) -> str:
    if value is None:
        return NO_VALUE
    exact = rounded(value, 0 if value >= 10 or value <= -10 else 1)
    decimals = 0 if exact == exact.to_integral_value() else 1
    return ngettext("%(days)s day", "%(days)s days", 1 if exact == 1 else 2) % {"days": number(exact, decimals)}


def kpi_value(kpi: HasUnit, value: Number | None, currency: str, *, short: bool = False) -> str:
    match kpi.unit:
        case Unit.COUNT:
            decimals = 0 if value is None or rounded(value) == value or value >= 100 or value <= -100 else 1
            return number(value, decimals)
        case Unit.MONEY:
            return money(value, currency, short=short)
        case Unit.PERCENT:
            return percent(value)
        case Unit.DAYS:
            return days(value)
        case Unit.TIMES:
            return times(value)
        case Unit.MONEY_PER_DAY:
            return gettext("%(amount)s a day") % {"amount": money(value, currency, short=short)} if value is not None else NO_VALUE
        case _:
            assert_never(kpi.unit)


def beside(kpi: HasUnit, value: Number | None, currency: str, rate: Decimal | None, *, short: bool = False) -> str:
    """Money in a second currency, to stand beside the first: "≈ 1 200 €"; empty for what is no money.

    rate: what one unit of `currency` is worth in the first; None where no rate is known, which gives nothing.
    """
    if value is None or rate is None or kpi.unit not in (Unit.MONEY, Unit.MONEY_PER_DAY):
        return ""
    return f"≈{NBSP}{kpi_value(kpi, Decimal(str(value)) / rate, currency, short=short)}"


def figure(kpi: AnyKpi, value: KpiValue | None, currency: str, *, short: bool = False) -> str:
    """A KPI's value; of growth from nothing "new", and from less than nothing the difference alone."""
    if value is None:
        return NO_VALUE
    if isinstance(kpi, GrowthKpi) and value.value is None and value.denominator is not None:
        if value.denominator < 0:
            return signed_kpi_value(kpi.of, value.numerator, currency, short=short)
        if value.numerator > 0:
            return pgettext("growth", "new")
    return kpi_value(kpi, value.value, currency, short=short)


def _with_sign(value: Number | None, text: str) -> str:
    return f"+{text}" if value is not None and value > 0 else text


def signed_number(value: Number | None, decimals: int = 0) -> str:
    return _with_sign(value, number(value, decimals))


def signed_money(amount: Number | None, currency: str, *, short: bool = False) -> str:
    return _with_sign(amount, money(amount, currency, short=short))


def signed_percent(fraction: Number | None, decimals: int | None = None) -> str:
    return _with_sign(fraction, percent(fraction, decimals))


def signed_kpi_value(kpi: HasUnit, value: Number | None, currency: str, *, short: bool = False) -> str:
    return _with_sign(value, kpi_value(kpi, value, currency, short=short))


# Days ----------------------------------------------------------------------------------------------

# Finnish writes the month of a date in another case than the month alone: E and F in Django's formats.
_NORDIC = {
    "number": "j", "day": "j F Y", "day_month": "j F", "short": "j b", "short_year": "j b Y", "weekday": "l j F",
    "month": "F", "month_year": "F Y", "short_month": "b", "short_weekday": "D",
}
_PATTERNS = {
    "en": _NORDIC | {"short": "j M", "short_year": "j M Y", "short_month": "M"},
    "sv": _NORDIC,
    "fi": _NORDIC | {"number": "j.", "day": "j. E Y", "day_month": "j. E", "short": "j.n.", "short_year": "j.n.Y", "weekday": "l j. E"},
}


def _written(day: dt.date, pattern: str) -> str:
    language = (get_language() or "en").split("-")[0]
    return format_date(day, _PATTERNS.get(language, _PATTERNS["en"])[pattern])


def day(value: dt.date | None, *, year: bool = True) -> str:
    """18 November 2026."""
    if value is None:
        return NO_VALUE
    return _written(value, "day" if year else "day_month")


def short_day(value: dt.date | None, *, year: bool = False) -> str:
    """18 Nov."""
    if value is None:
        return NO_VALUE
    return _written(value, "short_year" if year else "short")


def short_month(value: dt.date) -> str:
    """Nov."""
    return _written(value, "short_month")


def month_name(number: int) -> str:
    """November, of 11."""
    text = _written(dt.date(2024, number, 1), "month")
    return text[:1].upper() + text[1:]


def short_weekday(value: dt.date) -> str:
    """Tue."""
    return _written(value, "short_weekday")


def weekday(value: dt.date) -> str:
    """Wednesday 18 November."""
    text = _written(value, "weekday")
    return text[:1].upper() + text[1:]


def clock_time(value: dt.datetime) -> str:
    """14:32, of a local moment."""
    return f"{value:%H:%M}"


def day_range(period: Period) -> str:
    """1 – 30 November 2026; both days included, as people write."""
    if len(period) == 1:
        return day(period.start)
    start = day(period.start, year=period.start.year != period.last.year)
    if (period.start.year, period.start.month) == (period.last.year, period.last.month):
        start = _written(period.start, "number")
    return gettext("%(first)s – %(last)s") % {"first": start, "last": day(period.last)}


def period_name(grain: Grain, period: Period, *, fiscal_month: int = 1, year: bool = True, in_sentence: bool = False) -> str:
    """November 2026, Week 47 2026, Q4 2026, 2026 or 2026/27; `year=False` leaves the year out where that can be."""
    match grain:
        case Grain.DAY:
            return day(period.start, year=year)
        case Grain.WEEK:
            iso = (period.start + dt.timedelta(days=3)).isocalendar()
            values = {"week": iso.week, "year": iso.year}
            if in_sentence:
                return (gettext("week %(week)s of %(year)s") if year else gettext("week %(week)s")) % values
            return (gettext("Week %(week)s, %(year)s") if year else gettext("Week %(week)s")) % values
        case Grain.MONTH:
            text = _written(period.start, "month_year" if year else "month")
            return text if in_sentence else text[:1].upper() + text[1:]
        case Grain.QUARTER:
            quarter = {"quarter": _quarter(period, fiscal_month), "year": _fiscal_year(period, fiscal_month)}
            return (gettext("Q%(quarter)s %(year)s") if year else gettext("Q%(quarter)s")) % quarter
        case Grain.YEAR:
            return _fiscal_year(period, period.start.month)
        case _:
            assert_never(grain)


def in_period(grain: Grain, period: Period, *, today: dt.date, fiscal_month: int = 1) -> str:
    """The period within a sentence: "in November", "in week 47", "on 18 November"; with its year unless it is this year's."""
    this_year = period.start.year == today.year and period.last.year == today.year
    match grain:
        case Grain.DAY:
            return gettext("on %(day)s") % {"day": day(period.start, year=not this_year)}
        case Grain.WEEK:
            iso = (period.start + dt.timedelta(days=3)).isocalendar()
            if iso.year == today.isocalendar().year:
                return gettext("in week %(week)s") % {"week": iso.week}
            return gettext("in week %(week)s of %(year)s") % {"week": iso.week, "year": iso.year}
        case Grain.MONTH:
            month = _written(period.start, "month")
            if this_year:
                return pgettext("in a month", "in %(month)s") % {"month": month}
            return pgettext("in a month", "in %(month)s %(year)s") % {"month": month, "year": period.start.year}
        case Grain.QUARTER:
            values = {"quarter": _quarter(period, fiscal_month), "year": _fiscal_year(period, fiscal_month)}
            if this_year and fiscal_month == 1:
                return gettext("in Q%(quarter)s") % values
            return gettext("in Q%(quarter)s %(year)s") % values
        case Grain.YEAR:
            return pgettext("in a year", "in %(year)s") % {"year": _fiscal_year(period, period.start.month)}
        case _:
            assert_never(grain)


def _quarter(period: Period, fiscal_month: int) -> int:
    return (period.start.month - fiscal_month) % 12 // 3 + 1


def _fiscal_year(period: Period, fiscal_month: int) -> str:
    """The year that the period's fiscal year begins in, "2026"; "2026/27" where it runs over New Year."""
    first = period.start.year - (period.start.month < fiscal_month)
    return str(first) if fiscal_month == 1 else f"{first}/{(first + 1) % 100:02d}"


def initials(name: str) -> str:
    words = [word for word in name.replace("@", " ").split() if word[:1].isalnum()]
    return (words[0][:1] + (words[-1][:1] if len(words) > 1 else "")).upper() if words else "?"
