"""What Nordlys sells and how a sale goes: products, stages, channels, reasons, prices."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from statistics import NormalDist
from typing import NamedTuple

from kpi_tracker.demo.records import Skill


class Product(NamedTuple):
    """price: the middle price in euro. months: terms sold; none for goods that are paid once. one_time: its share."""

    name: str
    family: str
    share: float
    price: float
    months: tuple[int, ...]
    one_time: float
    margin: Decimal


PRODUCTS = (
    Product("Lykta Start", "Lighting", 0.28, 6_800, (), 1.0, Decimal("0.42")),
    Product("Lykta Pro", "Lighting", 0.24, 15_500, (), 1.0, Decimal("0.46")),
    Product("Norrsken Control", "Software", 0.24, 12_600, (12, 24, 36, 36), 0.4, Decimal("0.74")),
    Product("Norrsken Care", "Service", 0.16, 9_400, (6, 12, 24, 36), 0.0, Decimal("0.52")),
    Product("Norrsken Campus", "Software", 0.08, 27_500, (24, 36, 48), 0.5, Decimal("0.68")),
)
MARGIN = {product.name: product.margin for product in PRODUCTS}
PIPELINE = "Sales"
# Name, kind, and whether deals here are qualified, in order.
STAGES = (
    ("Qualification", "open", False), ("Needs analysis", "open", True), ("Proposal", "open", True), ("Negotiation", "open", True),
    ("Won", "won", True), ("Lost", "lost", False),
)
OPEN_STAGES = tuple(name for name, kind, _qualified in STAGES if kind == "open")
QUALIFIED_STAGES = tuple(name for name, _kind, qualified in STAGES if qualified)
# How long a deal stays in each open stage, against the others, and the spread of that on a logarithmic scale.
DWELL = dict(zip(OPEN_STAGES, (0.8, 0.9, 1.2, 0.8), strict=True))
DWELL_SPREAD = 0.45
# From where deals are lost, and how long that takes against the longest: those without a chance are given up early.
LAST_STAGE_OF_LOST = (0.25, 0.25, 0.31, 0.19)
LOST_PACE = dict(zip(OPEN_STAGES, (0.27, 0.45, 0.76, 1.05), strict=True))
# How often a deal goes from a proposal straight to the order, leaves out or starts with the second stage, or falls back by one.
NO_NEGOTIATION, NO_ANALYSIS, QUALIFIED_AT_ONCE, FALLS_BACK = 0.15, 0.05, 0.06, 0.08
REASONS = {"No budget": 24, "Chose a competitor": 26, "No decision": 22, "Bad timing": 13, "Price": 11, "Solved it themselves": 4}

# Kind of each activity type that Nordlys named itself.
TYPES = {
    "Cold call": "call", "Follow-up call": "call", "Discovery meeting": "meeting", "Demo": "meeting", "Site visit": "meeting",
    "LinkedIn": "social", "Trade fair": "other",
}
INBOUND = {"Website": 38, "Webinar": 17, "Partner": 16, "Trade fair": 15, "Newsletter": 14}
OUTBOUND = {"Cold list": 58, "LinkedIn": 24, "Referral": 18}
# How much better or worse deals from a channel close than others.
CHANNEL_WINS = {
    "Website": 1.05, "Webinar": 0.9, "Partner": 1.25, "Trade fair": 0.95, "Newsletter": 0.85,
    "Referral": 1.3, "LinkedIn": 0.95, "Cold list": 0.9,
}
SEGMENTS = {"Property": 30, "Industry": 27, "Retail": 18, "Public sector": 15, "Health care": 10}

WIN_RATE = 0.245
PRICE_SPREAD = 0.5
# Prices from one year to the next.
DEARER = 1.03
# Euro for a Swedish krona, roughly: prices in kronor are made from it; figures use the rates of the day.
KRONA = 0.0885
# For a Danish krone.
KRONE = 0.134


def pick(chance: Random, shares: dict[str, int]) -> str:
    return chance.choices(list(shares), list(shares.values()))[0]


def way(chance: Random, *, won: bool) -> list[str]:
    """The open stages of a deal in the order in which it enters them: some leave one out, some enter one again."""
    last = 3 if won else chance.choices(range(4), LAST_STAGE_OF_LOST)[0]
    stages = list(OPEN_STAGES[: last + 1])
    if won and chance.random() < NO_NEGOTIATION:
        stages.remove("Negotiation")
    if last > 1 and chance.random() < NO_ANALYSIS:
        stages.remove("Needs analysis")
    elif last > 0 and chance.random() < QUALIFIED_AT_ONCE:
        stages.remove("Qualification")
    if len(stages) > 1 and chance.random() < FALLS_BACK:
        place = chance.randrange(1, len(stages))
        stages[place + 1 : place + 1] = [stages[place - 1], stages[place]]
    return stages


class Fate:
    """Decides wins and prices of one seller evenly: as often and as much as the skill says also in a single quarter."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.owed = chance.random() - 0.5
        self.turn = chance.randrange(64)

    def wins(self, probability: float) -> bool:
        self.owed += min(0.85, probability)
        if self.owed + self.chance.gauss(0, 0.35) < 0.5:
            return False
        self.owed -= 1
        return True

    def price(self, product: Product, skill: Skill) -> float:
        """In euro. Places in (0, 1) that spread evenly (golden ratio steps) become places of a normal curve."""
        self.turn += 1
        place = (self.turn * 0.6180339887 + self.chance.gauss(0, 0.06)) % 1
        spread = NormalDist().inv_cdf(min(0.998, max(0.002, place))) * PRICE_SPREAD
        return float(product.price * skill.size * 2.718281828**spread)


def amount_in(currency: str, euro: float) -> Decimal:
    return Decimal(max(1, round(euro / KRONA / 500)) * 500) if currency == "SEK" else Decimal(max(1, round(euro / 100)) * 100)
