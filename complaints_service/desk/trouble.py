"""A deed that was not done: why, what happened in the meantime, and the officer's words. Pure."""

from __future__ import annotations

from datetime import datetime

import msgspec

from complaints_service.desk.deeds import Deed, Kept
from complaints_service.office.model import Office
from complaints_service.tickets.file import TicketFile
from complaints_service.tickets.timeline import timeline


class Since(msgspec.Struct, frozen=True):
    """Something that happened while a form was being filled in, with the words that came with it."""

    at: datetime
    text: str
    actor_name: str
    words: str


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """Why a deed was not done. ``kept``: words of a form that is no longer offered; nothing written is lost."""

    kind: str
    title: str
    detail: str
    since: list[Since] = []
    kept: list[str] = []


class Tried(msgspec.Struct, frozen=True):
    """A deed that was refused: the form as it was sent, what is wrong, and the last event its page had shown."""

    kept: Kept
    trouble: Trouble
    seen_seq: int


def told(
    tried: Tried, file: TicketFile, office: Office, texts: dict[int, str], forms: list[Deed], language: str
) -> Trouble:
    """What happened since the form's page was made; and its words, when the form itself is gone."""
    since = [
        Since(entry.at, entry.text, entry.actor_name, texts.get(entry.seq, ""))
        for entry in timeline(file, office, language, "officer")
        if entry.seq > tried.seen_seq
    ]
    offered = any(deed.command == tried.kept.command and not deed.plain for deed in forms)
    words = [tried.kept.values[name] for name in ("text", "reason", "agency", "subject") if tried.kept.values.get(name)]
    return msgspec.structs.replace(tried.trouble, since=since, kept=[] if offered else words)
