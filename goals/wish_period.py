"""When a wish is for: the period that a sentence names, in English, Swedish and Finnish. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass

from goals import choices
from goals.wish_text import Text
from goals.wish_words import MONTHS, NUMBERS, ORDINALS, SHORT_MONTHS, UNITS
from kpi_tracker.periods import DAY, Calendar, Grain, Period, add_months


@dataclass(frozen=True, slots=True)
class When:
    """again: wished for each such period."""

    period: Period
    words: str
    again: bool = False


def _named(name: str, options: dict[int, str] | dict[str, str]) -> str:
    return f"(?P<{name}>{'|'.join(options.values())})"


_NUMBER = rf"(?P<number>\d{{1,2}}|{'|'.join(sorted(NUMBERS, key=len, reverse=True))})"
_UNIT = _named("unit", UNITS)
_MONTH = "|".join(MONTHS.values())
_ANY_MONTH = f"{_MONTH}|{'|'.join(SHORT_MONTHS.values())}"
_YEAR = r"(?: (?:of |år |vuonna )?(?P<year>20\d\d))?"
_WRITTEN_DAY = rf"(?:den )?\d{{1,2}}(?:st|nd|rd|th)? (?:of )?(?:{_ANY_MONTH})(?: 20\d\d)?"
_DATE = rf"(?:\d{{4}}-\d\d-\d\d|\d{{1,2}}\.\d{{1,2}}\.(?:\d{{4}})?|{_WRITTEN_DAY})"
_ORDINAL = _named("ordinal", ORDINALS)
_COMING = "next|coming|närmaste|kommande|nästa|seuraavan|seuraavien|ensi|seuraavat"
_NOW = "this|the current|denna|detta|den här|det här|innevarande|tässä|tällä|tämän|tänä|kuluvan|kuluvalla"
_BEFORE = r"(?:(?:by|before|until|till|senast|före|innan|till|fram till) (?:the |den )?)"
_END = r"(?:end of (?:the )?|slutet av |utgången av )"


def read_period(text: Text, calendar: Calendar, today: dt.date) -> When | None:
    """The first period that the sentence names, crossed out; None where it names none."""
    for pattern, read in _READERS:
        for found in text.find_all(pattern):
            when = read(found, calendar, today)
            if when is not None:
                period, again = when
                return When(period, text.take(found.start(), found.end()), again)
    return None


Found = tuple[Period, bool] | None
Read = Callable[[re.Match[str], Calendar, dt.date], Found]


def _unit_of(word: str) -> str:
    return next(unit for unit, words in UNITS.items() if re.fullmatch(words, word))


def _number_of(text: str, options: dict[int, str]) -> int:
    return next(number for number, words in options.items() if re.fullmatch(words, text))


def _month_of(text: str) -> int:
    return next(number for number in MONTHS if re.fullmatch(f"{MONTHS[number]}|{SHORT_MONTHS[number]}", text))


def _month_period(number: int, year: str | None, today: dt.date) -> Period:
    """That month of that year; without one the next that is not over."""
    start = dt.date(int(year) if year else today.year, number, 1)
    if not year and add_months(start, 1) <= today:
        start = add_months(start, 12)
    return Period(start, add_months(start, 1))


def _day(text: str, today: dt.date, *, after: dt.date | None = None) -> dt.date | None:
    """A written day; without a year the first one after `after`, or today."""
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            return dt.date.fromisoformat(text)
        if dotted := re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})?", text):
            day, month, year = int(dotted[1]), int(dotted[2]), dotted[3]
        else:
            written = re.fullmatch(rf"(?:den )?(\d{{1,2}})(?:st|nd|rd|th)? (?:of )?({_ANY_MONTH})(?: (20\d\d))?", text)
            if written is None:
                return None
            day, month, year = int(written[1]), _month_of(written[2]), written[3]
        found = dt.date(int(year) if year else today.year, month, day)
        return found if year or found >= (after or today) else found.replace(year=found.year + 1)
    except ValueError:
        return None


def _dates(found: re.Match[str], calendar: Calendar, today: dt.date) -> Found:
    end_text = found["second"]
    first = _day(found["first"], today)
    last = _day(end_text, today, after=first)
    if first is None or last is None:
        return None
    if re.search(r"\d{4}", end_text) and not re.search(r"\d{4}", found["first"]) and first > last:
        first = first.replace(year=last.year)  # the year stands behind both
    return (Period(first, last + DAY), False) if last >= first else None


def _months(found: re.Match[str], calendar: Calendar, today: dt.date) -> Found:
    last = _month_period(_month_of(found["second"]), found["year"], today)
    start = dt.date(last.start.year, _month_of(found["first"]), 1)
    if start > last.start:
        start = add_months(start, -12)
    return Period(start, last.end), False


def _week(found: re.Match[str], calendar: Calendar, today: dt.date) -> Found:
    number, year = int(found["week"]), found["year"]
    try:
        day = dt.date.fromisocalendar(int(year) if year else today.isocalendar().year, number, 1)
        if not year and day + 7 * DAY <= today:
            day = dt.date.fromisocalendar(today.isocalendar().year + 1, number, 1)
    except ValueError:
        return None
    return calendar.bucket(Grain.WEEK, day + 3 * DAY), False


def _nth(kind: str, calendar: Calendar, number: int, year: str | None, today: dt.date) -> Found:
    """The quarter or half of that number in the fiscal year that begins in `year`; without one the next that is not over."""
    months = {Grain.QUARTER.value: 3, choices.HALF: 6}[kind]
    if not 1 <= number <= 12 // months:
        return None
    start = calendar.bucket(Grain.YEAR, today).start
    if year:
        start = dt.date(int(year), calendar.fiscal_month, 1)
    first = add_months(start, months * (number - 1))
    if not year and add_months(first, months) <= today:
        first = add_months(first, 12)
    return Period(first, add_months(first, months)), False


def _short(found: re.Match[str], calendar: Calendar, today: dt.date) -> Found:
    kind = Grain.QUARTER.value if found["kind"] == "q" else choices.HALF
    return _nth(kind, calendar, int(found["nth"]), found["year"], today)


def _ordinal(found: re.Match[str], calendar: Calendar, today: dt.date) -> Found:
    unit = _unit_of(found["unit"])
    return _nth(unit, calendar, _number_of(found["ordinal"], ORDINALS), found["year"], today) if unit in ("quarter", "half") else None


def _coming(found: re.Match[str], calendar: Calendar, today: dt.date) -> Found:
    """So many whole weeks, months, quarters or years, from the next one on."""
    text, unit = found["number"], _unit_of(found["unit"])
    number = int(text) if text.isdigit() else NUMBERS[text]
    if not 1 <= number <= 36:
        return None
    if unit == Grain.WEEK:
        start = calendar.bucket(Grain.WEEK, today - DAY).end
        return Period(start, start + 7 * number * DAY), False
    months = {"month": 1, "quarter": 3, "half": 6, "year": 12}[unit] * number
    start = add_months(today.replace(day=1), 0 if today.day == 1 else 1)
    return Period(start, add_months(start, months)), False


def _this(found: re.Match[str], calendar: Calendar, today: dt.date) -> Found:
    return choices.bucket(calendar, _unit_of(found["unit"]), today), False


def _next(found: re.Match[str], calendar: Calendar, today: dt.date) -> Found:
    unit = _unit_of(found["unit"])
    return choices.bucket(calendar, unit, choices.bucket(calendar, unit, today).end), False


def _each(found: re.Match[str], calendar: Calendar, today: dt.date) -> Found:
    after = _next(found, calendar, today)
    return (after[0], True) if after else None


_ADVERBS = {"weekly": "week", "monthly": "month", "quarterly": "quarter", "viikoittain": "week", "kuukausittain": "month"}


def _adverb(found: re.Match[str], calendar: Calendar, today: dt.date) -> Found:
    unit = _ADVERBS[found["adverb"]]
    return choices.bucket(calendar, unit, choices.bucket(calendar, unit, today).end), True


def _until_month(found: re.Match[str], calendar: Calendar, today: dt.date) -> Found:
    return Period(today, _month_period(_month_of(found["month"]), found["year"], today).end), False


def _until_day(found: re.Match[str], calendar: Calendar, today: dt.date) -> Found:
    last = _day(found["day"], today)
    return (Period(today, last + DAY), False) if last is not None and last >= today else None


def _one_day(found: re.Match[str], calendar: Calendar, today: dt.date) -> Found:
    day = _day(found["day"], today)
    return (Period(day, day + DAY), False) if day is not None else None


def _until_unit(found: re.Match[str], calendar: Calendar, today: dt.date) -> Found:
    return Period(today, choices.bucket(calendar, _unit_of(found["unit"]), today).end), False


_GENITIVES = {"årets": "year", "kvartalets": "quarter", "månadens": "month", "veckans": "week"}


def _until_genitive(found: re.Match[str], calendar: Calendar, today: dt.date) -> Found:
    return Period(today, choices.bucket(calendar, _GENITIVES[found["genitive"]], today).end), False


def _month(found: re.Match[str], calendar: Calendar, today: dt.date) -> Found:
    return _month_period(_month_of(found["month"]), found["year"], today), False


def _year(found: re.Match[str], calendar: Calendar, today: dt.date) -> Found:
    return calendar.bucket(Grain.YEAR, dt.date(int(found["year"]), calendar.fiscal_month, 1)), False


_READERS: tuple[tuple[str, Read], ...] = (
    (rf"(?:(?:from|between|från|mellan) )?(?P<first>{_DATE}) (?:to|until|till|and|och|ja|-) (?P<second>{_DATE})", _dates),
    (rf"(?:(?:from|between|från|mellan) )?(?P<first>{_MONTH}) (?:(?:to|until|till|and|och|-) )?(?P<second>{_MONTH}){_YEAR}", _months),
    (rf"{_BEFORE}{_END}?(?P<day>{_DATE})", _until_day),
    (rf"(?P<day>{_DATE}) mennessä", _until_day),
    (rf"{_BEFORE}{_END}?(?P<month>{_MONTH}){_YEAR}", _until_month),
    (rf"(?P<month>{_MONTH}) (?:loppuun|loppua)(?: mennessä)?(?P<year>)", _until_month),
    (rf"{_BEFORE}{_END}{_UNIT}", _until_unit),
    (rf"{_BEFORE}(?P<genitive>{'|'.join(_GENITIVES)}) slut", _until_genitive),
    (rf"{_UNIT} (?:loppuun|loppua)(?: mennessä)?", _until_unit),
    (rf"(?:(?:in|i|under|during|for) )?(?:week|vecka|veckan|v|wk|viikolla|viikko|viikon|vk) (?P<week>\d{{1,2}}){_YEAR}", _week),
    (rf"(?:(?:in|i|under|during|for) )?(?P<kind>[qh])(?P<nth>[1-4]){_YEAR}", _short),
    (rf"(?:(?:in|i|under|during) )?(?:the |det )?{_ORDINAL} {_UNIT}{_YEAR}", _ordinal),
    (rf"(?:in|within|over|during|for|om|inom|på|under) (?:the |de |loppet av )?(?:{_COMING} )?{_NUMBER} {_UNIT}", _coming),
    (rf"(?:the |de )?(?:{_COMING}) {_NUMBER} {_UNIT}(?: (?:aikana|kuluessa))?", _coming),
    (rf"{_NUMBER} {_UNIT} (?:kuluttua|päästä|kuluessa|aikana|sisällä|time)", _coming),
    (rf"(?:(?:in|i|under|during) )?(?:{_NOW}) {_UNIT}", _this),
    (r"i (?P<unit>år)", _this),
    (rf"(?:(?:in|i|under|during) )?(?:the )?(?:next|nästa|ensi|seuraavalla|seuraavassa|seuraavan) {_UNIT}", _next),
    (rf"(?:every|each|per|a|varje|joka|kunakin) {_UNIT}", _each),
    (r"i (?P<unit>veckan|månaden|kvartalet)", _each),
    (rf"(?P<adverb>{'|'.join(_ADVERBS)})", _adverb),
    (rf"(?:on )?(?P<day>{_DATE})", _one_day),
    (rf"(?:(?:in|i|under|during|for) )?(?<!\d )(?P<month>{_MONTH}){_YEAR}", _month),
    (r"(?:(?:in|for|during|år|under|vuonna) )?(?P<year>20\d\d)", _year),
)
