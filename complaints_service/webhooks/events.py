"""What machines are told, and the words of one message. Pure: no I/O. Never names, texts, contacts or tracking codes (API.md)."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

import msgspec

from complaints_service.feedback.rules import Report
from complaints_service.office.model import Office
from complaints_service.tickets.model import Event
from complaints_service.tickets.port import Change, Effects, OutboxRow

WAY = "webhook"
# Sent only when an administrator asks for it, to that one endpoint.
TEST = "webhook.test"

_encoder = msgspec.json.Encoder()


class EventType(StrEnum):
    """What an endpoint can be told (API.md, "Machines")."""

    RECEIVED = "complaint.received"
    STATUS_CHANGED = "complaint.status_changed"
    ESCALATED = "complaint.escalated"
    CYCLE_CLOSED = "feedback.cycle_closed"


class Params(msgspec.Struct, frozen=True):
    """What a row of the outbox keeps: the instant of the event and its facts. The number of a new ticket is not known yet."""

    timestamp: str
    data: dict[str, object] = {}


class WebhookReactor:
    """Fills the outbox part of the port of ``tickets``: one row for each endpoint that wants the event."""

    def react(self, change: Change) -> Effects:
        """Rows leave when the deed can no longer be undone, and are cancelled with it (they carry its event)."""
        if not change.office.webhooks:
            return Effects()
        return Effects(outbox=tuple(_rows(change)))


def _rows(change: Change) -> Iterator[OutboxRow]:
    ticket, new = change.after, change.before is None
    status = ticket.status if change.before is None else change.before.status
    level = 0 if change.before is None else change.before.level
    for event in change.events:
        # Several events may come at once: each is told with what stood then.
        status = event.body.get("to", status)
        level = max(level, _level(event))
        kind = _type_of(change, event)
        if kind is None:
            continue
        data: dict[str, object] = {
            "status": status,
            "kind": ticket.kind,
            "unit": change.office.units[ticket.unit_id].slug,
            "level": level,
        }
        for endpoint in change.office.webhooks:
            if kind in endpoint.events:
                name = "{t}" if new else str(ticket.id)
                yield OutboxRow(
                    office_id=ticket.office_id,
                    ticket_id=0 if new else ticket.id,
                    event_seq=event.seq,
                    dedupe_key=f"{name}:{ticket.episode}:{event.seq}:{kind}:webhook:{endpoint.id}",
                    kind=kind.value,
                    way=WAY,
                    recipient="address",
                    address=str(endpoint.id),
                    params=_encoder.encode(Params(rfc3339(event.at), data)).decode(),
                    created_at=event.at,
                    released_at=event.released_at,
                    message_id="",  # its name outside is the row's id
                )


def _type_of(change: Change, event: Event) -> EventType | None:
    if change.before is None:
        return EventType.RECEIVED if event.seq == change.events[0].seq else None
    if event.undoes is not None:
        return None  # what it takes back is not told either
    if event.type == "escalated" or (
        event.type == "rung_fired" and event.body.get("act") == "notify" and _level(event)
    ):
        return EventType.ESCALATED
    return EventType.STATUS_CHANGED if "to" in event.body else None


def _level(event: Event) -> int:
    level = event.body.get("level", 0)
    return level if event.type in ("escalated", "rung_fired") and isinstance(level, int) else 0


def rfc3339(at: object) -> str:
    """An instant as the API writes it."""
    return msgspec.to_builtins(at)


def cycle_rows(report: Report, office: Office) -> list[OutboxRow]:
    """The rows about a closed cycle of the feedback loop."""
    data: dict[str, object] = {
        "cycle": report.cycle,
        "monthly": report.monthly,
        "from": report.period.starts_at,
        "to": report.period.ends_at,
    }
    params = _encoder.encode(Params(rfc3339(report.closed_at), data)).decode()
    return [
        OutboxRow(
            office_id=office.id,
            ticket_id=None,
            event_seq=None,
            dedupe_key=f"cycle:{report.cycle}:webhook:{endpoint.id}",
            kind=EventType.CYCLE_CLOSED.value,
            way=WAY,
            recipient="address",
            address=str(endpoint.id),
            params=params,
            created_at=report.closed_at,
            released_at=report.closed_at,
            message_id="",
        )
        for endpoint in office.webhooks
        if EventType.CYCLE_CLOSED in endpoint.events
    ]


def body_of(kind: str, params: str, number: str | None, base_url: str) -> bytes:
    """The body of a message, the same bytes at every try. Raises ValueError for a row that cannot be read."""
    known = msgspec.json.decode(params, type=Params)
    data = dict(known.data)
    if number is not None:
        data = {"number": number, **data, "links": {"self": f"{base_url}/api/v1/tickets/{number}"}}
    elif "cycle" in data:
        data["links"] = {"self": f"{base_url}/api/v1/feedback/cycles/{data['cycle']}"}
    return _encoder.encode({"type": kind, "timestamp": known.timestamp, "data": data})
