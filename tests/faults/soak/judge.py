"""The model against the database, the outside and the logs: what was told is what is there, no more and no less."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import asyncpg
import msgspec

from complaints_service.tickets.model import ActorKind
from complaints_service.tickets.transitions import TRANSITIONS
from tests.faults.soak.model import UNKNOWN, Case, Told
from tests.faults.soak.outside import Outside
from tests.faults.soak.parts import Broken
from tests.faults.soak.secrecy import told_in_logs
from tests.faults.soak.stories import Door

MOST_COPIES = 3
_BY_THE_CLOCK = {t.event for t in TRANSITIONS if t.actor is ActorKind.SYSTEM} | {"filed"}
_ENDED_BY_THE_CLOCK = {"lapsed": "withdrawn", "auto_closed": "closed"}


class Copies(msgspec.Struct, kw_only=True):
    """Of one way out: messages that arrived, how many of them more than once, and the most copies of one."""

    messages: int
    doubled: int
    most: int

    @classmethod
    def of(cls, arrived: Counter[str]) -> Copies:
        return cls(
            messages=len(arrived),
            doubled=sum(1 for copies in arrived.values() if copies > 1),
            most=max(arrived.values(), default=0),
        )


class Verdict(msgspec.Struct, kw_only=True):
    """How much was compared."""

    tickets: int
    deeds: int
    words: int
    rungs: int
    outbox: dict[str, int]
    receipts: int
    receipts_dead: int
    mails: Copies
    webhooks: Copies
    chat_messages: int
    log_bytes: int


class Stored(msgspec.Struct):
    """A ticket as the database holds it."""

    status: str
    description: str
    events: Counter[str]
    said: Counter[tuple[str, str]]
    files: int
    draft: list[str]
    last_deed: int
    ended_by: tuple[int, str] | None


async def judged(service: Broken, told: Told, outside: Outside, before: int) -> tuple[Verdict, list[str]]:
    """How much was compared, and every difference. ``before``: the highest ticket id at the start."""
    connection = await asyncpg.connect(service.urls()[0])
    try:
        stored = await _stored(connection, before)
        outbox = await connection.fetch("SELECT id, state, kind, way, ticket_id, message_id FROM outbox")
        numbers = {row["id"]: row["number"] for row in await connection.fetch("SELECT id, number FROM ticket")}
        rungs, doubled = tuple((await connection.fetch(_RUNGS))[0])
    finally:
        await connection.close()
    wrong = list(told.odd)
    for case in told.cases:
        if case.door is Door.WHATSAPP and "split" not in case.key:
            wrong += _number_by_message(case, outside)
    wrong += numbers_of(told, stored)
    for case in told.cases:
        if case.number in stored:
            wrong += [f"{case.number} ({case.door}): {what}" for what in differences(case, stored[case.number])]
    if doubled:
        wrong.append(f"{doubled} rungs fired twice in their episode")
    mails = outside.mails()
    arrived = Counter(mail.message_id for mail in mails)
    receipts, dead, missing = _receipts(told, mails, outbox, numbers)
    wrong += missing + _ways(outbox, arrived)
    copies, hooks = Copies.of(arrived), Copies.of(outside.webhooks())
    wrong += [f"{each.most} copies of one message" for each in (copies, hooks) if each.most > MOST_COPIES]
    wrong += _unannounced(stored, outside.announced(), outbox, numbers)
    wrong += [f"audit: {found['invariant']} {found['row']}: {found['what']}" for found in await service.audit()]
    size, leaks = told_in_logs(service, told)
    verdict = Verdict(
        tickets=len(stored),
        deeds=sum(case.events.total() for case in told.cases),
        words=sum(case.said.total() for case in told.cases) + len(told.cases),
        rungs=rungs,
        outbox=dict(sorted(Counter(f"{row['way']} {row['state']}" for row in outbox).items())),
        receipts=receipts,
        receipts_dead=dead,
        mails=copies,
        webhooks=hooks,
        chat_messages=outside.chat_messages,
        log_bytes=size,
    )
    return verdict, wrong + leaks


def _number_by_message(case: Case, outside: Outside) -> list[str]:
    """A person on WhatsApp is told the number, in the end."""
    first, *_ = outside.numbers.get(case.phone or "", [None])
    case.number = first  # later ones are of tickets that this one became part of
    return [] if first else ["a chat was told no number"]


def numbers_of(told: Told, stored: dict[str, Stored]) -> list[str]:
    """I1 and I2: what was acknowledged exists, and nothing exists that was not."""
    acknowledged = Counter(case.number for case in told.cases if case.number is not None)
    wrong = [f"{number}: acknowledged and not there" for number in acknowledged if number not in stored]
    wrong += [f"{number}: there, and nobody was told" for number in stored if number not in acknowledged]
    return wrong + [f"{number}: told to {count} clients" for number, count in acknowledged.items() if count > 1]


def differences(case: Case, found: Stored) -> list[str]:
    wrong: list[str] = []
    events, said = Counter(case.events), Counter(case.said)
    if case.door is Door.WHATSAPP and "split" not in case.key:
        written = Counter({key: count for key, count in found.said.items() if key[0] == "reporter"})
        heard = [*found.description.split("\n"), *(text for _, text in written.elements()), *found.draft]
        if sorted(heard) != sorted([*case.words, *case.chatted]):
            wrong.append(f"{len(heard)} words of {len(case.words) + len(case.chatted)} in chat, thread and draft")
        said += written
        events["replied"] += written.total()
    elif (found.description,) != case.words:
        wrong.append("other words than the client's")
    if +events != found.events:
        wrong.append(f"deeds told {dict(events - found.events)} missing, {dict(found.events - events)} too many")
    if +said != found.said:
        wrong.append(f"words told {dict(said - found.said)} missing, {dict(found.said - said)} too many")
    if case.files != found.files:
        wrong.append(f"{found.files} files instead of {case.files}")
    clock = found.ended_by
    by_clock = clock is not None and clock[0] > found.last_deed and found.status == clock[1]
    if case.status not in (UNKNOWN, found.status) and not by_clock:
        wrong.append(f"stands as {found.status}, told was {case.status}")
    return wrong


def _receipts(told: Told, mails: list[Any], outbox: list[Any], numbers: dict[int, str]) -> tuple[int, int, list[str]]:
    """Every reporter with an address has the receipt, or its message has ended as dead, with its alarm (the audit looks for that)."""
    came = {(mail.to, word.strip("[]:.,")) for mail in mails for word in mail.subject.split()}
    dead = {numbers.get(row["ticket_id"]) for row in outbox if row["kind"] == "receipt" and row["state"] == "dead"}
    owed = [case for case in told.cases if case.email]
    lost = [case for case in owed if (case.email, case.number) not in came]
    return (
        len(owed) - len(lost),
        sum(1 for case in lost if case.number in dead),
        [f"{case.number}: no receipt" for case in lost if case.number not in dead],
    )


def _ways(outbox: list[Any], arrived: Counter[str]) -> list[str]:
    """I4: every message has come to an end; what counts as sent has arrived, and what arrived is ours."""
    wrong = [f"{row['kind']} by {row['way']} never ended" for row in outbox if row["state"] == "sending"]
    ours = {row["message_id"] for row in outbox if row["way"] == "email"}
    lost = {row["message_id"] for row in outbox if row["way"] == "email" and row["state"] == "sent"} - arrived.keys()
    return (
        wrong
        + [f"{len(lost)} mails are sent and did not arrive"] * bool(lost)
        + [f"{name}: arrived and nobody sent it" for name in arrived.keys() - ours]
    )


def _unannounced(
    stored: dict[str, Stored], announced: dict[str, set[str]], outbox: list[Any], numbers: dict[int, str]
) -> list[str]:
    """Each new ticket is announced under one id, or its message has ended as dead, with its alarm."""
    dead = {
        numbers.get(row["ticket_id"])
        for row in outbox
        if row["kind"] == "complaint.received" and row["state"] == "dead"
    }
    times = {number: len(announced.get(number, ())) for number in stored}
    return [
        f"{number}: announced by {count} webhooks"
        for number, count in times.items()
        if count != 1 and not (count == 0 and number in dead)
    ]


async def _stored(connection: asyncpg.Connection, before: int) -> dict[str, Stored]:
    found: dict[str, Stored] = {}
    for row in await connection.fetch(_TICKETS, before):
        events = json.loads(row["events"])
        ended = [(seq, _ENDED_BY_THE_CLOCK[type_]) for seq, type_ in events if type_ in _ENDED_BY_THE_CLOCK]
        deeds = [(seq, type_) for seq, type_ in events if type_ not in _BY_THE_CLOCK]
        found[row["number"]] = Stored(
            status=row["status"],
            description=row["description"],
            events=Counter(type_ for _, type_ in deeds),
            said=Counter((sender, text) for sender, text in json.loads(row["said"])),
            files=row["files"],
            draft=[part["text"] for part in json.loads(row["draft"] or "{}").get("parts", [])],
            last_deed=max((seq for seq, _ in deeds), default=0),
            ended_by=max(ended, default=None),
        )
    return found


_TICKETS = """
SELECT
    t.number, t.status, x.description,
    (SELECT json_agg(json_build_array(e.seq, e.type)) FROM ticket_event AS e
     WHERE e.office_id = t.office_id AND e.ticket_id = t.id)::text AS events,
    (SELECT coalesce(json_agg(json_build_array(m.sender, m.text)), '[]') FROM message AS m
     WHERE m.office_id = t.office_id AND m.ticket_id = t.id)::text AS said,
    (SELECT count(*) FROM attachment AS a WHERE a.office_id = t.office_id AND a.ticket_id = t.id) AS files,
    (SELECT c.draft FROM whatsapp_chat AS c INNER JOIN reporter AS r ON r.chat_id = c.id AND r.office_id = c.office_id
     WHERE r.office_id = t.office_id AND r.ticket_id = t.id) AS draft
FROM ticket AS t
INNER JOIN complaint_text AS x ON x.office_id = t.office_id AND x.ticket_id = t.id
WHERE t.id > $1
ORDER BY t.id
"""
_RUNGS = """
SELECT coalesce(sum(times), 0), count(*) FILTER (WHERE times > 1) FROM (
    SELECT count(*) AS times FROM ticket_event WHERE type = 'rung_fired'
    GROUP BY office_id, ticket_id, body::json ->> 'rung', body::json ->> 'episode', body::json ->> 'occurrence'
) AS r
"""
