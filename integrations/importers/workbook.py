"""Excel and OpenDocument workbooks, read as the CSV file that their first sheet would be."""

from __future__ import annotations

import csv
import datetime as dt
from io import BytesIO, StringIO
from typing import Any

from django.utils.translation import gettext as _
from python_calamine import CalamineError, CalamineWorkbook

from integrations.importers.dialect import BrokenFile

# What compressed files (.xlsx, .ods) and old Excel files begin with.
BEGINNINGS = (b"PK\x03\x04", bytes.fromhex("d0cf11e0a1b11ae1"))
# A small file may hold a sheet of any size.
MOST_ROWS = 50_000


def is_workbook(data: bytes) -> bool:
    return data.startswith(BEGINNINGS)


def as_csv(data: bytes) -> bytes:
    """The first sheet's cells, a comma between them; raises BrokenFile where it cannot be read."""
    try:
        sheet = CalamineWorkbook.from_filelike(BytesIO(data)).get_sheet_by_index(0)
        if sheet.height > MOST_ROWS:
            raise BrokenFile(_("The file has more than %(most)d rows; split it.") % {"most": MOST_ROWS})
        rows = sheet.to_python(skip_empty_area=False)
    except (CalamineError, IndexError) as broken:
        raise BrokenFile(_("This workbook cannot be read. Save it as CSV and send that.")) from broken
    text = StringIO()
    csv.writer(text).writerows([[_cell(value) for value in row] for row in rows])
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    """As a person would write it: no point behind whole numbers, no midnight behind days."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        number = f"{value:.10f}".rstrip("0").rstrip(".")
        return f"{number}0" if len(number.partition(".")[2]) == 3 else number  # three decimals would look like thousands
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
    return str(value)
