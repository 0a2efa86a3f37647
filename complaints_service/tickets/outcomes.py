"""What each command of the office does beyond its line in the transition table: one small function a command."""

from __future__ import annotations

import typing
from collections.abc import Callable
from datetime import datetime

import msgspec

from complaints_service.office.model import Office
from complaints_service.tickets import commands as c
from complaints_service.tickets.given import Given
from complaints_service.tickets.model import OPEN, Priority, Status, Ticket
from complaints_service.tickets.more_time import grant_time, refuse_time, request_time
from complaints_service.tickets.receivers import may_receive, next_superiors, person_named
from complaints_service.tickets.reporter_outcomes import new_episode, rate, reply
from complaints_service.tickets.transitions import Outcome, Refusal, last_act

# A note from this length on is a note of substance: a sign of life of the case (DOMAIN.md, "10 days without a sign").
NOTE_OF_SUBSTANCE = 20
# As for every complaint: less tells nobody anything.
SECOND_MATTER_MIN = 10
_PRESSING = tuple(Priority)


def outcome_of(command: c.AnyCommand, given: Given) -> Outcome | Refusal:
    """Apply the command's own rule; the table has already let it pass."""
    rule = _RULES.get(type(command))
    return rule(command, given) if rule is not None else Outcome()


def _classify(command: c.Classify, given: Given) -> Outcome | Refusal:
    ticket, office = given.ticket, given.office
    changes: dict[str, object] = {}
    for name in ("category", "service", "kind", "priority", "simple", "oversight"):
        value = getattr(command, name)
        if value is not None and value != getattr(ticket, name):
            changes[name] = value
    if command.category is not None:
        category = office.categories.get(command.category)
        if category is None or not category.active:
            return Refusal(
                "unknown_category", "There is no such category; choose one of the catalogue.", field="/category"
            )
        if command.oversight is None and category.oversight and not ticket.oversight:
            changes["oversight"] = True
    if command.service is not None and not _active_service(office, command.service):
        return Refusal("unknown_service", "There is no such service; choose one of the catalogue.", field="/service")
    if not changes:
        return Refusal("nothing_changed", "Nothing is different from before.")
    before = {name: getattr(ticket, name) for name in changes}
    return Outcome(changes=changes, body={"was": before, "now": dict(changes)})


def _active_category(office: Office, slug: str) -> bool:
    category = office.categories.get(slug)
    return category is not None and category.active


def _active_service(office: Office, slug: str) -> bool:
    service = office.services.get(slug)
    return service is not None and service.active


def _set_priority(command: c.SetPriority, given: Given) -> Outcome | Refusal:
    ticket = given.ticket
    if command.priority is ticket.priority:
        return Refusal("nothing_changed", "Nothing is different from before.")
    return Outcome(changes={"priority": command.priority}, body={"was": ticket.priority, "now": command.priority})


def _assign(command: c.Assign, given: Given) -> Outcome | Refusal:
    ticket, office = given.ticket, given.office
    if (command.assignee is None) == (command.unit is None):
        return Refusal("assignee_or_unit", "Name either a person or a unit.", field="/assignee")
    if command.unit is not None:
        unit = office.unit_by_slug(command.unit)
        if unit is None:
            return Refusal("unknown_unit", "There is no such unit.", field="/unit")
        if unit.id in ticket.reported_units:
            return Refusal(
                "reported_unit", "The complaint is about this unit; another one must handle it.", field="/unit"
            )
        if unit.id == ticket.unit_id:
            return Refusal("nothing_changed", "Nothing is different from before.")
        return Outcome(
            changes={"unit_id": unit.id, "assignee_id": None},
            body={"unit_was": ticket.unit_id, "unit": unit.id, "assignee_was": ticket.assignee_id},
        )
    person = person_named(office, command.assignee if command.assignee is not None else "")
    if person is None:
        return Refusal("unknown_person", "There is no such person in the office.", field="/assignee")
    if not may_receive(office, ticket, person, ticket.unit_id):
        return Refusal("cannot_receive", "This person cannot receive this case.", field="/assignee")
    if person.id == ticket.assignee_id:
        return Refusal("nothing_changed", "Nothing is different from before.")
    return Outcome(changes={"assignee_id": person.id}, body={"assignee_was": ticket.assignee_id, "assignee": person.id})


def _start(_: c.Start, given: Given) -> Outcome:
    ticket, actor = given.ticket, given.actor
    taken: dict[str, object] = {} if ticket.assignee_id is not None else {"assignee_id": actor.person_id}
    return Outcome(changes=taken, body={"assignee": actor.person_id} if taken else {})


def _ask(command: c.Ask, given: Given) -> Outcome:
    started = _start(c.Start(), given)
    return Outcome(changes=started.changes, body=started.body, message=("office", command.text))


def _note(command: c.Note, _: Given) -> Outcome:
    return Outcome(message=("note", command.text), sign=len(command.text.strip()) >= NOTE_OF_SUBSTANCE)


def _answer(command: c.Answer, given: Given) -> Outcome:
    ticket = given.ticket
    started = _start(c.Start(), given)
    changes = started.changes
    if command.resolves:
        return Outcome(changes=changes, body=started.body | {"resolves": True}, message=("office", command.text))
    return Outcome(
        changes=changes,
        body=started.body | {"resolves": False},
        message=("office", command.text),
        status=ticket.status,
        event="interim_answered",
    )


def _reject(command: c.Reject, _: Given) -> Outcome:
    return Outcome(body={"reason": command.reason}, message=("office", command.text))


def _forward(command: c.Forward, _: Given) -> Outcome:
    return Outcome(body={"agency": command.agency}, message=("office", command.text))


def _escalate(command: c.Escalate, given: Given) -> Outcome | Refusal:
    ticket, at, office = given.ticket, given.at, given.office
    level, recipients = next_superiors(ticket, office, at)
    if not recipients:
        return Refusal("no_superior", "There is no superior above who could receive this case.")
    return Outcome(
        changes={"level": level},
        body={"level": level, "recipients": recipients, "mail": True},
        message=("note", command.reason),
    )


def _reopen(command: c.Reopen, given: Given) -> Outcome:
    return Outcome(
        changes=new_episode(given.ticket), body={"episode": given.ticket.episode + 1}, message=("note", command.reason)
    )


def _release(command: c.Release | c.EndHold, given: Given) -> Outcome | Refusal:
    if not given.ticket.held:
        return Refusal("not_held", "This case is not held.")
    return Outcome(changes={"held_until": None, "unseen": isinstance(command, c.EndHold)})


def _undo(command: c.Undo, given: Given) -> Outcome | Refusal:
    ticket, actor, at = given.ticket, given.actor, given.at
    act = last_act(ticket)
    if act is None or act.seq != command.event or act.person_id != actor.person_id:
        return Refusal(
            "not_yours_to_undo", "Only your own last step can be undone, and nothing may have happened since."
        )
    if at > datetime.fromisoformat(act.until):
        return Refusal("too_late_to_undo", "The 10 seconds in which this step could be undone are over.")
    types = typing.get_type_hints(Ticket)
    before = {name: msgspec.convert(value, types[name]) for name, value in act.before.items()}
    status = typing.cast(Status, before.pop("status", ticket.status))
    return Outcome(changes=before, body={"event": act.seq}, status=status, undoes=act.seq)


# What a rung says only where there is something to say: 10,000 of them in a minute are written to the log.
_SELDOM = ("gone", "absent", "addresses", "ways", "note")


def _fire_rung(command: c.FireRung, given: Given) -> Outcome:
    """The ladder's step, and what else it does: ``raised`` (priority before and after) and ``unassigned`` (from whom) when they apply."""
    ticket = given.ticket
    body = msgspec.to_builtins(command)
    del body["command"], body["raise_priority"], body["unassigns"]
    for name in _SELDOM:
        if not body[name]:
            del body[name]
    changes: dict[str, object] = {}
    if command.level > ticket.level:
        changes["level"] = command.level
    if command.raise_priority is not None:
        raised = Priority(command.raise_priority)
        if _PRESSING.index(raised) > _PRESSING.index(ticket.priority):
            changes["priority"] = raised
            body["raised"] = {"from": ticket.priority, "to": raised}
    if command.unassigns and ticket.assignee_id is not None:
        changes["assignee_id"] = None
        body["unassigned"] = ticket.assignee_id
    return Outcome(changes=changes, body=body)


def _of_the_clock(command: c.EndPause | c.Recompute, _: Given) -> Outcome:
    """The log tells what the clock has worked out."""
    body = msgspec.to_builtins(command)
    del body["command"]
    return Outcome(body=body)


def _merge(_: c.Merge, given: Given) -> Outcome | Refusal:
    ticket, other = given.ticket, given.other
    if other is None:
        return Refusal("unknown_ticket", "There is no such ticket in your units.", field="/into")
    if other.id == ticket.id:
        return Refusal("same_ticket", "A ticket cannot be merged into itself.", field="/into")
    if other.status not in OPEN:
        return Refusal("ended_ticket", "The other ticket is no longer open; name one that is.", field="/into")
    return Outcome(changes={"merged_into": other.id}, body={"into": other.number})


def _split(command: c.Split, given: Given) -> Outcome | Refusal:
    office = given.office
    if len(command.text.strip()) < SECOND_MATTER_MIN:
        return Refusal(
            "too_short",
            "Write what happened, in at least {least} characters.",
            {"least": SECOND_MATTER_MIN},
            field="/text",
        )
    if command.category is not None and not _active_category(office, command.category):
        return Refusal("unknown_category", "There is no such category; choose one of the catalogue.", field="/category")
    if command.service is not None and not _active_service(office, command.service):
        return Refusal("unknown_service", "There is no such service; choose one of the catalogue.", field="/service")
    return Outcome(body={"new": given.new_number})


_RULES: dict[type, Callable[..., Outcome | Refusal]] = {
    c.Classify: _classify,
    c.SetPriority: _set_priority,
    c.Assign: _assign,
    c.Start: _start,
    c.Ask: _ask,
    c.Note: _note,
    c.Answer: _answer,
    c.Reject: _reject,
    c.Forward: _forward,
    c.Merge: _merge,
    c.Split: _split,
    c.Escalate: _escalate,
    c.Reopen: _reopen,
    c.Release: _release,
    c.EndHold: _release,
    c.Undo: _undo,
    c.RequestTime: request_time,
    c.GrantTime: grant_time,
    c.RefuseTime: refuse_time,
    c.Reply: reply,
    c.Rate: rate,
    c.FireRung: _fire_rung,
    c.EndPause: _of_the_clock,
    c.Recompute: _of_the_clock,
}
