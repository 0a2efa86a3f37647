"""How a citizen gets to a case: ``/lacak`` with number and code, ``/m/<token>`` from a message; and how a device forgets it."""

from __future__ import annotations

from litestar import Response, get, post

from complaints_service.errors import NotFound
from complaints_service.i18n import translate
from complaints_service.intake.kiosk.receipts import is_provisional
from complaints_service.intake.kiosk.service import Kiosk
from complaints_service.notifications.links import Links
from complaints_service.office.store import OfficeStore
from complaints_service.public.answers import Messages
from complaints_service.public.opened_tickets import HOURS, TICKET_COOKIE, OpenedTickets
from complaints_service.public.requests import LARGEST_FORM, own_form, see_other
from complaints_service.settings import Settings
from complaints_service.tickets.reading import TicketReader
from complaints_service.web.cookies import forget_cookie, make_cookie, read_cookie
from complaints_service.web.i18n import language_of
from complaints_service.web.pages import PageRequest, page
from complaints_service.web.rate_limits import Limit, client_address, limits_of

WRONG_CODE = (
    "There is no case with this number and this code. Compare both with your receipt and write the code once more. "
    "If you cannot find it, use “Number or code lost?” below."
)
NOT_ARRIVED = (
    "The kiosk that gave this receipt has not reached us yet, or the code is another. "
    "Compare both with your slip, and try again later: nothing is lost."
)


@get("/lacak", include_in_schema=False)
async def track_page(
    request: PageRequest, offices: OfficeStore, opened_tickets: OpenedTickets, settings: Settings
) -> Response[bytes]:
    """Number and code; what this device has opened already is offered below."""
    return await _track(request, offices, opened_tickets, settings, request.query_params.get("nomor", ""))


@post("/lacak", status_code=200, include_in_schema=False, request_max_body_size=LARGEST_FORM)
async def track_submit(
    request: PageRequest,
    offices: OfficeStore,
    reader: TicketReader,
    opened_tickets: OpenedTickets,
    kiosk: Kiosk,
    settings: Settings,
) -> Response[bytes]:
    """Open the case in this browser and go there; an unknown number and a wrong code get the same answer."""
    form = await own_form(request)
    language = language_of(request)
    number, code = form.get("number", "").strip()[:40], form.get("code", "").strip()[:64]
    problems = Messages()
    if not number:
        problems["number"] = translate(language, "Write the number of your case.")
    if not code:
        problems["code"] = translate(language, "Write the tracking code.")
    if not problems:
        await limits_of(request).look(Limit.LOOKUP, client_address(request))
        office = await offices.current()
        if (known := await exchanged(kiosk, opened_tickets, office.id, number, code)) is not None:
            return await opened_here(request, opened_tickets, settings, office.id, *known, shows_code=True)
        try:
            file = await reader.with_code(office, number, code)
        except NotFound:
            await limits_of(request).count(Limit.LOOKUP, client_address(request))
            problems["number"] = translate(language, NOT_ARRIVED if is_provisional(number) else WRONG_CODE)
        else:
            return await opened_here(request, opened_tickets, settings, office.id, file.ticket.id, file.ticket.number)
    return await _track(request, offices, opened_tickets, settings, number, problems)


@get("/m/{token:str}", include_in_schema=False)
async def link_page(request: PageRequest, token: str) -> Response[bytes]:
    """One button: a mail scanner that follows the link opens nothing and changes nothing."""
    return page(request, "public/open_link.html", {"token": token[:100], "hours": HOURS, "path": "/lacak"})


@post("/m/{token:str}", status_code=303, include_in_schema=False, request_max_body_size=LARGEST_FORM)
async def link_submit(
    request: PageRequest,
    token: str,
    links: Links,
    opened_tickets: OpenedTickets,
    settings: Settings,
) -> Response[bytes]:
    """Open the one ticket that the link stands for. Raises NotFound when the link is unknown or too old."""
    await own_form(request)
    await limits_of(request).look(Limit.LOOKUP, client_address(request))
    try:
        office_id, ticket_id = await links.open_ticket(token)
    except NotFound:
        await limits_of(request).count(Limit.LOOKUP, client_address(request))
        raise
    number = await opened_tickets.number_of(office_id, ticket_id)
    return await opened_here(request, opened_tickets, settings, office_id, ticket_id, number)


@post("/lupakan", status_code=303, include_in_schema=False, request_max_body_size=LARGEST_FORM)
async def forget_submit(request: PageRequest, opened_tickets: OpenedTickets, settings: Settings) -> Response[bytes]:
    """Forget one case (``number``) or all of them on this device; the right ends in the database too."""
    form = await own_form(request)
    number = form.get("number")
    cookie = read_cookie(request, settings, TICKET_COOKIE)
    await opened_tickets.forget(cookie, number)
    answer = see_other("/lacak")
    if number is None or not await opened_tickets.all(cookie):
        answer.cookies.append(forget_cookie(settings, TICKET_COOKIE))
    return answer


async def exchanged(
    kiosk: Kiosk, opened_tickets: OpenedTickets, office_id: int, number: str, code: str
) -> tuple[int, str] | None:
    """Id and number of the ticket behind the receipt of a kiosk that had no line."""
    ticket_id = await kiosk.receipts.ticket_of(office_id, number, code) if is_provisional(number) else None
    if ticket_id is None:
        return None
    return ticket_id, await opened_tickets.number_of(office_id, ticket_id)


async def opened_here(
    request: PageRequest,
    opened_tickets: OpenedTickets,
    settings: Settings,
    office_id: int,
    ticket_id: int,
    number: str,
    *,
    shows_code: bool = False,
) -> Response[bytes]:
    """Open the case in this browser and go there; ``shows_code``: to its receipt."""
    cookie = read_cookie(request, settings, TICKET_COOKIE)
    value = await opened_tickets.open(cookie, office_id, ticket_id, number, shows_code=shows_code)
    answer = see_other(f"/terkirim/{number}" if shows_code else f"/t/{number}")
    answer.cookies.append(make_cookie(settings, TICKET_COOKIE, value, HOURS * 3600))
    return answer


async def _track(
    request: PageRequest,
    offices: OfficeStore,
    opened_tickets: OpenedTickets,
    settings: Settings,
    number: str,
    problems: Messages | None = None,
) -> Response[bytes]:
    office = await offices.current()
    opened = await opened_tickets.all(read_cookie(request, settings, TICKET_COOKIE))
    context = {
        "office": office,
        "number": number[:40],
        "problems": problems or Messages(),
        "example_number": f"{office.number_prefix}-2026-000417",
        "opened": list(dict.fromkeys(o.number for o in opened)),
        "path": "/lacak",
    }
    return page(request, "public/track.html", context, status=422 if problems else 200)
