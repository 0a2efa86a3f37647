"""``/dev/mail``: what the built-in mail catcher has caught, as pages and as JSON."""

from __future__ import annotations

import asyncio

from litestar import Response, get

from complaints_service.dev.mail_catcher import CaughtMail, read_mails
from complaints_service.errors import NotFound
from complaints_service.settings import Settings
from complaints_service.web.pages import PageRequest, page

SHOWN = 200

# A mail may bring its own inline style and nothing else; it runs apart from our origin.
_MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox allow-popups"


@get("/dev/mail.json", include_in_schema=False)
async def mail_list_json(settings: Settings) -> list[CaughtMail]:
    """All mails, newest first."""
    return await asyncio.to_thread(read_mails, settings.data_dir)


@get("/dev/mail", include_in_schema=False)
async def mail_list(request: PageRequest, settings: Settings) -> Response[bytes]:
    """The newest mails, each with a link to the whole of it."""
    mails = await asyncio.to_thread(read_mails, settings.data_dir)
    return page(request, "dev/mail_list.html", {"mails": mails[:SHOWN], "count": len(mails)})


@get("/dev/mail/{mail_id:str}", include_in_schema=False)
async def mail_page(request: PageRequest, mail_id: str, settings: Settings) -> Response[bytes]:
    """One mail: headers and text, with its links."""
    mail = await _mail(settings, mail_id)
    headers = {name: value for name, value in mail.headers.items() if name.lower() not in ("from", "to", "subject")}
    return page(request, "dev/mail.html", {"mail": mail, "headers": headers})


@get("/dev/mail/{mail_id:str}/html", include_in_schema=False)
async def mail_html(mail_id: str, settings: Settings) -> Response[bytes]:
    """The HTML part as a mail program would show it."""
    mail = await _mail(settings, mail_id)
    if not mail.html:
        raise NotFound("This mail has no HTML part.")
    headers = {"Content-Security-Policy": _MAIL_POLICY, "Cache-Control": "no-store"}
    return Response(mail.html.encode(), media_type="text/html; charset=utf-8", headers=headers)


async def _mail(settings: Settings, mail_id: str) -> CaughtMail:
    mails = await asyncio.to_thread(read_mails, settings.data_dir)
    found = next((mail for mail in mails if mail.id == mail_id), None)
    if found is None:
        raise NotFound("There is no such mail.")
    return found
