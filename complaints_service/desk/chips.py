"""Clock chips: how far a deadline is away, in a few letters beside an icon (EXPERIENCE.md, "Officer queue"). Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from complaints_service.i18n import translate

SOON = timedelta(hours=24)


class ChipState(StrEnum):
    """How pressing; the words say it too, so that nothing hangs on colour alone."""

    OK = "ok"
    SOON = "soon"
    LATE = "late"
    PAUSED = "paused"


class Chip(msgspec.Struct, frozen=True):
    """A chip: its state, "2 j lagi" or "lewat 3 h", and the moment (UTC) that the page shows on hover."""

    state: ChipState
    text: str
    at: datetime


def chip(due_at: datetime, now: datetime, language: str) -> Chip:
    """The chip of a deadline at office time ``now``: days from two days on, hours from one hour on, else minutes."""
    away = due_at - now
    late = away < timedelta(0)
    days, hours, minutes = _split(-away if late else away)
    if late:
        state = ChipState.LATE
        words = _late(days, hours, minutes, language)
    else:
        state = ChipState.SOON if away < SOON else ChipState.OK
        words = _left(days, hours, minutes, language)
    return Chip(state, words, due_at)


def _split(length: timedelta) -> tuple[int, int, int]:
    minutes = int(length.total_seconds() // 60)
    return minutes // 1440, minutes // 60, minutes


def _left(days: int, hours: int, minutes: int, language: str) -> str:
    if days >= 2:
        return translate(language, "{n} d left", n=days)
    if hours >= 1:
        return translate(language, "{n} h left", n=hours)
    return translate(language, "{n} min left", n=minutes)


def _late(days: int, hours: int, minutes: int, language: str) -> str:
    if days >= 2:
        return translate(language, "{n} d late", n=days)
    if hours >= 1:
        return translate(language, "{n} h late", n=hours)
    return translate(language, "{n} min late", n=minutes)
