"""``complaints doctor --audit``: the invariants of RELIABILITY.md over all data, read in one snapshot, with the rows that break them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import msgspec

from complaints_service.database import queries
from complaints_service.progress import Progress, no_progress
from complaints_service.tickets.chain import content_digest, event_hash, joint_digest
from complaints_service.tickets.model import Status
from complaints_service.tickets.transitions import TRANSITIONS

if TYPE_CHECKING:
    import asyncpg

PAGE = 1_000
# Enough to see what is wrong; a broken invariant seldom breaks one row.
MOST_NAMED = 100
# Beyond a lease or a sweep of their usual lengths nothing may wait.
GRACE_SECONDS = 120.0

_BY_QUERY = (
    ("I1", "i1_acknowledged"),
    ("I1", "i1_whole"),
    ("I2", "i2_one_each"),
    ("I3", "i3_one_row"),
    ("I3", "i3_one_roll_up"),
    ("I4", "i4_stuck"),
    ("I4", "i4_ends"),
    ("I6", "i6_early"),
    ("I6", "i6_late"),
    ("I12", "i12_silent"),
)
_WITH_GRACE = frozenset({"i4_stuck", "i6_late"})
INVARIANTS: tuple[str, ...] = ("I1", "I2", "I3", "I4", "I6", "I7", "I12")

# Event type -> the statuses it may lead from and to; a type of several commands, or with a status that depends, allows them all.
_LEGAL: dict[str, set[tuple[str, str]]] = defaultdict(set)
for _transition in TRANSITIONS:
    if _transition.target is not None:
        _LEGAL[_transition.event] |= {(source.value, _transition.target.value) for source in _transition.sources}
_LEGAL["replied"] |= {
    (Status.WAITING_REPORTER.value, Status.IN_PROGRESS.value),
    (Status.ANSWERED.value, Status.IN_PROGRESS.value),
    (Status.ANSWERED.value, Status.CLOSED.value),
    (Status.CLOSED.value, Status.IN_PROGRESS.value),
}


class Violation(msgspec.Struct, frozen=True):
    """A row that breaks an invariant; ``row`` is a ticket's number or a table's id, never personal data."""

    invariant: str
    office: int
    row: str
    what: str


class _Move(msgspec.Struct, frozen=True):
    """What an event's body says of the status, if anything."""

    before: str | None = msgspec.field(name="from", default=None)
    after: str | None = msgspec.field(name="to", default=None)


_moves = msgspec.json.Decoder(_Move)


async def audit(
    connection: asyncpg.Connection, grace_seconds: float = GRACE_SECONDS, progress: Progress = no_progress
) -> list[Violation]:
    """Every broken invariant (at most 100 rows of each kind), seen by the system in one read-only snapshot.

    ``grace_seconds``: how long due work may wait on this machine. Raises what asyncpg raises.
    """
    found: list[Violation] = []
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await queries("doctor").see_everything(connection)
        for invariant, name in _BY_QUERY:
            more = {"grace_seconds": grace_seconds} if name in _WITH_GRACE else {}
            rows = getattr(queries("doctor"), name)(connection, most=MOST_NAMED, **more)
            found += [Violation(invariant, row["office_id"], row["row_name"], row["what"]) async for row in rows]
        offices = [row["id"] async for row in queries("doctor").offices(connection)]
        for office_id in offices:
            found += await _chains(connection, office_id)
            found += await _seals(connection, office_id)
    return found


async def _seals(connection: asyncpg.Connection, office_id: int) -> list[Violation]:
    """I7 as the world outside can check it: the daily roots that have left by mail."""
    return [
        Violation(
            "I7", office_id, f"seal of {row['day']}", "no longer fits the log: compare it with the mail of that day"
        )
        async for row in queries("seals").broken_seals(connection, office_id=office_id)
    ]


async def _chains(connection: asyncpg.Connection, office_id: int) -> list[Violation]:
    """I7 for every ticket of an office, page by page."""
    found: list[Violation] = []
    after = 0
    while len(found) < MOST_NAMED:
        tickets = [
            row async for row in queries("doctor").tickets_page(connection, office_id=office_id, after=after, most=PAGE)
        ]
        if not tickets:
            break
        first, after = tickets[0]["id"], tickets[-1]["id"]
        span = {"office_id": office_id, "first": first, "last": after}
        events: dict[int, list[asyncpg.Record]] = defaultdict(list)
        async for row in queries("doctor").events_page(connection, **span):
            events[row["ticket_id"]].append(row)
        words = {row["ticket_id"]: row async for row in queries("doctor").first_words_page(connection, **span)}
        for ticket in tickets:
            wrong = _wrong(ticket, events[ticket["id"]], words.get(ticket["id"]))
            found += [Violation("I7", office_id, ticket["number"], what) for what in wrong]
    return found[:MOST_NAMED]


def _wrong(ticket: asyncpg.Record, events: list[asyncpg.Record], words: asyncpg.Record | None) -> list[str]:
    if [event["seq"] for event in events] != list(range(1, ticket["seq"] + 1)):
        return [f"its events are not 1 to {ticket['seq']} without a gap"]
    wrong: list[str] = []
    head, status = ticket["chain_seed"], Status.RECEIVED.value
    for event in events:
        head = event_hash(
            head, event["seq"], event["at"], event["type"], event["actor"], event["body"], event["content_digest"]
        )
        if head != event["hash"]:
            return [*wrong, f"event {event['seq']} does not follow from the one before it"]
        if not _words_fit(event, words):
            wrong.append(f"the words of event {event['seq']} are not those that were chained")
        move = _moves.decode(event["body"])
        if move.after is None or move.before is None:
            continue
        if move.before != status:
            wrong.append(f"event {event['seq']} leaves {move.before}, but the ticket was {status}")
        elif event["type"] in _LEGAL and (move.before, move.after) not in _LEGAL[event["type"]]:
            wrong.append(f"event {event['seq']}: {event['type']} does not lead from {move.before} to {move.after}")
        status = move.after
    if head != ticket["chain_head"]:
        wrong.append("the chain does not end in the ticket's head")
    if status != ticket["status"]:
        wrong.append(f"its events end in {status}, its row says {ticket['status']}")
    return wrong


def _words_fit(event: asyncpg.Record, first: asyncpg.Record | None) -> bool:
    """Whether the erasable words beside an event still have the digest that the chain holds (erased ones keep it)."""
    if event["seq"] == 1:
        return first is not None and event["content_digest"] == _digest_of_filing(first)
    if event["words_digest"] is None:
        return event["content_digest"] is None
    if event["words_digest"] != event["content_digest"]:
        return False
    return event["erased"] or content_digest(event["salt"], event["text"]) == event["content_digest"]


def _digest_of_filing(row: asyncpg.Record) -> bytes:
    text = row["digest"]
    if not row["erased"]:
        parts = (row["subject"], row["description"], row["location"], row["occurred_on"], row["reported"])
        text = content_digest(row["salt"], *parts)
    if row["reporter_digest"] is None:
        return joint_digest(text)
    reporter = row["reporter_digest"]
    if not row["reporter_erased"]:
        reporter = content_digest(row["reporter_salt"], row["name"], row["phone"], row["email"], row["whatsapp"])
    return joint_digest(text, reporter)
