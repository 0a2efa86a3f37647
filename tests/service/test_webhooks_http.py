"""Webhooks over HTTP: the API for administrators and their tokens, and the page that does the same without script."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from html import unescape

import httpx
import pytest

from complaints_service.settings import Settings
from complaints_service.wiring import Services
from tests.app_client import opened_app
from tests.office import TheOffice
from tests.service.webhook_receiver import Receiver, receiver_at

API, PAGE = "/api/v1/webhooks", "/admin/webhooks"
NEW = {"url": "https://hooks.example.org/in", "events": ["complaint.received", "complaint.escalated"]}
SignsIn = Callable[[str], Awaitable[dict[str, str]]]


@pytest.fixture(scope="module")
async def client(settings: Settings, services: Services) -> AsyncIterator[httpx.AsyncClient]:
    async with opened_app(settings, services) as opened:
        yield opened


@pytest.fixture(autouse=True)
async def no_endpoints(services: Services) -> AsyncIterator[None]:
    """Other tests of this worker file complaints too, and nobody is to hear of them."""
    yield
    async with services.database.connection() as connection:
        await connection.execute(
            "UPDATE webhook_endpoint SET active = false, disabled_at = clock_timestamp(), removed_at = clock_timestamp()"
        )


@pytest.fixture
def signed_in(client: httpx.AsyncClient, the_office: TheOffice) -> SignsIn:
    async def sign_in(username: str) -> dict[str, str]:
        client.cookies.clear()
        given = {"username": username, "password": the_office.passwords[username]}
        answer = await client.post("/api/v1/session", json=given)
        assert answer.status_code == 200
        return {"X-CSRF-Token": answer.json()["csrf_token"]}

    return sign_in


async def test_an_endpoint_is_made_listed_rotated_and_removed(client: httpx.AsyncClient, signed_in: SignsIn) -> None:
    headers = await signed_in("admin")
    made = await client.post(API, json=NEW, headers=headers)
    assert made.status_code == 201, made.text
    assert made.headers["cache-control"] == "no-store"
    endpoint, secret = made.json()["id"], made.json()["secret"]
    assert secret.startswith("whsec_")
    listed = await client.get(API)
    [shown] = listed.json()["items"]
    assert (shown["url"], shown["events"], shown["active"]) == (NEW["url"], NEW["events"], True)
    assert secret not in listed.text
    assert "whsec_" not in listed.text
    rotated = await client.post(f"{API}/{endpoint}/rotate", headers=headers)
    assert rotated.status_code == 200
    assert rotated.json()["secret"] != secret
    assert rotated.json()["old_secret_until"]
    assert (await client.delete(f"{API}/{endpoint}", headers=headers)).status_code == 204
    assert (await client.get(API)).json() == {"items": [], "next_cursor": None}
    for method, path in (("DELETE", ""), ("POST", "/rotate"), ("POST", "/test")):
        assert (await client.request(method, f"{API}/{endpoint}{path}", headers=headers)).status_code == 404


async def test_a_test_message_arrives_and_shows_in_the_list(
    client: httpx.AsyncClient, signed_in: SignsIn, services: Services
) -> None:
    headers = await signed_in("admin")
    receiver = Receiver()
    async with receiver_at(receiver) as port:
        new = {"url": f"http://127.0.0.1:{port}/in", "events": ["feedback.cycle_closed"]}
        made = (await client.post(API, json=new, headers=headers)).json()
        queued = await client.post(f"{API}/{made['id']}/test", headers=headers)
        assert queued.status_code == 202
        await services.webhooks.delivery.deliver_due()
    assert [came.id for came in receiver.came] == [queued.json()["id"]]
    receiver.came[0].verified(made["secret"])
    [shown] = (await client.get(API)).json()["items"]
    assert shown["failures"] == 0
    assert shown["last_success_at"]


async def test_a_token_with_the_scope_may_and_another_may_not(client: httpx.AsyncClient, signed_in: SignsIn) -> None:
    headers = await signed_in("admin")
    tokens = {}
    for scope in ("webhooks", "tickets"):
        made = await client.post("/api/v1/tokens", json={"name": scope, "scopes": [scope]}, headers=headers)
        assert made.status_code == 201, made.text
        tokens[scope] = {"Authorization": f"Bearer {made.json()['token']}"}
    headers = await signed_in("kepala")
    made = await client.post("/api/v1/tokens", json={"name": "x", "scopes": ["webhooks"]}, headers=headers)
    tokens["head's"] = {"Authorization": f"Bearer {made.json()['token']}"}
    client.cookies.clear()
    assert (await client.post(API, json=NEW, headers=tokens["webhooks"])).status_code == 201
    assert (await client.get(API, headers=tokens["webhooks"])).status_code == 200
    assert (await client.get("/api/v1/tickets", headers=tokens["webhooks"])).status_code == 403
    assert (await client.get(API, headers=tokens["tickets"])).status_code == 403
    assert (await client.get(API, headers=tokens["head's"])).status_code == 403, "a token may no more than its person"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({**NEW, "url": "https://10.0.0.1/"}, "/url"),
        ({**NEW, "url": "https://[::ffff:169.254.169.254]/"}, "/url"),
        ({**NEW, "url": "http://hooks.example.org/\r\nX: y"}, "/url"),
        ({**NEW, "url": "x" * 5000}, "/url"),
        ({**NEW, "events": []}, "/events"),
        ({**NEW, "events": ["complaint.received", "nonsense"]}, "/events"),
        ({**NEW, "description": "a\nb"}, "/description"),
        ({**NEW, "description": "x" * 201}, "/description"),
        ({"events": NEW["events"]}, ""),
        ({**NEW, "url": 5}, "/url"),
        ({**NEW, "events": "complaint.received"}, "/events"),
        ({**NEW, "secret": "whsec_mine"}, ""),
        ({**NEW, "url": "https://hooks.example.org/\x00"}, ""),
    ],
)
async def test_what_is_wrong_is_refused_by_name_and_nothing_is_made(
    client: httpx.AsyncClient, signed_in: SignsIn, body: dict[str, object], pointer: str
) -> None:
    answer = await client.post(API, json=body, headers=await signed_in("admin"))
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert any(problem["pointer"].startswith(pointer) for problem in answer.json()["errors"])
    assert (await client.get(API)).json()["items"] == []


async def test_writes_need_the_token_of_the_page_and_ids_are_numbers_of_ours(
    client: httpx.AsyncClient, signed_in: SignsIn
) -> None:
    headers = await signed_in("admin")
    assert (await client.post(API, json=NEW)).status_code == 403
    for number in ("0", "99999999999999999999", "-1", "abc"):
        assert (await client.delete(f"{API}/{number}", headers=headers)).status_code == 404


async def form_token(client: httpx.AsyncClient) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', (await client.get(PAGE)).text)
    assert found is not None
    return found[1]


async def test_the_page_does_all_of_it_without_script(client: httpx.AsyncClient, signed_in: SignsIn) -> None:
    await signed_in("admin")
    token = await form_token(client)
    assert "Belum ada webhook" in (await client.get(PAGE)).text
    made = await client.post(PAGE, data={"csrf_token": token, **NEW, "description": "Sistem <b>pusat</b>"})
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    secret = re.search(r"whsec_[A-Za-z0-9+/=]+", unescape(made.text))
    assert secret is not None
    shown = (await client.get(PAGE)).text
    assert secret[0] not in unescape(shown)
    assert "Sistem &lt;b&gt;pusat&lt;/b&gt;" in shown
    found = re.search(r"/admin/webhooks/(\d+)/uji", shown)
    assert found is not None
    place = f"{PAGE}/{found[1]}"
    for deed, says in (("uji", "sedang dikirim"), ("mati", "dimatikan oleh administrator"), ("nyala", "Matikan")):
        done = await client.post(f"{place}/{deed}", data={"csrf_token": token})
        assert (done.status_code, done.headers["location"]) == (303, f"{PAGE}#webhook-{found[1]}")
        assert says in (await client.get(PAGE)).text
    rotated = await client.post(f"{place}/kunci", data={"csrf_token": token})
    assert rotated.status_code == 200
    assert "whsec_" in rotated.text
    assert "kunci lama" in rotated.text
    await client.post(f"{place}/mati", data={"csrf_token": token})
    refused = await client.post(f"{place}/uji", data={"csrf_token": token})
    assert refused.status_code in (409, 404)
    await client.post(f"{place}/hapus", data={"csrf_token": token})
    assert "Belum ada webhook" in (await client.get(PAGE)).text
    assert (await client.post(f"{place}/uji", data={"csrf_token": token})).status_code == 404
    assert (await client.post(f"{place}/lain", data={"csrf_token": token})).status_code == 404


async def test_a_form_with_mistakes_comes_back_with_what_was_written(
    client: httpx.AsyncClient, signed_in: SignsIn
) -> None:
    await signed_in("admin")
    token = await form_token(client)
    given = {"csrf_token": token, "url": "http://hooks.example.org/<x>", "description": "Pusat"}
    answer = await client.post(PAGE, data=given)
    assert answer.status_code == 422
    assert "http://hooks.example.org/&lt;x&gt;" in answer.text
    assert "Pilih sedikitnya satu kejadian" in answer.text
    assert "Pusat" in answer.text
    assert (await client.post(PAGE, data={"url": "https://x.example.org"})).status_code == 403


async def test_the_page_speaks_english_too(client: httpx.AsyncClient, signed_in: SignsIn) -> None:
    await signed_in("admin")
    await client.post("/bahasa", data={"language": "en", "next": PAGE})
    page = await client.get(PAGE)
    assert "There is no webhook yet." in page.text
    for username in ("petugas", "atasan", "kepala", "kanwil"):
        await signed_in(username)
        assert (await client.get(PAGE)).status_code == 403
