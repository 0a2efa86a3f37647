"""A policy in words: deadlines, pauses, rungs. No I/O; every function takes the reader's language."""

from __future__ import annotations

from complaints_service.i18n import translate
from complaints_service.office.model import Office, PolicyPause, PolicyTarget, Rung
from complaints_service.office.rung_words import amount_text
from complaints_service.sla.policy_problems import TARGET_NAMES

TARGET_EXPLANATION_WORDS = {
    "verify": "From receipt until the complaints unit has verified and routed the case.",
    "answer": "From receipt until the office has answered.",
    "sign": "The longest silence while the case is open: a status, a message or a note of substance begins it anew.",
    "attend": "From receipt, or from being marked urgent, until somebody takes up the case.",
    "reporter": "How long the office waits for the reporter's reply; then the case lapses.",
    "closing": "After the answer, until the case closes by itself.",
}
KIND_NAMES = {"complaint": "Complaint", "suggestion": "Suggestion", "information": "Information request"}
PRIORITY_NAMES = {"low": "low", "normal": "normal", "high": "high", "urgent": "urgent"}
MEASURE_NAMES = {
    "working_days": "working days",
    "working_minutes": "working minutes",
    "calendar_days": "calendar days",
    "calendar_minutes": "calendar minutes",
}
STATUS_NAMES = {
    "verified": "Verified",
    "in_progress": "In progress",
    "waiting_reporter": "Waiting for the reporter",
}
RESTART_WORDS = {
    "after_reopening": {
        "restart": "the answer's time starts anew",
        "continue": "the answer's time goes on where it stood",
    },
    "after_transfer": {
        "restart": "the answer's time starts anew",
        "continue": "the answer's time goes on where it stood",
    },
}
RECEIVER_NAMES = {
    "assignee": "assignee",
    "unit_officers": "officers of the unit",
    "triage_officers": "officers of the complaints unit",
    "supervisor": "supervisor",
    "unit_supervisor": "supervisor",
    "triage_supervisor": "supervisor of the complaints unit",
    "duty": "who is on duty",
    "head": "head of office",
    "unit_up": "those who lead the next unit up",
    "regional": "regional office",
    "unit_above": "unit above",
    "reporter": "reporter",
}
ACT_WORDS = {
    "notify": "message to {people}",
    "remind_reporter": "reminder to {people}",
    "lapse": "the case lapses, notice to {people}",
    "close": "the case closes, notice to {people}",
}
WAY_NAMES = {"email": "e-mail", "whatsapp": "WhatsApp"}


def target_name(target: str, language: str) -> str:
    """The deadline's name; an unknown one as it is written."""
    return translate(language, TARGET_NAMES.get(target, target))


def category_name(slug: str, office: Office, language: str) -> str:
    """The category's name; a slug that does not exist (any more) as it is written."""
    category = office.categories.get(slug)
    if category is None:
        return slug
    return category.name_id if language == "id" else category.name_en


def conditions_text(row: PolicyTarget, office: Office, language: str) -> str:
    """Which cases a row is for: "Complaint, with oversight content", or "everything else"."""
    found: list[str] = []
    if row.kind:
        found.append(translate(language, KIND_NAMES.get(row.kind, row.kind)))
    if row.category:
        found.append(category_name(row.category, office, language))
    if row.priority:
        name = translate(language, PRIORITY_NAMES.get(row.priority, row.priority))
        found.append(translate(language, "priority {name}", name=name))
    if row.simple is not None:
        found.append(translate(language, "simple matter" if row.simple else "not a simple matter"))
    if row.oversight is not None:
        found.append(translate(language, "with oversight content" if row.oversight else "without oversight content"))
    return ", ".join(found) or translate(language, "everything else")


def pause_text(pause: PolicyPause, language: str) -> str:
    """While which status which clock stands, and for how long at most."""
    return translate(
        language,
        "While “{status}”, the clock of “{target}” stands, for at most {time}.",
        status=translate(language, STATUS_NAMES.get(pause.status, pause.status)),
        target=target_name(pause.target, language),
        time=amount_text(pause.limit_amount, pause.limit_measure, language),
    )


def receiver_text(word: str, office: Office, language: str) -> str:
    """One receiver: a word of the ladder, a person by name, or an address."""
    kind, _, name = word.partition(":")
    if kind == "person" and name:
        return next((person.name for person in office.people.values() if person.username == name), name)
    if kind == "address" and name:
        return name
    return translate(language, RECEIVER_NAMES.get(word, word))


def receivers_text(words: tuple[str, ...], office: Office, language: str) -> str:
    """Receivers in a row, empty when there are none."""
    return ", ".join(dict.fromkeys(receiver_text(word, office, language) for word in words))


def act_text(rung: Rung, office: Office, language: str) -> str:
    """What the rung does: "message to assignee, supervisor"."""
    people = receivers_text(rung.receivers or (("reporter",) if rung.act != "notify" else ()), office, language)
    return translate(language, ACT_WORDS.get(rung.act, rung.act), people=people or "–")


def extras(rung: Rung, language: str) -> list[str]:
    """What else happens when it fires, each as a short sentence."""
    found: list[str] = []
    if rung.ways:
        ways = ", ".join(translate(language, WAY_NAMES.get(way, way)) for way in rung.ways)
        found.append(translate(language, "by {ways}", ways=ways))
    if rung.raise_priority:
        name = translate(language, PRIORITY_NAMES.get(rung.raise_priority, rung.raise_priority))
        found.append(translate(language, "raises the priority to {name}", name=name))
    if rung.unassigns:
        found.append(translate(language, "takes the case from its assignee"))
    if rung.roll_up:
        found.append(translate(language, "gathered in the hourly summary"))
    if rung.note:
        found.append(translate(language, "note: {note}", note=rung.note))
    return found
