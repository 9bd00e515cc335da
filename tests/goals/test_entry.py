from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from goals.entry import shown_target, typed_number, typed_target
from kpi_tracker.errors import InvalidInput
from kpi_tracker.kpis.measures import Unit


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("640000", "640000"), ("640 000", "640000"), ("640\u00a0000 €", "640000"), ("640\u202f000", "640000"), ("1 234,56", "1234.56"),
        ("1,234.56", "1234.56"), ("1.234,56", "1234.56"), ("1'234.50", "1234.50"), ("1,234,567", "1234567"), ("1.234.567", "1234567"),
        ("31.8 %", "31.8"), ("31,8%", "31.8"), ("€ 500", "500"), ("SEK 500", "500"), ("500 kr", "500"), ("45 days", "45"),
        ("640 k€", "640000"), ("1.46 M€", "1460000"), ("250 tkr", "250000"), ("1,5 mkr", "1500000"),
    ],
)
@pytest.mark.parametrize("separator", [".", ","])
def test_it_works(text: str, value: str, separator: str) -> None:
    assert typed_number(text, decimal_separator=separator) == Decimal(value)


def test_three_digits_after_one_separator_are_read_as_the_language_writes() -> None:
    assert typed_number("1,234", decimal_separator=".") == 1234
    assert typed_number("1,234", decimal_separator=",") == Decimal("1.234")
    assert typed_number("1.234", decimal_separator=",") == 1234
    assert typed_number("0.318", decimal_separator=",") == Decimal("0.318")


@pytest.mark.parametrize("text", ["", "many", "-5", "1.2.3", "1,23,456.7", "3e5", "12 apples", "%", "1 2,3,4", "1٣", "9" * 20, "NaN"])
def test_what_is_no_number_is_refused_beside_its_field(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        typed_number(text, decimal_separator=".")
    assert (refused.value.field, refused.value.code) == ("target", "not_a_number")


@given(st.decimals(Decimal("0.0001"), Decimal(10) ** 9, places=4), st.sampled_from(Unit), st.sampled_from(["en", "sv", "fi"]))
def test_what_a_field_shows_is_read_back(target: Decimal, unit: Unit, language: str) -> None:
    with translation.override(language):
        assert typed_target(shown_target(target, unit), unit) == target


def test_percentages_are_kept_as_fractions() -> None:
    assert typed_target("31.8", Unit.PERCENT) == Decimal("0.318")
