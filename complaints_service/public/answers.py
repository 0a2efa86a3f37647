"""The answers of the filing form: which there are, how they become the JSON of ``POST /api/v1/complaints``, how they read back.

Pure: fields in, values out. The form's field names are the JSON's paths with dots (``reporter.name``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import msgspec

from complaints_service.errors import FieldProblem, Invalid
from complaints_service.i18n import day, translate
from complaints_service.intake.complaint_form import ComplaintBody
from complaints_service.office.model import Office, UnitKind
from complaints_service.tickets.model import Ticket

IDENTITY = ("reporter.name", "reporter.email", "reporter.phone")
FIELDS = (
    "kind",
    "description",
    "service",
    "category",
    "occurred_on",
    "location",
    "reported.unit",
    "reported.person",
    "privacy",
    *IDENTITY,
)
# Where a citizen may say "I do not know": the field, and the tick beside it.
UNKNOWN = {"occurred_on": "occurred_on_unknown", "location": "location_unknown"}
DETAILS = ("occurred_on", "location", "reported.unit", "reported.person")
# More than any field takes: what is longer is cut here, so that the refusal says "too long" and the page stays small.
_LONGEST = 20_000
_AT_MOST = {
    "service": 60,
    "category": 60,
    "location": 300,
    "reported.unit": 100,
    "reported.person": 200,
    "reporter.name": 200,
    "reporter.email": 254,
    "reporter.phone": 40,
    "occurred_on": 40,
}

KIND_WORDS = {"complaint": "A complaint", "suggestion": "A suggestion", "information": "A question"}
PRIVACY_WORDS = {
    "open": "Those who work on it",
    "confidential": "Only a few (confidential)",
    "anonymous": "Nobody (anonymous)",
}
LABELS = {
    "kind": "What would you like to tell us?",
    "description": "What happened?",
    "service": "Which service is it about?",
    "category": "What is it about?",
    "occurred_on": "On which day did it happen?",
    "location": "Where did it happen?",
    "reported.unit": "Is it about a unit of the office?",
    "reported.person": "Is it about a member of staff?",
    "privacy": "Who may know that it is you?",
    "reporter.name": "Your name",
    "reporter.email": "E-mail address",
    "reporter.phone": "Telephone number",
}
SEND_WORDS = {"complaint": "Send complaint", "suggestion": "Send suggestion", "information": "Send question"}
# The reported unit can be any that a citizen meets: the office's sections and the office itself.
_NAMEABLE = (UnitKind.SECTION, UnitKind.TRIAGE, UnitKind.OFFICE)


class Row(msgspec.Struct, frozen=True):
    """One answer as the check page shows it; ``value`` empty: not given."""

    name: str
    label: str
    value: str


class Messages(dict[str, str]):
    """Field name -> what to correct there, in the reader's language; empty text for every other field."""

    def __missing__(self, name: str) -> str:
        return ""


def no_answers() -> dict[str, str]:
    """An untouched form."""
    return {**dict.fromkeys(FIELDS, ""), "kind": "complaint", "privacy": "open"}


def answers_from(form: Mapping[str, object]) -> dict[str, str]:
    """Every field as the person left it, without blanks around; who chose anonymous has no identity from here on."""
    answers = {name: _text(form.get(name)) for name in FIELDS}
    if answers["privacy"] == "anonymous":
        answers.update(dict.fromkeys(IDENTITY, ""))
    # Who wrote a day or a place knows it, whatever the tick says.
    return answers | {tick: "1" for name, tick in UNKNOWN.items() if form.get(tick) == "1" and not answers[name]}


def _text(value: object) -> str:
    """A field's text with line ends as ``\\n`` (browsers send CR LF); a file in its place counts as empty."""
    if not isinstance(value, str):
        return ""
    return value[:_LONGEST].replace("\r\n", "\n").strip()


def complaint_body(answers: Mapping[str, str], language: str) -> ComplaintBody:
    """The answers as the body that every door fills. Raises Invalid for a choice that was not offered and for what is too long."""
    problems = [
        FieldProblem(_pointer(name), "unknown_choice", "Choose one of the answers.")
        for name, words in (("kind", KIND_WORDS), ("privacy", PRIVACY_WORDS))
        if answers[name] not in words
    ]
    problems += [
        FieldProblem(_pointer(name), "too_long", "Shorten the text to at most {most} characters.", {"most": most})
        for name, most in _AT_MOST.items()
        if len(answers[name]) > most
    ]
    if problems:
        raise Invalid(problems)
    return msgspec.convert(complaint_json(answers, language), ComplaintBody)


def _pointer(name: str) -> str:
    return "/" + name.replace(".", "/")


def complaint_json(answers: Mapping[str, str], language: str) -> dict[str, object]:
    """The answers as the body of ``POST /api/v1/complaints``; what was left empty is left out."""
    body: dict[str, object] = {"description": ""}
    groups: dict[str, dict[str, str]] = {"reporter": {"language": language}}
    for name, value in answers.items():
        if name in UNKNOWN.values():
            continue
        group, dot, inner = name.partition(".")
        if value and dot:
            groups.setdefault(group, {})[inner] = value
        elif value:
            body[name] = value
    return {**body, **groups}


def messages_from(problems: list[FieldProblem], language: str) -> Messages:
    """Refused fields by the names of the form, in the order in which the form asks."""
    told = {
        problem.pointer.strip("/").replace("/", "."): translate(language, problem.detail, **problem.values)
        for problem in problems
    }
    ordered = [*(name for name in FIELDS if name in told), *(name for name in told if name not in FIELDS)]
    return Messages((name, told[name]) for name in ordered)


def rows(answers: Mapping[str, str], office: Office, language: str) -> list[Row]:
    """What the check page shows, in the order of the form. Rows that nobody needs to see empty are left out."""
    anonymous = answers["privacy"] == "anonymous"
    unknown = {name for name, tick in UNKNOWN.items() if answers.get(tick)}
    shown = [n for n in FIELDS if answers[n] or n in unknown or not (n in DETAILS or (anonymous and n in IDENTITY))]
    return [
        Row(
            name,
            translate(language, LABELS[name]),
            translate(language, "I do not know")
            if name in unknown
            else readable(name, answers[name], office, language),
        )
        for name in shown
    ]


def readable(name: str, value: str, office: Office, language: str) -> str:
    """An answer in words: the name behind a slug, the day as people write it, free text as it is."""
    words = {"kind": KIND_WORDS, "privacy": PRIVACY_WORDS}.get(name)
    if words is not None:
        return translate(language, words[value]) if value in words else value
    if name == "service" and value in office.services:
        return in_language(office.services[value].name_id, office.services[value].name_en, language)
    if name == "category" and value in office.categories:
        return in_language(office.categories[value].name_id, office.categories[value].name_en, language)
    if name == "reported.unit" and (unit := office.unit_by_slug(value)) is not None:
        return unit.name
    if name == "occurred_on":
        return written_day(value, office.time_zone, language)
    return value


def classified(ticket: Ticket, office: Office, language: str) -> list[tuple[str, str]]:
    """(question, answer) for the service and the category of a case, as far as they are known; the office may have corrected them."""
    known = {"service": ticket.service, "category": ticket.category}
    return [
        (translate(language, LABELS[name]), readable(name, slug, office, language))
        for name, slug in known.items()
        if slug
    ]


def written_day(value: str, zone: str, language: str) -> str:
    """``2026-11-20`` as "Jumat, 20 November 2026"; any other text as it is."""
    try:
        return day(date.fromisoformat(value), zone, language)
    except ValueError:
        return value


def in_language(indonesian: str, english: str, language: str) -> str:
    """The name in the reader's language."""
    return indonesian if language == "id" else english


def choices(office: Office, language: str) -> dict[str, list[tuple[str, str]]]:
    """What the form's lists offer: services, categories and units as (slug, name)."""
    return {
        "services": [
            (s.slug, in_language(s.name_id, s.name_en, language)) for s in office.services.values() if s.active
        ],
        "categories": [
            (c.slug, in_language(c.name_id, c.name_en, language)) for c in office.categories.values() if c.active
        ],
        "units": [(u.slug, u.name) for u in office.units.values() if u.kind in _NAMEABLE],
    }
