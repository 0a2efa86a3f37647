"""The office's look as an administrator changes it: pages, kiosk, mails and receipts follow, and the log says who and why."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest
from PIL import Image

from complaints_service.database import SYSTEM
from complaints_service.office.settings_events import Setting, list_office_events
from tests import files
from tests.app_client import client_of, started_app
from tests.servers import Running
from tests.service.outbox_room import Room, a_room

WINE = "#7a1f3d"
PNG = "image/png"


@pytest.fixture(scope="module")
async def room(running: Running, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Room]:
    """An office of its own: what is changed here is nobody else's."""
    async with a_room(running, tmp_path_factory.mktemp("look")) as opened:
        yield opened


@pytest.fixture(scope="module")
async def client(room: Room) -> AsyncIterator[httpx.AsyncClient]:
    """The administrator's browser."""
    async with started_app(room.services.settings, room.services) as app, client_of(app) as opened:
        credentials = {"username": "admin", "password": room.office.passwords["admin"]}
        session = await opened.post("/api/v1/session", json=credentials)
        opened.headers.update({"X-CSRF-Token": session.json()["csrf_token"], "Accept-Language": "id"})
        yield opened


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
        given = {"version": await version(room), "logo_why": "Logo baru", **fields}
        return await client.post("/admin/kantor/logo", data=given, files={"logo": ("logo.png", content, PNG)})

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
