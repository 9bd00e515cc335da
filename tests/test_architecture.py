"""Rules of the code that no single test of a page would see broken. The arrows between packages are import-linter's."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from kpi_tracker.orgs.permissions import Nobody
from kpi_tracker.scope import Role
from tests import factories

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("kpi_tracker", "goals", "dashboards", "integrations")
# Pages of libraries, which hold their own checks.
FOREIGN = ("admin/", "accounts/")
# Reads that a request may not make of a tenant table as a whole.
READS = {"all", "filter", "exclude", "get", "values", "values_list", "first", "last", "count", "exists", "aggregate", "annotate", "in_bulk",
         "order_by", "select_related", "prefetch_related", "only", "defer", "iterator", "earliest", "latest", "alias", "distinct"}
REQUEST_PACKAGES = ("dashboards", "goals", "integrations")
NOT_REQUESTS = {"migrations", "management", "admin.py", "models.py", "tasks.py", "background.py"}


def sources(*packages: str) -> list[Path]:
    return [path for package in packages for path in sorted((ROOT / package).rglob("*.py"))]


def patterns(resolver: Any, prefix: str = "") -> Iterator[tuple[str, dict[str, Any], URLPattern]]:
    """Every address of the project: its route, its converters, its pattern."""
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            if route not in FOREIGN:
                for below, converters, pattern in patterns(entry, route):
                    yield below, {**entry.pattern.converters, **converters}, pattern
        else:
            yield route, dict(entry.pattern.converters), entry


ADDRESSES = list(patterns(get_resolver()))


def address_of(route: str, org: str) -> str:
    """An address of that form. Whether the rest of it names something must not matter to a person without access."""
    examples = {"int": "1", "str": "2026-01-01"}
    return "/" + re.sub(r"<(?:(\w+):)?(\w+)>", lambda found: org if found[2] == "org" else examples.get(found[1] or "str", "month"), route)


def declares_permission(view: Any) -> bool:
    if hasattr(view, "permission"):
        return True
    api = getattr(view, "cls", None)
    return api is not None and bool(api.permission_classes) and Nobody not in api.permission_classes


def test_every_view_declares_its_permission() -> None:
    assert len(ADDRESSES) > 5
    assert [route for route, _, pattern in ADDRESSES if not declares_permission(pattern.callback)] == []


@pytest.mark.django_db
def test_every_page_of_an_organisation_is_hidden_from_outsiders_and_asks_strangers_to_sign_in() -> None:
    ours = factories.organisation("ours")
    theirs = factories.organisation("theirs")
    charlie = factories.member(theirs, "charlie@theirs.example", Role.ADMIN)
    stranger, outsider = Client(), Client()
    outsider.force_login(charlie)
    routes = [route for route, converters, _ in ADDRESSES if "org" in converters]
    assert routes
    for route in routes:
        address = address_of(route, ours.slug)
        assert outsider.get(address).status_code == 404, address
        assert outsider.post(address).status_code == 404, address
        answer = stranger.get(address)
        assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (302, "/accounts/login/"), address


@pytest.mark.django_db
def test_the_api_answers_nobody_without_a_token() -> None:
    routes = [route for route, _, _ in ADDRESSES if route.startswith("api/")]
    for route in routes:
        assert Client().get(address_of(route, "ours")).status_code in (401, 403, 405), route


def unscoped_reads(path: Path) -> Iterator[str]:
    """Reads that bypass `within(scope)`. Below the views, naming the organisation will do: a total may count what a viewer may not list."""
    entrance = path.name.startswith(("views", "api"))
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Attribute(value=model, attr="objects"), attr=method)) if method in READS:
                named = {argument.arg for argument in node.keywords}
                if entrance or not named & {"organisation", "organisation_id"}:
                    yield f"{path.relative_to(ROOT)} {ast.unparse(model)}.objects.{method}"
            case ast.Call(func=ast.Name(id="get_object_or_404" | "get_list_or_404"), args=[ast.Name(id=model), *_]):
                yield f"{path.relative_to(ROOT)} {model}"


# Before there is a scope: which organisation does this person belong to?
READS_WITHOUT_ORGANISATION = {"dashboards/home.py Membership.objects.filter"}


def test_request_code_reads_within_a_scope() -> None:
    files = [path for path in sources(*REQUEST_PACKAGES) if not NOT_REQUESTS & set(path.parts)]
    assert {read for path in files for read in unscoped_reads(path)} == READS_WITHOUT_ORGANISATION


def test_no_exception_is_caught_broadly() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources(*PACKAGES)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler) and (node.type is None or re.search(r"\b(Base)?Exception\b", ast.unparse(node.type)))
    ]
    assert found == []


def templates() -> list[Path]:
    return [path for folder in ("templates", *PACKAGES) for path in sorted((ROOT / folder).rglob("*.html"))]


FORBIDDEN_MARKUP = {
    "inline script": re.compile(r"<script(?![^>]*\bsrc=)[^>]*>", re.I),
    "inline event handler": re.compile(r"<[^>]*\son[a-z]+\s*=", re.I),
    "hx-on": re.compile(r"\bhx-on", re.I),
    "script address": re.compile(r"javascript:", re.I),
    "style block": re.compile(r"<style\b", re.I),
}


@pytest.mark.parametrize("name", FORBIDDEN_MARKUP)
def test_no_markup_that_the_content_security_policy_refuses(name: str) -> None:
    assert [str(path.relative_to(ROOT)) for path in templates() if FORBIDDEN_MARKUP[name].search(path.read_text())] == []


LOADED_FROM_ELSEWHERE = re.compile(
    r"""<(?:script|link|img|iframe|source)\b[^>]*\b(?:src|href)\s*=\s*["']?(?:https?:)?//|(?:url\(|@import)\s*["']?(?:https?:)?//""", re.I
)


def test_nothing_is_loaded_from_another_host() -> None:
    own = [path for kind in ("*.css", "*.js") for path in (ROOT / "static").rglob(kind) if "vendor" not in path.parts]
    assert [str(path.relative_to(ROOT)) for path in [*templates(), *own] if LOADED_FROM_ELSEWHERE.search(path.read_text())] == []


def test_no_file_reads_the_clock_where_time_is_an_argument() -> None:
    """Only views, commands, tasks and the people who write down when something happened look at the clock."""
    clock = re.compile(r"\b(?:timezone\.now|date\.today|datetime\.now|localdate|time\.time)\(")
    pure = [path for package in ("kpi_tracker/kpis", "kpi_tracker/periods.py", "kpi_tracker/formats.py", "goals")
            for path in ([ROOT / package] if package.endswith(".py") else sources(package))]
    allowed = {"views.py", "api.py", "tasks.py", "models.py", "services.py", "apps.py"}
    pure = [path for path in pure if path.name not in allowed and not path.name.endswith("_views.py")]
    found = [path for path in pure if "management" not in path.parts and clock.search(path.read_text())]
    assert [str(path.relative_to(ROOT)) for path in found] == []
