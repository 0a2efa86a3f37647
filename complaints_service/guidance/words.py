"""A text of an officer as a page shows it: paragraphs and links, never HTML. Pure."""

from __future__ import annotations

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec

from complaints_service.office.guidance import Guidance, GuidanceKind

# What is meant as an address: https://…, or a page of our own that the text names by its path.
_ADDRESS = re.compile(r"https?://[^\s<>\"']{1,300}|(?<![\w/.])/(?:lacak|survei|transparansi)\b[^\s<>\"']{0,100}")
_END_OF_SENTENCE = ".,;:!?)»”"


class Part(msgspec.Struct, frozen=True):
    """A stretch of a paragraph; ``href`` empty: plain words."""

    text: str
    href: str = ""


class Shown(msgspec.Struct, frozen=True):
    """A guidance in the reader's language; ``language`` is that of the words (Indonesian where there is no English)."""

    id: int
    is_incident: bool
    title: str
    paragraphs: tuple[tuple[Part, ...], ...]
    language: str


def shown_in(one: Guidance, language: str) -> Shown:
    """The text for a reader of this language."""
    english = language == "en" and bool(one.title_en and one.text_en)
    title, text = (one.title_en, one.text_en) if english else (one.title_id, one.text_id)
    return Shown(one.id, one.kind is GuidanceKind.INCIDENT, title, paragraphs(text), "en" if english else "id")


def paragraphs(text: str) -> tuple[tuple[Part, ...], ...]:
    """Paragraphs (an empty line between them) with their links; a link never takes the full stop after it along."""
    blocks = [block.strip() for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n"))]
    return tuple(tuple(_parts(block)) for block in blocks if block)


def _parts(block: str) -> list[Part]:
    found: list[Part] = []
    end = 0
    for match in _ADDRESS.finditer(block):
        address = match[0].rstrip(_END_OF_SENTENCE)
        if match.start() > end:
            found.append(Part(block[end : match.start()]))
        found.append(Part(address, address))
        end = match.start() + len(address)
    if end < len(block):
        found.append(Part(block[end:]))
    return found


def office_day(at: datetime, zone: str) -> date:
    """The day in the office at an instant."""
    return at.astimezone(ZoneInfo(zone)).date()
