"""Files for spreadsheets."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from dashboards.exports import csv_file, plain, safe


@pytest.mark.parametrize("text", ["=1+1", "+46 70", "-2", "@name", "\tx", "\rx"])
def test_texts_that_look_like_formulas_are_quoted(text: str) -> None:
    assert safe(text) == f"'{text}"


@pytest.mark.parametrize(("value", "kept"), [
    (Decimal("-2.50"), Decimal("-2.50")), (-3, -3), (dt.date(2026, 1, 1), dt.date(2026, 1, 1)), (None, ""), ("a=b", "a=b"),
])
def test_values_are_kept(value: Any, kept: Any) -> None:
    assert safe(value) == kept


@pytest.mark.parametrize(("value", "text"), [
    (Decimal("1E+3"), "1000"), (Decimal("0.33333333"), "0.3333"), (Decimal(0), "0"), (Decimal("12.50"), "12.5"), (None, "None"),
])
def test_numbers_are_plain(value: Any, text: str) -> None:
    assert str(plain(value)) == text


def test_file() -> None:
    response = csv_file("name", ["Day", "A, b"], [[dt.date(2026, 1, 1), 'say "hi"']])
    assert b"".join(response).decode() == '\ufeffDay,"A, b"\r\n2026-01-01,"say ""hi"""\r\n'  # type: ignore[arg-type]
