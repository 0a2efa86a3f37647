"""What is broken, when: drawn from the seed alone, before anything runs. The same seed gives the same plan."""

from __future__ import annotations

import random
from enum import StrEnum

import msgspec

WORKERS = 4


class Deed(StrEnum):
    """What happens to a part. The kills are SIGKILL, as the kernel gives it to whoever uses up its memory."""

    KILL_WEB = "kill web"
    KILL_WORKER = "kill worker"
    KILL_POSTGRES = "kill postgresql"
    KILL_BACKEND = "kill a backend of postgresql"
    KILL_VALKEY = "kill valkey"
    STOP_WEB = "stop web"
    STOP_WORKER = "stop worker"
    STOP_VALKEY = "stop valkey"
    DEPLOY_WEB = "deploy web"
    DEPLOY_WORKER = "deploy worker"
    FLUSH_VALKEY = "empty valkey"
    MOVE_CLOCK = "move the clock"


KILLS = frozenset({Deed.KILL_WEB, Deed.KILL_WORKER, Deed.KILL_POSTGRES, Deed.KILL_BACKEND, Deed.KILL_VALKEY})
# SIGTERM, as a new version is put in the place of the old one.
DEPLOYS = frozenset({Deed.DEPLOY_WEB, Deed.DEPLOY_WORKER})
# How often each is drawn. Four workers share their kills; while web or PostgreSQL are away there is little to break.
_WEIGHTS = {
    Deed.KILL_WEB: 5,
    Deed.KILL_WORKER: 44,
    Deed.KILL_POSTGRES: 5,
    Deed.KILL_BACKEND: 14,
    Deed.KILL_VALKEY: 18,
    Deed.STOP_WEB: 1,
    Deed.STOP_WORKER: 4,
    Deed.STOP_VALKEY: 1,
    Deed.DEPLOY_WEB: 2,
    Deed.DEPLOY_WORKER: 4,
    Deed.FLUSH_VALKEY: 2,
    Deed.MOVE_CLOCK: 2,
}
# Everybody's work stops with these: the next one waits until somebody has been told something again.
OUTAGES = frozenset({Deed.KILL_WEB, Deed.KILL_POSTGRES, Deed.KILL_BACKEND, Deed.STOP_WEB, Deed.DEPLOY_WEB})


class Fault(msgspec.Struct, frozen=True):
    """``at``: seconds from the beginning, or as soon after as the part it is for runs. ``which``: which of several by number.

    ``seconds``: how long a stopped part stands still, or how far the office's clock moves.
    """

    at: float
    deed: Deed
    which: int
    seconds: float


def plan_of(seed: int, kills: int, every: float, lease: float) -> tuple[Fault, ...]:
    """Faults until so many of them are kills, one each ``every`` seconds on the average. ``lease``: stopped workers stand still longer."""
    luck = random.Random(f"faults {seed}")
    deeds, weights = list(_WEIGHTS), list(_WEIGHTS.values())
    plan: list[Fault] = []
    at = every
    while kills > 0:
        deed = luck.choices(deeds, weights)[0]
        plan.append(Fault(round(at, 3), deed, luck.randrange(1_000), round(_seconds(luck, deed, lease), 1)))
        kills -= deed in KILLS
        at += every * luck.uniform(0.4, 1.6)
    return tuple(plan)


def deploys_of(seed: int, many: int, within: float) -> tuple[Fault, ...]:
    """So many deploys of web and all workers within so many seconds."""
    luck = random.Random(f"deploys {seed}")
    plan: list[Fault] = []
    for number in range(many):
        at = round((number + luck.uniform(0.1, 0.9)) * within / many, 3)
        plan.append(Fault(at, Deed.DEPLOY_WEB, 0, 0.0))
        plan += [Fault(at, Deed.DEPLOY_WORKER, which, 0.0) for which in range(WORKERS)]
    return tuple(plan)


def _seconds(luck: random.Random, deed: Deed, lease: float) -> float:
    match deed:
        case Deed.STOP_WORKER:
            return lease * luck.uniform(1.1, 1.6)
        case Deed.STOP_WEB | Deed.STOP_VALKEY:
            return luck.uniform(1, 5)
        case Deed.MOVE_CLOCK:
            return luck.uniform(3_600, 3 * 86_400)
        case _:
            return 0.0
