from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand

from kpi_tracker.orgs.commands import add_organisation_argument, organisation_named
from kpi_tracker.periods import Period
from kpi_tracker.rollups import rebuilding


class Command(BaseCommand):
    help = "Recompute every cell of one organisation from its records, quarter by quarter."

    def add_arguments(self, parser: Any) -> None:
        add_organisation_argument(parser)

    def handle(self, *args: Any, organisation: str, **options: Any) -> None:
        began = time.monotonic()
        terminal = self.stderr.isatty()

        def show(slice_: Period, done: int, slices: int) -> None:
            if terminal:
                self.stderr.write(f"\r{done}/{slices} quarters ({slice_.start:%Y-%m}) ", ending="" if done < slices else "\n")

        done = rebuilding.rebuild(organisation_named(organisation), progress=show)
        self.stdout.write(f"{done} quarters rebuilt in {time.monotonic() - began:.1f} s")
