"""Signing in and out, sessions, API tokens. Everything here runs on machine time (D12)."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import asyncpg

from complaints_service.accounts.model import (
    ApiToken,
    SignedIn,
    TokenScope,
    Via,
    Viewer,
    known_scopes,
    scopes_of,
)
from complaints_service.accounts.own_device import is_own_device, own_device_token
from complaints_service.accounts.passwords import MOST_LENGTH, PasswordCheck, outdated
from complaints_service.accounts.people import USERNAME
from complaints_service.accounts.signin_delay import WINDOW_SECONDS, Failures, wait_seconds
from complaints_service.clock import machine_now
from complaints_service.database import Database, Scope, queries
from complaints_service.errors import FieldProblem, Invalid, NotFound, TooMany, Unauthenticated
from complaints_service.keys import Keys, new_token, token_hash
from complaints_service.office.model import Office, Role
from complaints_service.office.store import OfficeStore

SESSION_SECONDS = 12 * 3600
IDLE_SECONDS = 2 * 3600
TOKEN_NAME_LENGTH = 80

# The calendar of Python and PostgreSQL's driver ends the day after.
_LAST_DAY = date(9999, 12, 30)

_WRONG = "The username or the password is not right."


class Accounts:
    """The use cases around people who sign in."""

    def __init__(self, database: Database, offices: OfficeStore, keys: Keys) -> None:
        self._database = database
        self._offices = offices
        self._keys = keys
        self._passwords = PasswordCheck()

    def close(self) -> None:
        """Let go of the threads that check passwords."""
        self._passwords.close()

    async def sign_in(
        self, username: str, password: str, *, address: str, old_token: str | None = None, device: str | None = None
    ) -> SignedIn:
        """Open a session; the one of ``old_token`` ends, so that no token from before is worth anything (fixation).

        ``address`` is the network address (kept only as a keyed hash), ``device`` the cookie of a device that signed in before.
        Raises Unauthenticated, the same after the same time for an unknown person and a wrong password, and TooMany with the
        wait of ``signin_delay``.
        """
        office = await self._offices.current()
        known = username.strip().lower()
        account_key = self._keys.digest("signin-account", office.id, known[:MOST_LENGTH])
        address_key = self._address_key(office.id, known, address, device)
        await self._count_try(office.id, account_key, address_key)
        row = None
        if USERNAME.fullmatch(known):
            async with self._database.connection() as connection:
                row = await queries("accounts").credentials(connection, office_id=office.id, username=known)
        stored: str | None = None if row is None or len(password) > MOST_LENGTH else row["password_hash"]
        if not await self._passwords.correct(stored, password[:MOST_LENGTH]) or row is None or stored is None:
            raise Unauthenticated(_WRONG, code="wrong_credentials")
        token, hashed = new_token()
        async with self._database.connection() as connection:
            await queries("accounts").open_session(
                connection,
                token_hash=hashed,
                old_hash=token_hash(old_token) if old_token else None,
                office_id=office.id,
                person_id=row["id"],
                lifetime_seconds=float(SESSION_SECONDS),
                account_key=account_key,
                address_key=address_key,
            )
            if outdated(stored):
                stored = await self._passwords.hash(password)
                await queries("accounts").renew_hash(
                    connection, office_id=office.id, person_id=row["id"], password_hash=stored
                )
        office = await self._fresh(office.id, row["config_version"])
        person = office.people[row["id"]]
        viewer = Viewer(
            person=person, office=office, scopes=scopes_of(person.role), via=Via.COOKIE, session_hash=hashed
        )
        own = own_device_token(self._keys, office.id, person.id, stored, machine_now())
        return SignedIn(token, self._device_token(office.id, known), own, viewer)

    async def sign_out(self, viewer: Viewer) -> None:
        """End the session of this viewer; an API token is revoked elsewhere."""
        async with self._database.connection() as connection:
            await queries("accounts").close_session(connection, token_hash=viewer.session_hash or b"")

    async def viewer_of_session(self, token: str) -> Viewer | None:
        """Whose session the cookie opens (one query), or None when it is unknown or over."""
        hashed = token_hash(token)
        async with self._database.connection() as connection:
            row = await queries("accounts").session_viewer(
                connection, token_hash=hashed, idle_seconds=float(IDLE_SECONDS)
            )
        if row is None:
            return None
        office = await self._fresh(row["office_id"], row["config_version"])
        person = office.people[row["person_id"]]
        return Viewer(person=person, office=office, scopes=scopes_of(person.role), via=Via.COOKIE, session_hash=hashed)

    async def owns_device(self, office_id: int, person_id: int, token: str) -> bool:
        """Whether the cookie says that this person signed in here before and has not signed out since (see ``own_device``)."""
        async with self._database.connection() as connection:
            stored = await queries("accounts").password_hash(connection, office_id=office_id, person_id=person_id)
        return stored is not None and is_own_device(self._keys, office_id, person_id, stored, token, machine_now())

    async def viewer_of_api_token(self, token: str) -> Viewer | None:
        """Whose API token it is, or None when it is unknown, expired or revoked."""
        async with self._database.connection() as connection:
            row = await queries("accounts").token_viewer(connection, token_hash=token_hash(token))
        if row is None:
            return None
        office = await self._fresh(row["office_id"], row["config_version"])
        person = office.people[row["person_id"]]
        return Viewer(
            person=person, office=office, scopes=frozenset(row["scopes"]) & scopes_of(person.role), via=Via.TOKEN
        )

    def csrf_token(self, viewer: Viewer) -> str:
        """What a write with the cookie must carry; bound to the session, worth nothing in another one."""
        return self._keys.digest("csrf", viewer.session_hash or b"").hex()

    def csrf_matches(self, viewer: Viewer, given: str | None) -> bool:
        """Compare in constant time; an API token needs none."""
        if viewer.via is Via.TOKEN:
            return True
        return given is not None and hmac.compare_digest(
            given.encode("utf-8", "surrogatepass"), self.csrf_token(viewer).encode()
        )

    async def create_token(
        self, viewer: Viewer, name: str, scopes: Sequence[str], expires_on: date | None
    ) -> tuple[str, ApiToken]:
        """A new API token (shown this once) and its entry; it works through the day ``expires_on`` in the office's zone.

        Raises Invalid; the scope admin is for administrators.
        """
        problems: list[FieldProblem] = []
        if not name.strip() or len(name) > TOKEN_NAME_LENGTH or "\x00" in name:
            problems.append(
                FieldProblem("/name", "length", "Write a name of 1 to {most} characters.", {"most": TOKEN_NAME_LENGTH})
            )
        if not scopes or not known_scopes(scopes):
            problems.append(
                FieldProblem("/scopes", "unknown", "Choose from: {choices}.", {"choices": ", ".join(TokenScope)})
            )
        elif TokenScope.ADMIN in scopes and not viewer.may(Role.ADMIN):
            problems.append(FieldProblem("/scopes", "forbidden", "The scope admin is for administrators only."))
        expires_at = None if expires_on is None else _end_of(expires_on, viewer.office)
        if expires_at is not None and expires_at < await self._machine_time():
            problems.append(FieldProblem("/expires_on", "past", "Choose a day that is not over."))
        if problems:
            raise Invalid(problems)
        token, hashed = new_token()
        async with self._database.connection() as connection:
            row = await queries("accounts").add_token(
                connection,
                token_hash=hashed,
                office_id=viewer.office.id,
                person_id=viewer.person.id,
                name=name.strip(),
                scopes=sorted(set(scopes)),
                expires_at=expires_at,
            )
        return token, _api_token(row)

    async def tokens(self, viewer: Viewer) -> list[ApiToken]:
        """The person's own tokens, newest first, at most 200."""
        async with self._database.connection() as connection:
            return [
                _api_token(row)
                async for row in queries("accounts").tokens_of(
                    connection, office_id=viewer.office.id, person_id=viewer.person.id
                )
            ]

    async def revoke_token(self, viewer: Viewer, token_id: str) -> None:
        """End one of the person's own tokens. Raises NotFound."""
        async with self._database.connection() as connection:
            done = await queries("accounts").revoke_token(
                connection,
                office_id=viewer.office.id,
                person_id=viewer.person.id,
                token_id=token_id.replace("\x00", ""),
            )
        if not done:
            raise NotFound("There is no such token.")

    async def clean_up(self) -> None:
        """Remove sessions that are over and failures that no longer count (upkeep)."""
        async with self._database.connection() as connection:
            await queries("accounts").clean_up(
                connection, idle_seconds=float(IDLE_SECONDS), window_seconds=float(WINDOW_SECONDS)
            )

    async def _count_try(self, office_id: int, account_key: bytes, address_key: bytes) -> None:
        """Count this try before the password is looked at. Raises TooMany, and then it does not count."""
        lock = int.from_bytes(self._keys.digest("signin-pair", account_key, address_key)[:8], "big", signed=True)
        async with self._database.transaction(Scope.system()) as connection:
            await queries("accounts").one_at_a_time(connection, pair_lock=lock)
            row = await queries("accounts").failures(
                connection, account_key=account_key, address_key=address_key, window_seconds=float(WINDOW_SECONDS)
            )
            failures = Failures(
                pair=row["pair"],
                pair_age=row["pair_age"],
                address=row["address"],
                address_age=row["address_age"],
                account=row["account"],
            )
            if wait := wait_seconds(failures):
                raise TooMany(wait)
            await queries("accounts").count_try(connection, account_key=account_key, address_key=address_key)
            if failures.attacked:
                key = f"password_guessing:{account_key[:8].hex()}"
                await queries("accounts").raise_attack_alarm(connection, office_id=office_id, key=key)

    def _address_key(self, office_id: int, username: str, address: str, device: str | None) -> bytes:
        """A device that has signed in to this account before is counted apart from its address, so that others cannot hold it up."""
        nonce, _, proof = (device or "").partition(".")
        if proof and hmac.compare_digest(proof.encode(), self._device_proof(office_id, username, nonce).encode()):
            return self._keys.digest("signin-device", office_id, nonce)
        return self._keys.digest("signin-address", address)

    def _device_token(self, office_id: int, username: str) -> str:
        nonce = secrets.token_hex(16)
        return f"{nonce}.{self._device_proof(office_id, username, nonce)}"

    def _device_proof(self, office_id: int, username: str, nonce: str) -> str:
        return self._keys.digest("signin-device-proof", office_id, username, nonce).hex()

    async def _fresh(self, office_id: int, config_version: int) -> Office:
        """The office no older than the version that the query saw: a role that was taken away counts at once."""
        office = await self._offices.current(office_id)
        return office if office.config_version >= config_version else await self._offices.reload(office_id)

    async def _machine_time(self) -> datetime:
        async with self._database.connection() as connection:
            return await queries("accounts").machine_time(connection)


def _api_token(row: asyncpg.Record) -> ApiToken:
    return ApiToken(
        row["id"], row["name"], tuple(row["scopes"]), row["created_at"], row["expires_at"], row["revoked_at"]
    )


def _end_of(day: date, office: Office) -> datetime:
    return datetime.combine(min(day, _LAST_DAY), time(), ZoneInfo(office.time_zone)) + timedelta(days=1)
