"""The target grid as a CSV file or an Excel workbook, in the columns that the import of goals reads."""

from __future__ import annotations

import csv
import datetime as dt
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Font

from goals.deciding import plain
from goals.grid import Grid

# A spreadsheet takes a text that begins so for a formula, and would run it.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# English in every language, with KPIs by their keys: so a file finds its way back whoever sends it.
HEADER = ["KPI", "Rep", "From", "Last day", "Target", "Why"]
WIDTHS = (18, 24, 12, 12, 14, 40)
CSV, EXCEL = "text/csv; charset=utf-8", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Line = tuple[str, str, dt.date, dt.date, Decimal | None, str]


def lines(found: Grid) -> list[Line]:
    """A line for each cell. Those of equal names are told apart by their addresses or ids."""
    names = [row.rep.name for row in found.rows]
    result: list[Line] = []
    for row in found.rows:
        who = row.rep.name if names.count(row.rep.name) == 1 else row.rep.email or row.rep.external_id or row.rep.name
        for cell in row.cells:
            if cell.belongs or cell.goal is not None:
                kpi, _, period = cell.place
                result.append((kpi, who, period.start, period.last, cell.value, cell.goal.why if cell.goal else ""))
    return result


def csv_content(found: Grid) -> bytes:
    """With a mark in front that tells spreadsheets that it is UTF-8."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADER)
    for kpi, who, start, last, target, why in lines(found):
        writer.writerow([kpi, safe(who), start.isoformat(), last.isoformat(), "" if target is None else written(target), safe(why)])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def excel_content(found: Grid) -> bytes:
    book = Workbook()
    sheet: Any = book.active
    sheet.append(HEADER)
    for kpi, who, start, last, target, why in lines(found):
        sheet.append([kpi, safe(who), start, last, target, safe(why)])
    for cell, width in zip(sheet[1], WIDTHS, strict=True):
        cell.font = Font(bold=True)
        sheet.column_dimensions[cell.column_letter].width = width
    sheet.freeze_panes = "C2"
    content = BytesIO()
    book.save(content)
    return content.getvalue()


def written(target: Decimal) -> str:
    """With a point; three decimals would look like thousands, so a fourth is added."""
    text = plain(target)
    return f"{text}0" if len(text.partition(".")[2]) == 3 else text


def safe(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
