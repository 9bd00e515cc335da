"""`import_file KIND FILE...`: take CSV files into an organisation, all or nothing."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction
from django.utils import timezone
from django.utils.text import capfirst

from integrations.importers.kinds import KINDS, kind_named
from integrations.importers.mapping import ColumnMapping, kept_names, load
from integrations.importers.reader import File, Outcome, Terms
from integrations.services import ImportRejected, files_import
from kpi_tracker.errors import InvalidInput, UserError
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.orgs.selectors import organisation_scope
from kpi_tracker.sales.services import organisation_open


class Command(BaseCommand):
    help = (
        "Import CSV files of one kind into an organisation. Everything is written, or nothing: then every problem is listed on stderr by "
        "line and column, and the exit code is 1. The last line on stdout is a JSON object with created, updated, unchanged and rejected. "
        "Importing the same file again changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=list(KINDS), metavar="KIND", help=f"What the files list: {', '.join(KINDS)}.")
        parser.add_argument(
            "files", nargs="+", metavar="FILE", type=Path, help="CSV files in any usual encoding and with any usual delimiter."
        )
        parser.add_argument("--organisation", required=True, metavar="SLUG", help="The organisation's short name.")
        parser.add_argument(
            "--create", action="store_true", help="Make the organisation where it does not exist yet, "
                                                  "and reps that the files name and nobody knows."
        )
        parser.add_argument("--timezone", metavar="TZ", help="Time zone of a new organisation, such as Europe/Helsinki.")
        parser.add_argument("--country", metavar="CC", help="Country of a new organisation, two letters.")
        parser.add_argument("--currency", metavar="CUR", help="Base currency of a new organisation, three letters.")
        parser.add_argument("--mapping", metavar="FILE", help=f"A mapping file (TOML or JSON), or one of: {', '.join(kept_names())}.")
        parser.add_argument("--source", default="", metavar="NAME", help="Where the files' ids come from (default: as the mapping says, "
                                                                         "else file).")

    def handle(self, *args: Any, **options: Any) -> None:
        outcomes: list[Outcome] = []
        try:
            with transaction.atomic():
                files = [File(path.name, self._readable(path)) for path in options["files"]]
                mapping = self._mapping(options["mapping"], options["kind"])
                scope = organisation_scope(self._organisation(options))
                terms = Terms(
                    scope=scope, kind=kind_named(options["kind"]), source=options["source"], now=timezone.now(), mapping=mapping,
                    create_reps=options["create"],
                )
                outcomes = files_import(files=files, terms=terms)
        except ImportRejected as rejected:
            self._tell(rejected.outcomes)
            self._last_line(created=0, updated=0, unchanged=0, rejected=rejected.rejected, problems=len(rejected.issues))
            raise SystemExit(1) from None
        except UserError as error:
            self.stderr.write(error.message)
            self._last_line(created=0, updated=0, unchanged=0, rejected=0, problems=1)
            raise SystemExit(1) from None
        self._tell(outcomes)
        summaries = [outcome.summary for outcome in outcomes]
        also: Counter[str] = Counter()
        for summary in summaries:
            also.update(dict(summary.also_made))
        self._last_line(
            created=sum(summary.created for summary in summaries), updated=sum(summary.updated for summary in summaries),
            unchanged=sum(summary.unchanged for summary in summaries), rejected=0,
            warnings=sum(len(outcome.warnings) for outcome in outcomes), skipped=sum(len(outcome.skipped) for outcome in outcomes),
            also_made=also,
        )

    def _readable(self, path: Path) -> Path:
        try:
            with path.open("rb"):
                return path
        except OSError as error:
            raise InvalidInput(f"{path}: {error.strerror}.", field="file", code="no_file") from error

    def _mapping(self, text: str | None, kind: str) -> ColumnMapping | None:
        if text is None:
            return None
        mapping = load(text)
        if mapping.kind and mapping.kind != kind:
            raise InvalidInput(f"The mapping {text} is for {mapping.kind}, not for {kind}.", field="mapping")
        return mapping

    def _organisation(self, options: dict[str, Any]) -> Organisation:
        slug = options["organisation"]
        terms = {name: options[name] for name in ("timezone", "country", "currency") if options[name]}
        found = Organisation.objects.filter(slug=slug).first()
        if found is not None:
            columns = {"timezone": found.timezone, "country": found.country, "currency": found.base_currency}
            for name, value in terms.items():
                if columns[name] != value:
                    raise InvalidInput(f"{slug} exists already, with the {name} {columns[name]}; leave --{name} out.", field=name)
            return found
        if not options["create"]:
            raise InvalidInput(f"There is no organisation {slug!r}; --create makes it.", field="organisation", code="no_organisation")
        return organisation_open(name=capfirst(slug.replace("-", " ")), slug=slug, **terms)

    def _tell(self, outcomes: Any) -> None:
        for outcome in outcomes:
            for issue in outcome.issues:
                self.stderr.write(f"{issue.level}: {issue}")
            for line in outcome.skipped:
                self.stderr.write(f"note: {outcome.file.name}: line {line}: a line of sums, left out")
            if outcome.offer:
                self.stderr.write(f"note: {outcome.file.name}: the columns were guessed; --mapping {outcome.offer} is kept for such files")
            if outcome.unused:
                self.stderr.write(f"note: {outcome.file.name}: columns not used: {', '.join(outcome.unused)}")

    def _last_line(self, **summary: Any) -> None:
        self.stdout.write(json.dumps(summary, ensure_ascii=False))


