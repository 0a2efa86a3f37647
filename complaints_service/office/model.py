"""The office as values: units, people, catalogue. Read whole by ``store`` and kept in memory; rules work on it without I/O."""

from __future__ import annotations

from datetime import datetime, time
from enum import StrEnum

import msgspec

from complaints_service.office.guidance import Guidance
from complaints_service.office.look import Look


class Role(StrEnum):
    """What a person is in the office; each sees the tickets of the units in scope."""

    OFFICER = "officer"
    SUPERVISOR = "supervisor"
    HEAD = "head"
    REGIONAL = "regional"
    ADMIN = "admin"


class UnitKind(StrEnum):
    """Where a unit stands in the tree: Direktorat Jenderal, Kanwil, Kantor Imigrasi, Seksi, Unit Pengaduan."""

    DIRECTORATE = "directorate"
    REGIONAL = "regional"
    OFFICE = "office"
    SECTION = "section"
    TRIAGE = "triage"


class Unit(msgspec.Struct, frozen=True):
    """A work unit; complaints are held by units, and climb along ``parent_id``."""

    id: int
    slug: str
    name: str
    kind: UnitKind
    parent_id: int | None


class Absence(msgspec.Struct, frozen=True):
    """From ``starts_at`` (included) to ``ends_at`` (excluded), UTC, with who stands in."""

    person_id: int
    starts_at: datetime
    ends_at: datetime
    stand_in_id: int | None


class Duty(msgspec.Struct, frozen=True):
    """Who is on duty from ``starts_at`` (included) to ``ends_at`` (excluded), UTC; ``unit_id`` None: for the whole office."""

    person_id: int
    unit_id: int | None
    starts_at: datetime
    ends_at: datetime


class Person(msgspec.Struct, frozen=True):
    """Somebody who can sign in. ``works_in``: own unit and further ones; ``leads``: units whose supervisor this is.

    ``ways``: how the person wants to be told ('email', 'whatsapp'), never empty; ``whatsapp``: the number in E.164.
    """

    id: int
    username: str
    name: str
    email: str | None
    role: Role
    unit_id: int
    works_in: frozenset[int]
    leads: frozenset[int]
    language: str
    sees_confidential: bool
    active: bool
    ways: tuple[str, ...] = ("email",)
    whatsapp: str | None = None


class Service(msgspec.Struct, frozen=True):
    """A service of the office that a complaint can be about."""

    slug: str
    name_id: str
    name_en: str
    active: bool


class Category(msgspec.Struct, frozen=True):
    """What a complaint is about; ``oversight``: berkadar pengawasan, with the longer target (PermenPANRB 62/2018)."""

    slug: str
    name_id: str
    name_en: str
    oversight: bool
    active: bool


class RoutingRule(msgspec.Struct, frozen=True):
    """Conditions (None: any) and what they set; the first rule that matches wins."""

    id: int
    name: str
    channels: tuple[str, ...] | None
    kinds: tuple[str, ...] | None
    categories: tuple[str, ...] | None
    services: tuple[str, ...] | None
    words: tuple[str, ...] | None
    between_from: time | None
    between_to: time | None
    set_unit_id: int | None
    set_priority: str | None
    set_assignee: str


class PolicyTarget(msgspec.Struct, frozen=True):
    """One row of a policy: what it matches (None: anything) and the amount of time it allows."""

    target: str
    kind: str | None
    category: str | None
    priority: str | None
    simple: bool | None
    oversight: bool | None
    amount: int
    measure: str


class Rung(msgspec.Struct, frozen=True):
    """One step of the escalation ladder (DOMAIN.md, "The default ladder").

    ``anchor``: due and start count ``offset_amount`` (negative: before) by ``offset_measure``; half: half of the working time is
    gone; previous: counted from the rung before. ``ways``: empty as the receivers have chosen. The last four fields say what
    else happens when it fires.
    """

    target: str
    position: int
    key: str
    anchor: str
    offset_amount: int
    level: int
    act: str
    receivers: tuple[str, ...]
    otherwise: tuple[str, ...]
    repeats: bool
    roll_up: bool
    offset_measure: str = "working_days"
    ways: tuple[str, ...] = ()
    raise_priority: str | None = None
    unassigns: bool = False
    note: str = ""


class PolicyPause(msgspec.Struct, frozen=True):
    """While a ticket is in ``status`` the clock of ``target`` stands, at most for the limit; then it runs again by itself."""

    status: str
    target: str
    limit_amount: int
    limit_measure: str


class Policy(msgspec.Struct, frozen=True):
    """A published version: its targets and its ladder, each in the order in which they apply.

    ``applies_to_open``: open tickets follow it, not only those received later. ``withdrawn``: taken back, at the latest on the day it
    took effect.
    ``after_reopening`` and ``after_transfer``: whether the answer clock restarts or continues then.
    """

    version: int
    effective_from: datetime
    legal_source: str
    confirmed_by: str | None
    targets: tuple[PolicyTarget, ...]
    rungs: tuple[Rung, ...]
    pauses: tuple[PolicyPause, ...] = ()
    applies_to_open: bool = False
    withdrawn: bool = False
    after_reopening: str = "restart"
    after_transfer: str = "continue"
    # The rungs of each target, lowest first; filled from ``rungs``.
    ladders: dict[str, tuple[Rung, ...]] = {}

    def __post_init__(self) -> None:
        ladders: dict[str, tuple[Rung, ...]] = {}
        for rung in self.rungs:
            ladders[rung.target] = (*ladders.get(rung.target, ()), rung)
        msgspec.structs.force_setattr(self, "ladders", ladders)


class CalendarVersion(msgspec.Struct, frozen=True):
    """A calendar document (CAL of API.md, JSON text) under its version number; ``applies_to_open``: open tickets follow it."""

    version: int
    document: str
    applies_to_open: bool = True


class Webhook(msgspec.Struct, frozen=True):
    """An active endpoint of outgoing webhooks and the events it wants (webhooks/events.py)."""

    id: int
    events: tuple[str, ...]


class Office(msgspec.Struct, frozen=True):
    """Everything about an office that is not a ticket, as of ``config_version``."""

    id: int
    slug: str
    name: str
    number_prefix: str
    time_zone: str
    address: str
    phone: str
    key_id: int
    config_version: int
    units: dict[int, Unit]
    people: dict[int, Person]
    absences: tuple[Absence, ...]
    services: dict[str, Service]
    categories: dict[str, Category]
    rules: tuple[RoutingRule, ...]
    policies: dict[int, Policy]
    calendars: dict[int, CalendarVersion]
    duties: tuple[Duty, ...] = ()
    webhooks: tuple[Webhook, ...] = ()
    guidance: tuple[Guidance, ...] = ()
    look: Look = Look()

    def ancestors(self, unit_id: int) -> list[Unit]:
        """Units above, the nearest first."""
        found: list[Unit] = []
        parent = self.units[unit_id].parent_id
        while parent is not None and parent in self.units and self.units[parent] not in found:
            found.append(self.units[parent])
            parent = self.units[parent].parent_id
        return found

    def subtree(self, unit_id: int) -> frozenset[int]:
        """The unit and all units below it."""
        found = {unit_id}
        while more := {u.id for u in self.units.values() if u.parent_id in found} - found:
            found |= more
        return frozenset(found)

    def unit_of_kind(self, kind: UnitKind) -> Unit:
        """The unit of a kind that an office has once (office, triage). Raises LookupError when it is missing."""
        for unit in self.units.values():
            if unit.kind is kind:
                return unit
        raise LookupError(f"the office has no unit of kind {kind}")

    def unit_by_slug(self, slug: str) -> Unit | None:
        """The unit with this slug, or None."""
        return next((unit for unit in self.units.values() if unit.slug == slug), None)

    def scope_units(self, person: Person) -> frozenset[int]:
        """Units whose tickets the person may see: the head, the regional office and administrators see all below their unit."""
        if person.role in (Role.HEAD, Role.REGIONAL, Role.ADMIN):
            return self.subtree(person.unit_id) | person.works_in
        return person.works_in | person.leads

    def present(self, person: Person, at: datetime) -> bool:
        """Active and not absent at this moment."""
        return person.active and not any(
            a.person_id == person.id and a.starts_at <= at < a.ends_at for a in self.absences
        )

    def stand_in(self, person: Person, at: datetime) -> Person | None:
        """Who stands in for an absent person and is present, or None."""
        for absence in self.absences:
            if absence.person_id == person.id and absence.starts_at <= at < absence.ends_at and absence.stand_in_id:
                other = self.people.get(absence.stand_in_id)
                if other is not None and self.present(other, at):
                    return other
        return None

    def on_duty(self, unit_id: int, at: datetime) -> list[Person]:
        """Who is on duty for the unit at this moment; nobody: who is on duty for the whole office. Absent people are among them."""
        now = [duty for duty in self.duties if duty.starts_at <= at < duty.ends_at and duty.person_id in self.people]
        own = [duty for duty in now if duty.unit_id == unit_id] or [duty for duty in now if duty.unit_id is None]
        return [self.people[person_id] for person_id in dict.fromkeys(duty.person_id for duty in own)]

    def policy_at(self, at: datetime) -> Policy:
        """The policy in force at a moment: the latest that is effective. Raises LookupError when there is none."""
        in_force = [p for p in self.policies.values() if p.effective_from <= at and not p.withdrawn]
        if not in_force:
            raise LookupError("no policy is in force")
        return max(in_force, key=lambda p: p.effective_from)

    def latest_calendar(self) -> CalendarVersion:
        """The calendar that counts now: the highest version."""
        return self.calendars[max(self.calendars)]
