"""The period that a row speaks of: “2026-03”, “2026-Q1”, “2026”, or a first and a last day."""

from __future__ import annotations

import datetime as dt
import re

from django.utils.translation import gettext as _

from integrations.importers.sheet import Row
from kpi_tracker.periods import Period, add_months, day_after

_MONTH = re.compile(r"^(\d{4})[-/. ]?(\d{1,2})$")
_MONTH_FIRST = re.compile(r"^(\d{1,2})[-/.](\d{4})$")
_QUARTER = re.compile(r"^(\d{4})[-/ ]?[QqKk](\d)$")
_YEAR = re.compile(r"^\d{4}$")


def period_of(text: str) -> Period | None:
    """A calendar month, quarter or year; None for anything else."""
    if _YEAR.match(text):
        return _months(int(text), 1, 12)
    if (found := _QUARTER.match(text)) is not None:
        return _months(int(found[1]), 3 * int(found[2]) - 2, 3)
    if (found := _MONTH.match(text)) is not None:
        return _months(int(found[1]), int(found[2]), 1)
    if (found := _MONTH_FIRST.match(text)) is not None:
        return _months(int(found[2]), int(found[1]), 1)
    return None


def _months(year: int, month: int, count: int) -> Period | None:
    if not 1 <= month <= 12 or not 1900 <= year <= 2200:
        return None
    start = dt.date(year, month, 1)
    return Period(start, add_months(start, count))


def read_period(row: Row) -> Period | None:
    """The row's period; None after a problem. The last day counts; a first day alone is one day."""
    if text := row.text("period"):
        found = period_of(text)
        if found is None:
            row.problem("period", _("“%(text)s” is no period.") % {"text": text}, _("Write 2026-03, 2026-Q1 or 2026."))
        return found
    start, end = read_span(row)
    if start is None:
        return None
    return Period(start, end or day_after(start))


def read_span(row: Row) -> tuple[dt.date | None, dt.date | None]:
    """The first day and the day after the last one (None where that is not said); no first day after a problem."""
    start, last = row.day("starts_on"), row.day("ends_on")
    if row.failed:
        return None, None
    if start is None:
        advice = _("Fill it in, or add a column with the period, such as 2026-03.") if "period" in row.sheet.fields else _("Fill it in.")
        row.problem("starts_on", _("The first day is missing."), advice)
        return None, None
    if last is not None and last < start:
        row.problem("ends_on", _("The last day must not come before the first."))
        return None, None
    return start, day_after(last) if last is not None else None
