"""A ticket as a value, for rules of the desk."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from complaints_service.tickets.model import Channel, Kind, Priority, Privacy, Status, Ticket

RECEIVED = datetime(2026, 11, 20, 3, tzinfo=UTC)


def a_ticket(**values: object) -> Ticket:
    """A fresh complaint in the complaints unit; any field can be another."""
    usual = Ticket(
        office_id=1,
        id=1,
        number="LT-2026-000001",
        status=Status.RECEIVED,
        status_before=Status.RECEIVED,
        released_at=RECEIVED,
        kind=Kind.COMPLAINT,
        channel=Channel.WEB,
        privacy=Privacy.OPEN,
        language="id",
        category=None,
        service=None,
        priority=Priority.NORMAL,
        simple=False,
        oversight=False,
        unit_id=9,
        assignee_id=None,
        reported_units=(),
        reported_people=(),
        received_at=RECEIVED,
        filed_by=None,
        next_due_at=None,
        last_sign_at=RECEIVED,
        answered_at=None,
        ended_at=None,
        episode=0,
        level=0,
        requested_days=None,
        merged_into=None,
        split_from=None,
        policy_version=1,
        calendar_version=1,
        key_id=1,
        seq=1,
        version=1,
        chain_seed=b"",
        chain_head=b"",
        last_event_at=RECEIVED,
        last_act=None,
    )
    return msgspec.structs.replace(usual, **values)
