"""One write of many records of one kind: what its parts share."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

from django.utils.translation import gettext as _

from kpi_tracker.errors import UserError
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.periods import local_day
from kpi_tracker.sales.records import Problem

T = TypeVar("T")

# More are not named in one go: the person mends these first.
MOST_PROBLEMS = 1000
# Records read and written in one go; keeps SQL statements within SQLite's limit of parameters.
CHUNK = 2000


class RecordProblems(UserError):
    """Some records cannot be taken; nothing was written."""

    code = "record_problems"

    def __init__(self, problems: Sequence[Problem], rejected: int) -> None:
        super().__init__("; ".join(f"{problem.index}: {problem.message}" for problem in problems[:3]))
        self.problems = tuple(problems)
        self.rejected = rejected


@dataclass
class Batch:
    """index: the record being looked at, to which a problem belongs. may_lead_nowhere: links that are left empty then, and listed.

    only_check: the records' own rows are not written, so that a check of many costs little; the caller rolls back what is.
    """

    organisation: Organisation
    source: str
    now: dt.datetime
    create_reps: bool = False
    may_lead_nowhere: frozenset[str] = frozenset()
    only_check: bool = False
    index: int = 0
    problems: list[Problem] = field(default_factory=list)
    rejected: set[int] = field(default_factory=set)
    left_empty: list[Problem] = field(default_factory=list)
    made: Counter[str] = field(default_factory=Counter)

    def problem(self, field_name: str, message: str, advice: str = "") -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(self.index, field_name, message, advice))
        self.rejected.add(self.index)

    def leads_nowhere(self, field_name: str, message: str, advice: str) -> None:
        """What the record links to is not there: a problem, unless such links are left empty."""
        if field_name not in self.may_lead_nowhere:
            self.problem(field_name, message, advice)
        elif len(self.left_empty) < MOST_PROBLEMS:
            self.left_empty.append(Problem(self.index, field_name, message, _("It is left empty.")))

    @property
    def today(self) -> dt.date:
        return self.organisation.local_day(self.now)

    def day_of(self, moment: dt.datetime) -> dt.date:
        return local_day(moment, self.organisation.zone)


def chunks(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def one_line(text: str) -> str:
    """A name without double spaces, line ends and spaces around it."""
    return " ".join(text.split())
