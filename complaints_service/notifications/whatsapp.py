"""The WhatsApp transport: Meta's Cloud API or a self-hosted GoWA behind one ``send`` (DOMAIN.md "WhatsApp")."""

from __future__ import annotations

import functools
import ssl
from typing import Protocol, TypeVar

import httpx
import msgspec

from complaints_service.keys import Keys
from complaints_service.notifications.outcomes import Dead, Outcome, Retry, Sent, Throttled, Uncertain
from complaints_service.notifications.rendering import ChatMessage
from complaints_service.settings import Settings, WhatsAppProvider

# Codes of the Cloud API. Outside the 24 h window and undeliverable numbers may be reached another way.
_OTHER_WAY = frozenset({131047, 131026, 131051, 131030})
_TOO_FAST = frozenset({130429, 131056, 131048, 80007, 4})
_TRY_AGAIN = frozenset({1, 2, 131000, 131016, 133004})
_LOGIN = frozenset({0, 190, 10, 200})
_UNAUTHORIZED, _FORBIDDEN, _TOO_MANY_REQUESTS = 401, 403, 429
_MOST_BUTTONS, _BUTTON_LENGTH, _BUTTON_TEXT = 3, 20, 1024


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """A chat message on its way; ``reference`` is our stable name for it, which the gateway hands back in statuses."""

    to: str
    message: ChatMessage
    reference: str


class _Named(msgspec.Struct):
    id: str = ""


class _Fault(msgspec.Struct):
    code: int | None = None


class _CloudAnswer(msgspec.Struct):
    messages: list[_Named] = []
    error: _Fault | None = None


class _Result(msgspec.Struct):
    message_id: str = ""


class _GowaAnswer(msgspec.Struct):
    results: _Result | None = None


class Gateway(Protocol):
    """What the two gateways have in common."""

    def request(self, parcel: Parcel) -> httpx.Request: ...
    def read(self, response: httpx.Response) -> Outcome: ...


@functools.cache
def _trusted() -> ssl.SSLContext:
    """Whom httpx trusts, read once in a process: that takes tens of milliseconds."""
    return httpx.create_ssl_context(trust_env=False)


class WhatsAppTransport:
    """Sends through the gateway of the settings; without one every message is refused."""

    def __init__(self, settings: Settings, keys: Keys, time_limit: float) -> None:
        self.provider = settings.whatsapp_provider
        self._keys = keys
        # No redirects and no environment proxies: the address is the administrator's, nobody else's.
        limits = httpx.Timeout(time_limit / 2, connect=min(5.0, time_limit / 3))
        self._client = httpx.AsyncClient(timeout=limits, follow_redirects=False, trust_env=False, verify=_trusted())
        self._gateway: Gateway | None = None
        if self.provider is WhatsAppProvider.CLOUD:
            self._gateway = _Cloud(settings)
        elif self.provider is WhatsAppProvider.GOWA:
            self._gateway = _Gowa(settings)

    async def send(self, parcel: Parcel) -> Outcome:
        """Try once. A time-out after the request was written is uncertain."""
        if self._gateway is None:
            return Dead("no_gateway", other_way=True)
        try:
            response = await self._client.send(self._gateway.request(parcel))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return Retry(type(error).__name__, way_down=True)
        except httpx.HTTPError as error:
            return Uncertain(type(error).__name__)
        outcome = self._gateway.read(response)
        if isinstance(outcome, Sent) and outcome.provider_id:
            return Sent(provider_name(self._keys, outcome.provider_id))
        return outcome

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()


def provider_name(keys: Keys, message_id: str) -> str:
    """How a gateway's message id is stored: as a keyed hash, since a wamid decodes to the telephone number (D6)."""
    return keys.digest("whatsapp-message", message_id).hex()


class _Cloud:
    def __init__(self, settings: Settings) -> None:
        self._url = f"{settings.whatsapp_api_url}/{settings.whatsapp_phone_number_id}/messages"
        self._headers = {"Authorization": f"Bearer {settings.whatsapp_access_token}"}

    def request(self, parcel: Parcel) -> httpx.Request:
        body: dict[str, object] = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": parcel.to.partition("@")[0],
            "biz_opaque_callback_data": parcel.reference,
        }
        message = parcel.message
        if message.choices and len(message.choices) <= _MOST_BUTTONS and len(message.text) <= _BUTTON_TEXT:
            buttons = [
                {"type": "reply", "reply": {"id": choice.id, "title": choice.title[:_BUTTON_LENGTH]}}
                for choice in message.choices
            ]
            interactive = {"type": "button", "body": {"text": message.text}, "action": {"buttons": buttons}}
            body |= {"type": "interactive", "interactive": interactive}
        else:
            body |= {"type": "text", "text": {"preview_url": False, "body": _numbered(message)}}
        return httpx.Request("POST", self._url, json=body, headers=self._headers)

    def read(self, response: httpx.Response) -> Outcome:
        answer = _read(response, _CloudAnswer) or _CloudAnswer()
        if response.is_success:
            return Sent(answer.messages[0].id or None if answer.messages else None)
        code = answer.error.code if answer.error is not None else None
        if response.status_code == _UNAUTHORIZED or code in _LOGIN:
            return Retry(f"whatsapp_login_{response.status_code}", way_down=True, needs_person=True)
        if code in _TOO_FAST or response.status_code == _TOO_MANY_REQUESTS:
            return Throttled(f"whatsapp_{code or response.status_code}")
        if code in _TRY_AGAIN or response.is_server_error:
            return Retry(f"whatsapp_{code or response.status_code}", way_down=response.is_server_error)
        return Dead(f"whatsapp_{code or response.status_code}", other_way=code in _OTHER_WAY)


class _Gowa:
    def __init__(self, settings: Settings) -> None:
        self._url = f"{settings.whatsapp_api_url}/send/message"
        username, _, password = (settings.whatsapp_access_token or "").partition(":")
        self._auth = httpx.BasicAuth(username, password)
        device = settings.whatsapp_phone_number_id
        self._headers = {"X-Device-Id": device} if device else {}

    def request(self, parcel: Parcel) -> httpx.Request:
        to = parcel.to if "@" in parcel.to else f"{parcel.to}@s.whatsapp.net"
        body = {"phone": to, "message": _numbered(parcel.message)}
        request = httpx.Request("POST", self._url, json=body, headers=self._headers)
        return next(self._auth.auth_flow(request))

    def read(self, response: httpx.Response) -> Outcome:
        if response.is_success:
            answer = _read(response, _GowaAnswer)
            return Sent(answer.results.message_id or None if answer and answer.results else None)
        if response.status_code in (_UNAUTHORIZED, _FORBIDDEN):
            return Retry(f"whatsapp_login_{response.status_code}", way_down=True, needs_person=True)
        if response.status_code == _TOO_MANY_REQUESTS:
            return Throttled("whatsapp_429")
        if response.is_server_error:
            return Retry(f"whatsapp_{response.status_code}", way_down=True)
        return Dead(f"whatsapp_{response.status_code}", other_way=True)


def _numbered(message: ChatMessage) -> str:
    """Choices as numbered lines, for a gateway or a length without buttons."""
    lines = [f"{number}. {choice.title}" for number, choice in enumerate(message.choices, 1)]
    return "\n\n".join([message.text, "\n".join(lines)]) if lines else message.text


_Answer = TypeVar("_Answer")


def _read(response: httpx.Response, kind: type[_Answer]) -> _Answer | None:
    try:
        return msgspec.json.decode(response.content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
