"""`kpi KEY`: a KPI's values, exact, for machines and for checking."""

from __future__ import annotations

import csv
import datetime as dt
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from kpi_tracker.errors import InvalidInput, UserError
from kpi_tracker.kpis import engine, registry
from kpi_tracker.kpis.measures import Dimension
from kpi_tracker.kpis.subjects import subject_of
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.periods import Grain, Period, day_after
from kpi_tracker.rollups import reader
from kpi_tracker.rollups.figures import Entry, Question, figures


class Command(BaseCommand):
    help = (
        "Print a KPI's values. Decimals are exact, as text; ratios have 12 decimals, with numerator and denominator beside them. "
        "Money is in the organisation's currency, percentages are fractions, durations are days. No value: null."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("key", metavar="KEY", help=f"One of: {', '.join(kpi.key for kpi in registry.built_in())}, or own:NUMBER.")
        parser.add_argument("--organisation", required=True, metavar="SLUG")
        parser.add_argument(
            "--scope", default="organisation", metavar="SCOPE", help="organisation (default), team:NAME, rep:NAME or customer:NAME."
        )
        parser.add_argument("--from", required=True, dest="start", type=dt.date.fromisoformat, metavar="DATE", help="First day.")
        parser.add_argument("--to", required=True, dest="last", type=dt.date.fromisoformat, metavar="DATE", help="Last day; it counts.")
        parser.add_argument(
            "--grain", choices=list(Grain), help="One value for each of these, cut at the first and last day. Left out: one value."
        )
        parser.add_argument(
            "--by", choices=list(Dimension), help="One value for each of these; reps and teams also where they have no records."
        )
        parser.add_argument("--format", choices=["json", "csv", "table"], default="table", dest="shape")
        parser.add_argument(
            "--source", choices=["cells", "records"], default="cells", help="records: count the records instead of reading cells."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            answer = self._answer(options)
        except UserError as error:
            self.stderr.write(error.message)
            raise SystemExit(1) from None
        match options["shape"]:
            case "json":
                self.stdout.write(json.dumps(answer, ensure_ascii=False))
            case "csv":
                self._write_csv(answer["rows"])
            case _:
                self._write_table(answer["rows"])

    def _answer(self, options: dict[str, Any]) -> Entry:
        organisation = Organisation.objects.filter(slug=options["organisation"]).first()
        if organisation is None:
            known = ", ".join(Organisation.objects.order_by("slug").values_list("slug", flat=True)[:20]) or "none"
            raise InvalidInput(f"There is no organisation {options['organisation']!r}; known are: {known}.", field="organisation")
        if options["last"] < options["start"]:
            raise InvalidInput("--to must not come before --from.", field="to")
        kpi = registry.kpi(options["key"], organisation)
        period = Period(options["start"], day_after(options["last"]))
        grain = Grain(options["grain"]) if options["grain"] else None
        question = Question(
            kpi=kpi.key, subject=subject_of(organisation, options["scope"]), period=period, grain=grain,
            by=Dimension(options["by"]) if options["by"] else None,
        )
        source = engine.ask if options["source"] == "records" else reader.ask
        answer = figures(organisation, question, today=organisation.local_day(timezone.now()), source=source)
        return answer | {"scope": options["scope"]}

    def _write_csv(self, rows: list[Entry]) -> None:
        writer = csv.writer(self.stdout, lineterminator="\n")
        if rows:
            writer.writerow(rows[0])
        writer.writerows(row.values() for row in rows)

    def _write_table(self, rows: list[Entry]) -> None:
        if not rows:
            return
        lines = [list(rows[0]), *(["–" if value is None else str(value) for value in row.values()] for row in rows)]
        widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
        for line in lines:
            self.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
