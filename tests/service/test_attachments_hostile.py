"""Files that somebody sends who means harm, or whose disk is broken: each refused or made harmless, with its reason (scenarios 19, 20)."""

from __future__ import annotations

import asyncio
import contextlib
import io
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import msgspec
import pytest
from PIL import Image

from complaints_service.database import SYSTEM
from complaints_service.doctor import examine
from complaints_service.intake.attachments import cleaning, receiving
from complaints_service.intake.attachments.rules import MediaType, clean_name
from complaints_service.intake.attachments.storage import Storage
from complaints_service.settings import Settings
from complaints_service.wiring import Services
from tests import files
from tests.app_client import client_of, opened_app, started_app
from tests.office import TheOffice
from tests.servers import Running, on_database
from tests.service.citizen_files import filed, send, sent, ticket

REFUSED = [
    ("HTML as .jpg", b"<!doctype html><script>alert(1)</script>", "foto.jpg", "wrong_kind"),
    ("SVG with script", files.svg(), "gambar.svg", "wrong_kind"),
    ("SVG as .png", files.svg(), "gambar.png", "wrong_kind"),
    ("EICAR", files.EICAR, "surat.pdf", "wrong_kind"),
    ("a program", b"MZ" + b"\0" * 500, "foto.jpg", "wrong_kind"),
    ("a ZIP that says PDF", b"PK\x03\x04" + b"\0" * 100 + b"%PDF-1.4 %%EOF", "a.pdf", "wrong_kind"),
    ("a page before a PDF", b"<html>" + files.pdf(), "a.pdf", "wrong_kind"),
    ("a GIF", b"GIF89a" + b"\0" * 50, "a.jpg", "wrong_kind"),
    ("nothing", b"", "a.jpg", "empty"),
    ("half a picture", files.jpeg(800, 600)[:4000], "a.jpg", "unreadable"),
    ("a JPEG's beginning only", b"\xff\xd8\xff\xe0" + b"\x00" * 200, "a.jpg", "unreadable"),
    ("a PNG of nonsense", files.png()[:60] + b"x" * 500, "a.png", "unreadable"),
    ("pixel bomb", files.pixel_bomb(), "a.png", "too_many_pixels"),
    ("50 megapixels and more", files.pixel_bomb(7_200), "a.png", "too_many_pixels"),
    ("zip bomb", files.zip_bomb(), "a.png", "unreadable"),
    ("a PDF without an end", b"%PDF-1.4\n" + b"x" * 5000, "a.pdf", "wrong_kind"),
]


@pytest.fixture(scope="module")
async def app(settings: Settings, services: Services) -> AsyncIterator[Any]:
    async with started_app(settings, services) as started:
        yield started


@pytest.fixture
async def http(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as client:
        yield client


def on_disk(services: Services) -> set[Path]:
    return {path for path in services.attachments.storage.folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("what", "content", "name", "code"), REFUSED, ids=[what for what, *_ in REFUSED])
async def test_what_is_no_photo_or_document_is_refused_and_leaves_nothing(
    http: httpx.AsyncClient, services: Services, what: str, content: bytes, name: str, code: str
) -> None:
    before = on_disk(services)
    answer = await send(http, content, name)
    assert answer.status_code == 422, what
    (problem,) = answer.json()["errors"]
    assert (problem["pointer"], problem["code"]) == ("/file", code)
    assert len(problem["detail"]) > 20
    assert on_disk(services) == before


async def test_fifty_megabytes_are_refused_without_being_kept(http: httpx.AsyncClient, services: Services) -> None:
    before = on_disk(services)
    for size in (50_000_000, 10 * 1024 * 1024 + 1):
        answer = await send(http, files.pdf(b"x" * size), "besar.pdf")
        assert answer.status_code in (413, 422)
        assert answer.headers["content-type"] == "application/problem+json"
    assert on_disk(services) == before


async def test_ten_megabytes_are_taken(http: httpx.AsyncClient) -> None:
    content = files.pdf(b"x" * (10 * 1024 * 1024 - len(files.pdf(b""))))
    assert len(content) == 10 * 1024 * 1024
    answer = await send(http, content, "pas.pdf")
    assert answer.status_code == 201
    assert answer.json()["size"] == len(content)


async def test_ten_thousand_parts_end_early(http: httpx.AsyncClient, services: Services) -> None:
    before = on_disk(services)
    for named in (b'; filename="a.pdf"', b""):
        part = b'--x\r\nContent-Disposition: form-data; name="file"' + named + b"\r\n\r\n\r\n"
        body = part * 10_000 + b"--x--\r\n"
        answer = await http.post(
            "/api/v1/uploads", content=body, headers={"Content-Type": "multipart/form-data; boundary=x"}
        )
        assert answer.status_code in (400, 413)
    assert on_disk(services) == before


PART = b"--x\r\nContent-Disposition: form-data; name="
FORM = "multipart/form-data; boundary=x"


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "application/json", 415),
        (b"", "multipart/form-data", 415),
        (b"", FORM, 400),
        (b"--x\r\nnonsense", FORM, 400),
        (PART + b'"file"; filename="a.pdf"\r\n\r\n%PDF', FORM, 400),
        (b"--x--\r\n", FORM, 422),
        (PART + b'"other"; filename="a.pdf"\r\n\r\n%PDF\r\n--x--\r\n', FORM, 422),
        (PART + b'"f"\r\n\r\n\xff\xfe\r\n--x--\r\n', FORM, 400),
        (PART + b'"f"\r\n\r\n' + b"y" * 300_000 + b"\r\n--x--\r\n", FORM, 413),
    ],
)  # fmt: skip
async def test_broken_bodies_have_their_answer(
    http: httpx.AsyncClient, services: Services, body: bytes, kind: str, status: int
) -> None:
    before = on_disk(services)
    answer = await http.post("/api/v1/uploads", content=body, headers={"Content-Type": kind})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert on_disk(services) == before


async def test_two_files_in_one_upload_are_refused(http: httpx.AsyncClient) -> None:
    two = [("file", (f"{n}.pdf", files.pdf(), "application/pdf")) for n in "ab"]
    assert (await http.post("/api/v1/uploads", files=two)).status_code == 422


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("../../etc/passwd", "passwd.pdf"),
        ("..\\..\\windows\\system32\\x.pdf", "x.pdf"),
        ("foto\u202egpj.exe", "fotogpj.exe.pdf"),
        ("a\x00b\r\nSet-Cookie: x.pdf", "abSet-Cookie x.pdf"),
        ("<script>alert(1)</script>.pdf", "script.pdf"),
        ("n" * 300 + ".pdf", "n" * 116 + ".pdf"),
        (".htaccess", "htaccess.pdf"),
        ("....", "file.pdf"),
        ("\u200b\u2066\u00ad.pdf", "file.pdf"),
        ("Bukti  bayar (1).PDF", "Bukti bayar (1).PDF"),
        ("Ünïcode 文件.pdf", "Ünïcode 文件.pdf"),
    ],
)
async def test_names_are_for_showing_only_and_clean(raw: str, shown: str) -> None:
    assert clean_name(raw, MediaType.PDF) == shown
    assert len(shown) <= 120


async def test_a_name_never_becomes_a_path_or_a_header(http: httpx.AsyncClient, services: Services) -> None:
    upload = await sent(http, files.pdf(), '../../../tmp/x"; filename="evil.html')
    number, bearer = await filed(http, upload)
    (listed,) = (await ticket(http, number, bearer))["attachments"]
    assert "/" not in listed["name"]
    assert '"' not in listed["name"]
    got = await http.get(httpx.URL(listed["link"]).path, headers=bearer)
    assert got.headers["content-disposition"].count("filename=") == 1
    assert all(listed["name"] not in str(path) for path in on_disk(services))


@pytest.mark.parametrize("content", [files.polyglot(), files.jpeg(comment=files.EICAR)], ids=["polyglot", "EICAR"])
async def test_what_hides_behind_a_picture_is_gone(http: httpx.AsyncClient, content: bytes) -> None:
    number, bearer = await filed(http, await sent(http, content))
    (listed,) = (await ticket(http, number, bearer))["attachments"]
    got = await http.get(httpx.URL(listed["link"]).path, headers=bearer)
    assert Image.open(io.BytesIO(got.content)).size == (320, 240)
    assert b"<script" not in got.content
    assert b"PK\x03\x04" not in got.content
    assert b"EICAR" not in got.content


async def test_the_event_loop_goes_on_while_a_picture_is_cleaned(http: httpx.AsyncClient) -> None:
    """The picture is decoded by another process: many other requests are answered before it is done."""
    uploading = asyncio.create_task(send(http, files.jpeg(2000, 1500)))
    answered = 0
    while not uploading.done():
        assert (await http.get("/health/live")).status_code == 200
        answered += 1
        await asyncio.sleep(0)  # in this process the request above is answered without giving anybody else a turn
    assert (await uploading).status_code == 201
    assert answered > 20


async def test_a_bomb_ends_its_own_program_only(http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the header lies about nothing but memory does not suffice, the program ends and the sender is told."""
    real = cleaning._run

    async def killed(arguments: list[str]) -> tuple[str, int | None]:
        Path(arguments[0]).write_bytes(b"\xff\xd8\xff" + b"\0" * 10)
        await real(arguments)
        return "", -9

    monkeypatch.setattr(cleaning, "_run", killed)
    answer = await send(http, files.jpeg())
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "unreadable")


async def test_a_slow_loris_is_let_go(app: Any, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "PIECE_SECONDS", 0.05)
    before = on_disk(services)

    async def drip() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-1.4'
        await asyncio.Event().wait()

    async def one() -> int:
        async with client_of(app) as client:
            headers = {"Content-Type": "multipart/form-data; boundary=x"}
            with contextlib.suppress(httpx.HTTPError):
                return (await client.post("/api/v1/uploads", content=drip(), headers=headers)).status_code
        return 0

    async with asyncio.timeout(30):
        statuses = await asyncio.gather(*(one() for _ in range(60)))
    # Each process holds 32 at a time; the rest is sent away at once.
    assert set(statuses) == {408, 503}
    assert statuses.count(408) == 32
    assert on_disk(services) == before


async def alarms(services: Services, what: str) -> int:
    async with services.database.transaction(SYSTEM) as connection:
        return await connection.fetchval("SELECT count(*) FROM alarm WHERE what = $1 AND cleared_at IS NULL", what)


async def test_on_a_full_disk_words_are_taken_files_are_not_and_the_alarm_ends_with_it(
    http: httpx.AsyncClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = on_disk(services)

    def full(_storage: Storage, _path: Path, _key: str) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Storage, "keep", full)
        for content in (files.pdf(), files.jpeg()):
            answer = await send(http, content)
            assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
            assert answer.headers["retry-after"] == "300"
        assert on_disk(services) == before
        assert (await filed(http))[0]
        form = await http.post(
            "/",
            data={"description": "Kata-kata saya tetap ada di sini.", "kind": "complaint", "privacy": "open"},
            files={"file": ("a.jpg", files.jpeg(), "image/jpeg")},
        )
        assert form.status_code == 422
        assert "Kata-kata saya tetap ada di sini." in form.text
        assert "Berkas belum dapat diterima saat ini" in form.text
        assert await alarms(services, "attachments_not_stored") == 1
    await sent(http)
    assert await alarms(services, "attachments_not_stored") == 0


async def test_files_stop_before_the_disk_is_full(settings: Settings, services: Services) -> None:
    reserved = msgspec.structs.replace(settings, attachment_reserve_megabytes=10_000_000)
    async with opened_app(reserved) as http:
        assert (await send(http, files.pdf())).status_code == 507
        assert (await filed(http))[0]


@pytest.mark.parametrize("harm", ["flipped", "shortened", "removed", "folder wiped"])
async def test_a_file_that_is_no_longer_what_was_stored_is_not_given_out(
    http: httpx.AsyncClient, services: Services, settings: Settings, harm: str
) -> None:
    number, bearer = await filed(http, await sent(http, files.pdf(uuid.uuid4().hex.encode())))
    (listed,) = (await ticket(http, number, bearer))["attachments"]
    path = httpx.URL(listed["link"]).path
    async with services.database.transaction(SYSTEM) as connection:
        row = await connection.fetchrow("SELECT storage_key, sha256 FROM attachment WHERE id = $1", listed["id"])
    place = services.attachments.storage.path_of(row["storage_key"], row["sha256"])
    whole = place.read_bytes()
    folder = services.attachments.storage.folder
    aside = folder.with_name("aside")
    match harm:
        case "flipped":
            place.write_bytes(whole[:-10] + bytes([whole[-10] ^ 1]) + whole[-9:])
        case "shortened":
            place.write_bytes(whole[:-1])
        case "removed":
            place.unlink()
        case _:
            folder.rename(aside)
    state = "missing" if harm in ("removed", "folder wiped") else "damaged"
    got = await http.get(path, headers=bearer)
    assert (got.status_code, got.json()["code"]) == (410, f"file_{state}")
    assert (await ticket(http, number, bearer))["attachments"][0]["state"] == state
    assert await alarms(services, "attachments_damaged") == 1
    # The cheap audit sees what is missing or shorter; the full one every bit.
    for whole_files in (False, True):
        report = await examine(services.settings, with_audit=True, whole_files=whole_files)
        named = [v for v in report.violations if v.invariant == "I10" and listed["id"] in v.what]
        assert len(named) == (0 if harm == "flipped" and not whole_files else 1)
    if harm == "folder wiped":
        aside.rename(folder) if not folder.exists() else [p.rename(folder / p.name) for p in aside.iterdir()]
    place.write_bytes(whole)
    assert (await http.get(path, headers=bearer)).status_code == 200
    assert (await ticket(http, number, bearer))["attachments"][0]["state"] == "ready"
    assert await alarms(services, "attachments_damaged") == 0


@pytest.mark.parametrize(
    "exchange",
    [
        "UPDATE attachment SET sha256 = sha256('other') WHERE ticket_id = $1",
        "UPDATE attachment SET name = 'lain.pdf' WHERE ticket_id = $1",
        "DELETE FROM attachment WHERE ticket_id = $1 AND position = 1",
        "UPDATE attachment SET seq = 2 WHERE ticket_id = $1",
    ],
)
async def test_exchanging_a_file_shows_in_the_chain(
    http: httpx.AsyncClient, services: Services, running: Running, the_office: TheOffice, exchange: str
) -> None:
    number, _ = await filed(http, await sent(http, files.pdf()), await sent(http))
    found = (await the_office.file_of(number)).ticket

    async def broken() -> list[str]:
        report = await examine(services.settings, with_audit=True)
        return [v.what for v in report.violations if v.invariant == "I7" and number in (v.row, "")]

    assert await broken() == []
    name = urlsplit(services.settings.database_url or "").path.removeprefix("/")
    owner = await asyncpg.connect(on_database(running.admin_url, name))
    try:
        async with contextlib.AsyncExitStack() as undone:
            before = await owner.fetch("SELECT * FROM attachment WHERE ticket_id = $1 ORDER BY position", found.id)
            await owner.execute(exchange, found.id)

            async def restore() -> None:
                await owner.execute("DELETE FROM attachment WHERE ticket_id = $1", found.id)
                columns = ", ".join(before[0].keys())
                places = ", ".join(f"${n + 1}" for n in range(len(before[0])))
                again = f"INSERT INTO attachment ({columns}) VALUES ({places})"  # noqa: S608 - the table's own columns
                for row in before:
                    await owner.execute(again, *row.values())

            undone.push_async_callback(restore)
            assert len(await broken()) >= 1
    finally:
        await owner.close()
    assert await broken() == []


async def test_what_is_erased_keeps_the_chain_whole(
    http: httpx.AsyncClient, services: Services, the_office: TheOffice
) -> None:
    number, _ = await filed(http, await sent(http), await sent(http, files.pdf()))
    found = (await the_office.file_of(number)).ticket
    assert await services.attachments.erase(found.office_id, found.id) == 2
    report = await examine(services.settings, with_audit=True, whole_files=True)
    assert [v for v in report.violations if v.row == number] == []


async def test_files_without_rows_are_swept_and_files_with_rows_never(
    http: httpx.AsyncClient, services: Services
) -> None:
    number, bearer = await filed(http, await sent(http))
    waiting = await sent(http)
    storage = services.attachments.storage
    file, path = storage.new_file()
    with file:
        file.write(b"left by a crash")
    stored = storage.keep(path, "ab" + "0" * 30)
    orphan = storage.path_of("ab" + "0" * 30, stored.sha256)
    assert await services.attachments.sweep_all() == 0
    assert orphan.exists()
    await services.attachments.sweep_all(orphan_age=timedelta(seconds=-5))
    assert not orphan.exists()
    assert (await filed(http, waiting))[0]
    (listed,) = (await ticket(http, number, bearer))["attachments"]
    assert (await http.get(httpx.URL(listed["link"]).path, headers=bearer)).status_code == 200
