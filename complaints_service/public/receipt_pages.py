"""The receipt of a case to take along: a PDF, with the code only where the page itself shows it."""

from __future__ import annotations

import asyncio

import msgspec
from litestar import Response, get

from complaints_service.database import Database
from complaints_service.frontend_parts import vendor_dir
from complaints_service.keys import Keys
from complaints_service.office.logo import logo_bytes
from complaints_service.public.receipt import receipt_of
from complaints_service.public.receipt_pdf import receipt_pdf
from complaints_service.public.requests import see_other
from complaints_service.public.ticket_pages import CitizenCase
from complaints_service.web.i18n import language_of
from complaints_service.web.pages import PageRequest


@get(["/terkirim/{number:str}/tanda-terima.pdf", "/t/{number:str}/tanda-terima.pdf"], include_in_schema=False)
async def receipt_download(
    request: PageRequest, number: str, citizen_case: CitizenCase, keys: Keys, database: Database
) -> Response[bytes]:
    """Beside the receipt: number, code, dates. Beside the case: how it stands today, without the code."""
    with_code = request.url.path.startswith("/terkirim/")
    opened = await citizen_case.opened(request, number)
    if opened is None or (with_code and not opened.shows_code):
        return see_other("/lacak")
    office, file = await citizen_case.file(opened)
    code = keys.tracking_code(office.id, file.ticket.id, file.ticket.key_id) if with_code else ""
    receipt = receipt_of(file, office, language_of(request), citizen_case.settings.base_url, code)
    if office.look.logo:
        receipt = msgspec.structs.replace(receipt, logo=await logo_bytes(database, office.id, office.look.logo))
    body = await asyncio.to_thread(receipt_pdf, receipt, vendor_dir() / "atkinson")
    headers = {"Content-Disposition": f'attachment; filename="{number}.pdf"', "Cache-Control": "no-store"}
    return Response(body, media_type="application/pdf", headers=headers)
