"""What was read and reckoned of an organisation's calendar and teams, kept in this process until any of it changes.

It is kept under the calendar's version, which the database changes with every row that matters (`orgs.versions`), and
the version is read each time (once in a request that changes nothing): nothing old is ever answered, in no process.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any, TypeVar

from kpi_tracker.once import once
from kpi_tracker.orgs.models import CalendarVersion, Organisation

MOST = 4096
Kept = TypeVar("Kept")
_shelf: OrderedDict[tuple[Any, ...], Any] = OrderedDict()
_lock = Lock()


@once
def calendar_version(organisation: Organisation) -> str:
    """Empty where there is none: then nothing is kept."""
    found: str = CalendarVersion.objects.filter(organisation=organisation).values_list("version", flat=True).first() or ""
    return found


def kept(organisation: Organisation, key: tuple[Any, ...], read: Callable[[], Kept]) -> Kept:
    """What `read` gives, called once for each version of the calendar. It must not be changed."""
    version = calendar_version(organisation)
    if not version:
        return read()
    whole = (organisation.pk, version, organisation.country, organisation.working_days, organisation.eves_free, *key)
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
