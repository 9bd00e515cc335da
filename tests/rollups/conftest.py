from django.db import connection

from tests.contracts.conftest import company

__all__ = ["company"]

collect_ignore = [] if connection.vendor == "postgresql" else ["test_locks.py"]
