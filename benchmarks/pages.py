"""How long the server takes for every kind of dashboard page, warm, and how often each asks the database (bars: p95 100 ms, 15).

    python benchmarks/pages.py [--activities 100000] [--reps 100] [--times 20] [--only team,math]
    python benchmarks/pages.py --demo [--organisation nordlys]

Whole requests on a real database: session, person, figures, template. The first form takes the world of that size (see
`world.py`), which is made if it is not there, and stands at noon of its last day; `--demo` an organisation of the database that
DATABASE_URL or VAR_DIR names, today.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import django

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.outcome import Outcome  # noqa: E402

BAR_MS, BAR_QUERIES = 100, 15
CHOSEN = (
    "calls", "win_rate", "sales_cycle_days", "open_pipeline", "weighted_pipeline", "pipeline_coverage", "sales_velocity", "sales_growth",
    "sales_growth_ytd", "win_rate_cohort", "cac", "clv", "clv_to_cac", "churn_rate",
)
LONG_MS = 3000  # a page that takes so long is not opened many times
GRAINS = ("day", "week", "month", "quarter", "year")


@dataclass(frozen=True)
class Timed:
    """In milliseconds: the middle one, the one that 95 of 100 stay under, and how much of the middle one this process worked.

    On a machine with other work, `cpu` says what `p50` would be without it, but for the database server's part.
    """

    page: str
    p50: float
    p95: float
    cpu: float
    queries: int
    size: int


def pages(organisation: Any, today: dt.date) -> Iterator[tuple[str, str]]:
    """A name and an address of every kind of page that shows figures or reads much, as an administrator sees it."""
    subjects = _subjects(organisation)
    yield from _of_subjects(organisation, subjects, today)
    yield from _of_figures(organisation, subjects, today)
    yield from _others(organisation, today)


def _address(organisation: Any, name: str, *args: object, **query: str) -> str:
    from django.urls import reverse

    return reverse(name, args=[organisation.slug, *args]) + (f"?{urlencode(query, safe=':')}" if query else "")


def _of_subjects(organisation: Any, subjects: dict[str, int], today: dt.date) -> Iterator[tuple[str, str]]:
    for kind, number in subjects.items():
        name, ids = f"dashboards:{kind}", [number] if number else []
        for grain in GRAINS:
            yield f"{kind}/{grain}", _address(organisation, name, *ids, grain, today.isoformat())
        yield f"{kind}/all", _address(organisation, name, *ids, "month", today.isoformat(), part="all")
        yield f"{kind}/all/year", _address(organisation, name, *ids, "year", today.isoformat(), part="all")


def _of_figures(organisation: Any, subjects: dict[str, int], today: dt.date) -> Iterator[tuple[str, str]]:
    earlier = _month_before(today).isoformat()
    for kind in ("organisation", "team"):
        name, ids = f"dashboards:{kind}", [subjects[kind]] if subjects[kind] else []
        yield f"{kind}/earlier", _address(organisation, name, *ids, "month", earlier)
        yield f"{kind}/reported", _address(organisation, name, *ids, "month", earlier, **{"as": "reported"})
        for key in _measured(kind):
            yield f"{kind}/{key}", _address(organisation, name, *ids, "month", today.isoformat(), kpi=key)
            yield f"{kind}/{key}/year", _address(organisation, name, *ids, "year", today.isoformat(), kpi=key)
    span = {"subject": "organisation", "start": today.replace(day=1).isoformat(), "end": (today + dt.timedelta(days=1)).isoformat()}
    for key in ("revenue", *_measured("organisation")):
        yield f"math/{key}", _address(organisation, "dashboards:records", key, **span)


def _others(organisation: Any, today: dt.date) -> Iterator[tuple[str, str]]:
    from goals.models import Goal

    for name in ("people", "customers", "teams", "calendar", "currencies", "closed", "kpis", "kpi_advice", "own_kpis"):
        yield name, _address(organisation, f"dashboards:{name}")
    yield "customers/by name", _address(organisation, "dashboards:customers", sort="name")
    if _is_closed(organisation, _month_before(today)):
        yield "closed month", _address(organisation, "dashboards:closed_month", _month_before(today).isoformat())
    for key in ("revenue", "weighted_pipeline", "clv"):
        yield f"handbook/{key}", _address(organisation, "dashboards:kpi", key)
    yield "goals", _address(organisation, "goals:list")
    yield "goals/new", _address(organisation, "goals:new")
    for kind in ("organisation", "team", "rep"):
        running = Goal.objects.filter(organisation=organisation, subject_kind=kind, starts_on__lte=today, ends_on__gt=today)
        if (goal := running.order_by("id").first()) is not None:
            yield f"goal/{kind}", _address(organisation, "goals:detail", goal.pk)


def _month_before(today: dt.date) -> dt.date:
    return (today.replace(day=1) - dt.timedelta(days=1)).replace(day=1)


def _is_closed(organisation: Any, month: dt.date) -> bool:
    from kpi_tracker.rollups.models import PeriodClose

    return bool(PeriodClose.objects.filter(organisation=organisation, month=month, reopened_at=None).exists())


def _subjects(organisation: Any) -> dict[str, int]:
    """One of each kind: the largest team, a rep in it, the customer bought from last."""
    from django.db.models import Count

    from kpi_tracker.orgs.models import TeamAssignment
    from kpi_tracker.sales.models import Deal

    placed = TeamAssignment.objects.filter(organisation=organisation, valid_to=None)
    team = placed.values("team").annotate(number=Count("id")).order_by("-number", "team").values_list("team", flat=True).first()
    rep = placed.filter(team=team).order_by("rep_id").values_list("rep_id", flat=True).first()
    won = Deal.objects.filter(organisation=organisation, status="won", customer__isnull=False)
    customer = won.order_by("-closed_on", "-id").values_list("customer_id", flat=True).first()
    found = {"organisation": 0, "team": team, "rep": rep, "customer": customer}
    return {kind: number for kind, number in found.items() if number is not None}


def _measured(kind: str) -> list[str]:
    from kpi_tracker.kpis.registry import built_in

    subjects = {kpi.key: kpi.subjects for kpi in built_in()}
    return [key for key in CHOSEN if kind in subjects[key]]


def time_page(client: Any, name: str, address: str, times: int) -> Timed:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.get(address)  # the first opening reads what is kept between requests
    took: list[float] = []
    worked: list[float] = []

    def opened() -> Any:
        start, cpu = time.perf_counter(), time.process_time()
        answer = client.get(address)
        took.append((time.perf_counter() - start) * 1000)
        worked.append((time.process_time() - cpu) * 1000)
        return answer

    with CaptureQueriesContext(connection) as captured:
        answer = opened()
        queries = len(captured)
    if answer.status_code != 200:
        raise SystemExit(f"{address}: {answer.status_code}")
    if took[0] < LONG_MS:
        took.clear()  # noting down the questions takes time too
        worked.clear()
        while len(took) < times and sum(took) < LONG_MS:
            opened()
    took.sort()
    worked.sort()
    middle, late = len(took) // 2, min(len(took) - 1, int(len(took) * 0.95))
    return Timed(name, took[middle], took[late], worked[middle], queries, len(answer.content))


def measure(organisation: Any, today: dt.date, outcome: Outcome, *, times: int, only: list[str]) -> list[Timed]:
    """Each page is kept as soon as it is measured."""
    from django.contrib.auth import get_user_model
    from django.test import Client

    from kpi_tracker.orgs.models import Membership

    admin = Membership.objects.filter(organisation=organisation, role="admin").select_related("user").order_by("id").first()
    made = None
    if admin is None:
        made = get_user_model().objects.create_user(email=f"pages@{organisation.slug}.example", password=None)
        admin = Membership.objects.create(organisation=organisation, user=made, role="admin")
    client = Client()
    client.force_login(admin.user, backend="django.contrib.auth.backends.ModelBackend")
    found = []
    print(f"{'page':<40} {'p50 ms':>8} {'p95 ms':>8} {'cpu ms':>8} {'queries':>8} {'kB':>6}")
    for name, address in pages(organisation, today):
        if only and not any(name.startswith(one) for one in only):
            continue
        timed = time_page(client, name, address, times)
        late = " *" if timed.p95 > BAR_MS or timed.queries > BAR_QUERIES else ""
        times_shown = f"{timed.p50:>8.1f} {timed.p95:>8.1f} {timed.cpu:>8.1f}"
        print(f"{timed.page:<40} {times_shown} {timed.queries:>8} {timed.size / 1024:>6.0f}{late}", flush=True)
        outcome.keep(**asdict(timed))
        found.append(timed)
    if made is not None:
        made.delete()
    return found


def summary(found: list[Timed]) -> bool:
    """Whether all bars are met."""
    slow = [one for one in found if one.p95 > BAR_MS]
    chatty = [one for one in found if one.queries > BAR_QUERIES]
    worst = max(found, key=lambda one: one.p95)
    over = f"{len(slow)} over {BAR_MS} ms, {len(chatty)} over {BAR_QUERIES} queries"
    print(f"\n{len(found)} pages; {over}; slowest {worst.page} {worst.p95:.0f} ms")
    return not slow and not chatty


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--activities", type=int, default=100_000)
    parser.add_argument("--reps", type=int, default=100)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--only", default="", help="names of pages, or how they begin, with commas between")
    parser.add_argument("--demo", action="store_true", help="an organisation that is there already, instead of a world of its own")
    parser.add_argument("--organisation", default="", help="its slug; the first one if left out")
    options = parser.parse_args()
    # Names of static files are looked up in a list that only a deployed server has.
    os.environ["STATICFILES_BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    organisation, today = _demo(options.organisation) if options.demo else _world(options.activities, options.reps)
    from django.conf import settings
    from django.db import connection

    settings.ALLOWED_HOSTS = ["testserver"]
    began = dt.datetime.now(dt.UTC)
    about = {"activities": options.activities, "reps": options.reps, "demo": options.demo, "only": options.only}
    outcome = Outcome("pages", database=connection.vendor, at=began, run=f"{began:%Y%m%d-%H%M%S}", **about)
    found = measure(organisation, today, outcome, times=options.times, only=[word for word in options.only.split(",") if word])
    outcome.add("peak memory of this process", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MB")
    raise SystemExit(not summary(found))


def _demo(slug: str) -> tuple[Any, dt.date]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kpi_tracker.settings")
    django.setup()
    from django.utils import timezone

    from kpi_tracker.orgs.models import Organisation

    organisation = Organisation.objects.filter(**({"slug": slug} if slug else {})).order_by("id").first()
    if organisation is None:
        raise SystemExit("There is no such organisation.")
    return organisation, organisation.local_day(timezone.now())


def _world(activities: int, reps: int) -> tuple[Any, dt.date]:
    from benchmarks import world

    made = world.ensure(activities=activities, reps=reps)
    _stand_at(made.today)
    return made.organisation, made.today


def _stand_at(day: dt.date) -> None:
    """For this process, it is noon of that day, and time goes on from there: pages that ask for no day show the world's last one."""
    from django.utils import timezone

    ahead = dt.datetime.combine(day, dt.time(12), dt.UTC) - dt.datetime.now(dt.UTC)
    timezone.now = lambda: dt.datetime.now(dt.UTC) + ahead


if __name__ == "__main__":
    main()
