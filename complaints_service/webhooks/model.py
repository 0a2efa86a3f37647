"""Endpoints and deliveries as administrators see them. Values only."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """An address that is told of ``events``; ``reason``: by_hand or gone (the receiver answered 410). Times are machine time, UTC.

    ``failures`` counts failures in a row, ``last_error`` is the code of the latest; both are over with the next success.
    """

    id: int
    url: str
    description: str
    events: tuple[str, ...]
    active: bool
    reason: str | None
    disabled_at: datetime | None
    made_by: int
    made_at: datetime
    old_secret_until: datetime | None
    failures: int
    worked_at: datetime | None
    failed_at: datetime | None
    last_error: str | None


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one endpoint; ``number`` None: it is not about a complaint."""

    id: int
    kind: str
    number: str | None
    state: str
    attempts: int
    created_at: datetime
    sent_at: datetime | None
    next_try_at: datetime | None
    last_error: str | None


class Rotated(msgspec.Struct, frozen=True):
    """The new secret, shown this once, and until when the one before it signs too."""

    secret: str
    old_secret_until: datetime
