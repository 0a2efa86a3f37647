"""Signing in over HTTP: the API of API.md and the pages /masuk and /keluar."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import pytest

from complaints_service.accounts.signin_delay import PAIR_FREE
from complaints_service.settings import Settings
from complaints_service.wiring import Services
from tests.app_client import client_of, opened_app, started_app
from tests.servers import Running


@pytest.fixture(scope="module")
async def app(settings: Settings, services: Services) -> AsyncIterator[Any]:
    """The application on this worker's database."""
    async with started_app(settings, services) as started:
        yield started


@pytest.fixture
async def client(app: Any, services: Services) -> AsyncIterator[httpx.AsyncClient]:
    """A browser without cookies, at an application on this worker's database, with no failures counted yet."""
    async with services.database.connection() as connection:
        await connection.execute("DELETE FROM signin_failure")
    async with client_of(app) as opened:
        yield opened


@pytest.fixture
def password(running: Running) -> str:
    """The password of petugas."""
    return next(person.password for person in running.people if person.username == "petugas")


async def sign_in(client: httpx.AsyncClient, password: str, username: str = "petugas") -> dict[str, str]:
    """Signs in by the API; returns the header that writes must carry."""
    answer = await client.post("/api/v1/session", json={"username": username, "password": password})
    assert answer.status_code == 200, answer.text
    return {"X-CSRF-Token": answer.json()["csrf_token"]}


def cookie_of(answer: object, name: str) -> str:
    headers: list[str] = answer.headers.get_list("set-cookie")  # type: ignore[attr-defined]
    return next(header for header in headers if header.startswith(f"{name}="))


async def test_the_api_signs_in_with_a_cookie_and_tells_who_it_is(client: httpx.AsyncClient, password: str) -> None:
    answer = await client.post("/api/v1/session", json={"username": "petugas", "password": password, "otp": "123456"})
    person = answer.json()["person"]
    assert (person["username"], person["role"], person["unit"]) == ("petugas", "officer", "Seksi Lantaskim")
    cookie = cookie_of(answer, "session")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert "Secure" not in cookie
    assert answer.headers["cache-control"] == "no-store"
    again = await client.get("/api/v1/session")
    assert again.json()["person"] == person
    assert again.json()["csrf_token"] == answer.json()["csrf_token"]


async def test_over_https_the_cookie_is_secure_and_bound_to_this_host(
    settings: Settings, services: Services, password: str
) -> None:
    https = msgspec.structs.replace(
        services, settings=msgspec.structs.replace(settings, base_url="https://pengaduan.example")
    )
    async with opened_app(https.settings, https) as client:
        answer = await client.post("/api/v1/session", json={"username": "petugas", "password": password})
    assert "Secure" in cookie_of(answer, "__Host-session")


async def test_without_signing_in_there_is_nothing_to_see(client: httpx.AsyncClient) -> None:
    for method, path in (
        ("GET", "/api/v1/session"),
        ("DELETE", "/api/v1/session"),
        ("GET", "/api/v1/tokens"),
        ("POST", "/api/v1/tokens"),
    ):
        body = {"name": "a", "scopes": ["tickets"]} if method == "POST" else None
        answer = await client.request(method, path, json=body)
        assert answer.status_code == 401, (method, path)
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert answer.json()["code"] == "unauthenticated"


async def test_wrong_credentials_are_a_problem_that_does_not_repeat_them(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/session", json={"username": "siti.rahma", "password": "rahasia-sekali"})
    assert answer.status_code == 401
    assert answer.json()["code"] == "wrong_credentials"
    assert "siti" not in answer.text
    assert "session=" not in str(answer.headers.get_list("set-cookie"))


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("{", {400}),
        ("[]", {400, 422}),
        ('{"username":"petugas"}', {400, 422}),
        ('{"username":"petugas","password":7}', {400, 422}),
        ('{"username":"petugas","password":"x","role":"admin"}', {400, 422}),
        ('{"username":"' + "a" * 300 + '","password":"x"}', {400, 422}),
        ('{"username":"a\\u0000b","password":"x"}', {422}),
        ('{"username":"\\ud83d\\ude00","password":"\\ud800"}', {400, 401, 422}),
    ],
)
async def test_bad_input_to_sign_in_is_refused_calmly(client: httpx.AsyncClient, body: str, status: set[int]) -> None:
    answer = await client.post("/api/v1/session", content=body.encode(), headers={"Content-Type": "application/json"})
    assert answer.status_code in status, answer.text


async def test_writes_with_the_cookie_need_the_token_of_this_session(client: httpx.AsyncClient, password: str) -> None:
    body = {"name": "skrip", "scopes": ["tickets"]}
    first = await sign_in(client, password)
    token = await sign_in(client, password)
    assert first != token
    for headers in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": "x"}, first):
        answer = await client.post("/api/v1/tokens", json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf")
    assert (await client.post("/api/v1/tokens", json=body, headers=token)).status_code == 201


async def test_signing_out_ends_the_session(client: httpx.AsyncClient, password: str) -> None:
    token = await sign_in(client, password)
    kept = client.cookies["session"]
    assert (await client.delete("/api/v1/session")).status_code == 403
    answer = await client.delete("/api/v1/session", headers=token)
    assert answer.status_code == 204
    assert "Max-Age=0" in cookie_of(answer, "session")
    client.cookies.set("session", kept)
    assert (await client.get("/api/v1/session")).status_code == 401


async def test_a_planted_cookie_is_not_taken_over_by_signing_in(client: httpx.AsyncClient, password: str) -> None:
    client.cookies.set("session", "dipilih-penyerang")
    await sign_in(client, password)
    client.cookies.clear()
    client.cookies.set("session", "dipilih-penyerang")
    assert (await client.get("/api/v1/session")).status_code == 401


async def test_an_api_token_is_shown_once_and_works_without_cookie_until_revoked(
    client: httpx.AsyncClient, password: str
) -> None:
    headers = await sign_in(client, password)
    made = await client.post(
        "/api/v1/tokens", json={"name": "skrip", "scopes": ["tickets"], "expires_on": "2099-12-31"}, headers=headers
    )
    assert made.status_code == 201
    token, token_id = made.json()["token"], made.json()["id"]
    assert made.json()["scopes"] == ["tickets"]
    listed = await client.get("/api/v1/tokens")
    assert token not in listed.text
    assert token_id in [item["id"] for item in listed.json()["items"]]
    session = dict(client.cookies)
    client.cookies.clear()
    bearer = {"Authorization": f"Bearer {token}"}
    who = await client.get("/api/v1/session", headers=bearer)
    assert who.json()["person"]["username"] == "petugas"
    assert who.json()["scopes"] == ["tickets"]
    assert (await client.get("/api/v1/tickets", headers=bearer)).status_code == 200
    for path in ("/api/v1/tokens", "/api/v1/feedback/cycles", "/desk"):
        assert (await client.get(path, headers=bearer)).status_code == 403, path
    for wrong in ("Bearer ", "Bearer x", f"Basic {token}", f"bearer  {token}x"):
        assert (await client.get("/api/v1/session", headers={"Authorization": wrong})).status_code == 401
    client.cookies.update(session)
    assert (await client.delete(f"/api/v1/tokens/{token_id}", headers=headers)).status_code == 204
    assert (await client.delete("/api/v1/tokens/ffffffffffffffff", headers=headers)).status_code == 404
    client.cookies.clear()
    assert (await client.get("/api/v1/session", headers=bearer)).status_code == 401


async def test_an_authorization_that_fails_does_not_fall_back_to_the_cookie(
    client: httpx.AsyncClient, password: str
) -> None:
    await sign_in(client, password)
    assert (await client.get("/api/v1/session", headers={"Authorization": "Bearer x"})).status_code == 401


async def test_after_failures_the_api_says_how_long_to_wait(client: httpx.AsyncClient) -> None:
    username = f"siapa-{secrets.token_hex(4)}"
    body = {"username": username, "password": "salah-sekali"}
    statuses = [(await client.post("/api/v1/session", json=body)).status_code for _ in range(PAIR_FREE)]
    answer = await client.post("/api/v1/session", json=body)
    assert statuses == [401] * PAIR_FREE
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.json()["code"] == "too_many_requests"


async def test_the_page_signs_in_and_goes_on_to_the_page_that_was_wanted(
    client: httpx.AsyncClient, password: str
) -> None:
    shown = await client.get("/masuk", params={"next": "/desk?status=received"})
    assert shown.status_code == 200
    assert 'value="/desk?status=received"' in shown.text
    answer = await client.post(
        "/masuk", data={"username": "petugas", "password": password, "next": "/desk?status=received"}
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk?status=received")
    again = await client.get("/masuk")
    assert (again.status_code, again.headers["location"]) == (303, "/desk")


@pytest.mark.parametrize(
    "wanted", ["//evil.example/", "https://evil.example", "/\\evil.example", "/\t/evil.example", "javascript:alert(1)"]
)
async def test_signing_in_never_leads_to_another_site(client: httpx.AsyncClient, password: str, wanted: str) -> None:
    shown = await client.get("/masuk?next=" + quote(wanted, safe=""))
    assert "evil.example" not in shown.text.replace(quote(wanted, safe=""), "")
    answer = await client.post("/masuk", data={"username": "petugas", "password": password, "next": wanted})
    assert answer.headers["location"] == "/desk"


async def test_a_refusal_keeps_the_username_and_never_the_password(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/masuk", data={"username": '"><script>x', "password": "kata-sandi-salah", "next": "/desk"}
    )
    assert answer.status_code == 401
    assert "Nama pengguna atau kata sandi tidak tepat." in answer.text
    assert "&#34;&gt;&lt;script&gt;x" in answer.text
    assert "<script>x" not in answer.text
    assert "kata-sandi-salah" not in answer.text
    english = await client.post("/masuk", data={"username": "x", "password": "y"}, headers={"Accept-Language": "en"})
    assert "The username or the password is not right." in english.text


async def test_another_site_cannot_sign_a_browser_in(client: httpx.AsyncClient, password: str) -> None:
    data = {"username": "petugas", "password": password}
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ):
        for answer in (
            await client.post("/masuk", data=data, headers=headers),
            await client.post("/api/v1/session", json=data, headers=headers),
        ):
            assert answer.status_code == 403, headers
            assert not answer.headers.get_list("set-cookie")
    own = {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}
    assert (await client.post("/masuk", data=data, headers=own)).status_code == 303


async def test_the_sign_out_button_needs_the_form_token(client: httpx.AsyncClient, password: str) -> None:
    token = (await sign_in(client, password))["X-CSRF-Token"]
    assert (await client.post("/keluar", data={})).status_code == 403
    assert (await client.post("/keluar", data={"csrf_token": "x"})).status_code == 403
    answer = await client.post("/keluar", data={"csrf_token": token})
    assert (answer.status_code, answer.headers["location"]) == (303, "/masuk")
    assert (await client.get("/api/v1/session")).status_code == 401


async def test_a_page_for_staff_shows_the_way_to_sign_in_and_back(client: httpx.AsyncClient) -> None:
    answer = await client.get("/desk", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/masuk?next=/desk")
