"""What the receipt of a case says, to be taken along. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from complaints_service.i18n import moment, translate
from complaints_service.office.look import rgb
from complaints_service.office.model import Office
from complaints_service.public.case_words import Step, next_steps, promises
from complaints_service.tickets.file import TicketFile
from complaints_service.tickets.timeline import next_step, status_text

# The blue of the pages on paper.
_ACCENT = (13, 79, 110)


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """Words and dates in the reader's language; ``rows``: label and value; ``accent``: red, green, blue."""

    language: str
    title: str
    office: str
    contact: str
    rows: Sequence[tuple[str, str]]
    steps_title: str
    steps: Sequence[Step]
    address: str
    address_label: str
    note: str
    made_at: datetime
    accent: tuple[int, int, int]
    logo: bytes | None = None


def receipt_of(file: TicketFile, office: Office, language: str, base_url: str, code: str = "") -> Receipt:
    """With ``code`` as when it was filed: number, code, what happens next; without: how the case stands today."""

    def says(msgid: str, **values: object) -> str:
        return translate(language, msgid, **values)

    ticket = file.ticket
    address = f"{base_url}/lacak?nomor={ticket.number}"
    return Receipt(
        language=language,
        title=says("Receipt {number}", number=ticket.number),
        office=office.name,
        contact=" · ".join(part for part in (office.address, office.look.contact, office.phone) if part),
        rows=[
            (says("Number"), ticket.number),
            *([(says("Tracking code"), code)] if code else []),
            (says("Received"), moment(ticket.received_at, office.time_zone, language)),
            (says("With"), office.units[ticket.unit_id].name),
            (says("State"), status_text(ticket.status_for_citizen(file.now), language)),
        ],
        steps_title=says("What happens next") if code else says("Where it stands"),
        steps=next_steps(file, office, language) if code else _today(file, office, language),
        address=address,
        address_label=says("QR code of {address}", address=address),
        note=says(
            "Made on {moment}. With number and code you can see at any time how it stands; we never ask you for the code:",
            moment=moment(file.now, office.time_zone, language),
        ),
        made_at=file.now,
        accent=rgb(office.look.accent) if office.look.accent else _ACCENT,
    )


def _today(file: TicketFile, office: Office, language: str) -> list[Step]:
    promised = promises(file, office, language, file.now)
    return [
        Step(next_step(file, office, language), ""),
        *(Step(one.title, f"{one.text}\n{one.late}".strip()) for one in promised),
    ]
