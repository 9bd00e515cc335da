"""Servers and processes that a test may stop, kill, empty and start again, and ways to stop a worker at a known point."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from kombu import Connection
from redis import Redis

from kpi_tracker import queues
from kpi_tracker.celery import app
from kpi_tracker.demo.management.commands.demo import web_server
from tests.conftest import Program, Worker, database_url
from tests.test_ops_demo import Visitor, free_port

TASKS = "kpi_tracker.rollups.tasks."
SECONDS = 60.0
_pause = threading.Event()


def until(condition: Callable[[], Any], what: str, seconds: float = SECONDS) -> Any:
    """What `condition` answers, once that is true; fails where it is not within so many seconds."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > end:
            pytest.fail(f"Not within {seconds:.0f} seconds: {what}")
        _pause.wait(0.02)
    return found


def program_of(name: str, *places: str) -> str:
    """Where a program lies, in PATH or in one of `places` (patterns below /); the newest of several."""
    found = [shutil.which(name), *(str(path) for place in places for path in sorted(Path("/").glob(f"{place}/{name}"), reverse=True))]
    return next((path for path in found if path), None) or pytest.skip(f"{name} is not installed")


class RedisServer:
    """A Redis of the test's own. What it holds lies in a file, as docker-compose.yml has it."""

    def __init__(self, programs: list[Program], folder: Path) -> None:
        self.programs, self.folder, self.port = programs, folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        command = [program_of("redis-server"), "--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder)]
        self.program = Program([*command, "--save", "", "--appendonly", "yes"], {})
        self.programs.append(self.program)
        self.program.wait_for("Ready to accept connections")

    def stop(self) -> None:
        assert self.program.stop() == 0


class Web(Program):
    """The web server, as it runs in earnest, with pages for a browser and the API for a program. within: a command that runs it."""

    def __init__(self, redis: str, *, database: str = "", token: str = "", within: Sequence[str] = ()) -> None:
        self.port, self.token = free_port(), token
        self.address = f"http://127.0.0.1:{self.port}/"
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self.visitor = Visitor(self.address)
        environment = {"REDIS_URL": redis, "DATABASE_URL": database or database_url(), "SECRET_KEY": settings.SECRET_KEY}
        super().__init__([*within, sys.executable, "-m", *web_server(self.port)], environment)
        until(lambda: self.process.poll() is not None or self.get("healthz")[0] == 200, "the web server answers")

    def get(self, path: str) -> tuple[int, str]:
        return self._ask(urllib.request.Request(self.address + path))  # noqa: S310  (our own address)

    def page(self, path: str) -> int:
        """The status of a page, for the person who signed in."""
        try:
            self.visitor.get(path)
        except urllib.error.HTTPError as error:
            return error.code
        return 200

    def send(self, kind: str, *records: dict[str, Any]) -> tuple[int, str]:
        """Records through the API; 0: no answer."""
        body = json.dumps({"source": "crm", "records": records}).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        return self._ask(urllib.request.Request(f"{self.address}api/v1/{kind}/bulk", body, headers))  # noqa: S310

    def _ask(self, request: urllib.request.Request) -> tuple[int, str]:
        try:
            with self.opener.open(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)


class Beat(Program):
    """What plans jobs, in a process of its own."""

    def __init__(self, redis: str, schedule: Path, *, database: str = "") -> None:
        command = ["celery", "--app", "kpi_tracker", "beat", "--loglevel", "INFO", "--schedule", str(schedule), "--pidfile", ""]
        super().__init__(
            [sys.executable, "-m", *command],
            {"REDIS_URL": redis, "DATABASE_URL": database or database_url(), "SECRET_KEY": settings.SECRET_KEY, "LOG_LEVEL": "INFO"},
        )
        self.wait_for("beat: Starting...")


class Cluster:
    """A PostgreSQL server of the test's own, in a folder that any user may reach. As root, which it refuses, it runs as `postgres`."""

    def __init__(self, folder: Path) -> None:
        self.data, self.log, self.port = folder / "data", folder / "log", free_port()
        self.as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if self.as_user:
            shutil.chown(folder, "postgres")
        self.call("initdb", "--pgdata", str(self.data), "--username", "kpi", "--auth", "trust", "--no-sync", "--encoding", "UTF8")
        self.options = f"-c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories={folder}"
        self.ctl("start")
        self.url = f"postgres://kpi@127.0.0.1:{self.port}/postgres"

    def call(self, name: str, *arguments: str) -> None:
        done = subprocess.run(
            [*self.as_user, program_of(name, "usr/lib/postgresql/*/bin"), *arguments],
            cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )
        assert done.returncode == 0, done.stdout

    def ctl(self, what: str, *arguments: str) -> None:
        self.call("pg_ctl", what, "--pgdata", str(self.data), "--log", str(self.log), "--wait", "-o", self.options, *arguments)


def python(database: str, *arguments: str) -> str:
    """What a Python program printed that ran on another database."""
    environment = {**os.environ, "DATABASE_URL": database, "REDIS_URL": "", "SECRET_KEY": settings.SECRET_KEY}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def send(broker: str, task: str, *args: Any, **options: Any) -> str:
    """Send a task as the application does, over that broker; the message's id."""
    with Connection(broker) as link:
        sent = app.send_task(task if "." in task else TASKS + task, args=args, connection=link, **options)
    return str(sent.id)


def kill(worker: Worker) -> None:
    os.killpg(worker.process.pid, signal.SIGKILL)
    worker.process.wait()


class Brake:
    """Stops whoever writes a certain row of a table, in the middle of the transaction.

    On PostgreSQL by a trigger that waits for a lock which the test holds. On SQLite by one that never ends; before that it
    writes more than the cache holds, so that the log file tells where it is.
    """

    SPILL = 64_000_000  # bytes; the cache holds half of it

    def __init__(self, table: str, where: str) -> None:
        self.table, self.where = table, where

    def put_on(self) -> None:
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SELECT pg_advisory_lock(7, 7)")
                cursor.execute(
                    "CREATE FUNCTION faults_brake() RETURNS trigger LANGUAGE plpgsql AS"
                    " $$ BEGIN PERFORM pg_advisory_xact_lock(7, 7); RETURN NEW; END $$"
                )
                cursor.execute(
                    f"CREATE TRIGGER faults_brake BEFORE INSERT OR UPDATE ON {self.table} FOR EACH ROW WHEN ({self.where})"
                    " EXECUTE FUNCTION faults_brake()"
                )
            else:
                cursor.execute("CREATE TABLE faults_spill (filling BLOB)")
                cursor.execute(
                    "CREATE VIEW faults_for_ever AS"
                    " WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x FROM n) SELECT COUNT(*) AS turns FROM n"
                )
                for event in ("INSERT", "UPDATE"):
                    cursor.execute(
                        f"CREATE TRIGGER faults_brake_{event} BEFORE {event} ON {self.table} WHEN {self.where} BEGIN"
                        f" INSERT INTO faults_spill VALUES (zeroblob({self.SPILL})); SELECT turns FROM faults_for_ever; END"
                    )

    def let_go(self) -> None:
        """On PostgreSQL only: who is stopped goes on."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(7, 7)")

    def holds(self) -> bool:
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = 7 AND objid = 7 AND NOT granted")
                return cursor.fetchone() is not None
        log = Path(f"{connection.settings_dict['NAME']}-wal")
        return log.exists() and log.stat().st_size > self.SPILL // 4

    def take_off(self) -> None:
        """Once whoever was stopped is dead."""
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                self.let_go()
                until(lambda: not self.others_at_work(), "what the dead worker had begun is rolled back")
                cursor.execute(f"DROP TRIGGER faults_brake ON {self.table}")
                cursor.execute("DROP FUNCTION faults_brake()")
            else:
                for event in ("INSERT", "UPDATE"):
                    cursor.execute(f"DROP TRIGGER faults_brake_{event}")
                cursor.execute("DROP VIEW faults_for_ever")
                cursor.execute("DROP TABLE faults_spill")
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @staticmethod
    def others_at_work() -> bool:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL"
            )
            return cursor.fetchone() is not None


def kill_while_writing(victim: Worker | Callable[[], Any], table: str, where: str, begin: Callable[[], Any]) -> None:
    """Have `victim` work, and kill it when it is about to write the first row of `table` for which `where` (of NEW) holds."""
    brake = Brake(table, where)
    brake.put_on()
    try:
        begin()
        until(brake.holds, f"a worker writes {table} where {where}")
    finally:
        if isinstance(victim, Worker):
            kill(victim)
        else:
            victim()
        brake.take_off()


def children(pid: int) -> list[int]:
    return [int(one) for path in Path(f"/proc/{pid}/task").glob("*/children") for one in path.read_text().split()]


def idle(broker: str) -> bool:
    """Nothing waits and nobody is at anything."""
    with Redis.from_url(broker) as client:
        return not sum(client.llen(name) for name in queues.NAMES) + client.hlen("unacked")
