"""The queue as its page shows it: rows with chips, views, lists for the filters. Pure."""

from __future__ import annotations

from datetime import datetime

import msgspec

from complaints_service.desk.chips import Chip, ChipState, chip
from complaints_service.desk.queue_filters import BY_RECEIPT, GROUPS, TIMES, Asked, by_receipt
from complaints_service.desk.words import (
    CHANNELS,
    KINDS,
    PRESSING,
    PRIORITIES,
    Options,
    about,
    catalogue_options,
    options,
    person_name,
    status_name,
    unit_name,
)
from complaints_service.i18n import moment, translate
from complaints_service.office.model import Office, Person, Role
from complaints_service.tickets.file import QueueItem, QueuePage
from complaints_service.tickets.model import Status

_GROUP_NAMES = {"owed": "the office owes an answer", "running": "a clock of the office runs", "ended": "ended"}
_TIME_WORDS = {
    "due_from": "due from {moment}",
    "due_before": "due before {moment}",
    "received_from": "received from {moment}",
    "received_before": "received before {moment}",
}
# The clock that runs then is not the office's: it is shown, but not as pressing.
_NOT_OURS = frozenset({Status.WAITING_REPORTER, Status.ANSWERED})


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One ticket of the list, in words."""

    number: str
    subject: str
    about: str
    chip: Chip | None
    status: str
    status_text: str
    unit: str
    assignee: str
    channel: str
    received_at: datetime
    level: int
    pressing: str


class View(msgspec.Struct, frozen=True):
    """A tab over the queue; ``count`` None: not counted."""

    name: str
    href: str
    count: int | None
    current: bool


class Lists(msgspec.Struct, frozen=True, kw_only=True):
    """Choices of the filter fields."""

    statuses: Options
    assignees: Options
    units: Options
    categories: Options
    services: Options
    kinds: Options
    channels: Options
    priorities: Options
    overdue: Options
    orders: Options


def queue_page(
    page: QueuePage, asked: Asked, office: Office, viewer: Person, cursor: str, language: str
) -> dict[str, object]:
    """The context of desk/queue.html."""
    return {
        "rows": [row_of(item, office, page.now, language) for item in page.items],
        "views": _views(page, asked, language),
        "filters": {
            **{name: asked.get(name) for name in ("q", "status", "assignee", "unit", "category", "service", "kind")},
            **{name: asked.get(name) for name in ("channel", "priority", "overdue")},
            "order": BY_RECEIPT if by_receipt(asked) else "",
            "hidden": [(name, asked.get(name)) for name in TIMES if asked.get(name)],
            "words": _filter_words(asked, office, language),
            "more": any(
                asked.get(name)
                for name in ("unit", "category", "service", "kind", "channel", "priority", "overdue", "order")
            ),
        },
        "lists": lists_of(office, viewer, language),
        "first_url": asked.address() if cursor else None,
        "next_url": asked.address(cursor=page.next_cursor) if page.next_cursor else None,
    }


def row_of(item: QueueItem, office: Office, now: datetime, language: str) -> Row:
    """One row. A complaint without a subject is named by the beginning of its words."""
    status = Status(item.status)
    return Row(
        number=item.number,
        subject=item.subject or item.excerpt,
        about=about(office, item.category, item.service, item.kind, language),
        chip=clock(item.next_due_at, status, now, language),
        status=item.status,
        status_text=status_name(status, language),
        unit=unit_name(office, item.unit_id),
        assignee=person_name(office, item.assignee_id),
        channel=translate(language, CHANNELS[item.channel]),
        received_at=item.received_at,
        level=item.level,
        pressing=translate(language, PRIORITIES[item.priority]) if item.priority in PRESSING else "",
    )


def clock(due_at: datetime | None, status: Status, now: datetime, language: str) -> Chip | None:
    """The chip of the ticket's next due time; None without one."""
    if due_at is None:
        return None
    made = chip(due_at, now, language)
    return msgspec.structs.replace(made, state=ChipState.PAUSED) if status in _NOT_OURS else made


def lists_of(office: Office, viewer: Person, language: str) -> Lists:
    """What the filters offer this viewer: own units and the people who work in them."""
    units = office.scope_units(viewer)
    people = [p for p in office.people.values() if p.active and p.works_in & units and p.role is not Role.ADMIN]
    return Lists(
        statuses=[
            *((name, translate(language, _GROUP_NAMES[name])) for name in GROUPS),
            *((status.value, status_name(status, language)) for status in Status),
        ],
        assignees=[
            ("me", translate(language, "me")),
            ("none", translate(language, "nobody yet")),
            *((str(person.id), person.name) for person in people),
        ],
        units=[(unit.slug, unit.name) for unit in office.units.values() if unit.id in units],
        categories=catalogue_options(office.categories.values(), language),
        services=catalogue_options(office.services.values(), language),
        kinds=options(KINDS, language),
        channels=options(CHANNELS, language),
        priorities=options(PRIORITIES, language),
        overdue=[("true", translate(language, "past the deadline"))],
        orders=[
            ("", translate(language, "next deadline first")),
            (BY_RECEIPT, translate(language, "latest first, ended ones too")),
        ],
    )


def _views(page: QueuePage, asked: Asked, language: str) -> list[View]:
    offered: tuple[tuple[str, dict[str, str], str | None], ...] = (
        ("All open", {}, "open"),
        ("Mine", {"assignee": "me"}, "mine"),
        ("Without an officer", {"assignee": "none", "status": "owed"}, "unassigned"),
        ("Past the deadline", {"overdue": "true", "status": "running"}, "overdue"),
        ("To verify", {"status": "received"}, "received"),
        ("Waits for the reporter", {"status": "waiting_reporter"}, "waiting_reporter"),
        ("Ended", {"status": "ended"}, None),
    )
    return [
        View(
            name=translate(language, name),
            href=Asked(values).address(),
            count=page.counts.get(count) if count else None,
            current=asked.values == values,
        )
        for name, values, count in offered
    ]


def _filter_words(asked: Asked, office: Office, language: str) -> list[str]:
    """The narrowing that no field shows (times out of a link), and the search words."""
    words = [f"“{asked.get('q')}”"] if asked.get("q") else []
    for name, msgid in _TIME_WORDS.items():
        if asked.get(name):
            at = datetime.fromisoformat(asked.get(name))
            words.append(translate(language, msgid, moment=moment(at, office.time_zone, language, weekday=False)))
    return words
