"""Which column of a file means which field: guessed from its header, or said by a mapping file.

A mapping file (TOML or JSON) holds:

    kind = "deals"               # what the file lists
    source = "crm"               # where its ids come from
    date_order = "dmy"           # or "mdy": for dates such as 03/07/2021
    decimal = ","                # or ".": for numbers such as 1.234
    create_reps = true           # make reps that the file names and that are not known
    leave_empty = ["lead_id"]    # links that may lead nowhere: they are left empty then, and listed
    [columns]                    # field = column, or several that are joined; a column may fill several fields
    owner = "sales_agent"
    [constants]                  # field = what stands for an absent column or an empty cell
    currency = "USD"
    name = "Deal {Number}"       # with the row's cells of other columns
    [values.product]             # cell = what it means
    GTXPro = "GTX Pro"

With `guess = true`, columns that it does not name are guessed as well.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from integrations.importers.values import ORDERS
from kpi_tracker.errors import InvalidInput

# Fields that name another record by its id.
LINKS = {"customer_id", "customer_business_id", "contact_id", "deal_id", "lead_id"}
PLACE = re.compile(r"\{([^{}]+)\}")
# A person's name in two columns.
FULL_NAMES = (("first name", "last name"), ("förnamn", "efternamn"), ("etunimi", "sukunimi"))
KEPT = Path(__file__).resolve().parent.parent / "mappings"


class Holds(StrEnum):
    """What the cells of a field's column hold."""

    TEXT = "text"
    DATE = "date"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a kind of file. words: headers that mean it, in small letters without signs; the first ones win."""

    key: str
    label: Any
    words: tuple[str, ...] = ()
    holds: Holds = Holds.TEXT
    required: bool = False


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """name: under which it is kept with the product; empty for any other."""

    columns: AnyMapping[str, tuple[str, ...]] = field(default_factory=dict)
    constants: AnyMapping[str, str] = field(default_factory=dict)
    values: AnyMapping[str, AnyMapping[str, str]] = field(default_factory=dict)
    date_order: str = ""
    decimal: str = ""
    source: str = ""
    create_reps: bool = False
    kind: str = ""
    guess: bool = False
    leave_empty: frozenset[str] = frozenset()
    name: str = ""

    @property
    def named(self) -> set[str]:
        """All columns that it names."""
        return {name for names in self.columns.values() for name in names} | {
            name for text in self.constants.values() for name in PLACE.findall(text)
        }

    def covers(self, key: str) -> bool:
        return key in self.columns or key in self.constants

    def to_json(self) -> dict[str, Any]:
        return {
            "columns": {key: list(names) for key, names in self.columns.items()}, "constants": dict(self.constants),
            "values": {key: dict(meanings) for key, meanings in self.values.items()}, "date_order": self.date_order,
            "decimal": self.decimal, "source": self.source, "create_reps": self.create_reps, "kind": self.kind, "guess": self.guess,
            "leave_empty": sorted(self.leave_empty), "name": self.name,
        }  # fmt: skip


def normal(header: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", header.casefold()))


def words(*lines: str) -> tuple[str, ...]:
    """Synonyms, separated by commas."""
    return tuple(word for line in lines for part in line.split(",") if (word := normal(part)))


def guess(header: Sequence[str], fields: Iterable[Field], nouns: Sequence[str]) -> ColumnMapping:
    """What the header's names mean. A kind's own noun in front (“Deal owner”) does not matter."""
    by_word: dict[str, str] = {}
    for name in header:
        plain = normal(name)
        if plain:
            by_word.setdefault(plain, name)
    for plain, name in list(by_word.items()):
        for noun in nouns:
            if plain.startswith(f"{noun} "):
                by_word.setdefault(plain.removeprefix(f"{noun} "), name)
    columns: dict[str, tuple[str, ...]] = {}
    taken: set[str] = set()
    for one in fields:
        found = next((by_word[word] for word in one.words if word in by_word and by_word[word] not in taken), None)
        if found is not None:
            columns[one.key] = (found,)
            taken.add(found)
        elif one.key == "name" and (halves := next((pair for pair in FULL_NAMES if set(pair) <= by_word.keys()), None)):
            columns[one.key] = tuple(by_word[half] for half in halves)
    return ColumnMapping(columns=columns)


def from_data(data: AnyMapping[str, Any]) -> ColumnMapping:
    """A mapping from what a mapping file holds; raises where that has the wrong shape."""
    known = {"kind", "source", "date_order", "decimal", "create_reps", "guess", "leave_empty", "name", "columns", "constants", "values"}
    if unknown := sorted(set(data) - known):
        raise InvalidInput(_("The mapping has unknown entries: %(names)s.") % {"names": ", ".join(unknown)}, field="mapping")
    columns, constants, values = (data.get(name, {}) for name in ("columns", "constants", "values"))
    if not all(isinstance(part, dict) for part in (columns, constants, values, *(values.values() if isinstance(values, dict) else ()))):
        raise InvalidInput(_("In a mapping, columns, constants and the values of each field are tables."), field="mapping")
    leave_empty = data.get("leave_empty", [])
    if not isinstance(leave_empty, list) or not LINKS.issuperset(leave_empty):
        message = _("In a mapping, leave_empty lists some of: %(names)s.")
        raise InvalidInput(message % {"names": ", ".join(sorted(LINKS))}, field="mapping")
    found = ColumnMapping(
        columns={key: tuple(names) if isinstance(names, list) else (str(names),) for key, names in columns.items() if names},
        constants={key: str(value) for key, value in constants.items()},
        values={key: {str(cell).casefold(): str(meaning) for cell, meaning in meanings.items()} for key, meanings in values.items()},
        date_order=str(data.get("date_order", "")), decimal=str(data.get("decimal", "")), source=str(data.get("source", "")),
        create_reps=bool(data.get("create_reps", False)), kind=str(data.get("kind", "")), guess=bool(data.get("guess", False)),
        leave_empty=frozenset(leave_empty), name=str(data.get("name", "")),
    )
    if found.date_order not in ("", *ORDERS) or found.decimal not in ("", ".", ","):
        raise InvalidInput(_("In a mapping, date_order is dmy or mdy, and decimal is a point or a comma."), field="mapping")
    return found


def kept_names() -> list[str]:
    """The mappings that come with the product."""
    return sorted(path.stem for path in KEPT.glob("*.toml"))


def load(text: str) -> ColumnMapping:
    """The mapping in the file at a path, or the kept one of that name."""
    path, kept = Path(text), ""
    if not path.is_file():
        path, kept = KEPT / f"{text}.toml", text
        if text not in kept_names():
            message = _("There is no mapping file %(name)s; kept ones are: %(known)s.")
            raise InvalidInput(message % {"name": text, "known": ", ".join(kept_names())}, field="mapping")
    try:
        content = path.read_text(encoding="utf-8")
        data = json.loads(content) if path.suffix == ".json" else tomllib.loads(content)
    except (ValueError, UnicodeDecodeError) as error:
        message = _("The mapping file %(name)s cannot be read: %(error)s")
        raise InvalidInput(message % {"name": text, "error": error}, field="mapping") from error
    return replace(from_data(data), name=kept)


def kept_for(kind: str, header: Iterable[str]) -> ColumnMapping | None:
    """The kept mapping for such files: of this kind, all of whose columns are there; the one that names most of them."""
    there = set(header)
    fitting = [mapping for mapping in map(load, kept_names()) if mapping.kind == kind and mapping.named <= there]
    return max(fitting, key=lambda mapping: len(mapping.named), default=None)


def settle(given: ColumnMapping | None, header: Sequence[str], fields: Sequence[Field], nouns: Sequence[str]) -> ColumnMapping:
    """The mapping to use for a file: the given one, checked against the header, or the guess."""
    if given is None:
        return guess(header, fields, nouns)
    keys = {one.key for one in fields}
    if unknown := sorted((set(given.columns) | set(given.constants) | set(given.values) | given.leave_empty) - keys):
        raise InvalidInput(
            _("The mapping names unknown fields: %(names)s. Known are: %(known)s.")
            % {"names": ", ".join(unknown), "known": ", ".join(sorted(keys))}, field="mapping",
        )
    missing = sorted(given.named - set(header))
    if missing:
        raise InvalidInput(_("The file has no column %(names)s, which the mapping names.") % {"names": ", ".join(missing)}, field="mapping")
    if not given.guess:
        return given
    rest = guess([name for name in header if name not in given.named], [one for one in fields if not given.covers(one.key)], nouns)
    return replace(given, columns={**rest.columns, **given.columns})
