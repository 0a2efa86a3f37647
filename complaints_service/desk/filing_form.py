"""The form in which an officer files for a person, as the complaint of the API. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec

from complaints_service.desk.words import (
    CHANNELS,
    KINDS,
    OFFICER_CHANNELS,
    PRIVACIES,
    Options,
    catalogue_options,
    options,
)
from complaints_service.errors import FieldProblem, Invalid
from complaints_service.i18n import translate
from complaints_service.intake.complaint_form import ComplaintBody, to_complaint
from complaints_service.office.model import Office
from complaints_service.tickets.model import Channel, Complaint

FIELDS = (
    "channel",
    "received_at",
    "description",
    "subject",
    "kind",
    "category",
    "service",
    "location",
    "occurred_on",
    "privacy",
    "reporter.name",
    "reporter.phone",
    "reporter.email",
    "reporter.language",
    "consent",
)
_FIRST = {"channel": "counter", "kind": "complaint", "privacy": "open", "reporter.language": "id"}
_PRIVACY_HINTS = {
    "open": "The officers who work on it see name and address.",
    "confidential": "Only those with the right see name and address.",
    "anonymous": "Nothing about the person is stored.",
}


class FilingForm(msgspec.Struct, frozen=True):
    """The form's fields as sent, and its own id, under which it counts once."""

    form_id: str
    values: dict[str, str]

    @classmethod
    def read(cls, form: Mapping[str, object]) -> FilingForm:
        """Line ends as ``\\n``; an id that is none is made anew."""
        values = {
            name: value.replace("\r\n", "\n").replace("\x00", "")
            for name in FIELDS
            if isinstance(value := form.get(name, ""), str)
        }
        try:
            form_id = str(uuid.UUID(str(form.get("form_id", ""))))
        except ValueError:
            form_id = str(uuid.uuid4())
        return cls(form_id, values)

    def content(self) -> bytes:
        """What must be the same when the same form comes again."""
        return msgspec.json.encode(self.values, order="deterministic")

    def get(self, name: str) -> str:
        """A field without the blanks around it."""
        return self.values.get(name, "").strip()


def blank() -> FilingForm:
    """A fresh form."""
    return FilingForm(str(uuid.uuid4()), {name: _FIRST.get(name, "") for name in FIELDS})


def read_filing(form: FilingForm, office: Office) -> tuple[ComplaintBody, Channel, datetime | None]:
    """The complaint, its channel, and when it reached us (UTC; None: now). Raises Invalid that names every wrong field."""
    problems: list[FieldProblem] = []
    if form.get("channel") not in OFFICER_CHANNELS:
        problems.append(FieldProblem("/channel", "required", "Choose how the person came to us."))
    received_at = None
    if form.get("received_at"):
        try:
            local = datetime.fromisoformat(form.get("received_at"))
            received_at = local.replace(tzinfo=ZoneInfo(office.time_zone)).astimezone(UTC)
        except (ValueError, OverflowError):  # year 1 in a zone ahead of UTC
            problems.append(
                FieldProblem("/received_at", "not_a_time", "Write day and time, for example 2026-11-24 09:00.")
            )
    if not form.get("description"):
        problems.append(FieldProblem("/description", "required", "Write what happened."))
    fields: dict[str, object] = {
        name: form.get(name)
        for name in ("description", "subject", "kind", "category", "service", "location", "occurred_on", "privacy")
        if form.get(name)
    }
    reporter = {
        name.partition(".")[2]: form.get(name) for name in FIELDS if name.startswith("reporter.") and form.get(name)
    }
    try:
        body = msgspec.convert({**fields, "reporter": reporter}, ComplaintBody) if not problems else None
    except msgspec.ValidationError as error:
        body = None
        pointer = "/" + str(error).rpartition("$.")[2].rstrip("`").replace(".", "/")
        problems.append(FieldProblem(pointer, "not_possible", "Please choose or write a value that is possible here."))
    if body is None or problems:
        raise Invalid(problems)
    return body, Channel(form.get("channel")), received_at


def complaint_of(form: FilingForm, office: Office, now: datetime, filed_by: int) -> Complaint:
    """What the officer files for the person, with the consent to be contacted. Raises Invalid that names every wrong field."""
    body, channel, received_at = read_filing(form, office)
    consents = form.get("consent") == "true"
    problems = [] if consents else _without_consent(form)
    try:
        complaint = to_complaint(body, office, channel, now=now, received_at=received_at, filed_by=filed_by)
    except Invalid as error:
        raise Invalid([*error.problems, *problems]) from None
    if problems:
        raise Invalid(problems)
    return msgspec.structs.replace(complaint, contact_consent=consents)


def _without_consent(form: FilingForm) -> list[FieldProblem]:
    if not (form.get("reporter.phone") or form.get("reporter.email")):
        return []
    detail = "Ask whether we may write or call, and tick it; else leave telephone and e-mail empty."
    return [FieldProblem("/consent", "no_consent", detail)]


def filing_page(form: FilingForm, problems: dict[str, str], office: Office, language: str) -> dict[str, object]:
    """The context of desk/file.html."""
    privacies = [
        (value, translate(language, name), translate(language, _PRIVACY_HINTS[value]))
        for value, name in PRIVACIES.items()
    ]
    languages: Options = [("id", "Bahasa Indonesia"), ("en", "English")]
    return {
        "given": {"form_id": form.form_id, **{name: form.values.get(name, "") for name in FIELDS}},
        "problems": problems,
        "lists": {
            "channels": [(value, name, None) for value, name in options(CHANNELS, language, OFFICER_CHANNELS)],
            "kinds": options(KINDS, language),
            "categories": catalogue_options(office.categories.values(), language),
            "services": catalogue_options(office.services.values(), language),
            "privacies": privacies,
            "languages": languages,
        },
    }
