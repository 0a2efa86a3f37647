"""``POST /api/v1/uploads``, and a citizen's download by tracking code (API.md, "Citizen")."""

from __future__ import annotations

from litestar import Response, get, post
from litestar.response import Stream
from litestar.types import ControllerRouterHandler

from complaints_service.database import Scope
from complaints_service.errors import FieldProblem, Invalid
from complaints_service.intake.attachments.answers import UploadAnswer, upload_answer
from complaints_service.intake.attachments.receiving import LARGEST_UPLOAD
from complaints_service.intake.attachments.service import Attachments
from complaints_service.intake.attachments.serving import MEDIA, download
from complaints_service.intake.web.parts import CitizenParts
from complaints_service.intake.web.routes import json_response, tracking_code
from complaints_service.tickets.numbers import as_printed
from complaints_service.web.operations import Api, Proof
from complaints_service.web.pages import PageRequest
from complaints_service.web.rate_limits import Limit, limited_failures

FIELD = "file"


@post(
    "/api/v1/uploads",
    summary="Send a file",
    status_code=201,
    request_max_body_size=LARGEST_UPLOAD,
    api=Api(file=FIELD, gives=UploadAnswer, refuses=(429, 507)),
)
async def upload(request: PageRequest, attachments: Attachments) -> Response[bytes]:
    """201 with the id for ``attachments``; one file, in the field ``file``: JPEG, PNG, WebP or PDF of at most 10 MB.

    What nobody uses within 24 hours is deleted. 422: this file is not taken. 429: too many; 507: no room for files now.
    """
    async with attachments.receive(request, keeps_fields=False) as received:
        files = [file for file in received.files if file.field == FIELD]
        if len(files) != 1 or received.files != files or received.surplus:
            detail = "Send one file, in the field “file”."
            raise Invalid([FieldProblem("/file", "one_file", detail)])
        kept = await attachments.keep(request, files[0])
    return json_response(upload_answer(kept), status=201)


@get(
    "/api/v1/complaints/{number:str}/attachments/{attachment_id:str}",
    guards=[limited_failures(Limit.LOOKUP)],
    summary="Download a file of a complaint",
    api=Api(media=MEDIA, by=Proof.TRACKING_CODE, refuses=(410, 429)),
)
async def reporters_file(
    request: PageRequest, number: str, attachment_id: str, citizen: CitizenParts, attachments: Attachments
) -> Stream:
    """The file, for whoever has the tracking code. 410: it has been erased, or cannot be read any more."""
    office = await citizen.offices.current()
    number = as_printed(number, office.number_prefix)
    ticket_id = await citizen.reader.prove(office, number, tracking_code(request))
    return download(await attachments.open(Scope.ticket(office.id, ticket_id), office, number, attachment_id))


ROUTES: list[ControllerRouterHandler] = [upload, reporters_file]
