"""``/metrics``: requests of this process by route and status, and how the work behind the pages goes."""

from __future__ import annotations

import asyncpg
import structlog
from litestar import Response, get
from litestar.types import ControllerRouterHandler
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from complaints_service.clock import monotonic
from complaints_service.database import UNAVAILABLE
from complaints_service.web.health import Health, Work
from complaints_service.web.operations import Api

log = structlog.get_logger(__name__)

# A second series beside each counter that nobody reads.
disable_created_metrics()

# Whoever asks more often than this gets the same figures: counting costs the database something.
FRESH_SECONDS = 5.0
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

# Field of Work -> metric and its meaning. Ages are -1 when nothing was ever seen.
GAUGES: dict[str, tuple[str, str]] = {
    "outbox_waiting": ("complaints_outbox_waiting", "Messages that are not sent yet"),
    "outbox_dead": ("complaints_outbox_dead", "Messages that could not be sent and wait for a person"),
    "unsent_age": ("complaints_outbox_oldest_seconds", "How long the oldest message has been waiting"),
    "timers_due": ("complaints_timers_due", "Timers that are due and have not fired"),
    "timer_age": ("complaints_timers_oldest_due_seconds", "How long the oldest due timer has been waiting"),
    "tickets_open": ("complaints_tickets_open", "Tickets that are not ended"),
    "alarms_open": ("complaints_alarms_open", "Alarms that nobody has cleared"),
    "sending_held": ("complaints_sending_held", "1 while a person holds all sending, after a restore"),
    "worker_age": ("complaints_worker_heartbeat_seconds", "Seconds since a worker was last seen"),
    "web_age": ("complaints_web_heartbeat_seconds", "Seconds since a web process was last seen"),
    "sweep_age": ("complaints_worker_sweep_seconds", "Seconds since a worker last looked for everything due"),
}


class Metrics:
    """The figures of one process, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self._requests = Counter(
            "complaints_http_requests", "Answered requests", ("method", "route", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "complaints_http_request_seconds",
            "Seconds until the answer was complete",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._database_up = Gauge(
            "complaints_database_up", "1 when the database answered this request for figures", registry=self.registry
        )
        self._gauges = {
            field: Gauge(name, meaning, registry=self.registry) for field, (name, meaning) in GAUGES.items()
        }
        # Children are kept: looking one up by its labels costs more than counting.
        self._counts: dict[tuple[str, str, int], Counter] = {}
        self._durations: dict[str, Histogram] = {}
        self._read_at = -FRESH_SECONDS

    def record(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request. ``route`` is the template, never the path: numbers and tokens are in paths."""
        key = (method, route, status)
        count = self._counts.get(key)
        if count is None:
            count = self._counts[key] = self._requests.labels(method, route, str(status))
        count.inc()
        duration = self._durations.get(route)
        if duration is None:
            duration = self._durations[route] = self._seconds.labels(route)
        duration.observe(seconds)

    async def page(self, health: Health) -> bytes:
        """The figures in Prometheus's text format; those of the database at most 5 s old, absent work leaves them as they were."""
        now = monotonic()
        if now - self._read_at >= FRESH_SECONDS:
            self._read_at = now
            try:
                self._show(await health.work())
                self._database_up.set(1)
            except (*UNAVAILABLE, asyncpg.PostgresError) as error:
                log.warning("no_figures_of_work", error=type(error).__name__)
                self._database_up.set(0)
        return generate_latest(self.registry)

    def _show(self, work: Work) -> None:
        for field, gauge in self._gauges.items():
            value: float | None = getattr(work, field)
            gauge.set(-1 if value is None else value)


@get("/metrics", tags=["Operation"], summary="Figures for Prometheus", api=Api(media=("text/plain",)))
async def metrics_page(metrics: Metrics, health: Health) -> Response[bytes]:
    """Requests, durations, queues, ages; no personal data."""
    return Response(await metrics.page(health), headers={"Cache-Control": "no-store"}, media_type=CONTENT_TYPE_LATEST)


ROUTES: list[ControllerRouterHandler] = [metrics_page]
