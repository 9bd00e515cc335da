"""The server set-up for benchmarks that go through it: gunicorn with the static files compressed, as `make demo` starts it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SECONDS_TO_START = 60.0


def environment(url: str, redis: str) -> dict[str, str]:
    """For processes on the benchmark's database: static files under their hashed and compressed names, whatever is set outside."""
    static = "whitenoise.storage.CompressedManifestStaticFilesStorage"
    return os.environ | {"DATABASE_URL": url, "REDIS_URL": redis, "STATICFILES_BACKEND": static, "DEBUG": "false", "HTTPS": "false"}


@contextmanager
def web(given: dict[str, str], *, port: int, log: Path) -> Iterator[str]:
    """gunicorn, with its address; it ends with the block."""
    from kpi_tracker.demo.management.commands.demo import web_server

    subprocess.run([sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"], cwd=ROOT, env=given, check=True)
    log.mkdir(parents=True, exist_ok=True)
    with (log / "web.log").open("wb") as out:
        process = subprocess.Popen([sys.executable, "-m", *web_server(port)], cwd=ROOT, env=given, stdout=out, stderr=subprocess.STDOUT)
    try:
        _wait_for(port, process)
        yield f"http://127.0.0.1:{port}"
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
        time.sleep(0.2)


def session(world: Any, role: str = "admin") -> str:
    """The session cookie of somebody who is signed in."""
    return str(world.client(role).cookies["sessionid"].value)
