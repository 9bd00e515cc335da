"""Which KPIs a page shows, in which order and under which name: the organisation's settings over the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from goals import sentences as goal_sentences
from kpi_tracker.kpis import registry
from kpi_tracker.kpis.metrics import AnyKpi, Category, SubjectKind
from kpi_tracker.scope import Scope

# The cards, best first; the one that the curve shows is left out of them.
BEST = ("revenue", "first_meetings_held", "calls", "opportunities_created", "win_rate", "average_deal_value", "sales_cycle_days")
BEST_OF_CUSTOMER = ("revenue", "deals_won", "opportunities_created", "conversations", "follow_up_meetings_held", "calls", "emails")
CARDS = 6
# The columns of the leaderboard, before the KPI of the curve joins them.
COLUMNS = ("revenue", "first_meetings_held", "calls", "opportunities_created")
DEFAULT = "revenue"


@dataclass(frozen=True, slots=True)
class ShownKpi:
    kpi: AnyKpi
    label: str

    @property
    def key(self) -> str:
        return self.kpi.key

    @property
    def in_sentence(self) -> str:
        """The name inside a sentence: "first meetings held"."""
        return goal_sentences.in_sentence(self.label)


class Shown:
    """The KPIs that one organisation shows for one kind of subject."""

    def __init__(self, scope: Scope, kind: SubjectKind) -> None:
        settings = {setting.kpi: setting for setting in registry.settings_of(scope.organisation)}
        kpis = [kpi for kpi in registry.kpis_of(scope.organisation) if kind in kpi.subjects]
        kept = [kpi for kpi in kpis if kpi.key not in settings or settings[kpi.key].enabled]
        kept.sort(key=lambda kpi: list(Category).index(kpi.category))  # an own KPI stands behind the built-in ones of its category
        labels = {key: setting.label for key, setting in settings.items() if setting.label}
        self.kind = kind
        self.all = [ShownKpi(kpi, labels.get(kpi.key, str(kpi.label))) for kpi in kept]
        self._by_key = {shown.key: shown for shown in self.all}
        self._placed = [key for key, setting in sorted(settings.items(), key=lambda item: item[1].position) if setting.position]

    def get(self, key: str) -> ShownKpi | None:
        return self._by_key.get(key)

    def chosen(self, key: str) -> ShownKpi | None:
        """The KPI asked for; without a key the first of the best. None if there is no such KPI."""
        if key:
            return self._by_key.get(key)
        return next((self._by_key[best] for best in self._best() if best in self._by_key), self.all[0] if self.all else None)

    def cards(self, chosen: ShownKpi) -> list[ShownKpi]:
        found = [self._by_key[key] for key in self._best() if key in self._by_key and key != chosen.key]
        return found[:CARDS]

    def columns(self, chosen: ShownKpi) -> list[ShownKpi]:
        keys = dict.fromkeys([chosen.key, *COLUMNS])
        return [self._by_key[key] for key in keys if key in self._by_key][: len(COLUMNS)]

    def by_category(self) -> list[tuple[Any, list[ShownKpi]]]:
        return [(category.label, found) for category in Category if (found := [one for one in self.all if one.kpi.category is category])]

    def _best(self) -> list[str]:
        best = BEST_OF_CUSTOMER if self.kind is SubjectKind.CUSTOMER else BEST
        return list(dict.fromkeys([*self._placed, *best]))
