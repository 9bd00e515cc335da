"""How many activities a second one process takes through the bulk API (bar: 2,000). On the database that DATABASE_URL names, else SQLite.

    python benchmarks/bulk_api.py [--records 50000]

Whole requests: token, JSON, checks, upsert, triggers, commit. In a database of its own, which is gone afterwards.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

import django

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.outcome import Outcome  # noqa: E402

BAR = 2000
PER_REQUEST = 5000
REPS, CUSTOMERS = 50, 4000
FIRST = dt.datetime(2024, 1, 1, 8, tzinfo=dt.UTC)


def activity(n: int, outcome: str = "reached") -> dict[str, Any]:
    return {
        "external_id": f"a{n}", "kind": ("call", "email", "meeting")[n % 3], "outcome": outcome, "rep": f"r{n % REPS}",
        "customer_id": f"c{n % CUSTOMERS}", "occurred_at": (FIRST + dt.timedelta(minutes=7 * n)).isoformat(), "subject": f"About order {n}",
        "duration_s": n % 1800,
    }


def send(client: Any, kind: str, records: list[dict[str, Any]]) -> dict[str, int]:
    counts = {"created": 0, "updated": 0, "unchanged": 0}
    for first in range(0, len(records), PER_REQUEST):
        body = json.dumps({"source": "crm", "records": records[first : first + PER_REQUEST]})
        answer = client.post(f"/api/v1/{kind}/bulk", body, content_type="application/json")
        if answer.status_code != 200:
            raise SystemExit(f"{answer.status_code}: {answer.content[:500]!r}")
        for name in counts:
            counts[name] += answer.json()[name]
    return counts


def timed(found: Outcome, label: str, client: Any, records: list[dict[str, Any]]) -> None:
    start = time.perf_counter()
    counts = send(client, "activities", records)
    found.add(f"activities a second, {label}", len(records) / (time.perf_counter() - start), "/s", least=BAR)
    print(f"    {counts}")


def measure(amount: int) -> Outcome:
    from django.db import connection
    from django.test import Client

    from integrations.models import ApiToken
    from integrations.tokens import token_create
    from kpi_tracker.sales.services import organisation_open

    organisation = organisation_open(name="Benchmark", slug="benchmark")
    _token, secret = token_create(organisation=organisation, name="Benchmark", right=ApiToken.Right.WRITE)
    client = Client(headers={"authorization": f"Bearer {secret}"})
    send(client, "reps", [{"external_id": f"r{n}", "name": f"Rep {n}"} for n in range(REPS)])
    send(client, "customers", [{"external_id": f"c{n}", "name": f"Customer {n}", "owner": f"r{n % REPS}"} for n in range(CUSTOMERS)])
    print(f"{connection.vendor}, {amount:,} activities in requests of {PER_REQUEST:,}")
    found = Outcome("bulk_api", database=connection.vendor, at=dt.datetime.now(dt.UTC), activities=amount)
    records = [activity(n) for n in range(amount)]
    timed(found, "new", client, records)
    timed(found, "sent again", client, records)
    records[::10] = [activity(n, "not_reached") for n in range(0, amount, 10)]
    timed(found, "sent again with a tenth changed", client, records)
    found.add("peak memory of this process", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MB")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=50_000)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kpi_tracker.settings")
    os.environ.setdefault("SECRET_KEY", "only-for-this-benchmark-0123456789-0123456789")
    django.setup()
    from django.conf import settings
    from django.test.utils import get_runner, setup_test_environment

    setup_test_environment()
    runner = get_runner(settings)(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    try:
        found = measure(options.records)
    finally:
        runner.teardown_databases(databases)
    raise SystemExit(bool(found.missed))


if __name__ == "__main__":
    main()
