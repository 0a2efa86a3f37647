"""The reader's language on the way of a request, and the words in it."""

from __future__ import annotations

from typing import Any

from litestar.connection import ASGIConnection

from complaints_service.i18n import LANGUAGES, choose_language, translate

# Handler, user, auth and state types are the framework's business; nothing here depends on them.
Connection = ASGIConnection[Any, Any, Any, Any]

LANGUAGE_COOKIE = "bahasa"
_SWITCHED = "switched_language"


def language_of(request: Connection) -> str:
    """``id`` or ``en``: what the reader switched to, else the signed-in person's own, else ``Accept-Language``; ``id`` by default.

    The API goes by ``Accept-Language`` alone wherever a program sends it.
    """
    if (switched := request.scope["state"].get(_SWITCHED)) is not None:
        return str(switched)
    accepted = request.headers.get("accept-language")
    if accepted and request.url.path.startswith("/api/"):
        return choose_language(accepted)
    cookie = request.cookies.get(LANGUAGE_COOKIE)
    if cookie in LANGUAGES:
        return cookie
    viewer: object = request.scope["state"].get("viewer")
    own: object = getattr(viewer, "language", None)
    if isinstance(own, str) and own in LANGUAGES:
        return own
    return choose_language(accepted)


def switch_language(request: Connection, language: str) -> None:
    """From here on this very request is answered in another language (its cookie tells only the next ones)."""
    request.scope["state"][_SWITCHED] = language


def text(request: Connection, msgid: str, **values: object) -> str:
    """A msgid in the reader's language, its ``{placeholders}`` filled."""
    return translate(language_of(request), msgid, **values)
