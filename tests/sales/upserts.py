"""Writing records in tests, at a fixed moment."""

from __future__ import annotations

import datetime as dt
from typing import Any

from kpi_tracker.orgs.models import Organisation
from kpi_tracker.sales.records import AnyRecord, DealRecord, Kind
from kpi_tracker.sales.services import UpsertSummary, records_upsert

NOW = dt.datetime(2026, 5, 20, 12, tzinfo=dt.UTC)
TODAY = dt.date(2026, 5, 20)
DAY = dt.date(2026, 5, 4)


def upsert(org: Organisation, kind: Kind, *records: AnyRecord, source: str = "crm", **options: Any) -> UpsertSummary:
    return records_upsert(organisation=org, kind=kind, records=records, source=source, now=NOW, **options)


def counts(summary: UpsertSummary) -> tuple[int, int, int]:
    return summary.created, summary.updated, summary.unchanged


def deal(**fields: Any) -> DealRecord:
    return DealRecord(**{"external_id": "d1", "name": "Fleet", "stage": "Qualified", "opened_on": DAY, **fields})
