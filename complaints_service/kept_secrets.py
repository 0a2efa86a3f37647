"""Secrets that an installation on one machine makes for itself and keeps in its DATA_DIR."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from complaints_service.environment import PREFIX, SettingsError
from complaints_service.gateway_settings import WhatsAppProvider

if TYPE_CHECKING:
    from complaints_service.settings import Settings

SECRET_BYTES = 32
_HEX = "hex:"


def secret_key_of(text: str) -> bytes:
    """The key that a setting gives: its text as it stands, or ``hex:`` and the digits of an embedded service's secret.key.

    Without the latter a service could never move from the embedded servers to others. Raises ValueError for digits that are none.
    """
    return bytes.fromhex(text.removeprefix(_HEX)) if text.startswith(_HEX) else text.encode()


def kept_secret(path: Path) -> str:
    """The secret in the file, as 64 hexadecimal digits; made with mode 0600 when there is none yet.

    Two processes that start at once end with the same secret: the file is written whole under another
    name and linked into place, which only one of them can do. Raises OSError when the folder cannot be
    written.
    """
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(SECRET_BYTES) + "\n")
        file.flush()
        os.fsync(file.fileno())
    with contextlib.suppress(FileExistsError):
        path.hardlink_to(draft)
    draft.unlink()
    return path.read_text(encoding="ascii").strip()


def with_kept_secrets(settings: Settings) -> Settings:
    """The settings with what this installation makes for itself: its key, and the development gateway's secrets.

    Raises SettingsError when the folder cannot be read or written.
    """
    key, folder = settings.secret_key, settings.data_dir
    try:
        if not key:
            key = bytes.fromhex(kept_secret(folder / "secret.key"))
        if not (settings.dev and settings.whatsapp_provider is WhatsAppProvider.CLOUD):
            return msgspec.structs.replace(settings, secret_key=key)
        made = {name: kept_secret(folder / "dev" / f"whatsapp-{name}") for name in ("app", "verify", "access")}
    except (OSError, ValueError) as error:
        raise SettingsError([f"{PREFIX}DATA_DIR: its secrets cannot be read or made ({error})"]) from error
    return msgspec.structs.replace(
        settings,
        secret_key=key,
        whatsapp_app_secret=settings.whatsapp_app_secret or made["app"],
        whatsapp_verify_token=settings.whatsapp_verify_token or made["verify"],
        whatsapp_access_token=settings.whatsapp_access_token or made["access"],
        whatsapp_phone_number_id=settings.whatsapp_phone_number_id or "100000000000001",
    )
