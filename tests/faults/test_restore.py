"""Scenario 26: a backup restored on a new machine starts, audits clean, and nothing old is sent without a person's word (D9).

Also the backup itself under SIGKILL, at each of its failpoints and at those of the restore.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest

from complaints_service.dev.mail_catcher import read_mails
from tests import files
from tests.faults.service import PLAIN, FaultyService, eventually

QUICK = {
    "COMPLAINTS_SWEEP_SECONDS": "1",
    "COMPLAINTS_LEASE_SECONDS": "2",
    "COMPLAINTS_OUTBOX_RETRY_MIN_SECONDS": "0.2",
    "COMPLAINTS_OUTBOX_RETRY_MAX_SECONDS": "1",
}


def somebody() -> str:
    return f"{uuid.uuid4().hex}@example.org"


async def filed(service: FaultyService, email: str, *uploads: str) -> dict[str, Any]:
    told = {
        "description": "Paspor saya belum jadi sejak lama.",
        "service": "paspor-baru",
        "reporter": {"email": email},
        "attachments": list(uploads),
    }
    answer = await service.post("/api/v1/complaints", told, str(uuid.uuid4()))
    assert answer.status_code == 201, answer.text
    return answer.json()


async def seen_with(service: FaultyService, ticket: dict[str, Any]) -> int:
    """The status of a look at a ticket with its tracking code."""
    async with httpx.AsyncClient(base_url=service.address, timeout=30, verify=PLAIN) as client:
        answer = await client.get(
            f"/api/v1/complaints/{ticket['number']}", headers={"Authorization": f"Bearer {ticket['tracking_code']}"}
        )
    return answer.status_code


async def uploaded(service: FaultyService) -> str:
    async with httpx.AsyncClient(base_url=service.address, timeout=30, verify=PLAIN) as client:
        taken = await client.post("/api/v1/uploads", files={"file": ("foto.jpg", files.jpeg(), "image/jpeg")})
    assert taken.status_code == 201, taken.text
    return taken.json()["id"]


async def photo_of(service: FaultyService, ticket: dict[str, Any]) -> bytes:
    """The ticket's one photo, as its citizen downloads it."""
    bearer = {"Authorization": f"Bearer {ticket['tracking_code']}"}
    async with httpx.AsyncClient(base_url=service.address, timeout=30, verify=PLAIN) as client:
        shown = (await client.get(f"/api/v1/complaints/{ticket['number']}", headers=bearer)).json()
        answer = await client.get(shown["attachments"][0]["link"], headers=bearer)
    assert answer.status_code == 200
    return answer.content


def serial(number: str) -> int:
    return int(number.rpartition("-")[2])


async def readiness(service: FaultyService) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=service.address, timeout=30, verify=PLAIN) as client:
        answer = await client.get("/health/ready")
    assert answer.status_code == 200
    return answer.json()


async def run(service: FaultyService, *arguments: str) -> dict[str, Any]:
    done = await asyncio.to_thread(service.run, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


async def test_restored_on_a_new_machine_it_starts_audits_clean_and_sends_only_on_a_persons_word(
    tmp_path: Path,
) -> None:
    archive = tmp_path / "backup.tar"
    old = FaultyService(tmp_path / "old", program=None, **QUICK)
    old.start()
    try:
        reader, late_reader = somebody(), somebody()
        ticket = await filed(old, reader)
        assert await eventually(lambda: len(old.mails(reader)) == 1)
        verify = next(d["due_at"] for d in ticket["deadlines"] if d["target"] == "verify")
        await old.move_clock_to(verify)

        async def escalated() -> bool:
            return await old.ask(
                "SELECT count(*) FROM ticket_event AS e JOIN ticket AS t ON t.id = e.ticket_id"
                " WHERE t.number = $1 AND e.type = 'rung_fired'",
                ticket["number"],
            )

        assert await eventually(lambda: holds(escalated()))
        # What is owed at the time of the backup: a receipt that cannot leave yet.
        assert (await asyncio.to_thread(old.run, "hold-sending")).returncode == 0
        owed = await filed(old, late_reader, await uploaded(old))
        photo = await photo_of(old, owed)
        before = await run(old, "backup", str(archive))
        assert before["tickets"] == await old.ask("SELECT count(*) FROM ticket")
        lost = await filed(old, somebody())
        secret = (old.data_dir / "secret.key").read_text().strip()
    finally:
        os.killpg(old.group, signal.SIGKILL)
        old.stop()

    new = FaultyService(tmp_path / "new", program=None, **QUICK, COMPLAINTS_SECRET_KEY=f"hex:{secret}")
    restored = await run(new, "restore", str(archive))
    assert restored["violations"] == []
    assert restored["held"]
    new.start()
    try:
        assert await new.audit() == []
        assert "sending_held" in (await readiness(new))["reasons"]
        assert await seen_with(new, ticket) == await seen_with(new, owed) == 200
        assert await seen_with(new, lost) == 404
        assert await photo_of(new, owed) == photo
        after_reader = somebody()
        after = await filed(new, after_reader)
        assert serial(after["number"]) > serial(lost["number"]) + 900
        assert await new.ask("SELECT count(*) FROM alarm WHERE key = 'sending_held' AND cleared_at IS NULL") == 1
        # Sweeps have looked for due messages since it started, and found that none may leave.
        looked = await new.ask("SELECT clock_timestamp()")

        async def swept() -> bool:
            return await new.ask("SELECT max(swept_at) > $1 FROM heartbeat WHERE kind = 'worker'", looked)

        assert await eventually(lambda: holds(swept()))
        assert read_mails(new.data_dir) == []

        await run(new, "resume-sending")
        assert await eventually(lambda: len(new.mails(late_reader)) == 1 and len(new.mails(after_reader)) == 1)

        async def all_sent() -> bool:
            return await new.ask(
                "SELECT count(*) = 0 FROM outbox WHERE state IN ('queued', 'sending') AND released_at <= office_now()"
            )

        assert await eventually(lambda: holds(all_sent()))
        assert new.mails(reader) == [], "it was sent before the backup"
        assert len(new.mails(late_reader)) == len(new.mails(after_reader)) == 1
        ids = [mail.headers["Message-ID"] for mail in read_mails(new.data_dir)]
        assert len(ids) == len(set(ids)), "each once"
        assert await new.audit() == []
        assert (await readiness(new))["reasons"] == []
    finally:
        new.stop()


async def holds(asked: Any) -> bool:
    return bool(await asked)


async def test_backups_killed_on_the_way_are_refused_by_name_and_the_next_one_is_whole(
    tmp_path: Path, source: FaultyService
) -> None:
    archive = tmp_path / "backup.tar"
    part = tmp_path / "backup.tar.part"
    elsewhere = FaultyService(tmp_path / "elsewhere")
    for place in ("backup.dumped", "backup.before_manifest", "backup.before_rename"):
        killed = await asyncio.to_thread(
            source.run_with, {"COMPLAINTS_FAILPOINTS": f"{place}:kill"}, "backup", str(archive)
        )
        assert killed.returncode == -signal.SIGKILL
        assert not archive.exists()
        if place != "backup.before_rename":  # then every byte of it was written, only the name was not
            refused = await asyncio.to_thread(elsewhere.run, "restore", str(part))
            assert refused.returncode == 1
            assert str(part) in refused.stderr
            assert "finished" in refused.stderr
            assert not (elsewhere.data_dir / "postgres").exists()
    await run(source, "backup", "--with-secret", str(archive))
    assert not part.exists()
    restored = await run(elsewhere, "restore", "--resume-sending", str(archive))
    assert restored["violations"] == []
    assert not restored["held"], "a person has said so, and the audit found nothing"


async def test_a_restore_killed_again_and_again_cannot_be_started_and_is_done_in_the_end(
    tmp_path: Path, source: FaultyService
) -> None:
    archive = tmp_path / "backup.tar"
    await run(source, "backup", "--with-secret", str(archive))
    target = FaultyService(tmp_path / "target", program=None, **QUICK)
    for place in ("restore.loaded", "restore.held", "restore.rights"):
        killed = await asyncio.to_thread(
            target.run_with, {"COMPLAINTS_FAILPOINTS": f"{place}:kill"}, "restore", str(archive)
        )
        assert killed.returncode == -signal.SIGKILL
        started = await asyncio.to_thread(target.run, "up")
        assert started.returncode == 1
        assert "was not finished" in started.stderr
    assert (await run(target, "restore", str(archive)))["violations"] == []
    assert not (target.data_dir / "restoring").exists()
    target.start()
    try:
        assert await target.audit() == []
        assert (await readiness(target))["reasons"] == ["sending_held"]
    finally:
        target.stop()


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A service with the demo office's tickets, to make backups of."""
    running = FaultyService(tmp_path_factory.mktemp("source") / "var", program=None, **QUICK)
    running.start()
    yield running
    running.stop()
