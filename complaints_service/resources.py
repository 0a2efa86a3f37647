"""Where templates, SQL, static files and catalogues lie: inside the installed wheel, else in the checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_BUNDLED = _PACKAGE / "_bundled"


def templates_dir() -> Path:
    """Folder of the Jinja templates (public/, kiosk/, desk/, management/, email/, whatsapp/)."""
    return _bundled_or_checkout("templates")


def sql_dir() -> Path:
    """Folder that holds migrations/ and queries/."""
    return _bundled_or_checkout("sql")


def static_dir() -> Path:
    """Folder of style sheets, scripts and, after set-up, vendor/."""
    return _PACKAGE / "static"


def locale_dir() -> Path:
    """Folder of the message catalogues, one folder per language."""
    return _PACKAGE / "locale"


def _bundled_or_checkout(name: str) -> Path:
    bundled = _BUNDLED / name
    return bundled if bundled.is_dir() else _PACKAGE.parent / name
