"""One question for all the figures of a page whose parts ask for themselves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal
from typing import TypeVar

from kpi_tracker.kpis.query import KpiQuery, KpiTable, KpiValue
from kpi_tracker.orgs.models import Organisation

T = TypeVar("T")
Asked = tuple[int, KpiQuery, dt.date]
Answer = Callable[[Organisation, Sequence[KpiQuery]], list[KpiTable]]
NOTHING = KpiValue(value=None, numerator=Decimal(0))


class Tables:
    """What has been asked for; while hearing, every question is written down and answered by nothing."""

    def __init__(self) -> None:
        self.known: dict[Asked, KpiTable] = {}
        self.hearing = True

    def answer(self, asked: Asked) -> KpiTable | None:
        if self.hearing:
            question = asked[1]
            self.known[asked] = {}
            return {(kpi, span, None): NOTHING for kpi in question.kpis for span in question.spans}
        return self.known.get(asked)


current: ContextVar[Tables | None] = ContextVar("tables", default=None)


@contextmanager
def _tables() -> Iterator[Tables]:
    tables = Tables()
    token = current.set(tables)
    try:
        yield tables
    finally:
        current.reset(token)


def together(organisation: Organisation, work: Callable[[], T], *, answer: Answer, today: dt.date) -> T:
    """What `work` gives, for the price of one question. It is run twice: first to hear what it asks, where nothing is counted yet.

    It must change nothing. What it asks only once it knows a figure is asked then.
    """
    with _tables() as tables:
        work()
        tables.hearing = False
        questions = [question for number, question, day in tables.known if (number, day) == (organisation.pk, today)]
        tables.known = {}  # so that the answers are asked for, not heard
        answers = answer(organisation, questions) if questions else []
        tables.known = {(organisation.pk, one, today): table for one, table in zip(questions, answers, strict=True)}
        return work()
