"""Who is signed in, and what that lets them see and do. Values only."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import msgspec

from complaints_service.database import Scope
from complaints_service.errors import Forbidden
from complaints_service.office.model import Office, Person, Role
from complaints_service.tickets.model import Actor, ActorKind


class TokenScope(StrEnum):
    """What an API token may be used for (API.md, ``POST /api/v1/tokens``)."""

    TICKETS = "tickets"
    REPORTS = "reports"
    FEEDBACK = "feedback"
    ADMIN = "admin"
    WEBHOOKS = "webhooks"


ALL_SCOPES: frozenset[str] = frozenset(scope.value for scope in TokenScope)


class Via(StrEnum):
    """How a request showed who it is."""

    COOKIE = "cookie"
    TOKEN = "token"  # noqa: S105 - the name of a way in, no secret


class Viewer(msgspec.Struct, frozen=True, kw_only=True):
    """A signed-in person of an office. ``session_hash`` is None for an API token, which needs no CSRF token."""

    person: Person
    office: Office
    scopes: frozenset[str]
    via: Via
    session_hash: bytes | None = None

    @property
    def unit_ids(self) -> frozenset[int]:
        """Units whose tickets the person may see."""
        return self.office.scope_units(self.person)

    @property
    def language(self) -> str:
        """The language the person reads: ``id`` or ``en``."""
        return self.person.language

    def actor(self) -> Actor:
        """The person as the one who acts on a ticket."""
        return Actor(ActorKind.PERSON, self.person.id, self.person.role.value, self.person.name)

    def scope(self) -> Scope:
        """The person's part of the database: the units' tickets without those that name the person or an own unit."""
        return Scope.person(self.office.id, self.person.id, sorted(self.unit_ids), sorted(self.person.works_in))

    def may(self, *roles: Role) -> bool:
        """True when the person has one of the roles."""
        return self.person.role in roles

    def require(self, *roles: Role) -> None:
        """Raises Forbidden unless the person has one of the roles."""
        if not self.may(*roles):
            raise Forbidden("Your role does not include this. Ask your supervisor or the administrator.")

    def require_scope(self, scope: str) -> None:
        """Raises Forbidden when an API token was not made for this."""
        if scope not in self.scopes:
            raise Forbidden("This token was not made for this. Make one with the scope that is needed.")


class SignedIn(msgspec.Struct, frozen=True):
    """A new session: its token, those of the known and of the own device (all go into cookies), and whose it is."""

    token: str
    device: str
    own_device: str
    viewer: Viewer


class ApiToken(msgspec.Struct, frozen=True):
    """An API token as its owner sees it later: never the token itself. ``id`` is the start of its hash."""

    id: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class NewPerson(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody to be added: ``unit`` and ``works_in``, ``leads`` are slugs of units."""

    username: str
    name: str
    role: Role
    unit: str
    password: str
    email: str | None = None
    language: str = "id"
    works_in: tuple[str, ...] = ()
    leads: tuple[str, ...] = ()
    sees_confidential: bool = False


def scopes_of(role: Role) -> frozenset[str]:
    """What a person of this role can do at all; a token never does more."""
    return ALL_SCOPES if role is Role.ADMIN else ALL_SCOPES - {TokenScope.ADMIN.value, TokenScope.WEBHOOKS.value}


def known_scopes(scopes: Iterable[str]) -> bool:
    """True when every scope is one that a token can have."""
    return set(scopes) <= ALL_SCOPES
