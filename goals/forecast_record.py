"""What each method said at this point of earlier periods, and how far to trust it now. Pure.

The record is made as time went: what was said of a period used the periods before it alone, so the errors are those that a
person would have seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from goals.forecast_methods import Method

Ends = Mapping[Method, float]
# Before it has a record, a method counts as if it had been this far off, once.
DOUBT = dict.fromkeys(Method, 0.3) | {Method.LAST_YEAR: 0.6}
# A period counts for this much of the one after it.
FADING = 0.9
# One period that went wild says that a method was wrong, not how wrong it will be.
MOST_OFF = 2.0
# How sharply trust falls with the error: half the error, 64 times the trust. A hundredth is as good as exact.
SHARPNESS = 6
EXACT = 0.01


@dataclass(frozen=True, slots=True)
class Outcome:
    """An earlier period seen from the same point: what had come in by then, what was said, what it became."""

    done: float
    said: float
    ends: Ends
    actual: float


@dataclass
class Record:
    """Grows by one earlier period at a time, oldest first."""

    outcomes: list[Outcome] = field(default_factory=list)
    _off: dict[Method, tuple[float, float]] = field(default_factory=lambda: {method: (doubt, 1.0) for method, doubt in DOUBT.items()})

    def trust(self, ends: Ends) -> dict[Method, float]:
        """Each method's share of the blend; together 1."""
        weights = {method: (self._off[method][0] / self._off[method][1] + EXACT) ** -SHARPNESS for method in ends}
        total = sum(weights.values())
        return {method: weight / total for method, weight in weights.items()}

    def blend(self, ends: Ends) -> float:
        """What the methods say together; at least one of them must say something."""
        return sum(share * ends[method] for method, share in self.trust(ends).items())

    def add(self, *, done: float, ends: Ends, actual: float) -> None:
        """Take in a period that is over. One that brought nothing says nothing about errors in percent."""
        if not ends or actual <= 0:
            return
        self.outcomes.append(Outcome(done, self.blend(ends), ends, actual))
        for method, end in ends.items():
            doubt = DOUBT[method]
            off, count = self._off[method]
            error = min(abs(end - actual) / actual, MOST_OFF)
            self._off[method] = (doubt + (off - doubt) * FADING + error, 1 + (count - 1) * FADING + 1)

    @property
    def judged(self) -> list[Outcome]:
        """The periods that were forecast with at least one before them."""
        return self.outcomes[1:]

    def error(self, method: Method | None = None) -> float | None:
        """How far off a method, or what was said in all, was on average, as a share of what it became; None without a record."""
        said = [
            (outcome.said if method is None else outcome.ends[method], outcome.actual)
            for outcome in self.judged if method is None or method in outcome.ends
        ]
        return sum(abs(one - actual) / actual for one, actual in said) / len(said) if said else None
