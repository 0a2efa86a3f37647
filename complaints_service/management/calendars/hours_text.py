"""Hours as people write and read them: "07.30-12.00, 13.00-16.00". Rules without I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable

from complaints_service.sla.calendar_document import Minutes, Period

LONGEST = 400
_PERIOD = re.compile(r"(\d{1,2})(?:[.:](\d{2}))?\s*(?:-|–|—|s/d|sampai|to)\s*(\d{1,2})(?:[.:](\d{2}))?", re.IGNORECASE)
_BETWEEN = re.compile(r"[,;\n]+")


def read_periods(text: str) -> tuple[Period, ...]:
    """The periods as a calendar holds them; nothing, or "-", or "tutup" is closed. Raises ValueError for what is no period.

    Whether the times exist and follow one another is for the calendar's own rules to say.
    """
    words = text.strip()
    if words.lower() in ("", "-", "–", "tutup", "closed"):
        return ()
    if len(words) > LONGEST:
        raise ValueError("too long")
    found: list[Period] = []
    for part in filter(None, (part.strip() for part in _BETWEEN.split(words))):
        match = _PERIOD.fullmatch(part)
        if match is None:
            raise ValueError("no period")
        opens_hour, opens_minute, closes_hour, closes_minute = match.groups("00")
        found.append((f"{int(opens_hour):02}:{opens_minute}", f"{int(closes_hour):02}:{closes_minute}"))
    return tuple(sorted(found))


def written(periods: Iterable[Period], language: str) -> str:
    """Periods of a document in words that ``read_periods`` takes back; closed: nothing."""
    return ", ".join(f"{_clock(opens, language)}–{_clock(closes, language)}" for opens, closes in periods)


def minutes_written(periods: Iterable[Minutes], language: str) -> str:
    """As ``written``, from minutes after midnight."""
    return written([(_text(opens), _text(closes)) for opens, closes in periods], language)


def _text(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _clock(time: str, language: str) -> str:
    return time.replace(":", ".") if language == "id" else time
