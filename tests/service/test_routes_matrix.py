"""Every route and who may use it: a route without a row here fails, and so does one that opens to somebody it should not.

A row says what each role gets for a request that is in order but empty: whether the door opens, not what lies behind it.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar

from complaints_service.settings import Settings
from complaints_service.wiring import Services
from tests.app_client import client_of, started_app
from tests.office import TheOffice
from tests.servers import Running

# nobody | petugas (works where the ticket is), petugas2 (does not) | atasan, kepala, kanwil | admin | a head's token for tickets only
ROLES = ("nobody", "petugas", "petugas2", "atasan", "kepala", "kanwil", "admin", "token")
# o open   x forbidden (403)   - sign in first, or prove it (401)   ? nothing is told (404)   c only with the case's cookie
MATRIX: dict[str, str] = {
    "GET /": "o oo ooo o o",
    "POST /": "o oo ooo o o",
    "GET /a/{token:str}": "? ?? ??? ? ?",
    "POST /a/{token:str}": "? ?? ??? ? ?",
    "GET /admin": "- xx xxx o x",
    "GET /admin/hitung-ulang": "- xx xxx o x",
    "GET /admin/eskalasi": "- xx xxx o x",
    "GET /admin/kebijakan": "- xx xxx o x",
    "GET /admin/kebijakan/banding": "- xx xxx ? x",
    "GET /admin/kebijakan/konsep": "- xx xxx o x",
    "POST /admin/kebijakan/konsep": "- xx xxx o x",
    "GET /admin/kebijakan/konsep/{draft_id:int}": "- xx xxx ? x",
    "POST /admin/kebijakan/konsep/{draft_id:int}": "- xx xxx o x",
    "GET /admin/kebijakan/konsep/{draft_id:int}/jenjang": "- xx xxx o x",
    "POST /admin/kebijakan/konsep/{draft_id:int}/jenjang": "- xx xxx o x",
    "GET /admin/kebijakan/konsep/{draft_id:int}/jenjang/{place:int}": "- xx xxx ? x",
    "POST /admin/kebijakan/konsep/{draft_id:int}/jenjang/{place:int}": "- xx xxx ? x",
    "GET /admin/kebijakan/konsep/{draft_id:int}/terbitkan": "- xx xxx ? x",
    "POST /admin/kebijakan/konsep/{draft_id:int}/terbitkan": "- xx xxx ? x",
    "GET /admin/kebijakan/{version:int}": "- xx xxx ? x",
    "POST /admin/kebijakan/{version:int}": "- xx xxx o x",
    "GET /api/v1/policies": "- xx xxx o x",
    "POST /api/v1/policies": "- xx xxx o x",
    "GET /api/v1/policies/{version:int}": "- xx xxx ? x",
    "POST /api/v1/policies/{version:int}/confirm": "- xx xxx o x",
    "POST /api/v1/policies/{version:int}/withdraw": "- xx xxx o x",
    "GET /admin/kantor": "- xx xxx o x",
    "POST /admin/kantor": "- xx xxx o x",
    "GET /admin/kantor/logo": "- oo ooo o x",
    "POST /admin/kantor/logo": "- xx xxx o x",
    "GET /admin/kios": "- oo ooo o x",
    "POST /admin/kios": "- xx xxx o x",
    "POST /admin/kios/{device_id:int}/cabut": "- xx xxx ? x",
    "POST /admin/kios/{device_id:int}/kode": "- xx xxx ? x",
    "GET /admin/kalender": "- xx xxx o x",
    "POST /admin/kalender": "- xx xxx o x",
    "GET /admin/kalender/banding": "- xx xxx ? x",
    "GET /admin/kalender/hari": "- xx xxx ? x",
    "GET /admin/kalender/hari/{iso:str}": "- xx xxx ? x",
    "POST /admin/kalender/hari/{iso:str}": "- xx xxx ? x",
    "GET /admin/kalender/khusus": "- xx xxx o x",
    "POST /admin/kalender/khusus": "- xx xxx o x",
    "GET /admin/kalender/khusus/{start:str}": "- xx xxx ? x",
    "POST /admin/kalender/khusus/{start:str}": "- xx xxx ? x",
    "GET /admin/kalender/libur": "- xx xxx o x",
    "POST /admin/kalender/libur": "- xx xxx o x",
    "GET /admin/kalender/minggu": "- xx xxx o x",
    "POST /admin/kalender/minggu": "- xx xxx o x",
    "GET /admin/kalender/riwayat": "- xx xxx o x",
    "POST /admin/kalender/riwayat": "- xx xxx ? x",
    "GET /admin/kalender/tinjau": "- xx xxx o x",
    "POST /admin/kalender/tinjau": "- xx xxx o x",
    "GET /api/v1/calendars": "- xx xxx o x",
    "POST /api/v1/calendars": "- xx xxx o x",
    "GET /admin/ketidakhadiran": "- oo ooo o x",
    "POST /admin/ketidakhadiran": "- oo ooo o x",
    "GET /api/v1/absences": "- oo ooo o o",
    "POST /api/v1/absences": "- oo ooo o o",
    "DELETE /api/v1/absences/{absence_id:int}": "- ?? ??? ? ?",
    "GET /api/v1/duties": "- oo ooo o o",
    "POST /api/v1/duties": "- oo ooo o o",
    "DELETE /api/v1/duties/{duty_id:int}": "- ?? ??? ? ?",
    "POST /admin/pesan/{letter_id:int}/ulang": "- xx xxx ? x",
    "GET /admin/simulasi": "- xx xxx o x",
    "POST /admin/simulasi": "- xx xxx o x",
    "GET /admin/simulasi/{job_id:str}": "- xx xxx ? x",
    "POST /admin/simulasi/{job_id:str}/henti": "- xx xxx ? x",
    "GET /api/v1/people/me/ways": "- oo ooo o x",
    "PUT /api/v1/people/me/ways": "- oo ooo o x",
    "GET /saya": "- oo ooo o x",
    "POST /saya": "- oo ooo o x",
    "GET /admin/webhooks": "- xx xxx o x",
    "POST /admin/webhooks": "- xx xxx o x",
    "GET /admin/webhooks/{webhook_id:int}/{deed:str}": "- oo ooo o x",
    "POST /admin/webhooks/{webhook_id:int}/kunci": "- xx xxx ? x",
    "POST /admin/webhooks/{webhook_id:int}/{deed:str}": "- ?? ??? ? x",
    "POST /api/v1/calendars/effects": "- xx xxx o x",
    "POST /api/v1/calendars/preview": "- oo ooo o o",
    "POST /api/v1/policies/simulate": "- xx xoo o x",
    "GET /api/v1/simulations/{job_id:str}": "- xx x?? ? x",
    "DELETE /api/v1/simulations/{job_id:str}": "- xx x?? ? x",
    "GET /admin/kalender/coba": "- oo ooo o x",
    "POST /api/v1/policies/effects": "- xx xxx o x",
    "GET /api/v1/effects/{job_id:str}": "- xx xxx ? x",
    "DELETE /api/v1/effects/{job_id:str}": "- xx xxx ? x",
    "GET /api/v1/recomputes": "- xx xxx o x",
    "GET /api/v1/catalog": "o oo ooo o o",
    "POST /api/v1/complaints": "o oo ooo o o",
    "POST /api/v1/complaints/recover": "o oo ooo o o",
    "GET /api/v1/complaints/{number:str}": "- -- --- - ?",
    "GET /api/v1/complaints/{number:str}/attachments/{attachment_id:str}": "- -- --- - ?",
    "POST /api/v1/complaints/{number:str}/messages": "- -- --- - ?",
    "POST /api/v1/complaints/{number:str}/rating": "o oo ooo o o",
    "GET /api/v1/complaints/{number:str}/stream": "? ?? ??? ? ?",
    "POST /api/v1/complaints/{number:str}/withdraw": "- -- --- - ?",
    "GET /api/v1/devices": "- xx xxx o x",
    "POST /api/v1/devices": "- xx xxx o x",
    "DELETE /api/v1/devices/{device_id:int}": "- xx xxx ? x",
    "GET /api/v1/feedback/cycles": "- xx ooo o x",
    "POST /api/v1/feedback/cycles": "- xx xoo o x",
    "GET /api/v1/feedback/cycles/{cycle_id:int}": "- xx ??? ? x",
    "POST /api/v1/kiosk/complaints": "- -- --- - -",
    "DELETE /api/v1/session": "- oo ooo o o",
    "GET /api/v1/session": "- oo ooo o o",
    "POST /api/v1/session": "o oo ooo o o",
    "GET /api/v1/tickets": "- oo ooo o o",
    "POST /api/v1/tickets": "- oo ooo x o",
    "POST /api/v1/tickets/bulk": "- oo ooo o o",
    "GET /api/v1/tickets/{number:str}": "- o? ooo o o",
    "GET /api/v1/tickets/{number:str}/attachments/{attachment_id:str}": "- ?? ??? ? ?",
    "GET /api/v1/tickets/{number:str}/attachments/{attachment_id:str}/preview": "- ?? ??? ? ?",
    "POST /api/v1/tickets/{number:str}/commands": "- oo ooo o o",
    "GET /api/v1/tickets/{number:str}/deadlines": "- o? ooo o o",
    "GET /api/v1/tickets/{number:str}/events": "- o? ooo o o",
    "POST /api/v1/tickets/{number:str}/more-time": "- oo ooo o o",
    "GET /api/v1/tickets/{number:str}/reporter": "- o? ooo o o",
    "GET /api/v1/tokens": "- oo ooo o x",
    "POST /api/v1/tokens": "- oo ooo o x",
    "DELETE /api/v1/tokens/{token_id:str}": "- ?? ??? ? x",
    "POST /api/v1/uploads": "o oo ooo o o",
    "GET /api/v1/webhooks": "- xx xxx o x",
    "POST /api/v1/webhooks": "- xx xxx o x",
    "DELETE /api/v1/webhooks/{webhook_id:int}": "- xx xxx ? x",
    "POST /api/v1/webhooks/{webhook_id:int}/rotate": "- xx xxx ? x",
    "POST /api/v1/webhooks/{webhook_id:int}/test": "- xx xxx ? x",
    "POST /bahasa": "o oo ooo o o",
    "GET /desk": "- oo ooo o x",
    "GET /desk/baru": "- oo ooo x x",
    "POST /desk/baru": "- oo ooo x x",
    "GET /desk/panduan": "- ox oox o x",
    "GET /desk/panduan/baru": "- ox oox o x",
    "POST /desk/panduan/baru": "- ox oox o x",
    "GET /desk/panduan/{guidance_id:int}": "- ?x ??x ? x",
    "POST /desk/panduan/{guidance_id:int}": "- ?x ??x ? x",
    "GET /desk/ditahan": "- oo ooo x x",
    "POST /desk/ditahan": "- oo ooo x x",
    "GET /desk/panggilan": "- oo ooo o x",
    "GET /desk/panggilan/aliran": "- oo ooo o x",
    "GET /desk/panggilan/kiriman/{item_id:int}": "- oo ooo o x",
    "POST /desk/panggilan/kiriman/{item_id:int}": "- oo ooo o x",
    "GET /desk/panggilan/{call_id:int}": "- oo ooo o x",
    "POST /desk/panggilan/{call_id:int}": "- oo ooo o x",
    "GET /desk/t/{number:str}": "- o? ooo o x",
    "GET /desk/t/{number:str}/berkas/{attachment_id:str}": "- ?? ??? ? x",
    "GET /desk/t/{number:str}/berkas/{attachment_id:str}/pratinjau": "- ?? ??? ? x",
    "GET /desk/t/{number:str}/pelapor": "- oo ooo o x",
    "POST /desk/t/{number:str}/pelapor": "- o? ooo o x",
    "GET /desk/t/{number:str}/perintah": "- oo ooo o x",
    "POST /desk/t/{number:str}/perintah": "- oo ooo o x",
    "GET /docs": "o oo ooo o x",
    "GET /health/live": "o oo ooo o o",
    "GET /health/ready": "o oo ooo o o",
    "POST /keluar": "- -- --- - x",
    "GET /kios": "o oo ooo o o",
    "GET /kios/buat": "o oo ooo o o",
    "POST /kios/buat": "o oo ooo o o",
    "GET /kios/cek": "o oo ooo o o",
    "POST /kios/cek": "o oo ooo o o",
    "GET /kios/daftar": "o oo ooo o o",
    "POST /kios/daftar": "o oo ooo o o",
    "GET /kios/hp": "o oo ooo o o",
    "POST /kios/bahasa": "o oo ooo o o",
    "GET /kios/bantuan": "o oo ooo o o",
    "POST /kios/bantuan": "o oo ooo o o",
    "POST /kios/kiriman": "- -- --- - -",
    "GET /kios/luring/{language:str}": "? ?? ??? ? ?",
    "GET /kios/survei": "o oo ooo o o",
    "POST /kios/survei": "o oo ooo o o",
    "GET /kios/pekerja.js": "o oo ooo o o",
    "POST /kios/tampilan": "o oo ooo o o",
    "GET /kios/ukuran": "o oo ooo o o",
    "POST /kios/ukuran": "o oo ooo o o",
    "GET /kios/ukuran.css": "o oo ooo o o",
    "POST /kios/selesai": "o oo ooo o o",
    "GET /kios/terkirim/{number:str}": "o oo ooo o o",
    "GET /ikon/{size:int}": "? ?? ??? ? ?",
    "GET /luring/{language:str}": "? ?? ??? ? ?",
    "GET /kantor/logo/{digest:str}": "? ?? ??? ? ?",
    "GET /kantor/warna.css": "o oo ooo o o",
    "GET /manifest.webmanifest": "o oo ooo o o",
    "GET /pekerja.js": "o oo ooo o o",
    "GET /lapor": "o oo ooo o o",
    "GET /lapor/{step:str}": "? ?? ??? ? ?",
    "POST /lapor/{step:str}": "? ?? ??? ? ?",
    "GET /lacak": "o oo ooo o o",
    "POST /lacak": "o oo ooo o o",
    "GET /lacak/hilang": "o oo ooo o o",
    "POST /lacak/hilang": "o oo ooo o o",
    "GET /s/{token:str}": "? ?? ??? ? ?",
    "POST /s/{token:str}": "? ?? ??? ? ?",
    "POST /lupakan": "c cc ccc c c",
    "GET /m/{token:str}": "o oo ooo o o",
    "POST /m/{token:str}": "? ?? ??? ? ?",
    "GET /manage": "- xx ooo o x",
    "GET /manage/feedback": "- xx ooo o x",
    "POST /manage/feedback": "- xx xoo o x",
    "GET /manage/feedback/{cycle_id:int}": "- xx ??? ? x",
    "GET /masuk": "o oo ooo o x",
    "POST /masuk": "- -- --- - -",
    "GET /metrics": "o oo ooo o o",
    "GET /schema/openapi.json": "o oo ooo o o",
    "GET /static/{version:str}/{name:path}": "? ?? ??? ? ?",
    "GET /survei": "o oo ooo o o",
    "POST /survei": "o oo ooo o o",
    "GET /transparansi": "o oo ooo o o",
    "GET /transparansi/data.csv": "o oo ooo o o",
    "GET /transparansi/data.json": "o oo ooo o o",
    "GET /transparansi/skema.json": "o oo ooo o o",
    "GET /t/{number:str}": "c cc ccc c c",
    "GET /t/{number:str}/berkas/{attachment_id:str}": "c cc ccc c c",
    "GET /t/{number:str}/data": "c cc ccc c c",
    "POST /t/{number:str}/data": "x xx xxx x x",
    "GET /t/{number:str}/kabar": "c cc ccc c c",
    "POST /t/{number:str}/kabar": "x xx xxx x x",
    "POST /t/{number:str}/kabar/henti": "x xx xxx x x",
    "POST /t/{number:str}/balas": "x xx xxx x x",
    "POST /t/{number:str}/nilai": "x xx xxx x x",
    "GET /t/{number:str}/tanda-terima.pdf": "c cc ccc c c",
    "GET /terkirim/{number:str}/tanda-terima.pdf": "c cc ccc c c",
    "GET /t/{number:str}/tarik": "c cc ccc c c",
    "POST /t/{number:str}/tarik": "x xx xxx x x",
    "POST /tampilan": "o oo ooo o o",
    "GET /terbantu": "o oo ooo o o",
    "POST /terbantu": "o oo ooo o o",
    "GET /terkirim/{number:str}": "c cc ccc c c",
    "GET /webhooks/whatsapp/cloud": "x xx xxx x x",
    "POST /webhooks/whatsapp/cloud": "x xx xxx x x",
    "POST /webhooks/whatsapp/gowa": "x xx xxx x x",
}
# The development tools: everybody on this machine, nobody else (and not there at all without DEV).
TOOLS = {
    "GET /dev",
    "GET /dev/clock",
    "POST /dev/clock",
    "GET /dev/components",
    "GET /dev/mail",
    "GET /dev/mail.json",
    "GET /dev/mail/{mail_id:str}",
    "GET /dev/mail/{mail_id:str}/html",
    "GET /dev/people",
    "GET /dev/whatsapp",
    "POST /dev/whatsapp",
    "GET /dev/whatsapp.json",
    "POST /dev/whatsapp/cloud/send/message",
    "POST /dev/whatsapp/cloud/{phone_number_id:str}/messages",
    "POST /dev/whatsapp/cloud/{version:str}/{phone_number_id:str}/messages",
    "POST /dev/whatsapp/gowa/send/message",
    "POST /dev/workers/drain",
}
ENDS_SESSION = frozenset({"POST /keluar", "DELETE /api/v1/session"})


def routes_of(app: Any) -> set[str]:
    """``METHOD /path`` of every handler of the application."""
    inner: Any = app
    while not isinstance(inner, Litestar):
        inner = inner._app
    return {
        f"{method} {route.path}"
        for route in inner.routes
        for method in getattr(route, "methods", ())
        if method not in ("OPTIONS", "HEAD")
    }


def address(path: str, number: str) -> str:
    """The path with something in its places: the number of a ticket of Lantaskim, ids and tokens that do not exist."""
    filled = path.replace("{number:str}", number)
    return re.sub(r"\{\w+:(\w+)\}", lambda match: {"int": "999999", "path": "x.css"}.get(match[1], "x" * 43), filled)


def outcome(answer: httpx.Response) -> str:
    """What the answer means for the one who asked."""
    location = answer.headers.get("location", "")
    # 429: several have failed here before; it is the same closed door.
    if answer.status_code in (401, 429) or location.startswith("/masuk"):
        return "-"
    if location.startswith("/lacak"):
        return "c"
    return {403: "x", 404: "?"}.get(answer.status_code, "o" if answer.status_code < 500 else "!")


@pytest.fixture(scope="module")
async def app(settings: Settings, services: Services) -> AsyncIterator[Any]:
    unlimited = msgspec.structs.replace(settings, rate_signin_per_minute=None, rate_lookup_per_minute=None)
    async with started_app(unlimited, msgspec.structs.replace(services, settings=unlimited)) as started:
        yield started


@pytest.fixture(scope="module")
async def people(app: Any, running: Running, services: Services) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    """Somebody of every role, signed in, and a program with the token of a head for tickets only."""
    clients = {role: client_of(app) for role in ROLES}
    passwords = {person.username: person.password for person in running.people}
    for role, client in clients.items():
        if role in passwords:
            await sign_in(client, role, passwords[role])
    head = clients["kepala"]
    made = await head.post("/api/v1/tokens", json={"name": "laporan", "scopes": ["tickets"]})
    assert made.status_code == 201, made.text
    clients["token"].headers["Authorization"] = f"Bearer {made.json()['token']}"
    yield clients
    for client in clients.values():
        await client.aclose()


async def sign_in(client: httpx.AsyncClient, username: str, password: str) -> None:
    answer = await client.post("/api/v1/session", json={"username": username, "password": password})
    assert answer.status_code == 200, answer.text
    client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]


async def ask(client: httpx.AsyncClient, route: str, number: str) -> httpx.Response:
    method, _, path = route.partition(" ")
    machine = path.startswith(("/api/", "/webhooks/"))
    sent: dict[str, Any] = {}
    if method == "POST":
        sent = {"json": {}} if machine else {"data": {"x": "y"}}
    return await client.request(method, address(path, number), headers={"Accept": "text/html"}, **sent)


def test_every_route_has_a_row_and_every_row_a_route(app: Any) -> None:
    assert routes_of(app) == set(MATRIX) | TOOLS


@pytest.mark.parametrize("route", MATRIX)
async def test_the_door_opens_to_whom_it_should_and_to_nobody_else(
    people: dict[str, httpx.AsyncClient], the_office: TheOffice, route: str
) -> None:
    number = (await the_office.file()).number
    found = {role: outcome(await ask(client, route, number)) for role, client in people.items()}
    assert "".join(found.values()) == MATRIX[route].replace(" ", ""), found
    if route in ENDS_SESSION:
        for role, client in people.items():
            if role in the_office.passwords:
                await sign_in(client, role, the_office.passwords[role])


@pytest.mark.parametrize("route", sorted(TOOLS))
async def test_the_development_tools_answer_nobody_from_elsewhere(app: Any, route: str) -> None:
    async with client_of(app, "198.51.100.9") as stranger:
        answer = await ask(stranger, route, "LT-2026-000001")
    assert answer.status_code == 403


async def test_without_development_there_are_no_tools(settings: Settings, services: Services) -> None:
    serious = msgspec.structs.replace(settings, dev=False)
    async with started_app(serious, msgspec.structs.replace(services, settings=serious)) as started:
        assert routes_of(started) == set(MATRIX)
