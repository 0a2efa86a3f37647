"""A ticket as a value, for rules of the desk."""

from __future__ import annotations

from datetime import UTC, datetime

from complaints_service.tickets.model import Ticket
from tests.unit import values as ground

RECEIVED = datetime(2026, 11, 20, 3, tzinfo=UTC)


def a_ticket(**values: object) -> Ticket:
    """A fresh complaint in the complaints unit, without classification; any field can be another."""
    desk: dict[str, object] = {
        "id": 1,
        "number": "LT-2026-000001",
        "category": None,
        "service": None,
        "unit_id": 9,
        "received_at": RECEIVED,
        "released_at": RECEIVED,
        "last_sign_at": RECEIVED,
        "last_event_at": RECEIVED,
    }
    return ground.a_ticket(**(desk | values))
