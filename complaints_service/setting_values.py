"""Single settings that take more than a look-up: checked, or put together from several variables."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from complaints_service.environment import PREFIX, Environment
from complaints_service.kept_secrets import SECRET_BYTES, secret_key_of


def listen_address(read: Environment, dev: bool) -> tuple[str, int]:
    """Host and port of LISTEN; development is refused where others can reach it."""
    value = read.text("LISTEN") or "127.0.0.1:8000"
    host, _, port = value.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        read.refuse("LISTEN", "must be host:port, for example 127.0.0.1:8000")
        return "127.0.0.1", 8000
    if dev and not _is_loopback(host):
        read.refuse("DEV", f"is refused unless {PREFIX}LISTEN is a loopback address")
    return host, int(port)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def given_secret_key(read: Environment, *, required: bool) -> bytes:
    """The given key; empty when it is to be made or read in DATA_DIR."""
    value = read.text("SECRET_KEY")
    if value is None:
        if required:
            read.refuse("SECRET_KEY", f"is required with {PREFIX}DATABASE_URL")
        return b""
    try:
        key = secret_key_of(value)
    except ValueError:
        read.refuse("SECRET_KEY", "hex: is followed by hexadecimal digits")
        return b""
    if len(key) < SECRET_BYTES:
        read.refuse("SECRET_KEY", f"must have at least {SECRET_BYTES} bytes")
    return key


def database_url_of(read: Environment, name: str) -> str | None:
    """``<name>_URL`` with ``<name>_PASSWORD`` put in, which keeps the password apart (a container's secret)."""
    url = read.url(f"{name}_URL", ("postgresql", "postgres"))
    password = read.text(f"{name}_PASSWORD")
    if password is None:
        return url
    if url is None:
        read.refuse(f"{name}_PASSWORD", f"needs {PREFIX}{name}_URL")
        return None
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    if not at or ":" in user:
        read.refuse(f"{name}_PASSWORD", f"needs a {PREFIX}{name}_URL with a user and without a password")
    return urlunsplit(parts._replace(netloc=f"{user}:{quote(password, safe='')}@{host}"))


def sender_address(read: Environment) -> str:
    """MAIL_FROM as one bare address."""
    value = read.text("MAIL_FROM") or "pengaduan@localhost"
    local, at, domain = value.rpartition("@")
    if not (local and at and domain) or any(c.isspace() or c in '<>,;"' for c in value):
        read.refuse("MAIL_FROM", "must be one bare mail address, for example pengaduan@example.go.id")
    return value


def statement_cache(read: Environment) -> int:
    """Prepared statements per connection, none behind PgBouncer in transaction mode."""
    cache = read.whole("STATEMENT_CACHE", 1024, 0, 100_000)
    return 0 if read.flag("PGBOUNCER", False) else cache


def catcher_url(data_dir: Path) -> str | None:
    """Where the development mail catcher listens, once it has written down its port."""
    try:
        return f"smtp://127.0.0.1:{int((data_dir / 'mail' / 'port').read_text(encoding='ascii'))}"
    except (OSError, ValueError):
        return None
