"""The reader's language on the way of a request, and the words in it."""

from __future__ import annotations

from typing import Any

from litestar.connection import ASGIConnection

from complaints_service.i18n import LANGUAGES, choose_language, translate

# Handler, user, auth and state types are the framework's business; nothing here depends on them.
Connection = ASGIConnection[Any, Any, Any, Any]

LANGUAGE_COOKIE = "bahasa"


def language_of(request: Connection) -> str:
    """``id`` or ``en``: what the reader switched to, else the signed-in person's own, else ``Accept-Language``; ``id`` by default.

    The API goes by ``Accept-Language`` alone wherever a program sends it.
    """
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


def text(request: Connection, msgid: str, **values: object) -> str:
    """A msgid in the reader's language, its ``{placeholders}`` filled."""
    return translate(language_of(request), msgid, **values)
