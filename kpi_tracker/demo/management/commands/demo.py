from __future__ import annotations

import errno
import hashlib
import http.client
import signal
import socket
import threading
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import BaseCommand, CommandError, CommandParser, call_command
from django.utils import timezone

from kpi_tracker.demo.accounts import ACCOUNTS, PASSWORD, SLUG
from kpi_tracker.demo.processes import Processes
from kpi_tracker.orgs.models import Organisation

HOST = "127.0.0.1"
SECONDS_TO_START = 90.0


class Command(BaseCommand):
    help = "Set up a demo organisation and start the web server and the jobs; Ctrl-C stops both."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--fresh", action="store_true", help="throw the demo organisation away and make it anew, up to today")
        parser.add_argument("--scale", type=float, default=1.0, help="how much is sold and done in it; 1 is the full size")

    def handle(self, *args: Any, fresh: bool, scale: float, **options: Any) -> None:
        # Before the long part, so that nobody waits for it in vain.
        check_port_is_free(settings.PORT)
        try:
            self.prepare(fresh=fresh, scale=scale)
        except KeyboardInterrupt:
            raise CommandError("Stopped before it was set up; the next start goes on.", returncode=130) from None
        stopped = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: stopped.set())
        processes = Processes(settings.VAR_DIR / "log")
        try:
            self.serve(processes, stopped)
        finally:
            processes.stop()
        self.stdout.write("Stopped.")

    def prepare(self, *, fresh: bool, scale: float) -> None:
        self.say("Preparing the database")
        settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
        call_command("migrate", interactive=False, verbosity=0)
        call_command("createcachetable", verbosity=0)
        if collect_static():
            self.say("Collected style sheets and scripts")
        if fresh or not Organisation.objects.filter(slug=SLUG).exists():
            call_command("seed_demo", stdout=self.stdout, stderr=self.stderr, fresh=fresh, scale=scale)

    def serve(self, processes: Processes, stopped: threading.Event) -> None:
        self.say("Starting the web server and the jobs")
        environment = {"SECRET_KEY": settings.SECRET_KEY, "PYTHONUNBUFFERED": "1"}
        processes.start("web", web_server(settings.PORT), environment)
        processes.start("worker", WORKER, environment)
        address = f"http://{HOST}:{settings.PORT}/"
        answers = False
        for _ in range(round(SECONDS_TO_START / 0.1)):
            answers = answers or is_up(settings.PORT)
            if answers or processes.dead() or stopped.wait(0.1):
                break
        if answers:
            self.welcome(address)
        elif not processes.dead() and not stopped.is_set():
            raise CommandError(f"The web server did not answer within {SECONDS_TO_START:.0f} seconds; see {processes.log_dir}.")
        while not stopped.wait(0.2):
            if child := processes.dead():
                self.stderr.write(child.last_lines())
                raise CommandError(f"The {child.name} process ended by itself (exit code {child.process.returncode}); its log: {child.log}")

    def welcome(self, address: str) -> None:
        self.stdout.write("")
        self.stdout.write(self.style.SUCCESS(f"KPI Tracker is running: {address}"))
        self.stdout.write("")
        for account in ACCOUNTS:
            self.stdout.write(f"  {account.role.value:<9}{account.email:<26}{PASSWORD}")
        self.stdout.write("")
        if age := age_in_days():
            self.stdout.write(f"Its records end {age} days ago, when it was made. Up to today again: make demo ARGS=--fresh")
        self.say("Ctrl-C stops it.")

    def say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def age_in_days() -> int:
    """How long ago the demo organisation was made: its records end on that day."""
    organisation = Organisation.objects.get(slug=SLUG)
    return (organisation.local_day(timezone.now()) - organisation.local_day(organisation.created_at)).days


def web_server(port: int) -> list[str]:
    return [
        "gunicorn", "kpi_tracker.wsgi", "--bind", f"{HOST}:{port}", "--worker-class", "gthread", "--workers", "2", "--threads", "4",
        "--preload", "--no-control-socket", "--graceful-timeout", "5", "--log-level", "warning",
    ]


# Beat runs inside the one worker: nothing else plans jobs on this machine. Beside a long job it takes a short one.
WORKER = [
    "celery", "--app", "kpi_tracker", "worker", "--queues", "live,bulk,celery", "--beat", "--pool", "threads", "--concurrency", "2",
    "--without-gossip", "--without-mingle", "--loglevel", "WARNING",
]


def check_port_is_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as problem:
            if problem.errno == errno.EADDRINUSE:
                raise CommandError(
                    f"Something else already listens on port {port}, perhaps another demo. Choose another port: PORT={port + 1} make demo"
                ) from problem
            raise CommandError(f"Port {port} cannot be used: {problem.strerror}. Choose another: PORT=8001 make demo") from problem


def is_up(port: int) -> bool:
    """Asked without urllib, which would go through a proxy named in the environment."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def collect_static() -> bool:
    """Collect only where a file changed since the last time: hashing and compressing them all takes seconds."""
    found = hashlib.sha256(settings.STORAGES["staticfiles"]["BACKEND"].encode())
    for finder in get_finders():
        for name, storage in sorted(finder.list([]), key=lambda entry: entry[0]):
            state = Path(storage.path(name)).stat()
            found.update(f"{name} {state.st_size} {state.st_mtime_ns}\n".encode())
    stamp = settings.STATIC_ROOT / ".collected"
    if stamp.exists() and stamp.read_text() == found.hexdigest():
        return False
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamp.write_text(found.hexdigest())
    return True
