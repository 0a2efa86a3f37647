"""What the pages of incidents and short answers show, in the reader's language. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

import msgspec

from complaints_service.guidance.service import Standing
from complaints_service.guidance.words import Shown, shown_in
from complaints_service.i18n import translate
from complaints_service.office.guidance import Guidance, GuidanceKind, GuidanceWords
from complaints_service.office.model import Office
from complaints_service.office.settings_events import SettingEvent

_KIND_ORDER = {kind.value: place for place, kind in enumerate(GuidanceKind)}
_ACT_WORDS = {"added": "Written", "changed": "Changed", "hidden": "Hidden from citizens", "shown": "Shown again"}


class Row(msgspec.Struct, frozen=True):
    """A text in the list. ``state``: now | later | over | hidden."""

    id: int
    kind: str
    title: str
    services: str
    state: str
    shows_from: date | None
    shows_until: date | None
    only_indonesian: bool
    helped: int
    changed_at: datetime
    changed_by: str


class EventRow(msgspec.Struct, frozen=True):
    """A change in the history of a text."""

    at: datetime
    who: str
    what: str


def list_rows(standings: Iterable[Standing], office: Office, today: date, language: str) -> list[Row]:
    """The list: what shows now first, incidents before answers."""
    rows = [_row(each, office, today, language) for each in standings]
    order = {"now": 0, "later": 1, "over": 2, "hidden": 3}
    return sorted(rows, key=lambda row: (order[row.state], _KIND_ORDER[row.kind]))


def _row(standing: Standing, office: Office, today: date, language: str) -> Row:
    one = standing.text
    person = office.people.get(standing.changed_by or 0)
    return Row(
        id=one.id,
        kind=one.kind.value,
        title=shown_in(one, language).title,
        services=", ".join(_service_name(office, slug, language) for slug in one.services)
        or translate(language, "every service"),
        state=state_of(one, today),
        shows_from=one.shows_from,
        shows_until=one.shows_until,
        only_indonesian=not one.text_en,
        helped=standing.helped,
        changed_at=standing.changed_at,
        changed_by=person.name if person else "",
    )


def state_of(one: Guidance, today: date) -> str:
    """Whether citizens see it now: now | later | over | hidden."""
    if not one.active:
        return "hidden"
    if one.in_days(today):
        return "now"
    return "later" if one.shows_from is not None and today < one.shows_from else "over"


def service_choices(office: Office, chosen: Iterable[str], language: str) -> list[tuple[str, str, bool]]:
    """Slug, name, and whether it is ticked."""
    ticked = set(chosen)
    return [
        (slug, _service_name(office, slug, language), slug in ticked)
        for slug, service in office.services.items()
        if service.active or slug in ticked
    ]


def _service_name(office: Office, slug: str, language: str) -> str:
    service = office.services.get(slug)
    if service is None:
        return slug
    return service.name_id if language == "id" else service.name_en


def preview(words: GuidanceWords) -> list[Shown]:
    """How it reads, in Indonesian and (when it is written) in English."""
    one = words if isinstance(words, Guidance) else _unsaved(words)
    both = [shown_in(one, "id"), shown_in(one, "en")]
    return both if both[1].language == "en" else both[:1]


def _unsaved(words: GuidanceWords) -> Guidance:
    fields = {name: getattr(words, name) for name in words.__struct_fields__}
    return Guidance(id=0, active=True, version=0, **fields)


def event_rows(events: Sequence[SettingEvent], office: Office, language: str) -> list[EventRow]:
    """The history: who did what, when."""
    return [
        EventRow(
            event.at,
            office.people[event.person_id].name if event.person_id in office.people else "",
            translate(language, _ACT_WORDS.get(event.act, event.act)),
        )
        for event in events
    ]
