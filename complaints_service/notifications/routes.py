"""``/a/<token>``: the one button of an escalation mail. GET and HEAD show, POST acts; mail scanners change nothing."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Response, get, head, post
from litestar.datastructures import State
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect

from complaints_service.errors import NotFound, Refused, Stale
from complaints_service.notifications.act_page import TAKE_OVER, command_for, look_values
from complaints_service.notifications.links import ActLink, Links
from complaints_service.tickets.model import Actor, ActorKind
from complaints_service.tickets.service import Tickets
from complaints_service.web.pages import page

PageRequest = Request[Any, Any, State]
Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
# A page about a case, opened without a sign-in: nobody else keeps it, and the token goes to no other site.
_HEADERS = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}


@get("/a/{token:str}", include_in_schema=False)
async def show(request: PageRequest, token: str, links: Links) -> Response[bytes]:
    """What the case is about and one button; a case that has moved on says what happened since."""
    return _page(request, await links.look(token))


@head("/a/{token:str}", include_in_schema=False)
async def peek(token: str, links: Links) -> None:
    """For scanners: whether the link is good. Changes nothing."""
    await links.look(token)


@post("/a/{token:str}", status_code=200, include_in_schema=False)
async def act(
    request: PageRequest, token: str, links: Links, tickets: Tickets, data: Form
) -> Response[bytes] | Redirect:
    """Acknowledge, or take the case over; the link is spent by it."""
    link = await links.look(token)
    if link.used or link.stale:
        return _page(request, link)
    command = command_for(link, data.get("do", ""))
    if not await links.use(link):
        return _page(request, await links.look(token))
    person = link.person
    actor = Actor(ActorKind.PERSON, person.id, person.role.value, person.name)
    try:
        await tickets.act(link.office, link.ticket.number, command, actor, link.scope(), link.version)
    except (Stale, Refused, NotFound):
        await links.give_back(link)
        return _page(request, await links.look(token))
    except BaseException:
        await links.give_back(link)
        raise
    return _page(request, await links.look(token), done=TAKE_OVER if data.get("do") == TAKE_OVER else "acknowledge")


def _page(request: PageRequest, link: ActLink, *, done: str = "") -> Response[bytes]:
    return page(request, "email_links/act.html", {**look_values(request, link), "done": done}, headers=_HEADERS)


ROUTES = [show, peek, act]
