"""The conversation as a pure rule: where the chat stands + one message -> where it stands now, what we say, what is to be done.

This is the thin one: a text becomes a draft, further texts join it, "kirim / ubah / batal" decide; with an open ticket what the
person writes goes into its thread. Words (kirim, menu, status, petugas, stop ...) work wherever buttons do.
"""

from __future__ import annotations

import msgspec

from complaints_service.intake.whatsapp.draft import Chat, Draft, Part, Step
from complaints_service.intake.whatsapp.inbound import Inbound, InboundKind
from complaints_service.intake.whatsapp.words import Word, asked_number, meaning


class Say(msgspec.Struct, frozen=True):
    """One message to the person: a template of templates/whatsapp/chat/, its values, and the choices under it."""

    template: str
    values: dict[str, str] = {}
    choices: tuple[Word, ...] = ()


class FileDraft(msgspec.Struct, frozen=True):
    """File the draft now, under the chat's draft key."""


class ToThread(msgspec.Struct, frozen=True):
    """The person's words belong to the open ticket; ``resolved``: the person says that the answer settled it."""

    text: str
    resolved: bool = False


class TellStatus(msgspec.Struct, frozen=True):
    """Say how a ticket of this chat stands: this number, or the latest one (None)."""

    number: str | None


Deed = FileDraft | ToThread | TellStatus


class Turn(msgspec.Struct, frozen=True):
    """What follows from one message."""

    chat: Chat
    says: tuple[Say, ...] = ()
    deed: Deed | None = None


class TicketInChat(msgspec.Struct, frozen=True):
    """The latest ticket of this chat. ``answered``: the office has answered and waits for a word."""

    number: str
    open: bool
    answered: bool = False


DECIDE = (Word.SEND, Word.EDIT, Word.CANCEL)
MENU = (Word.NEW, Word.STATUS, Word.OFFICER)
_ONLY_WORDS = {InboundKind.VOICE: "only_text", InboundKind.STICKER: "only_text", InboundKind.OTHER: "only_text"}


def answer(chat: Chat, inbound: Inbound, ticket: TicketInChat | None, fresh_key: bytes) -> Turn:
    """The turn after this message. ``fresh_key`` names the draft if one begins here (16 random bytes)."""
    if inbound.kind is InboundKind.REACTION:
        return Turn(chat)
    number = asked_number(inbound.text)
    if number is not None:
        return Turn(_offering(chat), deed=TellStatus(number))
    word, current = _chosen(chat, inbound)
    if not current:
        # Pressed twice: the draft became the ticket, and its number says more than that the button is old.
        if word is Word.SEND and ticket is not None and chat.step is Step.START:
            return _saying(chat, "already_sent", _about(ticket))
        return _saying(chat, "old_button")
    if word is not None and (turn := _word(chat, word, inbound, ticket)) is not None:
        return turn
    if not inbound.text or inbound.kind in _ONLY_WORDS:
        return _saying(chat, "no_files" if inbound.kind is InboundKind.FILE else "only_text")
    turn = _words(chat, inbound, ticket, fresh_key)
    if inbound.kind is InboundKind.FILE:
        return msgspec.structs.replace(turn, says=(Say("no_files"), *turn.says))
    return turn


def choice_id(chat: Chat, word: Word) -> str:
    """A button's id: the word and, where it decides about a draft, which one, so that an old button does nothing to a new draft."""
    return f"{word}:{chat.draft_key.hex()[:8]}" if word in DECIDE and chat.draft_key else word.value


def _chosen(chat: Chat, inbound: Inbound) -> tuple[Word | None, bool]:
    """What was chosen by button, digit or word, and whether the button belongs to the present draft."""
    if inbound.choice is not None:
        name, _, draft = inbound.choice.partition(":")
        word = Word(name) if name in tuple(Word) else None
        return word, not draft or inbound.choice == (choice_id(chat, word) if word else "")
    if inbound.kind is not InboundKind.TEXT:
        return None, True
    digit = inbound.text.strip().rstrip(".")
    if digit.isascii() and digit.isdigit() and 0 < int(digit[:4]) <= len(chat.draft.offered):
        return Word(chat.draft.offered[int(digit) - 1]), True
    return meaning(inbound.text), True


def _word(chat: Chat, word: Word, inbound: Inbound, ticket: TicketInChat | None) -> Turn | None:
    """What a word does; None when in this place it is no more than words."""
    drafting = chat.step in (Step.DRAFTING, Step.REWRITING)
    in_thread = ticket is not None and ticket.open and not drafting
    match word:
        case Word.SEND:
            return _send(chat, inbound, ticket)
        case Word.YES | Word.SETTLED if drafting:
            return _send(chat, inbound, ticket)
        case Word.GREETING | Word.THANKS if drafting and chat.draft.long_enough:
            return _saying(chat, "summary", choices=DECIDE)
        case Word.EDIT if drafting:
            return _saying(msgspec.structs.replace(chat, step=Step.REWRITING), "rewrite")
        case Word.CANCEL:
            return _saying(_forgotten(chat), "cancelled") if drafting else _saying(chat, "nothing_to_cancel")
        case Word.NEW:
            fresh = msgspec.structs.replace(_forgotten(chat), step=Step.DRAFTING)
            return _saying(chat if chat.draft.parts else fresh, "begin")
        case Word.MENU:
            return _saying(chat, "menu", choices=MENU)
        case Word.STATUS:
            return Turn(_offering(chat), deed=TellStatus(None))
        case Word.OFFICER:
            return _saying(chat, "officer_in_ticket" if in_thread else "officer", _about(ticket))
        case Word.STOP:
            return _saying(_forgotten(chat), "stopped")
        case Word.ENGLISH | Word.INDONESIAN:
            language = "en" if word is Word.ENGLISH else "id"
            return _saying(msgspec.structs.replace(chat, language=language), "language")
        case Word.GREETING if not in_thread:
            return _saying(chat, "greeting")
        case Word.THANKS if ticket is not None and not drafting and (ticket.answered or not ticket.open):
            if ticket.answered:
                return _saying(chat, "thanks_settled", _about(ticket), (Word.SETTLED,))
            return _saying(chat, "thanks")
        case Word.SETTLED if ticket is not None and ticket.answered and not drafting:
            return Turn(_offering(chat), deed=ToThread("", resolved=True))
        case _:
            return None


def _send(chat: Chat, inbound: Inbound, ticket: TicketInChat | None) -> Turn:
    draft = chat.draft
    if draft.long_enough and chat.draft_key is not None:
        return Turn(_filing(chat, inbound), deed=FileDraft())
    if draft.parts:
        return _saying(chat, "too_short")
    if ticket is not None and chat.step is Step.START:
        return _saying(chat, "already_sent", _about(ticket))
    # The gateway may deliver the confirmation before the words: it is remembered, and words written before it are filed.
    waiting = msgspec.structs.replace(draft, confirmed_at=inbound.at)
    return _saying(msgspec.structs.replace(chat, draft=waiting), "nothing_to_send")


def _words(chat: Chat, inbound: Inbound, ticket: TicketInChat | None, fresh_key: bytes) -> Turn:
    if chat.step is Step.START and ticket is not None and ticket.open:
        return Turn(_offering(chat), deed=ToThread(inbound.text))
    part = Part(inbound.at, inbound.text)
    draft = Draft(confirmed_at=chat.draft.confirmed_at) if chat.step is Step.REWRITING else chat.draft
    if not draft.fits(part):
        return _saying(chat, "too_long")
    draft = draft.adding(part)
    begun = msgspec.structs.replace(chat, step=Step.DRAFTING, draft=draft, draft_key=chat.draft_key or fresh_key)
    if not draft.long_enough:
        return _saying(begun, "too_short")
    if draft.all_before(draft.confirmed_at):
        return Turn(_filing(begun, inbound), deed=FileDraft())
    return _saying(begun, "summary", choices=DECIDE)


def _filing(chat: Chat, inbound: Inbound) -> Chat:
    draft = msgspec.structs.replace(chat.draft, confirmed_at=chat.draft.confirmed_at or inbound.at, offered=())
    return msgspec.structs.replace(chat, step=Step.FILING, draft=draft)


def _forgotten(chat: Chat) -> Chat:
    return msgspec.structs.replace(chat, step=Step.START, draft=Draft(), draft_key=None)


def _about(ticket: TicketInChat | None) -> dict[str, str]:
    return {"number": ticket.number} if ticket is not None else {}


def _offering(chat: Chat, choices: tuple[Word, ...] = ()) -> Chat:
    draft = msgspec.structs.replace(chat.draft, offered=tuple(word.value for word in choices))
    return msgspec.structs.replace(chat, draft=draft)


def _saying(chat: Chat, template: str, values: dict[str, str] | None = None, choices: tuple[Word, ...] = ()) -> Turn:
    """Say one thing. While a draft waits for a decision, the digits keep standing for kirim, ubah, batal."""
    if not choices and chat.step is Step.DRAFTING and chat.draft.long_enough:
        return Turn(_offering(chat, DECIDE), (Say(template, values or {}),))
    return Turn(_offering(chat, choices), (Say(template, values or {}, choices),))
