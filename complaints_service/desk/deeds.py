"""The allowed commands as forms: which come first, which fold, what each starts with. Pure; the fields are in templates/desk/deeds.html."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from complaints_service.tickets.model import Status, Ticket

# The order in which an officer meets them; a command that is missing here has no form (a test compares with the transition table).
ORDER = (
    "verify",
    "start",
    "answer",
    "ask",
    "grant_time",
    "refuse_time",
    "close",
    "note",
    "classify",
    "assign",
    "set_priority",
    "request_time",
    "escalate",
    "acknowledge",
    "release",
    "split",
    "merge",
    "forward",
    "reject",
    "reopen",
)
# Undo has its own bar, for 10 s.
WITHOUT_FORM = frozenset({"undo"})
_PLAIN = frozenset({"verify", "start", "close", "acknowledge", "release"})
_GRAVE = frozenset({"reject", "forward", "merge", "refuse_time"})
# What usually comes next: shown first, and open.
_NEXT = {Status.RECEIVED: "verify", Status.VERIFIED: "start", Status.IN_PROGRESS: "answer", Status.ANSWERED: "close"}
_ICONS = {
    "verify": "check",
    "start": "arrow-right",
    "answer": "send",
    "ask": "chat",
    "grant_time": "check",
    "refuse_time": "x",
    "close": "check",
    "note": "pencil",
    "classify": "list",
    "assign": "user",
    "set_priority": "flag",
    "request_time": "calendar",
    "escalate": "stairs",
    "acknowledge": "eye",
    "release": "inbox",
    "split": "split",
    "merge": "link",
    "forward": "arrow-right",
    "reject": "x",
    "reopen": "undo",
}
# One command, two forms: to a person, or to another unit.
_FORMS = {"assign": ("assign-person", "assign-unit")}


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """One form. ``given``: what its fields show at first; ``problems``: field -> what to do, after a failed try."""

    command: str
    form: str
    label: str
    icon: str
    plain: bool
    main: bool
    open: bool
    grave: bool
    given: dict[str, str]
    problems: dict[str, str]


class Kept(msgspec.Struct, frozen=True):
    """A form that was not carried out: its command, its words, its problems."""

    command: str
    values: dict[str, str]
    problems: dict[str, str]


def deeds(ticket: Ticket, allowed: tuple[str, ...], label: Callable[[str], str], kept: Kept | None) -> list[Deed]:
    """The forms of the allowed commands; the one that was just tried is open and still holds what was written."""
    first = _NEXT.get(ticket.status)
    order = sorted(ORDER, key=lambda command: (command != first, command not in _PLAIN, ORDER.index(command)))
    return [
        _deed(ticket, command, form, label, kept, main=command == first)
        for command in order
        if command in allowed
        for form in _FORMS.get(command, (command,))
    ]


def _deed(
    ticket: Ticket, command: str, form: str, label: Callable[[str], str], kept: Kept | None, *, main: bool
) -> Deed:
    tried = kept is not None and form_of(kept.command, kept.values) == form
    return Deed(
        command=command,
        form=form,
        label=label(form.replace("-", "_")),
        icon="building" if form == "assign-unit" else _ICONS[command],
        plain=command in _PLAIN,
        main=main,
        open=tried or (main and kept is None),
        grave=command in _GRAVE,
        given=kept.values if tried and kept else _first_values(ticket, command),
        problems=kept.problems if tried and kept else {},
    )


def form_of(command: str, values: dict[str, str]) -> str:
    """Which of a command's forms was sent."""
    if command == "assign":
        return "assign-unit" if "unit" in values else "assign-person"
    return command


def _first_values(ticket: Ticket, command: str) -> dict[str, str]:
    if command == "classify":
        return {
            "category": ticket.category or "",
            "service": ticket.service or "",
            "kind": ticket.kind.value,
            "simple": "true" if ticket.simple else "",
            "oversight": "true" if ticket.oversight else "",
        }
    if command == "set_priority":
        return {"priority": ticket.priority.value}
    if command == "grant_time":
        return {"working_days": str(ticket.requested_days or "")}
    return {}
