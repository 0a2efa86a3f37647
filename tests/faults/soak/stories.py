"""What every client will do, drawn from the seed alone: which door, which words, which deeds follow. What becomes of it is the world's."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from enum import StrEnum

import msgspec


class Door(StrEnum):
    """Where a complaint comes in."""

    FORM = "form"
    API = "api"
    KIOSK = "kiosk"
    WHATSAPP = "whatsapp"
    COUNTER = "counter"


class Who(StrEnum):
    """Who does a deed. The officer comes with an API token, the head of office with a session and its CSRF token."""

    OFFICER = "petugas"
    HEAD = "kepala"
    REPORTER = "reporter"


class Step(msgspec.Struct, frozen=True):
    """One deed on a ticket; ``more`` are the fields of its command."""

    who: Who
    command: str
    more: dict[str, object] = {}


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """One client's matter from its first word on.

    ``words``: the description; for WhatsApp its parts, for a kiosk one for each item of the batch. ``order`` and ``times``: how the
    gateway or the kiosk brings them. ``pauses``: seconds before each step.
    """

    door: Door
    key: str
    words: tuple[str, ...]
    name: str
    phone: str
    email: str | None
    files: int
    order: tuple[int, ...]
    times: tuple[int, ...]
    steps: tuple[Step, ...]
    pauses: tuple[float, ...]


# What is planted, so that it can be looked for where it must not be (I9).
PLANTED_NAME = "Wargauji"
PLANTED_PHONE = "628977"
PLANTED_MAIL = "@tahan-uji.example.org"

_DOORS = {Door.API: 5, Door.FORM: 3, Door.WHATSAPP: 3, Door.COUNTER: 2, Door.KIOSK: 2}
_O, _H, _R = Who.OFFICER, Who.HEAD, Who.REPORTER
# (who, command); words and fields are added below.
_ROADS: tuple[tuple[int, tuple[tuple[Who, str], ...]], ...] = (
    (6, ((_O, "verify"), (_O, "start"), (_O, "answer"), (_R, "rate"))),
    (4, ((_O, "verify"), (_O, "start"), (_O, "ask"), (_R, "reply"), (_O, "answer"), (_R, "rate"))),
    (3, ((_H, "verify"), (_O, "start"), (_O, "answer"), (_R, "reply"), (_O, "answer"), (_O, "close"))),
    (2, ((_O, "verify"), (_O, "undo"), (_O, "verify"), (_O, "start"), (_O, "answer"), (_O, "undo"), (_O, "answer"))),
    (2, ((_O, "verify"), (_O, "start"), (_O, "request_time"), (_H, "grant_time"), (_O, "answer"), (_R, "settled"))),
    (2, ((_O, "verify"), (_O, "split"), (_O, "start"), (_O, "answer"))),
    (2, ((_O, "verify"), (_O, "merge"))),
    (1, ((_O, "reject"), (_H, "reopen"), (_O, "answer"), (_H, "close"))),
    (1, ((_O, "verify"), (_H, "forward"))),
    (1, ((_R, "reply"), (_R, "withdraw"))),
    (1, ((_O, "verify"),)),
    (1, ()),
)  # fmt: skip
_BETWEEN = ((_O, "note"), (_H, "note"), (_H, "set_priority"), (_H, "assign"), (_O, "escalate"), (_O, "classify"))


def stories_of(seed: int, client: int) -> Iterator[Story]:
    """The stories of one client, one after the other, without end."""
    luck = random.Random(f"client {client} of {seed}")
    while True:
        yield _story(luck)


def _story(luck: random.Random) -> Story:
    door = luck.choices(list(_DOORS), list(_DOORS.values()))[0]
    many = luck.randint(1, 4) if door in (Door.KIOSK, Door.WHATSAPP) else 1
    person = f"{luck.randrange(10**9):09d}"
    road = luck.choices([steps for _, steps in _ROADS], [weight for weight, _ in _ROADS])[0]
    deeds = list(road)
    for _ in range(luck.choice((0, 0, 1, 2))):
        deeds.insert(luck.randint(0, len(deeds)), luck.choice(_BETWEEN))
    order = list(range(many))
    luck.shuffle(order)
    return Story(
        door=door,
        key=_id(luck),
        words=tuple(f"Berkas {_id(luck)} belum selesai, mohon diperiksa." for _ in range(many)),
        name=f"{PLANTED_NAME} {_id(luck)[:8].translate(str.maketrans('0123456789', 'ghijklmnop'))}",
        phone=f"{PLANTED_PHONE}{person[:7]}",
        email=f"w{_id(luck)[:12]}{PLANTED_MAIL}" if luck.random() < 0.8 else None,
        files=luck.choice((0, 0, 0, 0, 1, 2)) if door in (Door.API, Door.FORM) else 0,
        order=tuple(order),
        times=tuple(luck.randint(1, 3) for _ in range(many + 1)),
        steps=tuple(_step(luck, who, command) for who, command in deeds),
        pauses=tuple(round(luck.uniform(0.1, 1.2), 2) for _ in range(len(deeds) + 1)),
    )


def _step(luck: random.Random, who: Who, command: str) -> Step:
    words = f"Catatan {_id(luck)} tentang berkas ini."
    fields: dict[str, dict[str, object]] = {
        "answer": {"text": words},
        "ask": {"text": words},
        "note": {"text": words},
        "reply": {"text": words},
        "settled": {"text": words, "resolved": True},
        "reject": {"reason": "Bukan wewenang", "text": words},
        "forward": {"agency": "Dinas Kependudukan", "text": words},
        "reopen": {"reason": words},
        "escalate": {"reason": words},
        "request_time": {"reason": words, "working_days": luck.randint(1, 5)},
        "split": {"text": f"Hal kedua: berkas {_id(luck)} juga belum selesai."},
        "set_priority": {"priority": luck.choice(("low", "high", "urgent"))},
        "assign": {"assignee": "petugas"},
        "classify": {"category": luck.choice(("keterlambatan", "data-salah", "persyaratan"))},
        "rate": {"score": luck.randint(1, 4), "comment": words},
    }
    return Step(who, "reply" if command == "settled" else command, fields.get(command, {}))


def _id(luck: random.Random) -> str:
    return str(uuid.UUID(int=luck.getrandbits(128), version=4))
