"""What can go wrong on the way of a request, as a small family of errors. ``web/problems.py`` turns them into RFC 9457 or a page.

``detail`` is an English msgid (see i18n) with ``{placeholders}`` filled from ``values``; it says what to do, and never repeats input.
"""

from __future__ import annotations

import msgspec


class FieldProblem(msgspec.Struct, frozen=True):
    """One wrong field: JSON pointer, machine code, and a msgid that says what to do."""

    pointer: str
    code: str
    detail: str
    values: dict[str, object] = {}


class DomainError(Exception):
    """Base: HTTP ``status``, machine ``code``, ``detail`` msgid with ``values``."""

    status = 500
    code = "error"
    title = "Something went wrong"

    def __init__(self, detail: str = "", *, code: str | None = None, **values: object) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.code = code or type(self).code
        self.values = values
        self.extra: dict[str, object] = {}
        self.headers: dict[str, str] = {}


class Malformed(DomainError):
    """400: the request cannot be read at all."""

    status, code, title = 400, "malformed", "The request cannot be read"


class Unauthenticated(DomainError):
    """401: sign in first."""

    status, code, title = 401, "unauthenticated", "Please sign in"


class Forbidden(DomainError):
    """403: signed in, but without this right."""

    status, code, title = 403, "forbidden", "You do not have the right to do this"


class NotFound(DomainError):
    """404: not there, or not for this reader: the two are never told apart."""

    status, code, title = 404, "not_found", "Not found"


class Refused(DomainError):
    """409: the state does not allow it. ``allowed`` names the commands that are."""

    status, code, title = 409, "refused", "This cannot be done now"

    def __init__(self, detail: str, *, code: str, allowed: tuple[str, ...] = (), **values: object) -> None:
        super().__init__(detail, code=code, **values)
        self.extra["allowed"] = list(allowed)


class Stale(DomainError):
    """412: somebody else changed it in the meantime."""

    status, code, title = 412, "stale_version", "Somebody else has changed this in the meantime"


class TooLarge(DomainError):
    """413: the body is larger than this service takes."""

    status, code, title = 413, "too_large", "The request is too large"


class Invalid(DomainError):
    """422: fields are wrong; ``problems`` names every one of them."""

    status, code, title = 422, "invalid", "Some details need your attention"

    def __init__(self, problems: list[FieldProblem], detail: str = "") -> None:
        super().__init__(detail or "Please correct the fields that are named and send again.")
        self.problems = problems


class KeyReused(DomainError):
    """422: an idempotency key came again with another body (D6)."""

    status, code, title = 422, "idempotency_key_reused", "This key was used for another request"


class PreconditionRequired(DomainError):
    """428: a change needs If-Match."""

    status, code, title = 428, "precondition_required", "The version is missing"


class TooMany(DomainError):
    """429: over the rate; ``retry_after`` in seconds."""

    status, code, title = 429, "too_many_requests", "Too many requests"

    def __init__(self, retry_after: int, detail: str = "Please wait {seconds} seconds and try again.") -> None:
        super().__init__(detail, seconds=retry_after)
        self.headers["Retry-After"] = str(retry_after)


class Unavailable(DomainError):
    """503: a part of the service is away for a moment; nothing was stored."""

    status, code, title = 503, "unavailable", "The service is not available for a moment"

    def __init__(
        self, retry_after: int = 5, detail: str = "Nothing was lost. Please try again in {seconds} seconds."
    ) -> None:
        super().__init__(detail, seconds=retry_after)
        self.headers["Retry-After"] = str(retry_after)
