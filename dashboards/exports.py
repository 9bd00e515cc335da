"""Tables as CSV files: plain values, so that a spreadsheet can count with them."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.http import StreamingHttpResponse
from django.utils.translation import gettext, pgettext

from dashboards.curves import Curve, Shape
from kpi_tracker import formats

# A spreadsheet takes a text that begins so for a formula, and would run it.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def safe(value: Any) -> Any:
    """The cell's value; texts that look like formulas get a quote in front."""
    if isinstance(value, dt.date | Decimal | int | float):
        return value
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


class _Line:
    def write(self, line: str) -> str:
        return line


def csv_file(name: str, header: Sequence[Any], rows: Iterable[Sequence[Any]]) -> StreamingHttpResponse:
    """A download, written row by row. The mark in front tells spreadsheets that it is UTF-8."""
    writer = csv.writer(_Line())

    def lines() -> Iterable[str]:
        yield "\ufeff" + writer.writerow([safe(str(title)) for title in header])
        for row in rows:
            yield writer.writerow([safe(value) for value in row])

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


Table = tuple[list[str], list[list[Any]]]


def curve_table(curve: Curve) -> Table:
    """The curve's values, a row for each point; empty columns are left out."""
    if curve.shape is Shape.TREND:
        return [pgettext("column", "Day"), curve.shown.label], [[bar.period.start, bar.value] for bar in curve.bars]
    lines = [
        (pgettext("column", "To date") if curve.shape is Shape.LEVEL else curve.shown.label, dict(curve.actual)),
        (gettext("Pace of the goal"), dict(curve.pace)),
        (gettext("At this rate"), dict(curve.projection[1:])),
        (gettext("Last year"), dict(curve.last_year)),
    ]
    lines = [(title, line) for title, line in lines if line]
    days = sorted({day for _, line in lines for day in line})
    return [pgettext("column", "Day"), *(title for title, _ in lines)], [[day, *(line.get(day) for _, line in lines)] for day in days]


def written_table(curve: Curve) -> Table:
    """The same for the page: days and figures as people read them."""
    header, rows = curve_table(curve)
    currency = curve.frame.organisation.base_currency
    return header, [
        [formats.day(day, year=False), *(formats.kpi_value(curve.shown.kpi, value, currency) for value in values)] for day, *values in rows
    ]


def curve_file(curve: Curve, name: str) -> StreamingHttpResponse:
    header, rows = curve_table(curve)
    return csv_file(name, header, ([plain(value) for value in row] for row in rows))


def plain(value: Any) -> Any:
    """Four decimals at most, and no exponent."""
    if not isinstance(value, Decimal):
        return value
    text = f"{value:.4f}"
    return Decimal(text.rstrip("0").rstrip("."))
