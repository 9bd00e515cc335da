from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from kpi_tracker.kpis.docs import handbook_text, readme_with_table


class Command(BaseCommand):
    help = "Write docs/kpis.md and the README's table of KPIs from the catalogue."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; fail where a file is not what would be written")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        handbook, readme = settings.BASE_DIR / "docs/kpis.md", settings.BASE_DIR / "README.md"
        wanted = {handbook: handbook_text(), readme: readme_with_table(readme.read_text())}
        old = [file for file, text in wanted.items() if not file.exists() or file.read_text() != text]
        if check and old:
            raise CommandError(f"{', '.join(file.name for file in old)}: not as the catalogue has it; run kpi_docs.")
        for file in old:
            file.write_text(wanted[file])
            self.stdout.write(f"Wrote {file.relative_to(settings.BASE_DIR)}.")
