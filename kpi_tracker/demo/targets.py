"""Goals of the organisation, the teams and the sellers: closed ones met and missed, running ones in every state, and next ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal

from kpi_tracker.demo.people import TEAMS
from kpi_tracker.demo.records import Company, DealPlan, GoalPlan, Seller, dice
from kpi_tracker.demo.results import Results
from kpi_tracker.demo.shapes import stretch
from kpi_tracker.periods import Calendar, Grain, Period

FILLED = ("revenue", "first_meetings_held", "calls", "opportunities_created")
LEVELS = {"win_rate": Decimal("0.28"), "sales_cycle_days": Decimal(45)}
# Teams whose sellers have a goal of their own for each of FILLED, and those with goals for the day's work too.
CLOSELY_LED, LED_BY_DAY = ("Stockholm", "Helsinki"), "Stockholm"
OWN_DAY = ("meetings_booked", "conversations", "referrals_asked", "proposals_sent")
# How far along, against an even pace, the running month is to be: revenue, first meetings, calls, opportunities.
STORY: dict[str, tuple[float, float, float, float]] = {
    "": (0.98, 1.02, 1.05, 0.96),
    "Sales Sweden": (0.93, 0.97, 1.04, 0.92),
    "Stockholm": (0.84, 0.95, 1.09, 0.82),
    "Göteborg": (1.08, 1.02, 1.0, 1.03),
    "Sales Finland": (1.04, 1.0, 1.02, 1.0),
    "Helsinki": (1.12, 1.04, 1.06, 1.05),
    "Tampere": (0.68, 0.9, 0.97, 0.88),
    "Elsa Lindqvist": (0.96, 1.04, 1.12, 0.92),
    "Mikael Strand": (1.16, 0.98, 0.88, 1.08),
    "Aino Korhonen": (0.74, 0.93, 1.01, 0.7),
    "Johan Berg": (0.5, 0.6, 0.9, 0.65),
    "Sara Nyström": (0.88, 1.08, 1.15, 0.98),
    "Petra Holm": (0.82, 0.88, 0.95, 1.02),
}
# Whatever the story wants, a target stays this close to what is usual.
LEAST, MOST = 0.7, 1.4
WHY = {
    "": "Pays for the two sellers we hire in spring",
    "Sales Sweden": "Grow ahead of the market in Sweden",
    "Sales Finland": "Second year on our own in Finland",
}


# Up to which figure targets are multiples of what; larger ones of the last.
MONEY_STEPS = ((20_000, 500), (60_000, 1_000), (250_000, 5_000), (2_000_000, 10_000), (0, 50_000))
COUNT_STEPS = ((40, 1), (250, 5), (1_500, 10), (0, 50))


class Targets:
    def __init__(self, results: Results, deals: Sequence[DealPlan], *, seed: int) -> None:
        self.results = results
        self.deals = deals
        self.seed = seed
        self.calendar = Calendar()

    def all(self) -> list[GoalPlan]:
        subjects: list[tuple[str, Seller | None]] = [("", None), *((team, None) for team in TEAMS)]
        people: list[tuple[str, Seller | None]] = [("", seller) for seller in self.results.calendar]
        return [
            *self._filled(subjects, Grain.MONTH, FILLED, range(-12, 2)),
            *self._filled(people, Grain.MONTH, FILLED[:2], range(-3, 2)),
            *self._filled(self._sellers(CLOSELY_LED), Grain.MONTH, FILLED[2:], range(-3, 2)),
            *self._filled(self._sellers((LED_BY_DAY,)), Grain.MONTH, OWN_DAY, range(1)),
            *self._filled(subjects, Grain.QUARTER, ("revenue", "first_meetings_held", "opportunities_created"), range(-5, 2)),
            *self._filled(people, Grain.QUARTER, ("revenue",), range(-1, 2)),
            *self._filled(subjects, Grain.YEAR, ("revenue",), range(-1, 1)), *self._filled(people, Grain.YEAR, ("revenue",), range(1)),
            *self._levels(subjects), *self._customers(),
        ]

    def _sellers(self, teams: tuple[str, ...]) -> list[tuple[str, Seller | None]]:
        return [("", seller) for seller in self.results.calendar if seller.team_on(self.results.today) in teams]

    def _customers(self) -> Iterator[GoalPlan]:
        """To sell this year's best customers some more before its end."""
        year = self.calendar.bucket(Grain.YEAR, self.results.today)
        sold: dict[Company, float] = defaultdict(float)
        for deal in self.deals:
            if deal.status == "won" and deal.closed_on and deal.closed_on in year:
                sold[deal.company] += self.results.euro(deal)
        # Those who came back say more than one large sale.
        for company in sorted(sold, key=lambda company: (len(company.deals) < 3, -sold[company], company.name))[:3]:
            yield GoalPlan("revenue", year, _round("revenue", sold[company] * 1.2), company=company, why="Has more buildings to equip")

    def _filled(self, subjects: list[tuple[str, Seller | None]], grain: Grain, kpis: tuple[str, ...], steps: range) -> Iterator[GoalPlan]:
        now = self.calendar.bucket(grain, self.results.today)
        for step in steps:
            period = self.calendar.shift(grain, now, step)
            for team, seller in subjects:
                for kpi in kpis:
                    target = self._target(kpi, team, seller, grain, period)
                    if target is not None:
                        why = WHY.get(team, "") if seller is None and grain is not Grain.MONTH else ""
                        yield GoalPlan(kpi, period, target, team, seller, why=why)

    def _target(self, kpi: str, team: str, seller: Seller | None, grain: Grain, period: Period) -> Decimal | None:
        """None where there is nobody to reach it, or no past to set it by."""
        results = self.results
        usual = results.usual(kpi, team, seller, period) if kpi in results.rates else 0.0
        if period.start < results.start or usual < self._least(kpi):
            return None
        name = seller.name if seller else team
        chance = dice(self.seed, "target", kpi, name, period.start, grain)
        if results.today not in period:
            return _round(kpi, usual * chance.uniform(0.9, 1.1))
        story = STORY.get(name)
        pace = story[FILLED.index(kpi)] if story and kpi in FILLED else chance.choice((0.8, 0.9, 0.95, 1.0, 1.05, 1.12))
        pace = pace if grain is Grain.MONTH else (pace + 1) / 2
        gone = results.gone(team, seller, period)
        actual = results.actual(kpi, team, seller, period)
        if not gone or not actual:
            return _round(kpi, usual * 1.04)
        told = min(MOST, max(LEAST, actual / (gone * pace) / usual))
        return _round(kpi, usual * told ** min(1.0, gone / 0.35))

    def _least(self, kpi: str) -> float:
        """Below this nobody would set a goal."""
        return 2_500.0 if kpi == "revenue" else 0.8

    def _levels(self, subjects: list[tuple[str, Seller | None]]) -> Iterator[GoalPlan]:
        for grain, steps in ((Grain.MONTH, range(-3, 2)), (Grain.QUARTER, range(1))):
            for step in steps:
                period = self.calendar.shift(grain, self.calendar.bucket(grain, self.results.today), step)
                for team, _seller in subjects:
                    for kpi, target in LEVELS.items():
                        yield GoalPlan(kpi, period, target, team)


def _round(kpi: str, value: float) -> Decimal:
    """As people set targets: in round figures."""
    steps = MONEY_STEPS if kpi == "revenue" else COUNT_STEPS
    step = next((step for limit, step in steps if value < limit), steps[-1][1])
    return stretch(value, step)
