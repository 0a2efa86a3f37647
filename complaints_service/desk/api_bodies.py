"""What the officers' API reads, and what it answers beside tickets, as values."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Union, get_args

import msgspec
from msgspec import Meta

from complaints_service.desk.queue_filters import MOST_ITEMS
from complaints_service.intake.complaint_form import ComplaintBody
from complaints_service.tickets.commands import OfficeCommand, Reason
from complaints_service.tickets.file import ReporterDetails
from complaints_service.tickets.model import Channel
from complaints_service.web.operations import Problem


class FiledForBody(ComplaintBody, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A complaint an officer takes down for a person."""

    channel: Channel
    received_at: datetime | None = None


class BulkItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A ticket with the version the officer has seen."""

    number: Annotated[str, Meta(max_length=40)]
    version: int


class BulkTickets(msgspec.Struct, frozen=True):
    """Which tickets; the command stands beside them as in a single command, or whole in ``command``."""

    tickets: Annotated[list[BulkItem], Meta(min_length=1, max_length=MOST_ITEMS)]


class BulkWhole(BulkTickets, frozen=True, forbid_unknown_fields=True):
    """The command whole."""

    command: OfficeCommand


class BulkResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one ticket: 200 with its new version, or the status of a refusal with the problem."""

    number: str
    status: int
    version: int | None = None
    problem: Problem | None = None


class ReporterShown(msgspec.Struct, frozen=True):
    """Who filed it; null where nothing is stored, or this person may not see it."""

    reporter: ReporterDetails | None


class MoreTimeBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why, and how many working days."""

    reason: Reason
    working_days: Annotated[int, Meta(ge=1, le=60)]


# The command beside the tickets: each command once more, with ``tickets``.
_BESIDE = [
    msgspec.defstruct(
        f"Bulk{kind.__name__}",
        [("tickets", Annotated[list[BulkItem], Meta(min_length=1, max_length=MOST_ITEMS)])],
        bases=(kind,),
        tag=kind.__struct_config__.tag,
        frozen=True,
        forbid_unknown_fields=True,
        kw_only=True,
    )
    for kind in get_args(OfficeCommand)
]
BULK = (Union[tuple(_BESIDE)], BulkWhole)  # noqa: UP007 - a union of a computed list has no other spelling
