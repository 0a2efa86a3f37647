"""What may be sent, and under which name it is shown. Pure: bytes and text in, values out.

Nothing the sender says about a file counts: neither its name nor its Content-Type, only what its first bytes are (D13).
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from typing import Any, cast

import puremagic

from complaints_service.tickets.attachments import MOST_FILES

MOST_BYTES = 10 * 1024 * 1024
MOST_NAME = 120
# Fits every telephone of today and keeps a decoder under half a gigabyte; told by the file's header, before anything is decoded.
MOST_PIXELS = 50_000_000
HOURS_WAITING = 24
# As many bytes as sniffing wants to see.
HEAD_BYTES = 4_096
TAIL_BYTES = 2_048


class MediaType(StrEnum):
    """What an attachment can be."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    PDF = "application/pdf"


_SUFFIXES: dict[MediaType, tuple[str, ...]] = {
    MediaType.JPEG: (".jpg", ".jpeg"),
    MediaType.PNG: (".png",),
    MediaType.WEBP: (".webp",),
    MediaType.PDF: (".pdf",),
}
# What a browser's file dialogue offers; a hint only.
ACCEPT = ",".join(MediaType)


def sniff(head: bytes, tail: bytes) -> MediaType | None:
    """What a file is by its first (and a PDF also by its last) bytes, or None for anything that is not taken.

    The signature must stand at the very start: readers that search for it elsewhere are how one file becomes two kinds at once.
    """
    found = _by_signature(head)
    if found is None or (found is MediaType.PDF and b"%%EOF" not in tail):
        return None
    try:
        second_opinion = _mime_types(head)
    except puremagic.PureError:
        return None
    return found if found.value in second_opinion else None


def _mime_types(head: bytes) -> set[str]:
    # The library comes without types.
    candidates: list[Any] = cast("Any", puremagic).magic_string(head)
    return {str(candidate.mime_type) for candidate in candidates}


def _by_signature(head: bytes) -> MediaType | None:
    if head.startswith(b"\xff\xd8\xff"):
        return MediaType.JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return MediaType.PNG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return MediaType.WEBP
    return MediaType.PDF if re.match(rb"%PDF-[12]\.\d", head) else None


def clean_name(raw: str, kind: MediaType) -> str:
    """The name as people see it and save it: no folder, nothing invisible or turning, at most 120 characters, a fitting ending."""
    last = re.split(r"[/\\]", raw)[-1]
    visible = "".join(c if c != "\t" else " " for c in unicodedata.normalize("NFC", last) if _shows(c) or c == "\t")
    # What Windows refuses in a name; quotes and angle brackets would only be trouble in headers and pages.
    name = " ".join(re.sub(r'[<>:"|?*]', "", visible).split()).rstrip(" .")
    suffixes = _SUFFIXES[kind]
    own = next((suffix for suffix in suffixes if name.lower().endswith(suffix)), "")
    stem = name[: len(name) - len(own)].strip(" .") or "file"
    suffix = name[len(name) - len(own) :] if own else suffixes[0]
    return stem[: MOST_NAME - len(suffix)].rstrip(" .") + suffix


def _shows(character: str) -> bool:
    """False for control and format characters (right-to-left overrides, zero widths), surrogates, private and unassigned ones."""
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


__all__ = [
    "ACCEPT", "HEAD_BYTES", "HOURS_WAITING", "MOST_BYTES", "MOST_FILES", "MOST_NAME", "MOST_PIXELS", "TAIL_BYTES", "MediaType",
    "clean_name", "sniff",
]  # fmt: skip
