"""What an API token's scopes open. Deny by default: a path that no line names is for people with a session only."""

from __future__ import annotations

from complaints_service.accounts.model import TokenScope

# First match wins. None: any valid token.
_PATHS: tuple[tuple[str, TokenScope | None], ...] = (
    ("/api/v1/tickets", TokenScope.TICKETS),
    ("/api/v1/uploads", TokenScope.TICKETS),
    ("/api/v1/reports", TokenScope.REPORTS),
    ("/api/v1/policies/simulate", TokenScope.REPORTS),
    ("/api/v1/simulations", TokenScope.REPORTS),
    ("/api/v1/absences", TokenScope.TICKETS),
    ("/api/v1/duties", TokenScope.TICKETS),
    ("/api/v1/feedback", TokenScope.FEEDBACK),
    ("/api/v1/calendars/preview", None),
    ("/api/v1/session", None),
    ("/api/v1/kiosk", TokenScope.ADMIN),
    ("/api/v1/devices", TokenScope.ADMIN),
    ("/api/v1/webhooks", TokenScope.WEBHOOKS),
    ("/api/v1/admin", TokenScope.ADMIN),
    ("/api/v1/outbox", TokenScope.ADMIN),
    ("/api/v1/policies", TokenScope.ADMIN),
    ("/api/v1/calendars", TokenScope.ADMIN),
)


def token_may(path: str, scopes: frozenset[str]) -> bool:
    """Whether a token with these scopes may be used on this path."""
    for prefix, scope in _PATHS:
        if path == prefix or path.startswith(prefix + "/"):
            return scope is None or scope in scopes
    return False
