"""Photos and documents through the API: sent, claimed once, shown, downloaded, and nothing for anybody else (D13)."""

from __future__ import annotations

import asyncio
import io
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest
from PIL import Image

from complaints_service.database import SYSTEM
from complaints_service.settings import Settings
from complaints_service.wiring import Services
from tests import files
from tests.app_client import client_of, opened_app, started_app
from tests.office import TheOffice
from tests.servers import Running
from tests.service.citizen_files import file, filed, officer, send, sent, ticket


@pytest.fixture(scope="module")
async def app(settings: Settings, services: Services) -> AsyncIterator[Any]:
    async with started_app(settings, services) as started:
        yield started


@pytest.fixture
async def http(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as client:
        yield client


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (files.jpeg(), "foto.jpg", "image/jpeg"),
        (files.png(), "layar.png", "image/png"),
        (files.webp(), "gambar.webp", "image/webp"),
        (files.pdf(), "surat.pdf", "application/pdf"),
    ],
)
async def test_a_file_is_sent_claimed_listed_and_downloaded(
    http: httpx.AsyncClient, content: bytes, name: str, kind: str
) -> None:
    answer = await send(http, content, name)
    assert answer.status_code == 201
    upload = answer.json()
    assert set(upload) == {"id", "name", "size", "type"}
    assert (upload["name"], upload["type"]) == (name, kind)
    assert upload["id"].startswith("up_")

    number, bearer = await filed(http, upload["id"])
    seen = await ticket(http, number, bearer)
    listed = seen["attachments"]
    assert [set(one) for one in listed] == [{"id", "name", "size", "type", "state", "link"}]
    assert {k: listed[0][k] for k in upload} == upload
    assert listed[0]["state"] == "ready"
    assert seen["messages"][0]["attachments"] == listed

    path = httpx.URL(listed[0]["link"]).path
    got = await http.get(path, headers=bearer)
    assert got.status_code == 200
    assert len(got.content) == upload["size"] == int(got.headers["content-length"])
    assert got.headers["content-disposition"].startswith("attachment;")
    assert got.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in got.headers["content-security-policy"]
    assert "default-src 'none'" in got.headers["content-security-policy"]
    if kind == "application/pdf":
        assert got.content == content
    else:
        assert Image.open(io.BytesIO(got.content)).get_format_mimetype() == kind


async def test_files_of_a_message_stand_beside_it_and_words_are_not_needed(http: httpx.AsyncClient) -> None:
    number, bearer = await filed(http)
    upload = await sent(http, files.pdf(), "bukti bayar.pdf")
    address = f"/api/v1/complaints/{number}/messages"
    answer = await http.post(address, json={"attachments": [upload]}, headers=bearer)
    assert answer.status_code == 201, answer.text
    last = answer.json()["messages"][-1]
    assert last["text"] == ""
    assert [one["name"] for one in last["attachments"]] == ["bukti bayar.pdf"]
    assert answer.json()["attachments"] == []
    empty = await http.post(address, json={"text": "", "attachments": []}, headers=bearer)
    assert empty.status_code == 422


async def test_a_message_sent_twice_with_its_key_claims_once(http: httpx.AsyncClient) -> None:
    number, bearer = await filed(http)
    body = {"text": "Ini fotonya", "attachments": [await sent(http)]}
    headers = bearer | {"Idempotency-Key": str(uuid.uuid4())}
    address = f"/api/v1/complaints/{number}/messages"
    for _ in range(2):
        answer = await http.post(address, json=body, headers=headers)
        assert answer.status_code == 201
        assert [len(m["attachments"]) for m in answer.json()["messages"]] == [0, 1]
    again = await http.post(address, json=body, headers=bearer)
    assert again.status_code == 422
    assert again.json()["errors"][0]["pointer"] == "/attachments/0"


async def test_what_cannot_be_had_is_named_by_its_place_and_nothing_is_filed(
    http: httpx.AsyncClient, services: Services
) -> None:
    good = await sent(http)
    key = str(uuid.uuid4())
    answer = await file(http, good, "up_" + "a" * 26, good, "../../etc/passwd", key=key)
    assert answer.status_code == 422
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [
        (f"/attachments/{n}", "unknown_upload") for n in (1, 2, 3)
    ]
    # Neither the key nor the good upload is used up.
    assert (await file(http, good, key=key)).status_code == 201


async def test_the_same_key_and_body_gives_the_first_answer_again(http: httpx.AsyncClient) -> None:
    upload, key = await sent(http), str(uuid.uuid4())
    first, second = await file(http, upload, key=key), await file(http, upload, key=key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.headers["idempotent-replayed"] == "true"
    assert first.json() == second.json()
    other = await file(http, upload, key=key, subject="lain")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_an_upload_belongs_to_one_ticket_however_many_want_it_at_once(http: httpx.AsyncClient) -> None:
    upload = await sent(http)
    answers = await asyncio.gather(*(file(http, upload) for _ in range(8)))
    assert sorted(a.status_code for a in answers) == [201] + [422] * 7
    key = str(uuid.uuid4())
    upload = await sent(http)
    same = await asyncio.gather(*(file(http, upload, key=key) for _ in range(8)))
    assert {a.status_code for a in same} == {201}
    assert len({a.json()["number"] for a in same}) == 1


async def test_eleven_are_too_many_for_a_complaint(http: httpx.AsyncClient) -> None:
    answer = await file(http, *["up_" + "a" * 26] * 11)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/attachments"


async def test_position_and_everything_else_beside_the_picture_is_gone(http: httpx.AsyncClient) -> None:
    number, bearer = await filed(
        http, await sent(http, files.photo_with_position()), await sent(http, files.png_with_words())
    )
    for listed in (await ticket(http, number, bearer))["attachments"]:
        got = await http.get(httpx.URL(listed["link"]).path, headers=bearer)
        assert files.PLACE.encode() not in got.content
        picture = Image.open(io.BytesIO(got.content))
        assert dict(picture.getexif()) == {}
        assert not {"exif", "xmp", "comment", "icc_profile", "Location"} & picture.info.keys()
        if listed["type"] == "image/jpeg":
            assert picture.size == (240, 320)  # upright, as the camera had said


@pytest.mark.parametrize("place", ["app", "desk"])
async def test_only_those_in_scope_learn_of_a_file(
    app: Any, http: httpx.AsyncClient, running: Running, place: str
) -> None:
    number, bearer = await filed(
        http, await sent(http, files.png(), "loket.png"), category="keterlambatan", service="paspor-baru"
    )
    async with officer(app, running, "petugas") as own, officer(app, running, "petugas2") as other:
        listed = (await own.get(f"/api/v1/tickets/{number}")).json()["attachments"][0]
        assert set(listed) == {"id", "name", "size", "type", "state", "link", "preview"}
        base = f"/desk/t/{number}/berkas/{listed['id']}" if place == "desk" else listed["link"]
        for path in (base, f"{base}/pratinjau" if place == "desk" else listed["preview"]):
            assert (await own.get(path)).status_code == 200
            mine = await other.get(path)
            unknown = await other.get(path.replace(listed["id"], "up_" + "b" * 26))
            assert (mine.status_code, unknown.status_code) == (404, 404)
            async with client_of(app) as nobody:
                assert (await nobody.get(path)).status_code in (401, 303)
    citizens = f"/api/v1/complaints/{number}/attachments/{listed['id']}"
    assert (await http.get(citizens, headers=bearer)).status_code == 200
    assert (await http.get(citizens)).status_code == 401
    second, others_bearer = await filed(http)
    assert (await http.get(citizens, headers=others_bearer)).status_code == 404
    stolen = f"/api/v1/complaints/{second}/attachments/{listed['id']}"
    assert (await http.get(stolen, headers=others_bearer)).status_code == 404


async def test_each_download_by_an_officer_is_on_record(
    app: Any, http: httpx.AsyncClient, running: Running, services: Services
) -> None:
    number, _ = await filed(http, await sent(http), category="keterlambatan", service="paspor-baru")

    async def records() -> int:
        async with services.database.transaction(SYSTEM) as connection:
            return await connection.fetchval(
                "SELECT count(*) FROM access_log AS l JOIN ticket AS k ON k.office_id = l.office_id AND k.id = l.ticket_id"
                " WHERE k.number = $1 AND l.what = 'attachment'",
                number,
            )

    async with officer(app, running, "petugas") as own:
        listed = (await own.get(f"/api/v1/tickets/{number}")).json()["attachments"][0]
        assert (await own.get(listed["preview"])).status_code == 200
        assert await records() == 0
        assert (await own.get(listed["link"])).status_code == 200
        assert (await own.get(f"/desk/t/{number}/berkas/{listed['id']}")).status_code == 200
    assert await records() == 2


async def test_a_preview_is_a_webp_that_can_only_be_looked_at(
    app: Any, http: httpx.AsyncClient, running: Running
) -> None:
    number, _ = await filed(http, await sent(http, files.jpeg(4000, 3000)), await sent(http, files.pdf(), "a.pdf"))
    async with officer(app, running, "kepala") as head:
        photo, document = (await head.get(f"/api/v1/tickets/{number}")).json()["attachments"]
        got = await head.get(photo["preview"])
    assert got.headers["content-type"] == "image/webp"
    assert got.headers["content-disposition"] == "inline"
    assert "sandbox" in got.headers["content-security-policy"]
    assert Image.open(io.BytesIO(got.content)).size == (1600, 1200)
    assert document["preview"] is None


async def test_an_upload_nobody_uses_is_gone_after_a_day_with_its_files(
    settings: Settings, services: Services, the_office: TheOffice, http: httpx.AsyncClient
) -> None:
    used, unused = await sent(http), await sent(http)
    number, bearer = await filed(http, used)
    kept = set(services.attachments.storage.folder.glob("??/*"))
    await the_office.move_clock(timedelta(hours=24, minutes=1))
    assert (await file(http, unused)).json()["errors"][0]["code"] == "unknown_upload"
    while await services.attachments.sweep():
        pass
    left = set(services.attachments.storage.folder.glob("??/*"))
    assert len(kept - left) >= 2
    listed = (await ticket(http, number, bearer))["attachments"][0]
    assert (await http.get(httpx.URL(listed["link"]).path, headers=bearer)).status_code == 200


async def test_what_is_erased_is_gone_and_the_chain_stays_whole(
    services: Services, http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    number, bearer = await filed(http, await sent(http), await sent(http, files.pdf(), "KTP Siti.pdf"))
    path = httpx.URL((await ticket(http, number, bearer))["attachments"][0]["link"]).path
    found = (await the_office.file_of(number)).ticket
    assert await services.attachments.erase(found.office_id, found.id) == 2
    seen = (await ticket(http, number, bearer))["attachments"]
    assert [(one["name"], one["state"]) for one in seen] == [("", "erased")] * 2
    gone = await http.get(path, headers=bearer)
    assert (gone.status_code, gone.json()["code"]) == (410, "file_erased")


async def test_rate_and_day_are_bounded_and_texts_go_on(settings: Settings) -> None:
    few = msgspec.structs.replace(settings, rate_upload_per_minute=2)
    async with opened_app(few, address="203.0.113.50") as http:
        answers = [await send(http, files.pdf()) for _ in range(3)]
        assert [a.status_code for a in answers] == [201, 201, 429]
        assert int(answers[2].headers["retry-after"]) >= 1
        assert (await file(http)).status_code == 201
    nothing = msgspec.structs.replace(settings, upload_megabytes_per_day=0)
    async with opened_app(nothing) as http:
        refused = await send(http, files.pdf())
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) > 60
        assert (await file(http)).status_code == 201
    little = msgspec.structs.replace(settings, rate_upload_megabytes_per_day=1)
    async with opened_app(little, address="203.0.113.51") as http:
        assert (await send(http, files.pdf(b"x" * 1_100_000))).status_code == 201
        assert (await send(http, files.pdf())).status_code == 429
    async with opened_app(little, address="203.0.113.52") as http:
        assert (await send(http, files.pdf())).status_code == 201
