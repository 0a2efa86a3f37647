"""One message to one endpoint, once: name looked up once, every address checked, connected to exactly what was checked."""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import httpx
import msgspec

from complaints_service.webhooks.addresses import Target, Unusable, literal_of, reachable, target_of
from complaints_service.webhooks.schedule import asked_seconds

Resolve = Callable[[str, int], Awaitable[list[str]]]
MakeClient = Callable[[], httpx.AsyncClient]

TIME_LIMIT = 10.0
_ADDRESSES_TRIED = 2
_GONE = 410
# Somebody on the way answers for a receiver that may have the message.
_OF_A_GATEWAY = (502, 504)


class Taken(msgspec.Struct, frozen=True):
    """The receiver answered 2xx."""

    status: int


class Gone(msgspec.Struct, frozen=True):
    """The receiver answered 410: it wants no more messages."""


class Failed(msgspec.Struct, frozen=True):
    """Anything else; ``reason`` is a code, ``asked_seconds`` how long the receiver wants to be left alone.

    ``uncertain``: the message left and nobody who knows has said what became of it, so it may have been taken.
    """

    reason: str
    asked_seconds: float = 0.0
    uncertain: bool = False


Answer = Taken | Gone | Failed


@functools.cache
def _trusted() -> ssl.SSLContext:
    """Whom the system trusts, read when the first message leaves and once in a process: that takes tens of milliseconds."""
    return ssl.create_default_context()


class _Line:
    """Sees whether the message began to leave; httpx calls it at each step of a request (extension ``trace``)."""

    used = False

    async def __call__(self, step: str, _details: Mapping[str, object]) -> None:
        self.used = self.used or step.endswith(".send_request_headers.started")


class Transport:
    """Sends. A client of its own for every message: neither cookies nor connections are shared between receivers."""

    def __init__(
        self,
        *,
        dev: bool,
        time_limit: float = TIME_LIMIT,
        resolve: Resolve | None = None,
        make_client: MakeClient | None = None,
    ) -> None:
        self._dev = dev
        self._time_limit = time_limit
        # Threads of their own: a name server that does not answer must not hold up those who look for the mail server.
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="webhook-names")
        self._resolve = resolve or self._ask_the_system
        self._make_client = make_client or self._new_client

    def close(self) -> None:
        """Give the threads back."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Try once, within the time limit in all; what the receiver says beyond its status is not read."""
        line = _Line()
        try:
            async with asyncio.timeout(self._time_limit):
                target = target_of(url, dev=self._dev)
                addresses = await self._checked(target)
                return await self._post(target, addresses, headers, body, line)
        except Unusable as error:
            return Failed(f"address_{error.code}")
        except TimeoutError:
            return Failed("time_limit", uncertain=line.used)
        except socket.gaierror:
            return Failed("name_unknown")
        except (httpx.HTTPError, OSError, UnicodeError, ValueError) as error:
            return Failed(type(error).__name__, uncertain=line.used)

    async def _checked(self, target: Target) -> list[str]:
        """The addresses behind the name. One that leads inside spoils all: such an answer is an attack or a mistake."""
        literal = literal_of(target.host)
        found = [literal] if literal is not None else await self._resolve(target.host, target.port)
        only_here = target.url.scheme == "http"
        if not found or not all(reachable(address, only_here=only_here, dev=self._dev) for address in found):
            raise Unusable("private", "The address leads into a private network.")
        return found[:_ADDRESSES_TRIED]

    async def _post(
        self, target: Target, addresses: list[str], headers: Mapping[str, str], body: bytes, line: _Line
    ) -> Answer:
        failure: httpx.HTTPError | None = None
        for address in addresses:
            try:
                return await self._post_to(address, target, headers, body, line)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        return Failed(type(failure).__name__)

    async def _post_to(
        self, address: str, target: Target, headers: Mapping[str, str], body: bytes, line: _Line
    ) -> Answer:
        async with self._make_client() as client:
            request = client.build_request(
                "POST",
                target.url.copy_with(host=address),
                content=body,
                headers={"Content-Type": "application/json", **headers, "Host": target.url.netloc.decode("ascii")},
                # The certificate must be that of the name, though the connection goes to the address that was checked.
                extensions={"sni_hostname": target.host, "trace": line},
            )
            response = await client.send(request, stream=True)
            try:
                return _read(response)
            finally:
                await response.aclose()

    def _new_client(self) -> httpx.AsyncClient:
        # Neither redirects nor the environment's proxies: both would lead past the check.
        return httpx.AsyncClient(
            timeout=self._time_limit,
            follow_redirects=False,
            trust_env=False,
            verify=_trusted(),
            headers={"User-Agent": "complaints-service"},
        )

    async def _ask_the_system(self, host: str, port: int) -> list[str]:
        found = await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _read(response: httpx.Response) -> Answer:
    if response.is_success:
        return Taken(response.status_code)
    if response.status_code == _GONE:
        return Gone()
    asked = asked_seconds(response.headers.get("retry-after"))
    return Failed(f"status_{response.status_code}", asked, uncertain=response.status_code in _OF_A_GATEWAY)
