"""Organisation numbers: one spelling for each company, so that it is known again. Pure.

Finnish and Swedish numbers are checked by their check digit; they are also found in VAT numbers.
"""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

from kpi_tracker.errors import InvalidInput

_EXPONENT = re.compile(r"^\d+([.,]\d+)?E\+?\d+$", re.IGNORECASE)
_FINNISH_WEIGHTS = (7, 9, 10, 5, 8, 4, 2)


def business_id(text: str, country: str = "") -> str:
    """`text` in its national spelling where its format is known, else without spaces and in capitals."""
    if not text:
        return ""
    plain = re.sub(r"[\s.]", "", text).upper()
    if _EXPONENT.match(text.strip()):
        raise InvalidInput(
            _("%(text)s lost its digits in a spreadsheet; format the column as text and export it again.") % {"text": text},
            field="business_id", code="digits_lost",
        )
    digits = re.sub(r"\D", "", plain)
    surely_finnish = plain[7:8] == "-" or plain.startswith("FI") or country in ("", "FI")
    if re.fullmatch(r"(FI)?\d{7}-?\d", plain) and surely_finnish and _is_finnish(digits):
        return f"{digits[:7]}-{digits[7]}"
    if re.fullmatch(r"SE\d{10}01", plain):
        digits = digits[:10]
    elif not re.fullmatch(r"(SE)?(16)?\d{6}-?\d{4}", plain):
        return plain
    digits = digits[-10:]
    return f"{digits[:6]}-{digits[6:]}" if _is_swedish(digits) else plain


def _is_finnish(digits: str) -> bool:
    rest = sum(int(digit) * weight for digit, weight in zip(digits, _FINNISH_WEIGHTS, strict=False)) % 11
    return rest != 1 and int(digits[7]) == (11 - rest) % 11


def _is_swedish(digits: str) -> bool:
    """Luhn."""
    total = 0
    for place, digit in enumerate(digits):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0
