"""The server set-up for benchmarks that go through it: gunicorn with the static files compressed, as `make demo` starts it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SECONDS_TO_START = 60.0


def environment(url: str, redis: str) -> dict[str, str]:
    """For processes on the benchmark's database: static files under their hashed and compressed names, whatever is set outside."""
    static = "whitenoise.storage.CompressedManifestStaticFilesStorage"
    return os.environ | {"DATABASE_URL": url, "REDIS_URL": redis, "STATICFILES_BACKEND": static, "DEBUG": "false", "HTTPS": "false"}


@dataclass(frozen=True, slots=True)
class Web:
    address: str
    process: subprocess.Popen[bytes]

    def memory(self) -> float:
        """The most that one of its processes has held so far, in MB; shared pages count in each of them."""
        return max(peak(number) for number in (self.process.pid, *children(self.process.pid)))


def peak(number: int) -> float:
    """Of one process, by Linux's count."""
    lines = Path(f"/proc/{number}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def children(number: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{number}/task/{number}/children").read_text(encoding="utf-8").split()]


@contextmanager
def web(given: dict[str, str], *, port: int, log: Path) -> Iterator[Web]:
    """gunicorn; it ends with the block."""
    from kpi_tracker.demo.management.commands.demo import web_server

    subprocess.run([sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"], cwd=ROOT, env=given, check=True)
    log.mkdir(parents=True, exist_ok=True)
    with (log / "web.log").open("wb") as out:
        process = subprocess.Popen([sys.executable, "-m", *web_server(port)], cwd=ROOT, env=given, stdout=out, stderr=subprocess.STDOUT)
    try:
        _wait_for(port, process)
        yield Web(f"http://127.0.0.1:{port}", process)
    finally:
        process.terminate()
        process.wait(60)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    from kpi_tracker.demo.management.commands.demo import is_up

    began = time.monotonic()
    while not is_up(port):
        if process.poll() is not None:
            raise SystemExit("gunicorn ended at once; see its log.")
        if time.monotonic() - began > SECONDS_TO_START:
            raise SystemExit("gunicorn did not answer.")
        time.sleep(0.2)  # another process: nothing tells when it listens; bounded by SECONDS_TO_START


def session(world: Any, role: str = "admin") -> str:
    """The session cookie of somebody who is signed in."""
    return str(world.client(role).cookies["sessionid"].value)
