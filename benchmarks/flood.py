"""Forms at a steady rate, each naming one victim, while an officer works: what becomes of them, and how the desk answers.

.venv/bin/python -m benchmarks.flood [--seconds 15] [--rate 1000]

The sender waits for nobody: a form that is due is sent although those before it have no answer yet.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import json
import subprocess
import sys
import time
import uuid
from urllib.parse import urlencode

import asyncpg

from benchmarks.breaches import Reader, signed_in
from benchmarks.running import Service, cpu_seconds, service

VICTIM = "korban@example.org"
USUAL_REQUESTS = 60
# As in production: the limits that development leaves out.
LIMITS = {
    "rate_filing_per_minute": "30", "rate_contact_per_hour": "5", "rate_flood_per_minute": "120", "rate_held_per_minute": "60",
    "receipts_per_day": "1", "trusted_proxies": "127.0.0.1",
}  # fmt: skip


def form(port: int, number: int) -> bytes:
    """One form, from a network address that no other one of this second has, as bytes on the wire."""
    fields = {
        "kind": "complaint", "privacy": "open", "description": "Banyak sekali kiriman yang sama oleh sebuah program.",
        "reporter.email": VICTIM, "form_id": str(uuid.uuid4()), "step": "send", "walk": "1", "page": "periksa",
    }  # fmt: skip
    body = urlencode(fields).encode()
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    head = (
        f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Accept-Encoding: gzip\r\nX-Forwarded-For: {address}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Sender:
    """Sends a form whenever one is due, over connections that are free or new; what was answered, and how late it was sent."""

    def __init__(self, port: int) -> None:
        self.answers = collections.Counter[str]()
        self.most_open = 0
        self._port = port
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._open = 0

    async def send(self, rate: float, seconds: float) -> None:
        """So many a second; returns when all are answered."""
        begun, numbers = time.perf_counter(), iter(range(1 << 24))
        async with asyncio.TaskGroup() as group:
            sent = 0
            while (passed := time.perf_counter() - begun) < seconds:
                for _ in range(int(passed * rate) - sent):
                    group.create_task(self._one(next(numbers)))
                    sent += 1
                await asyncio.sleep(0.002)
        for _, writer in self._free:
            writer.close()

    async def _one(self, number: int) -> None:
        try:
            reader, writer = self._free.pop() if self._free else await self._opened()
            writer.write(form(self._port, number))
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
        except (OSError, EOFError) as error:
            self.answers[type(error).__name__] += 1
            return
        self.answers[head[9:12].decode()] += 1
        self._free.append((reader, writer))

    async def _opened(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        self._open += 1
        self.most_open = max(self.most_open, self._open)
        return await asyncio.open_connection("127.0.0.1", self._port)


async def send(port: int, rate: float, seconds: float) -> dict[str, object]:
    """What became of all, and how long it took until the last was answered."""
    sender, begun = Sender(port), time.perf_counter()
    await sender.send(rate, seconds)
    return {"answers": dict(sender.answers), "seconds": time.perf_counter() - begun, "connections": sender.most_open}


async def measure(running: Service, admin: asyncpg.Connection, rate: float, seconds: float) -> None:
    """The queue page before and meanwhile, and what stands in the tables afterwards."""
    async with signed_in(f"http://127.0.0.1:{running.port}") as client:
        usual, meanwhile = Reader(client), Reader(client)
        for _ in range(USUAL_REQUESTS):
            await usual.load()
        before = cpu_seconds(running.process)
        sender = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks.flood", "--send", str(running.port), "--rate", str(rate),
            "--seconds", str(seconds), stdout=subprocess.PIPE,
        )  # fmt: skip
        reading = asyncio.create_task(sender.communicate())
        while not reading.done():
            await meanwhile.load()
        told = json.loads((await reading)[0])
        answers: dict[str, int] = told["answers"]
        after = cpu_seconds(running.process)
        await client.post("/dev/workers/drain")
        mails = [mail for mail in (await client.get("/dev/mail.json")).json() if VICTIM in mail["to"]]
    sent = sum(answers.values())
    held = await admin.fetchval("SELECT count(*) FROM ticket WHERE held_until IS NOT NULL")
    print(
        f"{sent} forms in {seconds:.0f} s ({sent / seconds:.0f}/s, the last answered after {told['seconds']:.1f} s, "
        f"{told['connections']} connections): answers {answers}, {held} held, {len(mails)} mail(s) to the victim; "
        f"web {(after['web'] - before['web']) * 1000 / sent:.2f} ms CPU a form; queue page p95 usually {usual.p95():.0f} ms, "
        f"meanwhile {meanwhile.p95():.0f} ms ({len(meanwhile.took)} loads)"
    )


async def run(rate: float, seconds: float) -> None:
    """A fresh service with the limits of production."""
    with service(**LIMITS) as running:
        admin = await asyncpg.connect(running.servers.admin_url)
        try:
            await measure(running, admin, rate, seconds)
        finally:
            await admin.close()


def main() -> None:
    """Measure once; with ``--send`` only send and print the answers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--rate", type=float, default=1000)
    parser.add_argument("--send", type=int, metavar="PORT")
    given = parser.parse_args()
    if given.send is not None:
        print(json.dumps(asyncio.run(send(given.send, given.rate, given.seconds))))
    else:
        asyncio.run(run(given.rate, given.seconds))


if __name__ == "__main__":
    main()
