"""A wish in one sentence, read as a goal: "In three months sales should have grown revenue by 14 percent". Pure.

What can be read is said with the words it was read from; what several things could be meant by, or nothing, is asked for.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from goals.entry import typed_number
from goals.kinds import as_offered
from goals.models import Kind
from goals.wish_period import When, read_period
from goals.wish_text import Text, all_of, any_of, stem
from goals.wish_words import (
    ABOVE,
    BELOW,
    COMPANY,
    DAY_UNITS,
    DEPARTMENT,
    DOUBLE,
    FILLERS,
    GROW,
    KPI_WORDS,
    MONEY,
    NUMBERS,
    PERCENT,
    SALES,
    SHRINK,
    SIZES,
    TO_PERCENT,
)
from kpi_tracker.errors import InvalidInput
from kpi_tracker.kpis.measures import Unit
from kpi_tracker.kpis.metrics import AnyKpi
from kpi_tracker.periods import Calendar


class Part(StrEnum):
    """What a wish says."""

    KPI = "kpi"
    SUBJECT = "subject"
    AMOUNT = "amount"
    PERIOD = "period"


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody who may be meant. key: as the form has it; by_first: the first word of the name alone means them, too."""

    key: str
    name: str
    by_first: bool = False


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What can be meant. sales: whoever "sales" may mean; company: the key of everybody, empty where there is none."""

    kpis: tuple[AnyKpi, ...]
    subjects: tuple[Named, ...]
    calendar: Calendar
    sales: tuple[Named, ...] = ()
    company: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """What was read, None where nothing was; words: from which words; choices: the names of what may be meant instead of one.

    amount: in the KPI's unit; of growth, and of a KPI in percent, a fraction. missing: what is to be asked for.
    """

    kpi: str | None = None
    subject: str | None = None
    kind: Kind | None = None
    amount: Decimal | None = None
    when: When | None = None
    words: Mapping[Part, str] = field(default_factory=dict)
    choices: Mapping[Part, tuple[str, ...]] = field(default_factory=dict)
    unread: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[Part, ...]:
        known = {Part.KPI: self.kpi, Part.SUBJECT: self.subject, Part.AMOUNT: self.amount, Part.PERIOD: self.when}
        return tuple(part for part in Part if known[part] is None)


@dataclass(frozen=True, slots=True)
class _Amount:
    """percent: written as one; to: as what is to be reached, not what it grows by; by: as what it grows by; money, days: in that unit."""

    value: Decimal
    start: int
    end: int
    percent: bool = False
    to: bool = False
    by: bool = False
    money: bool = False
    days: bool = False


# Endings of names: Bob's, Stockholms, Elsan, Tukholmassa.
_ENDING = r"(?:'s|s|'n|n|in|en|ssa|ssä|lla|llä|lle|n tiimi)?"
_SINCE = r"(?:than|over|against|compared with|compared to|on|from|vs|än|jämfört med|mot|från|sedan)"
_LAST_YEAR = rf"(?:{_SINCE} )?(?:last year|a year ago|i fjol|förra året|ett år sedan)|viime vuodesta|viime vuoteen "
"verrattuna|edellisvuodesta"


def read(sentence: str, vocabulary: Vocabulary, *, today: dt.date) -> Wish:
    """What of a goal `sentence` says. Names first, so that no word of one is taken for anything else."""
    text = Text(sentence)
    words: dict[Part, str] = {}
    options: dict[Part, tuple[str, ...]] = {}
    subjects = _subjects(text, vocabulary)
    grows = _growth(text)
    if last_year := text.find(_LAST_YEAR):
        text.take(last_year.start(), last_year.end())
    when = read_period(text, vocabulary.calendar, today)
    if when is not None:
        words[Part.PERIOD] = when.words
    department = _take(text, any_of(DEPARTMENT))
    kpis, kpi_words = _kpis(text, vocabulary)
    kpi, kpi_words, sales = _sales(text, vocabulary, kpis, kpi_words)
    if len(kpis) > 1:
        options[Part.KPI] = tuple(str(one.label) for one in kpis)
    if kpi_words:
        words[Part.KPI] = kpi_words
    subject = _subject(subjects, vocabulary, words, options, sales=department or sales, company=_take(text, any_of(COMPANY)))
    kind, amount = _amount(text, kpi, grows, words, options)
    unread = tuple(word.text for word in text.left() if word.low not in FILLERS and word.text.strip("+-–—−"))
    return Wish(kpi.key if kpi else None, subject, kind, amount, when, words, options, unread)


def _take(text: Text, pattern: str) -> str:
    found = text.find(pattern)
    return text.take(found.start(), found.end()) if found else ""


def _growth(text: Text) -> int:
    """1 where something is to grow, −1 where it is to shrink, 2 where it is to double."""
    for words, sign in ((DOUBLE, 2), (GROW, 1), (SHRINK, -1)):
        if _take(text, any_of(words)):
            return sign
    return 0


# Who ----------------------------------------------------------------------------------------------


def _subjects(text: Text, vocabulary: Vocabulary) -> list[tuple[Named, str]]:
    """Those who are named, each with the words; of names within each other the longest."""
    found: list[tuple[int, int, Named]] = []
    for one in vocabulary.subjects:
        whole = " ".join(word.low for word in Text(one.name).words)
        place = text.find(re.escape(whole) + _ENDING) if whole else None
        if place is None and one.by_first and " " in whole:
            place = text.find(re.escape(whole.split(" ")[0]) + _ENDING)
        if place is not None:
            found.append((place.start(), place.end(), one))
    longest = [
        one for one in found
        if not any(other[0] <= one[0] and one[1] <= other[1] and (other[1] - other[0]) > (one[1] - one[0]) for other in found)
    ]
    written = {place: _words_between(text, *place) for place in {(start, end) for start, end, _ in longest}}
    for start, end in written:
        text.take(start, end)
    return [(one, written[start, end]) for start, end, one in longest]


def _words_between(text: Text, start: int, end: int) -> str:
    return " ".join(word.text for word in text.words if word.start < end and word.end > start)


def _subject(
    subjects: list[tuple[Named, str]], vocabulary: Vocabulary, words: dict[Part, str], options: dict[Part, tuple[str, ...]], *,
    sales: str, company: str,
) -> str | None:
    if len({one.key for one, _ in subjects}) > 1:
        options[Part.SUBJECT] = tuple(dict.fromkeys(one.name for one, _ in subjects))
        return None
    if subjects:
        words[Part.SUBJECT] = subjects[0][1]
        return subjects[0][0].key
    if sales and len(vocabulary.sales) > 1:
        options[Part.SUBJECT] = tuple(one.name for one in vocabulary.sales)
        return None
    key = vocabulary.sales[0].key if sales and vocabulary.sales else vocabulary.company if company else ""
    if key:
        words[Part.SUBJECT] = sales or company
    return key or None


# What ---------------------------------------------------------------------------------------------


def _kpis(text: Text, vocabulary: Vocabulary) -> tuple[list[AnyKpi], str]:
    """The KPIs that the most words name, and these words; crossed out."""
    best: tuple[int, int] = (0, 0)
    found: dict[str, AnyKpi] = {}
    places: list[re.Match[str]] = []
    for kpi in vocabulary.kpis:
        for entry in _entries(kpi):
            named = all_of(text, entry)
            score = (len(entry), sum(len(word) for word in entry))
            if named is None or score < best:
                continue
            if score > best:
                best, found, places = score, {}, named
            found[kpi.key] = kpi
    written = " ".join(text.take(place.start(), place.end()) for place in sorted(places, key=lambda place: place.start()))
    for kpi in found.values():  # what else says the same: "books meetings", "makes calls by phone"
        for entry in _entries(kpi):
            if len(entry) == 1:
                _take(text, stem(entry[0]))
    return list(found.values()), written


def _entries(kpi: AnyKpi) -> Iterable[list[str]]:
    """Its words, and its own name as it is shown: of an organisation's own KPI the only one."""
    for entry in KPI_WORDS.get(kpi.key, "").split(", "):
        if entry:
            yield entry.split()
    if label := [word.low for word in Text(str(kpi.label)).words if word.low not in FILLERS]:
        yield label


def _sales(text: Text, vocabulary: Vocabulary, kpis: list[AnyKpi], written: str) -> tuple[AnyKpi | None, str, str]:
    """"Sales" means those who sell beside a KPI that is named, and revenue where none is. Gives the KPI, its words, those of who."""
    sales = _take(text, any_of(SALES))
    if sales and not kpis:
        revenue = next((one for one in vocabulary.kpis if one.key == "revenue"), None)
        return revenue, sales, ""
    return (kpis[0] if len(kpis) == 1 else None), written, sales


# How much -----------------------------------------------------------------------------------------

_SIZE = "|".join(SIZES)
_UNITS = (
    rf"(?P<percent>{any_of(PERCENT)})|(?P<into>{TO_PERCENT})|(?P<money>[km]?(?:{any_of(MONEY)}))|(?P<days>{any_of(DAY_UNITS)})"
)
_FIGURE = (
    rf"(?P<sign>[+-] ?)?(?P<by>(?:by|med) )?(?P<to>(?:to|till|upp till) )?(?:(?P<before>{any_of(MONEY)}) )?"
    rf"(?P<figure>\d[\d.,]*|{'|'.join(sorted(NUMBERS, key=len, reverse=True))})(?: (?P<size>{_SIZE}))?(?: (?:{_UNITS}))?"
)


def _amounts(text: Text) -> list[_Amount]:
    found = []
    for place in text.find_all(_FIGURE):
        figure, behind = place["figure"], place["money"] or ""
        try:
            value = Decimal(NUMBERS[figure]) if figure in NUMBERS else typed_number(figure)
        except InvalidInput:
            continue
        short = {"k": 1_000, "m": 1_000_000}.get(behind[:1], 1) if behind[1:] in MONEY.split(", ") else 1
        value *= SIZES.get(place["size"] or "", 1) * short
        if (place["sign"] or "").strip() == "-":
            value = -value
        found.append(_Amount(
            value, place.start(), place.end(), percent=bool(place["percent"] or place["into"]), to=bool(place["to"] or place["into"]),
            by=bool(place["by"] or place["sign"]), money=bool(behind or place["before"] or place["size"] in ("tkr", "mkr", "meur")),
            days=bool(place["days"]),
        ))
    return found


def _amount(
    text: Text, kpi: AnyKpi | None, grows: int, words: dict[Part, str], options: dict[Part, tuple[str, ...]]
) -> tuple[Kind | None, Decimal | None]:
    """The kind and what is asked; nothing where two figures could be meant, or one that does not fit the KPI."""
    side = Kind.ABOVE if _take(text, any_of(ABOVE)) else Kind.BELOW if _take(text, any_of(BELOW)) else None
    if grows == 2:
        return Kind.GROWTH, Decimal(1)
    amounts = _amounts(text)
    if len(amounts) > 1:
        options[Part.AMOUNT] = tuple(_words_between(text, one.start, one.end) for one in amounts)
        return None, None
    if not amounts:
        return None, None
    one = amounts[0]
    kind, value = _meant(one, kpi, grows, side)
    if kind is not None:
        words[Part.AMOUNT] = text.take(one.start, one.end)
    return kind, value


def _meant(one: _Amount, kpi: AnyKpi | None, grows: int, side: Kind | None) -> tuple[Kind | None, Decimal | None]:
    share = kpi is not None and kpi.unit is Unit.PERCENT
    if one.percent and (grows or one.by) and not one.to:
        return Kind.GROWTH, (-abs(one.value) if grows < 0 else one.value) / 100
    if kpi is None or one.by or one.value <= 0:
        return None, None  # by so many: from what?
    if one.percent and not share:
        return None, None  # of what?
    if (one.money and kpi.unit not in (Unit.MONEY, Unit.MONEY_PER_DAY)) or (one.days and kpi.unit is not Unit.DAYS):
        return None, None
    value = one.value / 100 if share else one.value
    if side is Kind.ABOVE and kpi.adds_up:
        side = None
    return side or as_offered(Kind.REACH, kpi), value


