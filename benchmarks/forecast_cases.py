"""What forecasts are tried on: daily figures of the demo and of a real export, and each month and quarter of them at three points."""

from __future__ import annotations

import csv
import datetime as dt
import io
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any

DEMO, EXPORT = "demo", "maven_crm"
KPIS = {DEMO: ("revenue", "deals_won", "calls", "first_meetings_held"), EXPORT: ("revenue", "deals_won")}
SHARES = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class Days:
    """One subject's KPI: amounts and working time of each day from the first on which anything was counted.

    deals: the lives of its deals, where it counts deals won or their amount, numbered from the same day.
    """

    data: str
    kpi: str
    kind: str
    subject: int
    calendar: Any
    first: dt.date
    amounts: list[float]
    weights: list[float]
    deals: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class Case:
    """A period seen when `share` of its working time was over; days are numbered from `of.first`."""

    of: Days
    grain: str
    share: float
    period: Any
    start: int
    now: int
    end: int

    @property
    def actual(self) -> float:
        return sum(self.of.amounts[self.start : self.end])


def make_demo(*, today: dt.date, seed: int) -> None:
    from django.core.management import call_command

    call_command("seed_demo", "--today", today.isoformat(), "--seed", str(seed), stdout=io.StringIO())


def make_export(folder: Path) -> None:
    """Import the files as a person would, with the mappings that know them."""
    from django.core.management import call_command

    from kpi_tracker.orgs.models import Organisation
    from kpi_tracker.rollups.builder import refresh_fully

    for kind, name in (("reps", "sales_teams"), ("customers", "accounts"), ("deals", "sales_pipeline")):
        new = ["--create", "--timezone", "America/New_York", "--country", "US", "--currency", "USD"] if kind == "reps" else []
        call_command(
            "import_file", kind, str(folder / f"{name}.csv"), "--organisation", EXPORT, "--mapping", f"maven_crm_{kind}", *new,
            stdout=io.StringIO(), stderr=io.StringIO(),
        )
    refresh_fully(Organisation.objects.get(slug=EXPORT))


def last_day(folder: Path) -> dt.date:
    """The last day on which a deal of the export was closed."""
    with (folder / "sales_pipeline.csv").open(encoding="utf-8", newline="") as rows:
        return max(dt.date.fromisoformat(row["close_date"]) for row in csv.DictReader(rows) if row["close_date"])


def read(data: str, slug: str, *, last: dt.date) -> Iterator[Days]:
    """The daily figures of the organisation, its teams and its reps, through the reader that the product uses."""
    from goals.forecast_lives import KPIS as OF_DEALS
    from goals.forecast_lives import lives
    from goals.worktime import WorkTime
    from kpi_tracker.kpis.metrics import SubjectKind
    from kpi_tracker.kpis.parts import Subject
    from kpi_tracker.kpis.query import KpiQuery
    from kpi_tracker.orgs.models import Organisation, Rep, Team
    from kpi_tracker.periods import DAY, Period
    from kpi_tracker.rollups.reader import ask

    org = Organisation.objects.get(slug=slug)
    subjects = [Subject(SubjectKind.ORGANISATION)]
    subjects += [Subject(SubjectKind.TEAM, pk) for pk in Team.objects.filter(organisation=org).order_by("id").values_list("id", flat=True)]
    reps = Rep.objects.filter(organisation=org, is_unassigned=False).order_by("id")
    subjects += [Subject(SubjectKind.REP, pk) for pk in reps.values_list("id", flat=True)]
    whole = Period(last - dt.timedelta(days=3 * 365), last + DAY)
    spans = tuple(Period(day, day + DAY) for day in whole.days())
    worktime = WorkTime(org, [whole])
    for subject in subjects:
        table = ask(org, KpiQuery(KPIS[data], subject, spans), today=last)
        weights = [float(weight) for weight in worktime.weights(subject, whole).values()]
        for kpi in KPIS[data]:
            amounts = [float(table[kpi, span, None].numerator) for span in spans]
            begun = next((i for i, amount in enumerate(amounts) if amount), None)
            if begun is not None:
                first = whole.start + begun * DAY
                deals = lives(org, subject, since=first, today=last + DAY) if kpi in OF_DEALS else []
                yield Days(data, kpi, subject.kind.value, subject.id, org.calendar, first, amounts[begun:], weights[begun:], deals)


def cases(of: Days) -> Iterator[Case]:
    """Each month and quarter that the figures cover whole, but the first, that had work in it and brought anything."""
    from kpi_tracker.periods import DAY, Grain, Period

    known = Period(of.first, of.first + len(of.amounts) * DAY)
    worked = [0.0, *accumulate(of.weights)]
    for grain in (Grain.MONTH, Grain.QUARTER):
        for period in [one for one in of.calendar.buckets(grain, known) if known.covers(one)][1:]:
            start, end = (period.start - of.first).days, (period.end - of.first).days
            if worked[end] <= worked[start] or sum(of.amounts[start:end]) <= 0:
                continue
            for share in SHARES:
                now = bisect_left(worked, worked[start] + share * (worked[end] - worked[start]) - 1e-6, start, end)
                yield Case(of, grain.value, share, period, start, now, end)
