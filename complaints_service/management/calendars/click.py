"""What a click on a day of the year does: closes an open one, opens a closed one, and a second click takes it back. Rules without I/O."""

from __future__ import annotations

from datetime import date

import msgspec

from complaints_service.management.calendars.edit import with_day_closed, with_plain_day, with_same_day
from complaints_service.management.calendars.model import Draft
from complaints_service.management.calendars.year import FIRST_YEAR, LAST_YEAR, listed_holidays
from complaints_service.sla.calendar_document import CalendarDocument, DayNote, NoteKind, OpeningHours, read_hours


def opens_by_click(hours: OpeningHours, day: date) -> bool:
    """Whether a click can open or close this day. A day that its week leaves closed has no hours to open with: its form asks for them."""
    ordinal = day.toordinal()
    return bool(hours.on(ordinal) or hours.without_single_days(ordinal))


def day_clicked(draft: Draft, published: CalendarDocument, day: date) -> Draft:
    """The draft with this day closed if it was open, open if it was closed; unchanged where ``opens_by_click`` says no.

    What is published of the day comes back where that is the other state (its name, kind and hours with it); else a day that closes
    takes its name from the national list, and one that opens follows its week.
    """
    iso, ordinal = day.isoformat(), day.toordinal()
    is_open = bool(read_hours(draft.document).on(ordinal))
    if not opens_by_click(read_hours(draft.document), day):
        return draft
    closed = with_day_closed(draft.document, iso, _note(day))
    tries = (with_same_day(draft.document, published, iso), closed if is_open else with_plain_day(draft.document, iso))
    document = next(each for each in tries if bool(read_hours(each).on(ordinal)) is not is_open)
    return msgspec.structs.replace(draft, document=document)


def _note(day: date) -> DayNote:
    listed = listed_holidays(day.year).get(day) if FIRST_YEAR <= day.year <= LAST_YEAR else None
    return DayNote() if listed is None else DayNote(listed.name, NoteKind(listed.kind.value))
