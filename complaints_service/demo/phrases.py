"""Words of made-up complaints, put together at random. Values only; they stand in ``phrases.toml``."""

from __future__ import annotations

import functools
from pathlib import Path
from random import Random

import msgspec

_FILE = Path(__file__).with_name("phrases.toml")


class Phrases(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The file. ``matters``: category -> (subject, first sentence, service)."""

    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    went_on: tuple[str, ...]
    asked_for: tuple[str, ...]
    answers: tuple[str, ...]
    replies: tuple[str, ...]
    reject_reason: str
    reject_text: str
    forward_agency: str
    forward_text: str
    question: str
    matters: dict[str, tuple[tuple[str, str, str], ...]]


class Told(msgspec.Struct, frozen=True):
    """A complaint's words, and what it is about."""

    category: str
    service: str
    subject: str
    description: str


@functools.cache
def phrases() -> Phrases:
    """The file as values; raises msgspec.ValidationError when somebody has broken it."""
    return msgspec.toml.decode(_FILE.read_bytes(), type=Phrases)


def tell(words: Phrases, dice: Random) -> Told:
    """A complaint at random: every category is as likely as any other."""
    category, matters = dice.choice(tuple(words.matters.items()))
    subject, matter, service = dice.choice(matters)
    return Told(category, service, subject, f"{matter} {dice.choice(words.went_on)} {dice.choice(words.asked_for)}")


def full_name(words: Phrases, dice: Random) -> str:
    """A made-up name."""
    return f"{dice.choice(words.first_names)} {dice.choice(words.last_names)}"
