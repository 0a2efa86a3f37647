"""``/a/<token>``: the one button of an escalation mail. GET and HEAD show, POST acts; mail scanners change nothing.

It acts for its receiver: where that person is signed in, or signed in before and has not signed out since. Whoever else holds the
mail sees what the case is about and is asked to sign in (decision 0018).
"""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get, head, post
from litestar.datastructures import State

from complaints_service.accounts.dependencies import find_viewer
from complaints_service.accounts.service import Accounts
from complaints_service.accounts.session_cookies import OWN_DEVICE_COOKIE
from complaints_service.errors import Invalid, NotFound, Refused, Stale
from complaints_service.keys import Keys
from complaints_service.notifications.act_page import (
    NOTHING_TRIED,
    Attempt,
    actor_of,
    command_of,
    look_values,
    mark_matches,
)
from complaints_service.notifications.links import ActLink, Links
from complaints_service.settings import Settings
from complaints_service.tickets.service import Tickets
from complaints_service.web.bodies import form_fields
from complaints_service.web.cookies import read_cookie
from complaints_service.web.i18n import language_of
from complaints_service.web.pages import page
from complaints_service.web.problems import field_text

PageRequest = Request[Any, Any, State]


class Reader(msgspec.Struct, frozen=True):
    """Who looks at the page; ``other``: the name of somebody else who is signed in here."""

    receiver: bool
    other: str = ""


# A page about a case, perhaps opened without a sign-in: nobody else keeps it, and the token goes to no other site.
_HEADERS = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}


@get("/a/{token:str}", include_in_schema=False)
async def show(
    request: PageRequest, token: str, links: Links, keys: Keys, accounts: Accounts, settings: Settings
) -> Response[bytes]:
    """What the case is about and what can be done; a case that has moved on says what happened since."""
    link = await links.look(token)
    return _page(request, link, keys, await _reader(request, link, accounts, settings))


@head("/a/{token:str}", include_in_schema=False)
async def peek(token: str, links: Links) -> None:
    """For scanners: whether the link is good. Changes nothing."""
    await links.look(token)


@post("/a/{token:str}", status_code=200, include_in_schema=False)
async def act(
    request: PageRequest,
    token: str,
    links: Links,
    tickets: Tickets,
    keys: Keys,
    accounts: Accounts,
    settings: Settings,
) -> Response[bytes]:
    """Carry out the form's deed in the receiver's name; the link is spent by it.

    What was not sent by this very page, or not by the receiver, does nothing.
    """
    link = await links.look(token)
    reader = await _reader(request, link, accounts, settings)
    form = await form_fields(request)
    if not reader.receiver:
        return _page(request, link, keys, reader, status=403)
    if link.used or link.stale or not mark_matches(keys, link, form.get("page")):
        return _page(request, link, keys, reader)
    written = {name: value for name, value in form.items() if isinstance(value, str)}
    deed, attempt = written.get("do", ""), Attempt(written.get("do", ""), written)
    try:
        found = command_of(link, form)
    except Invalid as error:
        return _page(request, link, keys, reader, attempt=_failed(request, attempt, error), status=error.status)
    if found is None or not await links.use(link):
        return _page(request, await links.look(token), keys, reader, attempt=attempt)
    try:
        await tickets.act(link.office, link.ticket.number, found[1], actor_of(link), link.scope(), link.version)
    except Invalid as error:
        await links.give_back(link)
        failed = _failed(request, attempt, error)
        return _page(request, await links.look(token), keys, reader, attempt=failed, status=error.status)
    except (Stale, Refused, NotFound):
        await links.give_back(link)
        return _page(request, await links.look(token), keys, reader, attempt=attempt)
    except BaseException:
        await links.give_back(link)
        raise
    return _page(request, await links.look(token), keys, reader, done=deed)


def _failed(request: PageRequest, attempt: Attempt, error: Invalid) -> Attempt:
    language = language_of(request)
    return Attempt(
        attempt.deed, attempt.values, {p.pointer.strip("/"): field_text(p, language) for p in error.problems}
    )


async def _reader(request: PageRequest, link: ActLink, accounts: Accounts, settings: Settings) -> Reader:
    """Who looks: the receiver by session or own device, or somebody else, by name where one is signed in."""
    viewer = await find_viewer(request, accounts, settings)
    if viewer is not None:
        receiver = viewer.person.id == link.person.id
        return Reader(receiver, "" if receiver else viewer.person.name)
    own = read_cookie(request, settings, OWN_DEVICE_COOKIE)
    return Reader(own is not None and await accounts.owns_device(link.office.id, link.person.id, own))


def _page(
    request: PageRequest,
    link: ActLink,
    keys: Keys,
    reader: Reader,
    *,
    done: str = "",
    attempt: Attempt = NOTHING_TRIED,
    status: int = 200,
) -> Response[bytes]:
    values = look_values(request, link, keys, attempt)
    more = {"done": done, "reader": reader, "sign_in_path": f"/masuk?next={request.url.path}"}
    return page(request, "email_links/act.html", {**values, **more}, headers=_HEADERS, status=status)


ROUTES = [show, peek, act]
