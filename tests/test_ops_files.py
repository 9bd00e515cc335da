"""What the server set-up is made of, as far as it can be checked without a container engine."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from kpi_tracker import queues
from kpi_tracker.celery import app
from kpi_tracker.demo.management.commands.demo import WORKER

ROOT = Path(__file__).resolve().parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
WORKERS = {"worker-live", "worker-bulk"}
OURS = {"migrate", "web", "beat"} | WORKERS


def test_the_services_of_the_server_set_up() -> None:
    assert set(COMPOSE["services"]) == OURS | {"postgres", "redis"}
    for name, service in COMPOSE["services"].items():
        assert name == "migrate" or "healthcheck" in service, name


def test_everything_waits_for_the_database_and_its_migrations() -> None:
    for name in OURS - {"migrate"}:
        waits = COMPOSE["services"][name]["depends_on"]
        assert {service: need["condition"] for service, need in waits.items()} == {
            "postgres": "service_healthy", "redis": "service_healthy", "migrate": "service_completed_successfully",
        }


def option(command: list[str], name: str) -> str:
    return command[command.index(name) + 1]


def test_each_queue_is_taken_by_one_kind_of_worker() -> None:
    """And the one worker of one machine takes them all."""
    commands = [COMPOSE["services"][name]["command"] for name in sorted(WORKERS)]
    taken = [queue for command in commands for queue in option(command, "--queues").split(",")]
    assert sorted(taken) == sorted(queues.NAMES) == sorted(queue.name for queue in app.conf.task_queues)
    assert sorted(option(WORKER, "--queues").split(",")) == sorted(queues.NAMES)
    assert option(COMPOSE["services"]["worker-live"]["command"], "--queues") == queues.LIVE


def test_a_worker_is_asked_by_the_name_that_it_has() -> None:
    for name in WORKERS:
        service = COMPOSE["services"][name]
        known = option(service["command"], "--hostname").removesuffix("%h")
        assert f"--destination {known}$$HOSTNAME " in service["healthcheck"]["test"][1]


def test_compose_sets_only_variables_that_the_settings_read() -> None:
    read = set(re.findall(r"""\benv(?:\.\w+)?\(\s*["']([A-Z_]+)["']""", (ROOT / "kpi_tracker/settings.py").read_text()))
    for name in OURS:
        assert set(COMPOSE["services"][name]["environment"]) <= read, name


def test_every_volume_is_declared() -> None:
    used = {volume.split(":")[0] for service in COMPOSE["services"].values() for volume in service.get("volumes", [])}
    assert used == set(COMPOSE["volumes"])


def test_no_secret_has_a_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    assert not re.findall(r"\$\{(?:SECRET_KEY|POSTGRES_PASSWORD)(?!:\?)", text)


def test_the_image_installs_by_hash_and_does_not_run_as_root() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert any(line.startswith("RUN pip install --require-hashes") for line in lines)
    assert [line for line in lines if line.startswith("USER ")] == ["USER kpi"]


def test_the_lock_names_no_registry_and_pins_every_package_by_hash() -> None:
    for name in ("runtime", "dev", "uv"):
        text = (ROOT / f"requirements/{name}.txt").read_text()
        assert "://" not in text
        for block in re.split(r"\n(?=[a-z])", text):
            assert re.match(r"[a-z0-9._-]+(\[[a-z,]+\])?==\S+.* \\\n    --hash=sha256:", block), block.split("\n")[0]


def pinned(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?==(\S+)", (ROOT / f"requirements/{name}.txt").read_text(), re.M))


def test_the_dev_lock_holds_the_runtime_lock() -> None:
    assert pinned("runtime").items() <= pinned("dev").items()


def test_a_start_without_a_key_fails_with_one_clear_line(tmp_path: Path) -> None:
    environment = {"VAR_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "manage.py", "check"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "Set SECRET_KEY to a long random text" in done.stderr.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []
