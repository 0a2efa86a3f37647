"""What the page behind an escalation's button shows, and what can be done on it. Pure.

Each deed is a form of its own; the first one is the button that the mail speaks of.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

import msgspec
from litestar.connection import ASGIConnection

from complaints_service.errors import FieldProblem, Invalid
from complaints_service.keys import Keys
from complaints_service.notifications import words
from complaints_service.notifications.links import ActLink
from complaints_service.office.model import Person, Role
from complaints_service.tickets.commands import OfficeCommand
from complaints_service.tickets.model import Actor, ActorKind
from complaints_service.tickets.timeline import entries_of
from complaints_service.tickets.transitions import BY_COMMAND, permitted
from complaints_service.web.command_forms import Given, to_command
from complaints_service.web.i18n import language_of

ACKNOWLEDGE, TAKE_OVER, ASSIGN, ANSWER = "acknowledge", "take_over", "assign", "answer"
GRANT_TIME, REFUSE_TIME = "grant_time", "refuse_time"
_TARGETS = ("answer", "verify")


class Attempt(msgspec.Struct, frozen=True):
    """A deed that was tried and not done: what was written, and what is wrong with it (field -> words)."""

    deed: str = ""
    values: Mapping[str, str] = {}
    problems: Mapping[str, str] = {}


NOTHING_TRIED = Attempt()


def actor_of(link: ActLink) -> Actor:
    """The receiver acts: nobody else, however the link got to whoever opened it."""
    return Actor(ActorKind.PERSON, link.person.id, link.person.role.value, link.person.name)


def deeds_of(link: ActLink) -> tuple[str, ...]:
    """What the receiver can do here, the main button first: none once the link is used or the case has moved on."""
    if link.used or link.stale:
        return ()
    found: list[str] = []
    if link.ticket.requested_days is not None and _may(link, GRANT_TIME):
        found += [GRANT_TIME, REFUSE_TIME]
    if _may(link, ACKNOWLEDGE):
        found.append(ACKNOWLEDGE)
    if can_take_over(link):
        found.append(TAKE_OVER)
    if _may(link, ASSIGN) and colleagues(link):
        found.append(ASSIGN)
    if _may(link, ANSWER):
        found.append(ANSWER)
    return tuple(found)


def _may(link: ActLink, command: str) -> bool:
    transition = BY_COMMAND[command]
    return link.ticket.status in transition.sources and permitted(transition, actor_of(link))


def can_take_over(link: ActLink) -> bool:
    """Whether the receiver may work on this case and does not do so already."""
    ticket = link.ticket
    return (
        ticket.assignee_id != link.person.id
        and _may(link, ASSIGN)
        and not ticket.names(link.person)
        and ticket.unit_id in link.office.scope_units(link.person)
    )


def colleagues(link: ActLink) -> list[Person]:
    """To whom the receiver can give the case: present people of its unit, but for the one who holds it and the receiver."""
    ticket, office = link.ticket, link.office
    return [
        person
        for person in office.people.values()
        if person.role in (Role.OFFICER, Role.SUPERVISOR)
        and ticket.unit_id in office.scope_units(person)
        and person.id not in (ticket.assignee_id, link.person.id)
        and office.present(person, link.at)
        and not ticket.names(person)
    ]


def command_of(link: ActLink, form: Mapping[str, object]) -> tuple[str, OfficeCommand] | None:
    """The deed of a form and its command; None when it is not among the deeds. Raises Invalid naming the wrong fields."""
    deed = str(form.get("do", ""))
    if deed not in deeds_of(link):
        return None
    values = {name: value for name, value in form.items() if isinstance(value, str)}
    if deed == TAKE_OVER:
        return deed, to_command(Given(ASSIGN, link.version, 0, {"assignee": str(link.person.id)}))
    if deed == ASSIGN:
        chosen = values.get("assignee", "")
        if chosen not in {str(person.id) for person in colleagues(link)}:
            raise Invalid([FieldProblem("/assignee", "required", "Choose an officer")])
        values = {"assignee": chosen}
    return deed, to_command(Given(deed, link.version, 0, values))


def _request_reason(link: ActLink) -> str:
    """Why the officer asks for more time, where the request is among the last events."""
    asked = next((event for event in link.ticket.recent if event.type == "time_requested"), None)
    return str(asked.values().get("reason", "")) if asked is not None and link.ticket.requested_days else ""


def page_mark(keys: Keys, link: ActLink) -> str:
    """What only the page knows: a scanner that sends the form's address blindly has never seen it."""
    return urlsafe_b64encode(keys.digest("act-page", link.token_hash, link.version)[:18]).decode()


def mark_matches(keys: Keys, link: ActLink, given: object) -> bool:
    """Compare in constant time."""
    return isinstance(given, str) and hmac.compare_digest(page_mark(keys, link).encode(), given.encode())


def look_values(
    request: ASGIConnection[Any, Any, Any, Any], link: ActLink, keys: Keys, attempt: Attempt
) -> dict[str, object]:
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
        "deeds": deeds_of(link),
        "colleagues": [(str(person.id), person.name) for person in colleagues(link)],
        "requested_days": ticket.requested_days,
        "request_reason": _request_reason(link),
        "page_mark": page_mark(keys, link),
        "attempt": attempt,
        "case_path": f"/desk/t/{ticket.number}",
        "office": office,
    }
