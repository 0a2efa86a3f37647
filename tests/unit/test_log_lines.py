"""Whatever a line is given, names, telephones, texts and codes do not come out of it (invariant I9)."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from complaints_service.errors import Refused
from complaints_service.log_lines import configure_logging
from complaints_service.settings import Settings

PLANTED = (
    "Siti Rahma",
    "0812-3456-7890",
    "+62 812 3456 7890",
    "6281234567890",
    "siti@example.org",
    "Paspor saya hilang di loket",
    "7K3M-9QXD-2T",
    "7k3m9qxd2t",
    "LT-2026-000417",
    "3201012345678901",
    "wamid.HBgLNjI4MTIzNDU2Nzg5MBUCABIYFDNFQjBD",
    "vJ3kq0Xw8d2LmZ5sYt7UpAaBbCcDdEeFfGgHhIiJjK1",
)


@pytest.fixture(params=[True, False], ids=["development", "production"])
def lines(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What a process writes; the logging of the test run itself is put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    for name in ("uvicorn", "uvicorn.error"):  # as in a process of ours, whatever ran in this one before
        monkeypatch.setattr(logging.getLogger(name), "handlers", [])
        monkeypatch.setattr(logging.getLogger(name), "propagate", True)
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    settings = Settings(secret_key=b"k" * 32, data_dir=Path("unused"), dev=request.param)
    configure_logging(settings, "web")
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.mark.parametrize("planted", PLANTED)
def test_nothing_personal_comes_out_of_a_line_of_ours(lines: io.StringIO, planted: str) -> None:
    log = structlog.get_logger("complaints_service.test")
    log.warning(
        "filed",
        name=planted,
        phone=planted,
        text=planted,
        anything=planted,
        reason=planted,
        error=planted,
        details={"who": planted},
    )
    log.info("filed", rows=[planted], count=3, kind="complaint")
    assert "filed" in lines.getvalue()
    assert planted not in lines.getvalue()
    assert "Siti" not in lines.getvalue()


@pytest.mark.parametrize("planted", PLANTED)
def test_nothing_personal_comes_out_of_an_error(lines: io.StringIO, planted: str) -> None:
    log = structlog.get_logger("complaints_service.test")
    try:
        try:
            raise KeyError(planted)
        except KeyError as inner:
            raise ValueError(f"cannot read {planted}") from inner
    except ValueError:
        log.exception("failed")
        logging.getLogger("somebody.else").exception("failed on %s", planted)
    written = lines.getvalue()
    assert planted not in written
    assert "ValueError" in written
    assert "KeyError" in written
    assert "test_log_lines.py" in written


@pytest.mark.parametrize("planted", [p for p in PLANTED if p not in ("Siti Rahma", "Paspor saya hilang di loket")])
def test_what_looks_personal_is_masked_in_the_words_of_libraries(lines: io.StringIO, planted: str) -> None:
    logging.getLogger("somebody.else").warning("could not reach " + planted)
    assert "could not reach" in lines.getvalue()
    assert planted not in lines.getvalue()


async def test_a_lost_task_tells_its_type_and_not_its_words(lines: io.StringIO) -> None:
    async def fails() -> None:
        raise LookupError("Siti Rahma")

    task = asyncio.get_running_loop().create_task(fails())
    await asyncio.wait([task])
    asyncio.get_running_loop().call_exception_handler(
        {"message": "Task exception was never retrieved", "exception": task.exception(), "future": task}
    )
    assert "Task exception was never retrieved" in lines.getvalue()
    assert "LookupError" in lines.getvalue()
    assert "Siti" not in lines.getvalue()


def test_a_traceback_that_a_library_has_written_out_keeps_its_places_only(lines: io.StringIO) -> None:
    text = 'Traceback (most recent call last):\n  File "/srv/app/intake/service.py", line 7, in file\nValueError: Siti Rahma'
    logging.getLogger("uvicorn.error").error(text)
    assert "intake/service.py:7 file" in lines.getvalue()
    assert "ValueError" in lines.getvalue()
    assert "Siti" not in lines.getvalue()


def test_our_own_refusals_keep_their_words(lines: io.StringIO) -> None:
    log = structlog.get_logger("complaints_service.test")
    log.error("refused", exc_info=Refused("Office time only moves forward.", code="clock_backward"))
    assert "Office time only moves forward." in lines.getvalue()


def test_numbers_ids_and_known_words_stay_readable(lines: io.StringIO) -> None:
    structlog.contextvars.bind_contextvars(request_id="1234567890123456")
    structlog.get_logger("complaints_service.test").info(
        "request", method="POST", route="/api/v1/complaints/{number}", status=201, ms=12, ticket_id=417
    )
    written = lines.getvalue()
    for kept in ("POST", "/api/v1/complaints/{number}", "201", "12", "417", "1234567890123456"):
        assert kept in written


def test_production_writes_one_json_object_a_line(monkeypatch: pytest.MonkeyPatch, lines: io.StringIO) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    configure_logging(Settings(secret_key=b"k" * 32, data_dir=Path("unused"), dev=False), "worker")
    structlog.get_logger("complaints_service.test").warning("swept", part="timers", done=3)
    logging.getLogger("arq.worker").warning("redis is away, again in %d s", 3)
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (first["event"], first["process"], first["done"], first["level"]) == ("swept", "worker", 3, "warning")
    assert second["event"] == "redis is away, again in 3 s"


async def test_errors_that_failed_together_are_each_told_once(lines: io.StringIO) -> None:
    """Each has the group as its context: told again and again, one wrong line once held up a whole process."""

    async def fails() -> None:
        raise LookupError("Siti Rahma")

    log = structlog.get_logger("complaints_service.test")
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fails())
            tasks.create_task(fails())
    except* LookupError as group:
        inner = group.exceptions[0]
        inner.__context__ = group
        log.exception("failed")
    written = lines.getvalue()
    assert 1 <= written.count("LookupError") <= 4
    assert "Siti" not in written
