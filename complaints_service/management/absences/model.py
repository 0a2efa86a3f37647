"""Absences and duties with their ids, and what is to be added, as values."""

from __future__ import annotations

from datetime import datetime

import msgspec


class AbsenceRow(msgspec.Struct, frozen=True, kw_only=True):
    """From ``starts_at`` (included) to ``ends_at`` (excluded), UTC; ``stand_in_id`` None: nobody."""

    id: int
    person_id: int
    starts_at: datetime
    ends_at: datetime
    stand_in_id: int | None


class DutyRow(msgspec.Struct, frozen=True, kw_only=True):
    """Who is on duty from ``starts_at`` (included) to ``ends_at`` (excluded), UTC; ``unit_id`` None: for the whole office."""

    id: int
    person_id: int
    unit_id: int | None
    starts_at: datetime
    ends_at: datetime


class NewAbsence(msgspec.Struct, frozen=True, kw_only=True):
    """An absence to be added."""

    person_id: int
    starts_at: datetime
    ends_at: datetime
    stand_in_id: int | None
    why: str = ""


class NewDuty(msgspec.Struct, frozen=True, kw_only=True):
    """A duty to be added."""

    person_id: int
    unit_id: int | None
    starts_at: datetime
    ends_at: datetime
    why: str = ""
