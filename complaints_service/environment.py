"""Reads typed values out of environment variables and gathers everything that is wrong with them."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

PREFIX = "COMPLAINTS_"

_Choice = TypeVar("_Choice", bound=StrEnum)

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}


class LogLevel(StrEnum):
    """The least severe kind of log line that is written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class SettingsError(ValueError):
    """Settings that cannot be used. ``problems`` names each variable and what is wrong, never a value."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Environment:
    """Typed look-ups over a mapping of variables.

    A value that cannot be used is noted in ``problems`` under the variable's name and the default is
    returned, so that one run tells everything that must be mended. ``NAME_FILE`` may name a file that
    holds the value of ``NAME`` (secrets of containers). An empty value counts as unset.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self.problems: list[str] = []

    def refuse(self, name: str, reason: str) -> None:
        """Note that the variable (named without prefix) cannot be used, and why."""
        self.problems.append(f"{PREFIX}{name}: {reason}")

    def text(self, name: str) -> str | None:
        """The trimmed value, or None when unset or empty."""
        direct = self._variables.get(PREFIX + name, "").strip()
        file = self._variables.get(f"{PREFIX}{name}_FILE", "").strip()
        if direct and file:
            self.refuse(name, f"is set together with {PREFIX}{name}_FILE; keep one of them")
        if direct or not file:
            return direct or None
        try:
            return Path(file).read_text(encoding="utf-8").strip() or None
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "is not UTF-8 text"
            self.refuse(f"{name}_FILE", f"cannot be read ({reason})")
            return None

    def flag(self, name: str, default: bool) -> bool:
        """A switch: 1/0, true/false, yes/no, on/off."""
        value = self.text(name)
        if value is None:
            return default
        if value.lower() in _TRUE | _FALSE:
            return value.lower() in _TRUE
        self.refuse(name, "must be 1 or 0")
        return default

    def networks(self, name: str) -> tuple[str, ...]:
        """Addresses or networks, separated by commas, each checked."""
        given = [part.strip() for part in (self.text(name) or "").split(",") if part.strip()]
        for part in given:
            try:
                ipaddress.ip_network(part, strict=False)
            except ValueError:
                self.refuse(name, "is a list of addresses or networks such as 10.0.0.0/8, separated by commas")
                return ()
        return tuple(given)

    def folder(self, name: str) -> Path | None:
        """A folder by its path, absolute; None when unset."""
        value = self.text(name)
        return None if value is None else Path(value).expanduser().absolute()

    def whole(self, name: str, default: int, least: int, most: int) -> int:
        """A whole number between ``least`` and ``most``, both included."""
        value = self.text(name)
        if value is None:
            return default
        if value.isascii() and value.isdigit() and least <= int(value) <= most:
            return int(value)
        self.refuse(name, f"must be a whole number from {least} to {most}")
        return default

    def seconds(self, name: str, default: float, least: float, most: float) -> float:
        """A span in seconds, fractions allowed, between ``least`` and ``most``."""
        value = self.text(name)
        if value is None:
            return default
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if least <= number <= most:
            return number
        self.refuse(name, f"must be a number of seconds from {least:g} to {most:g}")
        return default

    def choice(self, name: str, kind: type[_Choice], default: _Choice) -> _Choice:
        """One member of a closed set, written in any case."""
        value = self.text(name)
        if value is None:
            return default
        try:
            return kind(value.lower())
        except ValueError:
            self.refuse(name, "must be one of " + ", ".join(kind))
            return default

    def instant(self, name: str) -> datetime | None:
        """An RFC 3339 instant with its zone, as aware UTC."""
        value = self.text(name)
        if value is None:
            return None
        try:
            instant = datetime.fromisoformat(value)
        except ValueError:
            instant = None
        if instant is not None and instant.tzinfo is not None:
            return instant.astimezone(UTC)
        self.refuse(name, "must be an instant with a zone, for example 2026-11-24T02:00:00Z")
        return None

    def url(self, name: str, schemes: tuple[str, ...]) -> str | None:
        """A URL with one of the schemes; no refusal repeats a value, it may hold a password."""
        value = self.text(name)
        if value is None:
            return None
        try:
            parts = urlsplit(value)
            usable = parts.scheme in schemes and bool(parts.netloc or parts.path.strip("/"))
            _ = parts.port
        except ValueError:
            usable = False
        if usable:
            return value
        self.refuse(name, "must be a URL that starts with " + " or ".join(f"{s}://" for s in schemes))
        return None
