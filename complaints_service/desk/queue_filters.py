"""The queue's address: its query as filters, and filters as a query. Pure. Values that mean nothing are passed over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from msgspec import Meta

from complaints_service.office.model import Office, Person
from complaints_service.tickets.file import QueueFilters
from complaints_service.tickets.model import ENDED, OWED, Channel, Kind, Priority, Status

# Names for several statuses at once. Only the first two belong to the open queue.
GROUPS: dict[str, frozenset[Status]] = {
    "owed": OWED,
    "running": OWED - {Status.WAITING_REPORTER},
    "ended": ENDED,
}
TIMES = ("due_from", "due_before", "received_from", "received_before")
BY_RECEIPT = "-received"
LONGEST_SEARCH = 200
MOST_ITEMS = 200


def _among(*words: str) -> Meta:
    """An empty value narrows nothing, as in an address that a form has made."""
    return Meta(extra_json_schema={"enum": ["", *words]})


_Word = Annotated[str, Meta(max_length=60)]
_Time = Annotated[str, Meta(extra_json_schema={"anyOf": [{"format": "date-time"}, {"const": ""}]})]


class QueueQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a list can be asked for. ``status``: one, or a group; ``assignee``: me, none or a person's id; other words are slugs.

    ``order``: by next breach without it.
    """

    q: str = ""
    status: Annotated[str, _among(*Status, *GROUPS)] = ""
    assignee: _Word = ""
    unit: _Word = ""
    category: _Word = ""
    service: _Word = ""
    kind: Annotated[str, _among(*Kind)] = ""
    channel: Annotated[str, _among(*Channel)] = ""
    priority: Annotated[str, _among(*Priority)] = ""
    overdue: Annotated[str, _among("true")] = ""
    order: Annotated[str, _among("due", BY_RECEIPT)] = ""
    due_from: _Time = ""
    due_before: _Time = ""
    received_from: _Time = ""
    received_before: _Time = ""
    cursor: str = ""
    limit: Annotated[int, Meta(ge=1, le=MOST_ITEMS)] = 50


FIELDS = tuple(name for name in QueueQuery.__struct_fields__ if name not in ("cursor", "limit"))


class Asked(msgspec.Struct, frozen=True):
    """The query, cleaned: field -> value, only those that say something."""

    values: dict[str, str]

    def get(self, name: str) -> str:
        """The value of a field; empty when it does not narrow anything."""
        return self.values.get(name, "")

    def address(self, **changes: str) -> str:
        """The queue's address with these filters, some of them changed (empty: removed)."""
        query = {name: value for name, value in {**self.values, **changes}.items() if value}
        return f"/desk?{urlencode(query)}" if query else "/desk"


def asked_from(query: Mapping[str, str], office: Office) -> Asked:
    """What of a query the queue understands; a slug, status or time that does not exist is left out."""
    checks: dict[str, frozenset[str]] = {
        "status": frozenset(Status) | frozenset(GROUPS),
        "unit": frozenset(unit.slug for unit in office.units.values()),
        "category": frozenset(office.categories),
        "service": frozenset(office.services),
        "kind": frozenset(Kind),
        "channel": frozenset(Channel),
        "priority": frozenset(Priority),
        "overdue": frozenset({"true"}),
        "order": frozenset({BY_RECEIPT}),
        "assignee": frozenset({"me", "none"}) | frozenset(str(person_id) for person_id in office.people),
    }
    values: dict[str, str] = {}
    for name in FIELDS:
        value = query.get(name, "").strip()
        known = checks.get(name)
        if name in TIMES:
            value = value if _time(value) else ""
        elif name == "q":
            value = value.replace("\x00", "")[:LONGEST_SEARCH]
        elif known is not None and value not in known:
            value = ""
        if value:
            values[name] = value
    return Asked(values)


def filters_of(asked: Asked, office: Office, viewer: Person) -> QueueFilters:
    """The filters for the reader. Ended tickets are only in the list by receipt, so asking for them chooses it."""
    status = asked.get("status")
    statuses = GROUPS.get(status) or (frozenset({Status(status)}) if status else frozenset[Status]())
    assignee = asked.get("assignee")
    unit = office.unit_by_slug(asked.get("unit"))
    return QueueFilters(
        statuses=tuple(sorted(statuses)),
        unit=unit.id if unit else None,
        assignee=viewer.id if assignee == "me" else int(assignee) if assignee.isdigit() else None,
        unassigned=assignee == "none",
        category=asked.get("category") or None,
        service=asked.get("service") or None,
        kind=asked.get("kind") or None,
        channel=asked.get("channel") or None,
        priority=asked.get("priority") or None,
        overdue=asked.get("overdue") == "true",
        due_before=_time(asked.get("due_before")),
        due_from=_time(asked.get("due_from")),
        received_from=_time(asked.get("received_from")),
        received_before=_time(asked.get("received_before")),
        words=asked.get("q") or None,
        newest_first=by_receipt(asked),
    )


def by_receipt(asked: Asked) -> bool:
    """Whether the list is all tickets by receipt and not the open ones by next breach."""
    status = asked.get("status")
    ended = status == "ended" or (status and status not in GROUPS and Status(status) in ENDED)
    return bool(ended) or asked.get("order") == BY_RECEIPT


def _time(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo is not None else None
    except (ValueError, OverflowError):  # year 1 or 9999 in a zone beyond UTC
        return None
