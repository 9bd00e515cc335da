"""Cells as values: numbers, days and moments in the styles that people and systems write. Pure.

What one cell cannot tell (is 03/07 in March or in July? is 1.234 above a thousand?) is decided over its whole column,
and where even that cannot tell, it is refused with a request for the option that says it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from django.utils.translation import gettext as _

from kpi_tracker.errors import InvalidInput

EMPTY = {"", "-", "–", "—", "n/a", "#n/a", "null", "none", "nan", "(null)"}
LONGEST_EMPTY = max(map(len, EMPTY))
_CURRENCIES = {"€": "EUR", "$": "USD", "£": "GBP", "US$": "USD"}
_MONEY = r"[A-Z]{3}|US\$|[€$£]|[Kk]r\.?"
# Thousands and millions: 5K, 5 M€, 5 tkr, 5 mkr, 5 MSEK; but 5 kr and 5 MXN are five.
_FACTOR = r"[KkM](?=$|[€$£)-]|[A-Z]{3})|[tT](?=kr|[A-Z]{3})|m(?=kr)"
_NUMBER = re.compile(
    rf"^(?P<open>\()?(?P<minus>-)?(?P<before>{_MONEY})?(?P<minus2>-)?(?P<digits>\d[\d.,'’]*|[.,]\d+)(?P<factor>{_FACTOR})?"
    rf"(?P<after>{_MONEY}|%|:-)?(?P<minus3>-)?(?P<close>\))?$"
)
_FACTORS = {"": 0, "k": 3, "t": 3, "m": 6}
_MONTHS = {
    name: month
    for month, names in enumerate(
        (
            "jan tammi", "feb helmi", "mar maalis", "apr huhti", "may maj touko", "jun kesä", "jul heinä", "aug elo", "sep syys",
            "oct okt loka", "nov marras", "dec des joulu",
        ),
        start=1,
    )
    for name in names.split()
}
_TIME = r"(?:[T ,]+(?P<time>\d{1,2}[:.]\d{2}(?:[:.]\d{2}(?:\.\d+)?)?(?: ?[AaPp]\.?[Mm]\.?)?) ?(?P<zone>Z|UTC|[+-]\d{2}:?\d{2})?)?$"
_ISO = re.compile(r"^(?P<y>\d{4})([-/.])(?P<m>\d{1,2})\2(?P<d>\d{1,2})" + _TIME)
_COMPACT = re.compile(r"^(?P<y>(?:19|20)\d\d)(?P<m>\d\d)(?P<d>\d\d)" + _TIME)
_DOTTED = re.compile(r"^(?P<d>\d{1,2})\.\s?(?P<m>\d{1,2})\.\s?(?P<y>\d{4}|\d\d)" + _TIME)
_EITHER = re.compile(r"^(?P<a>\d{1,2})([/-])(?P<b>\d{1,2})\2(?P<y>\d{4}|\d\d)" + _TIME)
_WORDED = re.compile(r"^(?P<d>\d{1,2})\.?[ -](?P<name>[^\W\d]{3,12})\.?,?[ -](?P<y>\d{4})" + _TIME)
_AMERICAN = re.compile(r"^(?P<name>[^\W\d]{3,12})\.? (?P<d>\d{1,2}),? (?P<y>\d{4})" + _TIME)
_SERIAL = re.compile(r"^[2-7]\d{4}([.,]\d+)?$")
EXCEL_ZERO = dt.datetime(1899, 12, 30)  # noqa: DTZ001 a spreadsheet's day has no zone


class Amount(NamedTuple):
    """currency: what a sign or code in the cell says; percent: the number was followed by %."""

    value: Decimal
    currency: str = ""
    percent: bool = False


def is_empty(text: str) -> bool:
    return text.casefold() in EMPTY


def _pressed(text: str) -> str:
    """Without spaces of any kind, with one kind of minus."""
    return "".join(text.split()).replace("\u2212", "-").replace("\u2013", "-")


def decimal_mark(texts: Iterable[str], *, delimiter: str) -> str | None:
    """The decimal mark of a column's numbers, “.” or “,”; None where the column cannot tell and must be asked for.

    Raises where some numbers prove one and some the other.
    """
    proofs: dict[str, str] = {}
    unsure: set[str] = set()
    for text in texts:
        found = _NUMBER.match(_pressed(text))
        if found is None:
            continue
        digits = found["digits"]
        marks = [mark for mark in digits if mark in ".,"]
        if not marks:
            continue
        if len(set(marks)) == 2:
            proofs.setdefault(marks[-1], text)
        elif len(marks) > 1:
            proofs.setdefault("," if marks[0] == "." else ".", text)
        elif re.match(r"^[1-9]\d{0,2}[.,]\d{3}$", digits) and not found["factor"]:
            # A dollar sign or commas between cells come with commas between thousands.
            english, nordic = delimiter == "," or "$" in text, delimiter == ";"
            unsure.add("." if marks[0] == "," and english else "," if marks[0] == "." and nordic else "")
        else:
            proofs.setdefault(marks[0], text)
    if len(proofs) == 2:
        raise InvalidInput(_("%(first)s and %(second)s do not write numbers alike.") % {"first": proofs["."], "second": proofs[","]})
    if proofs:
        return next(iter(proofs))
    if len(unsure) == 1:
        return unsure.pop() or None
    return None if unsure else "."


def number(text: str, mark: str) -> Amount:
    """The number in a cell, with `mark` as its decimal mark."""
    if text.isascii() and text.isdigit():
        return Amount(Decimal(text))
    found = _NUMBER.match(_pressed(text))
    signs = sum(bool(found[name]) for name in ("open", "minus", "minus2", "minus3")) if found else 0
    if found is None or signs > 1 or bool(found["open"]) != bool(found["close"]):
        raise InvalidInput(_("“%(text)s” is no number.") % {"text": text})
    thousands = "," if mark == "." else "."
    digits = re.sub(rf"[{thousands}'’]", "", found["digits"]).replace(mark, ".")
    if digits.count(".") > 1:
        raise InvalidInput(_("“%(text)s” is no number.") % {"text": text})
    value = Decimal(digits).scaleb(_FACTORS[(found["factor"] or "").lower()])
    if signs:
        value = -value
    return Amount(value, currency=_currency(found["before"] or "") or _currency(found["after"] or ""), percent=found["after"] == "%")


def _currency(text: str) -> str:
    if text in _CURRENCIES:
        return _CURRENCIES[text]
    return text if re.match(r"^[A-Z]{3}$", text) else ""


class DateOrder(NamedTuple):
    """Which of the first two numbers of 03/07/2021 is the day."""

    day_first: bool


ORDERS = {"dmy": DateOrder(True), "mdy": DateOrder(False)}


def date_order(texts: Iterable[str]) -> DateOrder | None:
    """The order of day and month that a column proves; None where it cannot tell and must be asked for.

    Raises where some dates prove one order and some the other.
    """
    proofs: dict[bool, str] = {}
    unsure = False
    for text in texts:
        found = _EITHER.match(text)
        if found is None or found["a"] == found["b"]:
            continue
        first, second = int(found["a"]), int(found["b"])
        if first > 12 or second > 12:
            proofs.setdefault(first > 12, text)
        else:
            unsure = True
    if len(proofs) == 2:
        raise InvalidInput(_("%(first)s and %(second)s do not write dates alike.") % {"first": proofs[True], "second": proofs[False]})
    if proofs:
        return DateOrder(next(iter(proofs)))
    return None if unsure else DateOrder(True)


@dataclass(frozen=True, slots=True)
class Moment:
    """A day, with its time where one was written. time_zone: aware only where the cell named a zone."""

    day: dt.date
    at: dt.datetime | None = None

    def local_day(self, zone: dt.tzinfo) -> dt.date:
        return self.at.astimezone(zone).date() if self.at is not None and self.at.tzinfo is not None else self.day

    def aware(self, zone: dt.tzinfo) -> dt.datetime | None:
        """The moment, taken to be in `zone` where the cell named none."""
        if self.at is None:
            return None
        return (self.at if self.at.tzinfo is not None else self.at.replace(tzinfo=zone)).astimezone(dt.UTC)


def moment(text: str, order: DateOrder) -> Moment:
    """The day (and time) in a cell."""
    if len(text) == 10 and text[4] == text[7] == "-":
        try:
            return Moment(dt.date.fromisoformat(text))
        except ValueError:
            raise _no_date(text) from None
    if _SERIAL.match(text):
        return _from_serial(text)
    if (found := _EITHER.match(text)) is not None:
        day, month = (found["a"], found["b"]) if order.day_first else (found["b"], found["a"])
        return _built(text, found, int(month), int(day))
    for pattern in (_ISO, _COMPACT, _DOTTED):
        if (found := pattern.match(text)) is not None:
            return _built(text, found, int(found["m"]), int(found["d"]))
    for pattern in (_WORDED, _AMERICAN):
        if (found := pattern.match(text)) is not None and (month_of := _month(found["name"])) is not None:
            return _built(text, found, month_of, int(found["d"]))
    raise _no_date(text)


def _no_date(text: str) -> InvalidInput:
    return InvalidInput(_("“%(text)s” is no date.") % {"text": text})


def _month(name: str) -> int | None:
    name = name.casefold()
    return next((month for start, month in _MONTHS.items() if name.startswith(start)), None)


def _from_serial(text: str) -> Moment:
    """A spreadsheet's count of days since 1900."""
    days = Decimal(text.replace(",", "."))
    at = EXCEL_ZERO + dt.timedelta(days=int(days), seconds=round((days % 1) * 86_400))
    return Moment(at.date(), at if days % 1 else None)


def _built(text: str, found: re.Match[str], month: int, day: int) -> Moment:
    year = int(found["y"]) + (2000 if len(found["y"]) == 2 else 0)
    try:
        if not 1 < year < dt.MAXYEAR:  # no zone takes it out of the calendar
            raise ValueError(text)
        date = dt.date(year, month, day)
        if found["time"] is None:
            return Moment(date)
        return Moment(date, dt.datetime.combine(date, _time(found["time"]), tzinfo=_zone(found["zone"])))
    except ValueError:
        raise _no_date(text) from None


def _time(text: str) -> dt.time:
    half = re.search(r"([AaPp])\.?[Mm]\.?$", text)
    clock = text[: half.start()].strip() if half else text
    hour, minute, *rest = re.split(r"[:.]", clock)
    if half:
        if not 1 <= int(hour) <= 12:
            raise ValueError(text)
        hour = str(int(hour) % 12 + (12 if half[1] in "Pp" else 0))
    return dt.time(int(hour), int(minute), int(rest[0]) if rest else 0, int(f"{rest[1]:0<6}"[:6]) if len(rest) > 1 else 0)


def _zone(text: str | None) -> dt.tzinfo | None:
    if text is None:
        return None
    if text in ("Z", "UTC"):
        return dt.UTC
    hours, minutes = int(text[1:3]), int(text[-2:])
    if hours > 14 or minutes > 59:
        raise ValueError(text)
    return dt.timezone((1 if text[0] == "+" else -1) * dt.timedelta(hours=hours, minutes=minutes))
