"""The officer's page of a ticket: what may be done is offered, what is done shows, and nothing that was written is lost."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import httpx
import pytest

from complaints_service.database import SYSTEM
from complaints_service.tickets.commands import Answer, Ask, Escalate, Note, RequestTime, Start, Verify
from complaints_service.tickets.lifecycle import allowed
from complaints_service.tickets.model import Actor, ActorKind, Privacy, Status
from tests.office import TheOffice
from tests.web.conftest import Visit
from tests.web.desk_pages import do, fields_of, forms_on, notices, open_as, sign_in

UNDO_OVER = timedelta(seconds=11)


async def looks_at(the_office: TheOffice, number: str) -> int:
    """How many looks at personal data the log holds of a ticket."""
    ticket = (await the_office.file_of(number)).ticket
    async with the_office.services.database.transaction(SYSTEM) as connection:
        return await connection.fetchval(
            "SELECT count(*) FROM access_log WHERE office_id = $1 AND ticket_id = $2", ticket.office_id, ticket.id
        )


async def test_a_stranger_is_sent_to_the_sign_in_page(http: httpx.AsyncClient, the_office: TheOffice) -> None:
    filed = await the_office.file()
    for path in ("/desk", f"/desk/t/{filed.number}", "/desk/baru", "/manage", "/manage/feedback", "/admin"):
        answer = await http.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/masuk")


@pytest.mark.parametrize("username", ["petugas", "atasan", "kepala", "admin"])
async def test_the_page_offers_exactly_the_commands_that_are_allowed(
    http: httpx.AsyncClient, the_office: TheOffice, username: str
) -> None:
    filed = await the_office.file()
    person = await the_office.person(username)
    actor = Actor(ActorKind.PERSON, person.id, person.role, person.name)
    await sign_in(http, the_office, username)
    steps = (
        Verify(),
        Start(),
        RequestTime(reason="Arsip jauh", working_days=3),
        Escalate(reason="Perlu keputusan"),
        Ask(text="Nomor Anda?"),
    )
    for step in (None, *steps):
        if step is not None:
            await the_office.act(filed.number, step, "petugas")
        page = await http.get(f"/desk/t/{filed.number}")
        ticket = (await the_office.file_of(filed.number)).ticket
        assert forms_on(page.text) == set(allowed(ticket, actor)) - {"undo"}, "undo has its bar"


async def test_the_whole_road_by_forms_alone(http: httpx.AsyncClient, the_office: TheOffice) -> None:
    filed = await the_office.file()
    await sign_in(http, the_office, "petugas")
    for command, words, status in (
        ("verify", {}, Status.VERIFIED),
        ("classify", {"category": "persyaratan", "simple": "true"}, Status.VERIFIED),
        ("start", {}, Status.IN_PROGRESS),
        ("note", {"text": "Berkas ada di lemari tiga."}, Status.IN_PROGRESS),
        ("ask", {"text": "Kapan Anda membayar?"}, Status.WAITING_REPORTER),
        ("answer", {"text": "Paspor Anda sudah jadi.", "resolves": "true"}, Status.ANSWERED),
        ("close", {}, Status.CLOSED),
        ("reopen", {"reason": "Pelapor datang lagi."}, Status.IN_PROGRESS),
    ):
        answer = await do(http, filed.number, command, **words)
        assert answer.status_code == 303, notices(answer.text)
        assert answer.headers["location"] == f"/desk/t/{filed.number}?ok"
        file = await the_office.file_of(filed.number)
        assert file.ticket.status is status
    assert (file.ticket.category, file.ticket.simple) == ("persyaratan", True)
    page = unescape((await http.get(f"/desk/t/{filed.number}")).text)
    for words in ("Berkas ada di lemari tiga.", "Kapan Anda membayar?", "Paspor Anda sudah jadi."):
        assert words in page


async def test_a_stale_form_shows_what_changed_and_keeps_the_officers_words(
    http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    filed = await the_office.file()
    for command in (Verify(), Start()):
        await the_office.act(filed.number, command, "atasan")
    await sign_in(http, the_office, "petugas")
    form = fields_of((await http.get(f"/desk/t/{filed.number}")).text, "answer")
    await the_office.act(filed.number, Answer(text="Kabar dari atasan.", resolves=False), "atasan")
    mine = "Jawaban panjang saya,\ntentang <paspor> & loket."
    refused = await http.post(f"/desk/t/{filed.number}/perintah", data=form | {"text": mine, "resolves": "true"})
    assert refused.status_code == 412
    shown = notices(refused.text)
    assert "Kabar dari atasan." in shown
    assert "Hendra Gunawan" in shown
    kept = re.search(r'<textarea id="answer-text"[^>]*>\n(.*?)</textarea>', refused.text, re.DOTALL)
    assert kept is not None
    assert unescape(kept[1]) == mine
    file = await the_office.file_of(filed.number)
    assert file.ticket.status is Status.IN_PROGRESS
    again = await http.post(
        f"/desk/t/{filed.number}/perintah", data=fields_of(refused.text, "answer") | {"text": mine, "resolves": "true"}
    )
    assert again.status_code == 303
    assert (await the_office.file_of(filed.number)).messages[-1].text == mine


async def test_words_of_a_form_that_is_gone_are_shown_too(http: httpx.AsyncClient, the_office: TheOffice) -> None:
    filed = await the_office.file()
    for command in (Verify(), Start()):
        await the_office.act(filed.number, command, "atasan")
    await sign_in(http, the_office, "petugas")
    form = fields_of((await http.get(f"/desk/t/{filed.number}")).text, "ask")
    await the_office.act(filed.number, Answer(text="Sudah jadi."), "atasan")
    refused = await http.post(f"/desk/t/{filed.number}/perintah", data=form | {"text": "Berapa nomor antrean Anda?"})
    assert refused.status_code == 412
    assert "ask" not in forms_on(refused.text)
    assert "Berapa nomor antrean Anda?" in notices(refused.text)
    assert "Sudah jadi." in notices(refused.text)


async def test_a_note_is_never_stale(http: httpx.AsyncClient, the_office: TheOffice) -> None:
    filed = await the_office.file()
    await sign_in(http, the_office, "petugas")
    form = fields_of((await http.get(f"/desk/t/{filed.number}")).text, "note")
    await the_office.act(filed.number, Verify(), "atasan")
    answer = await http.post(f"/desk/t/{filed.number}/perintah", data=form | {"text": "Pelapor menelepon tadi pagi."})
    assert answer.status_code == 303


async def test_a_deed_can_be_taken_back_for_ten_seconds(http: httpx.AsyncClient, the_office: TheOffice) -> None:
    filed = await the_office.file()
    await sign_in(http, the_office, "petugas")
    await do(http, filed.number, "verify")
    undone = await do(http, filed.number, "undo")
    assert undone.status_code == 303, notices(undone.text)
    assert (await the_office.file_of(filed.number)).ticket.status is Status.RECEIVED

    await do(http, filed.number, "verify")
    page = await http.get(f"/desk/t/{filed.number}")
    form = fields_of(page.text, "undo")
    await the_office.move_clock(UNDO_OVER)
    late = await http.post(f"/desk/t/{filed.number}/perintah", data=form)
    assert late.status_code == 409
    assert (await the_office.file_of(filed.number)).ticket.status is Status.VERIFIED
    assert "undo-bar" not in (await http.get(f"/desk/t/{filed.number}")).text.partition("<main")[2]


async def test_nobody_is_offered_the_undoing_of_somebody_elses_deed(
    http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    filed = await the_office.file()
    await the_office.act(filed.number, Verify(), "atasan")
    await sign_in(http, the_office, "petugas")
    assert 'value="undo"' not in (await http.get(f"/desk/t/{filed.number}")).text


async def test_a_case_that_goes_to_another_unit_leaves_the_officers_sight(
    http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    filed = await the_office.file()
    await sign_in(http, the_office, "petugas")
    handed = await do(http, filed.number, "assign", unit="tikkim")
    assert handed.headers["location"].startswith(f"/desk?handed={filed.number}&event=")
    page = (await http.get(handed.headers["location"])).text
    assert filed.number in page
    assert (await http.get(f"/desk/t/{filed.number}")).status_code == 404
    form = fields_of(page, "undo")
    other = await sign_in(http, the_office, "petugas2")
    token = re.search(r'name="csrf_token" value="([^"]+)"', (await other.get("/desk")).text)
    assert token is not None
    foreign = await other.post(f"/desk/t/{filed.number}/perintah", data=form | {"csrf_token": token[1]})
    assert foreign.status_code == 404
    await sign_in(http, the_office, "petugas")
    taken_back = await http.post(f"/desk/t/{filed.number}/perintah", data=form)
    assert taken_back.headers["location"] == f"/desk/t/{filed.number}?ok"
    assert (await http.get(f"/desk/t/{filed.number}")).status_code == 200


async def test_another_units_ticket_is_as_unknown_as_one_that_does_not_exist(
    http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    filed = await the_office.file()
    await sign_in(http, the_office, "petugas2")
    foreign = await http.get(f"/desk/t/{filed.number}")
    unknown = await http.get("/desk/t/LT-2026-999999")
    assert foreign.status_code == unknown.status_code == 404

    def without_trace(text: str) -> str:
        return re.sub(r"[0-9a-f]{16}", "", text.replace(filed.number, "").replace("LT-2026-999999", ""))

    assert without_trace(foreign.text) == without_trace(unknown.text)
    page = await http.get("/desk")
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token is not None
    for path, more in (("perintah", {"command": "verify", "version": "1", "seen_seq": "1"}), ("pelapor", {})):
        data = {"csrf_token": token[1]} | more
        assert (await http.post(f"/desk/t/{filed.number}/{path}", data=data)).status_code == 404
    assert await looks_at(the_office, filed.number) == 0


async def test_a_form_sent_after_the_session_ended_leads_back_to_it(
    http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    filed = await the_office.file()
    await sign_in(http, the_office, "petugas")
    form = fields_of((await http.get(f"/desk/t/{filed.number}")).text, "note")
    http.cookies.clear()
    sent = await http.post(f"/desk/t/{filed.number}/perintah", data=form | {"text": "Catatan panjang."})
    assert sent.status_code == 303
    following = sent.headers["location"].partition("next=")[2]
    await sign_in(http, the_office, "petugas")
    back = await http.get(following)
    assert back.status_code == 303
    assert back.headers["location"] == f"/desk/t/{filed.number}"


async def test_without_the_forms_token_nothing_happens(http: httpx.AsyncClient, the_office: TheOffice) -> None:
    filed = await the_office.file()
    await sign_in(http, the_office, "petugas")
    form = fields_of((await http.get(f"/desk/t/{filed.number}")).text, "verify")
    for token in ("", "0" * 64):
        answer = await http.post(f"/desk/t/{filed.number}/perintah", data=form | {"csrf_token": token})
        assert answer.status_code == 403
    assert (await the_office.file_of(filed.number)).ticket.status is Status.RECEIVED


async def test_the_reporter_is_masked_until_somebody_asks_and_that_is_on_record(
    http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    filed = await the_office.file(reporter_name="Siti Rahma", reporter_phone="+6281234567890")
    await sign_in(http, the_office, "petugas")
    page = await http.get(f"/desk/t/{filed.number}")
    assert "Siti Rahma" not in page.text
    assert "81234567890" not in page.text
    assert await looks_at(the_office, filed.number) == 0
    token = fields_of(page.text, "verify")["csrf_token"]
    seen = await http.post(f"/desk/t/{filed.number}/pelapor", data={"csrf_token": token})
    assert seen.status_code == 200
    assert "Siti Rahma" in seen.text
    assert "+6281234567890" in seen.text
    assert await looks_at(the_office, filed.number) == 1
    assert seen.headers["cache-control"] == "no-store"


async def test_a_confidential_reporter_is_shown_only_to_those_with_the_right(
    http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    filed = await the_office.file(privacy=Privacy.CONFIDENTIAL, reporter_name="Siti Rahma")
    await sign_in(http, the_office, "petugas")
    page = await http.get(f"/desk/t/{filed.number}")
    token = fields_of(page.text, "verify")["csrf_token"]
    assert f'action="/desk/t/{filed.number}/pelapor"' not in page.text
    seen = await http.post(f"/desk/t/{filed.number}/pelapor", data={"csrf_token": token})
    assert "Siti Rahma" not in seen.text
    assert await looks_at(the_office, filed.number) == 0
    await sign_in(http, the_office, "atasan")
    token = fields_of((await http.get(f"/desk/t/{filed.number}")).text, "verify")["csrf_token"]
    assert "Siti Rahma" in (await http.post(f"/desk/t/{filed.number}/pelapor", data={"csrf_token": token})).text


async def test_a_wrong_field_is_named_in_its_form_and_the_rest_is_kept(
    http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    filed = await the_office.file()
    await sign_in(http, the_office, "petugas")
    refused = await do(http, filed.number, "reject", reason="", text="Bukan wewenang kami.")
    assert refused.status_code == 422
    assert 'id="reject-reason-error"' in refused.text
    assert '<details class="deed" id="deed-reject" open>' in refused.text
    assert "Bukan wewenang kami." in refused.text
    merged = await do(http, filed.number, "merge", into="LT-2026-999999")
    assert merged.status_code == 422
    assert 'id="merge-into-error"' in merged.text


async def test_what_citizens_write_is_text_and_never_markup(http: httpx.AsyncClient, the_office: TheOffice) -> None:
    attack = "<script>alert(1)</script><img src=x onerror=alert(2)>{{ 77*7919 }}\"'>"
    filed = await the_office.file(subject=attack, description=attack * 3, location=attack, reporter_name=attack)
    await the_office.act(filed.number, Note(text=attack), "petugas")
    await sign_in(http, the_office, "petugas")
    for path in (f"/desk/t/{filed.number}", "/desk"):
        text = (await http.get(path)).text
        assert "<script>alert" not in text
        assert "<img" not in text
        assert "609763" not in text


async def test_every_deadline_says_why(http: httpx.AsyncClient, the_office: TheOffice) -> None:
    filed = await the_office.file()
    await sign_in(http, the_office, "petugas")
    page = (await http.get(f"/desk/t/{filed.number}")).text
    assert page.count("Mengapa tanggal ini?") == 3
    assert page.count('class="steps"') == 3
    assert "PermenPANRB 62/2018" in page


async def test_in_a_browser_without_script_an_officer_answers(
    http: httpx.AsyncClient, the_office: TheOffice, visit: Visit
) -> None:
    filed = await the_office.file()
    for command in (Verify(), Start()):
        await the_office.act(filed.number, command, "petugas")
    page = await open_as(visit, http, the_office, "petugas", "/desk", script=False, language="en-GB", width=390)
    await page.get_by_label("Search").fill(filed.number)
    await page.get_by_role("button", name="Show").click()
    await page.get_by_role("link", name="Paspor belum jadi").click()
    await page.get_by_label("Answer to the reporter").fill("Your passport is ready.")
    await page.get_by_role("button", name="Send as the final answer").click()
    await page.get_by_role("button", name="Take back").wait_for()
    assert (await the_office.file_of(filed.number)).ticket.status is Status.ANSWERED
    await page.get_by_role("button", name="Take back").click()
    await page.wait_for_load_state()
    assert (await the_office.file_of(filed.number)).ticket.status is Status.IN_PROGRESS


async def test_words_survive_a_page_that_was_left_and_go_once_they_are_taken(
    http: httpx.AsyncClient, the_office: TheOffice, visit: Visit
) -> None:
    filed = await the_office.file()
    for command in (Verify(), Start()):
        await the_office.act(filed.number, command, "petugas")
    address = f"/desk/t/{filed.number}"
    page = await open_as(visit, http, the_office, "petugas", address, language="en-GB")
    await page.get_by_label("Answer to the reporter").fill("Half an answer")
    await page.goto("/desk")
    await page.goto(address)
    field = page.get_by_label("Answer to the reporter")
    assert await field.input_value() == "Half an answer"
    await page.get_by_role("button", name="Send in the meantime").click()
    await page.wait_for_url(f"**{address}?ok")
    await page.goto(address)
    assert await field.input_value() == ""


async def test_the_day_it_happened_is_written_as_people_write_it(
    http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    filed = await the_office.file(occurred_on="2026-11-20")
    await sign_in(http, the_office, "petugas")
    page = await http.get(f"/desk/t/{filed.number}")
    assert "Jumat, 20 November 2026" in page.text


async def test_a_refusal_leads_back_to_the_desk(http: httpx.AsyncClient, the_office: TheOffice) -> None:
    await sign_in(http, the_office, "petugas")
    page = await http.get("/desk/t/LT-2026-999999")
    assert page.status_code == 404
    assert 'class="button" href="/desk"' in page.text
    assert 'href="/lacak"' not in page.text
