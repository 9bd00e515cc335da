"""PostgreSQL crashes and comes back while records come in, pages are read and a worker refreshes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests import factories
from tests.conftest import Program, Worker
from tests.faults.services import Beat, Cluster, RedisServer, Web, python, until

pytestmark = [pytest.mark.faults, pytest.mark.slow]
PAGE = "o/nordlys/organisation/month/2024-03-01/"


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with TemporaryDirectory() as folder:
        cluster = Cluster(Path(folder))
        yield cluster
        cluster.ctl("stop", "-m", "immediate")


class Client(threading.Thread):
    """Sends records and reads the page, over and over. What is answered by 5xx, or not at all, is sent again, as a client would."""

    def __init__(self, web: Web) -> None:
        super().__init__(daemon=True)
        self.web, self.stopped = web, threading.Event()
        self.taken, self.again, self.strange = 0, 0, list[str]()

    def run(self) -> None:
        while not self.stopped.is_set():
            number = self.taken
            record = {"external_id": f"a{number}", "kind": "call", "rep": "r1", "occurred_at": f"2024-03-{number % 28 + 1:02}T10:00:00Z"}
            status, answer = self.web.send("activities", record)
            if status == 200:
                self.taken += 1
            else:
                self.again += 1
                if status not in (0, 503):
                    self.strange.append(f"{status} {answer}")
            if (page := self.web.page(PAGE)) not in (200, 503):
                self.strange.append(f"page: {page}")

    def has_sent(self, count: int) -> bool:
        return self.taken >= count


def look(cluster: Cluster) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(python(cluster.url, "-m", "tests.faults.elsewhere", "look"))
    return found


def test_a_crash_under_load(
    cluster: Cluster, redis: RedisServer, programs: list[Program], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every record that was acknowledged is there, and in the cells; web server, worker and beat go on by themselves."""
    monkeypatch.delenv("PGOPTIONS", raising=False)  # may say that what is acknowledged need not be safe yet
    python(cluster.url, "manage.py", "migrate", "--verbosity", "0")
    made = json.loads(python(cluster.url, "-m", "tests.faults.elsewhere", "make"))
    beat = Beat(redis.url, tmp_path / "schedule", database=cluster.url)
    programs.append(beat)
    worker = Worker(redis.url, "--concurrency", "2", database=cluster.url)
    programs.append(worker)
    web = Web(redis.url, database=cluster.url, token=made["token"])
    programs.append(web)
    assert "/accounts/" not in web.visitor.sign_in("alice@nordlys.example", factories.PASSWORD)[0]

    client = Client(web)
    client.start()
    until(lambda: client.has_sent(20), "the load is on")
    for _ in range(2):
        before = client.taken
        cluster.ctl("restart", "-m", "immediate")
        until(lambda before=before: client.has_sent(before + 20), "records are taken again")
    client.stopped.set()
    client.join(60)
    assert client.strange == []

    found = until(lambda: (seen := look(cluster))["marks"] == 0 and seen, "the worker has caught up")
    assert set(found["records"]) >= {f"a{number}" for number in range(client.taken)}
    assert found["wrong"] == []
    assert web.page(PAGE) == 200
    assert web.get("readyz")[0] == 200
    assert worker.process.poll() is None
    assert beat.process.poll() is None
