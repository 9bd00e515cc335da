"""Exchange rates: reading, turning round, and what a correction touches."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_tracker.errors import InvalidInput
from kpi_tracker.orgs.models import ExchangeRate, Organisation
from kpi_tracker.orgs.rates import (
    Known,
    Rate,
    base_currency_change,
    known_rates,
    rate_correct,
    rate_on,
    rates_read,
    rates_set,
    turned_round,
)
from kpi_tracker.rollups.builder import refresh_fully
from kpi_tracker.rollups.models import DirtyBucket
from tests import factories

FIRST = dt.date(2026, 1, 1)


def day(number: int) -> dt.date:
    return FIRST + dt.timedelta(days=number)


@pytest.mark.parametrize("line", [
    "2026-03-01 USD 0.92", "2026-03-01,USD,0.92", "USD;01.03.2026;0,92", "usd\t0.92\t2026-03-01", "2026-03-01, USD, 0.92",
    "2026-03-01,USD,0,92", '"2026-03-01";"USD";"0,92"', "\ufeff20260301 USD .92", "1.3.2026 USD 0,92",
])
def test_a_line(line: str) -> None:
    assert rates_read(line, base="EUR") == [Rate("USD", dt.date(2026, 3, 1), Decimal("0.92"))]


def test_a_heading_and_empty_lines_are_passed_over() -> None:
    text = "Day;Currency;Rate\r\n\r\n2026-03-01;USD;0.92\r\n2026-03-02;NOK;0.087\r\n"
    assert [rate.currency for rate in rates_read(text, base="EUR")] == ["USD", "NOK"]


@pytest.mark.parametrize(("text", "message"), [
    ("", "no line with a rate"), ("Day;Currency;Rate", "no line with a rate"), ("2026-03-01 USD", "Line 1"), ("2026-02-30 USD 1", "Line 1"),
    ("2026-03-01 USD 0.92\n2026-03-01 EUR 1", "Line 2: EUR is the base currency"), ("2026-03-01 USD 0", "above 0"),
    ("2026-03-01 USD 0.000000001", "above 0"), ("2026-03-01 USD 10000000", "above 0"), ("2026-03-01 USD nan", "Line 1"),
    ("\n".join(["2026-03-01 USD"] * 7), "And 2 more lines"),
])
def test_lines_that_cannot_be_read(text: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        rates_read(text, base="EUR")


RATES = st.dictionaries(st.integers(0, 30), st.sampled_from([Decimal("0.1"), Decimal("0.5"), Decimal(2), Decimal("0.9")]), max_size=5)


def newest(known: Known, currency: str, on: dt.date) -> Decimal | None:
    return next((rate for first, rate in reversed(known.get(currency, [])) if first <= on), None)


@given(usd=RATES, sek=RATES, nok=RATES)
def test_turned_round_every_day_has_the_cross_rate(usd: dict[int, Decimal], sek: dict[int, Decimal], nok: dict[int, Decimal]) -> None:
    known: Known = {
        code: [(day(number), rate) for number, rate in sorted(rates.items())]
        for code, rates in (("USD", usd), ("SEK", sek), ("NOK", nok)) if rates
    }
    turned: Known = {}
    for rate in turned_round(known, base="EUR", new_base="SEK"):
        turned.setdefault(rate.currency, []).append((rate.day, rate.rate))
    for number in range(-1, 32):
        on = day(number)
        below = newest(known, "SEK", on)
        for code in ("USD", "NOK", "EUR"):
            above = Decimal(1) if code == "EUR" else newest(known, code, on)
            expected = None if below is None or above is None else (above / below).quantize(Decimal("0.00000001"))
            assert newest(turned, code, on) == expected


@pytest.mark.django_db
class TestOrganisation:
    @pytest.fixture
    def org(self) -> Organisation:
        org = factories.organisation()
        rates_set(organisation=org, rates=[Rate("USD", day(0), Decimal("0.9")), Rate("USD", day(10), Decimal("0.8"))])
        rep = factories.rep(org, "Ada")
        for number in (-5, 0, 9, 10, 20):
            factories.deal(org, rep, opened_on=None, closed_on=day(number), status="won", amount="100", currency="USD")
            factories.deal(org, rep, opened_on=None, closed_on=day(number), status="won", amount="100", currency="NOK")
        refresh_fully(org)
        return org

    def dirty(self, org: Organisation) -> list[int]:
        days = DirtyBucket.objects.filter(organisation=org).values_list("day", flat=True)
        return sorted({(one - FIRST).days for one in days})

    def test_a_corrected_rate_touches_the_days_on_which_it_holds(self, org: Organisation) -> None:
        rates_set(organisation=org, rates=[Rate("USD", day(0), Decimal("0.91"))])
        assert self.dirty(org) == [0, 9]

    def test_a_rate_between_two_touches_the_days_up_to_the_next(self, org: Organisation) -> None:
        rates_set(organisation=org, rates=[Rate("USD", day(5), Decimal("0.85"))])
        assert self.dirty(org) == [9]

    def test_a_rate_that_holds_from_another_day_touches_the_days_between(self, org: Organisation) -> None:
        rate_correct(row=ExchangeRate.objects.get(day=day(10)), day=day(-10), rate=Decimal("0.8"))
        assert self.dirty(org) == [-5, 10, 20]

    def test_a_deleted_rate_gives_its_days_to_the_one_before(self, org: Organisation) -> None:
        ExchangeRate.objects.get(day=day(10)).delete()
        assert self.dirty(org) == [10, 20]

    def test_the_same_rates_again_touch_nothing(self, org: Organisation) -> None:
        assert rates_set(organisation=org, rates=[Rate("USD", day(0), Decimal("0.90"))]) == (0, 0)
        assert self.dirty(org) == []

    def test_the_rate_of_a_day(self, org: Organisation) -> None:
        assert [rate_on(org, "USD", day(number)) for number in (-1, 0, 9, 10, 99)] == [None, *map(Decimal, ("0.9", "0.9", "0.8", "0.8"))]
        assert rate_on(org, "EUR", day(-1)) == 1
        assert rate_on(org, "GBP", day(0)) is None

    def test_another_base_currency(self, org: Organisation) -> None:
        base_currency_change(organisation=org, currency="USD")
        assert org.base_currency == Organisation.objects.get().base_currency == "USD"
        assert known_rates(org) == {"EUR": [(day(0), Decimal("1.11111111")), (day(10), Decimal("1.25"))]}
        assert self.dirty(org) == [-5, 0, 9, 10, 20]
        with pytest.raises(InvalidInput, match="There is no rate of GBP yet"):
            base_currency_change(organisation=org, currency="GBP")

    def test_another_organisation_keeps_its_rates(self, org: Organisation) -> None:
        other = factories.organisation("other")
        rates_set(organisation=other, rates=[Rate("USD", day(0), Decimal(7))])
        base_currency_change(organisation=org, currency="USD")
        assert known_rates(other) == {"USD": [(day(0), Decimal(7))]}
