"""The catalogue as Markdown, in English: docs/kpis.md and the README's table."""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.utils.translation import override

from kpi_tracker.errors import InternalError
from kpi_tracker.kpis import guidance, handbook, registry
from kpi_tracker.kpis.advice import MOST_KPIS, Job, proposed
from kpi_tracker.kpis.measures import Term
from kpi_tracker.kpis.metrics import AnyKpi, Category, Lever

HEAD = """# KPI handbook

Written by `manage.py kpi_docs` from the catalogue in `kpi_tracker/kpis/catalogue.py`; change it there.

- A ratio is the sum of its numerators over the sum of its denominators, for the whole group and period; ratios are never averaged.
- Where the denominator is 0 there is no value: not 0 %, and not infinity.
- The date that counts puts a record in a period; days are local days of the organisation.
- Amounts are in the organisation's base currency, at the rate of the day that counts. A missing rate is listed, never taken as 1.
- Records that cannot be counted are listed with the reason, beside those that are.
- A definition that changes gets a new version.
"""
README_HEAD = "| key | what is counted | date that counts |\n| --- | --- | --- |\n"
README_TABLE = re.compile(r"(?<=\n)\| key \| what is counted \| date that counts \|\n(?:\|[^\n]*\n)+")


def handbook_text() -> str:
    """The whole of docs/kpis.md."""
    with override("en"):
        return "\n".join([HEAD, *_kinds(), *_levers(), *_kpis(), *_jobs()]).rstrip() + "\n"


def readme_with_table(readme: str) -> str:
    """The README with the table of KPIs as the catalogue has it."""
    with override("en"):
        rows = "".join(f"| `{kpi.key}` | {_cell(kpi.description)} | {kpi.clock} |\n" for kpi in registry.built_in())
    text, found = README_TABLE.subn(lambda _match: README_HEAD + rows, readme)
    if found != 1:
        raise InternalError(f"The README has {found} tables of KPIs; there must be one, which begins with: {README_HEAD.splitlines()[0]}")
    return text


def _cell(text: object) -> str:
    return str(text).replace("|", "\\|")


def _kinds() -> Iterator[str]:
    yield "## Kinds\n\n| kind | meaning |\n| --- | --- |"
    for kind in handbook.Kind:
        yield f"| {kind.label} | {kind.meaning} |"
    yield ""


def _levers() -> Iterator[str]:
    yield "## What moves sales velocity\n"
    yield "Sales velocity = open opportunities × win rate × deal value ÷ sales cycle, in money per day.\n"
    yield "| factor | KPIs that move it |\n| --- | --- |"
    for lever in Lever:
        keys = ", ".join(f"`{kpi.key}`" for kpi in registry.built_in() if lever in kpi.levers)
        yield f"| {lever.label} | {keys} |"
    yield ""


def _kpis() -> Iterator[str]:
    for category in Category:
        yield f"## {category.label}\n"
        for kpi in registry.built_in():
            if kpi.category is category:
                yield from _kpi(kpi)


def _kpi(kpi: AnyKpi) -> Iterator[str]:
    yield f"### {kpi.label}\n"
    yield f"`{kpi.key}` · {kpi.description}\n"
    unit = handbook.UNIT_LABELS[kpi.unit]
    yield f"- Date that counts: {kpi.clock}. Unit: {unit}. Better: {handbook.better(kpi)}. Version: {kpi.version}."
    yield f"- {handbook.kind_of(kpi).label}. Measured for: {handbook.subjects(kpi)}. Usually owned by: {kpi.owner.label}."
    if parts := handbook.parts(kpi, _term):
        yield f"- Parts: {parts}."
    if kpi.levers:
        yield f"- Moves: {', '.join(str(lever.label) for lever in Lever if lever in kpi.levers)}. {guidance.moves(kpi)}"
    yield f"- How to influence it: {guidance.influence(kpi)}\n"


def _term(term: Term) -> str:
    return f"`{term.key}`"


def _jobs() -> Iterator[str]:
    yield "## What to measure whom on\n"
    yield f"Few KPIs, {MOST_KPIS} at most, that the person can move in the daily work, among them something to do tomorrow.\n"
    for job in Job:
        yield f"### {job.label}\n\n{job.does}\n\n| KPI | why |\n| --- | --- |"
        for one in proposed(job, registry.built_in()):
            yield f"| {one.kpi.label} | {_cell(one.reason)} |"
        yield ""
