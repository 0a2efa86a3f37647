"""An uploaded logo as a small WebP of our own: what was sent is decoded by the program that cleans files, and never served."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from complaints_service.errors import FieldProblem, Invalid
from complaints_service.intake.attachments.cleaning import PictureCleaner
from complaints_service.intake.attachments.rules import HEAD_BYTES, TAIL_BYTES, MediaType, sniff
from complaints_service.intake.attachments.trouble import Refused

MOST_BYTES = 2 * 1024 * 1024
# Twice as large as pages show it, for dense screens.
SIDE = 256
_CLEANER = PictureCleaner()


async def small_logo(content: bytes) -> bytes:
    """The picture, at most ``SIDE`` pixels high and wide. Raises Invalid for what is no JPEG, PNG or WebP, or too large."""
    kind = sniff(content[:HEAD_BYTES], content[-TAIL_BYTES:])
    if kind is None or kind is MediaType.PDF:
        raise _wrong(
            "A logo is a picture: PNG, JPEG or WebP. A drawing (SVG) can carry programs and is not taken; save it as PNG."
        )
    if len(content) > MOST_BYTES:
        raise _wrong("The picture may have at most {most} MB.", most=MOST_BYTES // (1024 * 1024))
    with tempfile.TemporaryDirectory(prefix="logo-") as folder:
        source, whole, small = (Path(folder) / name for name in ("source", "whole", "small"))
        await asyncio.to_thread(source.write_bytes, content)
        try:
            await _CLEANER.clean(source, kind, whole, small, side=SIDE)
        except Refused as refusal:
            (problem,) = refusal.problems
            raise _wrong(problem.detail, **problem.values) from refusal
        return await asyncio.to_thread(small.read_bytes)


def _wrong(detail: str, **values: object) -> Invalid:
    return Invalid([FieldProblem("/logo", "not_a_logo", detail, values)])
