from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from kpi_tracker.orgs.commands import add_organisation_argument, organisation_named
from kpi_tracker.rollups import builder


class Command(BaseCommand):
    help = "Recompute the buckets of one organisation that changed since the last refresh."

    def add_arguments(self, parser: Any) -> None:
        add_organisation_argument(parser)

    def handle(self, *args: Any, organisation: str, **options: Any) -> None:
        self.stdout.write(f"{builder.refresh_fully(organisation_named(organisation))} buckets recomputed")
