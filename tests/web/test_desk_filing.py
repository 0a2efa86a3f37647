"""An officer files for a person at the counter, on the telephone, from a letter."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from zoneinfo import ZoneInfo

import httpx

from complaints_service.tickets.model import Channel
from tests.office import TheOffice
from tests.web.conftest import Visit
from tests.web.desk_pages import open_as, sign_in

WORDS = "Ibu saya dua kali datang dan selalu disuruh pulang."


async def the_form(http: httpx.AsyncClient) -> dict[str, str]:
    """The form's hidden fields."""
    page = await http.get("/desk/baru")
    assert page.status_code == 200
    return dict(re.findall(r'type="hidden" name="(csrf_token|form_id)" value="([^"]+)"', page.text)) | {
        "channel": "counter",
        "kind": "complaint",
        "privacy": "open",
        "reporter.language": "id",
        "description": WORDS,
    }


def number_of(html: str) -> str:
    """The number on the receipt."""
    found = re.search(r'class="code">(LT-\d{4}-\d+)<', html)
    assert found is not None
    return found[1]


async def test_the_person_gets_number_code_and_dates(http: httpx.AsyncClient, the_office: TheOffice) -> None:
    await sign_in(http, the_office, "petugas")
    form = await the_form(http)
    answer = await http.post(
        "/desk/baru",
        data=form
        | {
            "channel": "phone",
            "service": "paspor-baru",
            "reporter.name": "Siti",
            "reporter.phone": "0812-3456-7890",
            "consent": "true",
        },
    )
    assert answer.status_code == 201
    file = await the_office.file_of(number_of(answer.text))
    assert file.ticket.channel is Channel.PHONE
    assert file.ticket.filed_by == (await the_office.person("petugas")).id
    assert file.text.description == WORDS
    assert file.reporter is not None
    assert file.reporter.phone == "+6281234567890"
    assert "Verifikasi" in answer.text
    code = re.search(r'class="code">([0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{2})<', answer.text)
    assert code is not None
    reader = the_office.services.reader
    assert (await reader.with_code(await the_office.office(), file.ticket.number, code[1])).ticket.id == file.ticket.id


async def test_the_same_form_sent_twice_is_one_ticket(http: httpx.AsyncClient, the_office: TheOffice) -> None:
    await sign_in(http, the_office, "petugas")
    form = await the_form(http)
    first, second = [await http.post("/desk/baru", data=form) for _ in range(2)]
    assert number_of(first.text) == number_of(second.text)
    other = await http.post("/desk/baru", data=form | {"description": WORDS + " Sekali lagi."})
    assert other.status_code == 422


async def test_a_letter_counts_from_the_day_it_came_in_the_offices_zone(
    http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    await sign_in(http, the_office, "petugas")
    came = (await the_office.now() - timedelta(days=4)).replace(second=0, microsecond=0)
    local = came.astimezone(ZoneInfo("Asia/Jakarta")).strftime("%Y-%m-%dT%H:%M")
    answer = await http.post("/desk/baru", data=await the_form(http) | {"channel": "letter", "received_at": local})
    assert (await the_office.file_of(number_of(answer.text))).ticket.received_at == came


async def test_every_mistake_is_named_and_every_answer_is_kept(http: httpx.AsyncClient, the_office: TheOffice) -> None:
    await sign_in(http, the_office, "petugas")
    wrong = {
        "description": "pendek",
        "reporter.email": "bukan alamat",
        "reporter.name": "Siti <b>",
        "location": "loket 3",
    }
    answer = await http.post("/desk/baru", data=await the_form(http) | wrong)
    assert answer.status_code == 422
    for field in ("description", "reporter-email"):
        assert f'href="#{field}"' in answer.text
        assert f'id="{field}-error"' in answer.text
    text = unescape(answer.text)
    assert all(value in text for value in wrong.values())
    no_channel = await http.post("/desk/baru", data=await the_form(http) | {"channel": "web", "description": ""})
    assert 'href="#channel"' in no_channel.text
    assert 'href="#description"' in no_channel.text


async def test_an_anonymous_complaint_with_a_name_is_refused(http: httpx.AsyncClient, the_office: TheOffice) -> None:
    await sign_in(http, the_office, "petugas")
    answer = await http.post(
        "/desk/baru", data=await the_form(http) | {"privacy": "anonymous", "reporter.name": "Siti Rahma"}
    )
    assert answer.status_code == 422


async def test_an_administrator_does_not_file(http: httpx.AsyncClient, the_office: TheOffice) -> None:
    await sign_in(http, the_office, "admin")
    assert (await http.get("/desk/baru")).status_code == 403


async def test_without_consent_no_way_to_reach_the_person_is_kept(
    http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    await sign_in(http, the_office, "petugas")
    form = await the_form(http) | {"reporter.email": "siti@example.org"}
    refused = await http.post("/desk/baru", data=form)
    assert refused.status_code == 422
    assert 'href="#consent"' in refused.text
    assert "siti@example.org" in refused.text
    agreed = await http.post("/desk/baru", data=form | {"consent": "true"})
    number = number_of(agreed.text)
    assert (await the_office.file_of(number)).events[0].values()["contact_consent"] is True
    assert "pelapor setuju dihubungi" in (await http.get(f"/desk/t/{number}", headers={"Accept-Language": "id"})).text


async def test_an_officer_files_with_the_keyboard_alone(
    visit: Visit, http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    page = await open_as(visit, http, the_office, "petugas", "/desk/baru", script=False)
    await page.locator("#channel").focus()
    await page.keyboard.press("ArrowRight")
    for expected, words in (("description", WORDS), ("received_at", ""), ("reporter-name", "Siti Rahma")):
        for _ in range(12):  # a field of a day has several stops
            await page.keyboard.press("Tab")
            if await page.evaluate("document.activeElement.id") == expected:
                break
        assert await page.evaluate("document.activeElement.id") == expected
        await page.keyboard.type(words)
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    number = await page.locator(".receipt .code").first.inner_text()
    file = await the_office.file_of(number)
    assert file.ticket.channel is Channel.PHONE
    assert file.events[0].person_id == (await the_office.person("petugas")).id
