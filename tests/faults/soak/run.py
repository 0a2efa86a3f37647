"""A whole run: start, load and faults together, then calm, then the judge."""

from __future__ import annotations

import asyncio
import contextlib
import time
import traceback
from collections import Counter
from pathlib import Path

import httpx
import msgspec

from complaints_service.progress import Progress, no_progress
from tests.faults.service import PLAIN, eventually
from tests.faults.soak.deeds import Deeds
from tests.faults.soak.doors import Doors
from tests.faults.soak.faults import Faults
from tests.faults.soak.judge import Verdict, judged
from tests.faults.soak.line import Line
from tests.faults.soak.model import Case, Told, may
from tests.faults.soak.outside import Outside
from tests.faults.soak.parts import Broken
from tests.faults.soak.plan import WORKERS, Fault, plan_of
from tests.faults.soak.recovery import Recovery
from tests.faults.soak.stories import Door, Story, Who, stories_of

# A number comes by message: the client waits so long, then turns to something else; the judge looks for it at the end.
NUMBER_WITHIN = 30.0
CALM_WITHIN = 240.0
_HOURS_LATER = """
WITH woken AS (UPDATE outbox SET next_try_at = clock_timestamp() WHERE state = 'queued' AND next_try_at > clock_timestamp())
UPDATE webhook_health SET rests_until = NULL
"""
_EVENTS = ["complaint.received", "complaint.status_changed", "complaint.escalated", "feedback.cycle_closed"]


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """So many ``kills`` at most, ``every`` so many seconds a fault, for ``minutes`` at most; ``between``: good answers between two outages.

    The others are settings of the service.
    """

    kills: int
    minutes: float
    every: float
    between: int
    clients: int
    sweep: float
    lease: float
    retry_min: float
    retry_max: float


SHORT = Sizes(kills=26, minutes=5, every=0.8, between=8, clients=3, sweep=1, lease=2, retry_min=0.2, retry_max=1)
LONG = Sizes(kills=10_000, minutes=30, every=1.9, between=60, clients=6, sweep=5, lease=10, retry_min=1, retry_max=20)


class Report(msgspec.Struct, kw_only=True):
    """What a run is about to tell: figures first, then whatever was wrong (nothing, if all is well)."""

    seed: int
    minutes: float
    kills: int
    faults: dict[str, int]
    answers: dict[int, int]
    undecided: int
    refused: int
    doors: dict[str, int]
    recovery: dict[str, dict[str, float]]
    verdict: Verdict
    wrong: list[str]


async def soak(
    folder: Path, seed: int, sizes: Sizes, progress: Progress = no_progress, plan: tuple[Fault, ...] | None = None
) -> Report:
    """Break a service of its own under ``folder`` for so many minutes, then compare. Raises what a client that was never told raises.

    ``plan``: what is done to it instead of what the seed alone draws.
    """
    service = Broken(
        folder / "var",
        COMPLAINTS_SWEEP_SECONDS=str(sizes.sweep),
        COMPLAINTS_LEASE_SECONDS=str(sizes.lease),
        COMPLAINTS_OUTBOX_RETRY_MIN_SECONDS=str(sizes.retry_min),
        COMPLAINTS_OUTBOX_RETRY_MAX_SECONDS=str(sizes.retry_max),
        COMPLAINTS_RATE_LOOKUP_PER_MINUTE="0",
    )
    told, outside = Told(), Outside(service.data_dir)
    async with service.running(), outside.watching():
        desk, kiosk = await _people(service, outside.port)
        before: int = await service.ask("SELECT coalesce(max(id), 0) FROM ticket")
        line = Line(service.address, told)
        doors = Doors(line, told, desk[Who.OFFICER], kiosk, service.settings().whatsapp_app_secret or "")
        clients = Clients(seed, told, doors, Deeds(line, told, doors, desk), outside)
        recovery = Recovery(service)
        faults = Faults(service, recovery, told, sizes.between)
        drawn = plan_of(seed, sizes.kills, sizes.every, sizes.lease) if plan is None else plan
        async with asyncio.TaskGroup() as group:
            for number in range(sizes.clients):
                group.create_task(clients.live(number))
            watch = group.create_task(_show(progress, sizes.minutes * 60, faults, told))
            began = time.monotonic()
            await faults.carry_out(drawn, sizes.minutes * 60)
            minutes = (time.monotonic() - began) / 60
            clients.over.set()
            watch.cancel()
        await recovery.all_back()
        await line.aclose()
        await calm(service)
        outside.look()
        verdict, wrong = await judged(service, told, outside, before)
        wrong += [f"never came back: {part}" for part in recovery.never]
    return Report(
        seed=seed,
        minutes=round(minutes, 1),
        kills=faults.kills,
        faults=dict(sorted(faults.hit.items())),
        answers=dict(sorted(told.answers.items())),
        undecided=told.undecided,
        refused=sum(case.refused for case in told.cases),
        doors=dict(sorted(Counter(case.door.value for case in told.cases).items())),
        recovery=recovery.figures(),
        verdict=verdict,
        wrong=wrong,
    )


class Clients:
    """People with patience. Each lives through its own stories until the run is over; a step that has begun is brought to its end."""

    def __init__(self, seed: int, told: Told, doors: Doors, deeds: Deeds, outside: Outside) -> None:
        self._told = told
        self._seed = seed
        self._doors = doors
        self._deeds = deeds
        self._outside = outside
        self.over = asyncio.Event()

    async def live(self, number: int) -> None:
        for story in stories_of(self._seed, number):
            try:
                await self._live_through(story)
            except AssertionError as error:
                # One client's surprise does not end the run: what it was is told with all the other differences.
                self._told.odd.append(f"client {number}, {story.door}: {error}\n{_where(error)}")
            if self.over.is_set():
                return

    async def _live_through(self, story: Story) -> None:
        case, *_ = await self._doors.file(story)
        if story.door is Door.WHATSAPP:
            await self._wait_for_number(case, story)
        await self._go_on(case, story)

    async def _go_on(self, case: Case, story: Story) -> None:
        for place, pause in enumerate(story.pauses):
            await self._pause(pause)
            if self.over.is_set() or place == len(story.steps):
                return
            if may(story.steps[place], case):
                await self._deeds.do(case, story.steps[place], story, place)

    async def _wait_for_number(self, case: Case, story: Story) -> None:
        until = time.monotonic() + NUMBER_WITHIN
        while not self.over.is_set() and time.monotonic() < until:
            if told := self._outside.numbers.get(story.phone):
                case.number = told[0]
                return
            await self._pause(0.3)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.over.wait()


def _where(error: AssertionError) -> str:
    return " > ".join(f"{place.name}:{place.lineno}" for place in traceback.extract_tb(error.__traceback__))


async def _people(service: Broken, port: int) -> tuple[dict[Who, dict[str, str]], dict[str, str]]:
    """Before anything is broken: who acts at the desk, a kiosk, and where webhooks go."""
    people = {person["username"]: person["password"] for person in (await _get(service, "/dev/people"))}
    desk = {Who.HEAD: await _session(service, "kepala", people["kepala"])}
    officer = await _session(service, "petugas", people["petugas"])
    made = await service.post("/api/v1/tokens", {"name": "uji", "scopes": ["tickets"]}, **officer)
    assert made.status_code == 201, made.text
    desk[Who.OFFICER] = {"Authorization": f"Bearer {made.json()['token']}"}
    admin = await _session(service, "admin", people["admin"])
    kiosk = await service.post("/api/v1/devices", {"name": "Ruang tunggu"}, **admin)
    assert kiosk.status_code == 201, kiosk.text
    hook = await service.post("/api/v1/webhooks", {"url": f"http://127.0.0.1:{port}/in", "events": _EVENTS}, **admin)
    assert hook.status_code == 201, hook.text
    return desk, {"Authorization": f"Bearer {kiosk.json()['token']}"}


async def _session(service: Broken, username: str, password: str) -> dict[str, str]:
    answer = await service.post("/api/v1/session", {"username": username, "password": password})
    assert answer.status_code == 200, answer.text
    cookies = "; ".join(f"{name}={value}" for name, value in answer.cookies.items())
    return {"Cookie": cookies, "X-CSRF-Token": answer.json()["csrf_token"]}


async def _get(service: Broken, path: str) -> list[dict[str, str]]:
    async with httpx.AsyncClient(base_url=service.address, timeout=30, verify=PLAIN) as http:
        return (await http.get(path)).json()


async def _show(progress: Progress, seconds: float, faults: Faults, told: Told) -> None:
    began = time.monotonic()
    while True:
        gone = int(time.monotonic() - began)
        progress(gone, int(seconds) + 1, f"{faults.kills} kills, {len(told.cases)} tickets")
        await asyncio.sleep(1)


async def calm(service: Broken) -> None:
    """Nothing is broken any more: everybody is back, and what is due is done, messages that wait for their next try too."""
    assert await eventually(lambda: service.status("/health/ready") == 200)
    assert await eventually(lambda: all(service.worker(place) is not None for place in range(WORKERS)))
    # Words that can still be undone leave after ten seconds, roll-ups at the next full hour.
    moved = await service.post("/dev/clock", {"advance": "61m"})
    assert moved.status_code == 200, moved.text
    async with asyncio.timeout(CALM_WITHIN):
        while await _left(service):
            # Webhooks wait for hours between their tries, by a plan of their own: those hours are over.
            await service.ask(_HOURS_LATER)
            await service.post("/dev/workers/drain", {})


async def _left(service: Broken) -> int:
    return await service.ask(
        "SELECT (SELECT count(*) FROM outbox WHERE state = 'sending' OR (state = 'queued' AND released_at <= office_now()))"
        " + (SELECT count(*) FROM sla_timer WHERE state = 'armed' AND due_at <= office_now())"
        " + (SELECT count(*) FROM whatsapp_chat WHERE step = 'filing')"
    )
