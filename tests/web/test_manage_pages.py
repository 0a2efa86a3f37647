"""Pages of managers and administrators: who may see them, what they show, what their buttons do."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import httpx
import pytest

from complaints_service.database import SYSTEM
from complaints_service.tickets.model import Channel
from tests.office import TheOffice
from tests.web.desk_pages import sign_in

PAGES = {
    "/manage": {"atasan", "kepala", "kanwil", "admin"},
    "/manage/feedback": {"atasan", "kepala", "kanwil", "admin"},
    "/admin": {"admin"},
}
EVERYBODY = ("petugas", "petugas2", "atasan", "kepala", "kanwil", "admin")


async def token_of(http: httpx.AsyncClient, path: str) -> str:
    """The token of the forms on a page."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', (await http.get(path)).text)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("path", PAGES)
async def test_only_those_with_the_role_see_the_page(http: httpx.AsyncClient, the_office: TheOffice, path: str) -> None:
    for username in EVERYBODY:
        await sign_in(http, the_office, username)
        answer = await http.get(path)
        assert answer.status_code == (200 if username in PAGES[path] else 403), username


@pytest.mark.parametrize(
    ("path", "may"),
    [
        ("/manage/feedback", {"kepala", "kanwil", "admin"}),
        ("/admin/kios", {"admin"}),
        ("/admin/kios/1/cabut", {"admin"}),
        ("/admin/kios/1/kode", {"admin"}),
        ("/admin/pesan/1/ulang", {"admin"}),
    ],
)
async def test_only_those_with_the_role_press_the_button(
    http: httpx.AsyncClient, the_office: TheOffice, path: str, may: set[str]
) -> None:
    for username in EVERYBODY:
        await sign_in(http, the_office, username)
        assert (await http.post(path)).status_code == 403, "without the form's token"
        if username not in may:
            answer = await http.post(path, data={"csrf_token": await token_of(http, "/desk")})
            assert answer.status_code == 403, username


async def test_the_figures_say_of_when_they_are_and_lead_to_their_lists(
    http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    await the_office.file(channel=Channel.LETTER, received_at=await the_office.now() - timedelta(days=60))
    await sign_in(http, the_office, "kepala")
    page = await http.get("/manage")
    assert re.search(r"Data per \d\d\.\d\d WIB", page.text)
    links = {unescape(link) for link in re.findall(r'href="(/desk\?[^"]+)"', page.text)}
    assert len(links) >= 4
    for link in links:
        answer = await http.get(link)
        assert answer.status_code == 200
        assert "data-row-link" in answer.text, link
    assert page.text.count('<svg class="bars-track"') > 5
    assert page.text.count('<details class="chart-numbers">') >= 3


async def test_a_cycle_is_closed_by_a_button_and_its_report_names_the_cases(
    http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    filed = await the_office.file(channel=Channel.LETTER, received_at=await the_office.now() - timedelta(days=60))
    await sign_in(http, the_office, "kepala")
    answer = await http.post("/manage/feedback", data={"csrf_token": await token_of(http, "/manage/feedback")})
    assert answer.status_code == 303
    report = await http.get(answer.headers["location"])
    assert report.status_code == 200
    assert f'href="/desk/t/{filed.number}"' in report.text
    assert "hari kerja" in report.text
    listed = await http.get("/manage/feedback")
    assert answer.headers["location"] in listed.text
    await sign_in(http, the_office, "atasan")
    assert 'action="/manage/feedback"' not in (await http.get("/manage/feedback")).text
    assert (await http.get("/manage/feedback/999999")).status_code == 404


async def test_a_kiosk_is_added_with_a_code_shown_once_and_revoked(
    http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    await sign_in(http, the_office, "admin")
    token = await token_of(http, "/admin")
    made = await http.post("/admin/kios", data={"csrf_token": token, "name": "Kios lobi timur"})
    assert made.status_code == 201
    secret = re.search(r'token-once">([^<]+)<', made.text)
    assert secret is not None
    kiosk = the_office.services.kiosk
    typed = await kiosk.enrol(secret[1])
    assert typed is not None
    device = await kiosk.device_for(typed)
    assert device is not None
    page = await http.get("/admin")
    assert "Kios lobi timur" in page.text
    assert secret[1] not in page.text
    revoked = await http.post(f"/admin/kios/{device.id}/cabut", data={"csrf_token": token})
    assert revoked.status_code == 303
    assert await kiosk.device_for(typed) is None
    gone = await http.post(f"/admin/kios/{device.id}/kode", data={"csrf_token": token})
    assert gone.status_code == 404
    nameless = await http.post("/admin/kios", data={"csrf_token": token, "name": " "})
    assert nameless.status_code == 422
    assert 'id="name-error"' in nameless.text


async def test_a_dead_message_and_its_alarm_are_seen_and_the_message_is_sent_again(
    http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    filed = await the_office.file()
    row = (await the_office.outbox(filed.number))[0]
    async with the_office.services.database.transaction(SYSTEM) as connection:
        await connection.execute(
            "UPDATE outbox SET state = 'dead', last_error = 'smtp_550', attempts = 9 WHERE office_id = $1 AND id = $2",
            filed.office_id,
            row["id"],
        )
        await connection.execute(
            "INSERT INTO alarm (office_id, key, what) VALUES ($1, $2, 'outbox_dead') ON CONFLICT DO NOTHING",
            filed.office_id,
            f"outbox_dead:{row['way']}:{row['kind']}",
        )
    await sign_in(http, the_office, "admin")
    page = await http.get("/admin")
    assert "smtp_550" in page.text
    assert f'href="/desk/t/{filed.number}"' in page.text
    assert "Ada pesan yang tidak akan sampai" in page.text
    data = {"csrf_token": await token_of(http, "/admin")}
    again = await http.post(f"/admin/pesan/{row['id']}/ulang", data=data)
    assert again.status_code == 303
    assert (await the_office.outbox(filed.number))[0]["state"] == "queued"
    assert (await http.post(f"/admin/pesan/{row['id']}/ulang", data=data)).status_code == 404
    assert (await http.post("/admin/pesan/99999999999999999999/ulang", data=data)).status_code == 404


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/admin", ("Hendra Gunawan", "Gangguan sistem ke Seksi Tikkim", "Jumat, 31 Desember 2027")),
        ("/admin/kebijakan", ("PermenPANRB 62/2018", "60 hari kerja", "30 hari kalender")),
        ("/admin/eskalasi", ("5 hari kerja setelah jenjang sebelumnya, berulang", "setelah separuh waktu berlalu")),
    ],
)
async def test_the_administrator_reads_rules_clocks_and_ladder(
    http: httpx.AsyncClient, the_office: TheOffice, path: str, expected: tuple[str, ...]
) -> None:
    await sign_in(http, the_office, "admin")
    text = unescape((await http.get(path)).text)
    for words in expected:
        assert words in text, words
