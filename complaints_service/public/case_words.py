"""What a citizen reads about the promises of a case: what comes next, by when, and what was missed. Pure."""

from __future__ import annotations

from datetime import datetime

import msgspec

from complaints_service.i18n import moment, translate
from complaints_service.office.model import Office
from complaints_service.sla.why import steps_of
from complaints_service.tickets.file import MergedOutcome, TicketFile
from complaints_service.tickets.model import Kind, Privacy, Status, Ticket
from complaints_service.tickets.port import DeadlineRow

PROMISES = ("verify", "answer")
_TITLES = {"verify": "Checked and passed on by", "answer": "Answer by"}
_STEPS = {
    "verify": ("We check it and pass it on", "By {due} at the latest it is with those who can solve it."),
    "answer": ("You get an answer", "By {due} at the latest. If we need longer we tell you why before that day."),
}
PRIVACY_SHORT = {
    Privacy.OPEN: "Those who work on it",
    Privacy.CONFIDENTIAL: "Only a few (confidential)",
    Privacy.ANONYMOUS: "Nobody (anonymous)",
}
_SUBJECTS = {
    Kind.COMPLAINT: "Your complaint",
    Kind.SUGGESTION: "Your suggestion",
    Kind.INFORMATION: "Your question",
}


class Step(msgspec.Struct, frozen=True):
    """One step of "What happens next"."""

    title: str
    text: str


class Promise(msgspec.Struct, frozen=True):
    """One promised date as the citizen reads it; ``late``: what to know about its having been missed (else empty); ``why``: how the
    date came about, step by step."""

    title: str
    text: str
    late: str = ""
    why: tuple[str, ...] = ()


def subject(file: TicketFile, language: str) -> str:
    """What the case is called: the citizen's own subject, else what kind of case it is."""
    return file.text.subject or translate(language, _SUBJECTS[file.ticket.kind])


def next_steps(file: TicketFile, office: Office, language: str) -> list[Step]:
    """The promised dates as steps, and what the citizen can do at the end."""
    found: list[Step] = []
    for row in _promised(file.deadlines, file.ticket):
        title, text = _STEPS[row.target]
        due = moment(row.due_at, office.time_zone, language)
        found.append(Step(translate(language, title), translate(language, text, due=due)))
    return [
        *found,
        Step(
            translate(language, "You decide whether it is settled"),
            translate(language, "After the answer you can say “settled” or “not yet”, and judge how we handled it."),
        ),
    ]


def promises(file: TicketFile, office: Office, language: str, now: datetime) -> list[Promise]:
    """Every promised date of the present episode; a missed one is never hidden."""
    public = [event for event in file.events if event.released_at <= now]
    return [
        msgspec.structs.replace(
            _promise(row, office, language, now),
            why=tuple(steps_of(row, office, language, file.ticket, public)),
        )
        for row in _promised(file.deadlines, file.ticket)
    ]


def _promised(deadlines: tuple[DeadlineRow, ...], ticket: Ticket) -> list[DeadlineRow]:
    """The present episode's promises in the order in which they fall due (only the answer is promised anew after a reopening).

    A check that would be due after the answer (of an urgent case, by night) promises nothing more and is left out while it runs.
    """
    of_now = [row for row in deadlines if row.target in PROMISES and row.episode == ticket.episode]
    answer = next((row.due_at for row in of_now if row.target == "answer"), None)
    told = [
        row
        for row in of_now
        if row.target == "answer" or answer is None or row.due_at < answer or row.breached_at or row.ended_at
    ]
    return sorted(told, key=lambda row: (row.due_at, row.target != "verify"))


def _promise(row: DeadlineRow, office: Office, language: str, now: datetime) -> Promise:
    def says(msgid: str, **values: object) -> str:
        return translate(language, msgid, **values)

    title = says(_TITLES[row.target])
    due = moment(row.due_at, office.time_zone, language)
    ended = row.ended_at is not None and row.ended_at <= now
    if not ended and row.breached_at is not None and now <= row.due_at:
        return Promise(title, due, says("An earlier date was missed; this is the new one. We are sorry."))
    if row.breached_at is None and not (not ended and row.paused_at is None and now > row.due_at):
        if ended and row.outcome == "met" and row.ended_at is not None:
            done = moment(row.ended_at, office.time_zone, language)
            return Promise(title, says("{due} (done on {done})", due=due, done=done))
        if ended:
            return Promise(title, says("{due} (no longer needed)", due=due))
        if row.paused_at is not None:
            return Promise(title, says("{due} (waits for your answer and then moves on)", due=due))
        return Promise(title, due)
    if ended:
        return Promise(title, due, says("This date was missed. We are sorry."))
    return Promise(title, due, says("This date has passed. Our superiors have been told and press for an answer."))


def merged_answer(status: Status, file: TicketFile) -> MergedOutcome | None:
    """The office's words on the case that this one was merged into, once the merging stands (``status``: as the citizen sees it)."""
    outcome = file.merged_outcome if status is Status.MERGED else None
    return outcome if outcome is not None and outcome.answer else None


def beyond(status: Status, language: str) -> str:
    """The way beyond the office, for cases that end without an answer (Law 37/2008); else empty."""
    if status in (Status.REJECTED, Status.WITHDRAWN):
        return translate(
            language, "If you do not agree you can turn to the Ombudsman of the Republic of Indonesia: telephone 137."
        )
    return ""
