"""``/s/<token>``: behind the square on the slip of a kiosk that had no line. Waits for the kiosk, then leads to the receipt of that filing.

The token is the slip's own receipt and code, of which only a keyed hash is stored: the square tells whoever has it no more than the
paper does.
"""

from __future__ import annotations

from litestar import Response, get, post

from complaints_service.i18n import translate
from complaints_service.intake.kiosk.receipts import receipt_of_slip
from complaints_service.intake.kiosk.service import Kiosk
from complaints_service.office.model import Office
from complaints_service.office.store import OfficeStore
from complaints_service.public.opened_tickets import HOURS, OpenedTickets
from complaints_service.public.requests import LARGEST_FORM, own_form, see_other
from complaints_service.public.tracking_pages import opened_here
from complaints_service.settings import Settings
from complaints_service.web.i18n import language_of
from complaints_service.web.pages import PageRequest, page
from complaints_service.web.rate_limits import Limit, client_address, limits_of


@get("/s/{token:str}", include_in_schema=False)
async def slip_page(
    request: PageRequest, token: str, offices: OfficeStore, kiosk: Kiosk, opened_tickets: OpenedTickets
) -> Response[bytes]:
    """Whether it has arrived, with its number then. As with links in messages a program that follows it opens nothing."""
    office = await offices.current()
    ticket_id = await _ticket(request, kiosk, office, token)
    number = await opened_tickets.number_of(office.id, ticket_id) if ticket_id is not None else ""
    context = {
        "office": office,
        "token": token,
        "receipt": receipt_of_slip(token),
        "number": number,
        "heading": translate(
            language_of(request), "Your complaint has arrived" if number else "Waiting for the network"
        ),
        "hours": HOURS,
        "path": "/lacak",
    }
    return page(request, "public/slip.html", context)


@post("/s/{token:str}", status_code=303, include_in_schema=False, request_max_body_size=LARGEST_FORM)
async def slip_submit(
    request: PageRequest,
    token: str,
    offices: OfficeStore,
    kiosk: Kiosk,
    opened_tickets: OpenedTickets,
    settings: Settings,
) -> Response[bytes]:
    """Open the receipt, as it stands behind every filing; back to waiting when it has not arrived."""
    await own_form(request)
    office = await offices.current()
    ticket_id = await _ticket(request, kiosk, office, token)
    if ticket_id is None:
        return see_other(f"/s/{token}")
    number = await opened_tickets.number_of(office.id, ticket_id)
    return await opened_here(request, opened_tickets, settings, office.id, ticket_id, number, shows_code=True)


async def _ticket(request: PageRequest, kiosk: Kiosk, office: Office, token: str) -> int | None:
    """What leads nowhere counts as a wrong code does. Raises NotFound, TooMany."""
    await limits_of(request).look(Limit.LOOKUP, client_address(request))
    ticket_id = await kiosk.receipts.ticket_of_slip(office.id, token)
    if ticket_id is None:
        await limits_of(request).count(Limit.LOOKUP, client_address(request))
    return ticket_id
