"""What all that put triggers in place share."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from django.db import transaction


def at_once(connection: Any) -> AbstractContextManager[Any]:
    """SQLite replaces a trigger by dropping it first; within this, no change is committed in between. PostgreSQL replaces it in one go."""
    return transaction.atomic(using=connection.alias) if connection.vendor == "sqlite" else nullcontext()
