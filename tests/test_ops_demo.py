"""`manage.py demo`, started for real with a small organisation."""

from __future__ import annotations

import http.cookiejar
import os
import re
import signal
import socket
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Program

pytestmark = pytest.mark.slow
ROLES = ("admin", "manager", "rep", "viewer")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def demo(programs: list[Program], var_dir: Path, port: int, *options: str) -> Program:
    """Without a key or a database in its environment, as on a clean checkout."""
    environment = {
        "VAR_DIR": str(var_dir), "PORT": str(port), "SECRET_KEY": "", "DATABASE_URL": f"sqlite:///{var_dir}/demo.sqlite3",
        "STATICFILES_BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage",
    }
    program = Program([sys.executable, "manage.py", "demo", "--scale", "0.02", *options], environment)
    programs.append(program)
    return program


@pytest.fixture(scope="module")
def var_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


def processes_with(text: str) -> list[int]:
    """The processes of this machine that hold `text` in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if folder.name != str(os.getpid()) and text.encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue  # gone meanwhile, or somebody else's
    return found


class Visitor:
    """A browser without script: keeps cookies, follows redirects."""

    def __init__(self, address: str) -> None:
        self.address = address
        jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(jar))

    def get(self, path: str) -> tuple[str, str]:
        """The address where it ended, and the page."""
        with self.opener.open(self.address + path, timeout=30) as answer:
            return answer.url, answer.read().decode()

    def sign_in(self, email: str, password: str) -> tuple[str, str]:
        _, page = self.get("accounts/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token
        form = urllib.parse.urlencode({"login": email, "password": password, "csrfmiddlewaretoken": token[1]})
        with self.opener.open(self.address + "accounts/login/", form.encode(), timeout=30) as answer:
            return answer.url, answer.read().decode()


@pytest.fixture
def logins(programs: list[Program], var_dir: Path) -> Iterator[tuple[Program, str, dict[str, tuple[str, str]]]]:
    """A running demo, its address, and what it prints as login of each role."""
    program = demo(programs, var_dir, free_port())
    address = program.wait_for("http://127.0.0.1:", seconds=180).split()[-1]
    found: dict[str, tuple[str, str]] = {}
    while len(found) < len(ROLES):
        role, email, password = program.wait_for("@").split()[:3]
        found[role] = (email, password)
    return program, address, found


def test_it_serves_each_role_and_stops_without_leaving_anything_behind(
    logins: tuple[Program, str, dict[str, tuple[str, str]]], var_dir: Path
) -> None:
    program, address, people = logins
    assert set(people) == set(ROLES)
    for role in ROLES:
        where, page = Visitor(address).sign_in(*people[role])
        assert "/accounts/" not in where, role
        assert "Nordlys" in page, role
    assert processes_with(str(var_dir))
    assert program.stop(signal.SIGTERM) == 0
    assert processes_with(str(var_dir)) == []


def test_a_second_start_keeps_the_data_and_ctrl_c_stops_it(logins: tuple[Program, str, dict[str, tuple[str, str]]], var_dir: Path) -> None:
    program, address, people = logins
    where, _ = Visitor(address).sign_in(*people["manager"])
    assert "/accounts/" not in where
    assert program.stop(signal.SIGINT) == 0
    assert processes_with(str(var_dir)) == []


def test_a_port_in_use_is_said_at_once(programs: list[Program], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        program = demo(programs, tmp_path, port)
        program.wait_for(f"already listens on port {port}")
        assert program.process.wait(60) == 1


def test_the_death_of_one_process_stops_the_other_and_is_named(
    logins: tuple[Program, str, dict[str, tuple[str, str]]], var_dir: Path
) -> None:
    program, _, _ = logins
    leaders = [pid for pid in processes_with(str(var_dir)) if os.getpgid(pid) == pid]
    [worker] = [pid for pid in leaders if b"celery" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(worker, signal.SIGKILL)
    program.wait_for("The worker process ended by itself")
    assert program.process.wait(60) == 1
    assert processes_with(str(var_dir)) == []
