"""How a file leaves: as a download that no browser opens on our origin, or as a preview that can do nothing but be looked at."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import BinaryIO
from urllib.parse import quote

from litestar.response import Stream

from complaints_service.intake.attachments.answers import KIND_WORDS
from complaints_service.intake.attachments.service import OpenedFile
from complaints_service.intake.attachments.storage import next_chunk

# Of a file nothing runs, nothing loads, nothing is framed, whatever a browser takes it for.
FILE_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

# What is ever kept.
MEDIA = tuple(KIND_WORDS)
PREVIEW_MEDIA = ("image/webp",)


def download(opened: OpenedFile) -> Stream:
    """The original, to be saved under its cleaned name (RFC 6266)."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in " ._-()") else "_" for c in opened.name)
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(opened.name, safe='')}"
    return _sent(opened, disposition)


def preview(opened: OpenedFile) -> Stream:
    """The WebP that our own encoder has made."""
    return _sent(opened, "inline")


def _sent(opened: OpenedFile, disposition: str) -> Stream:
    return Stream(
        _pieces(opened.file),
        media_type=opened.media_type,
        headers={
            "Content-Length": str(opened.size),
            "Content-Disposition": disposition,
            "Content-Security-Policy": FILE_POLICY,
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


async def _pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    try:
        while piece := await asyncio.to_thread(next_chunk, file):
            yield piece
    finally:
        file.close()
