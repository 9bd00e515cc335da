"""The README's tables say what is there, all of it and nothing else."""

from __future__ import annotations

import argparse
import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from kpi_tracker.kpis.docs import readme_with_table

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
OPERATIONS = (ROOT / "docs/operations.md").read_text()
OWN_APPS = ("kpi_tracker", "goals", "dashboards", "integrations")
# Django's own commands that the documents use.
FOREIGN_COMMANDS = {"migrate", "createcachetable", "collectstatic", "createsuperuser", "check", "makemigrations"}
# Where an error that an API answer may carry is raised.
API_CODE = (
    "kpi_tracker/errors.py", "kpi_tracker/api.py", "kpi_tracker/api_errors.py", "kpi_tracker/kpis", "kpi_tracker/rollups",
    "kpi_tracker/orgs", "kpi_tracker/sales",
    "integrations/api.py", "integrations/api_records.py", "integrations/authentication.py", "dashboards/api.py", "goals/api.py",
)


def first_column(heading: str) -> list[str]:
    """The words in backticks in the first column of the table under a heading."""
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return [word for row in rows for word in re.findall(r"`([^`]+)`", row)]


def test_the_settings_table_lists_what_the_settings_read() -> None:
    source = (ROOT / "kpi_tracker/settings.py").read_text()
    read = set(re.findall(r"""\benv(?:\.\w+)?\(\s*["']([A-Z_]+)["']""", source))
    assert read > {"SECRET_KEY", "DATABASE_URL", "REDIS_URL", "PORT"}
    assert sorted(first_column("Settings")) == sorted(read)


def test_the_kpi_table_is_what_the_catalogue_says() -> None:
    assert readme_with_table(README) == README


def test_each_make_target_that_is_named_exists_and_the_main_ones_are_named() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    named = set(re.findall(r"\bmake ([a-z-]+)", "\n".join(re.findall(r"```.*?```|`[^`]*`", README + OPERATIONS, re.S))))
    assert named - targets == set()
    assert {"install", "demo", "test", "test-pg", "lint", "types", "lock"} <= named


def options(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Of a command and of those below it."""
    for action in parser._actions:
        yield from action.option_strings
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from options(below)


def own_commands() -> set[str]:
    return {name for name, app in get_commands().items() if app.split(".")[0] in OWN_APPS}


def test_each_command_that_is_named_exists_and_all_of_ours_are_listed() -> None:
    named = set(re.findall(r"manage\.py ([a-z_]+)", README + OPERATIONS))
    assert named - own_commands() - FOREIGN_COMMANDS == set()
    assert {word.split()[0] for word in first_column("Commands")} == own_commands()


@pytest.mark.parametrize("name", sorted(own_commands()))
def test_each_option_in_the_command_table_exists(name: str) -> None:
    [row] = [line for line in README.splitlines() if re.match(rf"\| `{name}[ `]", line)]
    parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
    assert set(re.findall(r"--[a-z-]+", row)) - set(options(parser)) == set()



def error_codes() -> set[str]:
    files = [file for entry in API_CODE for file in ([ROOT / entry] if entry.endswith(".py") else sorted((ROOT / entry).rglob("*.py")))]
    found: set[str] = set()
    for file in files:
        if file.name == "admin.py" or "migrations" in file.parts or file.name.startswith("own_"):
            continue  # not reached by the API: own KPIs are made in pages alone
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.keyword(arg="code", value=ast.Constant(value=str(code))):
                    found.add(code)
                case ast.Assign(targets=[ast.Name(id="code" | "default_code")], value=ast.Constant(value=str(code))):
                    found.add(code)
    return found


def test_the_error_codes_of_the_api_are_listed() -> None:
    assert error_codes() - set(first_column("Error codes of the API")) == set()


def test_each_file_that_is_named_exists() -> None:
    files = re.findall(r"\]\(([^)#:]+)\)", README) + re.findall(r"\]\(([^)#:]+)\)", OPERATIONS.replace("](../", "]("))
    assert [name for name in files if not (ROOT / name).exists()] == []


def test_help_lists_every_target() -> None:
    listed = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S607
    assert {line.split()[1] for line in listed.splitlines()} >= {"install", "demo", "test", "lint", "types"}
