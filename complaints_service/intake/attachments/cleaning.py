"""Has a received picture cleaned by a program of its own (``picture``), one at a time: the event loop and this process stay well."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

import structlog

from complaints_service.intake.attachments import picture
from complaints_service.intake.attachments.rules import MOST_PIXELS, MediaType
from complaints_service.intake.attachments.trouble import StorageFull, too_many_pixels, unreadable

log = structlog.get_logger(__name__)

# Pillow's names of the formats; only the one that was sniffed is tried.
_FORMATS = {MediaType.JPEG: "JPEG", MediaType.PNG: "PNG", MediaType.WEBP: "WEBP"}
# Beyond the program's own limit of processor time: for a machine that is busy with something else.
_WAIT_SECONDS = picture.SECONDS * 3


class PictureCleaner:
    """Runs at most one program at a time in this process."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(1)

    async def clean(
        self, source: Path, kind: MediaType, target: Path, preview: Path, side: int = picture.PREVIEW_SIDE
    ) -> None:
        """Write the clean picture and its preview, at most ``side`` pixels a side. Raises Refused (none, or too large), StorageFull."""
        arguments = [str(source), _FORMATS[kind], str(MOST_PIXELS), str(target), str(preview), str(side)]
        async with self._turn:
            said, code = await _run(arguments)
        if said == picture.OK and code == 0:
            return
        if said == picture.DISK:
            raise StorageFull
        if said == picture.TOO_MANY_PIXELS:
            raise too_many_pixels()
        if said != picture.UNREADABLE:
            # Ended by one of its limits: a bomb, or a fault in a decoder.
            log.warning("picture_program_ended", code=code)
        raise unreadable()


async def _run(arguments: list[str]) -> tuple[str, int | None]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-m", picture.__name__, *arguments,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(_WAIT_SECONDS):
            output, _ = await process.communicate()
    except TimeoutError:
        return "", None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return output.decode(errors="replace").strip(), process.returncode
