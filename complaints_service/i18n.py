"""Words for people: catalogues ``locale/id/*.po`` (msgid: English, msgstr: Bahasa Indonesia) and dates as people write them.

English needs no catalogue: a msgid is the English text. Placeholders are ``{name}``. All files of a language are read as one.
"""

from __future__ import annotations

import functools
from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.messages.pofile import read_po

from complaints_service.resources import locale_dir

LANGUAGES = ("id", "en")
DEFAULT_LANGUAGE = "id"


@functools.cache
def catalogue(language: str) -> dict[str, str]:
    """msgid -> text of a language (empty for English), read once per process."""
    words: dict[str, str] = {}
    for path in sorted((locale_dir() / language).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file):
                if isinstance(message.id, str) and message.id and isinstance(message.string, str) and message.string:
                    words[message.id] = message.string
    return words


def translate(language: str, msgid: str, **values: object) -> str:
    """The text in a language with its placeholders filled; a msgid without translation comes back in English."""
    text = catalogue(language).get(msgid, msgid)
    return text.format(**values) if values else text


def choose_language(accepted: str | None) -> str:
    """The first of our languages that an ``Accept-Language`` header names by its weights (RFC 9110, 12.5.4); else Indonesian."""
    ranked: list[tuple[float, int, str]] = []
    for position, part in enumerate((accepted or "")[:500].split(",")):
        tag, _, weight = part.partition(";")
        primary = tag.strip().lower().split("-")[0]
        primary = "id" if primary in ("in", "ms") else primary
        try:
            quality = float(weight.strip().removeprefix("q=")) if weight else 1.0
        except ValueError:
            quality = 0.0
        if primary in LANGUAGES and quality > 0:
            ranked.append((-quality, position, primary))
    return min(ranked)[2] if ranked else DEFAULT_LANGUAGE


def _locale(language: str) -> str:
    return "id_ID" if language == "id" else "en_GB"


ZONE_NAMES = {"Asia/Jakarta": "WIB", "Asia/Pontianak": "WIB", "Asia/Makassar": "WITA", "Asia/Jayapura": "WIT"}


def zone_name(zone: str, at: datetime) -> str:
    """WIB, WITA or WIT; for any other zone its own short name at that moment."""
    return ZONE_NAMES.get(zone) or at.astimezone(ZoneInfo(zone)).tzname() or zone


@functools.lru_cache(maxsize=4096)
def _written(day: date, pattern: str, language: str) -> str:
    """A day by a pattern of babel's. Lists name the same few days again and again, and reading the pattern anew for each was a sixth of
    the queue page."""
    return format_date(day, pattern, locale=_locale(language))


def _clock(local: datetime, language: str) -> str:
    return f"{local:%H.%M}" if language == "id" else f"{local:%H:%M}"


def moment(at: datetime, zone: str, language: str, *, weekday: bool = True, with_zone: bool = True) -> str:
    """Day and time in the office's zone: "Jumat, 27 November 2026 pukul 16.30 WIB" / "Friday, 27 November 2026 at 16:30 WIB"."""
    local = at.astimezone(ZoneInfo(zone))
    day = _written(local.date(), "EEEE, d MMMM y" if weekday else "d MMM y", language)
    clock = _clock(local, language)
    joined = f"{day} {'pukul' if language == 'id' else 'at'} {clock}" if weekday else f"{day} {clock}"
    return f"{joined} {zone_name(zone, at)}" if with_zone else joined


def day(value: date | datetime, zone: str, language: str) -> str:
    """A day in the office's zone: "Jumat, 27 November 2026"."""
    local = value.astimezone(ZoneInfo(zone)).date() if isinstance(value, datetime) else value
    return _written(local, "EEEE, d MMMM y", language)


def short(at: datetime, zone: str, language: str) -> str:
    """A short moment for lists: "27 Nov 16.30"."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{_written(local.date(), 'd MMM', language)} {_clock(local, language)}"
