"""Reads that the parts of one page need again and again, made once.

Only inside `remembering()`, which the middleware puts around requests that change nothing; jobs, commands and
requests that write always read anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, TypeVar

T = TypeVar("T")
_kept: ContextVar[dict[tuple[str, Any], Any] | None] = ContextVar("kept", default=None)


@contextmanager
def remembering() -> Iterator[None]:
    token = _kept.set({})
    try:
        yield
    finally:
        _kept.reset(token)


def know(read: Callable[[Any], T], organisation: Any, value: T) -> None:
    """Take `value` for what the `once` function gives, for the rest of the request: it has been read already, with something else."""
    kept = _kept.get()
    if kept is not None:
        kept[_key(read, organisation)] = value


def _key(read: Callable[[Any], Any], organisation: Any) -> tuple[str, Any]:
    return f"{read.__module__}.{read.__qualname__}", organisation.pk


def once(read: Callable[[Any], T]) -> Callable[[Any], T]:
    """Of a function of an organisation: called once for each in a request. What it returns must not be changed."""

    @wraps(read)
    def remembered(organisation: Any) -> T:
        kept = _kept.get()
        if kept is None:
            return read(organisation)
        key = _key(read, organisation)
        if key not in kept:
            kept[key] = read(organisation)
        found: T = kept[key]
        return found

    return remembered
