"""Where mail goes, out of SMTP_URL."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from complaints_service.settings import Settings


class SmtpAddress(msgspec.Struct, frozen=True, kw_only=True):
    """A mail server. ``use_tls``: TLS from the first byte; ``start_tls``: TLS by STARTTLS, and nothing is sent without it."""

    host: str
    port: int
    username: str | None = None
    password: str | None = None
    use_tls: bool = False
    start_tls: bool = False


def parse_smtp_url(url: str) -> SmtpAddress:
    """``smtp://user:password@host:587?starttls=1`` or ``smtps://user:password@host``. Raises ValueError.

    A password never travels in clear text: with one, STARTTLS is demanded of any server but this machine.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ValueError("SMTP_URL must be smtp://host or smtps://host")
    use_tls = parts.scheme == "smtps"
    asked = parse_qs(parts.query).get("starttls", ["0"])[-1].lower() in ("1", "true", "yes")
    username = unquote(parts.username) if parts.username else None
    start_tls = not use_tls and (asked or (username is not None and not _this_machine(parts.hostname)))
    default_port = 465 if use_tls else 587 if start_tls else 25
    return SmtpAddress(
        host=parts.hostname,
        port=parts.port or default_port,
        username=username,
        password=unquote(parts.password) if parts.password else None,
        use_tls=use_tls,
        start_tls=start_tls,
    )


def _this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def smtp_address(settings: Settings) -> SmtpAddress | None:
    """The server of the settings; in development the mail catcher as soon as it has written down its port, else None."""
    if settings.smtp_url is not None:
        return parse_smtp_url(settings.smtp_url)
    if not settings.dev:
        return None
    try:
        port = int((Path(settings.data_dir) / "mail" / "port").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return SmtpAddress(host="127.0.0.1", port=port)
