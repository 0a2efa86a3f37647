"""Files of a ticket for the office: downloads, each on record, and previews to look at. Scope is in the query (D7)."""

from __future__ import annotations

from litestar import get
from litestar.response import Stream
from litestar.types import ControllerRouterHandler

from complaints_service.accounts.model import Viewer
from complaints_service.intake.attachments.service import Attachments
from complaints_service.intake.attachments.serving import MEDIA, PREVIEW_MEDIA, download, preview
from complaints_service.web.operations import Api


@get(
    "/api/v1/tickets/{number:str}/attachments/{attachment_id:str}",
    summary="Download a file of a ticket",
    api=Api(media=MEDIA, refuses=(410,)),
)
async def officers_file(number: str, attachment_id: str, viewer: Viewer, attachments: Attachments) -> Stream:
    """The original, never shown inline; the download is logged (Law 27/2022). 410: erased, or cannot be read any more."""
    return download(await attachments.open(viewer.scope(), viewer.office, number, attachment_id, viewer.person))


@get(
    "/api/v1/tickets/{number:str}/attachments/{attachment_id:str}/preview",
    summary="Preview of a picture",
    api=Api(media=PREVIEW_MEDIA, refuses=(410,)),
)
async def officers_preview(number: str, attachment_id: str, viewer: Viewer, attachments: Attachments) -> Stream:
    """A WebP of at most 1,600 pixels a side, made by us; 404 for what has none (PDF)."""
    opened = await attachments.open(viewer.scope(), viewer.office, number, attachment_id, viewer.person, part="preview")
    return preview(opened)


@get("/desk/t/{number:str}/berkas/{attachment_id:str}", include_in_schema=False)
async def desk_file(number: str, attachment_id: str, viewer: Viewer, attachments: Attachments) -> Stream:
    """The same download from the ticket's page."""
    return download(await attachments.open(viewer.scope(), viewer.office, number, attachment_id, viewer.person))


@get("/desk/t/{number:str}/berkas/{attachment_id:str}/pratinjau", include_in_schema=False)
async def desk_preview(number: str, attachment_id: str, viewer: Viewer, attachments: Attachments) -> Stream:
    """The picture on the ticket's page."""
    opened = await attachments.open(viewer.scope(), viewer.office, number, attachment_id, viewer.person, part="preview")
    return preview(opened)


ROUTES: list[ControllerRouterHandler] = [officers_file, officers_preview, desk_file, desk_preview]
