"""Refusals that a citizen meets: too many guesses, too many forms, the site behind https, a database that is away."""

from __future__ import annotations

import msgspec
import pytest

from complaints_service.public.opened_tickets import TICKET_COOKIE
from complaints_service.settings import Settings
from complaints_service.wiring import Services
from tests.app_client import opened_app
from tests.office import TheOffice
from tests.web.test_public_filing import ANSWERS

ENGLISH = {"Accept-Language": "en"}


async def test_who_guesses_codes_is_slowed_and_told_when_to_come_back(
    settings: Settings, services: Services, the_office: TheOffice
) -> None:
    filed = await the_office.file()
    wrong = {"number": filed.number, "code": "0000-0000-00"}
    right = {"number": filed.number, "code": filed.tracking_code}
    few = msgspec.structs.replace(services, settings=msgspec.structs.replace(settings, rate_lookup_per_minute=3))
    async with opened_app(settings, few, address="198.51.100.7") as client:
        for _ in range(4):
            assert (await client.post("/lacak", data=right)).status_code == 303
        answers = [await client.post("/lacak", data=wrong, headers=ENGLISH) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [422, 422, 422, 429, 429]
        assert int(answers[-1].headers["retry-after"]) > 0
        assert "Please wait" in answers[-1].text


async def test_forms_beyond_the_rate_are_refused_and_nothing_is_stored(settings: Settings, services: Services) -> None:
    few = msgspec.structs.replace(services, settings=msgspec.structs.replace(settings, rate_filing_per_minute=2))
    async with opened_app(settings, few, address="198.51.100.8") as client:
        answers = [await client.post("/", data={**ANSWERS, "step": "send"}) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [303, 303, 429]
        assert "mohon tunggu" in answers[-1].text
        assert int(answers[-1].headers["retry-after"]) > 0
        assert ANSWERS["reporter.email"] in answers[-1].text
        assert 'name="step" value="send"' in answers[-1].text
        assert (await client.post("/", data={**ANSWERS, "step": "check"})).status_code == 200


async def test_behind_https_cookies_are_secure_and_bound_to_the_host(settings: Settings, services: Services) -> None:
    public = msgspec.structs.replace(settings, base_url="https://pengaduan.example.go.id")
    safe = msgspec.structs.replace(services, settings=public)
    async with opened_app(public, safe) as client:
        sent = await client.post("/", data={**ANSWERS, "step": "send"})
        cookie = sent.headers["set-cookie"]
        assert cookie.startswith(f"__Host-{TICKET_COOKIE}=")
        for attribute in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"):
            assert attribute in cookie
        assert "Domain" not in cookie
        assert sent.headers["strict-transport-security"].startswith("max-age=31536000")
        secret = cookie.partition("=")[2].partition(";")[0]
        unsafe = await client.get(sent.headers["location"], headers={"Cookie": f"{TICKET_COOKIE}={secret}"})
        assert unsafe.status_code == 303


@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("GET", "/tidak-ada", 404, "Periksa alamat"),
        ("PUT", "/", 405, "gunakan tombol"),
        ("POST", "/m/" + "x" * 43, 404, "Tautan"),
    ],
)
async def test_a_refusal_is_a_page_that_says_what_to_do_and_leads_back(
    settings: Settings, services: Services, method: str, path: str, status: int, words: str
) -> None:
    async with opened_app(settings, services) as client:
        answer = await client.request(method, path, headers={"Accept": "text/html"})
        assert answer.status_code == status
        assert words in answer.text
        assert 'href="/"' in answer.text
        english = await client.request(method, path, headers={"Accept": "text/html", **ENGLISH})
        assert 'lang="en"' in english.text
        assert words not in english.text
