"""What the page behind an escalation's button shows, and which command its button gives. Pure."""

from __future__ import annotations

from typing import Any

from litestar.connection import ASGIConnection

from complaints_service.notifications import words
from complaints_service.notifications.links import ActLink
from complaints_service.office.model import Role
from complaints_service.tickets.commands import Acknowledge, Assign
from complaints_service.tickets.timeline import entries_of
from complaints_service.web.i18n import language_of

TAKE_OVER = "take_over"
_TARGETS = ("answer", "verify")


def command_for(link: ActLink, button: str) -> Acknowledge | Assign:
    """Take over: the case becomes the receiver's own. Anything else only acknowledges: it was seen and is taken care of."""
    return Assign(assignee=link.person.id) if button == TAKE_OVER and can_take_over(link) else Acknowledge()


def can_take_over(link: ActLink) -> bool:
    """Whether the receiver may work on this case and does not do so already."""
    ticket = link.ticket
    return (
        ticket.assignee_id != link.person.id
        and link.person.role is not Role.ADMIN
        and not ticket.names(link.person)
        and ticket.unit_id in link.office.scope_units(link.person)
    )


def look_values(request: ASGIConnection[Any, Any, Any, Any], link: ActLink) -> dict[str, object]:
    """The page's values; nothing personal of the reporter is among them."""
    ticket, office, language = link.ticket, link.office, language_of(request)
    due = [
        {"target": target, "due_at": deadline.due_at, "late": link.at >= deadline.due_at}
        for target in _TARGETS
        if (deadline := ticket.deadline(target)) is not None and deadline.runs(link.at)
    ]
    return {
        "number": ticket.number,
        "about": words.matter(ticket, office, language),
        "holder": words.holder(ticket, office, language),
        "status": words.status(ticket, language),
        "due": due[0] if due else None,
        "person": link.person,
        "used": link.used,
        "stale": link.stale,
        "since": entries_of(link.since, link.at, office, language, "officer"),
        "recent": entries_of(ticket.recent, link.at, office, language, "officer"),
        "can_take_over": can_take_over(link),
        "case_path": f"/desk/t/{ticket.number}",
        "office": office,
    }
