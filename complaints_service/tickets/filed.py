"""The values around a filing: under which key, to which place, and what the citizen gets."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

import msgspec

from complaints_service.tickets.model import Priority, Status


class FilingKey(msgspec.Struct, frozen=True):
    """Who sends (``web``, ``kiosk:3``, ``whatsapp``), under which key, and the bytes that must be the same the next time."""

    scope: str
    key: str
    body: bytes


class PromisedDeadline(msgspec.Struct, frozen=True):
    """A date the citizen is told: target verify or answer, due in UTC."""

    target: str
    due_at: datetime


class Filed(msgspec.Struct, frozen=True, kw_only=True):
    """What the citizen gets. The code is computed and never stored; ``replayed``: the key was known, this is the first answer again."""

    office_id: int
    ticket_id: int
    number: str
    tracking_code: str
    status: Status
    kind: str
    category: str | None
    service: str | None
    unit_name: str
    received_at: datetime
    deadlines: tuple[PromisedDeadline, ...]
    replayed: bool = False


class FiledBody(msgspec.Struct, frozen=True):
    """What the first answer is built from again: the body of a ticket's first event."""

    kind: str
    category: str | None
    service: str | None
    unit: int
    received_at: datetime
    deadlines: tuple[PromisedDeadline, ...]


class Placed(Protocol):
    """Where a complaint goes and why: what routing decides (``routing.rules.Routed``)."""

    @property
    def unit_id(self) -> int: ...
    @property
    def priority(self) -> Priority: ...
    @property
    def oversight(self) -> bool: ...
    @property
    def simple(self) -> bool: ...
    @property
    def rule_id(self) -> int | None: ...
    @property
    def rule_name(self) -> str: ...
    @property
    def why(self) -> dict[str, object]: ...
    @property
    def wants_assignee(self) -> bool: ...
    @property
    def excluded_people(self) -> tuple[int, ...]: ...
    @property
    def reported_units(self) -> tuple[int, ...]: ...
    @property
    def reported_people(self) -> tuple[int, ...]: ...


class SamePlace(msgspec.Struct, frozen=True, kw_only=True):
    """A split stays where its first ticket is."""

    unit_id: int
    priority: Priority
    oversight: bool
    simple: bool
    reported_units: tuple[int, ...]
    reported_people: tuple[int, ...]
    rule_id: int | None = None
    rule_name: str = ""
    why: dict[str, object] = {}
    wants_assignee: bool = False
    excluded_people: tuple[int, ...] = ()
