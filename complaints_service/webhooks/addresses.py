"""Where a webhook may go: never inside (server-side request forgery). Pure; looking names up and connecting is ``transport``'s."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import httpx
import msgspec

LONGEST_URL = 500
PORTS = frozenset({443, 8443})
# Beside what the address library calls not global: ranges that lead to an IPv4 address in disguise, and a cloud's own server that
# stands on a public address.
_NEVER = tuple(
    ip_network(network)
    for network in (
        "100.64.0.0/10", "168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4",
        "::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2002::/16", "fc00::/7", "fe80::/10",
        "fec0::/10", "ff00::/8",
    )
)  # fmt: skip


class Target(msgspec.Struct, frozen=True):
    """An address that may be tried, taken apart once: what is checked is what is connected to."""

    url: httpx.URL
    host: str
    port: int


class Unusable(ValueError):
    """``code`` says why for machines, the text (an English msgid) for people."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def target_of(url: str, *, dev: bool) -> Target:
    """Take the URL apart. ``dev``: http to this machine and any port. Raises Unusable.

    A name is not looked up here; what it leads to is checked at every delivery.
    """
    if len(url) > LONGEST_URL:
        raise Unusable("too_long", "The address is too long.")
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise Unusable("malformed", "The address is not a complete web address.")
    try:
        parsed = httpx.URL(url)
        port = parsed.port or (443 if parsed.scheme == "https" else 80)
        host = parsed.raw_host.decode("ascii").lower()
    except (httpx.InvalidURL, ValueError) as error:
        raise Unusable("malformed", "The address is not a complete web address.") from error
    if parsed.scheme not in ("https", "http") or not host:
        raise Unusable("malformed", "The address is not a complete web address.")
    if parsed.userinfo or parsed.fragment or "@" in url.partition("?")[0]:
        raise Unusable("malformed", "The address may hold neither a password nor a part after #.")
    if parsed.scheme == "http" and not dev:
        raise Unusable("not_https", "The address must begin with https://.")
    if port not in PORTS and not dev:
        raise Unusable("port", "Only the ports 443 and 8443 are possible.")
    literal = literal_of(host)
    if literal is None and not _a_name(host, dev=dev):
        raise Unusable("private", "The address leads into a private network.")
    if literal is not None and not reachable(literal, only_here=parsed.scheme == "http", dev=dev):
        raise Unusable("private", "The address leads into a private network.")
    return Target(parsed, host, port)


def _a_name(host: str, *, dev: bool) -> bool:
    """A full name in the DNS: neither a bare word nor something that the system would read as a number (``0x7f.1``, ``2130706433``)."""
    labels = host.removesuffix(".").split(".")
    last = labels[-1]
    if dev and last == "localhost":
        return True
    return (
        len(labels) > 1
        and not last[:1].isdigit()
        and last not in ("localhost", "local", "internal", "lan", "home", "arpa")
    )


def literal_of(host: str) -> str | None:
    """The host if it is an IP address written out, else None."""
    try:
        return str(ip_address(host.strip("[]")))
    except ValueError:
        return None


def reachable(address: str, *, only_here: bool, dev: bool) -> bool:
    """Whether a connection to this IP address may be opened. ``only_here``: without TLS nothing but this machine itself."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if dev and found.is_loopback:
        return True
    return not only_here and _public(found)


def _public(address: IPv4Address | IPv6Address) -> bool:
    return (
        address.is_global
        and not address.is_multicast
        and not any(address in network for network in _NEVER if network.version == address.version)
    )
