"""A flood: a victim's address in very many forms gets one mail, the desk stays usable, and nothing that was taken is forgotten."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import httpx
import pytest

from complaints_service.database import Scope
from complaints_service.tickets.commands import Reject, Release, Verify
from complaints_service.tickets.file import QueueFilters
from complaints_service.tickets.holds import ALARM, MANY
from complaints_service.tickets.model import Hold
from tests.app_client import client_of, started_app
from tests.office import a_complaint
from tests.servers import Running
from tests.service.outbox_room import Room, a_room

VICTIM = "korban@example.org"
# What one contact may be named in an hour, how many more are held in a minute, and how many forms come.
NAMED, HELD, FORMS = 3, MANY, 40
WORDS = "Banyak sekali kiriman yang sama ini dikirim oleh sebuah program."


@pytest.fixture
async def room(running: Running, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Room]:
    limits = {"rate_contact_per_hour": str(NAMED), "rate_held_per_minute": str(HELD), "receipts_per_day": "1"}
    async with a_room(running, tmp_path_factory.mktemp("held"), **limits) as opened:
        yield opened


@pytest.fixture
async def app(room: Room) -> AsyncIterator[object]:
    async with started_app(room.services.settings, room.services) as started:
        yield started


async def flood(app: object, forms: int = FORMS) -> list[httpx.Response]:
    """Each form from a network address of its own."""
    answers: list[httpx.Response] = []
    for number in range(forms):
        async with client_of(app, f"10.1.{number}.7") as client:
            form = {
                "kind": "complaint",
                "privacy": "open",
                "description": WORDS,
                "reporter.email": VICTIM,
                "step": "send",
            }
            answers.append(await client.post("/", data={**form, "form_id": str(uuid.uuid4())}))
    return answers


def mails_to_the_victim(room: Room) -> int:
    return sum(VICTIM in mail.to for mail in room.postbox.taken)


async def queue_of(room: Room, username: str) -> list[str]:
    """Numbers in a person's queue."""
    office, person = await room.office.office(), await room.office.person(username)
    scope = Scope.person(office.id, person.id, office.scope_units(person), person.works_in)
    page = await room.services.reader.queue(scope, office, person, QueueFilters())
    assert page.counts["open"] == len(page.items)
    return [item.number for item in page.items]


async def sign_in(room: Room, client: httpx.AsyncClient, username: str) -> None:
    credentials = {"username": username, "password": room.office.passwords[username]}
    session = await client.post("/api/v1/session", json=credentials)
    client.headers["X-CSRF-Token"] = session.json()["csrf_token"]


async def test_a_victims_address_in_many_forms_gets_one_mail_and_the_queue_stays_short(room: Room, app: object) -> None:
    answers = await flood(app)
    assert Counter(answer.status_code for answer in answers) == {303: NAMED + HELD, 429: FORMS - NAMED - HELD}
    for refused in answers[NAMED + HELD :]:
        # Nothing that was written is lost: the same page once more.
        assert WORDS in refused.text
        assert VICTIM in refused.text
        assert int(refused.headers["Retry-After"]) >= 1
    assert len(await queue_of(room, "petugas")) == NAMED
    without_timer = await room.admin.fetchval(
        "SELECT count(*) FROM ticket AS k WHERE NOT EXISTS (SELECT 1 FROM sla_timer AS s WHERE s.ticket_id = k.id AND s.state = 'armed')"
    )
    assert without_timer == 0

    await room.deliver()
    await room.office.move_clock(timedelta(minutes=61))
    await room.deliver()
    assert mails_to_the_victim(room) == 1
    kept = await room.admin.fetchval(
        "SELECT count(*) FROM receipt_mail WHERE encode(contact_key, 'escape') LIKE '%korban%'"
    )
    assert kept == 0


async def test_an_officer_releases_and_rejects_many_at_once_and_no_mail_goes_to_the_victim(
    room: Room, app: object
) -> None:
    await flood(app)
    await room.deliver()
    async with client_of(app) as desk:
        await sign_in(room, desk, "petugas")
        assert "/desk/ditahan" in (await desk.get("/desk", headers={"Accept": "text/html"})).text
        held = await desk.get("/desk/ditahan", headers={"Accept-Language": "id"})
        assert f"{HELD} kali dengan kata-kata yang sama" in held.text
        chosen = re.findall(r'name="ticket" value="([^"]+)"', held.text)
        assert len(chosen) == HELD
        rejected = await desk.post("/desk/ditahan", data={"act": "reject", "ticket": chosen[2:]})
        assert rejected.headers["location"] == f"/desk/ditahan?selesai={HELD - 2}&tersisa=0"
        released = await desk.post("/desk/ditahan", data={"act": "release", "ticket": chosen})
        assert released.headers["location"] == f"/desk/ditahan?selesai=2&tersisa={HELD - 2}"
        assert "Tidak ada yang ditahan." in (await desk.get("/desk/ditahan", headers={"Accept-Language": "id"})).text
    assert len(await queue_of(room, "petugas")) == NAMED + 2
    await room.office.move_clock(timedelta(minutes=61))
    await room.deliver()
    assert mails_to_the_victim(room) == 1


async def test_the_api_tells_officers_what_is_held_and_until_when(room: Room, app: object) -> None:
    answers = await flood(app, NAMED + 1)
    usual, held = (answers[n].headers["location"].rpartition("/")[2] for n in (0, NAMED))
    async with client_of(app) as desk:
        await sign_in(room, desk, "petugas")
        until = (await desk.get(f"/api/v1/tickets/{held}")).json()["held_until"]
        assert datetime.fromisoformat(until) > await room.office.now() + timedelta(hours=23)
        assert "held_until" not in (await desk.get(f"/api/v1/tickets/{usual}")).json()

        async def listed(**asked: str) -> dict[str, str | None]:
            items = (await desk.get("/api/v1/tickets", params=asked)).json()["items"]
            return {item["number"]: item.get("held_until") for item in items}

        everything = await listed(order="-received")
        assert everything[held] == until
        assert everything[usual] is None
        assert held not in await listed(), "it stands apart from the open queue"
        await room.office.act(held, Release(), "petugas")
        assert "held_until" not in (await desk.get(f"/api/v1/tickets/{held}")).json()
        schema = (await desk.get("/schema/openapi.json")).json()["components"]["schemas"]
    for name in ("TicketLine", "TicketDetail"):
        assert "held for a look" in schema[name]["properties"]["held_until"]["description"]
        assert "held_until" not in schema[name]["required"]


async def test_what_nobody_looks_at_goes_into_the_queue_by_itself(room: Room, app: object) -> None:
    answers = await flood(app)
    last = answers[NAMED + HELD - 1].headers["location"].rpartition("/")[2]
    assert (await room.office.file_of(last)).ticket.held
    assert await room.services.holds.end_due() == 0
    assert await room.alarms() == [ALARM]
    await room.office.move_clock(timedelta(hours=24, seconds=1))
    assert await room.services.holds.end_due() == HELD
    assert await room.services.holds.end_due() == 0
    assert await room.alarms() == []
    file = await room.office.file_of(last)
    assert not file.ticket.held
    assert [event.type for event in file.events] == ["filed", "released"]
    assert last in await queue_of(room, "petugas")


async def nobody_looks(room: Room, days: int) -> None:
    """Upkeep and delivery go on, for so many days."""
    for _ in range(days):
        await room.office.move_clock(timedelta(hours=24, seconds=1))
        await room.services.holds.end_due()
        await room.delivery.forget_receipts()
        await room.deliver()


async def held_tickets(room: Room) -> list[tuple[int, str]]:
    found = await room.admin.fetch("SELECT id, number FROM ticket WHERE unseen OR held_until IS NOT NULL ORDER BY id")
    return [(row["id"], row["number"]) for row in found]


async def test_a_victim_gets_no_second_mail_of_a_flood_that_nobody_looks_at_for_days(room: Room, app: object) -> None:
    await flood(app)
    held = await held_tickets(room)
    await room.deliver()
    await nobody_looks(room, 4)
    assert len(await queue_of(room, "petugas")) == NAMED + HELD
    assert mails_to_the_victim(room) == 1

    # What the clock would say to reporters by itself: of what was held, and of what came before it was seen to be a flood.
    first = await room.admin.fetchval("SELECT min(id) FROM ticket")
    for ticket_id in (first, held[0][0]):
        await room.put(kind="beyond", recipient="reporter", ticket_id=ticket_id)
    await room.deliver()
    assert mails_to_the_victim(room) == 1

    # Rejected out of the queue it is a flood for good.
    petugas = await room.office.person("petugas")
    for _, number in held:
        await room.office.act(number, Reject(reason="Bukan pengaduan", text="Dikirim oleh program."), petugas.username)
    await nobody_looks(room, 3)
    assert mails_to_the_victim(room) == 1
    states = Counter(row["state"] for row in await room.rows(recipient="reporter"))
    assert set(states) <= {"sent", "absorbed", "cancelled"}, "nothing waits any more"


async def test_who_rightly_filed_for_many_gets_every_receipt_once_a_person_has_looked(room: Room, app: object) -> None:
    numbers = [answer.headers["location"].rpartition("/")[2] for answer in await flood(app, NAMED + 4)]
    await room.deliver()
    await nobody_looks(room, 3)
    assert mails_to_the_victim(room) == 1
    for _, number in await held_tickets(room):
        await room.office.act(number, Verify(), "petugas")
    await room.office.move_clock(timedelta(minutes=61))
    await room.deliver()
    mails = [mail for mail in room.postbox.taken if VICTIM in mail.to]
    told = [number for number in numbers if any(number in mail.subject or number in mail.text for mail in mails)]
    assert told == numbers
    assert len(mails) <= 3


async def test_whose_one_filing_fell_into_the_offices_flood_gets_its_receipt_without_any_look(
    room: Room, app: object
) -> None:
    budi = await room.office.file(reporter_email="budi@example.org", hold=Hold("office", 24))
    await room.deliver()
    assert room.postbox.to("budi@example.org") == []
    await nobody_looks(room, 1)
    (mail,) = room.postbox.to("budi@example.org")
    assert budi.number in mail.subject
    await room.put(kind="beyond", recipient="reporter", ticket_id=budi.ticket_id)
    await room.deliver()
    assert len(room.postbox.to("budi@example.org")) == 2


async def test_who_files_a_few_times_a_day_gets_the_first_receipt_at_once_and_the_others_in_one_list(
    room: Room,
) -> None:
    siti = [(await room.office.file(reporter_email="siti@example.org")).number for _ in range(3)]
    budi = await room.office.file(reporter_email="Budi@example.org")
    await room.deliver()
    told = Counter(mail.to[0] for mail in room.postbox.taken)
    assert told == {"siti@example.org": 1, "Budi@example.org": 1}
    assert any(budi.tracking_code in mail.text for mail in room.postbox.taken)
    await room.office.move_clock(timedelta(minutes=61))
    await room.deliver()
    first, listed = [mail for mail in room.postbox.taken if mail.to[0] == "siti@example.org"]
    assert sorted(number for number in siti if number in first.subject or number in listed.text) == siti
    assert sum(number in listed.text for number in siti) == len(siti) - 1
    await room.office.move_clock(timedelta(days=1))
    await room.delivery.forget_receipts()
    assert await room.admin.fetchval("SELECT count(*) FROM receipt_mail") == 0
    await room.office.file(reporter_email=a_complaint().reporter_email)
    await room.deliver()
    assert Counter(mail.to[0] for mail in room.postbox.taken)["siti@example.org"] == 3


async def test_a_page_of_the_desk_waits_for_a_few_forms_and_not_for_all_that_came_before_it(
    room: Room, app: object
) -> None:
    forms, done = 150, 0
    async with client_of(app) as desk, client_of(app, "10.9.9.9") as sender:
        await sign_in(room, desk, "petugas")
        assert (await desk.get("/desk")).status_code == 200

        async def send() -> int:
            nonlocal done
            form = {"kind": "complaint", "privacy": "open", "description": WORDS, "step": "send"}
            answer = await sender.post("/", data={**form, "reporter.email": VICTIM})
            done += 1
            return answer.status_code

        sending = [asyncio.create_task(send()) for _ in range(forms)]
        await asyncio.sleep(0)
        assert (await desk.get("/desk")).status_code == 200
        before = done
        answers = Counter(await asyncio.gather(*sending))
    assert answers == {303: NAMED + HELD, 429: forms - NAMED - HELD}
    assert before < forms / 2
