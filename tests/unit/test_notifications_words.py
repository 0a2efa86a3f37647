"""What messages say: every kind in both languages, nothing personal to the office, nothing that runs as markup."""

from __future__ import annotations

import re
from datetime import timedelta

import msgspec
import pytest

from complaints_service.keys import Keys
from complaints_service.notifications import composing
from complaints_service.notifications.facts import Addressed, ListedReceipt
from complaints_service.notifications.kinds import MessageKind
from complaints_service.notifications.rendering import Email, Renderer
from complaints_service.office.model import Role
from complaints_service.tickets.file import StoredEvent
from complaints_service.tickets.model import Kind, Status
from tests.unit.test_notifications_owed import NOW, OFFICE, a_deadline, a_message, facts

KEYS = Keys(b"k" * 32)
RENDERER = Renderer()
CODE = KEYS.tracking_code(OFFICE.id, 417, 1)
REPORTER_KINDS = [
    "receipt", "question", "answer", "interim_answer", "rejected", "forwarded", "merged", "withdrawn", "lapsed", "closed",
    "reminder_reporter", "reminder_closing", "time_granted", "reopened", "beyond",
    "recovery", "merged_outcome",
]  # fmt: skip
PERSON_KINDS = ["assigned", "rung", "manual_escalation", "time_requested", "time_answered", "reopened"]
OFFICE_WORDS = "Nomor berkas Anda <script>alert(1)</script> & {{ 7 * 7 }} {% raw %}"


def an_event(kind: str = "answered", **body: object) -> StoredEvent:
    text = msgspec.json.encode(
        {"reason": "bukan wewenang", "agency": "Disdukcapil", "working_days": 5, **body}
    ).decode()
    return StoredEvent(6, NOW, kind, "person:1", 1, text, NOW, None)


def a_mail(kind: str, recipient: str, language: str, **changes: object) -> Email:
    deadlines = tuple(a_deadline(target) for target in ("verify", "answer", "reporter", "closing"))
    ticket = facts(
        **{
            "language": language,
            "message": OFFICE_WORDS,
            "event": an_event(),
            "recent": (an_event("verified"), an_event("started")),
            "deadlines": deadlines,
            **changes,
        }
    )
    head = next(p for p in OFFICE.people.values() if p.role is Role.HEAD)
    person = msgspec.structs.replace(head, language=language) if recipient == "person" else None
    params = '{"target":"answer","level":2,"breach":true}'
    message = a_message(kind, ticket=ticket, recipient=recipient, params=params)
    message = msgspec.structs.replace(message, person=person)
    return rendered(message, language)


def rendered(message: Addressed, language: str) -> Email:
    values = composing.context(message, {}, "https://x.example/m/TOKEN", "https://x.example", KEYS)
    return RENDERER.email(composing.template_of(message), values, language, OFFICE.time_zone)


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize(
    ("kind", "recipient"), [(k, "reporter") for k in REPORTER_KINDS] + [(k, "person") for k in PERSON_KINDS]
)
def test_every_kind_is_whole_in_both_languages(kind: str, recipient: str, language: str) -> None:
    mail = a_mail(kind, recipient, language)
    other = a_mail(kind, recipient, "en" if language == "id" else "id")
    assert "LT-2026-000417" in mail.subject
    assert "\n" not in mail.subject
    assert mail.subject != other.subject
    assert mail.text.count("https://x.example/m/TOKEN") == mail.html.count("https://x.example/m/TOKEN") == 1
    # The colours are attributes, for programs that drop style sheets; one sheet stays, for those that show mails on a dark ground.
    assert '<body style="' in mail.html
    sheets = re.findall(r"<style[^>]*>(.*?)</style>", mail.html, re.DOTALL)
    assert [sheet.strip().startswith("@media (prefers-color-scheme: dark)") for sheet in sheets] == [True]
    assert f'lang="{language}"' in mail.html
    assert not re.search(r"\{\w+\}", mail.text + mail.subject)
    assert "\n\n\n" not in mail.text
    assert mail.text.count("-- \n") == 1


@pytest.mark.parametrize("kind", PERSON_KINDS)
def test_a_mail_to_the_office_holds_neither_words_nor_code(kind: str) -> None:
    mail = a_mail(kind, "person", "id")
    for part in (mail.subject, mail.text, mail.html):
        assert "Nomor berkas" not in part
        assert CODE not in part
        assert "siti@" not in part


@pytest.mark.parametrize("kind", ["question", "answer", "interim_answer", "rejected", "forwarded", "time_granted"])
def test_the_offices_words_reach_the_reporter_as_they_are_and_run_nowhere(kind: str) -> None:
    mail = a_mail(kind, "reporter", "id")
    assert "<script>alert(1)</script> & {{ 7 * 7 }} {% raw %}" in mail.text
    assert "<script>" not in mail.html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; {{ 7 * 7 }}" in mail.html


def test_the_subject_of_an_escalation_says_level_number_how_late_and_what() -> None:
    assert a_mail("rung", "person", "id").subject == (
        "[Eskalasi 2] LT-2026-000417 lewat batas 2 jam: keterlambatan, paspor baru"
    )
    soon = (a_deadline(due_at=NOW + timedelta(days=2)),)
    assert a_mail("rung", "person", "id", deadlines=soon).subject.startswith(
        "[Pengingat] LT-2026-000417 jatuh tempo 2 hari lagi"
    )


def test_the_first_screen_of_an_escalation_says_what_why_who_and_what_to_do() -> None:
    text = a_mail("rung", "person", "id").text
    screen = text.splitlines()[:24]
    for wanted in ("Perihal: keterlambatan", "Dipegang oleh: ", "menurut jenjang eskalasi", "14 hari kerja", "Verifi"):
        assert any(wanted.lower() in line.lower() for line in screen), wanted


def test_a_rejection_a_lapse_and_the_last_rung_name_the_way_beyond_the_office() -> None:
    for kind in ("rejected", "lapsed", "beyond"):
        assert "Ombudsman" in a_mail(kind, "reporter", "id").text


def test_the_receipt_carries_the_code_and_both_dates() -> None:
    mail = a_mail("receipt", "reporter", "en", status=Status.RECEIVED)
    assert CODE in mail.text
    assert CODE in mail.html
    assert mail.text.count("Tuesday, 24 November 2026 at 08:15 WIB") == 2


def test_a_list_of_receipts_names_each_with_its_own_code() -> None:
    message = msgspec.structs.replace(a_message("receipts", ticket=facts(), recipient="reporter"), person=None)
    cases = [
        ListedReceipt(
            id=n, number=f"LT-2026-{n:06}", key_id=1, kind=Kind.COMPLAINT, category="keterlambatan", service=None
        )
        for n in (417, 418)
    ]
    values = composing.context(message, {"receipts": cases}, "https://x.example/lacak", "https://x.example", KEYS)
    mail = RENDERER.email("receipts", values, "id", OFFICE.time_zone)
    assert mail.subject.startswith("2 kasus lain")
    for case in cases:
        code = KEYS.tracking_code(OFFICE.id, case.id, 1)
        assert case.number in mail.text
        assert code in mail.text
        assert code in mail.html


def test_a_message_in_the_chat_is_short_and_says_the_same() -> None:
    message = a_message("receipt", ticket=facts(), recipient="chat")
    message = msgspec.structs.replace(message, person=None)
    values = composing.context(message, {}, "https://x.example/m/TOKEN", "https://x.example", KEYS)
    said = RENDERER.chat("receipt", values, "id", OFFICE.time_zone)
    assert CODE in said.text
    assert "LT-2026-000417" in said.text
    assert said.text.endswith("https://x.example/m/TOKEN")
    assert len(said.text) < 600


@pytest.mark.parametrize("kind", REPORTER_KINDS)
def test_a_chat_message_names_its_ticket_for_there_is_no_subject(kind: str) -> None:
    ticket = facts(message=OFFICE_WORDS, event=an_event())
    message = msgspec.structs.replace(a_message(kind, ticket=ticket, recipient="chat"), person=None)
    values = composing.context(message, {}, "https://x.example/m/TOKEN", "https://x.example", KEYS)
    assert "LT-2026-000417" in RENDERER.chat(kind, values, "id", OFFICE.time_zone).text


def test_every_kind_has_words() -> None:
    own = {"roll_up", "receipts", "digest", "cycle_report", "alarm", "seal", "chat"}
    assert {kind.value for kind in MessageKind} == set(REPORTER_KINDS) | set(PERSON_KINDS) | own
