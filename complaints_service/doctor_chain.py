"""Ticket by ticket: chain, words and statuses (I7). The server walks over every ticket once, this module looks closely at the suspects.

``suspects`` in sql/queries/doctor.sql makes the same hashes as ``tickets/chain.py`` (SHA-256 over the same bytes; JSON of texts is the
same from PostgreSQL as from msgspec), only twice as fast and without moving the rows here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import msgspec

from complaints_service.database import queries
from complaints_service.tickets.chain import content_digest, event_hash, joint_digest
from complaints_service.tickets.model import Status
from complaints_service.tickets.transitions import REPLY_LEADS, TRANSITIONS

if TYPE_CHECKING:
    import asyncpg

# Tickets looked at closely at a time.
PAGE = 1_000

# Event type -> the statuses it may lead from and to; a type of several commands, or with a status that depends, allows them all.
_LEGAL: dict[str, set[tuple[str, str]]] = defaultdict(set)
for _transition in TRANSITIONS:
    if _transition.target is not None:
        _LEGAL[_transition.event] |= {(source.value, _transition.target.value) for source in _transition.sources}
_LEGAL["replied"] |= {(before.value, after.value) for before, after in REPLY_LEADS}


_MOVES = [f"{kind} {before} {after}" for kind, moves in _LEGAL.items() for before, after in sorted(moves)]


class _Move(msgspec.Struct, frozen=True):
    """What an event's body says of the status, if anything."""

    before: str | None = msgspec.field(name="from", default=None)
    after: str | None = msgspec.field(name="to", default=None)


_moves = msgspec.json.Decoder(_Move)


class Suspects(msgspec.Struct, frozen=True):
    """Ids of a span's tickets, by what the walk over them has seen."""

    chain: list[int] = []
    half_filed: list[int] = []
    filed_again: list[int] = []
    tells_reporter: list[int] = []
    has_files: list[int] = []


async def suspects(connection: asyncpg.Connection, office_id: int, first: int, last: int) -> Suspects:
    """Every ticket with an id from ``first`` to ``last``, both included, that needs a closer look, and why."""
    span = {"office_id": office_id, "first": first, "last": last}
    found = Suspects()
    async with side_by_side(connection):
        async for row in queries("doctor").suspects(connection, **span, types=list(_LEGAL), moves=_MOVES):
            for why in Suspects.__struct_fields__:
                if row[why]:
                    getattr(found, why).append(row["id"])
    return found


@asynccontextmanager
async def side_by_side(connection: asyncpg.Connection) -> AsyncGenerator[None]:
    """For statements that read much of several tables: all in the order of their keys, no look-up for each row."""
    await queries("doctor").step_by_step(connection, nested="off")
    yield
    await queries("doctor").step_by_step(connection, nested="on")


async def broken_chains(
    connection: asyncpg.Connection, office_id: int, suspected: list[int], most: int
) -> list[tuple[str, str]]:
    """(number, what is wrong) for the tickets whose chain, words or statuses are wrong indeed; ends when ``most`` are found."""
    found: list[tuple[str, str]] = []
    for at in range(0, len(suspected), PAGE):
        if len(found) >= most:
            break
        found += await _look_closely(connection, office_id, suspected[at : at + PAGE])
    return found


async def _look_closely(connection: asyncpg.Connection, office_id: int, ids: list[int]) -> list[tuple[str, str]]:
    asked = {"office_id": office_id, "ids": ids}
    events: dict[int, list[asyncpg.Record]] = defaultdict(list)
    async for row in queries("doctor").events_page(connection, **asked):
        events[row["ticket_id"]].append(row)
    words = {row["ticket_id"]: row async for row in queries("doctor").first_words_page(connection, **asked)}
    found: list[tuple[str, str]] = []
    async for ticket in queries("doctor").tickets_page(connection, **asked):
        wrong = _wrong(ticket, events[ticket["id"]], words.get(ticket["id"]))
        found += [(ticket["number"], what) for what in wrong]
    return found


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
