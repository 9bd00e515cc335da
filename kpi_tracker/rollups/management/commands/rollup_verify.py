from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kpi_tracker.orgs.commands import add_organisation_argument, organisation_named
from kpi_tracker.rollups.verify import verify


class Command(BaseCommand):
    help = "Compare the cells of one organisation with its records and list those that differ."

    def add_arguments(self, parser: Any) -> None:
        add_organisation_argument(parser)
        parser.add_argument("--sample", type=int, help="check the buckets of so many days only; all if left out")
        parser.add_argument("--seed", type=int, default=0, help="which sample")

    def handle(self, *args: Any, organisation: str, sample: int | None, seed: int, **options: Any) -> None:
        differences = verify(organisation_named(organisation), sample=sample, seed=seed)
        for difference in differences:
            self.stdout.write(str(difference))
        if differences:
            raise CommandError(f"{len(differences)} cells differ from their records; run rollup_rebuild.")
        self.stdout.write("Every cell checked equals its records.")
