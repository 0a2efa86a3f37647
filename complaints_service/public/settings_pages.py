"""``/bahasa`` and ``/tampilan``: the reader's language and colours, kept in a cookie, and back to the page they came from.

A page with a half-filled form has the two switches as buttons of that form: nothing typed is lost (``switched``).
"""

from __future__ import annotations

from collections.abc import Mapping

from litestar import Response, post
from litestar.datastructures import Cookie

from complaints_service.accounts.own_path import own_path
from complaints_service.i18n import LANGUAGES
from complaints_service.public.requests import LARGEST_FORM, own_form, see_other
from complaints_service.settings import Settings
from complaints_service.web.cookies import secure
from complaints_service.web.i18n import LANGUAGE_COOKIE, switch_language
from complaints_service.web.pages import SWITCHED_THEME, THEME_COOKIE, THEMES, PageRequest

_YEAR = 365 * 24 * 3600


@post("/bahasa", status_code=303, include_in_schema=False, request_max_body_size=LARGEST_FORM)
async def language_submit(request: PageRequest, settings: Settings) -> Response[bytes]:
    """Read on in the other language."""
    return await kept_choice(request, settings, LANGUAGE_COOKIE, "language", LANGUAGES)


@post("/tampilan", status_code=303, include_in_schema=False, request_max_body_size=LARGEST_FORM)
async def theme_submit(request: PageRequest, settings: Settings) -> Response[bytes]:
    """Light or dark, whatever the device prefers."""
    return await kept_choice(request, settings, THEME_COOKIE, "theme", THEMES)


async def kept_choice(
    request: PageRequest, settings: Settings, cookie: str, field: str, known: tuple[str, ...]
) -> Response[bytes]:
    """Keep the field's value in the cookie when it is one of the known, and go back."""
    form = await own_form(request)
    answer = see_other(safe_return(form.get("next")))
    if (value := form.get(field)) in known:
        answer.cookies.append(_cookie(settings, cookie, value or ""))
    return answer


def switched(request: PageRequest, settings: Settings, form: Mapping[str, str]) -> list[Cookie]:
    """What a switch among the fields of another form changes: this answer at once, and the cookies to give to it. Empty: none."""
    if (language := form.get("language", "")) in LANGUAGES:
        switch_language(request, language)
        return [_cookie(settings, LANGUAGE_COOKIE, language)]
    if (theme := form.get("theme", "")) in THEMES:
        request.scope["state"][SWITCHED_THEME] = theme
        return [_cookie(settings, THEME_COOKIE, theme)]
    return []


def _cookie(settings: Settings, name: str, value: str) -> Cookie:
    # No __Host- prefix: nothing depends on who set it.
    return Cookie(name, value=value, max_age=_YEAR, secure=secure(settings), httponly=True, samesite="lax")


def safe_return(wanted: str | None) -> str:
    """The page to go back to, always one of this site (``/`` for anything else)."""
    if wanted is not None and wanted.startswith("/masuk"):
        # The sign-in page is no place to sign in to, but one may read it in another language.
        return wanted if own_path(f"/x{wanted}") else "/masuk"
    return own_path(wanted) or "/"
