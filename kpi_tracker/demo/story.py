"""Bends the running month, so that its first page tells something whatever the day and the dice."""

from __future__ import annotations

from decimal import Decimal

from kpi_tracker.demo.offer import amount_in
from kpi_tracker.demo.records import DealPlan, Seller
from kpi_tracker.demo.results import Results
from kpi_tracker.demo.targets import STORY
from kpi_tracker.periods import Calendar, Grain

# Prices may be changed by so much, and no deal is moved that is larger than this share of what is wanted.
LEAST, MOST = 0.65, 1.6
# The month as a whole is a little weaker than usual.
MODEST = 0.95
# From where a deal may still be won.
WINNABLE = ("Proposal", "Negotiation")
# Below this much revenue due, in euro, there is no saying yet.
TOO_LITTLE = 6_000.0


def steer(results: Results, deals: list[DealPlan]) -> None:
    """Bring the revenue of the sellers who have a story to where their story is: by results first, by prices then."""
    month = Calendar().bucket(Grain.MONTH, results.today)
    for seller in results.calendar:
        if seller.name not in STORY or results.today not in month:
            continue
        due = results.usual("revenue", "", seller, month) * results.gone("", seller, month) * STORY[seller.name][0] * MODEST
        own = [deal for deal in deals if deal.steps[-1].by is seller and deal.amount is not None]
        closed = [deal for deal in own if deal.closed_on is not None and deal.closed_on in month]
        if due >= TOO_LITTLE and closed:
            _steer(seller, closed, due)
    results.count_deals(deals)


def _euro(deal: DealPlan) -> float:
    """Roughly: at the rate by which prices were made."""
    return float(deal.amount or 0) / float(amount_in(deal.currency, 10_000)) * 10_000


def _steer(seller: Seller, closed: list[DealPlan], due: float) -> None:
    def total() -> float:
        return sum(_euro(deal) for deal in closed if deal.status == "won")

    # Large ones first: few results have to change.
    for deal in sorted(closed, key=_euro, reverse=True):
        gap = due - total()
        if deal.status == "lost" and deal.steps[-2].stage in WINNABLE and gap > 0.35 * due and _euro(deal) < 1.3 * gap:
            _turn(deal, won=True)
        elif deal.status == "won" and gap < -0.3 * due and _euro(deal) < -1.5 * gap and total() > _euro(deal):
            _turn(deal, won=False)
    if (reached := total()) > 0:
        factor = min(MOST, max(LEAST, due / reached))
        for deal in closed:
            if deal.status == "won":
                _reprice(deal, factor)


def _turn(deal: DealPlan, *, won: bool) -> None:
    deal.steps[-1].stage = "Won" if won else "Lost"
    deal.lost_reason = "" if won else "Chose a competitor"
    wins = [other.closed_on for other in deal.company.deals if other.status == "won" and other.closed_on is not None]
    if not won and deal.company.won_on == deal.closed_on:
        deal.company.won_on = min(wins, default=None)
    elif won:
        deal.company.won_on = min([*wins, *([deal.company.won_on] if deal.company.won_on else [])])


def _reprice(deal: DealPlan, factor: float) -> None:
    before, deal.amount = deal.amount, amount_in(deal.currency, _euro(deal) * factor)
    if deal.one_time_amount and before:
        deal.one_time_amount = (deal.one_time_amount * deal.amount / before).quantize(Decimal(1))
