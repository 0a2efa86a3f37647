"""Network addresses: who sends, and what counts as one sender. Pure."""

from __future__ import annotations

import ipaddress

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def network(address: str) -> str:
    """What counts as one sender: an IPv4 address, or the /64 that one IPv6 customer has; anything else as it is."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)


def sender(peer: str, forwarded_for: str, trusted: tuple[Network, ...]) -> str:
    """The other end of the connection, or, when that is a proxy we trust, the last address it names that is none.

    Nobody else's X-Forwarded-For counts: anybody can write one (CVE-2025-59152).
    """
    if not _within(peer, trusted):
        return peer
    for hop in reversed(forwarded_for.split(",")):
        named = hop.strip()
        if not is_address(named):
            return peer
        if not _within(named, trusted):
            return named
    return peer


def is_address(text: str) -> bool:
    """Whether this is a network address, and not a name or nothing."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _within(address: str, networks: tuple[Network, ...]) -> bool:
    return bool(networks) and is_address(address) and any(ipaddress.ip_address(address) in known for known in networks)
