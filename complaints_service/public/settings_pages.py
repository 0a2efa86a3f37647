"""``/bahasa`` and ``/tampilan``: the reader's language and colours, kept in a cookie, and back to the page they came from."""

from __future__ import annotations

from litestar import Response, post
from litestar.datastructures import Cookie

from complaints_service.accounts.own_path import own_path
from complaints_service.i18n import LANGUAGES
from complaints_service.public.requests import LARGEST_FORM, own_form, see_other
from complaints_service.settings import Settings
from complaints_service.web.cookies import secure
from complaints_service.web.i18n import LANGUAGE_COOKIE
from complaints_service.web.pages import THEME_COOKIE, THEMES, PageRequest

_YEAR = 365 * 24 * 3600


@post("/bahasa", status_code=303, include_in_schema=False, request_max_body_size=LARGEST_FORM)
async def language_submit(request: PageRequest, settings: Settings) -> Response[bytes]:
    """Read on in the other language."""
    return await _keep(request, settings, LANGUAGE_COOKIE, "language", LANGUAGES)


@post("/tampilan", status_code=303, include_in_schema=False, request_max_body_size=LARGEST_FORM)
async def theme_submit(request: PageRequest, settings: Settings) -> Response[bytes]:
    """Light or dark, whatever the device prefers."""
    return await _keep(request, settings, THEME_COOKIE, "theme", THEMES)


async def _keep(
    request: PageRequest, settings: Settings, cookie: str, field: str, known: tuple[str, ...]
) -> Response[bytes]:
    form = await own_form(request)
    answer = see_other(safe_return(form.get("next")))
    if (value := form.get(field)) in known:
        # No __Host- prefix: nothing depends on who set it.
        answer.cookies.append(
            Cookie(cookie, value=value, max_age=_YEAR, secure=secure(settings), httponly=True, samesite="lax")
        )
    return answer


def safe_return(wanted: str | None) -> str:
    """The page to go back to, always one of this site (``/`` for anything else)."""
    if wanted is not None and wanted.startswith("/masuk"):
        # The sign-in page is no place to sign in to, but one may read it in another language.
        return wanted if own_path(f"/x{wanted}") else "/masuk"
    return own_path(wanted) or "/"
