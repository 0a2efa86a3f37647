"""What the API of absences and duties reads and answers, as values."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from complaints_service.management.absences.model import AbsenceRow
from complaints_service.management.absences.rules import LONGEST_NOTE

_Time = Annotated[datetime, msgspec.Meta(tz=True)]
_Note = Annotated[str, msgspec.Meta(max_length=LONGEST_NOTE)]
_Id = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]


class AbsenceBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is away, from ``starts_at`` (included) to ``ends_at`` (excluded), and who stands in (null: nobody)."""

    person_id: _Id
    starts_at: _Time
    ends_at: _Time
    stand_in_id: _Id | None = None
    why: _Note = ""


class DutyBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is on duty, from ``starts_at`` (included) to ``ends_at`` (excluded); ``unit``: a slug, null for the whole office."""

    person_id: _Id
    starts_at: _Time
    ends_at: _Time
    unit: str | None = None
    why: _Note = ""


class WhyQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``why`` stands in the history."""

    why: _Note = ""


class NewAbsenceAnswer(AbsenceRow, frozen=True, kw_only=True):
    """The absence as it was entered. ``warnings``: stand_in_sees_nothing, when the stand-in may see no case of the absent person."""

    warnings: list[str]


class DutyAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A duty; ``unit``: a slug, null for the whole office."""

    id: int
    person_id: int
    unit: str | None
    starts_at: datetime
    ends_at: datetime
