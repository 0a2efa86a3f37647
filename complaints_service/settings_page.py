"""Settings as a person reads them: the reference page, and what is in force here."""

from __future__ import annotations

import typing

import msgspec

from complaints_service.environment import PREFIX
from complaints_service.rate_settings import RateSettings
from complaints_service.settings import Settings

# Read through another variable, so not variables of their own.
_LISTEN = {"listen_host": "LISTEN", "listen_port": None}
_SECRET = ("secret", "token", "key", "url")
# Variables that are read into another setting.
_NOT_FIELDS = (
    ("DATABASE_PASSWORD", "none", "Put into DATABASE_URL, so that the password can be kept apart from it."),
    ("ADMIN_DATABASE_PASSWORD", "none", "The same for ADMIN_DATABASE_URL."),
    ("PGBOUNCER", "`0`", "`1` behind PgBouncer in transaction mode: no statement is kept prepared."),
)
_HEAD = """\
# Settings

All settings are environment variables. Each may also be given as `<NAME>_FILE`, the path of a file that holds
the value. Every bad value is reported at once, by name, and the process ends with exit code 2.

Made by `complaints settings --markdown`; change `complaints_service/settings.py` (limits: `rate_settings.py`) and make it again.

| variable | when unset | meaning |
| --- | --- | --- |
"""


def reference() -> str:
    """The page docs/settings.md."""
    rows = [f"| `{name}` | {about.title} | {about.description} |\n" for name, _, about in _settings()]
    rows += [f"| `{PREFIX}{name}` | {default} | {meaning} |\n" for name, default, meaning in _NOT_FIELDS]
    return _HEAD + "".join(rows)


def in_force(settings: Settings) -> str:
    """One line for each variable with its value; what may hold a secret only says whether it is set."""
    lines: list[str] = []
    for name, field, _ in _settings():
        value: object = getattr(settings, field)
        if field == "listen_host":
            value = f"{settings.listen_host}:{settings.listen_port}"
        if value is not None and field.endswith(_SECRET) and field != "base_url":
            value = "(set)"
        lines.append(f"{name}={'' if value is None else value}\n")
    return "".join(lines)


def _settings() -> list[tuple[str, str, msgspec.Meta]]:
    """Variable, field and what is said about it, in the order of the fields; limits last."""
    found: list[tuple[str, str, msgspec.Meta]] = []
    hints = typing.get_type_hints(Settings, include_extras=True)
    for field, annotation in sorted(hints.items(), key=lambda hint: hint[0] in RateSettings.__struct_fields__):
        variable = _LISTEN.get(field, field.upper())
        if variable is not None:
            _, about = typing.get_args(annotation)
            found.append((PREFIX + variable, field, about))
    return found
