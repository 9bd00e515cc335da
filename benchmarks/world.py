"""A database with an invented sales organisation of any size, on which the benchmarks are run.

    python benchmarks/world.py --activities 1000000 --reps 1000 --database kpi_bench_1m [--drop]

DATABASE_URL names a PostgreSQL server, on which a database of that name is made; without it, it is a SQLite file under VAR_DIR (at
most a million activities). The world is kept: asked for again, it is only checked, so several benchmarks share one. --drop makes it
anew. From another script, before Django is set up:

    from benchmarks import world
    made = world.ensure(activities=1_000_000, reps=1000, database="kpi_bench_1m")
    made.url            # what to put into DATABASE_URL for a server or worker of its own
    made.organisation   # models.Organisation, slug "bench"; further ones bench-2, bench-3 … (organisations=)
    made.today          # the last day with records: dt.date(2026, 6, 30) unless said otherwise
    made.client("admin")  # a signed-in test client: admin, manager, rep, viewer (@bench.example, password in PASSWORD)

`fill()` writes the same rows into the database that Django is connected to, as tests want it.

To load fast, indexes, foreign keys and triggers are taken off the tables of records and put back afterwards (see `loading`); the
triggers that mark days as changed see nothing of the load, so all cells are computed by a rebuild at the end, unless `cells=False`.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import rows  # noqa: E402

TODAY = dt.date(2026, 6, 30)
SLUG = "bench"
PASSWORD = "midnattssol"  # noqa: S105  (of an invented world)
TEAM_SIZE, REGION_SIZE = 10, 8
SQLITE_MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class Size:
    """What a world is like. deals: as a share of the activities. organisations: those after the first have a tenth of all this."""

    activities: int = 100_000
    reps: int = 100
    deals: float = 0.1
    years: int = 2
    organisations: int = 1
    seed: int = 1
    today: dt.date = TODAY

    @property
    def database(self) -> str:
        """The usual name of its database, such as kpi_bench_1m_1000r."""
        amount = f"{self.activities // 10**6}m" if self.activities % 10**6 == 0 else f"{self.activities // 1000}k"
        return f"kpi_bench_{amount}_{self.reps}r"

    def __str__(self) -> str:
        return " ".join(f"{name}={value}" for name, value in asdict(self).items())


@dataclass(frozen=True, slots=True)
class World:
    size: Size
    url: str

    @property
    def today(self) -> dt.date:
        return self.size.today

    @property
    def organisation(self) -> Any:
        from kpi_tracker.orgs.models import Organisation

        return Organisation.objects.get(slug=SLUG)

    def client(self, role: str = "admin", slug: str = SLUG) -> Any:
        from django.test import Client

        from kpi_tracker.orgs.models import Membership

        client = Client()
        client.force_login(Membership.objects.select_related("user").get(organisation__slug=slug, role=role).user)
        return client


def ensure(*, database: str = "", drop: bool = False, cells: bool = True, size: Size | None = None, **sizes: Any) -> World:
    """The world of that size, made if it is not there. Sets Django up on its database, so it must come before that."""
    size = replace(size or Size(), **sizes)
    url = _connect(database or size.database, drop=drop)
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    if connection.vendor == "sqlite" and size.activities > SQLITE_MOST:
        raise SystemExit(f"More than {SQLITE_MOST:,} activities are for PostgreSQL: name one in DATABASE_URL.")
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    from kpi_tracker.orgs.models import Organisation

    found = Organisation.objects.filter(slug=SLUG).first()
    if found is None:
        fill(size, cells=cells, say=print)
    elif found.name != str(size):
        raise SystemExit(f"{url} holds another world, or half of one: --drop makes it anew.\nthere: {found.name}\nasked: {size}")
    elif cells:
        _complete_cells(found)
    return World(size, url)


def _complete_cells(organisation: Any) -> None:
    """Where a benchmark that was stopped left none, or half of them."""
    from kpi_tracker.rollups import rebuilding
    from kpi_tracker.rollups.models import Rebuild, RollupCell

    half = Rebuild.objects.filter(organisation=organisation, done_at=None).exists()
    if half or not RollupCell.objects.filter(organisation=organisation).exists():
        rebuilding.rebuild(organisation)


def _connect(database: str, *, drop: bool) -> str:
    """Name the database to Django; make it if it is not there."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kpi_tracker.settings")
    os.environ.setdefault("SECRET_KEY", "only-for-benchmarks-0123456789-0123456789-0123456789")
    server = os.environ.get("DATABASE_URL", "")
    if not server.startswith("postgres"):
        file = Path(os.environ.get("VAR_DIR") or ROOT / "var") / "bench" / f"{database}.sqlite3"
        file.parent.mkdir(parents=True, exist_ok=True)
        for suffix in ("", "-wal", "-shm") if drop else ():
            file.with_name(file.name + suffix).unlink(missing_ok=True)
        os.environ["DATABASE_URL"] = f"sqlite:///{file}"
        return os.environ["DATABASE_URL"]
    _create(server, database, drop=drop)
    os.environ["DATABASE_URL"] = urlunsplit(urlsplit(server)._replace(path=f"/{database}"))
    return os.environ["DATABASE_URL"]


def _create(server: str, database: str, *, drop: bool) -> None:
    import psycopg2
    from psycopg2 import sql

    connection = psycopg2.connect(urlunsplit(urlsplit(server)._replace(path="/postgres")))
    connection.autocommit = True
    with connection.cursor() as cursor:
        if drop:
            cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(database)))
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database])
        if cursor.fetchone() is None:
            cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
    connection.close()


def fill(size: Size, *, cells: bool = True, strip: bool = True, say: Callable[[str], Any] = lambda _text: None) -> Any:
    """Write the world into the database that Django is connected to; its (first) organisation.

    strip: take indexes, keys and triggers off meanwhile; not inside a transaction of a test. cells: and rebuild.
    """
    from benchmarks import loading
    from kpi_tracker.orgs.models import Organisation
    from kpi_tracker.rollups import rebuilding

    sizes = [size]
    tenth = replace(size, activities=size.activities // 10, reps=max(size.reps // 10, 1))
    sizes += [replace(tenth, seed=size.seed + n) for n in range(1, size.organisations)]
    made = [_Maker(one, SLUG if n == 1 else f"{SLUG}-{n}") for n, one in enumerate(sizes, 1)]
    with loading.bare(list(TABLES.values())) if strip else nullcontext():
        for maker in made:
            maker.load(say)
    start = time.perf_counter()
    _settle(vacuum=strip)
    if strip:
        say(f"{'indexes, keys, statistics':<20} {time.perf_counter() - start:>21,.1f} s")
    for maker in made:
        maker.goals()
        if cells:
            start = time.perf_counter()
            rebuilding.rebuild(maker.organisation)
            say(f"{'cells':<20} {time.perf_counter() - start:>21,.1f} s")
    # The name says that nothing is missing.
    Organisation.objects.filter(pk=made[0].organisation.pk).update(name=str(size))
    made[0].organisation.name = str(size)
    return made[0].organisation


def _settle(*, vacuum: bool) -> None:
    """As autovacuum and time would leave the tables."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for table in TABLES.values():
                cursor.execute(f"{'VACUUM (ANALYZE)' if vacuum else 'ANALYZE'} {table}")
        elif vacuum:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


TABLES = {
    "customer": "sales_customer", "contact": "sales_contact", "lead": "sales_lead", "deal": "sales_deal",
    "stage_change": "sales_stagechange", "activity": "sales_activity",
}


class _Maker:
    """Makes one organisation."""

    def __init__(self, size: Size, slug: str) -> None:
        from kpi_tracker.sales.services import organisation_open

        self.size, self.slug = size, slug
        self.organisation = organisation_open(name=f"{slug} (not complete)", slug=slug)
        self.start = size.today.replace(year=size.today.year - size.years) + dt.timedelta(days=1)
        self._people()
        self._rates()

    def _people(self) -> None:
        """Regions of teams of reps; one rep in ten changed team once."""
        from kpi_tracker.orgs.models import Membership, Rep, Team, TeamAssignment, TeamManager, User

        org, since = self.organisation, dt.date(2000, 1, 1)
        amount = max(self.size.reps // TEAM_SIZE, 1)
        regions = Team.objects.bulk_create(
            [Team(organisation=org, name=f"Region {n + 1}") for n in range(-(-amount // REGION_SIZE))]
        )
        self.teams = Team.objects.bulk_create(
            [Team(organisation=org, name=f"Team {n + 1}", parent=regions[n // REGION_SIZE]) for n in range(amount)]
        )
        users = {}
        for role in ("admin", "manager", "rep", "viewer"):
            address = f"{role}@{self.slug}.example"
            users[role] = User.objects.create_user(address, PASSWORD, first_name=role.title(), last_name="Bench")
            Membership.objects.create(organisation=org, user=users[role], role=role)
        self.reps = Rep.objects.bulk_create(
            [
                Rep(organisation=org, name=f"Rep {n + 1:04}", source="crm", external_id=f"r{n}", user=users["rep"] if n == 0 else None)
                for n in range(self.size.reps)
            ]
        )
        TeamManager.objects.create(organisation=org, team=self.teams[0], user=users["manager"], valid_from=since)
        moved = self.start + (self.size.today - self.start) / 2
        assignments = []
        for n, rep in enumerate(self.reps):
            team, other = self.teams[n // TEAM_SIZE % amount], self.teams[(n // TEAM_SIZE + 1) % amount]
            leaves = moved if n % 10 == 9 and other != team else None
            assignments.append(TeamAssignment(organisation=org, rep=rep, team=team, valid_from=since, valid_to=leaves))
            if leaves:
                assignments.append(TeamAssignment(organisation=org, rep=rep, team=other, valid_from=leaves))
        TeamAssignment.objects.bulk_create(assignments)

    def _rates(self) -> None:
        from kpi_tracker.orgs.models import ExchangeRate

        days = range(-400, (self.size.today - self.start).days + 1, 7)
        ExchangeRate.objects.bulk_create(
            [
                ExchangeRate(organisation=self.organisation, currency=currency, day=self.start + dt.timedelta(days=n),
                             rate=round(rate * (1 + (n % 91 - 45) / 1000), 6))
                for currency, rate in rows.RATES.items() for n in days
            ]
        )

    def load(self, say: Callable[[str], Any]) -> None:
        from django.core.management.color import no_style
        from django.db import connection, transaction
        from django.db.models import Max

        from benchmarks import loading
        from kpi_tracker.sales import models
        from kpi_tracker.sales.models import Product, Stage

        tables = {
            "customer": models.Customer, "contact": models.Contact, "lead": models.Lead, "deal": models.Deal,
            "stage_change": models.StageChange, "activity": models.Activity,
        }
        org, size = self.organisation, self.size
        products = Product.objects.bulk_create([Product(organisation=org, name=f"Product {n}", family=f"Family {n % 2}") for n in range(6)])
        stages = Stage.objects.filter(organisation=org).order_by("position").values_list("pk", flat=True)
        first = {name: model._default_manager.aggregate(last=Max("pk"))["last"] or 0 for name, model in tables.items()}
        ids = rows.Ids(org.pk, [rep.pk for rep in self.reps], list(stages), [product.pk for product in products], first)
        history = rows.History(
            ids, activities=size.activities, deals=round(size.activities * size.deals), today=size.today, years=size.years, seed=size.seed
        )
        lines = (rows.customers, rows.contacts, rows.leads, rows.deals, rows.stage_changes, rows.activities)
        columns = (rows.CUSTOMER, rows.CONTACT, rows.LEAD, rows.DEAL, rows.STAGE_CHANGE, rows.ACTIVITY)
        for (name, table), fields, make in zip(TABLES.items(), columns, lines, strict=True):
            start = time.perf_counter()
            with transaction.atomic():
                count = loading.load(table, fields, make(history))
            say(f"{name:<20} {count:>12,} rows {time.perf_counter() - start:>6,.1f} s")
        with connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(no_style(), list(tables.values())):
                cursor.execute(statement)

    def goals(self) -> None:
        """This month, quarter and year: for the organisation and its teams, and meetings and revenue for each rep."""
        from decimal import Decimal

        from goals.models import Goal
        from kpi_tracker.periods import Period

        today, org = self.size.today, self.organisation
        month, next_month = today.replace(day=1), (today.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
        this_month, this_year = Period(month, next_month), Period(dt.date(today.year, 1, 1), dt.date(today.year + 1, 1, 1))
        share = Decimal(round(self.size.activities * self.size.deals * 0.3 * 12000 / self.size.years / self.size.reps) or 1)
        meetings = Decimal(round(self.size.activities * 0.1 / self.size.years / 12 / self.size.reps) or 1)
        made = []
        for period, part in ((this_month, 12), (this_year, 1)):
            dates = {"organisation": org, "starts_on": period.start, "ends_on": period.end}
            made.append(Goal(**dates, kpi="revenue", subject_kind="organisation", target=share * self.size.reps / part))
            made += [Goal(**dates, kpi="revenue", subject_kind="team", team=team, target=share * TEAM_SIZE / part) for team in self.teams]
            made += [Goal(**dates, kpi="revenue", subject_kind="rep", rep=rep, target=share / part) for rep in self.reps]
        dates = {"organisation": org, "starts_on": this_month.start, "ends_on": this_month.end}
        made += [Goal(**dates, kpi="meetings_booked", subject_kind="rep", rep=rep, target=meetings) for rep in self.reps]
        Goal.objects.bulk_create(made, batch_size=1000)


def options(parser: argparse.ArgumentParser) -> None:
    """The arguments that every benchmark on a world takes."""
    usual = Size()
    parser.add_argument("--activities", type=int, default=usual.activities)
    parser.add_argument("--reps", type=int, default=usual.reps)
    parser.add_argument("--deals", type=float, default=usual.deals, help="as a share of the activities")
    parser.add_argument("--years", type=int, default=usual.years)
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument("--today", type=dt.date.fromisoformat, default=usual.today, help="the last day with records")
    parser.add_argument("--database", default="", help="its name; the size's own where it is left out")
    parser.add_argument("--drop", action="store_true", help="make the world anew")


def asked(given: argparse.Namespace, **further: Any) -> World:
    """The world that the arguments of `options` name."""
    size = Size(given.activities, given.reps, given.deals, given.years, seed=given.seed, today=given.today)
    return ensure(size=size, database=given.database, drop=given.drop, **further)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options(parser)
    parser.add_argument("--organisations", type=int, default=1, help="those after the first have a tenth of the records and reps")
    parser.add_argument("--no-cells", action="store_true", help="records only")
    given = parser.parse_args()
    start = time.perf_counter()
    made = asked(given, organisations=given.organisations, cells=not given.no_cells)
    print(f"{made.url}: {made.size} ({time.perf_counter() - start:,.1f} s)")


if __name__ == "__main__":
    main()
