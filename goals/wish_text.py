"""A sentence as words that are read one after the other; what was read is crossed out. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

_NUMBER = r"\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)*"
_TOKEN = re.compile(
    rf"(?P<date>\d{{4}}-\d{{2}}-\d{{2}}|\d{{1,2}}\.\d{{1,2}}\.(?:\d{{4}})?)|(?P<number>{_NUMBER})|[kKMm]?[€$£%]|[+–—−-](?=\s|\d)|"
    r"[^\W\d_]+(?:['’-][^\W\d_]+)*\d?(?!\w)|[^\W\d_]+"
)
GONE = "·"


@dataclass(frozen=True, slots=True)
class Word:
    """text: as it was written; low: as it is compared."""

    text: str
    low: str
    start: int
    end: int


@dataclass
class Text:
    """`line` is what is left: the words in small letters, a space between, and GONE for those that were read."""

    sentence: str
    words: list[Word] = field(init=False)
    line: str = field(init=False)

    def __post_init__(self) -> None:
        self.words, position = [], 0
        for found in _TOKEN.finditer(self.sentence):
            text = found.group()
            low = re.sub(r"[ \u00a0\u202f]", "", text.casefold()).replace("’", "'").replace("—", "-").replace("–", "-").replace("−", "-")
            self.words.append(Word(text, low, position, position + len(low)))
            position += len(low) + 1
        self.line = " ".join(word.low for word in self.words)

    def find(self, pattern: str, *, where: str = "") -> re.Match[str] | None:
        """The first place, among whole words that were not read yet, where the pattern holds."""
        return _compiled(pattern).search(where or self.line)

    def find_all(self, pattern: str) -> list[re.Match[str]]:
        return list(_compiled(pattern).finditer(self.line))

    def take(self, start: int, end: int) -> str:
        """Cross out the words between; gives them as they were written."""
        taken = [word for word in self.words if word.start < end and word.end > start]
        for word in taken:
            self.line = self.line[: word.start] + GONE * len(word.low) + self.line[word.end :]
        return " ".join(word.text for word in taken)

    def left(self) -> list[Word]:
        return [word for word in self.words if not self.line[word.start : word.end].startswith(GONE)]


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\S)(?:{pattern})(?!\S)")


def any_of(entries: str) -> str:
    """A pattern for words or phrases separated by commas, with * for any ending."""
    return "|".join(_phrase(entry) for entry in entries.split(", "))


def _phrase(entry: str) -> str:
    return " ".join(stem(word) for word in entry.split())


def stem(word: str) -> str:
    return re.escape(word[:-1]) + r"\S*" if word.endswith("*") else re.escape(word)


def all_of(text: Text, words: Iterable[str]) -> list[re.Match[str]] | None:
    """A place for each of the words, none twice and in any order; None where one is missing."""
    found: list[re.Match[str]] = []
    for word in words:
        taken = {one.start() for one in found}
        place = next((one for one in text.find_all(stem(word)) if one.start() not in taken), None)
        if place is None:
            return None
        found.append(place)
    return found
