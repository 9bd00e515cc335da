"""Figures as people type them: 1 234,56 · 1,234.56 · 31.8 % · 640 000 €. Pure."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import assert_never

from django.utils import formats as django_formats
from django.utils.translation import gettext

from kpi_tracker.errors import InvalidInput
from kpi_tracker.kpis.measures import Unit

# Spaces of any width, and the apostrophe, only part thousands.
_FILLER = re.compile(r"[\s'’\u00a0\u202f\u2009]")
# A unit before or behind the figure is what the field says already; k and M are how the pages shorten amounts.
_UNIT = r"%|[€$£¥]|kr\.?|zł|[A-Z]{3}|days?|dagar|dag|päivää|pv"
_TYPED = re.compile(rf"(?:{_UNIT})?(?P<digits>[0-9.,]+)(?P<size>k|M|t(?=kr)|m(?=kr))?(?:{_UNIT})?")
_SIZES = {None: 1, "k": 1_000, "t": 1_000, "M": 1_000_000, "m": 1_000_000}
_PLAIN = re.compile(r"[0-9]{1,14}(\.[0-9]{1,8})?")
_GROUPED = re.compile(r"[1-9][0-9]{0,2}([.,])[0-9]{3}(\1[0-9]{3})*")


def typed_number(text: str, *, decimal_separator: str | None = None, field: str = "target") -> Decimal:
    """The number that `text` means; raises InvalidInput where it means none.

    Where both point and comma occur, the last is the decimal one. One that occurs twice parts thousands. A single
    one before exactly three digits is read as the language writes: 1,234 is a thousand in English, 1.234 in Swedish.
    """
    decimal_separator = decimal_separator or str(django_formats.get_format("DECIMAL_SEPARATOR"))
    typed = _TYPED.fullmatch(_FILLER.sub("", text))
    digits = typed["digits"] if typed else ""
    separators = [char for char in digits if char in ".,"]
    if len(set(separators)) == 2:
        last = separators[-1]
        whole, _, fraction = digits.rpartition(last)
        thousands = "," if last == "." else "."
        digits = f"{whole.replace(thousands, '')}.{fraction}" if _GROUPED.fullmatch(whole) else ""
    elif len(separators) > 1 or (len(separators) == 1 and separators[0] != decimal_separator and _GROUPED.fullmatch(digits)):
        digits = re.sub("[.,]", "", digits) if _GROUPED.fullmatch(digits) else ""
    else:
        digits = digits.replace(",", ".")
    if typed is None or not _PLAIN.fullmatch(digits):
        raise InvalidInput(gettext("Write a number, such as 640 000 or 31.8."), field=field, code="not_a_number")
    return Decimal(digits) * _SIZES[typed["size"]]


def typed_target(text: str, unit: Unit, **options: str) -> Decimal:
    """A target in the KPI's unit: percentages are typed as 31.8 and kept as 0.318."""
    value = typed_number(text, **options)
    return value / 100 if unit is Unit.PERCENT else value


def typed_percent(text: str, field: str) -> Decimal:
    """A change in percent, as a fraction: 14 or +14 % is 0.14, −5 is −0.05."""
    text = text.strip()
    sign = -1 if text[:1] in ("-", "−", "–") else 1
    return sign * typed_number(text.lstrip("+-−–"), field=field) / 100


def shown_percent(fraction: Decimal) -> str:
    """As a field of `typed_percent` shows it."""
    return ("-" if fraction < 0 else "") + shown_target(abs(fraction), Unit.PERCENT)


def shown_target(target: Decimal, unit: Unit) -> str:
    """A target as its field shows it, such that `typed_target` gives it back."""
    value = target * 100 if unit is Unit.PERCENT else target
    text = f"{value.normalize():f}"
    return text.replace(".", str(django_formats.get_format("DECIMAL_SEPARATOR")))


def unit_sign(unit: Unit, currency_symbol: str) -> str:
    """What stands behind the field of a target."""
    match unit:
        case Unit.COUNT:
            return ""
        case Unit.MONEY:
            return currency_symbol
        case Unit.PERCENT:
            return "%"
        case Unit.DAYS:
            return gettext("days")
        case Unit.TIMES:
            return "×"
        case Unit.MONEY_PER_DAY:
            return gettext("%(currency)s a day") % {"currency": currency_symbol}
        case _:
            assert_never(unit)
