"""The model: what every client was told. Nothing of it is read from the database before the judge compares the two."""

from __future__ import annotations

from collections import Counter

import msgspec

from complaints_service.tickets.transitions import BY_COMMAND
from tests.faults.soak.stories import Door, Step, Story, Who

# After words into a chat: the next deed at the desk tells.
UNKNOWN = "unknown"


class Case(msgspec.Struct, kw_only=True):
    """A ticket as its client knows it. ``number`` is None while nobody has told it (WhatsApp tells by message)."""

    door: Door
    key: str
    words: tuple[str, ...]
    number: str | None = None
    code: str | None = None
    email: str | None = None
    phone: str | None = None
    files: int = 0
    status: str = "received"
    asked_because: str = ""
    events: Counter[str] = msgspec.field(default_factory=Counter)
    said: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)
    # What was sent into a chat: it is in the thread, or in a new draft when the case had ended meanwhile.
    chatted: list[str] = msgspec.field(default_factory=list)
    refused: int = 0

    def acted(self, step: Step, status: str | None) -> None:
        """A deed was acknowledged, with the status that was told."""
        self.events[event_of(step.command)] += 1
        if step.command in _SAYS:
            sender, field = _SAYS[step.command]
            if words := step.more.get(field):
                self.said[sender, str(words)] += 1
        if step.command == "request_time":
            self.asked_because = str(step.more["reason"])
        if step.command == "grant_time":
            # Without words of who grants, the reporter reads those of who asked.
            self.said["office", self.asked_because] += 1
        if status is not None:
            self.status = status


# Whose words a command leaves in the thread, and which of its fields they are.
_SAYS = {
    "answer": ("office", "text"),
    "ask": ("office", "text"),
    "reject": ("office", "text"),
    "forward": ("office", "text"),
    "note": ("note", "text"),
    "escalate": ("note", "reason"),
    "request_time": ("note", "reason"),
    "reopen": ("note", "reason"),
    "reply": ("reporter", "text"),
    "rate": ("reporter", "comment"),
}


def event_of(command: str) -> str:
    """The event that a command leaves in the log."""
    return BY_COMMAND[command].event


class Told(msgspec.Struct):
    """Everything that was told to anybody in a run."""

    cases: list[Case] = msgspec.field(default_factory=list)
    # Statuses of refusals and of answers on the way to one, by number: 0 is a cut line.
    answers: Counter[int] = msgspec.field(default_factory=Counter)
    # Answers that nobody should ever get: an error of ours, a refusal without the word when to come back.
    odd: list[str] = msgspec.field(default_factory=list)
    # Good answers: whoever is told nothing for a while has an outage.
    heard: int = 0
    # Deeds of which nobody was told whether they were done, and that were looked for in the log.
    undecided: int = 0

    def filed(self, story: Story, words: tuple[str, ...], number: str | None, code: str | None) -> Case:
        """A client was told that its complaint is in."""
        case = Case(
            door=story.door,
            key=story.key,
            words=words,
            number=number,
            code=code,
            email=None if story.door is Door.WHATSAPP else story.email,
            phone=story.phone,
            files=story.files,
        )
        self.cases.append(case)
        return case


def may(step: Step, case: Case) -> bool:
    """Whether this client can try the step at all: a reporter needs the code, or the chat to write into."""
    if step.who is not Who.REPORTER:
        return case.number is not None
    return case.code is not None or (case.door is Door.WHATSAPP and step.command == "reply")
