"""News by web push: sealed for one device, signed by us, without a personal word; a device that is gone is forgotten without alarm."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from complaints_service.errors import Invalid
from complaints_service.key_pairs import public_point
from complaints_service.tickets.commands import Answer, Start, Verify
from complaints_service.tickets.filed import Filed
from complaints_service.webpush.sealing import base64url, from_base64url
from tests.servers import Running
from tests.service.outbox_room import Room, a_room
from tests.service.webhook_receiver import Came, Receiver, receiver_at


class Browser:
    """A browser with a subscription, as the standard has it."""

    def __init__(self, port: int) -> None:
        self._private = ec.generate_private_key(ec.SECP256R1())
        self._auth = secrets.token_bytes(16)
        self.public = public_point(self._private)
        self.subscription = (
            f"http://127.0.0.1:{port}/wp/{secrets.token_hex(8)}",
            base64url(self.public),
            base64url(self._auth),
        )

    def opened(self, came: Came) -> dict[str, Any]:
        """What it shows (RFC 8188 and 8291, written from the reader's side)."""
        salt, length, rest = came.body[:16], came.body[20], came.body[21:]
        sender, cipher = rest[:length], rest[length:]
        shared = self._private.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))
        secret = hkdf(self._auth, shared, b"WebPush: info\0" + self.public + sender, 32)
        key, nonce = (
            hkdf(salt, secret, b"Content-Encoding: " + name + b"\0", n)
            for name, n in ((b"aes128gcm", 16), (b"nonce", 12))
        )
        padded = AESGCM(key).decrypt(nonce, cipher, None)
        assert padded[-1] == 2
        return msgspec.json.decode(padded[:-1])


def hkdf(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt=salt, info=info).derive(secret)


@pytest.fixture(scope="module")
async def room(running: Running, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Room]:
    async with a_room(running, tmp_path_factory.mktemp("push")) as opened:
        yield opened


@pytest.fixture
async def receiver() -> Receiver:
    """The browser's push service."""
    return Receiver()


@pytest.fixture
async def port(receiver: Receiver) -> AsyncIterator[int]:
    async with receiver_at(receiver) as opened:
        yield opened


async def subscribed(room: Room, browser: Browser, filed: Filed) -> None:
    await room.services.webpush.subscribe(filed.office_id, filed.ticket_id, *browser.subscription)


async def answer(room: Room, filed: Filed) -> None:
    """Verified, begun and answered, and the ten seconds in which it could be undone are over."""
    for command in (Verify(), Start(), Answer(text="Paspor Anda siap diambil, Ibu Siti.")):
        await room.office.act(filed.number, command, "petugas")
    await room.admin.execute("UPDATE outbox SET released_at = office_now() WHERE state = 'queued'")


def proved(came: Came, public: str, port: int) -> dict[str, Any]:
    """The claims of the sender, once the signature is checked with the key the browser was given."""
    token, _, key = came.headers["authorization"].removeprefix("vapid t=").partition(", k=")
    assert key == public
    signed, _, signature = token.rpartition(".")
    raw = from_base64url(signature)
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), from_base64url(key))
    point.verify(der, signed.encode(), ec.ECDSA(SHA256()))
    claims: dict[str, Any] = msgspec.json.decode(from_base64url(signed.partition(".")[2]))
    assert claims["aud"] == f"http://127.0.0.1:{port}"
    return claims


async def test_an_answer_reaches_every_device_that_wants_it_and_only_the_browser_can_read_it(
    room: Room, receiver: Receiver, port: int
) -> None:
    filed = await room.office.file()
    browsers = [Browser(port), Browser(port)]
    for browser in browsers:
        await subscribed(room, browser, filed)
        await subscribed(room, browser, filed)
    await answer(room, filed)
    await room.deliver()
    assert len(receiver.came) == 2
    came = {one.path: one for one in receiver.came}
    for browser in browsers:
        one = came["/wp/" + browser.subscription[0].rpartition("/")[2]]
        shown = browser.opened(one)
        assert shown["body"] == f"Ada kabar untuk {filed.number}."
        assert shown["url"] == f"/t/{filed.number}"
        assert "Siti" not in str(shown)
        assert filed.number.encode() not in one.body
        assert filed.number not in str(one.headers)
        assert (one.headers["content-encoding"], one.headers["content-type"]) == (
            "aes128gcm",
            "application/octet-stream",
        )
        assert proved(one, room.services.webpush.public, port)["sub"] == "mailto:pengaduan@imigrasi.example"
    assert {row["state"] for row in await room.rows(way="push")} == {"sent"}

    # A device that has had enough is told no more; its mail comes as before.
    await room.services.webpush.unsubscribe(filed.office_id, filed.ticket_id, browsers[0].subscription[0])
    assert await room.admin.fetchval("SELECT count(*) FROM push_subscription") == 1


@pytest.mark.parametrize(
    "erasing",
    [
        """UPDATE complaint_text SET subject = '', description = '', location = NULL, reported = NULL, erased_at = office_now()
           WHERE ticket_id = $1""",
        """UPDATE reporter SET name = NULL, phone = NULL, email = NULL, whatsapp = NULL, erased_at = office_now()
           WHERE ticket_id = $1""",
    ],
    ids=["words", "reporter"],
)
async def test_a_device_goes_with_the_personal_data_of_the_case_and_hears_nothing_from_then(
    room: Room, receiver: Receiver, port: int, erasing: str
) -> None:
    # Without an address, so that no mail of theirs is one for the others to stumble over.
    erased, other = [await room.office.file(reporter_email=None) for _ in range(2)]
    for filed in (erased, other):
        await subscribed(room, Browser(port), filed)
    await answer(room, erased)
    await room.admin.execute(erasing, erased.ticket_id)
    await room.deliver()
    assert receiver.came == []
    waiting = "SELECT ticket_id FROM push_subscription WHERE ticket_id = ANY ($1::bigint[])"
    ids = [erased.ticket_id, other.ticket_id]
    assert len(await room.admin.fetch(waiting, ids)) == 2
    await room.services.webpush.forget_ended()
    assert [row["ticket_id"] for row in await room.admin.fetch(waiting, ids)] == [other.ticket_id]


@pytest.mark.parametrize("status", [404, 410])
async def test_a_device_that_is_gone_is_forgotten_everywhere_and_nobody_is_alarmed(
    room: Room, receiver: Receiver, port: int, status: int
) -> None:
    browser, filed, other = Browser(port), await room.office.file(), await room.office.file()
    await subscribed(room, browser, filed)
    await subscribed(room, browser, other)
    await answer(room, filed)
    receiver.usual = status
    await room.deliver()
    assert len(receiver.came) == 1
    left = "SELECT count(*) FROM push_subscription WHERE endpoint = $1"
    assert await room.admin.fetchval(left, browser.subscription[0]) == 0
    (row,) = await room.admin.fetch("SELECT * FROM outbox WHERE way = 'push' AND ticket_id = $1", filed.ticket_id)
    assert (row["state"], row["last_error"]) == ("cancelled", "gone")
    assert await room.alarms() == []


async def test_a_push_service_that_fails_is_tried_again_and_holds_no_mail_up(
    room: Room, receiver: Receiver, port: int
) -> None:
    browser, filed = Browser(port), await room.office.file()
    await subscribed(room, browser, filed)
    await answer(room, filed)
    receiver.script = [503, 0, 201]
    await room.deliver()
    of_ticket = [row for row in await room.rows(ticket_id=filed.ticket_id) if row["kind"] == "answer"]
    assert {row["way"]: row["state"] for row in of_ticket} == {"email": "sent", "push": "queued"}
    await room.deliver_with_retries(2)
    assert len(receiver.came) == 3
    assert browser.opened(receiver.came[-1])["tag"] == filed.number
    assert await room.alarms() == []


async def test_only_what_browsers_send_can_subscribe_and_a_case_has_at_most_five_devices(room: Room, port: int) -> None:
    filed, good = await room.office.file(), Browser(port).subscription
    push = room.services.webpush
    for wrong in (
        ("http://10.0.0.1/x", *good[1:]),
        ("ftp://127.0.0.1/x", *good[1:]),
        (good[0], "AAAA", good[2]),
        (good[0], base64url(b"\x04" + b"\1" * 64), good[2]),
        (good[0], good[1], "AAAA"),
        (good[0], good[1] + "ä", good[2]),
    ):
        with pytest.raises(Invalid):
            await push.subscribe(filed.office_id, filed.ticket_id, *wrong)
    for _ in range(5):
        await subscribed(room, Browser(port), filed)
    with pytest.raises(Invalid):
        await subscribed(room, Browser(port), filed)
