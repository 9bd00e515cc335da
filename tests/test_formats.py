"""Figures and days as people read them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.utils import translation

from kpi_tracker import formats
from kpi_tracker.kpis import catalogue
from kpi_tracker.kpis.query import KpiValue
from kpi_tracker.periods import Calendar, Grain, Period

DAY = dt.date(2026, 11, 18)
NARROW, NBSP = "\u202f", "\u00a0"


def plain(text: str) -> str:
    """With plain spaces, so that tests can be read."""
    return text.replace(NARROW, " ").replace(NBSP, " ")


@pytest.mark.parametrize(("value", "decimals", "text"), [
    (0, 0, "0"), (1234567, 0, "1 234 567"), (Decimal("-1234.5"), 1, "−1 234.5"), (Decimal("2.5"), 0, "3"), (Decimal("-2.5"), 0, "−3"),
    (None, 0, "–"),
])
def test_numbers(value: Decimal | None, decimals: int, text: str) -> None:
    assert plain(formats.number(value, decimals)) == text


def test_no_figure_breaks_over_two_lines() -> None:
    assert " " not in formats.money(1234567, "EUR") + formats.percent(Decimal("0.5"))


@pytest.mark.parametrize(("amount", "currency", "short", "text"), [
    (374340, "EUR", False, "374 340 €"), (374340, "EUR", True, "374 k€"), (1456000, "EUR", True, "1.46 M€"),
    (2500000, "EUR", True, "2.5 M€"), (10005534, "USD", True, "10.0 M$"), (10005534, "USD", False, "10 005 534 $"),
    (9_234, "SEK", True, "9.2 tkr"), (9_000, "SEK", True, "9 tkr"), (999, "SEK", True, "999 kr"),
    (999_600, "EUR", True, "1.00 M€"), (Decimal("12.5"), "EUR", False, "12.50 €"), (Decimal("1250.5"), "EUR", False, "1 251 €"),
    (-374340, "EUR", True, "−374 k€"), (5, "XAF", False, "5 XAF"), (None, "EUR", False, "–"),
])
def test_money(amount: Decimal | None, currency: str, short: bool, text: str) -> None:
    assert plain(formats.money(amount, currency, short=short)) == text


@pytest.mark.parametrize(("fraction", "text"), [
    ("0.318", "31.8 %"), ("0.3", "30 %"), ("0", "0 %"), ("1.129", "113 %"), ("-0.0725", "−7.3 %"), (None, "–"),
])
def test_percent(fraction: str | None, text: str) -> None:
    assert plain(formats.percent(None if fraction is None else Decimal(fraction))) == text


@pytest.mark.parametrize(("value", "text"), [("1", "1 day"), ("0", "0 days"), ("3.26", "3.3 days"), ("51.782", "52 days"), (None, "–")])
def test_days(value: str | None, text: str) -> None:
    assert formats.days(None if value is None else Decimal(value)) == text


def test_kpi_values_follow_the_unit() -> None:
    value = Decimal("0.25")
    kpis = (catalogue.CALLS, catalogue.REVENUE, catalogue.WIN_RATE, catalogue.SALES_CYCLE_DAYS)
    shown = [plain(formats.kpi_value(kpi, value, "EUR")) for kpi in kpis]
    assert shown == ["0.3", "0.25 €", "25 %", "0.3 days"]


def test_signs() -> None:
    assert plain(formats.signed_money(1200, "EUR")) == "+1 200 €"
    assert formats.signed_number(-3) == "−3"
    assert plain(formats.signed_percent(Decimal(0))) == "0 %"


@pytest.mark.parametrize(("language", "day", "month", "within", "amount"), [
    ("en", "18 November 2026", "November 2026", "in November", "1 234.5"),
    ("sv", "18 november 2026", "November 2026", None, "1 234,5"),
    ("fi", "18. marraskuuta 2026", "Marraskuu 2026", None, "1 234,5"),
])
def test_languages(language: str, day: str, month: str, within: str | None, amount: str) -> None:
    period = Calendar().bucket(Grain.MONTH, DAY)
    with translation.override(language):
        assert formats.day(DAY) == day
        assert formats.period_name(Grain.MONTH, period) == month
        assert plain(formats.number(Decimal("1234.5"), 1)) == amount
        if within:
            assert formats.in_period(Grain.MONTH, period, today=DAY) == within


@pytest.mark.parametrize(("grain", "name", "within", "within_later"), [
    (Grain.DAY, "18 November 2026", "on 18 November", "on 18 November 2026"),
    (Grain.WEEK, "Week 47, 2026", "in week 47", "in week 47 of 2026"),
    (Grain.MONTH, "November 2026", "in November", "in November 2026"),
    (Grain.QUARTER, "Q4 2026", "in Q4", "in Q4 2026"),
    (Grain.YEAR, "2026", "in 2026", "in 2026"),
])
def test_periods(grain: Grain, name: str, within: str, within_later: str) -> None:
    period = Calendar().bucket(grain, DAY)
    assert formats.period_name(grain, period) == name
    assert formats.in_period(grain, period, today=DAY) == within
    assert formats.in_period(grain, period, today=dt.date(2027, 3, 1)) == within_later


def test_fiscal_years_and_quarters() -> None:
    calendar = Calendar(fiscal_month=7)
    assert formats.period_name(Grain.YEAR, calendar.bucket(Grain.YEAR, DAY), fiscal_month=7) == "2026/27"
    assert formats.period_name(Grain.QUARTER, calendar.bucket(Grain.QUARTER, DAY), fiscal_month=7) == "Q2 2026/27"
    assert formats.period_name(Grain.QUARTER, calendar.bucket(Grain.QUARTER, dt.date(2027, 2, 1)), fiscal_month=7) == "Q3 2026/27"


def test_week_names_are_iso_weeks_even_from_sunday() -> None:
    assert formats.period_name(Grain.WEEK, Calendar(week_start=7).bucket(Grain.WEEK, DAY)) == "Week 47, 2026"
    assert formats.period_name(Grain.WEEK, Calendar().bucket(Grain.WEEK, dt.date(2027, 1, 2))) == "Week 53, 2026"


def test_ranges_name_their_last_day() -> None:
    assert formats.day_range(Period(dt.date(2026, 11, 1), dt.date(2026, 12, 1))) == "1 – 30 November 2026"
    assert formats.day_range(Period(dt.date(2026, 12, 1), dt.date(2027, 3, 1))) == "1 December 2026 – 28 February 2027"
    assert formats.day_range(Period(DAY, dt.date(2026, 11, 19))) == "18 November 2026"


@pytest.mark.parametrize(("name", "letters"), [("Karin Ahl", "KA"), ("Bob", "B"), ("Anna Maria Svensson", "AS"), ("", "?")])
def test_initials(name: str, letters: str) -> None:
    assert formats.initials(name) == letters


def test_growth_from_nothing_is_new_and_from_less_is_a_difference() -> None:
    growth = catalogue.SALES_GROWTH
    nothing, below = KpiValue(None, Decimal(500), Decimal(0)), KpiValue(None, Decimal(500), Decimal(-100))
    assert formats.figure(growth, nothing, "EUR") == "new"
    assert formats.figure(growth, KpiValue(None, Decimal(0), Decimal(0)), "EUR") == formats.NO_VALUE
    assert formats.figure(growth, below, "EUR").replace("\u202f", " ").replace("\u00a0", " ") == "+500 €"
    assert formats.figure(growth, None, "EUR") == formats.NO_VALUE
