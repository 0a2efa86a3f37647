"""The development gateway refuses what the real gateways refuse, and its webhooks are the real ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from complaints_service.dev import whatsapp_kept
from complaints_service.dev.whatsapp_kept import Direction, KeptMessages, ShownButton
from complaints_service.dev.whatsapp_wire import NotTaken, Shown, Typed, shown_by_cloud, shown_by_gowa, webhook
from complaints_service.intake.whatsapp.inbound import Inbound, InboundKind, Provider
from complaints_service.intake.whatsapp.parse import parse

TEXT = {"messaging_product": "whatsapp", "to": "628123", "type": "text", "text": {"body": "Halo"}}


def buttons(*titles: str, text: str = "Kirim?") -> dict[str, object]:
    replies = [{"type": "reply", "reply": {"id": f"b{n}", "title": title}} for n, title in enumerate(titles)]
    interactive = {"type": "button", "body": {"text": text}, "action": {"buttons": replies}}
    return {"messaging_product": "whatsapp", "to": "628123", "type": "interactive", "interactive": interactive}


@pytest.mark.parametrize("provider", list(Provider))
def test_what_is_typed_comes_in_as_it_was_typed(provider: Provider) -> None:
    typed = Typed(number="6281234567890", name="Siti", text="Halo 👋", choice=None, message_id="wamid.1", at=1749416383)
    (item,) = parse(provider, webhook(provider, typed))
    assert isinstance(item, Inbound)
    assert (item.text, item.profile_name, item.kind, item.at.timestamp()) == (
        "Halo 👋",
        "Siti",
        InboundKind.TEXT,
        1749416383,
    )
    assert item.address.partition("@")[0] == "6281234567890"


def test_a_tapped_button_comes_in_with_its_id() -> None:
    typed = Typed(number="628123", name="Siti", text="Kirim", choice="send:1", message_id="wamid.1", at=1)
    (item,) = parse(Provider.CLOUD, webhook(Provider.CLOUD, typed))
    assert isinstance(item, Inbound)
    assert (item.kind, item.choice) == (InboundKind.CHOICE, "send:1")


def test_texts_and_buttons_are_shown() -> None:
    assert shown_by_cloud(TEXT) == Shown("628123", "Halo")
    assert shown_by_cloud(buttons("Kirim", "Batal")) == Shown(
        "628123", "Kirim?", (ShownButton("b0", "Kirim"), ShownButton("b1", "Batal"))
    )
    assert shown_by_gowa({"phone": "628123@s.whatsapp.net", "message": "Halo"}) == Shown("628123", "Halo")


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        TEXT | {"messaging_product": "sms"},
        TEXT | {"to": ""},
        TEXT | {"text": {"body": "x" * 4097}},
        TEXT | {"type": "video"},
        buttons("1", "2", "3", "4"),
        buttons(),
        buttons("x" * 21),
        buttons("Sama", "Sama"),
        buttons("Kirim", text="x" * 1025),
    ],
)
def test_what_the_cloud_api_would_refuse_is_refused(body: object) -> None:
    with pytest.raises(NotTaken):
        shown_by_cloud(body)


def test_kept_messages_come_newest_first_and_the_oldest_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whatsapp_kept, "MOST_KEPT", 3)
    kept = KeptMessages(tmp_path)
    for number in range(5):
        kept.keep(Direction.SENT if number % 2 else Direction.RECEIVED, "cloud", f"62812{number}", str(number))
    assert [message.text for message in kept.newest_first()] == ["4", "3", "2"]
    assert [message.text for message in kept.newest_first(Direction.SENT)] == ["3"]
    assert [message.text for message in kept.newest_first(number="628124")] == ["4"]
    assert KeptMessages(tmp_path / "nothing").newest_first() == []
