"""The e-mail transport against real servers, good and bad ones: one outcome class for everything that can happen."""

from __future__ import annotations

import msgspec
import pytest

from complaints_service.notifications.email import EmailTransport, Envelope, UnusableAddress, build, seal
from complaints_service.notifications.outcomes import Dead, Outcome, Retry, Sent, Throttled, Uncertain
from complaints_service.notifications.rendering import Email
from complaints_service.notifications.smtp_address import SmtpAddress, parse_smtp_url
from tests.service.smtp_server import Postbox, raw_server, smtp_server


def an_envelope(**changes: object) -> Envelope:
    plain = Envelope(
        to="kepala@imigrasi.example",
        to_name="Ratna Kusuma Dewi",
        sender="pengaduan@imigrasi.example",
        sender_name="Kantor Imigrasi Lampung Tengah",
        message_id="<abc@imigrasi.example>",
        thread_root="<ticket-1-417@imigrasi.example>",
        language="id",
        mail=Email("[Eskalasi 2] LT-2026-000417 lewat batas 2 jam", "Baris satu\n", "<p>Baris satu</p>"),
    )
    return msgspec.structs.replace(plain, **changes)


async def sent_to(port: int, envelope: Envelope | None = None, *, limit: float = 5.0, **address: object) -> Outcome:
    where = msgspec.structs.replace(SmtpAddress(host="127.0.0.1", port=port), **address)
    return await EmailTransport(lambda: where, limit).send(seal(envelope or an_envelope()))


async def told(word: str, limit: float = 5.0) -> tuple[Outcome, Postbox]:
    postbox = Postbox()
    postbox.usual = word
    async with smtp_server(postbox) as port:
        return await sent_to(port, limit=limit), postbox


async def test_a_mail_that_was_taken_is_sent() -> None:
    outcome, postbox = await told("take")
    assert isinstance(outcome, Sent)
    mail = postbox.taken[0]
    assert mail.to == ["kepala@imigrasi.example"]
    assert mail.text.strip() == "Baris satu"
    assert "Baris satu" in mail.html
    assert postbox.senders == ["pengaduan@imigrasi.example"]


async def test_a_mail_says_that_a_machine_wrote_it_and_joins_the_thread_of_its_ticket() -> None:
    _, postbox = await told("take")
    headers = postbox.taken[0].message
    assert headers["Message-ID"] == "<abc@imigrasi.example>"
    assert headers["In-Reply-To"] == headers["References"] == "<ticket-1-417@imigrasi.example>"
    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers["X-Auto-Response-Suppress"] == "All"
    assert headers["Content-Language"] == "id"
    assert headers["Date"]


async def test_a_long_subject_arrives_as_it_was_and_lines_stay_within_the_rules() -> None:
    postbox = Postbox()
    subject = "[Eskalasi 1] LT-2026-000001 lewat batas 9 jam: keterlambatan, paspor baru"
    envelope = an_envelope(mail=Email(subject, "é" * 3000 + "\n", "<p>" + "x" * 3000 + "</p>"))
    async with smtp_server(postbox) as port:
        assert isinstance(await sent_to(port, envelope), Sent)
    assert postbox.taken[0].subject == subject
    assert max(len(line) for line in seal(envelope).raw.splitlines()) <= 200


async def test_words_beyond_ascii_arrive_as_they_were() -> None:
    postbox = Postbox()
    envelope = an_envelope(to_name="Žofie Nováková", mail=Email("[Diuji] “kutipan” " + "ä" * 90, "t", "<p>t</p>"))
    async with smtp_server(postbox) as port:
        assert isinstance(await sent_to(port, envelope), Sent)
    assert postbox.taken[0].subject == envelope.mail.subject
    assert postbox.taken[0].message["To"].addresses[0].display_name == "Žofie Nováková"
    assert max(len(line) for line in seal(envelope).raw.splitlines()) <= 78


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("busy", Retry),
        ("refuse", Dead),
        ("refuse_content", Dead),
        ("closing", Throttled),
        ("cut_after_data", Uncertain),
    ],
)
async def test_each_answer_of_a_server_has_its_outcome(word: str, kind: type[Outcome]) -> None:
    outcome, _ = await told(word)
    assert isinstance(outcome, kind)


async def test_one_refused_address_does_not_make_the_way_look_broken() -> None:
    outcome, _ = await told("busy")
    assert outcome == Retry("smtp_450")


async def test_a_server_that_hangs_after_the_dot_leaves_it_uncertain() -> None:
    outcome, postbox = await told("hang_after_data", limit=2)
    assert isinstance(outcome, Uncertain)
    assert len(postbox.taken) == 1


async def test_a_server_that_cannot_be_reached_costs_a_try_and_rests_the_way() -> None:
    async with raw_server() as port:
        pass
    outcome = await sent_to(port)
    assert outcome == Retry("smtp_connect", way_down=True)


@pytest.mark.parametrize(
    ("lines", "hang"),
    [((), True), ((b"220 mx.test",), True), ((b"220 mx.test",), False), ((b"554 no service",), False), ((), False)],
)
async def test_a_tarpit_a_cut_and_a_rude_greeting_are_retried(lines: tuple[bytes, ...], hang: bool) -> None:
    async with raw_server(*lines, hang=hang) as port:
        outcome = await sent_to(port, limit=0.3)
    assert isinstance(outcome, Retry)
    assert outcome.way_down


async def test_nothing_goes_out_in_clear_when_starttls_was_stripped() -> None:
    postbox = Postbox()
    async with smtp_server(postbox) as port:
        outcome = await sent_to(port, start_tls=True, username="u", password="p")
    assert isinstance(outcome, Retry)
    assert outcome.way_down
    assert outcome.needs_person
    assert postbox.senders == postbox.taken == []


async def test_a_server_without_tls_is_not_spoken_to_over_smtps() -> None:
    async with smtp_server(Postbox()) as port:
        outcome = await sent_to(port, limit=2, use_tls=True)
    assert isinstance(outcome, Retry)
    assert outcome.way_down


async def test_without_a_server_mail_waits() -> None:
    outcome = await EmailTransport(lambda: None, 1).send(seal(an_envelope()))
    assert outcome == Retry("no_mail_server", way_down=True)


async def test_a_display_name_that_looks_like_addresses_reaches_only_the_one() -> None:
    postbox = Postbox()
    async with smtp_server(postbox) as port:
        await sent_to(port, an_envelope(to_name="Budi <evil@x.example>, Tejo"))
    assert postbox.taken[0].to == ["kepala@imigrasi.example"]
    addresses = postbox.taken[0].message["To"].addresses
    assert [a.addr_spec for a in addresses] == ["kepala@imigrasi.example"]
    assert addresses[0].display_name == "Budi <evil@x.example>, Tejo"


@pytest.mark.parametrize("text", ["A\r\nBcc: evil@x.example", "A\nBcc: evil@x.example", "A\x0bB\x00C\u2028Bcc: x@y"])
async def test_line_ends_in_names_and_subjects_add_no_header(text: str) -> None:
    postbox = Postbox()
    async with smtp_server(postbox) as port:
        outcome = await sent_to(port, an_envelope(to_name=text, sender_name=text, mail=Email(text, "x\n", "<p>x</p>")))
    assert isinstance(outcome, Sent)
    assert postbox.taken[0].message["Bcc"] is None
    assert postbox.taken[0].to == ["kepala@imigrasi.example"]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "a@b@c",
        "a b@x.example",
        "a@x.example\r\nRCPT TO:<evil@x.example>",
        "a@x.example, b@y.example",
        "ä@x.example",
    ],
)
def test_an_address_that_is_none_is_refused_before_anything_is_sent(address: str) -> None:
    with pytest.raises(UnusableAddress):
        build(an_envelope(to=address))


async def test_a_line_that_is_only_a_dot_does_not_end_the_mail() -> None:
    postbox = Postbox()
    text = "satu\n.\ndua\nMAIL FROM:<evil@x.example>\n"
    async with smtp_server(postbox) as port:
        await sent_to(port, an_envelope(mail=Email("s", text, "<p>x</p>")))
    assert len(postbox.taken) == 1
    assert postbox.taken[0].text.splitlines() == text.splitlines()


def test_the_url_says_how_the_line_is_guarded() -> None:
    plain = parse_smtp_url("smtp://127.0.0.1:2525")
    assert (plain.port, plain.start_tls, plain.use_tls) == (2525, False, False)
    asked = parse_smtp_url("smtp://u%40x:p%3Aq@mail.example:587?starttls=1")
    assert (asked.username, asked.password, asked.start_tls) == ("u@x", "p:q", True)
    assert parse_smtp_url("smtps://u:p@mail.example").port == 465
    assert parse_smtp_url("smtps://u:p@mail.example").use_tls


def test_a_password_never_travels_in_clear_over_the_network() -> None:
    assert parse_smtp_url("smtp://u:p@mail.example").start_tls
    assert not parse_smtp_url("smtp://u:p@localhost").start_tls
    with pytest.raises(ValueError, match="SMTP_URL"):
        parse_smtp_url("http://mail.example")
