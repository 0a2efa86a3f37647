"""Devices that want news of a case, and how a message reaches one."""

from __future__ import annotations

import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric import ec

from complaints_service.clock import machine_now
from complaints_service.database import Database, Scope, queries
from complaints_service.errors import FieldProblem, Invalid
from complaints_service.key_pairs import p256_key, public_point
from complaints_service.keys import Keys
from complaints_service.notifications.outcomes import Outcome, Retry, Sent, Unwanted
from complaints_service.notifications.push import Push
from complaints_service.settings import Settings
from complaints_service.webhooks.addresses import Unusable, target_of
from complaints_service.webhooks.transport import TIME_LIMIT, Failed, Gone, Taken, Transport
from complaints_service.webpush.sealing import AUTH, POINT, authorization, base64url, from_base64url, sealed

log = structlog.get_logger(__name__)

MOST_DEVICES = 5
# The service keeps a message for a device that is off: for a day, and of one case only the newest.
KEPT_SECONDS = 86_400
# News is on the page and comes by the other ways too: a service that does not answer is not asked for ever, and nobody is alarmed.
MOST_TRIES = 6
DAYS_AFTER_THE_END = 40
_UNKNOWN = frozenset({"status_404", "status_410"})
_REFUSED = frozenset({"status_400", "status_401", "status_403", "status_413"})


class WebPush:
    """Subscriptions, and the ``push`` way of the outbox (``notifications.push.SendsPush``)."""

    def __init__(self, database: Database, keys: Keys, settings: Settings, transport: Transport | None = None) -> None:
        self._database = database
        self._keys = keys
        self._settings = settings
        self._private = p256_key(keys, "web-push")
        # The public key that browsers ask for, made with the service's secret key and the same for ever.
        self.public = base64url(public_point(self._private))
        limit = min(TIME_LIMIT, settings.lease_seconds * 0.6)
        self._transport = transport or Transport(dev=settings.dev, time_limit=limit)

    def close(self) -> None:
        """Give the threads that look names up back."""
        self._transport.close()

    async def subscribe(self, office_id: int, ticket_id: int, endpoint: str, p256dh: str, auth: str) -> None:
        """This device gets news of the case. Raises Invalid for what no browser sends, and when the case has enough devices."""
        try:
            target_of(endpoint, dev=self._settings.dev)
            point, secret = from_base64url(p256dh[:200]), from_base64url(auth[:100])
            if len(point) != POINT or len(secret) != AUTH:
                raise ValueError("length")
            ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        except (Unusable, ValueError) as error:
            detail = "This browser's address for news cannot be used."
            raise Invalid([FieldProblem("/endpoint", "unusable_subscription", detail)]) from error
        async with self._database.transaction(Scope.ticket(office_id, ticket_id)) as connection:
            made = await queries("push").subscribe(
                connection,
                office_id=office_id,
                ticket_id=ticket_id,
                endpoint=endpoint,
                p256dh=point,
                auth=secret,
                most=MOST_DEVICES,
            )
        if made is None:
            detail = "At most {most} devices can get news of one case."
            raise Invalid([FieldProblem("/endpoint", "too_many_devices", detail, {"most": MOST_DEVICES})])

    async def unsubscribe(self, office_id: int, ticket_id: int, endpoint: str) -> None:
        """This device gets no more news of the case."""
        async with self._database.transaction(Scope.ticket(office_id, ticket_id)) as connection:
            await queries("push").unsubscribe(
                connection, office_id=office_id, ticket_id=ticket_id, endpoint=endpoint[:1000]
            )

    async def send(self, push: Push) -> Outcome:
        """Try once. A device that its service no longer knows is forgotten."""
        async with self._database.transaction(Scope.system()) as connection:
            found = await queries("push").subscription(connection, office_id=push.office_id, id=push.subscription_id)
        if found is None:
            return Unwanted("unsubscribed")
        endpoint: str = found["endpoint"]
        url = target_of(endpoint, dev=self._settings.dev).url
        origin = f"{url.scheme}://{url.netloc.decode('ascii')}"
        body = sealed(_words(push), found["p256dh"], found["auth"])
        headers = {
            "Authorization": authorization(self._private, origin, self._subject(), machine_now()),
            "Content-Type": "application/octet-stream",
            "Content-Encoding": "aes128gcm",
            "TTL": str(KEPT_SECONDS),
            "Topic": base64url(self._keys.digest("push-topic", push.office_id, push.number)[:18]),
        }
        answer = await self._transport.send(endpoint, headers, body)
        match answer:
            case Taken():
                return Sent()
            case Gone():
                return await self._forget(push, endpoint)
            case Failed(reason=reason) if reason in _UNKNOWN:
                return await self._forget(push, endpoint)
            case Failed(reason=reason):
                if reason in _REFUSED or push.attempts >= MOST_TRIES:
                    log.warning("push_given_up", reason=reason, attempts=push.attempts)
                    return Unwanted(reason)
                return Retry(reason)

    async def forget_ended(self) -> None:
        """Delete what waits for news of cases that have long ended (upkeep)."""
        async with self._database.transaction(Scope.system()) as connection:
            await queries("push").forget_ended(connection, days=DAYS_AFTER_THE_END)

    async def _forget(self, push: Push, endpoint: str) -> Outcome:
        async with self._database.transaction(Scope.system()) as connection:
            await queries("push").gone(connection, office_id=push.office_id, endpoint=endpoint)
        return Unwanted("gone")

    def _subject(self) -> str:
        """Whom a push service may turn to about us."""
        base = self._settings.base_url
        return base if base.startswith("https://") else f"mailto:{self._settings.mail_from}"


def _words(push: Push) -> bytes:
    """What the device shows: the number and that there is news, never what it says or about whom."""
    return msgspec.json.encode({"title": push.title, "body": push.body, "url": f"/t/{push.number}", "tag": push.number})
