"""Where a simulation that runs in the background tells how far it is, for whatever web process is asked next.

So does a count of what a version would do to open tickets (``effects``). It stands in Valkey for an hour, in this process beside it, and
nowhere in the database: whoever empties Valkey makes a run start again and loses nothing (D1). Ids, numbers of tickets and counts only.
"""

from __future__ import annotations

from collections import OrderedDict
from enum import StrEnum
from typing import cast

import msgspec
import redis.asyncio
import structlog
from redis.exceptions import RedisError

from complaints_service.clock import monotonic
from complaints_service.sla.effects import OpenEffects
from complaints_service.sla.simulation_result import Result

log = structlog.get_logger(__name__)

KEPT_SECONDS = 3600
# A run that has not told anything for so long has ended with its process.
SILENT_SECONDS = 20
# A run that nobody has looked at for so long is given up.
UNWATCHED_SECONDS = 60
VALKEY_TIMEOUT = 0.5
_KEPT_HERE = 20


class State(StrEnum):
    """How a run stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Kind(StrEnum):
    """What a run works out."""

    SIMULATION = "simulation"
    EFFECTS = "effects"


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One run; ``result`` (simulation) or ``effects`` when it is done. ``problem``: a msgid, when it failed.

    ``subject``: of a simulation what the pages show of what was asked, as JSON text; of effects which draft they belong to.
    """

    id: str
    office_id: int
    person_id: int
    state: State
    done: int = 0
    total: int = 0
    kind: Kind = Kind.SIMULATION
    subject: str = "{}"
    result: Result | None = None
    effects: OpenEffects | None = None
    problem: str = ""


class Board:
    """Keeps jobs by their id."""

    def __init__(self, redis_url: str | None) -> None:
        self._here: OrderedDict[str, tuple[Job, float]] = OrderedDict()
        self._looked: dict[str, float] = {}
        self._valkey: redis.asyncio.Redis | None = None
        if redis_url is not None:
            self._valkey = redis.asyncio.Redis.from_url(  # pyright: ignore[reportUnknownMemberType]
                redis_url, socket_timeout=VALKEY_TIMEOUT, socket_connect_timeout=VALKEY_TIMEOUT, max_connections=4
            )

    async def close(self) -> None:
        """Close the connections to Valkey."""
        if self._valkey is not None:
            await self._valkey.aclose()

    async def put(self, job: Job) -> None:
        """Tell how a run stands."""
        self._here[job.id] = (job, monotonic())
        while len(self._here) > _KEPT_HERE:
            gone, _ = self._here.popitem(last=False)
            self._looked.pop(gone, None)
        seconds = SILENT_SECONDS if job.state is State.RUNNING else KEPT_SECONDS
        await self._ask("set", f"simulation:{job.id}", msgspec.msgpack.encode(job), ex=seconds)

    async def get(self, job_id: str) -> Job | None:
        """How a run stands, or None: unknown, forgotten, or ended with its process. Counts as a look at it."""
        self._looked[job_id] = monotonic()
        await self._ask("set", f"simulation:{job_id}:looked", b"1", ex=UNWATCHED_SECONDS)
        return await self.get_quietly(job_id)

    async def get_quietly(self, job_id: str) -> Job | None:
        """As ``get``, for the run itself: no look."""
        if (raw := await self._ask("get", f"simulation:{job_id}")) is not None:
            return msgspec.msgpack.decode(cast("bytes", raw), type=Job)
        job, told = self._here.get(job_id, (None, 0.0))
        lasts = SILENT_SECONDS if job is not None and job.state is State.RUNNING else KEPT_SECONDS
        return job if monotonic() - told <= lasts else None

    async def watched(self, job_id: str) -> bool:
        """Whether somebody has looked lately, here or at another web process."""
        if monotonic() - self._looked.get(job_id, 0.0) <= UNWATCHED_SECONDS:
            return True
        return await self._ask("get", f"simulation:{job_id}:looked") is not None

    async def _ask(self, what: str, *arguments: object, **more: object) -> object:
        """An answer of Valkey; None when there is none in time."""
        if self._valkey is None:
            return None
        try:
            return await getattr(self._valkey, what)(*arguments, **more)
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("simulations_without_valkey", error=type(error).__name__)
            return None
