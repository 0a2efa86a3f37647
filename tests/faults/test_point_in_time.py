"""Point-in-time recovery, tried: the embedded server as it was before a mistake, from a base backup and the archived log (issue 5)."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from tests.faults.service import FaultyService, eventually
from tests.faults.test_restore import QUICK, filed, readiness, run, seen_with, serial, somebody


async def test_the_office_as_it_was_before_the_mistake(tmp_path: Path) -> None:
    archive, base = tmp_path / "log's archive", tmp_path / "base"
    old = FaultyService(tmp_path / "old", program=None, **QUICK, COMPLAINTS_WAL_ARCHIVE=str(archive))
    old.start()
    try:
        before_base = await filed(old, somebody())
        await run(old, "base-backup", str(base))
        after_base = await filed(old, somebody())
        moment = await old.ask("SELECT clock_timestamp()")
        await old.ask("UPDATE complaint_text SET description = 'kosong'")
        after_mistake = await filed(old, somebody())
        # Before the switch: what is written meanwhile stands in the next file, which nobody closes.
        needed = await old.ask("SELECT pg_walfile_name(pg_current_wal_lsn())")
        await old.ask("SELECT pg_switch_wal()")

        async def archived() -> bool:
            return await old.ask("SELECT last_archived_wal >= $1 FROM pg_stat_archiver", needed) or False

        assert await eventually(archived)
        secret = (old.data_dir / "secret.key").read_text().strip()
    finally:
        os.killpg(old.group, signal.SIGKILL)
        old.stop()

    new = FaultyService(tmp_path / "new", program=None, **QUICK, COMPLAINTS_SECRET_KEY=f"hex:{secret}")
    early = await asyncio.to_thread(
        new.run, "recover", str(base), "--wal", str(archive), "--until", "2026-01-01T00:00:00Z"
    )
    assert early.returncode == 1
    assert "after the moment" in early.stderr
    unfinished = await asyncio.to_thread(new.run, "recover", str(tmp_path), "--wal", str(archive))
    assert unfinished.returncode == 1
    assert "is no finished base backup" in unfinished.stderr

    recovered = await run(new, "recover", str(base), "--wal", str(archive), "--until", moment.isoformat())
    assert recovered["violations"] == []
    new.start()
    try:
        assert await seen_with(new, before_base) == await seen_with(new, after_base) == 200
        assert await seen_with(new, after_mistake) == 404
        assert await new.ask("SELECT count(*) FROM complaint_text WHERE description = 'kosong'") == 0
        assert "sending_held" in (await readiness(new))["reasons"]
        assert serial((await filed(new, somebody()))["number"]) > serial(after_mistake["number"]) + 900
        assert await new.audit() == []
    finally:
        new.stop()
