"""Scenarios 19 and 20 of RELIABILITY.md on a whole service: what happens to files never costs a word, and a row implies its file (I10)."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import shutil
import uuid
from pathlib import Path
from typing import Any

import httpx

from tests import files
from tests.faults.service import PLAIN, WEB, FaultyService, eventually

UPLOADS, COMPLAINTS = "/api/v1/uploads", "/api/v1/complaints"


def client(service: FaultyService) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=service.address, verify=PLAIN, timeout=60)


async def send(http: httpx.AsyncClient, content: bytes, name: str = "foto.jpg") -> httpx.Response:
    return await http.post(UPLOADS, files={"file": (name, content, "image/jpeg")})


async def file(http: httpx.AsyncClient, *uploads: str) -> httpx.Response:
    body = {"description": "Petugas meminta uang di loket 3.", "attachments": list(uploads)}
    return await http.post(COMPLAINTS, json=body, headers={"Idempotency-Key": str(uuid.uuid4())})


async def attached(http: httpx.AsyncClient, content: bytes) -> tuple[str, dict[str, str]]:
    """(path of the download, headers that open it)"""
    upload = (await send(http, content)).json()["id"]
    filed = (await file(http, upload)).json()
    bearer = {"Authorization": f"Bearer {filed['tracking_code']}"}
    seen = (await http.get(f"{COMPLAINTS}/{filed['number']}", headers=bearer)).json()
    return httpx.URL(seen["attachments"][0]["link"]).path, bearer


def stored(service: FaultyService) -> list[Path]:
    return sorted((service.data_dir / "attachments").glob("??/*"))


async def alarms(service: FaultyService, what: str) -> int:
    return await service.ask("SELECT count(*) FROM alarm WHERE what = $1 AND cleared_at IS NULL", what)


async def test_19_killed_between_file_and_row_leaves_no_row_without_its_file(service: FaultyService) -> None:
    taken: list[str] = []

    async def sender() -> None:
        async with client(service) as http:
            with contextlib.suppress(httpx.HTTPError):
                for _ in range(30):
                    answer = await send(http, files.pdf(uuid.uuid4().bytes.hex().encode()))
                    if answer.status_code == 201:
                        taken.append(answer.json()["id"])

    for killed_after in (3, 11):
        taken.clear()
        senders = [asyncio.create_task(sender()) for _ in range(4)]
        assert await eventually(lambda most=killed_after: len(taken) >= most)
        await service.kill_and_await_another(WEB)
        await asyncio.gather(*senders)

        async def up() -> bool:
            async with client(service) as http:
                with contextlib.suppress(httpx.HTTPError):
                    return (await http.get("/health/ready")).status_code == 200
            return False

        assert await eventually(up)
        # What was acknowledged is there, every row has its file, and a file without a row harms nobody.
        async with client(service) as http:
            for upload in taken[:5]:
                assert (await file(http, upload)).status_code == 201
        rows = await service.ask(
            "SELECT array_agg(storage_key || '-' || encode(sha256, 'hex'))"
            " FROM (SELECT storage_key, sha256 FROM upload UNION ALL SELECT storage_key, sha256 FROM attachment) AS r"
        )
        assert set(rows) <= {path.name for path in stored(service)}
    assert await service.audit() == []


async def test_19_a_full_disk_takes_words_and_says_so_about_files(service: FaultyService) -> None:
    pid = service.pid_of(WEB)
    assert pid is not None
    async with client(service) as http:
        before = len(stored(service))
        usual = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        # No file of this process may grow beyond 300 KB: what a full disk does to it, and to nobody else here.
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (300_000, usual[1]))
        try:
            refused = await send(http, files.pdf(b"x" * 2_000_000))
            assert (refused.status_code, refused.json()["code"]) == (507, "storage_full")
            assert (await file(http)).status_code == 201
            assert await alarms(service, "attachments_not_stored") == 1
            assert len(stored(service)) == before
        finally:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, usual)
        assert (await send(http, files.pdf(b"x" * 2_000_000))).status_code == 201
        assert await alarms(service, "attachments_not_stored") == 0
    assert service.pid_of(WEB) == pid
    assert await service.audit() == []


async def test_19_a_flipped_bit_and_a_wiped_folder_are_told_and_the_service_stays_up(service: FaultyService) -> None:
    async with client(service) as http:
        path, bearer = await attached(http, files.pdf(uuid.uuid4().bytes.hex().encode()))
        whole = (await http.get(path, headers=bearer)).content
        place = next(p for p in stored(service) if p.read_bytes() == whole)
        place.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
        damaged = await http.get(path, headers=bearer)
        assert (damaged.status_code, damaged.json()["code"]) == (410, "file_damaged")
        assert await alarms(service, "attachments_damaged") == 1
        assert [v["invariant"] for v in await service.audit()] == ["I10"]
        place.write_bytes(whole)

        folder = service.data_dir / "attachments"
        kept = folder.with_name("attachments.aside")
        shutil.copytree(folder, kept)
        shutil.rmtree(folder)
        missing = await http.get(path, headers=bearer)
        assert (missing.status_code, missing.json()["code"]) == (410, "file_missing")
        assert {v["invariant"] for v in await service.audit()} == {"I10"}
        # Nothing has to be started again: the next file makes the folder anew.
        assert (await send(http, files.jpeg())).status_code == 201
        assert (await file(http)).status_code == 201
        shutil.copytree(kept, folder, dirs_exist_ok=True)
        shutil.rmtree(kept)
        assert (await http.get(path, headers=bearer)).content == whole
        assert await alarms(service, "attachments_damaged") == 0
    assert await service.audit() == []


def memory_of(pid: int) -> int:
    """Resident megabytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1_000_000


async def test_20_bombs_and_disguises_are_refused_with_bounded_memory_while_words_come_in(
    service: FaultyService,
) -> None:
    pid = service.pid_of(WEB)
    assert pid is not None
    evil: list[tuple[bytes, str]] = [
        (files.pixel_bomb(), "a.png"), (files.zip_bomb(), "b.png"), (files.svg(), "c.svg"), (files.EICAR, "d.pdf"),
        (b"<!doctype html><script>alert(1)</script>", "e.jpg"), (files.jpeg()[:900], "f.jpg"),
    ]  # fmt: skip
    async with client(service) as http:
        await send(http, files.jpeg())
        before = memory_of(pid)
        sending = [asyncio.create_task(send(http, content, name)) for content, name in evil * 2]
        sending += [asyncio.create_task(send(http, files.pdf(b"x" * 50_000_000), "besar.pdf")) for _ in range(2)]
        highest = before
        while not all(task.done() for task in sending):
            assert (await file(http)).status_code == 201
            highest = max(highest, memory_of(pid))
        answers = await asyncio.gather(*sending, return_exceptions=True)
    refusals = [a.status_code for a in answers if isinstance(a, httpx.Response)]
    assert set(refusals) <= {413, 422}
    assert len(refusals) >= len(evil) * 2
    assert highest - before < 80
    assert service.pid_of(WEB) == pid
    assert await service.audit() == []


async def test_20_five_hundred_slow_senders_leave_room_for_everybody_else(service: FaultyService) -> None:
    host, _, port = service.address.removeprefix("http://").partition(":")
    head = (
        f"POST {UPLOADS} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 5000000\r\n\r\n"
        '--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-1.4'
    ).encode()
    incoming = service.data_dir / "attachments" / "incoming"
    # What a process that was killed has left there is swept when it is old; it is nobody's place now.
    left = set(incoming.iterdir()) if incoming.is_dir() else set[Path]()

    def held() -> int:
        return len(set(incoming.iterdir()) - left)

    writers: list[Any] = []
    try:
        for _ in range(500):
            _, writer = await asyncio.open_connection(host, int(port))
            writer.write(head)
            writers.append(writer)
        # Only so many are held, and for half a minute at most; the others are sent away before they have anything.
        assert await eventually(lambda: held() > 0)
        assert held() <= 32
        async with client(service) as http:
            for _ in range(10):
                assert (await file(http)).status_code == 201
            answer = await send(http, files.jpeg())
            assert answer.status_code in (201, 503)
            assert held() <= 32
    finally:
        for writer in writers:
            writer.close()
    assert await eventually(lambda: held() == 0)
    async with client(service) as http:
        assert (await send(http, files.jpeg())).status_code == 201
