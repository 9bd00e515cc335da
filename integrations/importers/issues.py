"""What is wrong with a file, by line and column."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _


class Level(StrEnum):
    ERROR = "error"  # nothing is written
    WARNING = "warning"  # taken, but look at it


@dataclass(frozen=True, slots=True)
class Issue:
    """line: counted with the header, from 1; 0 where the whole file is meant. advice: what to do about it."""

    line: int
    column: str
    message: str
    advice: str = ""
    level: Level = Level.ERROR
    file: str = ""

    def to_json(self) -> list[Any]:
        return [self.line, self.column, self.message, self.advice, self.level.value]

    @classmethod
    def from_json(cls, data: list[Any]) -> Issue:
        line, column, message, advice, level = data
        return cls(line, column, message, advice, Level(level))

    def __str__(self) -> str:
        if self.line and self.column:
            where = _("line %(line)d, column %(column)s") % {"line": self.line, "column": self.column}
        elif self.line:
            where = _("line %(line)d") % {"line": self.line}
        elif self.column:
            where = _("column %(column)s") % {"column": self.column}
        else:
            where = _("whole file")
        return " ".join(part for part in (f"{self.file}: {where}:" if self.file else f"{where}:", self.message, self.advice) if part)
