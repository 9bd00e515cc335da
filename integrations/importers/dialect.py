"""How a CSV file is written: encoding, delimiter, where its header stands. Rows with their line numbers."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

from django.utils.translation import gettext as _

from kpi_tracker.errors import InvalidInput

DELIMITERS = (",", ";", "\t", "|")
SAMPLE_ROWS = 60
PIECE = 1 << 20
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_SEPARATOR_LINE = re.compile(r'^"?sep=(.)"?\r?\n?$', re.IGNORECASE)
# What a spreadsheet writes in front of its last line of sums.
_TOTALS = {"total", "totals", "grand total", "sum", "summa", "totalt", "total summa", "yhteensä", "summat", "i alt", "totalsumma"}

_FIGURE = re.compile(r"^[^\d\w]*\d[\d\s.,'’]*\W*(\w{0,3})?\W*$")


class BrokenFile(InvalidInput):
    """The file, or a line of it, cannot be read as a table."""

    code = "broken_file"

    def __init__(self, message: str, *, line: int = 1) -> None:
        super().__init__(message)
        self.line = line


class Line(NamedTuple):
    """number: the line of the file on which the row starts, from 1, header counted."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dialect:
    encoding: str
    delimiter: str
    has_separator_line: bool = False


def opened(data: bytes | Path) -> BinaryIO:
    """A file's content, which lies in memory or on disk, from its beginning."""
    return io.BytesIO(data) if isinstance(data, bytes) else data.open("rb")


def encoding_of(data: bytes | Path) -> str:
    """BOM, then UTF-16 without one, then strict UTF-8, then Windows-1252."""
    with opened(data) as file:
        return _encoding_of(file)


def _encoding_of(file: BinaryIO) -> str:
    data = file.read(PIECE)
    if data[:4] == b"PK\x03\x04" or data[:8] == bytes.fromhex("d0cf11e0a1b11ae1"):
        raise BrokenFile(_("This is an Excel workbook. Save it as CSV and import that."))
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return encoding
    head = data[:2000]
    if head.count(0) > len(head) // 4:
        return "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
    if 0 in head:
        raise BrokenFile(_("This is no text file. Export the table as CSV and import that."))
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while data:
            decoder.decode(data)
            data = file.read(PIECE)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def dialect_of(data: bytes | Path) -> Dialect:
    encoding = encoding_of(data)
    with opened(data) as file:
        head = file.read(200_000)
    # Windows-1252 leaves five bytes undefined; they stand for themselves, as browsers do it.
    text = io.TextIOWrapper(io.BytesIO(head), encoding=encoding, errors="replace", newline="")
    first = text.readline()
    if (separator := _SEPARATOR_LINE.match(first)) is not None:
        return Dialect(encoding, separator[1], has_separator_line=True)
    sample = first + "".join(line for line, _number in zip(text, range(SAMPLE_ROWS), strict=False))
    return Dialect(encoding, max(DELIMITERS, key=lambda delimiter: _fitness(sample, delimiter)))


def _fitness(sample: str, delimiter: str) -> tuple[float, int]:
    """How well a delimiter cuts the sample into equally many columns."""
    rows = [row for row in csv.reader(io.StringIO(sample), delimiter=delimiter) if any(row)]
    if not rows or len(rows[0]) < 2:
        return 0.0, 0
    width = len(rows[0])
    return sum(len(row) == width for row in rows) / len(rows), width


class Table:
    """The header and rows of one CSV file. Rows can be read as often as wanted, and one by one."""

    def __init__(self, data: bytes | Path, *, name: str = "") -> None:
        self.name = name
        self.data = data
        self.dialect = dialect_of(data)
        self.totals_so_far: list[int] = []
        header = next((line for line in self._lines() if any(line.cells)), None)
        if header is None:
            raise BrokenFile(_("The file is empty."))
        self.header_line = header.number
        self.header = _unique(header.cells)

    def rows(self) -> Iterator[Line]:
        """The rows below the header that are neither blank nor a spreadsheet's line of sums; those are noted in `totals_so_far`."""
        totals = self.totals_so_far = []
        below = self.header_line
        for line in self._lines():
            number, cells = line
            if number <= below:
                continue
            first = cells[0] if cells and cells[0] else next(filter(None, cells), "")
            if not first:
                continue
            if len(first) < 20 and _is_total(cells):
                totals.append(number)
                continue
            yield line

    def totals(self) -> list[int]:
        """The numbers of the lines of sums, which are left out."""
        for _line in self.rows():
            pass
        return self.totals_so_far

    def _lines(self) -> Iterator[Line]:
        errors = "replace" if self.dialect.encoding == "cp1252" else "strict"
        with io.TextIOWrapper(opened(self.data), encoding=self.dialect.encoding, errors=errors, newline="") as text:
            if self.dialect.has_separator_line:
                text.readline()
            offset = 1 + self.dialect.has_separator_line
            reader = csv.reader(text, delimiter=self.dialect.delimiter, strict=True)
            while True:
                start = reader.line_num + offset
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    raise BrokenFile(_("The quotation marks do not fit here (%(error)s).") % {"error": error}, line=start) from error
                except UnicodeDecodeError as error:
                    raise BrokenFile(_("The text is not %(encoding)s throughout.") % {"encoding": error.encoding}, line=start) from error
                yield Line(start, tuple([cell.strip() for cell in cells]))


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    """The header's names; a repeated one gets its number."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        name = " ".join(name.split())
        seen[name] = seen.get(name, 0) + 1
        found.append(f"{name} ({seen[name]})" if name and seen[name] > 1 else name)
    return tuple(found)


def _is_total(cells: Sequence[str]) -> bool:
    """“Total” in the first filled cell, some cells empty, and in the others nothing but figures."""
    if (first := next(filter(None, cells), "")) and first.rstrip(": ").casefold() not in _TOTALS:
        return False
    filled = [cell for cell in cells if cell]
    if not filled or len(filled) == len(cells) or filled[0].rstrip(": ").casefold() not in _TOTALS:
        return False
    return all(_FIGURE.match(cell) for cell in filled[1:])
