"""``/health/live`` and ``/health/ready``.

Ready means database and migrations only: a mail outage or a stalled worker must not take web processes out of service. Those make
the answer ``degraded``, with status 200, and are in the metrics and alarms (RELIABILITY.md, rule 8).
"""

from __future__ import annotations

import asyncio
from enum import StrEnum

import asyncpg
import msgspec
import structlog
from litestar import Response, get
from litestar.types import ControllerRouterHandler

from complaints_service.database import UNAVAILABLE, Database, Scope, missing_migrations, queries
from complaints_service.heartbeat import MISSED_BEATS
from complaints_service.settings import Settings
from complaints_service.web.operations import Api

log = structlog.get_logger(__name__)

ANSWER_SECONDS = 3.0
# From these ages on (seconds) something is wrong with the work behind the pages.
OLD_UNSENT = 300.0
OLD_TIMER = 60.0


class Condition(StrEnum):
    """What readiness says."""

    OK = "ok"
    DEGRADED = "degraded"
    UNAVAILABLE = "unavailable"


class Live(msgspec.Struct):
    """The process answers."""

    status: str = "ok"


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """The row of ``state_of_work``; ages in seconds, None: never seen."""

    outbox_waiting: int
    outbox_dead: int
    unsent_age: float
    timers_due: int
    timer_age: float
    tickets_open: int
    alarms_open: int
    sending_held: bool
    worker_age: float | None
    web_age: float | None
    sweep_age: float | None


class Readiness(msgspec.Struct, kw_only=True):
    """Ages in seconds; None where nothing is known. ``reasons`` name what is not well."""

    status: Condition
    reasons: list[str] = []
    unsent_mail_seconds: float | None = None
    due_timer_seconds: float | None = None
    worker_seconds: float | None = None
    sweep_seconds: float | None = None


class Health:
    """Asks the database how things are. Complete migrations are remembered: they do not become incomplete again."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._silent = MISSED_BEATS * settings.probe_seconds
        self._oldest_sweep = max(3 * settings.sweep_seconds, self._silent)
        self._migrated = False

    async def readiness(self) -> Readiness:
        """Whether this process can serve, and how the work behind it goes; never raises and never takes over 3 seconds."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                if not await self._complete():
                    return Readiness(status=Condition.UNAVAILABLE, reasons=["migrations"])
                work = await self.work(counted=False)
        except (*UNAVAILABLE, asyncpg.PostgresError) as error:
            log.warning("not_ready", error=type(error).__name__)
            return Readiness(status=Condition.UNAVAILABLE, reasons=["database"])
        reasons = self._reasons(work)
        return Readiness(
            status=Condition.DEGRADED if reasons else Condition.OK,
            reasons=reasons,
            unsent_mail_seconds=round(work.unsent_age, 1),
            due_timer_seconds=round(work.timer_age, 1),
            worker_seconds=_rounded(work.worker_age),
            sweep_seconds=_rounded(work.sweep_age),
        )

    async def work(self, *, counted: bool = True) -> Work:
        """How the work goes, in one query; open tickets only when ``counted``, else 0. Raises what asyncpg raises."""
        async with self._database.transaction(Scope.system()) as connection:
            return msgspec.convert(dict(await queries("health").state_of_work(connection, counted=counted)), Work)

    async def _complete(self) -> bool:
        async with self._database.connection() as connection:
            if self._migrated:
                await queries("health").answers(connection)
            else:
                self._migrated = not await missing_migrations(connection)
        return self._migrated

    def _reasons(self, work: Work) -> list[str]:
        checks = {
            "worker_stalled": work.worker_age is None or work.worker_age > self._silent,
            "sweep_overdue": work.sweep_age is not None and work.sweep_age > self._oldest_sweep,
            "mail_waits": work.unsent_age > OLD_UNSENT,
            "timers_wait": work.timer_age > OLD_TIMER,
            "dead_messages": work.outbox_dead > 0,
            "sending_held": work.sending_held,
        }
        return [reason for reason, holds in checks.items() if holds]


@get("/health/live", tags=["Operation"], summary="The process answers")
async def live() -> Live:
    """Asks nothing else, so that an outage elsewhere restarts no web process."""
    return Live()


@get(
    "/health/ready",
    tags=["Operation"],
    summary="Database and migrations are there",
    api=Api(also={503: Readiness}),
)
async def ready(health: Health) -> Response[Readiness]:
    """200 with ok or degraded, 503 when the database does not answer or lacks migrations."""
    readiness = await health.readiness()
    status = 503 if readiness.status is Condition.UNAVAILABLE else 200
    headers = {"Cache-Control": "no-store"} | ({"Retry-After": "5"} if status == 503 else {})
    return Response(readiness, status_code=status, headers=headers)


ROUTES: list[ControllerRouterHandler] = [live, ready]


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)
