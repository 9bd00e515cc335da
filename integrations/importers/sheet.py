"""A table seen through its mapping: rows with typed getters that collect what is wrong."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from integrations.importers import values
from integrations.importers.dialect import Line, Table
from integrations.importers.issues import Issue, Level
from integrations.importers.mapping import PLACE, ColumnMapping, Field, Holds
from integrations.importers.values import Amount, DateOrder, Moment
from kpi_tracker.errors import InvalidInput
from kpi_tracker.sales.batch import MOST_PROBLEMS

MOST_KEPT = 20_000
_LOST_DIGITS = re.compile(r"^\d([.,]\d+)?E\+\d+$", re.IGNORECASE)


class Sheet:
    """rejected: rows that could not be read. lines: the line of each record that was."""

    def __init__(self, table: Table, mapping: ColumnMapping, fields: tuple[Field, ...], *, zone: dt.tzinfo, today: dt.date) -> None:
        self.table, self.mapping, self.zone, self.today = table, mapping, zone, today
        self.fields = {one.key: one for one in fields}
        self.issues: list[Issue] = []
        self.rejected = 0
        self.lines = array("L")
        self.index = {name: place for place, name in enumerate(table.header) if name}
        self.places = {key: [self.index[name] for name in names] for key, names in mapping.columns.items()}
        self.orders: dict[str, DateOrder] = {}
        self.marks: dict[str, str] = {}
        self.first_lines: dict[tuple[str, str], int] = {}
        self.given = frozenset(mapping.columns) | frozenset(mapping.constants)
        self._equal_rows: Counter[bytes] = Counter()
        self._reads: dict[str, Callable[[Sequence[str]], str]] = {}
        self._moments: dict[tuple[str, str], Moment] = {}
        self._decide_styles()

    def rows(self) -> Iterator[Row]:
        for line in self.table.rows():
            yield Row(self, line)

    def column_of(self, key: str) -> str:
        """How the person knows the field: by the file's column, else by the field's label."""
        if key in self.mapping.columns:
            return " + ".join(self.mapping.columns[key])
        return str(self.fields[key].label) if key in self.fields else key

    def report(self, line: int, key: str, message: str, advice: str = "", level: Level = Level.ERROR) -> None:
        if len(self.issues) < MOST_PROBLEMS:
            self.issues.append(Issue(line, self.column_of(key) if key else "", message, advice, level, self.table.name))

    def text(self, key: str, cells: Sequence[str]) -> str:
        """What the cells of a row say of a field."""
        if (read := self._reads.get(key)) is None:
            read = self._reads[key] = self._reading(key)
        return read(cells)

    def _reading(self, key: str) -> Callable[[Sequence[str]], str]:
        """How a field is read from the cells of a row, settled once for all rows."""
        places, constant = self.places.get(key, []), self.mapping.constants.get(key, "")
        meanings = self.mapping.values.get(key)

        def absent(cells: Sequence[str]) -> str:
            return PLACE.sub(lambda found: self._cell(cells, found[1]), constant) if "{" in constant else constant

        def one(cells: Sequence[str]) -> str:
            return cells[place] if place < len(cells) else ""

        def several(cells: Sequence[str]) -> str:
            return " ".join([cells[place] for place in places if place < len(cells) and cells[place]])

        def read(cells: Sequence[str]) -> str:
            text = joined(cells)
            if not text or (len(text) <= values.LONGEST_EMPTY and values.is_empty(text)):
                return absent(cells)
            return meanings.get(text.casefold(), text) if meanings else text

        if not places:
            return absent
        place = places[0]
        joined = one if len(places) == 1 else several
        return read

    def _cell(self, cells: Sequence[str], name: str) -> str:
        return cells[self.index[name]] if self.index[name] < len(cells) else ""

    def moment(self, key: str, text: str) -> Moment:
        """The day, with its time, in a cell. Most files name each day many times."""
        if (found := self._moments.get((key, text))) is None:
            found = values.moment(text, self.orders.get(key, DateOrder(True)))
            if len(self._moments) < MOST_KEPT:
                self._moments[key, text] = found
        return found

    def occurrence(self, line: Line) -> str:
        """An id for a row without one: its content, and how many equal rows came before it."""
        digest = hashlib.sha256("\x1f".join(line.cells).encode()).digest()
        self._equal_rows[digest] += 1
        return f"row:{digest.hex()[:40]}:{self._equal_rows[digest]}"

    def _decide_styles(self) -> None:
        """Read whole columns where single cells cannot tell how dates and numbers are written."""
        wanted = [key for key in self.places if self.fields[key].holds is not Holds.TEXT]
        if all(self.mapping.date_order if self.fields[key].holds is Holds.DATE else self.mapping.decimal for key in wanted):
            texts: dict[str, set[str]] = {key: set() for key in wanted}
        else:
            texts = self._telling(wanted)
        for key in wanted:
            match self.fields[key].holds:
                case Holds.DATE:
                    self.orders[key] = self._order(key, texts[key])
                case Holds.NUMBER:
                    self.marks[key] = self._mark(key, texts[key])

    def _telling(self, wanted: Sequence[str]) -> dict[str, set[str]]:
        """Of each column the texts that may tell how it is written: plain digits and ISO days tell nothing."""
        texts: dict[str, set[str]] = defaultdict(set)
        places = [(texts[key], place) for key in wanted for place in self.places[key]]
        for _number, cells in self.table.rows():
            width = len(cells)
            for found, place in places:
                if place < width and (text := cells[place]) and not text.isdecimal() and text[4:5] != "-":
                    found.add(text)
        return texts

    def _order(self, key: str, texts: set[str]) -> DateOrder:
        if self.mapping.date_order:
            return values.ORDERS[self.mapping.date_order]
        try:
            order = values.date_order(sorted(texts))
        except InvalidInput as error:
            self.report(0, key, error.message, _("Say the order of day and month with date_order in a mapping."))
            return DateOrder(True)
        if order is None:
            example = next(text for text in sorted(texts) if re.match(r"\d\d?[/-]\d\d?[/-]", text))
            message = _("It cannot be told whether the day or the month comes first in dates such as %(example)s.")
            self.report(0, key, message % {"example": example}, _("Say it with date_order = \"dmy\" or \"mdy\" in a mapping."))
            return DateOrder(True)
        return order

    def _mark(self, key: str, texts: set[str]) -> str:
        if self.mapping.decimal:
            return self.mapping.decimal
        try:
            mark = values.decimal_mark(sorted(texts), delimiter=self.table.dialect.delimiter)
        except InvalidInput as error:
            advice = _("Write all numbers of the column alike, or say the decimal mark with decimal in a mapping.")
            self.report(0, key, error.message, advice)
            return "."
        if mark is None:
            example = next(text for text in sorted(texts) if re.search(r"\d[.,]\d{3}", text))
            message = _("It cannot be told whether %(example)s is about one or above a thousand.") % {"example": example}
            self.report(0, key, message, _("Say the decimal mark with decimal = \",\" or \".\" in a mapping."))
            return "."
        return mark


class Row:
    """One row. A getter that finds something wrong reports it and returns an empty value."""

    def __init__(self, sheet: Sheet, line: Line) -> None:
        self.sheet, self.line = sheet, line
        self.failed = False

    @property
    def number(self) -> int:
        return self.line.number

    def problem(self, key: str, message: str, advice: str = "") -> None:
        self.failed = True
        self.sheet.report(self.line.number, key, message, advice)

    def warn(self, key: str, message: str, advice: str = "") -> None:
        self.sheet.report(self.line.number, key, message, advice, Level.WARNING)

    def text(self, key: str) -> str:
        return self.sheet.text(key, self.line.cells)

    def moment(self, key: str) -> Moment | None:
        text = self.text(key)
        if not text:
            return None
        try:
            return self.sheet.moment(key, text)
        except InvalidInput as error:
            self.problem(key, error.message, _("Write it as 2026-11-03, with the time behind it if there is one."))
            return None

    def day(self, key: str) -> dt.date | None:
        found = self.moment(key)
        return found.local_day(self.sheet.zone) if found is not None else None

    def amount(self, key: str) -> Amount | None:
        text = self.text(key)
        if not text:
            return None
        try:
            return values.number(text, self.sheet.marks.get(key, "."))
        except InvalidInput as error:
            self.problem(key, error.message, _("Write digits only, with one decimal mark."))
            return None

    def decimal(self, key: str) -> Decimal | None:
        found = self.amount(key)
        return found.value if found is not None else None

    def integer(self, key: str) -> int | None:
        found = self.decimal(key)
        if found is not None and found != found.to_integral_value():
            self.problem(key, _("“%(text)s” is no whole number.") % {"text": self.text(key)})
            return None
        return int(found) if found is not None else None

    def choice(self, key: str, known: Mapping[str, str], default: str) -> str:
        """The meaning of a word; `known` has words in small letters."""
        text = self.text(key)
        if not text:
            return default
        if (found := known.get(text.casefold())) is None:
            allowed = ", ".join(sorted(set(known.values()) - {""}))
            advice = _("Say what it means with [values.%(key)s] in a mapping; known are: %(allowed)s.") % {"key": key, "allowed": allowed}
            self.problem(key, _("“%(text)s” is not known here.") % {"text": text}, advice)
            return default
        return found

    def own_id(self) -> str:
        """The id that the row itself gives."""
        text = self.text("external_id")
        if "+" in text and _LOST_DIGITS.match(text):
            advice = _("Format the column as text in the spreadsheet and export it again.")
            self.problem("external_id", _("%(text)s lost its digits in a spreadsheet.") % {"text": text}, advice)
        return text

    def external_id(self) -> str:
        """The row's own id, or else one made from its content."""
        return self.own_id() or self.sheet.occurrence(self.line)

    @property
    def given(self) -> frozenset[str]:
        """The fields that the file speaks of."""
        return self.sheet.given

    def about_customer(self) -> dict[str, Any]:
        return {key: self.text(key) for key in ("customer_id", "customer", "customer_business_id")}
