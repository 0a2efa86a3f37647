"""Outgoing webhooks by Standard Webhooks: what machines are told, once, signed, in the end, and never anything personal."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import trustme
from standardwebhooks import WebhookVerificationError

from complaints_service.accounts.model import Via, Viewer
from complaints_service.errors import Forbidden, Invalid, NotFound, Refused
from complaints_service.tickets import commands as c
from complaints_service.webhooks.schedule import TRIES
from complaints_service.webhooks.service import MOST_ENDPOINTS, Webhooks
from complaints_service.webhooks.transport import Failed, Gone, Taken, Transport
from tests.servers import Running
from tests.service.outbox_room import Room, a_room
from tests.service.webhook_receiver import Receiver, receiver_at

ALL = ["complaint.received", "complaint.status_changed", "complaint.escalated", "feedback.cycle_closed"]
PERSONAL = ("Siti", "siti@", "6281", "Paspor", "sepuluh hari", "Sudah jadi")


@pytest.fixture
async def room(running: Running, tmp_path: Path) -> AsyncIterator[Room]:
    async with a_room(running, tmp_path) as opened:
        yield opened


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
async def port(receiver: Receiver) -> AsyncIterator[int]:
    async with receiver_at(receiver) as opened:
        yield opened


async def viewer_of(room: Room, username: str = "admin") -> Viewer:
    person = await room.office.person(username)
    return Viewer(person=person, office=await room.office.office(), scopes=frozenset(), via=Via.COOKIE)


def webhooks(room: Room) -> Webhooks:
    return room.services.webhooks


async def make(room: Room, port: int, events: list[str] | None = None, path: str = "/in") -> tuple[int, str]:
    """An endpoint on this machine; its id and secret."""
    url = f"http://127.0.0.1:{port}{path}"
    made, secret = await webhooks(room).make(await viewer_of(room), url, "", events or ALL)
    return made.id, secret


async def deliver(room: Room) -> int:
    return await webhooks(room).delivery.deliver_due()


async def again(room: Room) -> int:
    """Another round, as if pauses and rests were over."""
    await room.hurry()
    await room.admin.execute("UPDATE webhook_health SET rests_until = NULL")
    return await deliver(room)


async def test_a_new_complaint_is_told_signed_and_without_anything_personal(
    room: Room, receiver: Receiver, port: int
) -> None:
    _, secret = await make(room, port)
    filed = await room.office.file()
    assert await deliver(room) == 1
    came = receiver.came[0]
    assert came.verified(secret) == came.said
    row = (await room.rows(way="webhook"))[0]
    assert came.id == f"msg_{row['id']}"
    assert came.said["type"] == "complaint.received"
    assert came.data == {
        "number": filed.number,
        "status": "received",
        "kind": "complaint",
        "unit": "lantaskim",
        "level": 0,
        "links": {"self": f"http://127.0.0.1:8000/api/v1/tickets/{filed.number}"},
    }
    everything = f"{came.path}{came.headers}{came.body!r}"
    for personal in (*PERSONAL, filed.tracking_code):
        assert personal not in everything
    assert (row["state"], row["attempts"], row["uncertain"]) == ("sent", 1, 0)
    assert secret.removeprefix("whsec_") not in str(
        [dict(one) for one in await room.admin.fetch("SELECT * FROM webhook_endpoint")]
    )


async def test_a_change_of_status_is_told_when_it_can_no_longer_be_undone(
    room: Room, receiver: Receiver, port: int
) -> None:
    await make(room, port, ["complaint.status_changed"])
    filed = await room.office.file()
    await room.office.act(filed.number, c.Verify(), "petugas")
    assert await deliver(room) == 0
    await room.office.move_clock(timedelta(seconds=11))
    assert await deliver(room) == 1
    assert receiver.came[0].data["status"] == "verified"


async def test_a_deed_that_is_taken_back_is_never_told(room: Room, receiver: Receiver, port: int) -> None:
    await make(room, port, ["complaint.status_changed"])
    filed = await room.office.file()
    done = await room.office.act(filed.number, c.Verify(), "petugas")
    await room.office.act(filed.number, c.Undo(event=done.events[0].seq), "petugas")
    await room.office.move_clock(timedelta(seconds=30))
    assert await deliver(room) == 0
    assert [row["state"] for row in await room.rows(way="webhook")] == ["cancelled"]
    assert receiver.came == []


async def test_an_escalation_is_told_with_its_level(room: Room, receiver: Receiver, port: int) -> None:
    await make(room, port, ["complaint.escalated"])
    filed = await room.office.file()
    await room.office.move_clock(timedelta(days=20))
    await room.office.fire()
    await deliver(room)
    said = [came for came in receiver.came if came.data["number"] == filed.number]
    assert said
    assert {came.said["type"] for came in said} == {"complaint.escalated"}
    assert max(int(str(came.data["level"])) for came in said) >= 1
    assert all(int(str(came.data["level"])) >= 1 for came in said), "a reminder is no escalation"


async def test_a_closed_report_of_the_feedback_loop_is_told(room: Room, receiver: Receiver, port: int) -> None:
    await make(room, port)
    closed = await room.services.feedback.close_now(await viewer_of(room, "kepala"))
    assert await deliver(room) == 1
    assert receiver.came[0].said["type"] == "feedback.cycle_closed"
    assert receiver.came[0].data["cycle"] == closed.id
    assert str(receiver.came[0].data["links"]).endswith(f"/api/v1/feedback/cycles/{closed.id}'}}")


async def test_each_endpoint_gets_only_what_it_asked_for(room: Room, receiver: Receiver, port: int) -> None:
    await make(room, port, ["complaint.received"], "/a")
    await make(room, port, ["complaint.escalated"], "/b")
    await room.office.file()
    assert await deliver(room) == 1
    assert [came.path for came in receiver.came] == ["/a"]


async def test_filing_stays_one_statement_and_writes_no_row_without_an_endpoint(room: Room) -> None:
    await room.office.file()
    assert await room.rows(way="webhook") == []


@pytest.mark.parametrize("status", [301, 302, 400, 401, 404, 429, 500, 503, 502, 504, 0])
async def test_whatever_is_not_taken_is_tried_again_under_the_same_id(
    room: Room, receiver: Receiver, port: int, status: int
) -> None:
    _, secret = await make(room, port)
    receiver.script = [status]
    await room.office.file()
    assert await deliver(room) == 0
    row = (await room.rows(way="webhook"))[0]
    # The line was cut, or somebody on the way answered: the receiver may have it.
    assert (row["state"], row["attempts"], row["uncertain"]) == ("queued", 1, status in (502, 504, 0))
    assert await again(room) == 1
    first, second = receiver.came
    assert (first.id, first.body) == (second.id, second.body)
    second.verified(secret)
    assert len(receiver.came) == 2, "no redirect was followed"


async def test_a_receiver_that_is_full_is_left_alone_as_long_as_it_asks(
    room: Room, receiver: Receiver, port: int
) -> None:
    await make(room, port)
    receiver.script, receiver.extra = [429], "Retry-After: 600\r\n"
    await room.office.file()
    await deliver(room)
    seconds = await webhooks(room).delivery.next_seconds()
    assert seconds is not None
    assert 500 < seconds <= 600
    await room.office.file()
    await room.admin.execute("UPDATE outbox SET next_try_at = '-infinity' WHERE way = 'webhook'")
    assert await deliver(room) == 0, "another message waits too"
    assert len(receiver.came) == 1


async def test_after_the_last_try_the_message_is_dead_and_an_alarm_says_so(
    room: Room, receiver: Receiver, port: int
) -> None:
    await make(room, port)
    receiver.usual = 500
    await room.office.file()
    for _ in range(TRIES + 2):
        await again(room)
    row = (await room.rows(way="webhook"))[0]
    assert (row["state"], row["attempts"], row["last_error"]) == ("dead", TRIES, "status_500")
    assert len(receiver.came) == TRIES
    assert await room.alarms() == ["outbox_dead:webhook:complaint.received"]
    letters = await room.delivery.dead_letters(await room.office.office())
    receiver.usual = 204
    await room.delivery.retry(1, letters[0].id)
    assert await again(room) == 1
    assert await room.alarms() == []


@pytest.mark.parametrize("answer", [0, 504])
async def test_three_copies_may_have_arrived_and_then_a_person_decides(
    room: Room, receiver: Receiver, port: int, answer: int
) -> None:
    await make(room, port)
    # What is surely not taken in between (a refused line, an answer of the receiver itself) counts as none.
    receiver.script, receiver.usual = [answer, 500, answer, 503], answer
    await room.office.file()
    for _ in range(8):
        await again(room)
    row = (await room.rows(way="webhook"))[0]
    assert (row["state"], row["attempts"], row["uncertain"]) == ("dead", 5, 3)
    assert str(row["last_error"]).startswith("uncertain_")
    assert len(receiver.came) == 5
    assert await room.alarms() == ["outbox_dead:webhook:complaint.received"]


async def test_a_worker_that_dies_three_times_while_sending_leaves_the_rest_to_a_person(
    room: Room, receiver: Receiver, port: int
) -> None:
    await make(room, port)
    receiver.script = [0, 0]
    await room.office.file()
    await deliver(room)
    await again(room)
    # The third worker handed it over and died before it could write down what came of it.
    await room.admin.execute(
        "UPDATE outbox SET state = 'sending', uncertain = uncertain + 1, lease_until = '-infinity', lease_token = 'x'"
        " WHERE way = 'webhook'"
    )
    assert await again(room) == 0
    row = (await room.rows(way="webhook"))[0]
    assert (row["state"], row["last_error"], len(receiver.came)) == ("dead", "uncertain_too_often", 2)


async def test_a_receiver_that_is_gone_is_switched_off_and_gets_nothing_more(
    room: Room, receiver: Receiver, port: int
) -> None:
    endpoint, _ = await make(room, port)
    receiver.usual = 410
    for _ in range(3):
        await room.office.file()
    assert await deliver(room) == 0
    assert {row["state"] for row in await room.rows(way="webhook")} == {"cancelled"}
    assert len(receiver.came) <= 2, "no more than were on their way at that moment"
    assert await room.alarms() == [f"webhook_gone:{endpoint}"]
    await room.office.file()
    assert len(await room.rows(way="webhook")) == 3
    await webhooks(room).enable(await viewer_of(room), endpoint)
    assert await room.alarms() == []
    receiver.usual = 200
    await room.office.file()
    assert await deliver(room) == 1


async def test_a_receiver_that_hangs_keeps_neither_another_one_nor_a_mail_waiting(
    room: Room, receiver: Receiver, port: int
) -> None:
    other = Receiver()
    async with receiver_at(other) as second:
        await make(room, port)
        await make(room, second)
        receiver.usual = -1
        for number in range(8):
            await room.office.file(reporter_email=f"orang{number}@example.org")
        delivering = asyncio.create_task(deliver(room))
        async with asyncio.timeout(30):
            while len(other.came) < 8:
                other.held.clear()
                await other.held.wait()
            assert len(receiver.came) <= 2, "a share of the hands"
            assert await room.deliver() == 8, "mails leave meanwhile"
        delivering.cancel()
        await asyncio.gather(delivering, return_exceptions=True)


async def test_both_secrets_sign_for_a_day_after_a_rotation(room: Room, receiver: Receiver, port: int) -> None:
    endpoint, old = await make(room, port)
    new = (await webhooks(room).rotate(await viewer_of(room), endpoint)).secret
    assert new != old
    await room.office.file()
    await deliver(room)
    for secret in (old, new):
        receiver.came[0].verified(secret)
    await room.admin.execute("UPDATE webhook_endpoint SET old_key_until = clock_timestamp() - interval '1 s'")
    await room.office.file()
    await deliver(room)
    receiver.came[1].verified(new)
    with pytest.raises(WebhookVerificationError):
        receiver.came[1].verified(old)


async def test_a_worker_that_dies_while_sending_repeats_the_message_under_its_id(
    room: Room, receiver: Receiver, port: int
) -> None:
    await make(room, port)
    await room.office.file()
    await deliver(room)
    await room.admin.execute(
        "UPDATE outbox SET state = 'sending', uncertain = 1, lease_until = '-infinity', lease_token = 'x' WHERE way = 'webhook'"
    )
    assert await deliver(room) == 1
    assert receiver.came[0].id == receiver.came[1].id


@pytest.mark.parametrize("values", [{"params": "{broken"}, {"address": "none"}])
async def test_a_poison_row_steps_aside_and_the_next_one_leaves(
    room: Room, receiver: Receiver, port: int, values: dict[str, object]
) -> None:
    endpoint, _ = await make(room, port)
    usual: dict[str, object] = {"way": "webhook", "recipient": "address", "address": str(endpoint), "kind": ALL[0]}
    poison = await room.put(**{**usual, **values})
    if values.get("address"):
        # Nothing ever claims it by itself; somebody who died had it.
        await room.admin.execute("UPDATE outbox SET state = 'sending', lease_until = '-infinity' WHERE id = $1", poison)
    await room.office.file()
    assert await deliver(room) == 1
    for _ in range(5):
        await room.admin.execute(
            "UPDATE outbox SET state = 'sending', lease_until = '-infinity' WHERE id = $1 AND state = 'queued'", poison
        )
        await again(room)
    assert [row["state"] for row in await room.rows(id=poison)] == ["dead"]
    assert f"outbox_dead:webhook:{ALL[0]}" in await room.alarms()


async def test_what_waits_for_an_endpoint_that_is_removed_or_switched_off_is_cancelled(
    room: Room, receiver: Receiver, port: int
) -> None:
    admin = await viewer_of(room)
    first, _ = await make(room, port, path="/a")
    second, _ = await make(room, port, path="/b")
    await room.office.file()
    await webhooks(room).remove(admin, first)
    await webhooks(room).disable(admin, second)
    assert await deliver(room) == 0
    assert [row["state"] for row in await room.rows(way="webhook")] == ["cancelled", "cancelled"]
    assert [one.id for one in await webhooks(room).listed(admin)] == [second]
    # Written by a process that did not know yet.
    late = await room.put(way="webhook", recipient="address", address=str(second), kind=ALL[0])
    assert await deliver(room) == 0
    assert [row["state"] for row in await room.rows(id=late)] == ["cancelled"]
    assert receiver.came == []


async def test_a_test_message_goes_to_one_endpoint_and_carries_nothing(
    room: Room, receiver: Receiver, port: int
) -> None:
    admin = await viewer_of(room)
    endpoint, secret = await make(room, port, ["feedback.cycle_closed"], "/a")
    await make(room, port, ["feedback.cycle_closed"], "/b")
    sent = await webhooks(room).test(admin, endpoint)
    assert await deliver(room) == 1
    came = receiver.came[0]
    came.verified(secret)
    assert (came.path, came.id, came.said["type"], came.data) == ("/a", sent, "webhook.test", {})
    [told] = await webhooks(room).deliveries(admin, endpoint)
    assert (told.state, told.kind) == ("sent", "webhook.test")
    await webhooks(room).disable(admin, endpoint)
    with pytest.raises(Refused):
        await webhooks(room).test(admin, endpoint)


async def test_while_sending_is_held_nothing_leaves(room: Room, receiver: Receiver, port: int) -> None:
    await make(room, port)
    await room.office.file()
    await room.admin.execute("INSERT INTO sending_hold (reason) VALUES ('by_hand')")
    assert await deliver(room) == 0
    assert await webhooks(room).delivery.next_seconds() is None
    await room.admin.execute("UPDATE sending_hold SET resumed_at = clock_timestamp()")
    assert await deliver(room) == 1
    assert len(receiver.came) == 1


async def test_only_administrators_know_of_webhooks(room: Room) -> None:
    for username in ("petugas", "atasan", "kepala", "kanwil"):
        viewer = await viewer_of(room, username)
        for asked in (
            webhooks(room).listed(viewer),
            webhooks(room).make(viewer, "https://hooks.example.org/", "", ALL),
            webhooks(room).remove(viewer, 1),
            webhooks(room).rotate(viewer, 1),
            webhooks(room).test(viewer, 1),
        ):
            with pytest.raises(Forbidden):
                await asked


async def test_what_is_wrong_is_named_and_an_unknown_endpoint_is_not_found(room: Room) -> None:
    admin = await viewer_of(room)
    with pytest.raises(Invalid) as wrong:
        await webhooks(room).make(admin, "ftp://x", "x" * 300, ["complaint.deleted"])
    assert [problem.pointer for problem in wrong.value.problems] == ["/url", "/description", "/events"]
    with pytest.raises(Invalid):
        await webhooks(room).make(admin, "https://hooks.example.org/", "", [])
    for number in (999, 0, -1, 2**40):
        with pytest.raises(NotFound):
            await webhooks(room).remove(admin, number)


async def test_an_office_has_twenty_endpoints_at_most(room: Room) -> None:
    for _ in range(MOST_ENDPOINTS):
        await make(room, 1)
    with pytest.raises(Refused):
        await make(room, 1)


# The way out itself.


def resolves_to(*answers: list[str]) -> tuple[Transport, list[str]]:
    """A transport outside development whose names lead where we say; the second value: who was asked for what, in order."""
    asked: list[str] = []
    left = list(answers)
    seen: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return left.pop(0)

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(f"{request.url.host} {request.headers['host']} {request.extensions['sni_hostname']}")
        return httpx.Response(204)

    transport = Transport(
        dev=False, resolve=resolve, make_client=lambda: httpx.AsyncClient(transport=httpx.MockTransport(answer))
    )
    return transport, seen


async def test_the_connection_goes_to_the_address_that_was_checked_whatever_the_name_says_later() -> None:
    transport, seen = resolves_to(["93.184.215.14"], ["127.0.0.1"])
    assert await transport.send("https://hooks.example.org/in", {}, b"{}") == Taken(204)
    assert await transport.send("https://hooks.example.org/in", {}, b"{}") == Failed("address_private")
    assert seen == ["93.184.215.14 hooks.example.org hooks.example.org"], "asked once, connected to what was said then"
    transport.close()


@pytest.mark.parametrize(
    "found",
    [["127.0.0.1"], ["10.1.2.3"], ["169.254.169.254"], ["::1"], ["::ffff:10.0.0.1"], ["93.184.215.14", "10.0.0.1"], []],
)
async def test_a_name_that_leads_inside_is_not_connected_to(found: list[str]) -> None:
    transport, seen = resolves_to(found)
    assert await transport.send("https://hooks.example.org/in", {}, b"{}") == Failed("address_private")
    assert seen == []
    transport.close()


async def test_an_address_of_the_newer_kind_is_pinned_too() -> None:
    address = "2606:2800:21f:cb07:6820:80da:af6b:8b2c"
    transport, seen = resolves_to([address])
    assert await transport.send("https://hooks.example.org:8443/in", {}, b"{}") == Taken(204)
    host, header, name = seen[0].split()
    assert ipaddress.ip_address(host) == ipaddress.ip_address(address)
    assert (header, name) == ("hooks.example.org:8443", "hooks.example.org")
    transport.close()


async def test_a_row_that_was_made_when_http_was_allowed_goes_nowhere_in_production(
    receiver: Receiver, port: int
) -> None:
    transport = Transport(dev=False)
    assert await transport.send(f"http://127.0.0.1:{port}/in", {}, b"{}") == Failed("address_not_https")
    assert receiver.came == []
    transport.close()


async def test_a_receiver_that_says_nothing_or_drips_is_given_up(receiver: Receiver, port: int) -> None:
    transport = Transport(dev=True, time_limit=0.3)
    receiver.usual = -1
    assert await transport.send(f"http://127.0.0.1:{port}/in", {}, b"{}") in (
        Failed("time_limit", uncertain=True),
        Failed("ReadTimeout", uncertain=True),
    )
    transport.close()


async def test_a_name_nobody_knows_and_a_closed_port_are_failures(port: int) -> None:
    transport = Transport(dev=True)
    unknown = await transport.send("https://webhook-receiver.invalid/in", {}, b"{}")
    assert unknown == Failed("name_unknown")
    async with receiver_at(Receiver()) as closed:
        pass
    assert await transport.send(f"http://127.0.0.1:{closed}/in", {}, b"{}") == Failed("ConnectError")
    transport.close()


@pytest.mark.parametrize(("status", "answer"), [(200, Taken(200)), (299, Taken(299)), (410, Gone())])
async def test_each_answer_has_its_meaning(receiver: Receiver, port: int, status: int, answer: object) -> None:
    transport = Transport(dev=True)
    receiver.usual = status
    assert await transport.send(f"http://127.0.0.1:{port}/in", {}, b"{}") == answer
    transport.close()


async def test_the_certificate_must_be_that_of_the_name_though_the_connection_goes_to_an_address(
    receiver: Receiver,
) -> None:
    authority = trustme.CA()
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("hooks.example.org").configure_cert(served)  # pyright: ignore[reportUnknownMemberType] - pyOpenSSL is not there
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)  # pyright: ignore[reportUnknownMemberType]

    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    transport = Transport(
        dev=True, resolve=resolve, make_client=lambda: httpx.AsyncClient(verify=trusted, trust_env=False)
    )
    untrusting = Transport(dev=True, resolve=resolve)
    async with receiver_at(receiver, served) as port:
        assert await transport.send(f"https://hooks.example.org:{port}/in", {}, b"{}") == Taken(204)
        assert receiver.came[0].headers["host"] == f"hooks.example.org:{port}"
        for other in (
            transport.send(f"https://other.example.org:{port}/in", {}, b"{}"),
            untrusting.send(f"https://hooks.example.org:{port}/in", {}, b"{}"),
        ):
            assert await other == Failed("ConnectError")
    assert len(receiver.came) == 1
    transport.close()
    untrusting.close()
