"""What the tests of faults share. Each has servers of its own, so that it disturbs no other."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from django.db import connection

from tests.conftest import Program, Worker
from tests.faults.services import Beat, RedisServer

collect_ignore = ["test_sqlite.py"] if connection.vendor == "postgresql" else ["test_postgresql.py"]


@pytest.fixture(autouse=True)
def _say_what_the_programs_said(programs: list[Program]) -> Iterator[None]:
    """Shown with a test that fails."""
    yield
    for program in reversed(programs):
        with suppress(ProcessLookupError):
            os.killpg(program.process.pid, signal.SIGKILL)
        sys.stdout.write("\n".join([f"--- {program.process.args}", *program.lines, *program.rest(), ""]))


@pytest.fixture
def redis(transactional_db: None, programs: list[Program], tmp_path: Path) -> RedisServer:
    """A Redis of the test's own, beside the database of the test."""
    return RedisServer(programs, tmp_path)


@pytest.fixture
def start_worker(redis: RedisServer, programs: list[Program]) -> Callable[..., Worker]:
    """Starts worker processes; what it is given are Celery's options."""

    def start(*options: str, **keywords: object) -> Worker:
        worker = Worker(redis.url, *options, **keywords)  # type: ignore[arg-type]
        programs.append(worker)
        worker.wait_for(" ready.")
        return worker

    return start


@pytest.fixture
def beat(redis: RedisServer, programs: list[Program], tmp_path: Path) -> Beat:
    beat = Beat(redis.url, tmp_path / "schedule")
    programs.append(beat)
    return beat
