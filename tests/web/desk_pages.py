"""How tests come to the desk: signed in once for a person and run, and forms sent as the page made them."""

from __future__ import annotations

import re
from html import unescape

import httpx
from playwright.async_api import Page

from tests.app_client import PLAIN
from tests.office import TheOffice
from tests.web.conftest import Visit

# One sign-in a person and site: attempts are counted for each address, and all tests come from the same one.
_sessions: dict[tuple[str, str], dict[str, str]] = {}


async def _session(http: httpx.AsyncClient, the_office: TheOffice, username: str) -> dict[str, str]:
    key = (str(http.base_url), username)
    if key not in _sessions:
        credentials = {"username": username, "password": the_office.passwords[username]}
        async with httpx.AsyncClient(base_url=http.base_url, verify=PLAIN) as client:
            answer = await client.post("/api/v1/session", json=credentials)
            assert answer.status_code in (200, 201), answer.text
            _sessions[key] = dict(client.cookies.items())
    return _sessions[key]


async def sign_in(http: httpx.AsyncClient, the_office: TheOffice, username: str) -> httpx.AsyncClient:
    """The client with the person's session; whose session it had before does not matter."""
    http.cookies.clear()
    http.cookies.update(await _session(http, the_office, username))
    http.headers["Accept"] = "text/html"
    return http


async def token_of(http: httpx.AsyncClient) -> str:
    """The token that the forms of this session carry."""
    return (await http.get("/api/v1/session")).json()["csrf_token"]


async def open_as(
    visit: Visit, http: httpx.AsyncClient, the_office: TheOffice, username: str, path: str, **how: object
) -> Page:
    """A browser page of somebody who is signed in."""
    session = await _session(http, the_office, username)
    language = str(how.get("language", "id"))[:2]
    return await visit(path, cookies={**session, "bahasa": language}, **how)


def fields_of(html: str, command: str) -> dict[str, str]:
    """What the form of a command sends without a word being written: hidden fields, chosen options, ticks, texts."""
    forms = re.findall(r"<form\b(.*?)</form>", html, re.DOTALL)
    form = next(f for f in forms if f'name="command" value="{command}"' in f)
    found = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
    found |= dict(re.findall(r'<input type="checkbox"[^>]* name="([^"]+)" value="([^"]+)" checked', form))
    for name, choices in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', choices)
        found[name] = chosen[1] if chosen else ""
    return {name: unescape(value) for name, value in found.items()}


async def do(http: httpx.AsyncClient, number: str, command: str, **words: str) -> httpx.Response:
    """Open the ticket and send the form of a command with these words."""
    page = await http.get(f"/desk/t/{number}")
    return await http.post(f"/desk/t/{number}/perintah", data=fields_of(page.text, command) | words)


def forms_on(html: str) -> set[str]:
    """The commands whose forms a page offers (without undo, which has its bar)."""
    return set(re.findall(r'data-command="([^"]+)"', html))


def notices(html: str) -> str:
    """The text of what a page says on top after a failed try."""
    found = re.search(r'<div role="alert" id="trouble".*?</section>', html, re.DOTALL)
    return unescape(found[0]) if found else ""
