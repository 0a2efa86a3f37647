"""A second matter in a complaint becomes a ticket of its own: what it takes over from the first. Pure."""

from __future__ import annotations

from typing import Any

import asyncpg

from complaints_service.tickets.commands import Split
from complaints_service.tickets.model import Actor, Complaint, Ticket


def second_matter(ticket: Ticket, command: Split, actor: Actor, reporter: asyncpg.Record | None) -> Complaint:
    """The new ticket belongs to the same reporter, who gets its receipt and its answers like those of the first."""
    known: dict[str, Any] = dict(reporter) if reporter is not None else {}
    return Complaint(
        description=command.text,
        subject=command.subject,
        kind=ticket.kind,
        channel=ticket.channel,
        privacy=ticket.privacy,
        category=command.category or ticket.category,
        service=command.service or ticket.service,
        language=ticket.language,
        received_at=ticket.received_at,
        filed_by=actor.person_id,
        split_from=ticket.id,
        reporter_name=known.get("name"),
        reporter_phone=known.get("phone"),
        reporter_email=known.get("email"),
        reporter_whatsapp=known.get("whatsapp"),
        chat_id=known.get("chat_id"),
    )
