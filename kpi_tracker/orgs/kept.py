"""What was read and reckoned of an organisation beside its records, kept in this process until any of it changes: its calendar and
teams, the KPIs that it shows, its rates, costs and contracts.

It is kept under a version, which the database changes with every row that matters (`orgs.versions`), and the version is read each
time (once in a request that changes nothing): nothing old is ever answered, in no process.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import Any, TypeVar

from kpi_tracker.once import once
from kpi_tracker.orgs.models import CalendarVersion, Organisation

MOST = 4096
Kept = TypeVar("Kept")
_shelf: OrderedDict[tuple[Any, ...], Any] = OrderedDict()
_lock = Lock()
_own: ContextVar[dict[tuple[Any, ...], Any] | None] = ContextVar("own", default=None)


@contextmanager
def afresh() -> Iterator[None]:
    """Within, nothing that was kept before is answered, and nothing is kept for later: for reads of what is not so (see `rollups.late`)."""
    token = _own.set({})
    try:
        yield
    finally:
        _own.reset(token)


@once
def calendar_version(organisation: Organisation) -> str:
    """Empty where there is none: then nothing is kept."""
    found: str = CalendarVersion.objects.filter(organisation=organisation).values_list("version", flat=True).first() or ""
    return found


def kept(organisation: Organisation, key: tuple[Any, ...], read: Callable[[], Kept]) -> Kept:
    """What `read` gives, called once for each version of the calendar. It must not be changed."""
    own = _own.get()
    if own is not None:
        if (organisation.pk, *key) not in own:
            own[organisation.pk, *key] = read()
        mine: Kept = own[organisation.pk, *key]
        return mine
    version = calendar_version(organisation)
    if not version:
        return read()
    settings = (organisation.country, organisation.working_days, organisation.eves_free, organisation.base_currency)
    whole = (organisation.pk, version, *settings, *key)
    with _lock:
        if whole in _shelf:
            _shelf.move_to_end(whole)
            known: Kept = _shelf[whole]
            return known
    found = read()
    with _lock:
        _shelf[whole] = found
        while len(_shelf) > MOST:
            _shelf.popitem(last=False)
    return found
