"""/metrics for Prometheus: how fresh the cells of each organisation are, and what waits in the queues."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from django.conf import settings
from django.db.models import Count, Min
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily

from kpi_tracker import queues
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.rollups.models import DirtyBucket, RebuildSlice, RollupState
from kpi_tracker.web import public

log = logging.getLogger(__name__)
LABEL = ("organisation",)


class Collector:
    """Asks the database when it is scraped: four queries, however many organisations there are."""

    def collect(self) -> Iterator[Metric]:
        slugs = dict(Organisation.objects.order_by("slug").values_list("pk", "slug"))
        yield from self._dirt(slugs)
        yield from self._refreshes(slugs)
        yield self._rebuilds(slugs)
        yield self._queues()

    def _dirt(self, slugs: dict[int, str]) -> Iterator[Metric]:
        marks = DirtyBucket.objects.order_by().values("organisation_id").annotate(number=Count("pk"), oldest=Min("marked_at"))
        found = {row["organisation_id"]: (row["number"], row["oldest"]) for row in marks}
        buckets = GaugeMetricFamily("kpi_dirty_buckets", "Marks of changed days that wait for a refresh.", labels=LABEL)
        oldest = GaugeMetricFamily("kpi_oldest_dirty_seconds", "Age of the oldest mark that waits; 0 without any.", labels=LABEL)
        now = timezone.now()
        for number, slug in slugs.items():
            count, since = found.get(number, (0, now))
            buckets.add_metric([slug], count)
            oldest.add_metric([slug], max((now - since).total_seconds(), 0))
        yield buckets
        yield oldest

    def _refreshes(self, slugs: dict[int, str]) -> Iterator[Metric]:
        seconds = SummaryMetricFamily("kpi_refresh_seconds", "Time spent in refreshes that had something to do.", labels=LABEL)
        failures = CounterMetricFamily("kpi_refresh_failures", "Refreshes and slices of rebuilds that ended in an error.", labels=LABEL)
        differences = GaugeMetricFamily("kpi_verify_differences", "Cells that differed from their records in the last check.", labels=LABEL)
        states = {state.organisation_id: state for state in RollupState.objects.all()}
        for number, slug in slugs.items():
            state = states.get(number, RollupState())
            seconds.add_metric([slug], count_value=state.refreshes, sum_value=state.seconds)
            failures.add_metric([slug], state.failures)
            differences.add_metric([slug], state.differences)
        yield from (seconds, failures, differences)

    def _rebuilds(self, slugs: dict[int, str]) -> Metric:
        waiting = RebuildSlice.objects.filter(rebuild__done_at=None, done_at=None).order_by().values("organisation_id")
        left = dict(waiting.annotate(number=Count("pk")).values_list("organisation_id", "number"))
        slices = GaugeMetricFamily("kpi_rebuild_slices_left", "Slices of a rebuild that are still to be done.", labels=LABEL)
        for number, slug in slugs.items():
            slices.add_metric([slug], left.get(number, 0))
        return slices

    def _queues(self) -> Metric:
        """Without values where the queue is away."""
        found = GaugeMetricFamily("kpi_queue_length", "Jobs that no worker has taken yet.", labels=("queue",))
        try:
            for name, length in queues.lengths().items():
                found.add_metric([name], length)
        except queues.Away as problem:
            log.warning("The queue is away: %s", problem)
        return found


@public
@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """404 unless METRICS_TOKEN is set, 401 unless it is sent as bearer token."""
    if not settings.METRICS_TOKEN:
        raise Http404
    if not constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {settings.METRICS_TOKEN}"):
        return HttpResponse("A bearer token is needed.\n", status=401, headers={"WWW-Authenticate": "Bearer"}, content_type="text/plain")
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Collector())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
