"""Every word the conversation says: rendered in both languages as the delivery renders it, and nothing left untranslated."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from complaints_service.dev import whatsapp as window
from complaints_service.i18n import catalogue, translate
from complaints_service.intake.whatsapp.chat_rows import TITLES, params_of
from complaints_service.intake.whatsapp.conversation import DECIDE, MENU, Say
from complaints_service.intake.whatsapp.draft import Chat
from complaints_service.intake.whatsapp.words import Word
from complaints_service.notifications.rendering import Choice, Renderer
from complaints_service.resources import templates_dir

TEMPLATES = sorted(path.stem for path in (templates_dir() / "whatsapp" / "chat").glob("*.txt"))
SITE = "https://pengaduan.example.go.id"
VALUES = {"site": SITE, "number": "LT-2026-000417", "status": "Diproses", "next": "Sampai Jumat."}
_MSGID = re.compile(r"""_\(\s*"((?:[^"\\]|\\.)*)\"""")


class AnOffice(msgspec.Struct):
    """As much of an office as the words need."""

    name: str = "Kantor Imigrasi Lampung Tengah"
    address: str = "Jl. Raya Gunung Sugih"
    phone: str = "0725-123456"


def rendered(template: str, language: str, draft: str = "Paspor saya belum jadi") -> str:
    context: dict[str, object] = {**VALUES, "office": AnOffice(), "draft_text": draft}
    choices = (Choice("send:1", translate(language, "Send")),)
    return Renderer().chat_turn(template, context, choices, language, "Asia/Jakarta").text


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_turn_is_said_in_both_languages(template: str) -> None:
    indonesian, english = rendered(template, "id"), rendered(template, "en")
    assert indonesian
    assert english
    if template != "status":
        assert indonesian != english
    for text in (indonesian, english):
        assert "{" not in text
        # A reply with buttons holds 1,024 characters.
        assert len(text) <= 1024


def test_a_long_draft_is_shown_short_enough_for_buttons() -> None:
    text = rendered("summary", "id", "Paspor " * 700)
    assert len(text) <= 1024
    assert "…" in text


def test_words_of_the_draft_are_never_a_template() -> None:
    assert "{{ 7 * 7 }}" in rendered("summary", "id", "{{ 7 * 7 }} {% raw %}")


@pytest.mark.parametrize("language", ["id", "en"])
def test_titles_fit_the_buttons(language: str) -> None:
    for title in TITLES.values():
        assert 0 < len(translate(language, title)) <= 20
    for choices in (DECIDE, MENU, (Word.SETTLED,)):
        assert len({translate(language, TITLES[word]) for word in choices}) == len(choices) <= 3


def test_every_text_has_its_indonesian_words() -> None:
    files = [*(templates_dir() / "whatsapp" / "chat").glob("*.txt"), templates_dir() / "dev" / "whatsapp.html"]
    texts = {found.replace('\\"', '"') for path in files for found in _MSGID.findall(path.read_text())}
    assert len(texts) > 30
    missing = {text for text in texts | set(TITLES.values()) if text not in catalogue("id")}
    assert not missing


def test_every_turn_of_the_conversation_has_its_template() -> None:
    folder = Path(window.__file__).parents[1] / "intake" / "whatsapp"
    source = "".join(path.read_text() for path in folder.glob("*.py"))
    said = set(re.findall(r"Say\(\s*\"(\w+)\"", source)) | set(re.findall(r"_saying\([^\"]*?\"(\w+)\"", source))
    assert {"summary", "status", "too_short"} <= said
    assert said <= set(TEMPLATES)


def test_a_row_holds_template_values_and_choices_and_no_word_of_the_person() -> None:
    chat = Chat(draft_key=bytes.fromhex("1f2e3d4c") + bytes(12))
    params = msgspec.json.decode(params_of(Say("summary", {"number": "LT-2026-000417"}, DECIDE), chat, SITE))
    assert params == {
        "template": "summary",
        "values": {"site": SITE, "number": "LT-2026-000417"},
        "choices": [["send:1f2e3d4c", "Send"], ["edit:1f2e3d4c", "Change"], ["cancel:1f2e3d4c", "Cancel"]],
    }
