"""The steps of ``test_model.py``: each is taken on the real service and on the model, and both must say the same of it."""

from __future__ import annotations

import asyncio
import secrets
from datetime import timedelta
from typing import Any
from uuid import uuid4

import msgspec

from complaints_service.errors import Invalid, NotFound, Refused, Stale
from complaints_service.intake.kiosk.model import Device
from complaints_service.intake.whatsapp.inbound import Inbound, InboundKind, Provider
from complaints_service.office.model import Policy
from complaints_service.tickets import commands as c
from complaints_service.tickets.filed import Filed
from complaints_service.tickets.model import Channel, Priority
from tests.faults import office_model as model
from tests.faults.office_model import Case
from tests.service.new_versions import publish_calendar, publish_policy
from tests.service.outbox_room import Room

COUNTS = """SELECT (SELECT count(*) FROM ticket_event) AS events, (SELECT sum(version * 1000 + seq) FROM ticket) AS tickets,
    (SELECT count(*) FROM outbox) AS letters, (SELECT count(*) FROM deadline) AS deadlines,
    (SELECT count(*) FROM sla_timer WHERE state = 'armed') AS timers"""
GAPS = """SELECT k.number FROM ticket AS k JOIN ticket_event AS e USING (office_id) WHERE e.ticket_id = k.id
    GROUP BY k.number, k.seq HAVING count(*) <> k.seq OR min(e.seq) <> 1 OR max(e.seq) <> k.seq"""
SILENT = """SELECT number FROM ticket AS k WHERE ended_at IS NULL AND NOT EXISTS
    (SELECT 1 FROM sla_timer AS t WHERE t.office_id = k.office_id AND t.ticket_id = k.id AND t.state = 'armed')"""
WITHOUT_DATE = """SELECT number FROM ticket AS k WHERE status = ANY ($1) AND NOT EXISTS (SELECT 1 FROM deadline AS d
    WHERE d.office_id = k.office_id AND d.ticket_id = k.id AND d.episode = k.episode AND d.target = 'answer')"""
NOW = """SELECT k.number, k.status, k.version, k.priority, u.slug AS unit, p.username AS assignee FROM ticket AS k
    JOIN unit AS u ON u.office_id = k.office_id AND u.id = k.unit_id
    LEFT JOIN person AS p ON p.office_id = k.office_id AND p.id = k.assignee_id"""

COMMANDS: dict[str, Any] = {
    "verify": c.Verify(),
    "start": c.Start(),
    "hand_over": None,
    "assign": c.Assign(assignee="petugas"),
    "ask": c.Ask(text="Tanggal berapa Anda mendaftar?"),
    "answer": c.Answer(text="Paspor Anda siap diambil di loket 3."),
    "interim": c.Answer(text="Kami masih memeriksa berkas Anda.", resolves=False),
    "note": c.Note(text="Berkas sudah diperiksa di loket."),
    "request_time": c.RequestTime(reason="Menunggu jawaban kantor wilayah.", working_days=1),
    "grant_time": c.GrantTime(),
    "refuse_time": c.RefuseTime(reason="Berkas sudah lengkap."),
    "acknowledge": c.Acknowledge(),
    "escalate": c.Escalate(reason="Pelapor sudah tiga kali bertanya."),
    "reject": c.Reject(reason="bukan wewenang", text="Hal ini bukan wewenang kantor kami."),
    "forward": c.Forward(agency="Dinas Kependudukan", text="Kami teruskan kepada instansi yang berwenang."),
    "split": c.Split(text="Selain itu kursi di ruang tunggu rusak."),
    "close": c.Close(),
    "reopen": c.Reopen(reason="Pelapor menelepon, paspor belum diterima."),
}


class OfficeDeeds:
    """A room, and the cases of one sequence in it."""

    def __init__(self, room: Room, device: Device) -> None:
        self.room = room
        self.device = device
        self.cases: list[Case] = []

    def case(self, which: int) -> Case:
        """One of the cases; there is always one."""
        return self.cases[which % len(self.cases)]

    def _command(self, case: Case, deed: str, other: Case) -> c.AnyCommand:
        if deed == "merge":
            return c.Merge(into=other.number)
        if deed == "hand_over":
            return c.Assign(unit="lantaskim" if case.unit == "intaltuskim" else "intaltuskim")
        if deed == "classify":
            return c.Classify(simple=not case.simple)
        if deed == "set_priority":
            return c.SetPriority(priority=Priority.HIGH if case.priority == "normal" else Priority.NORMAL)
        return COMMANDS[deed]

    async def files(self, door: str) -> None:
        office = self.room.office
        if door == "kiosk":
            item = {"client_id": str(uuid4()), "description": "Mesin antrean di ruang tunggu mati.", "service": "itas"}
            raw = msgspec.json.encode(item)
            (first,) = await office.services.kiosk.file_all(self.device, [raw])
            (again,) = await office.services.kiosk.file_all(self.device, [raw])
            assert isinstance(first.outcome, Filed)
            assert isinstance(again.outcome, Filed)
            assert (again.outcome.number, again.outcome.replayed) == (first.outcome.number, True)
            number = first.outcome.number
        elif door == "whatsapp":
            number = await self._files_by_whatsapp()
        else:
            key, channel = str(uuid4()), Channel(door)
            number = (await office.file(key, channel=channel)).number
            again = await office.file(key, channel=channel)
            assert (again.number, again.replayed) == (number, True)
        await self._is_a_case(number)

    async def _files_by_whatsapp(self) -> str:
        phone = f"62812{secrets.randbelow(10**9):09d}"
        at = await self.room.office.now()
        said = [
            Inbound(
                provider=Provider.CLOUD, message_id=f"wamid.{phone}.{number}", address=phone, at=at,
                kind=InboundKind.TEXT, text=text, choice=None, profile_name="Siti Rahma",
            )
            for number, text in enumerate(("Paspor saya belum jadi padahal sudah sepuluh hari.", "kirim"))
        ]  # fmt: skip
        for message in (*said, said[1]):
            await self.room.services.whatsapp.take_in(Provider.CLOUD, [message])
        found = await self.room.admin.fetch(
            "SELECT k.number FROM ticket AS k JOIN reporter AS r ON r.office_id = k.office_id AND r.ticket_id = k.id"
            " WHERE r.whatsapp = $1",
            phone,
        )
        assert len(found) == 1, "one ticket, although the last message came twice"
        return found[0]["number"]

    async def _is_a_case(self, number: str) -> None:
        (row,) = await self.room.admin.fetch(f"{NOW} WHERE k.number = $1", number)
        assert (row["status"], row["version"]) == ("received", 1)
        ticket_id = await self.room.admin.fetchval("SELECT id FROM ticket WHERE number = $1", number)
        at = await self.room.office.now()
        self.cases.append(Case(number, ticket_id, row["unit"], row["assignee"], at, priority=row["priority"]))

    async def acts(self, case: Case, deed: str, who: str, other: Case, *, stale: bool) -> None:
        reason = model.refused(case, deed, who)
        if (
            deed == "merge"
            and reason is None
            and (other is case or other.status not in model.OPEN or other.unit not in model.SEES[who])
        ):
            reason = "refused"
        if stale and reason != "unseen":
            reason = "stale"
        version = case.version - 1 if stale else case.version
        acted = await self._attempt(self._command(case, deed, other), case, who, version, reason)
        if acted is None:
            return
        model.done(case, deed, who, await self.room.office.now(), acted.events[-1].seq)
        if deed == "split":
            assert acted.created_number is not None
            await self._is_a_case(acted.created_number)
            # The second matter is as simple as the first was taken to be.
            self.cases[-1].simple = case.simple

    async def _attempt(self, command: c.AnyCommand, case: Case, who: str, version: int, reason: str | None) -> Any:
        """What was done, or None where it was refused as it should be, with nothing changed."""
        before = await self.room.admin.fetchrow(COUNTS)
        expected = {None: (), "unseen": NotFound, "stale": Stale, "refused": (Refused, Invalid)}[reason]
        try:
            acted = await self.room.office.act(case.number, command, who, version)
        except (NotFound, Stale, Refused, Invalid) as error:
            if isinstance(error, Invalid | Refused) and self._depends(command, case, error):
                return None
            assert isinstance(error, expected), (case, command, who, reason, error)
            assert await self.room.admin.fetchrow(COUNTS) == before, "what is refused changes nothing"
            return None
        assert reason is None, (case, command, who, reason)
        return acted

    @staticmethod
    def _depends(command: c.AnyCommand, case: Case, error: Exception) -> bool:
        """What the model does not know: how far the ladder has lifted a case, and how many days the target of the day still gives."""
        if isinstance(command, c.Escalate):
            return getattr(error, "code", "") == "no_superior"
        return case.granted >= 5 and isinstance(command, c.RequestTime | c.GrantTime)

    async def undoes(self, case: Case, *, late: bool) -> None:
        if case.undo is None:
            return
        who, seq, until, _ = case.undo
        if late:
            await self.room.office.move_clock(timedelta(seconds=11))
        at = await self.room.office.now()
        if abs((until - at).total_seconds()) < 2:
            return  # which of the two is sooner is the machine's matter
        reason = None if at < until else ("refused" if case.unit in model.SEES[who] else "unseen")
        acted = await self._attempt(c.Undo(event=seq), case, who, case.version, reason)
        if acted is not None:
            model.undone(case)

    async def replies(self, case: Case, *, resolved: bool) -> None:
        at = await self._the_reporter_reads()
        after = model.after_reply(case, resolved=resolved, at=at)
        if not await self._reporter(case, c.Reply(text="Terima kasih.", resolved=resolved), allowed=after is not None):
            return
        assert after is not None
        ended = case.status in ("answered", "closed", "withdrawn", "merged")
        case.begins_anew(at) if ended and after == "in_progress" else case.enters(after, at)
        case.version += 1
        case.undo = None

    async def rates(self, case: Case) -> None:
        await self._the_reporter_reads()
        await self._reporter(case, c.Rate(score=3), allowed=case.status in ("answered", "closed"))

    async def withdraws(self, case: Case) -> None:
        at = await self._the_reporter_reads()
        if await self._reporter(case, c.Withdraw(), allowed=case.status in model.OWED):
            case.enters("withdrawn", at)
            case.version += 1
            case.undo = None

    async def _the_reporter_reads(self) -> Any:
        """Nobody answers within the seconds in which a deed can be undone."""
        await self.room.office.move_clock(timedelta(seconds=11))
        return await self.room.office.now()

    async def _reporter(self, case: Case, command: c.AnyCommand, *, allowed: bool) -> bool:
        before = await self.room.admin.fetchrow(COUNTS)
        filed = await self._filed(case)
        try:
            await self.room.office.reporter_acts(filed, command)
        except Refused:
            assert not allowed, (case, command)
            assert await self.room.admin.fetchrow(COUNTS) == before, "what is refused changes nothing"
            return False
        assert allowed, (case, command)
        return True

    async def _filed(self, case: Case) -> Filed:
        office = await self.room.office.office()
        return msgspec.convert(
            {
                "office_id": office.id, "ticket_id": case.ticket_id, "number": case.number, "tracking_code": "",
                "status": "received", "kind": "", "category": None, "service": None, "unit_name": "",
                "received_at": case.since, "deadlines": [],
            },
            Filed,
        )  # fmt: skip

    async def waits(self, by: timedelta) -> None:
        await self.room.office.move_clock(by)
        await self.drains()

    async def drains(self) -> None:
        services = self.room.services
        async with asyncio.timeout(120):
            while await services.recomputes.work_due() + await services.timers.fire_due():
                pass
        at = await self.room.office.now()
        rows = {row["number"]: row for row in await self.room.admin.fetch(NOW)}
        for case in self.cases:
            status = rows[case.number]["status"]
            assert status in model.by_the_clock(case, at), case
            if status != case.status:
                case.enters(status, at)
                case.version += 1
                case.undo = None

    async def closes_a_day(self, ahead: int) -> None:
        office = await self.room.services.offices.reload(1)
        day = (await self.room.office.now() + timedelta(days=ahead)).date()
        await publish_calendar(self.room.admin, office, [day])
        await self.drains()

    async def compare(self) -> None:
        admin = self.room.admin
        rows = {row["number"]: row for row in await admin.fetch(NOW)}
        for case in self.cases:
            row = rows[case.number]
            real = (row["status"], row["version"], row["unit"], row["assignee"])
            assert real == (case.status, case.version, case.unit, case.assignee), case
            case.priority = row["priority"]
        assert await admin.fetch(GAPS) == [], "the log has no gaps (I7)"
        assert await admin.fetch(SILENT) == [], "an open case is never silent (I12)"
        assert await admin.fetch(WITHOUT_DATE, list(model.OWED)) == [], "who waits has a date"

    async def ends(self) -> None:
        await self._the_reporter_reads()
        for case in self.cases:
            if case.status in model.OWED:
                await self.withdraws(case)
            elif case.status == "answered":
                await self.replies(case, resolved=True)
        await self.compare()

    async def publishes_a_policy(self, days: int, *, for_open: bool) -> None:
        """Other days for the answer, from now on."""

        def change(policy: Policy) -> Policy:
            targets = tuple(
                msgspec.structs.replace(t, amount=days)
                if t.target == "answer" and t.measure == "working_days" and t.amount in (6, 14, 20)
                else t
                for t in policy.targets
            )
            return msgspec.structs.replace(policy, targets=targets)

        office = await self.room.services.offices.reload(1)
        await publish_policy(self.room.admin, office, change, applies_to_open=for_open)
        await self.drains()
