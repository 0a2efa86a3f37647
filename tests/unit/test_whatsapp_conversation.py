"""The conversation: a text becomes a draft, kirim / ubah / batal decide, an open ticket takes the words."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from complaints_service.intake.whatsapp.conversation import (
    DECIDE,
    FileDraft,
    TellStatus,
    TicketInChat,
    ToThread,
    Turn,
    answer,
    choice_id,
)
from complaints_service.intake.whatsapp.draft import (
    LONGEST,
    Chat,
    Draft,
    Step,
    draft_from_text,
    draft_to_text,
)
from complaints_service.intake.whatsapp.inbound import Inbound, InboundKind, Provider
from complaints_service.intake.whatsapp.words import Word, asked_number, meaning

START = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
KEY = bytes(range(16))
OPEN = TicketInChat("LT-2026-000417", open=True)
ANSWERED = TicketInChat("LT-2026-000417", open=True, answered=True)
ENDED = TicketInChat("LT-2026-000417", open=False)
STORY = "Paspor saya belum jadi sudah 10 hari"


def said(
    text: str,
    second: int = 0,
    *,
    kind: InboundKind = InboundKind.TEXT,
    choice: str | None = None,
) -> Inbound:
    return Inbound(
        provider=Provider.CLOUD,
        message_id=f"wamid.{second}",
        address="6281234567890",
        at=START + timedelta(seconds=second),
        kind=kind,
        text=text,
        choice=choice,
    )


def talk(*messages: Inbound | str, chat: Chat | None = None, ticket: TicketInChat | None = None) -> Turn:
    turn = Turn(chat or Chat())
    for second, message in enumerate(messages):
        inbound = said(message, second) if isinstance(message, str) else message
        turn = answer(turn.chat, inbound, ticket, KEY)
    return turn


def templates(turn: Turn) -> list[str]:
    return [say.template for say in turn.says]


def test_a_text_becomes_a_draft_and_is_shown_with_kirim_ubah_batal() -> None:
    turn = talk(STORY)
    assert turn.chat.step is Step.DRAFTING
    assert turn.chat.draft.text == STORY
    assert turn.chat.draft_key == KEY
    assert templates(turn) == ["summary"]
    assert turn.says[0].choices == DECIDE
    assert turn.deed is None


def test_further_texts_join_the_draft() -> None:
    assert talk(STORY, "Loket 3", "Hari Senin").chat.draft.text == f"{STORY}\nLoket 3\nHari Senin"


@pytest.mark.parametrize("yes", ["kirim", "Kirim.", "KIRIM", "1", "1.", "ya", "send", "selesai"])
def test_kirim_files_the_draft_under_its_own_key(yes: str) -> None:
    turn = talk(STORY, yes)
    assert turn.deed == FileDraft()
    assert turn.chat.step is Step.FILING
    assert (turn.chat.draft.text, turn.chat.draft_key) == (STORY, KEY)
    assert turn.says == ()


def test_the_button_files_the_draft_it_belongs_to() -> None:
    chat = talk(STORY).chat
    button = said("Kirim", 5, kind=InboundKind.CHOICE, choice=choice_id(chat, Word.SEND))
    assert answer(chat, button, None, KEY).deed == FileDraft()


def test_a_button_of_an_older_draft_does_nothing_to_the_new_one() -> None:
    old = choice_id(talk(STORY).chat, Word.SEND)
    chat = answer(talk(STORY, "batal").chat, said("Lampu loket mati", 9), None, bytes(16)).chat
    turn = answer(chat, said("Kirim", 10, kind=InboundKind.CHOICE, choice=old), None, KEY)
    assert (templates(turn), turn.deed, turn.chat.draft.text) == (["old_button"], None, "Lampu loket mati")


def test_the_button_pressed_twice_says_the_number() -> None:
    old = choice_id(talk(STORY).chat, Word.SEND)
    turn = answer(talk(ticket=OPEN).chat, said("Kirim", 5, kind=InboundKind.CHOICE, choice=old), OPEN, KEY)
    assert (templates(turn), turn.deed) == (["already_sent"], None)


def test_a_second_kirim_says_that_it_was_sent() -> None:
    turn = talk("kirim", ticket=OPEN)
    assert (templates(turn), turn.deed) == (["already_sent"], None)
    assert turn.says[0].values == {"number": OPEN.number}


def test_ubah_lets_the_next_text_take_the_place_of_the_old() -> None:
    turn = talk(STORY, "ubah")
    assert templates(turn) == ["rewrite"]
    assert turn.chat.draft.text == STORY
    turn = talk("Lampu loket 2 mati", chat=turn.chat)
    assert (turn.chat.step, turn.chat.draft.text) == (Step.DRAFTING, "Lampu loket 2 mati")
    assert turn.chat.draft_key == KEY


def test_batal_deletes_the_draft() -> None:
    turn = talk(STORY, "batal")
    assert turn.chat == Chat()
    assert templates(turn) == ["cancelled"]
    assert templates(talk("batal")) == ["nothing_to_cancel"]


def test_less_than_ten_characters_are_not_filed() -> None:
    turn = talk("Paspor")
    assert (templates(turn), turn.chat.draft.text) == (["too_short"], "Paspor")
    assert templates(talk("kirim", chat=turn.chat)) == ["too_short"]
    assert templates(talk("belum jadi", chat=turn.chat)) == ["summary"]


def test_more_than_the_longest_description_is_not_taken() -> None:
    turn = talk("x" * (LONGEST - 5), "123456")
    assert templates(turn) == ["too_long"]
    assert len(turn.chat.draft.text) == LONGEST - 5
    assert talk("kirim", chat=turn.chat).deed == FileDraft()
    assert len(talk("x" * (LONGEST - 5), "1234").chat.draft.text) == LONGEST


@pytest.mark.parametrize("hello", ["halo", "P", "Assalamu'alaikum", "Selamat pagi!", "tes"])
def test_a_greeting_is_answered_and_is_no_complaint(hello: str) -> None:
    turn = talk(hello)
    assert (templates(turn), turn.chat.draft) == (["greeting"], Draft())


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_texts_delivered_in_any_order_make_the_same_draft(order: tuple[int, ...]) -> None:
    parts = ["Paspor saya belum jadi", "sudah 10 hari", "di loket 3"]
    turn = talk(*(said(parts[place], place) for place in order))
    assert turn.chat.draft.text == "\n".join(parts)
    assert turn.chat.draft_key == KEY


def test_a_confirmation_delivered_before_its_words_files_them_when_they_come() -> None:
    turn = talk(said("kirim", 9))
    assert templates(turn) == ["nothing_to_send"]
    turn = talk(said(STORY, 3), chat=turn.chat)
    assert turn.deed == FileDraft()


def test_words_written_after_an_empty_kirim_wait_for_another_one() -> None:
    turn = talk(said("kirim", 1), said(STORY, 3))
    assert (turn.deed, templates(turn)) == (None, ["summary"])


def test_with_an_open_ticket_words_go_into_its_thread() -> None:
    turn = talk("Ini nomor permohonan saya: 123", ticket=OPEN)
    assert turn.deed == ToThread("Ini nomor permohonan saya: 123")
    assert turn.chat == Chat()


@pytest.mark.parametrize("reply", ["1", "2", "ya", "terima kasih", "halo", "selesai", "ubah"])
def test_short_answers_to_an_officer_are_not_mistaken_for_commands(reply: str) -> None:
    assert talk(reply, ticket=OPEN).deed == ToThread(reply)


def test_thanks_after_the_answer_do_not_reopen_the_case() -> None:
    turn = talk("Terima kasih, Pak", ticket=ANSWERED)
    assert (templates(turn), turn.deed) == (["thanks_settled"], None)
    assert talk("1", chat=turn.chat, ticket=ANSWERED).deed == ToThread("", resolved=True)
    assert talk("selesai", ticket=ANSWERED).deed == ToThread("", resolved=True)
    assert talk("Belum, paspornya salah nama", ticket=ANSWERED).deed == ToThread("Belum, paspornya salah nama")


def test_baru_begins_another_draft_beside_the_open_ticket() -> None:
    turn = talk("baru", STORY, ticket=OPEN)
    assert (templates(turn), turn.chat.draft.text) == (["summary"], STORY)
    assert talk("batal", "Masih ada?", chat=turn.chat, ticket=OPEN).deed == ToThread("Masih ada?")


def test_after_the_ticket_has_ended_a_text_begins_a_new_draft() -> None:
    assert templates(talk(STORY, ticket=ENDED)) == ["summary"]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("status", None),
        ("cek status", None),
        ("status LT-2026-000417", "LT-2026-000417"),
        ("Status lt-2026-417?", "LT-2026-000417"),
        ("status lt 2026 000417", "LT-2026-000417"),
    ],
)
def test_status_works_at_any_time_and_keeps_the_draft(text: str, number: str | None) -> None:
    for chat, ticket in ((Chat(), None), (talk(STORY).chat, None), (Chat(), OPEN)):
        turn = talk(text, chat=chat, ticket=ticket)
        assert turn.deed == TellStatus(number)
        assert turn.chat.draft.text == chat.draft.text


def test_menu_offers_choices_that_digits_stand_for() -> None:
    turn = talk("menu")
    assert templates(turn) == ["menu"]
    assert templates(talk("3", chat=turn.chat)) == ["officer"]
    assert talk("2", chat=turn.chat).deed == TellStatus(None)
    assert templates(talk("1", chat=turn.chat)) == ["begin"]
    assert talk("4", chat=turn.chat, ticket=OPEN).deed == ToThread("4")


def test_stop_and_petugas() -> None:
    assert templates(talk(STORY, "stop")) == ["stopped"]
    assert talk(STORY, "stop").chat == Chat()
    assert templates(talk("petugas")) == ["officer"]
    assert templates(talk("petugas", ticket=OPEN)) == ["officer_in_ticket"]


def test_the_language_can_be_changed() -> None:
    assert talk("English").chat.language == "en"
    assert talk("English", "bahasa indonesia").chat.language == "id"


@pytest.mark.parametrize("kind", [InboundKind.VOICE, InboundKind.STICKER, InboundKind.OTHER])
@pytest.mark.parametrize("ticket", [None, OPEN])
def test_what_cannot_be_read_is_answered_politely(kind: InboundKind, ticket: TicketInChat | None) -> None:
    turn = talk(said("", kind=kind), ticket=ticket)
    assert (templates(turn), turn.deed) == (["only_text"], None)


def test_a_reaction_is_passed_over() -> None:
    assert talk(said("", kind=InboundKind.REACTION)) == Turn(Chat())


def test_the_words_under_a_photo_are_taken_and_the_photo_is_explained() -> None:
    turn = talk(said(STORY, kind=InboundKind.FILE))
    assert templates(turn) == ["no_files", "summary"]
    assert turn.chat.draft.text == STORY
    assert templates(talk(said("", kind=InboundKind.FILE))) == ["no_files"]


def test_digits_keep_their_meaning_while_a_draft_waits() -> None:
    turn = talk(STORY, said("", 1, kind=InboundKind.VOICE))
    assert templates(turn) == ["only_text"]
    assert talk("1", chat=turn.chat).deed == FileDraft()


def test_what_is_stored_comes_back() -> None:
    draft = talk(STORY, "Loket 3").chat.draft
    assert draft_from_text(draft_to_text(draft)) == draft
    assert draft_from_text("{}") == Draft()


def test_only_whole_messages_are_words() -> None:
    assert meaning("kirim") is Word.SEND
    assert meaning("?") is Word.MENU
    assert meaning("") is None
    assert meaning("tolong kirim paspor saya") is None
    assert meaning("kirim " * 20) is None
    assert asked_number("status paspor saya") is None
    assert asked_number("status " + "x" * 100) is None
