"""The office's logo on top of its mails. It travels inside each mail: a picture fetched from us would tell us who reads when."""

from __future__ import annotations

import asyncio
import io

import msgspec
import structlog

from complaints_service.database import Database
from complaints_service.office.logo import logo_bytes
from complaints_service.office.model import Office

log = structlog.get_logger(__name__)

# As a mail shows it, in CSS pixels; drawn twice as large for dense screens where the logo has so many.
_WIDE, _HIGH, _DENSE = 200, 48, 2
# Enough for a coat of arms, and a third of the bytes.
_COLOURS = 128


class Logo(msgspec.Struct, frozen=True):
    """A PNG, how large it is shown, and the name (Content-ID) by which the HTML part refers to it."""

    content: bytes
    width: int
    height: int
    cid: str


class Letterhead:
    """Draws each office's logo once and keeps it until the office has another."""

    def __init__(self, database: Database, mail_from: str) -> None:
        self._database = database
        self._domain = mail_from.rpartition("@")[2] or "localhost"
        self._drawn: dict[int, tuple[str, Logo | None]] = {}

    async def of(self, office: Office) -> Logo | None:
        """None: there is no logo, or none that can be drawn; the mail goes without it. Raises what asyncpg raises."""
        digest = office.look.logo
        if not digest:
            return None
        known = self._drawn.get(office.id)
        if known is None or known[0] != digest:
            known = (digest, await self._draw(office.id, digest))
            self._drawn[office.id] = known
        return known[1]

    async def _draw(self, office_id: int, digest: str) -> Logo | None:
        content = await logo_bytes(self._database, office_id, digest)
        if content is None:
            return None
        try:
            return await asyncio.to_thread(drawn, content, f"logo-{digest[:16]}@{self._domain}")
        except (OSError, ValueError, SyntaxError):
            log.warning("logo_not_drawn", office=office_id)
            return None


def drawn(content: bytes, cid: str) -> Logo:
    """A stored logo as every mail program shows it: PNG, on white, because some are written in dark ink and some grounds are dark.

    Raises what Pillow raises for what is no picture.
    """
    # Here and not above: only an office with a logo needs the library in its workers.
    from PIL import Image

    with Image.open(io.BytesIO(content), formats=["WEBP"]) as opened:
        seen = opened.convert("RGBA")
    seen.thumbnail((_WIDE * _DENSE, _HIGH * _DENSE), Image.Resampling.LANCZOS)
    paper = Image.new("RGBA", seen.size, "white")
    paper.alpha_composite(seen)
    small = paper.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
    written = io.BytesIO()
    small.save(written, "PNG", optimize=True)
    share = min(1.0, _WIDE / small.width, _HIGH / small.height)
    return Logo(written.getvalue(), max(1, round(small.width * share)), max(1, round(small.height * share)), cid)
