"""Numbers and dates in the styles that people and systems write."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.importers.values import ORDERS, DateOrder, Moment, date_order, decimal_mark, moment, number
from kpi_tracker.errors import InvalidInput

DAY_FIRST, MONTH_FIRST = ORDERS["dmy"], ORDERS["mdy"]
NBSP, NARROW, MINUS = "\u00a0", "\u202f", "\u2212"


@pytest.mark.parametrize(
    ("text", "mark", "value"),
    [
        ("1234", ".", "1234"), ("1 234,56", ",", "1234.56"), (f"1{NBSP}234,56", ",", "1234.56"), (f"12{NARROW}000,50", ",", "12000.50"),
        ("1.234,56", ",", "1234.56"), ("1,234.56", ".", "1234.56"), ("1'234.50", ".", "1234.50"), ("$22,700.00", ".", "22700"),
        ("$342.09K", ".", "342090"), ("$1,117.10K", ".", "1117100"), ("1,5M", ",", "1500000"), ("(123)", ".", "-123"),
        ("(1 234)", ",", "-1234"),
        (f"{MINUS}5", ".", "-5"), ("-5,5", ",", "-5.5"), ("123-", ".", "-123"), ("1 234 €", ",", "1234"), ("SEK 5", ".", "5"),
        ("5 kr", ",", "5"),
        ("12 %", ",", "12"), (".5", ".", "0.5"), ("0", ",", "0"), ("9,326.84", ".", "9326.84"), ("100:-", ",", "100"),
        ("-$5.00", ".", "-5"),
        ("5 tkr", ",", "5000"), ("1,5 mkr", ",", "1500000"), ("5 MSEK", ",", "5000000"), ("5 M€", ",", "5000000"), ("5 MXN", ",", "5"),
        ("5 TRY", ",", "5"), ("US$ 5", ".", "5"),
    ],
)
def test_numbers(text: str, mark: str, value: str) -> None:
    assert number(text, mark).value == Decimal(value)


@pytest.mark.parametrize("text", ["", "abc", "1,2,3.4.5", "1.2.3", "--5", "(5", "5)", "12 apples", "1e5", "½", "5 mil", "-5-"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(InvalidInput):
        number(text, ".")


def test_currency_and_percent_of_a_cell() -> None:
    assert [number(text, ".").currency for text in ("$5", "5 €", "SEK 5", "5 kr", "5")] == ["USD", "EUR", "SEK", "", ""]
    assert (number("60 %", ".").percent, number("60", ".").percent) == (True, False)


@pytest.mark.parametrize(
    ("texts", "delimiter", "mark"),
    [
        (["1234", "5"], ",", "."), (["12,5"], ";", ","), (["12.50"], ";", "."), (["1.234,5"], ";", ","), (["1,234.5"], ";", "."),
        (["1.234.567"], ";", ","), (["1,234,567"], ";", "."), (["0,123"], ";", ","), (["1,234", "12,50"], ",", ","),
        # A group of three digits alone is above a thousand where the file itself is written in that way.
        (["1,234"], ",", "."), (["$1,234"], ";", "."), (["1.234"], ";", ","),
        # Else nobody can tell.
        (["1,234"], ";", None), (["1.234", "12.500"], ",", None), (["1.234", "1,234"], "\t", None),
    ],
)
def test_the_decimal_mark_is_decided_over_the_column(texts: list[str], delimiter: str, mark: str | None) -> None:
    assert decimal_mark(texts, delimiter=delimiter) == mark


def test_a_column_with_two_decimal_marks_is_refused() -> None:
    with pytest.raises(InvalidInput, match="do not write numbers alike"):
        decimal_mark(["12,50", "12.50"], delimiter=";")


@given(
    value=st.decimals(min_value=Decimal("-99999999999.99"), max_value=Decimal("99999999999.99"), places=2, allow_nan=False),
    style=st.sampled_from([(",", "."), (".", ","), (" ", ","), (NBSP, ","), (NARROW, ","), ("", "."), ("", ","), ("'", ".")]),
    sign=st.sampled_from(["-", MINUS, "()"]),
    money=st.sampled_from(["{}", "{} €", "$ {}", "{} SEK", "kr {}"]),
)
def test_any_amount_comes_back_from_any_style(value: Decimal, style: tuple[str, str], sign: str, money: str) -> None:
    thousands, mark = style
    text = f"{abs(value):,.2f}".replace(",", "T").replace(".", mark).replace("T", thousands)
    text = money.format(text)
    if value < 0:
        text = f"({text})" if sign == "()" else sign + text
    assert decimal_mark([text], delimiter=";") == mark
    assert number(text, mark).value == value


@pytest.mark.parametrize(
    ("text", "day", "time"),
    [
        ("2026-11-03", "2026-11-03", None), ("2026/11/03", "2026-11-03", None), ("20261103", "2026-11-03", None),
        ("3.11.2026", "2026-11-03", None), ("03.11.2026 14:05", "2026-11-03", "14:05"), ("3. 11. 2026", "2026-11-03", None),
        ("15 Apr, 2021 00:02:00", "2021-04-15", "00:02"), ("2021-04-15 23:03:00", "2021-04-15", "23:03"),
        ("03-07-2021 01:09", "2021-07-03", "01:09"),
        ("Apr 15, 2021", "2021-04-15", None), ("April 5 2021 1:05 PM", "2021-04-05", "13:05"), ("5 maj 2021", "2021-05-05", None),
        ("5. huhtikuuta 2021", "2021-04-05", None), ("1 okt. 2021", "2021-10-01", None), ("1-Dec-2021", "2021-12-01", None),
        ("46329", "2026-11-03", None), ("46329.5", "2026-11-03", "12:00"), ("2026-11-03T23:45", "2026-11-03", "23:45"),
        ("29.2.2024", "2024-02-29", None), ("1/2/26", "2026-02-01", None), ("12:30 2021", None, None), ("31.4.2026", None, None),
        ("29.2.2026", None, None), ("2026-13-01", None, None), ("soon", None, None), ("13/13/2026", None, None),
        ("2026-11-03 25:00", None, None),
    ],
)
def test_dates(text: str, day: str | None, time: str | None) -> None:
    if day is None:
        with pytest.raises(InvalidInput, match="is no date"):
            moment(text, DAY_FIRST)
        return
    found = moment(text, DAY_FIRST)
    assert found.day == dt.date.fromisoformat(day)
    assert (found.at.strftime("%H:%M") if found.at else None) == time


def test_a_moment_with_a_zone_falls_on_the_organisations_day() -> None:
    found = moment("2026-10-31T22:30:00Z", DAY_FIRST)
    assert found.local_day(ZoneInfo("Europe/Helsinki")) == dt.date(2026, 11, 1)
    assert found.local_day(ZoneInfo("Europe/Stockholm")) == dt.date(2026, 10, 31)
    assert moment("2026-10-31T22:30:00.123+0200", DAY_FIRST).aware(dt.UTC) == dt.datetime(2026, 10, 31, 20, 30, 0, 123000, dt.UTC)
    # Without a zone it is the organisation's own time.
    plain = moment("2026-11-03 23:45", DAY_FIRST)
    assert plain.local_day(ZoneInfo("Europe/Helsinki")) == dt.date(2026, 11, 3)
    assert plain.aware(ZoneInfo("Europe/Stockholm")) == dt.datetime(2026, 11, 3, 22, 45, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        (["03/07/2021", "13/07/2021"], DAY_FIRST), (["03/07/2021", "07/13/2021"], MONTH_FIRST),
        (["03-07-2021 01:09", "31-01-2021"], DAY_FIRST),
        (["2021-04-15", "3.7.2021"], DAY_FIRST), (["05/05/2021"], DAY_FIRST), ([], DAY_FIRST), (["03/07/2021", "01/02/2021"], None),
    ],
)
def test_the_order_of_day_and_month_is_decided_over_the_column(texts: list[str], order: DateOrder | None) -> None:
    assert date_order(texts) == order


def test_a_column_with_two_orders_is_refused() -> None:
    with pytest.raises(InvalidInput, match="do not write dates alike"):
        date_order(["13/07/2021", "07/13/2021"])


@given(
    day=st.dates(dt.date(1990, 1, 1), dt.date(2100, 12, 31)),
    pattern=st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%Y%m%d", "%Y/%m/%d", "%d %b %Y", "%b %d, %Y", "%d %B, %Y 13:14:15",
        "%d.%m.%Y 08:00"]),
)
def test_any_day_comes_back_from_any_clear_style(day: dt.date, pattern: str) -> None:
    assert moment(day.strftime(pattern), MONTH_FIRST).day == day


@given(day=st.dates(dt.date(1990, 1, 1), dt.date(2100, 12, 31)), sign=st.sampled_from("/-"))
def test_any_day_comes_back_in_either_order(day: dt.date, sign: str) -> None:
    assert moment(day.strftime(f"%d{sign}%m{sign}%Y"), DAY_FIRST) == Moment(day)
    assert moment(day.strftime(f"%m{sign}%d{sign}%Y"), MONTH_FIRST) == Moment(day)
