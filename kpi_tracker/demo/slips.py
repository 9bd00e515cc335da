"""Records as real ones are: a few cannot be counted everywhere, each for a reason that pages name."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from kpi_tracker.demo.money import DANISH_FROM
from kpi_tracker.demo.records import DealPlan
from kpi_tracker.periods import add_months

# A currency that nobody ever entered a rate for, and how many deals were won in it.
UNKNOWN_CURRENCY, UNKNOWN_DEALS = "NOK", 3
# What a krone is worth in Swedish kronor, roughly.
KRONE_IN_KRONOR = Decimal("1.5")
EARLY_DEALS = 2
WRONG_BY = Decimal("1.12")


def go_abroad(deals: list[DealPlan], *, start: dt.date, today: dt.date) -> None:
    """A few deals were won in other currencies: Danish ones also before there was a rate, Norwegian ones without any."""
    won = [deal for deal in _closed_before(deals, today) if deal.status == "won" and deal.currency == "SEK" and deal.amount]
    for deal in won[:-200:-60][:UNKNOWN_DEALS]:
        deal.currency = UNKNOWN_CURRENCY
    early = [deal for deal in won if deal.closed_on and start <= deal.closed_on < start + DANISH_FROM]
    for deal in {*early[:EARLY_DEALS], *won[-30::-75]}:
        deal.currency = "DKK"
        deal.amount, deal.one_time_amount = _in_kroner(deal.amount), _in_kroner(deal.one_time_amount)


def mistype(deals: list[DealPlan], *, today: dt.date) -> None:
    """Days that cannot be right: a first contact in the wrong year, a deal opened in the books after it was closed."""
    closed = [deal for deal in _closed_before(deals, today) if deal.first_contact_on]
    won = [deal for deal in closed if deal.status == "won"]
    for deal in won[-20::-180]:
        if deal.first_contact_on and deal.closed_on and (wrong := add_months(deal.first_contact_on, 12)) > deal.closed_on:
            deal.first_contact_on, deal.mistyped = wrong, True
    for deal in closed[-75::-900]:
        if deal.closed_on:
            deal.opened_on, deal.mistyped = deal.closed_on + dt.timedelta(days=6), True


def misprice(deals: list[DealPlan], *, today: dt.date) -> None:
    """Prices of the last months that are only put right when their months are closed."""
    won = [deal for deal in _closed_before(deals, today) if deal.status == "won" and deal.amount and not deal.late]
    for deal in won[-8:-160:-24]:
        deal.said = (deal.amount * WRONG_BY).quantize(Decimal(1)) if deal.amount else None


def _closed_before(deals: list[DealPlan], today: dt.date) -> list[DealPlan]:
    """In order of their closing; those of the running month have a story to tell and are left alone."""
    month = today.replace(day=1)
    closed = (deal for deal in deals if deal.closed_on and deal.closed_on < month)
    return sorted(closed, key=lambda deal: (deal.closed_on, deal.company.name))


def _in_kroner(kronor: Decimal | None) -> Decimal | None:
    return (kronor / KRONE_IN_KRONOR).quantize(Decimal(1)) if kronor is not None else None
