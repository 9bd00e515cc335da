"""The oracle shares no code with what it judges."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from kpi_tracker.kpis.registry import built_in
from tests.oracle.figures import FIGURES

MODULES = sorted(path for path in Path(__file__).parent.glob("*.py") if not path.name.startswith("test_"))
ALLOWED = ("kpi_tracker.orgs.models", "kpi_tracker.sales.models", "tests.oracle")


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: relative import"
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_the_oracle_imports_only_the_tables(path: Path) -> None:
    own = {name for name in imported(path) if name.partition(".")[0] in ("kpi_tracker", "goals", "dashboards", "integrations", "tests")}
    assert not {name for name in own if not name.startswith(ALLOWED)}


def test_every_kpi_has_an_oracle() -> None:
    assert set(FIGURES) == {kpi.key for kpi in built_in()}
