"""What a citizen sends, from any door, and its check against the catalogue."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

import msgspec
import phonenumbers
from msgspec import Meta

from complaints_service.errors import FieldProblem, Invalid
from complaints_service.office.model import Office
from complaints_service.tickets.model import Channel, Complaint, Kind, Privacy

DESCRIPTION_MIN = 10
DESCRIPTION_MAX = 5_000
LATEST_RECEIPT = timedelta(days=365)
EARLIEST_YEAR = 1990
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

Slug = Annotated[str, Meta(max_length=60)]


def _told(**more: object) -> Meta:
    """For the description of the API only: what ``to_complaint`` checks, so that it can name every mistake at once."""
    return Meta(extra_json_schema=more)


class ReporterBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who complains: everything optional, any telephone format."""

    name: Annotated[str, Meta(max_length=200)] | None = None
    phone: Annotated[str, Meta(max_length=40)] | None = None
    email: Annotated[str, Meta(max_length=254)] | None = None
    language: Annotated[str, _told(enum=["id", "en"])] = "id"


class ReportedBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whom the complaint is about: a unit (slug or name) or a person in the citizen's own words."""

    unit: Annotated[str, Meta(max_length=100)] | None = None
    person: Annotated[str, Meta(max_length=200)] | None = None


class ComplaintBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The JSON of ``POST /api/v1/complaints`` (API.md); only ``description`` is required."""

    description: Annotated[str, _told(minLength=DESCRIPTION_MIN, maxLength=DESCRIPTION_MAX)]
    kind: Kind = Kind.COMPLAINT
    category: Slug | None = None
    service: Slug | None = None
    subject: Annotated[str, Meta(max_length=200)] = ""
    privacy: Privacy = Privacy.OPEN
    reporter: ReporterBody | None = None
    occurred_on: Annotated[str, _told(format="date")] | None = None
    location: Annotated[str, Meta(max_length=300)] | None = None
    reported: ReportedBody | None = None
    attachments: Annotated[list[Slug], Meta(max_length=10)] = []
    office: Slug | None = None


def to_complaint(
    body: ComplaintBody,
    office: Office,
    channel: Channel,
    *,
    now: datetime,
    received_at: datetime | None = None,
    filed_by: int | None = None,
) -> Complaint:
    """The complaint, cleaned and checked. ``now``: office time (a day that is to come is refused).

    Raises Invalid that names every wrong field at once, as JSON pointers of the body.
    """
    check = _Check(office)
    reporter = body.reporter or ReporterBody()
    reported = body.reported or ReportedBody()
    name, phone, email = clean(reporter.name), clean(reporter.phone), clean(reporter.email)
    if body.privacy is Privacy.ANONYMOUS and (name or phone or email):
        check.refuse(
            "/reporter",
            "anonymous_with_identity",
            "An anonymous complaint stores no identity. Leave name, telephone and e-mail empty, or choose confidential.",
        )
    complaint = Complaint(
        description=check.description(body.description),
        subject=clean(body.subject) or "",
        kind=body.kind,
        channel=channel,
        privacy=body.privacy,
        category=check.category(body.category),
        service=check.service(body.service),
        location=clean(body.location),
        occurred_on=check.occurred_on(body.occurred_on, now),
        reported_unit=check.unit(clean(reported.unit)),
        reported_person=clean(reported.person),
        reporter_name=name,
        reporter_phone=check.phone(phone),
        reporter_email=check.email(email),
        language=check.language(reporter.language),
        received_at=check.received_at(received_at, now),
        filed_by=filed_by,
        attachments=tuple(body.attachments),
    )
    if check.problems:
        raise Invalid(check.problems)
    return complaint


def clean(text: str | None) -> str | None:
    """Text as it is stored: normalised (NFC), without surrounding blanks; empty is None. NUL is refused before (``readable``)."""
    if text is None:
        return None
    stripped = unicodedata.normalize("NFC", text).strip()
    return stripped or None


# Indonesian mobile numbers as most people write them. The library says the same of each and takes 45 times as long.
_PLAIN_MOBILE = re.compile(r"(?:\+62|0)[ -]?(8(?:[ -]?[0-9]){8,11})")


def normalized_phone(text: str) -> str | None:
    """A telephone number as E.164 (Indonesian when no country is given), or None when it cannot be one."""
    if plain := _PLAIN_MOBILE.fullmatch(text):
        return "+62" + plain[1].replace(" ", "").replace("-", "")
    try:
        number = phonenumbers.parse(text, "ID")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


# What browsers take as an e-mail address (HTML's own rule), with a dot in the host: no control or invisible characters, no empty
# labels; what could never be sent would end as a dead message and an alarm.
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = re.compile(rf"[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@{_LABEL}(?:\.{_LABEL})+")


class _Check:
    """Collects every problem of a body."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.problems: list[FieldProblem] = []

    def refuse(self, pointer: str, code: str, detail: str, **values: object) -> None:
        self.problems.append(FieldProblem(pointer, code, detail, values))

    def description(self, text: str) -> str:
        cleaned = clean(text) or ""
        if len(cleaned) < DESCRIPTION_MIN:
            self.refuse(
                "/description",
                "too_short",
                "Write what happened, in at least {least} characters.",
                least=DESCRIPTION_MIN,
            )
        elif len(cleaned) > DESCRIPTION_MAX:
            self.refuse(
                "/description", "too_long", "Shorten the text to at most {most} characters.", most=DESCRIPTION_MAX
            )
        return cleaned

    def category(self, slug: str | None) -> str | None:
        if slug and (slug not in self.office.categories or not self.office.categories[slug].active):
            self.refuse("/category", "unknown_category", "There is no such category; choose one of the catalogue.")
        return slug or None

    def service(self, slug: str | None) -> str | None:
        if slug and (slug not in self.office.services or not self.office.services[slug].active):
            self.refuse("/service", "unknown_service", "There is no such service; choose one of the catalogue.")
        return slug or None

    def unit(self, name: str | None) -> str | None:
        if not name:
            return name
        named = [u for u in self.office.units.values() if name.lower() in (u.slug, u.name.lower())]
        if not named:
            self.refuse("/reported/unit", "unknown_unit", "There is no such unit; leave it empty when you do not know.")
        elif not self.office.ancestors(named[0].id):
            # Nobody stands above it here, and the reported party never receives its own case: the way is outside.
            self.refuse(
                "/reported/unit",
                "no_superior",
                "Nobody in this service stands above that unit. Please turn to the Ombudsman: ombudsman.go.id, telephone 137.",
            )
        return name

    def occurred_on(self, text: str | None, now: datetime) -> str | None:
        if text is None:
            return None
        try:
            # Python reads the day of a week too (2026-W48-2).
            day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
        except ValueError:
            day = None
        if day is None or day.year < EARLIEST_YEAR:
            self.refuse("/occurred_on", "not_a_date", "Write the day as year-month-day, for example 2026-11-20.")
        elif day > (now + timedelta(days=1)).date():
            self.refuse("/occurred_on", "in_the_future", "This day is still to come.")
        return text

    def phone(self, text: str | None) -> str | None:
        number = normalized_phone(text) if text else None
        if text and number is None:
            self.refuse(
                "/reporter/phone", "not_a_phone_number", "This is not a telephone number, for example 0812-3456-7890."
            )
        return number

    def email(self, text: str | None) -> str | None:
        if text and not _EMAIL.fullmatch(text):
            self.refuse("/reporter/email", "not_an_email", "Write the e-mail address like name@example.org.")
        return text

    def language(self, language: str) -> str:
        if language not in ("id", "en"):
            self.refuse("/reporter/language", "unknown_language", "The languages are id and en.")
        return language

    def received_at(self, at: datetime | None, now: datetime) -> datetime | None:
        if at is None:
            return None
        if at.tzinfo is None:
            self.refuse(
                "/received_at", "no_zone", "Write the time with its zone, for example 2026-11-24T09:00:00+07:00."
            )
            return None
        if at > now or at < now - LATEST_RECEIPT:
            self.refuse(
                "/received_at", "out_of_range", "The time of receipt lies in the future or more than a year back."
            )
            return None
        return at.astimezone(UTC)
