"""One spelling for each company's number."""

from __future__ import annotations

import pytest

from kpi_tracker.errors import InvalidInput
from kpi_tracker.sales.business_ids import business_id


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("0538134-0", "", "0538134-0"), ("FI05381340", "", "0538134-0"), ("fi 0538134-0", "", "0538134-0"), ("05381340", "FI", "0538134-0"),
        ("556036-0793", "", "556036-0793"), ("5560360793", "", "556036-0793"), ("SE556036079301", "", "556036-0793"),
        ("165560360793", "", "556036-0793"), ("", "", ""),
        # Numbers of other countries, and wrong check digits, stay as they are.
        ("DE 123 456 789", "", "DE123456789"), ("0538134-1", "", "0538134-1"), ("556036-0794", "", "556036-0794"),
        ("05381340", "DK", "05381340"),
    ],
)
def test_spellings(text: str, country: str, expected: str) -> None:
    assert business_id(text, country) == expected
    assert business_id(expected, country) == expected


def test_digits_lost_in_a_spreadsheet_are_refused() -> None:
    with pytest.raises(InvalidInput, match="lost its digits"):
        business_id("5,56036E+09")
