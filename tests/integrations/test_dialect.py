"""Encodings, delimiters and odd lines of CSV files."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from integrations.importers.dialect import BrokenFile, Table

CELL = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12).map(lambda text: " ".join(text.split()))


def table(text: str, encoding: str = "utf-8") -> Table:
    return Table(text.encode(encoding), name="file.csv")


def cells(found: Table) -> list[tuple[str, ...]]:
    return [line.cells for line in found.rows()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encodings_and_delimiters(encoding: str, delimiter: str) -> None:
    found = table(f"Säljare{delimiter}Belopp\r\nÅsa Öberg{delimiter}5\r\n", encoding)
    assert (found.header, cells(found)) == (("Säljare", "Belopp"), [("Åsa Öberg", "5")])


@given(
    rows=st.lists(st.tuples(CELL, CELL, CELL), max_size=6),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be"]),
    delimiter=st.sampled_from([",", ";", "\t"]),
    ending=st.sampled_from(["\n", "\r\n"]),
)
def test_any_table_comes_back(rows: list[tuple[str, str, str]], encoding: str, delimiter: str, ending: str) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=ending, quoting=csv.QUOTE_ALL)
    header = ("first column", "second column", "third column")
    writer.writerows([header, *rows])
    assume(not any(row[0].rstrip(": ").casefold() in ("total", "sum", "summa") for row in rows))
    found = table(out.getvalue(), encoding)
    assert found.header == header
    assert cells(found) == [tuple(cell.strip() for cell in row) for row in rows if any(cell.strip() for cell in row)]


def test_a_separator_line_says_the_delimiter_and_counts_as_a_line() -> None:
    found = table("sep=;\nname;note\na,b;c\n")
    assert (found.header_line, found.header) == (2, ("name", "note"))
    assert [(line.number, line.cells) for line in found.rows()] == [(3, ("a,b", "c"))]


def test_lines_are_counted_as_in_an_editor() -> None:
    found = table('name,note\na,"two\nlines"\n\nb,c\n')
    assert [(line.number, line.cells[0]) for line in found.rows()] == [(2, "a"), (5, "b")]


def test_a_comma_inside_quotes_is_no_delimiter() -> None:
    found = table('Deal,Amount\n"Alpha, phase 2","12,000.50"\n')
    assert cells(found) == [("Alpha, phase 2", "12,000.50")]


def test_a_line_of_sums_is_left_out_and_told() -> None:
    found = table("Namn;Kund;Belopp\nA;B;5\nSumma:;;5\n")
    assert (cells(found), found.totals()) == ([("A", "B", "5")], [3])


def test_repeated_and_empty_headers() -> None:
    assert table("a,a,,a\n1,2,3,4\n").header == ("a", "a (2)", "", "a (3)")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"), (b"\n\n", "empty"), (b"PK\x03\x04rest", "Excel"), (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "no text file"),
    ],
)
def test_what_is_no_csv(data: bytes, message: str) -> None:
    with pytest.raises(BrokenFile, match=message):
        Table(data)


def test_a_quotation_mark_left_open_is_told_with_its_line() -> None:
    found = table('a,b\n1,2\n3,"4\n5,6\n')
    with pytest.raises(BrokenFile) as caught:
        list(found.rows())
    assert caught.value.line == 3
