"""A citizen's own case: how it is opened, what it shows, what can be done, and who can not."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
import pytest

from complaints_service.public.opened_tickets import TICKET_COOKIE
from complaints_service.tickets.commands import Answer, Ask, Start, Verify
from complaints_service.tickets.filed import Filed
from tests.office import TheOffice
from tests.web.conftest import Visit
from tests.web.test_public_filing import press

UNDO_OVER = timedelta(seconds=11)


async def open_case(http: httpx.AsyncClient, filed: Filed) -> httpx.Response:
    """Open the case with number and code, as /lacak does."""
    return await http.post("/lacak", data={"number": filed.number, "code": filed.tracking_code})


async def fields_of(http: httpx.AsyncClient, number: str) -> dict[str, str]:
    """The hidden fields of the case's forms."""
    page = await http.get(f"/t/{number}")
    return dict(re.findall(r'type="hidden" name="(form_token|form_id)" value="([^"]+)"', page.text))


async def answered(the_office: TheOffice, filed: Filed, words: str = "Paspor Anda sudah dapat diambil.") -> None:
    """An officer works on the case and answers it; the time to undo is over."""
    for command in (Verify(), Start(), Answer(text=words)):
        await the_office.act(filed.number, command, "petugas")
    await the_office.move_clock(UNDO_OVER)


async def test_number_and_code_open_the_case_however_they_are_typed(
    http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    filed = await the_office.file()
    prefix, year, count = filed.number.split("-")
    number = f" {prefix.lower()} {year} {int(count)} "
    typed = {"number": number, "code": filed.tracking_code.replace("-", " ").lower()}
    answer = await http.post("/lacak", data=typed)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/t/{filed.number}"
    page = await http.get(answer.headers["location"])
    assert page.status_code == 200
    assert filed.tracking_code not in page.text
    assert f'/{filed.number}/stream?after=1.1"' in page.text, "news is what comes after this page"
    assert (await http.get(f"/terkirim/{filed.number}")).status_code == 303
    own = {"Authorization": f"Bearer {filed.tracking_code}"}
    address = f"/api/v1/complaints/{number.strip()}"
    assert (await http.get(address, headers=own)).json()["number"] == filed.number
    said = await http.post(f"{address}/messages", headers=own, json={"text": "Masih menunggu."})
    assert (said.status_code, said.json()["number"]) == (201, filed.number)


async def test_an_unknown_number_and_a_wrong_code_get_the_same_answer(
    http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    filed = await the_office.file()
    wrong = await http.post("/lacak", data={"number": filed.number, "code": "0000-0000-00"})
    unknown = await http.post("/lacak", data={"number": "LT-2026-999999", "code": filed.tracking_code})
    assert wrong.status_code == unknown.status_code == 422
    assert wrong.text.replace(filed.number, "") == unknown.text.replace("LT-2026-999999", "")
    assert TICKET_COOKIE not in http.cookies


async def test_a_number_alone_opens_nothing(http: httpx.AsyncClient, the_office: TheOffice) -> None:
    filed, other = await the_office.file(), await the_office.file()
    await open_case(http, other)
    for path in (f"/t/{filed.number}", f"/t/{filed.number}/tarik", f"/terkirim/{filed.number}"):
        answer = await http.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/lacak")
    mine = await fields_of(http, other.number)
    for action in ("balas", "nilai", "tarik"):
        answer = await http.post(f"/t/{filed.number}/{action}", data={**mine, "text": "Halo kantor", "score": "4"})
        assert answer.status_code == 403
    assert (await the_office.file_of(filed.number)).messages == ()


async def test_a_page_that_was_just_loaded_listens_from_what_it_shows(
    http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    """A macro of the layout under the mark's name once stood in its place: every page said at once that there was news."""
    filed = await the_office.file()
    await open_case(http, filed)
    page = (await http.get(f"/t/{filed.number}")).text
    assert f'data-stream="/api/v1/complaints/{filed.number}/stream?after=1.1"' in page


async def test_a_form_without_the_token_of_this_browser_changes_nothing(
    http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    filed = await the_office.file()
    await open_case(http, filed)
    for token in ("", "0" * 32, "ü" * 32):
        answer = await http.post(f"/t/{filed.number}/tarik", data={"form_token": token})
        assert answer.status_code == 403
    assert (await the_office.file_of(filed.number)).ticket.status == "received"


async def test_a_message_counts_once_however_often_it_is_sent(http: httpx.AsyncClient, the_office: TheOffice) -> None:
    filed = await the_office.file()
    await open_case(http, filed)
    form = {**await fields_of(http, filed.number), "text": "Nomor permohonan saya 12345."}
    for _ in range(3):
        assert (await http.post(f"/t/{filed.number}/balas", data=form)).status_code == 303
    other = await http.post(f"/t/{filed.number}/balas", data={**form, "text": "Dan satu hal lagi."})
    assert other.status_code == 303
    messages = (await the_office.file_of(filed.number)).messages
    assert [m.text for m in messages] == ["Nomor permohonan saya 12345.", "Dan satu hal lagi."]


async def test_an_empty_message_is_named_and_a_long_one_is_kept(http: httpx.AsyncClient, the_office: TheOffice) -> None:
    filed = await the_office.file()
    await open_case(http, filed)
    form = await fields_of(http, filed.number)
    empty = await http.post(f"/t/{filed.number}/balas", data={**form, "text": "  "})
    assert empty.status_code == 422
    assert "Tuliskan pesan Anda" in empty.text
    long = await http.post(f"/t/{filed.number}/balas", data={**form, "text": "panjang " * 700})
    assert long.status_code == 422
    assert "panjang panjang" in long.text
    assert (await the_office.file_of(filed.number)).messages == ()


async def test_after_the_answer_the_citizen_says_not_yet_then_settled_and_judges(
    visit: Visit, the_office: TheOffice
) -> None:
    filed = await the_office.file()
    await answered(the_office, filed)
    page = await visit("/lacak", width=390, script=False)
    await page.get_by_label("Nomor").fill(filed.number)
    await page.get_by_label("Kode lacak").fill(filed.tracking_code)
    await press(page, "Tampilkan")
    assert "Paspor Anda sudah dapat diambil." in await page.inner_text("main")
    assert "Ditanggapi" in await page.inner_text(".tag")

    await press(page, "Belum")
    assert "Tuliskan apa yang masih kurang" in await page.get_by_role("alert").inner_text()
    await page.get_by_label("Apa yang masih kurang").fill("Nama di paspor salah tulis.")
    await press(page, "Belum")
    assert "dibuka kembali" in await page.inner_text("main")
    assert (await the_office.file_of(filed.number)).ticket.status == "in_progress"

    await the_office.act(filed.number, Answer(text="Sudah kami perbaiki."), "petugas")
    await the_office.move_clock(UNDO_OVER)
    await page.reload()
    await page.get_by_label("Sangat puas").check()
    await page.get_by_label("Apa yang perlu kami perbaiki?").fill("Periksa sebelum mencetak.")
    await press(page, "Kirim penilaian")
    assert "nilai 4 dari 4" in await page.inner_text("main")
    await press(page, "Ya, selesai")
    file = await the_office.file_of(filed.number)
    assert (file.ticket.status, file.rating.score if file.rating else None) == ("closed", 4)


async def test_an_answer_is_not_shown_while_the_officer_can_still_take_it_back(
    http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    filed = await the_office.file()
    await open_case(http, filed)
    for command in (Verify(), Start(), Answer(text="Jawaban yang mungkin ditarik.")):
        await the_office.act(filed.number, command, "petugas")
    page = await http.get(f"/t/{filed.number}")
    assert "Jawaban yang mungkin ditarik" not in page.text
    await the_office.move_clock(UNDO_OVER)
    page = await http.get(f"/t/{filed.number}")
    assert "Jawaban yang mungkin ditarik" in page.text


async def test_the_question_of_the_office_is_answered_on_the_page(
    http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    filed = await the_office.file()
    await the_office.act(filed.number, Verify(), "petugas")
    await the_office.act(filed.number, Ask(text="Kapan Anda datang ke kantor?"), "petugas")
    await the_office.move_clock(UNDO_OVER)
    await open_case(http, filed)
    page = await http.get(f"/t/{filed.number}")
    assert "Kapan Anda datang ke kantor?" in page.text
    assert "Jawab pertanyaan kami" in page.text
    form = {**await fields_of(http, filed.number), "text": "Hari Senin pagi."}
    await http.post(f"/t/{filed.number}/balas", data=form)
    assert (await the_office.file_of(filed.number)).ticket.status == "in_progress"


async def test_a_missed_date_is_never_hidden(http: httpx.AsyncClient, the_office: TheOffice) -> None:
    filed = await the_office.file()
    await open_case(http, filed)
    assert 'class="late"' not in (await http.get(f"/t/{filed.number}")).text
    due = max(deadline.due_at for deadline in filed.deadlines)
    await the_office.move_clock_to(due + timedelta(hours=1))
    page = await http.get(f"/t/{filed.number}")
    assert page.text.count('class="late"') == 2
    await the_office.fire()
    await answered(the_office, filed)
    page = await http.get(f"/t/{filed.number}")
    assert "Tanggal ini terlewat" in page.text


async def test_withdrawing_is_asked_once_more_and_done_once(visit: Visit, the_office: TheOffice) -> None:
    filed = await the_office.file()
    page = await visit("/lacak", script=False)
    await page.get_by_label("Nomor").fill(filed.number)
    await page.get_by_label("Kode lacak").fill(filed.tracking_code)
    await press(page, "Tampilkan")
    async with page.expect_navigation():
        await page.get_by_role("link", name="Tarik pengaduan ini").click()
    assert (await the_office.file_of(filed.number)).ticket.status == "received"
    await press(page, "Ya, tarik")
    assert "sudah ditarik" in await page.inner_text("main")
    assert "Ombudsman" in await page.inner_text("main")
    assert (await the_office.file_of(filed.number)).ticket.status == "withdrawn"


async def test_a_device_forgets_and_the_old_cookie_opens_nothing_any_more(
    http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    filed, other = await the_office.file(), await the_office.file()
    await open_case(http, filed)
    await open_case(http, other)
    page = await http.get("/lacak")
    assert filed.number in page.text
    assert other.number in page.text
    await http.post("/lupakan", data={"number": filed.number})
    assert (await http.get(f"/t/{filed.number}")).status_code == 303
    assert (await http.get(f"/t/{other.number}")).status_code == 200
    kept = http.cookies[TICKET_COOKIE]
    await http.post("/lupakan")
    assert TICKET_COOKIE not in http.cookies
    http.cookies.set(TICKET_COOKIE, kept)
    assert (await http.get(f"/t/{other.number}")).status_code == 303


@pytest.mark.parametrize("cookie", ["x", "." * 50, "a" * 43, "ü" * 43, ".".join(["b" * 43] * 100)])
async def test_a_made_up_cookie_is_as_good_as_none(http: httpx.AsyncClient, cookie: str) -> None:
    answer = await http.get("/lacak", headers={"Cookie": f"{TICKET_COOKIE}={cookie}".encode()})
    assert answer.status_code == 200
    assert 'id="opened"' not in answer.text


async def test_a_link_in_a_message_opens_the_case_only_when_its_button_is_pressed(
    visit: Visit, http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    filed = await the_office.file()
    token = await link_for(the_office, filed)
    scanned = await http.get(f"/m/{token}")
    assert scanned.status_code == 200
    assert filed.number not in scanned.text
    assert "set-cookie" not in scanned.headers
    page = await visit(f"/m/{token}", width=390, script=False)
    await press(page, "Buka pengaduan saya")
    assert page.url.endswith(f"/t/{filed.number}")
    unknown = await http.post("/m/" + "x" * 43)
    assert unknown.status_code == 404
    assert "Cookie" not in unknown.headers


async def link_for(the_office: TheOffice, filed: Filed) -> str:
    """A link as a message to the reporter holds it."""
    services = the_office.services
    from complaints_service.database import Scope, queries
    from complaints_service.keys import new_token

    token, hashed = new_token()
    async with services.database.transaction(Scope.system()) as connection:
        await queries("links").add(
            connection,
            token_hash=hashed,
            office_id=filed.office_id,
            ticket_id=filed.ticket_id,
            person_id=None,
            purpose="ticket",
            ticket_version=1,
            outbox_id=None,
            hours=720,
        )
    return token


async def test_pages_of_a_case_are_kept_by_nobody_and_tell_nobody_where_one_was(
    http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    filed = await the_office.file()
    await open_case(http, filed)
    page = await http.get(f"/t/{filed.number}")
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("wanted", "taken"),
    [
        ("/lacak", "/lacak"),
        ("/lacak?nomor=LT-2026-000001", "/lacak?nomor=LT-2026-000001"),
        ("/masuk?next=/desk", "/masuk?next=/desk"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("/a\r\nSet-Cookie: x=y", "/"),
        ("javascript:alert(1)", "/"),
        ("/masuk//evil.example", "/masuk"),
        ("", "/"),
    ],
)
async def test_the_language_switch_leads_only_to_pages_of_this_site(
    http: httpx.AsyncClient, wanted: str, taken: str
) -> None:
    answer = await http.post("/bahasa", data={"language": "en", "next": wanted})
    assert (answer.status_code, answer.headers["location"]) == (303, taken)
    assert "What happened?" in (await http.get("/lapor?layanan=")).text


async def test_language_follows_the_browser_until_somebody_switches(http: httpx.AsyncClient) -> None:
    english = await http.get("/lapor?layanan=", headers={"Accept-Language": "en-GB,en;q=0.9,id;q=0.5"})
    assert (english.headers["content-language"], "What happened?" in english.text) == ("en", True)
    other = await http.get("/lapor?layanan=", headers={"Accept-Language": "fr"})
    assert (other.headers["content-language"], 'lang="id"' in other.text) == ("id", True)


async def test_colours_can_be_chosen_against_the_device(visit: Visit) -> None:
    page = await visit("/lapor?layanan=", scheme="dark", script=False)
    await press(page, "Warna terang")
    assert await page.get_attribute("html", "data-theme") == "light"
    assert await page.get_by_role("button", name="Warna gelap").is_visible()
