"""Reads pages as a person does: which figures stand on them, where each leads, and what the page behind it says."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

VOID = {"br", "hr", "img", "input", "link", "meta", "use", "polyline", "path", "circle", "rect", "source", "wbr"}


@dataclass
class Node:
    tag: str
    attributes: dict[str, str]
    parent: Node | None = None
    children: list[Node | str] = field(default_factory=list)

    def walk(self) -> Iterator[Node]:
        yield self
        for child in self.children:
            if isinstance(child, Node):
                yield from child.walk()

    def above(self) -> Iterator[Node]:
        node: Node | None = self
        while node is not None:
            yield node
            node = node.parent

    def text(self, *, without: tuple[str, ...] = ()) -> str:
        parts = [child if isinstance(child, str) else child.text(without=without) for child in self.children
                 if isinstance(child, str) or child.tag not in without]
        return re.sub(r"\s+", " ", "".join(parts)).strip()

    def has(self, attribute: str) -> bool:
        return attribute in self.attributes

    @property
    def classes(self) -> set[str]:
        return set(self.attributes.get("class", "").split())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self.at = Node("root", {})

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attributes}, self.at)
        self.at.children.append(node)
        if tag not in VOID:
            self.at = node

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.at.children.append(Node(tag, {name: value or "" for name, value in attributes}, self.at))

    def handle_endtag(self, tag: str) -> None:
        node: Node | None = self.at
        while node is not None and node.tag != tag:
            node = node.parent
        if node is not None and node.parent is not None:
            self.at = node.parent

    def handle_data(self, data: str) -> None:
        self.at.children.append(data)


def read(html: str) -> Node:
    reader = _Reader()
    reader.feed(html.replace("\u202f", " ").replace("\u00a0", " "))
    return next((node for node in reader.root.walk() if node.tag == "main"), reader.root)


@dataclass(frozen=True)
class Shown:
    """A figure on a page."""

    href: str
    kpi: str
    text: str


def figures(page: Node) -> list[Shown]:
    return [
        Shown(node.attributes.get("href", ""), node.attributes["data-figure"], node.text(without=("small", "svg")))
        for node in page.walk() if node.has("data-figure")
    ]


def sentences(page: Node) -> list[str]:
    """Where texts with figures in them lead."""
    return [node.attributes.get("href", "") for node in page.walk() if node.has("data-math")]


# A figure, a sentence about one, and what was reported of it when its month was closed.
LINKS = {"data-figure", "data-math", "data-reported"}
DATE = re.compile(r"\b\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\w*(?: \d{4})?")


# Places where figures stand. What stands there and is none of a KPI says so (`data-plain`): targets, pace, records' own amounts.
def is_place(node: Node) -> bool:
    in_feed = node.tag == "b" and any("feed" in one.classes for one in node.above())
    return node.tag in ("td", "dd") or bool({"v", "big", "far"} & node.classes) or in_feed


def unlinked(page: Node) -> list[str]:
    """Texts with a figure that lead nowhere."""
    found = []
    for node in page.walk():
        if not is_place(node) or any(one.has("data-plain") or one.has("data-record") or one.has("data-sum") for one in node.above()):
            continue
        if node.tag == "td" and node.parent is not None and node is next(one for one in node.parent.children if isinstance(one, Node)):
            continue  # what the row is about
        linked = any(LINKS & one.attributes.keys() for one in (*node.walk(), *node.above()))
        named = any(one.has("data-plain") for one in node.walk())
        text = DATE.sub("", node.text(without=("small",)))
        missing = text == "–" and "left" not in node.classes
        if (missing or re.search(r"\d", text)) and not linked and not named:
            found.append(node.text())
    return found


# The page behind a figure --------------------------------------------------------------------------

@dataclass(frozen=True)
class Operand:
    href: str
    value: Decimal | None
    part: str
    factor: str
    note: bool


@dataclass(frozen=True)
class Math:
    kind: str
    value: Decimal | None
    pieces: tuple[Operand | str, ...]
    sums: dict[str, Decimal]
    listed: Decimal
    pages: bool  # there are more records than these

    @property
    def operands(self) -> list[Operand]:
        return [piece for piece in self.pieces if isinstance(piece, Operand)]

    def made(self) -> Decimal | None:
        """What the pieces give."""
        values = [one.value for one in self.operands]
        if self.kind == "ahead":
            return None
        if self.kind == "simple":
            return values[0]
        if None in values:
            return None
        known = [value for value in values if value is not None]
        if self.kind == "growth":
            return (known[0] - known[1]) / known[1] if known[1] > 0 else None
        if self.kind == "coverage":
            missing = known[1] - known[2]
            return known[0] / missing if missing > 0 else None
        found = known[0]
        for sign, value in zip((one for one in self.pieces if isinstance(one, str)), known[1:], strict=False):
            if sign == "÷" and not value:
                return None
            found = found * value if sign == "×" else found / value
        return found


def read_math(html: str) -> Math:
    page = read(html)
    card = next(node for node in page.walk() if node.has("data-formula"))
    pieces: list[Operand | str] = []
    for node in card.walk():
        if "sign" in node.classes:
            pieces.append(node.text())
        elif "operand" in node.classes and "result" not in node.classes:
            pieces.append(Operand(
                node.attributes.get("href", ""), number(node.attributes["data-value"]), node.attributes.get("data-part", ""),
                node.attributes.get("data-factor", ""), "·" in node.text(),
            ))
    sums = {node.attributes["data-sum"]: Decimal(node.attributes["data-value"]) for node in page.walk() if node.has("data-sum")}
    listed = sum((Decimal(node.attributes["data-adds"]) for node in page.walk() if node.has("data-adds")), Decimal(0))
    return Math(
        card.attributes["data-formula"], number(card.attributes["data-value"]), tuple(pieces), sums, listed,
        pages=any("pages" in node.classes for node in page.walk()),
    )


def number(text: str) -> Decimal | None:
    return Decimal(text) if text else None


def listed_sum(response: Any) -> Decimal:
    """The sum of the records in the file of all pages; where they add no amounts, their number."""
    text = b"".join(response).decode().lstrip("\ufeff")
    header, *rows = list(csv.reader(text.splitlines()))
    last = len(header) - 1
    if header[last] in ("Counted", "Days"):
        return sum((Decimal(row[last].lstrip("'")) for row in rows), Decimal(0))
    return Decimal(len(rows))
