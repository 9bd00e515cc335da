"""Fixtures and switches of the whole suite."""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from django.conf import settings
from django.db import connection
from django.db.backends.sqlite3.base import DatabaseOperations
from hypothesis import settings as hypothesis_settings
from redis import Redis

from kpi_tracker.rollups.models import DirtyBucket
from tests.environment import TEST_REDIS_URL

ROOT = Path(__file__).resolve().parent.parent
# On a busy machine an example may take long without being wrong.
hypothesis_settings.register_profile("suite", deadline=None)
hypothesis_settings.load_profile("suite")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-skips", action="store_true", help="fail where any test was skipped: every part of the suite is to run here")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what means nothing on this database; that is not a skipped test."""
    if connection.vendor != "postgresql":
        elsewhere = [item for item in items if item.get_closest_marker("postgresql")]
        items[:] = [item for item in items if item not in elsewhere]
        config.hook.pytest_deselected(items=elsewhere)


def pytest_sessionfinish(session: pytest.Session) -> None:
    report = session.config.pluginmanager.get_plugin("terminalreporter")
    if session.config.getoption("--no-skips") and report is not None and report.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session", autouse=True)
def _flush_marks_last() -> Iterator[None]:
    """SQLite empties tables row by row, and the triggers mark the rows' days again: so the marks must go last."""
    original = DatabaseOperations.sql_flush

    def sql_flush(self: DatabaseOperations, style: Any, tables: Sequence[str], **options: Any) -> list[str]:
        marks = DirtyBucket._meta.db_table
        return original(self, style, sorted(tables, key=lambda table: table == marks), **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", sql_flush)
        yield


class Program:
    """A program under test: its lines are read as they come, so that nobody has to sleep and look again."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "PYTHONUNBUFFERED": "1", **environment}, text=True, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        self.lines: list[str] = []
        self._coming: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as out:
            for line in out:
                self._coming.put(line.rstrip("\n"))
        self._coming.put(None)

    def wait_for(self, text: str, seconds: float = 60) -> str:
        """The next line that contains `text`; fails where the program ends or stays silent that long."""
        while True:
            try:
                line = self._coming.get(timeout=seconds)
            except queue.Empty:
                line = None
            if line is None:
                pytest.fail(f"{text!r} was not printed. Output:\n" + "\n".join(self.lines))
            self.lines.append(line)
            if text in line:
                return line

    def rest(self) -> Iterator[str]:
        """What was printed and not waited for, of a program that has ended."""
        while (line := self._coming.get(timeout=60)) is not None:
            yield line
        self._coming.put(None)

    def stop(self, number: int = signal.SIGTERM, seconds: float = 60) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(seconds)


@pytest.fixture
def programs() -> Iterator[list[Program]]:
    """Programs put into this list are gone when the test ends, however it ends."""
    started: list[Program] = []
    yield started
    for program in started:
        if program.process.poll() is None:
            os.killpg(program.process.pid, signal.SIGKILL)
        program.process.wait()


def database_url() -> str:
    """The address of the database of this test, for a program that is started by it."""
    database: dict[str, Any] = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    password = f":{database['PASSWORD']}" if database["PASSWORD"] else ""
    return f"postgres://{database['USER']}{password}@{database['HOST']}:{database['PORT'] or 5432}/{database['NAME']}"


@pytest.fixture
def redis_url(worker_id: str) -> str:
    """A Redis database that no other process of this run uses."""
    if not TEST_REDIS_URL:
        pytest.skip("REDIS_URL names no Redis server")
    address, _, number = TEST_REDIS_URL.rpartition("/") if TEST_REDIS_URL.count("/") > 2 else (TEST_REDIS_URL, "", "0")
    return f"{address}/{int(number or 0) + int(worker_id.removeprefix('gw') if worker_id != 'master' else 0)}"


class Worker(Program):
    """A Celery worker over Redis. launcher: the Python module that is Celery, with what stands before its own arguments."""

    def __init__(self, broker: str, *options: str, database: str = "", launcher: Sequence[str] = ("celery",)) -> None:
        self.client = Celery(broker=broker, set_as_current=False)
        super().__init__(
            [sys.executable, "-m", *launcher, "--app", "kpi_tracker", "worker", "--pool", "threads", "--loglevel", "INFO", *options],
            {"REDIS_URL": broker, "DATABASE_URL": database or database_url(), "SECRET_KEY": settings.SECRET_KEY, "LOG_LEVEL": "INFO"},
        )

    def run(self, task: str, *args: Any) -> str:
        """Send a task and wait until the worker says that it is done."""
        sent = self.client.send_task(task, args=args)
        return self.wait_for(f"Task {task}[{sent.id}] succeeded")

    def wait_until_done(self, task: str) -> None:
        """Wait for a task that another one started, unless it is done already."""
        done = re.compile(rf"Task {re.escape(task)}\[[^]]+\] succeeded")
        while not any(done.search(line) for line in self.lines):
            self.wait_for("succeeded")


@pytest.fixture
def celery_worker(transactional_db: None, redis_url: str, programs: list[Program]) -> Worker:
    """A real worker process over a real Redis, on the database of this test."""
    Redis.from_url(redis_url).flushdb()
    worker = Worker(redis_url)
    programs.append(worker)
    worker.wait_for(" ready.")
    return worker
