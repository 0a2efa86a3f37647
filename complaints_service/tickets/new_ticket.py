"""A ticket as it begins, before the database has given it its number."""

from __future__ import annotations

from datetime import datetime, timedelta

from complaints_service.office.model import Office
from complaints_service.tickets.filed import Placed
from complaints_service.tickets.model import Complaint, Status, Ticket
from complaints_service.tickets.rows import fresh_seed


def new_ticket(office: Office, complaint: Complaint, placed: Placed, received_at: datetime, now: datetime) -> Ticket:
    """Received, by the policy in force at receipt (D3); id and number are still empty."""
    return Ticket(
        office_id=office.id,
        id=0,
        number="",
        status=Status.RECEIVED,
        status_before=Status.RECEIVED,
        released_at=now,
        kind=complaint.kind,
        channel=complaint.channel,
        privacy=complaint.privacy,
        language=complaint.language,
        category=complaint.category,
        service=complaint.service,
        priority=placed.priority,
        simple=placed.simple,
        oversight=placed.oversight,
        unit_id=placed.unit_id,
        assignee_id=None,
        reported_units=placed.reported_units,
        reported_people=placed.reported_people,
        received_at=received_at,
        filed_by=complaint.filed_by,
        next_due_at=None,
        last_sign_at=received_at,
        answered_at=None,
        ended_at=None,
        episode=0,
        level=0,
        requested_days=None,
        merged_into=None,
        split_from=complaint.split_from,
        policy_version=office.policy_at(received_at).version,
        calendar_version=office.latest_calendar().version,
        key_id=office.key_id,
        seq=1,
        version=1,
        chain_seed=fresh_seed(),
        chain_head=b"",
        last_event_at=now,
        last_act=None,
        held_until=now + timedelta(hours=complaint.hold.hours) if complaint.hold is not None else None,
    )


def told_besides(complaint: Complaint) -> dict[str, object]:
    """What the log of a filing says only where it applies: a device's own clock, a person's consent that an officer
    asked for, and why it is held."""
    found: dict[str, object] = {}
    if complaint.stated is not None:
        found["stated"] = complaint.stated
    if complaint.contact_consent:
        found["contact_consent"] = True
    if complaint.hold is not None:
        found["held"] = complaint.hold.why
    return found
