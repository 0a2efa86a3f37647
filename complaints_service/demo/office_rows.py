"""The rows of the demo office, read from ``office.toml`` beside this module. Values only."""

from __future__ import annotations

import functools
from datetime import date, datetime
from pathlib import Path

import msgspec

from complaints_service.office.model import Role, UnitKind

_FILE = Path(__file__).with_name("office.toml")


class _Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class OfficeRow(_Row, frozen=True):
    """The office itself."""

    id: int
    slug: str
    name: str
    number_prefix: str
    time_zone: str
    address: str
    phone: str


class UnitRow(_Row, frozen=True):
    """A unit under ``parent_id``."""

    id: int
    slug: str
    name: str
    kind: UnitKind
    parent_id: int | None = None


class Catalogue(_Row, frozen=True):
    """Services and categories as (slug, Bahasa Indonesia, English); ``oversight``: slugs of categories with the longer target."""

    services: tuple[tuple[str, str, str], ...]
    categories: tuple[tuple[str, str, str], ...]
    oversight: frozenset[str]


class CalendarRow(_Row, frozen=True):
    """Until when the holidays of the seeded calendar are decreed."""

    confirmed_through: date


class TargetRow(_Row, frozen=True):
    """A row of table ``policy_target``."""

    target: str
    amount: int
    measure: str
    kind: str | None = None
    category: str | None = None
    priority: str | None = None
    simple: bool | None = None
    oversight: bool | None = None


class RungRow(_Row, frozen=True):
    """A row of table ``rung``."""

    key: str
    target: str
    anchor: str
    level: int
    receivers: tuple[str, ...]
    otherwise: tuple[str, ...] = ()
    offset_amount: int = 0
    offset_measure: str = "working_days"
    act: str = "notify"
    repeats: bool = False
    roll_up: bool = False
    ways: tuple[str, ...] = ()
    raise_priority: str | None = None
    unassigns: bool = False
    note: str = ""


class PauseRow(_Row, frozen=True):
    """A row of table ``policy_pause``."""

    status: str
    target: str
    limit_amount: int
    limit_measure: str


class PolicyRows(_Row, frozen=True):
    """The first policy version with its targets and its ladder."""

    effective_from: datetime
    legal_source: str
    targets: tuple[TargetRow, ...]
    rungs: tuple[RungRow, ...]
    pauses: tuple[PauseRow, ...]


class RuleRow(_Row, frozen=True):
    """A row of table ``routing_rule``; ``set_unit`` is a slug."""

    name: str
    set_unit: str
    categories: tuple[str, ...] | None = None
    services: tuple[str, ...] | None = None
    words: tuple[str, ...] | None = None
    set_priority: str | None = None
    set_assignee: str = "none"


class GuidanceRow(_Row, frozen=True):
    """A row of table ``guidance``: a short answer that the office begins with."""

    services: tuple[str, ...]
    title_id: str
    text_id: str
    title_en: str
    text_en: str


class PersonRow(_Row, frozen=True):
    """A demo person; units are slugs."""

    username: str
    name: str
    role: Role
    unit: str
    works_in: tuple[str, ...] = ()
    leads: tuple[str, ...] = ()
    sees_confidential: bool = False


class OfficeRows(_Row, frozen=True):
    """Everything in the file; people have mail addresses ``<username>@<mail_domain>``."""

    mail_domain: str
    office: OfficeRow
    units: tuple[UnitRow, ...]
    catalogue: Catalogue
    calendar: CalendarRow
    policy: PolicyRows
    rules: tuple[RuleRow, ...]
    synonyms: dict[str, str]
    answers: tuple[GuidanceRow, ...]
    people: tuple[PersonRow, ...]


@functools.cache
def office_rows() -> OfficeRows:
    """The file as values; raises msgspec.ValidationError when somebody has broken it."""
    return msgspec.toml.decode(_FILE.read_bytes(), type=OfficeRows)
