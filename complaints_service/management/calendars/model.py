"""Versions of a calendar and a draft of one, as values."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from complaints_service.sla.calendar_document import CalendarDocument


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A published calendar. ``created_by``: a person's id, None for the one the office began with."""

    version: int
    document: CalendarDocument
    confirmed_through: date
    created_at: datetime
    created_by: int | None
    why: str
    applies_to_open: bool


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What one administrator has collected; ``base`` is the version it began from."""

    base: int
    document: CalendarDocument
    confirmed_through: date
    changed_at: datetime | None = None


class NewVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A calendar to be published on top of ``if_version``."""

    document: CalendarDocument
    confirmed_through: date
    why: str
    applies_to_open: bool
    if_version: int
    act: str = "published"
