"""The office's look as an administrator changes it: pages, kiosk, mails and receipts follow, and the log says who and why."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest
from PIL import Image

from complaints_service.database import SYSTEM
from complaints_service.dev.mail_catcher import mail_from
from complaints_service.office.settings_events import Setting, list_office_events
from tests import files
from tests.app_client import client_of, started_app
from tests.servers import Running
from tests.service.outbox_room import Room, a_room
from tests.service.smtp_server import Taken

WINE = "#7a1f3d"
PNG = "image/png"


@pytest.fixture(scope="module")
async def room(running: Running, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Room]:
    """An office of its own: what is changed here is nobody else's."""
    async with a_room(running, tmp_path_factory.mktemp("look")) as opened:
        yield opened


@pytest.fixture(scope="module")
async def app(room: Room) -> AsyncIterator[object]:
    async with started_app(room.services.settings, room.services) as started:
        yield started


@pytest.fixture(scope="module")
async def client(room: Room, app: object) -> AsyncIterator[httpx.AsyncClient]:
    """The administrator's browser."""
    async with client_of(app) as opened:
        await sign_in(room, opened, "admin")
        yield opened


async def sign_in(room: Room, client: httpx.AsyncClient, username: str) -> None:
    credentials = {"username": username, "password": room.office.passwords[username]}
    session = await client.post("/api/v1/session", json=credentials)
    client.headers.update({"X-CSRF-Token": session.json()["csrf_token"], "Accept-Language": "id"})


async def version(room: Room) -> str:
    return str((await room.office.office()).look.version)


async def saved(client: httpx.AsyncClient, room: Room, **fields: str) -> httpx.Response:
    """The form as it stands, with these fields changed."""
    office = await room.office.office()
    now = {n: str(v) for n, v in msgspec.structs.asdict(office.look).items()}
    usual = {"name": office.name, "address": office.address, "phone": office.phone, "why": "Sesuai surat kepala kantor"}
    return await client.post("/admin/kantor", data={**now, **usual, **fields})


async def test_pages_mails_and_the_log_follow_a_change(client: httpx.AsyncClient, room: Room) -> None:
    before = await room.office.office()
    assert "/kantor/warna.css" not in (await client.get("/")).text
    changed = await saved(
        client,
        room,
        name="Kantor <Imigrasi> Metro",
        accent=WINE,
        contact="Senin sampai Jumat",
        greeting_id="Selamat datang!",
    )
    assert (changed.status_code, changed.headers["location"]) == (303, "/admin/kantor?ok")
    page = (await client.get("/")).text
    assert "Kantor &lt;Imigrasi&gt; Metro" in page
    assert "Selamat datang!" in page
    assert "Senin sampai Jumat" in page
    style = f"/kantor/warna.css?v={await version(room)}"
    assert f'href="{style}"' in page

    sheet = await client.get(style)
    assert f"--brand: {WINE};" in sheet.text
    assert "immutable" in sheet.headers["cache-control"]
    other = await client.get("/kantor/warna.css", headers={"If-None-Match": sheet.headers["etag"]})
    assert (other.status_code, other.content, "immutable" in other.headers["cache-control"]) == (304, b"", False)

    await room.office.file()
    await room.deliver()
    html = room.postbox.taken[-1].html
    assert WINE in html
    assert "Senin sampai Jumat" in html

    (event,) = await list_office_events(room.services.database, before.id, [Setting.LOOK])
    assert (event.person_id, event.why, event.subject) == (
        (await room.office.person("admin")).id, "Sesuai surat kepala kantor", "1",
    )  # fmt: skip
    shown = (await client.get("/admin/kantor")).text
    assert event.why in shown
    assert "Nama, Kontak lain atau jam layanan, Warna, tampilan terang" in shown


async def logo_sent(client: httpx.AsyncClient, room: Room, content: bytes, **fields: str) -> httpx.Response:
    given = {"version": await version(room), "logo_why": "Logo baru", **fields}
    return await client.post("/admin/kantor/logo", data=given, files={"logo": ("logo.png", content, PNG)})


async def test_of_two_who_save_at_once_the_second_is_told_and_nothing_is_lost(
    client: httpx.AsyncClient, room: Room
) -> None:
    seen = await version(room)
    assert (await saved(client, room, short_name="Imigrasi")).status_code == 303
    late = await saved(client, room, version=seen, short_name="Kanim")
    assert late.status_code == 412
    assert 'value="Kanim"' in late.text
    assert f'name="version" value="{await version(room)}"' in late.text
    assert (await room.office.office()).look.short_name == "Imigrasi"


async def test_a_logo_is_drawn_anew_and_shown_and_can_be_taken_away(client: httpx.AsyncClient, room: Room) -> None:
    async def send(content: bytes, **fields: str) -> httpx.Response:
        return await logo_sent(client, room, content, **fields)

    assert (await send(files.photo_with_position())).status_code == 303
    digest = (await room.office.office()).look.logo
    shown = await client.get(f"/kantor/logo/{digest}")
    assert (shown.headers["content-type"], "immutable" in shown.headers["cache-control"]) == ("image/webp", True)
    picture = Image.open(io.BytesIO(shown.content))
    assert max(picture.size) <= 256
    assert "exif" not in picture.info
    for path in ("/", "/kios/daftar", "/admin"):
        assert f'src="/kantor/logo/{digest}"' in (await client.get(path)).text, path

    for bad in (files.svg(), files.pdf(), files.pixel_bomb(), files.polyglot()[:40], b"", files.png()[:60]):
        refused = await send(bad)
        assert (refused.status_code, 'id="logo-error"' in refused.text) == (422, True), bad[:20]
    assert (await send(files.png(), logo_why="")).status_code == 422
    assert (await send(files.png(), version="0")).status_code == 412
    assert (await room.office.office()).look.logo == digest
    assert (await client.get(f"/kantor/logo/{'0' * 32}")).status_code == 404

    assert (await send(b"", step="remove")).status_code == 303
    assert "/kantor/logo/" not in (await client.get("/")).text
    assert (await client.get(f"/kantor/logo/{digest}")).status_code == 200, "pages that are open still show it"
    async with room.services.database.transaction(SYSTEM) as connection:
        assert await connection.fetchval("SELECT count(*) FROM office_logo") == 1


async def test_mails_carry_the_logo_inside_and_only_while_there_is_one(client: httpx.AsyncClient, room: Room) -> None:
    async def mail_of_a_case() -> Taken:
        await room.office.file()
        await room.deliver()
        return room.postbox.taken[-1]

    def parts(mail: Taken) -> list[str]:
        return [part.get_content_type() for part in mail.message.walk()]

    plain = await mail_of_a_case()
    assert parts(plain) == ["multipart/alternative", "text/plain", "text/html"]
    assert "<img" not in plain.html

    assert (await logo_sent(client, room, files.png(600, 150))).status_code == 303
    mail = await mail_of_a_case()
    assert parts(mail) == ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"]
    picture = next(part for part in mail.message.walk() if part.get_content_type() == "image/png")
    (shown,) = re.findall(r'<img src="([^"]+)"', mail.html)
    assert (shown, picture.get_content_disposition()) == (f"cid:{picture['Content-ID'].strip('<>')}", "inline")
    content = picture.get_content()
    drawn = Image.open(io.BytesIO(content))
    assert (drawn.format, len(content) < 20_000) == ("PNG", True)
    width, height = map(int, re.findall(r'<img [^>]*width="(\d+)" height="(\d+)"', mail.html)[0])
    assert width / height == pytest.approx(drawn.width / drawn.height, rel=0.05)
    assert (width <= 200, height <= 48) == (True, True)
    assert "cid:" not in mail.text
    assert mail.text.count("\n") == plain.text.count("\n"), "who reads plain text reads the same"
    caught = mail_from(mail.message.as_bytes(), mail.to)
    assert 'src="data:image/png;base64,' in caught.html

    assert (await logo_sent(client, room, b"", step="remove")).status_code == 303
    assert parts(await mail_of_a_case()) == parts(plain)


async def test_a_logo_that_cannot_be_drawn_stops_no_mail(client: httpx.AsyncClient, room: Room) -> None:
    assert (await logo_sent(client, room, files.png(90, 90))).status_code == 303
    await room.admin.execute("UPDATE office_logo SET content = 'no picture'")
    await room.office.file()
    await room.deliver()
    assert [part.get_content_type() for part in room.postbox.taken[-1].message.walk()][1:] == [
        "text/plain",
        "text/html",
    ]
    assert (await logo_sent(client, room, b"", step="remove")).status_code == 303


async def test_receipts_of_form_counter_and_kiosk_begin_with_the_logo(
    client: httpx.AsyncClient, app: object, room: Room
) -> None:
    words = {"kind": "complaint", "privacy": "open", "description": "Sepuluh hari menunggu paspor."}
    sent = (await client.post("/", data={**words, "step": "send"})).headers["location"]
    assert "slip-logo" not in (await client.get(f"{sent}?slip")).text
    paper = [(await client.get(f"{sent}/tanda-terima.pdf")).content]
    assert (await logo_sent(client, room, files.png())).status_code == 303
    picture = f'class="slip-logo" src="/kantor/logo/{(await room.office.office()).look.logo}"'
    assert picture in (await client.get(f"{sent}?slip")).text
    assert picture not in (await client.get(sent)).text, "A4 paper has it in its head"
    paper.append((await client.get(f"{sent}/tanda-terima.pdf")).content)
    assert paper[0].count(b"/Subtype /Image") < paper[1].count(b"/Subtype /Image")

    assert picture in (await client.get("/kios/luring/id")).text
    _, token = await room.services.kiosk.create_device(await room.office.office(), "Ruang tunggu")
    await client.post("/kios/daftar", data={"code": token})
    kiosk = (await client.post("/kios/buat", data={**words, "step": "send"})).headers["location"]
    assert picture in (await client.get(kiosk)).text

    at_desk = {"channel": "counter", "reporter.language": "id", "consent": "true"}
    async with client_of(app) as desk:
        await sign_in(room, desk, "petugas")
        token = re.findall(r'name="csrf_token" value="([^"]+)"', (await desk.get("/desk/baru")).text)[0]
        filed = await desk.post("/desk/baru", data={**words, **at_desk, "csrf_token": token})
        assert (filed.status_code, picture in filed.text) == (201, True)
