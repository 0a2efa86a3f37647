"""``/kantor/...``: the office's colours as a style sheet of our own, and its logo. Nothing inline, nothing from elsewhere."""

from __future__ import annotations

import hashlib

from litestar import Response, get

from complaints_service.database import Database
from complaints_service.errors import NotFound
from complaints_service.office.logo import logo_bytes
from complaints_service.office.look import style_sheet
from complaints_service.office.store import OfficeStore
from complaints_service.web.pages import PageRequest

_FOR_A_YEAR = "public, max-age=31536000, immutable"


@get("/kantor/warna.css", include_in_schema=False)
async def colours(request: PageRequest, offices: OfficeStore) -> Response[bytes]:
    """Kept for a year under the address of its version (``v``); any other is asked for again and answered by its ETag."""
    office = await offices.current()
    body = style_sheet(office.look).encode()
    etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    current = request.query_params.get("v") == str(office.look.version)
    headers = {"ETag": etag, "Cache-Control": _FOR_A_YEAR if current else "public, no-cache"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, media_type="text/css", headers=headers)
    return Response(body, media_type="text/css", headers=headers)


@get("/kantor/logo/{digest:str}", include_in_schema=False)
async def logo(digest: str, offices: OfficeStore, database: Database) -> Response[bytes]:
    """A logo by the digest of its bytes; what our own encoder made."""
    content = await logo_bytes(database, (await offices.current()).id, digest)
    if content is None:
        raise NotFound
    return Response(content, media_type="image/webp", headers={"Cache-Control": _FOR_A_YEAR})
