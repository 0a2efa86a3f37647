"""What administrators do with webhooks: make, rotate, test, switch off and on, remove. Secrets are shown once and never stored."""

from __future__ import annotations

import msgspec

from complaints_service.accounts.model import Viewer
from complaints_service.clock import OfficeClock
from complaints_service.database import Database, Scope, queries
from complaints_service.errors import FieldProblem, Invalid, NotFound, Refused
from complaints_service.keys import Keys, new_token
from complaints_service.office.model import Role
from complaints_service.office.store import OfficeStore
from complaints_service.settings import Settings
from complaints_service.waker import Waker
from complaints_service.webhooks.addresses import Unusable, target_of
from complaints_service.webhooks.delivery import WebhookDelivery
from complaints_service.webhooks.events import TEST, EventType, Params, rfc3339
from complaints_service.webhooks.model import Delivery, Endpoint, Rotated
from complaints_service.webhooks.signing import message_id, new_key, secret_of
from complaints_service.webhooks.store import gone_key

MOST_ENDPOINTS = 20
LONGEST_DESCRIPTION = 200
_LARGEST_ID = 2**31


class Webhooks:
    """Endpoints of the viewer's office; everything here is for administrators (raises Forbidden)."""

    def __init__(
        self,
        database: Database,
        offices: OfficeStore,
        clock: OfficeClock,
        keys: Keys,
        settings: Settings,
        waker: Waker,
        delivery: WebhookDelivery | None = None,
    ) -> None:
        self._database = database
        self._offices = offices
        self._clock = clock
        self._keys = keys
        self._dev = settings.dev
        self._waker = waker
        self.delivery = delivery or WebhookDelivery(database, keys, settings)

    async def listed(self, viewer: Viewer) -> list[Endpoint]:
        """All endpoints that were not removed, the oldest first."""
        viewer.require(Role.ADMIN)
        async with self._database.connection() as connection:
            found = queries("webhooks").endpoints(connection, office_id=viewer.office.id)
            return [msgspec.convert(dict(row), Endpoint) async for row in found]

    async def deliveries(self, viewer: Viewer, endpoint_id: int, limit: int = 5) -> list[Delivery]:
        """The last messages to an endpoint, the latest first."""
        viewer.require(Role.ADMIN)
        async with self._database.transaction(Scope.system()) as connection:
            found = queries("webhooks").deliveries(
                connection, office_id=viewer.office.id, address=str(endpoint_id), limit=limit
            )
            return [msgspec.convert(dict(row), Delivery) async for row in found]

    async def make(self, viewer: Viewer, url: str, description: str, events: list[str]) -> tuple[Endpoint, str]:
        """A new endpoint and its secret, which is shown this once. Raises Invalid with every field that is wrong, Refused when full."""
        viewer.require(Role.ADMIN)
        url, description = url.strip(), description.strip()
        problems = self._problems(url, description, events)
        if problems:
            raise Invalid(problems)
        key = new_key()
        async with self._database.transaction(Scope.system()) as connection:
            if await queries("webhooks").lock_endpoints(connection, office_id=viewer.office.id) >= MOST_ENDPOINTS:
                raise Refused(
                    "There are {n} webhooks already. Remove one that is no longer used.",
                    code="too_many_webhooks",
                    n=MOST_ENDPOINTS,
                )
            made = await queries("webhooks").add(
                connection,
                office_id=viewer.office.id,
                url=url,
                description=description,
                events=[kind.value for kind in EventType if kind in events],
                key=key,
                made_by=viewer.person.id,
            )
        await self._offices.refresh()
        endpoint = next(one for one in await self.listed(viewer) if one.id == made)
        return endpoint, secret_of(self._keys, key)

    async def rotate(self, viewer: Viewer, endpoint_id: int) -> Rotated:
        """A new secret, shown this once; the one before it goes on signing for 24 hours. Raises NotFound."""
        viewer.require(Role.ADMIN)
        key = new_key()
        async with self._database.transaction(Scope.system()) as connection:
            until = await queries("webhooks").rotate(
                connection, office_id=viewer.office.id, id=_known(endpoint_id), key=key
            )
        if until is None:
            raise NotFound("There is no such webhook.")
        return Rotated(secret_of(self._keys, key), until)

    async def remove(self, viewer: Viewer, endpoint_id: int) -> None:
        """The endpoint gets nothing more, and what waited for it is cancelled. Raises NotFound."""
        await self._end(viewer, endpoint_id, "remove")

    async def disable(self, viewer: Viewer, endpoint_id: int) -> None:
        """As ``remove``, but it stays in the list and can be switched on again. Raises NotFound."""
        await self._end(viewer, endpoint_id, "disable")

    async def enable(self, viewer: Viewer, endpoint_id: int) -> None:
        """It gets what happens from now on; what happened meanwhile is not told. Raises NotFound."""
        viewer.require(Role.ADMIN)
        office_id = viewer.office.id
        async with self._database.transaction(Scope.system()) as connection:
            if await queries("webhooks").standing(connection, office_id=office_id, id=_known(endpoint_id)) is None:
                raise NotFound("There is no such webhook.")
            await queries("webhooks").enable(connection, office_id=office_id, id=endpoint_id)
            await queries("webhooks").forgive(connection, office_id=office_id, id=endpoint_id)
            await queries("outbox").clear_alarm(connection, office_id=office_id, key=gone_key(endpoint_id))
        await self._offices.refresh()

    async def test(self, viewer: Viewer, endpoint_id: int) -> str:
        """Queue a message of type ``webhook.test`` to this endpoint; its webhook-id. Raises NotFound, Refused when it is off."""
        viewer.require(Role.ADMIN)
        office_id = viewer.office.id
        params = Params(rfc3339(self._clock.now()))
        async with self._database.transaction(Scope.system()) as connection:
            standing = await queries("webhooks").standing(connection, office_id=office_id, id=_known(endpoint_id))
            if standing is None:
                raise NotFound("There is no such webhook.")
            if not standing:
                raise Refused("This webhook is switched off. Switch it on first.", code="webhook_off")
            row_id = await queries("webhooks").put_test(
                connection,
                office_id=office_id,
                address=str(endpoint_id),
                dedupe_key=f"{TEST}:{new_token()[0]}",
                params=msgspec.json.encode(params).decode(),
            )
        self._waker.wake()
        return message_id(row_id)

    async def _end(self, viewer: Viewer, endpoint_id: int, how: str) -> None:
        viewer.require(Role.ADMIN)
        office_id, sql = viewer.office.id, queries("webhooks")
        async with self._database.transaction(Scope.system()) as connection:
            if await sql.standing(connection, office_id=office_id, id=_known(endpoint_id)) is None:
                raise NotFound("There is no such webhook.")
            if how == "remove":
                await sql.remove(connection, office_id=office_id, id=endpoint_id)
            else:
                await sql.disable(connection, office_id=office_id, id=endpoint_id, reason="by_hand")
            await sql.cancel_waiting(connection, office_id=office_id, address=str(endpoint_id), reason="endpoint_off")
            if how == "remove":
                await queries("outbox").clear_alarm(connection, office_id=office_id, key=gone_key(endpoint_id))
        await self._offices.refresh()

    def _problems(self, url: str, description: str, events: list[str]) -> list[FieldProblem]:
        problems: list[FieldProblem] = []
        try:
            target_of(url, dev=self._dev)
        except Unusable as error:
            problems.append(FieldProblem("/url", error.code, str(error)))
        if len(description) > LONGEST_DESCRIPTION or not description.isprintable():
            problems.append(FieldProblem("/description", "too_long", "Please describe it in one short line."))
        if not events:
            problems.append(FieldProblem("/events", "required", "Choose at least one event."))
        elif not set(events) <= set(EventType):
            problems.append(FieldProblem("/events", "unknown_event", "There is no such event."))
        return problems


def _known(endpoint_id: int) -> int:
    if not 0 < endpoint_id < _LARGEST_ID:
        raise NotFound("There is no such webhook.")
    return endpoint_id
