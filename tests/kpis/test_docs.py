"""docs/kpis.md and the README's table are what the catalogue says."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils.translation import override

from kpi_tracker.errors import InternalError
from kpi_tracker.kpis import registry
from kpi_tracker.kpis.docs import handbook_text, readme_with_table

ROOT = Path(__file__).resolve().parent.parent.parent


def test_the_files_are_what_the_command_writes() -> None:
    call_command("kpi_docs", check=True)


def test_another_text_is_found_and_mended(tmp_path: Path, settings: object, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text((ROOT / "README.md").read_text())
    (tmp_path / "docs/kpis.md").write_text("old")
    settings.BASE_DIR = tmp_path  # type: ignore[attr-defined]
    with pytest.raises(CommandError, match=r"kpis\.md: not as the catalogue has it; run kpi_docs"):
        call_command("kpi_docs", check=True)
    call_command("kpi_docs")
    assert capsys.readouterr().out == "Wrote docs/kpis.md.\n"
    assert (tmp_path / "docs/kpis.md").read_text() == handbook_text()


def test_it_is_english_whatever_the_language() -> None:
    with override("sv"):
        assert handbook_text() == (ROOT / "docs/kpis.md").read_text()


def test_every_kpi_is_in_it_with_its_facts() -> None:
    text = handbook_text()
    for kpi in registry.built_in():
        section = text.split(f"\n### {kpi.label}\n")[1].split("\n### ")[0]
        for fact in (kpi.key, kpi.description, kpi.clock, kpi.owner.label, f"Version: {kpi.version}."):
            assert str(fact) in section


def test_a_readme_without_the_table_is_refused() -> None:
    with pytest.raises(InternalError, match="0 tables"):
        readme_with_table("# Nothing here\n")
