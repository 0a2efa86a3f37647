"""Both gateways' webhooks as values: what is taken, what is ignored, what is set aside, what is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from complaints_service.errors import Malformed
from complaints_service.intake.whatsapp.inbound import (
    Delivered,
    Ignored,
    Inbound,
    InboundKind,
    Item,
    Provider,
    SetAside,
    Status,
)
from complaints_service.intake.whatsapp.parse import parse


def cloud(*messages: object, statuses: tuple[object, ...] = (), contacts: object = None) -> bytes:
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550783881", "phone_number_id": "106540352242922"},
        "contacts": [{"profile": {"name": "Siti Rahma"}, "wa_id": "6281234567890"}] if contacts is None else contacts,
        "messages": list(messages),
        "statuses": list(statuses),
    }
    entry = {"id": "102290129340398", "changes": [{"field": "messages", "value": value}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def message(kind: str = "text", identity: str = "wamid.A", **content: object) -> dict[str, object]:
    return {"from": "6281234567890", "id": identity, "timestamp": "1749416383", "type": kind, **content}


def gowa(event: str = "message", **payload: object) -> bytes:
    base = {
        "id": "3EB0C127D7BACC83D6A1",
        "chat_id": "6281234567890@s.whatsapp.net",
        "from": "6281234567890@s.whatsapp.net",
        "from_lid": "251556368777322@lid",
        "from_name": "Siti Rahma",
        "timestamp": "2026-11-24T10:30:00Z",
        "is_from_me": False,
    }
    document = {"event": event, "device_id": "628987654321@s.whatsapp.net", "payload": base | payload}
    return json.dumps(document).encode()


def only(items: list[Item]) -> Item:
    assert len(items) == 1
    return items[0]


def test_a_text_by_the_cloud_api() -> None:
    body = cloud(message(text={"body": "Paspor saya belum jadi"}, context={"id": "wamid.0"}, something_new=1))
    assert only(parse(Provider.CLOUD, body)) == Inbound(
        provider=Provider.CLOUD,
        message_id="wamid.A",
        address="6281234567890",
        at=datetime.fromtimestamp(1749416383, UTC),
        kind=InboundKind.TEXT,
        text="Paspor saya belum jadi",
        profile_name="Siti Rahma",
        reply_to="wamid.0",
    )


def test_a_text_by_gowa() -> None:
    assert only(parse(Provider.GOWA, gowa(body="Paspor saya belum jadi"))) == Inbound(
        provider=Provider.GOWA,
        message_id="3EB0C127D7BACC83D6A1",
        address="6281234567890@s.whatsapp.net",
        at=datetime(2026, 11, 24, 10, 30, tzinfo=UTC),
        kind=InboundKind.TEXT,
        text="Paspor saya belum jadi",
        profile_name="Siti Rahma",
    )


@pytest.mark.parametrize(
    ("raw", "kind", "text", "choice"),
    [
        (
            message(
                "interactive", interactive={"type": "button_reply", "button_reply": {"id": "send:1", "title": "Kirim"}}
            ),
            InboundKind.CHOICE,
            "Kirim",
            "send:1",
        ),
        (
            message("interactive", interactive={"type": "list_reply", "list_reply": {"id": "new", "title": "Baru"}}),
            InboundKind.CHOICE,
            "Baru",
            "new",
        ),
        (message("button", button={"payload": "menu", "text": "Menu"}), InboundKind.CHOICE, "Menu", "menu"),
        (
            message("location", location={"latitude": -4.87, "longitude": 105.2, "name": "Loket 3"}),
            InboundKind.LOCATION,
            "📍 Loket 3, -4.87, 105.2",
            None,
        ),
        (message("image", image={"id": "1", "caption": "Antrean"}), InboundKind.FILE, "Antrean", None),
        (message("document", document={"id": "1"}), InboundKind.FILE, "", None),
        (message("audio", audio={"id": "1"}), InboundKind.VOICE, "", None),
        (message("sticker", sticker={"id": "1"}), InboundKind.STICKER, "", None),
        (message("reaction", reaction={"emoji": "👍"}), InboundKind.REACTION, "", None),
        (message("unsupported", errors=[{"code": 131051}]), InboundKind.OTHER, "", None),
    ],
)
def test_every_kind_of_the_cloud_api(raw: object, kind: InboundKind, text: str, choice: str | None) -> None:
    item = only(parse(Provider.CLOUD, cloud(raw)))
    assert isinstance(item, Inbound)
    assert (item.kind, item.text, item.choice) == (kind, text, choice)


@pytest.mark.parametrize(
    ("payload", "kind", "text"),
    [
        ({"image": {"path": "/media/1.jpg", "caption": "Antrean"}}, InboundKind.FILE, "Antrean"),
        ({"document": "/media/1.pdf", "body": "Bukti"}, InboundKind.FILE, "Bukti"),
        ({"audio": "/media/1.ogg"}, InboundKind.VOICE, ""),
        ({"sticker": "/media/1.webp"}, InboundKind.STICKER, ""),
        ({"location": {"degreesLatitude": -4.87, "degreesLongitude": 105.2}}, InboundKind.LOCATION, "📍 -4.87, 105.2"),
        ({}, InboundKind.OTHER, ""),
    ],
)
def test_every_kind_of_gowa(payload: dict[str, object], kind: InboundKind, text: str) -> None:
    item = only(parse(Provider.GOWA, gowa(**payload)))
    assert isinstance(item, Inbound)
    assert (item.kind, item.text) == (kind, text)


def test_a_person_known_only_by_a_user_id_has_an_address() -> None:
    raw = message(text={"body": "Halo"}, user_id="ID.13491208655302741918")
    del raw["from"]
    contacts = [{"profile": {"name": "Siti"}, "user_id": "ID.13491208655302741918"}]
    item = only(parse(Provider.CLOUD, cloud(raw, contacts=contacts)))
    assert isinstance(item, Inbound)
    assert (item.address, item.profile_name) == ("ID.13491208655302741918", "Siti")


def test_the_number_of_the_persons_device_is_no_part_of_the_address() -> None:
    item = only(parse(Provider.GOWA, gowa(body="Halo", **{"from": "6281234567890:14@s.whatsapp.net"})))
    assert isinstance(item, Inbound)
    assert item.address == "6281234567890@s.whatsapp.net"


@pytest.mark.parametrize(
    "body",
    [
        gowa(body="Halo", chat_id="120363025982934543@g.us"),
        gowa(body="Halo", chat_id="120363144038483540@newsletter", **{"from": "120363144038483540@newsletter"}),
        gowa(body="Halo", chat_id="status@broadcast"),
        gowa(body="Halo", is_from_me=True),
        gowa("message.edited", body="Halo"),
        gowa("message.revoked"),
        gowa("group.participants"),
        gowa("newsletter.joined"),
    ],
)
def test_groups_newsletters_echoes_and_other_events_are_ignored(body: bytes) -> None:
    assert isinstance(only(parse(Provider.GOWA, body)), Ignored)


def test_statuses_of_both_gateways() -> None:
    failed = {"id": "wamid.S", "status": "failed", "timestamp": "1", "errors": [{"code": 131026, "title": "x"}]}
    assert parse(Provider.CLOUD, cloud(statuses=(failed, {"id": "wamid.T", "status": "read"}))) == [
        Status(provider_id="wamid.S", state=Delivered.FAILED, error_code=131026),
        Status(provider_id="wamid.T", state=Delivered.READ),
    ]
    assert parse(Provider.GOWA, gowa("message.ack", ids=["A", "B"], receipt_type="delivered")) == [
        Status(provider_id="A", state=Delivered.DELIVERED),
        Status(provider_id="B", state=Delivered.DELIVERED),
    ]


@pytest.mark.parametrize(
    "bad",
    [
        7,
        None,
        "text",
        {},
        message(text={"body": 5}),
        message(text="Halo"),
        message(identity="", text={"body": "Halo"}),
        message(identity="x" * 301, text={"body": "Halo"}),
        message(text={"body": "Halo"}) | {"timestamp": "yesterday"},
        message(text={"body": "Halo"}) | {"timestamp": "9" * 30},
        message(text={"body": "Halo"}) | {"from": ["6281234567890"]},
        message("location", location={"latitude": "north"}),
    ],
)
def test_one_bad_message_in_a_batch_is_set_aside_and_the_others_are_taken(bad: object) -> None:
    good = [message(identity=f"wamid.{number}", text={"body": "Halo"}) for number in range(19)]
    items = parse(Provider.CLOUD, cloud(*good[:7], bad, *good[7:]))
    assert [isinstance(item, Inbound) for item in items] == [True] * 7 + [False] + [True] * 12
    aside = items[7]
    assert isinstance(aside, SetAside)
    assert aside.mark and "Halo" not in aside.reason


def test_a_bad_entry_leaves_the_other_entries_alone() -> None:
    document = json.loads(cloud(message(text={"body": "Halo"})))
    document["entry"] = [5, {"changes": 7}, {"changes": [{"field": "messages", "value": 3}]}, *document["entry"]]
    kinds = [type(item) for item in parse(Provider.CLOUD, json.dumps(document).encode())]
    assert kinds == [SetAside, SetAside, SetAside, Inbound]


def test_another_field_and_another_object_are_ignored() -> None:
    document = json.loads(cloud(message(text={"body": "Halo"})))
    document["entry"][0]["changes"][0]["field"] = "account_update"
    assert isinstance(only(parse(Provider.CLOUD, json.dumps(document).encode())), Ignored)
    assert isinstance(only(parse(Provider.CLOUD, b'{"object":"page"}')), Ignored)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b'"text"',
        b"\xff\xfe{}",
        b'{"object":"\xff"}',
        b"[" * 200_000,
        b'{"entry":' * 100_000,
        b'{"n":' + b"9" * 10_000 + b"}",
    ],
)
@pytest.mark.parametrize("provider", list(Provider))
def test_broken_and_deep_json_is_refused(provider: Provider, body: bytes) -> None:
    with pytest.raises(Malformed):
        parse(provider, body)


def test_words_come_out_fit_for_storing() -> None:
    nasty = "Pas\x00por\x07 belum\r\njadi \ud800\u202egnp.exe"
    item = only(parse(Provider.CLOUD, cloud(message(text={"body": nasty}))))
    assert isinstance(item, Inbound)
    assert item.text == "Paspor belum\njadi gnp.exe"
