from __future__ import annotations

import datetime as dt
import time
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import connection, transaction
from django.utils import timezone

from kpi_tracker.demo.accounts import SLUG
from kpi_tracker.demo.agreeing import agree
from kpi_tracker.demo.closing import close_months
from kpi_tracker.demo.own import make_own_kpis
from kpi_tracker.demo.removal import remove_demo
from kpi_tracker.demo.staff import Staff
from kpi_tracker.demo.store import Store
from kpi_tracker.demo.timeline import AFTERNOON
from kpi_tracker.demo.world import World, build
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.rollups.builder import refresh_fully

ZONE = ZoneInfo("Europe/Stockholm")


class Command(BaseCommand):
    help = "Make the demo organisation: two years of an invented Nordic seller, up to now."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--today", type=dt.date.fromisoformat, help="the last day with records, at 14:30 (default: now)")
        parser.add_argument("--scale", type=float, default=1.0, help="how much is sold and done; 1 is about 150,000 activities")
        parser.add_argument("--seed", type=int, default=1, help="the same seed and moment give the same organisation")
        parser.add_argument("--fresh", action="store_true", help="throw the demo organisation away first")

    def handle(self, *args: Any, today: dt.date | None, scale: float, seed: int, fresh: bool, **options: Any) -> None:
        began = time.monotonic()
        if Organisation.objects.filter(slug=SLUG).exists() and not fresh:
            self.stdout.write(f"The demo organisation ({SLUG}) is already there and was left as it is; --fresh makes it anew.")
            return
        now = timezone.now().astimezone(ZONE)
        second = AFTERNOON if today else now.hour * 3600 + now.minute * 60
        self.stdout.write("Inventing two years of a sales organisation")
        world = build(today=today or now.date(), now=second, scale=scale, seed=seed)
        with transaction.atomic():
            remove_demo()
            store = Store(world, Staff(world), self._show)
            store.write()
            make_own_kpis(store, today=world.today)
        self.stdout.write("Computing its figures")
        if connection.vendor == "postgresql":
            # The planner knows nothing yet about tables that were filled a moment ago.
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")
        call_command("rollup_rebuild", SLUG, stdout=self.stdout, stderr=self.stderr)
        with transaction.atomic():
            closed = close_months(store.staff, today=world.today)
            self.stdout.write(f"  closed months: {len(closed)}")
            store.write_late()
        refresh_fully(store.organisation)
        with transaction.atomic():
            self.stdout.write(f"  closed goals: {agree(store.staff, today=world.today, now=store.moment(world.today, second))}")
        self.stdout.write(self.style.SUCCESS(f"{_summary(world)}: {time.monotonic() - began:.0f} seconds"))

    def _show(self, what: str, done: int, total: int) -> None:
        """A line that counts up on a terminal; elsewhere one line for each kind of record."""
        terminal = self.stdout.isatty()
        if terminal:
            self.stdout.write(f"\r  {what}: {done:,} of {total:,}", ending="\n" if done == total else "")
        elif done == total:
            self.stdout.write(f"  {what}: {total:,}")
        self.stdout.flush()


def _summary(world: World) -> str:
    return (
        f"{len(world.sellers)} sellers, {len(world.companies):,} customers, {len(world.deals):,} deals, {len(world.acts):,} activities "
        f"and {len(world.goals):,} goals up to {world.today}"
    )
