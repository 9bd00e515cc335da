"""/metrics for Prometheus."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from kpi_tracker import queues
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.rollups import builder, rebuilding, tasks
from kpi_tracker.rollups.models import DirtyBucket
from tests import factories
from tests.rollups.test_parallel import filled

pytestmark = pytest.mark.django_db
TOKEN = "a-long-random-text"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(autouse=True)
def _token(settings: Any) -> None:
    settings.METRICS_TOKEN = TOKEN


def scraped(client: Client) -> dict[tuple[str, str], float]:
    """By name and the value of the label."""
    answer = client.get("/metrics", headers=HEADERS)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(answer.content.decode()) for sample in family.samples
    }


@pytest.fixture
def orgs() -> list[Organisation]:
    """Of the first, everything waits for an hour; the second is up to date."""
    found = [filled("nordlys"), filled("solvind")]
    builder.refresh_fully(found[1])
    DirtyBucket.objects.filter(organisation=found[0]).update(marked_at=timezone.now() - dt.timedelta(hours=1))
    return found


def test_it_tells_of_each_organisation(client: Client, orgs: list[Organisation]) -> None:
    tasks.note_failure(orgs[1].pk, "OperationalError", now=timezone.now())
    rebuilding.rebuild_start(orgs[1])
    found = scraped(client)
    assert found["kpi_dirty_buckets", "nordlys"] == DirtyBucket.objects.filter(organisation=orgs[0]).count() > 0
    assert found["kpi_oldest_dirty_seconds", "nordlys"] == pytest.approx(3600, abs=60)
    assert (found["kpi_dirty_buckets", "solvind"], found["kpi_oldest_dirty_seconds", "solvind"]) == (0, 0)
    assert (found["kpi_refresh_seconds_count", "nordlys"], found["kpi_refresh_seconds_count", "solvind"]) == (0, 1)
    assert found["kpi_refresh_seconds_sum", "solvind"] > 0
    assert (found["kpi_refresh_failures_total", "nordlys"], found["kpi_refresh_failures_total", "solvind"]) == (0, 1)
    assert found["kpi_rebuild_slices_left", "nordlys"] == 0
    assert found["kpi_rebuild_slices_left", "solvind"] > 1
    assert found["kpi_verify_differences", "solvind"] == 0


def test_the_length_of_each_queue(client: Client) -> None:
    before = scraped(client)
    tasks.verify_sample.delay()
    assert {label for name, label in before if name == "kpi_queue_length"} == set(queues.NAMES)
    assert scraped(client)["kpi_queue_length", "bulk"] == before["kpi_queue_length", "bulk"] + 1


def test_a_scrape_asks_as_often_for_many_organisations_as_for_one(client: Client, django_assert_num_queries: Any) -> None:
    for number in range(12):
        filled(f"org-{number}")
    with django_assert_num_queries(4):
        scraped(client)


def test_without_a_token_in_the_settings_there_is_no_such_page(client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.parametrize("sent", ["", f"Bearer {TOKEN}x", "Bearer ", f"Basic {TOKEN}", TOKEN, "Bearer åäö"])
def test_another_token_is_refused(client: Client, sent: str) -> None:
    factories.organisation("secret-customer")
    answer = client.get("/metrics", headers={"Authorization": sent})
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert b"secret-customer" not in answer.content


def test_only_reading_is_answered(client: Client) -> None:
    assert client.post("/metrics", headers=HEADERS).status_code == 405


def test_a_queue_that_is_away_leaves_the_rest(client: Client, orgs: list[Organisation], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://127.0.0.1:1/0")
    found = scraped(client)
    assert found["kpi_dirty_buckets", "nordlys"] > 0
    assert not [name for name, _ in found if name == "kpi_queue_length"]
