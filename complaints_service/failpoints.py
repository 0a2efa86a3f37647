"""Places where a test may let a process die, fail or stand still: ``fp("name")`` (RELIABILITY.md, "Found by trying").

Nothing happens unless ``COMPLAINTS_FAILPOINTS`` names the place under DEV; ``tests/faults/test_failpoints.py`` lists every place by
grep and kills a real process at each.
"""

from __future__ import annotations

import os
import signal
import time
from enum import StrEnum

import msgspec


class Act(StrEnum):
    """What happens at a failpoint."""

    KILL = "kill"
    RAISE = "raise"
    SLEEP = "sleep"


class Failure(RuntimeError):
    """What ``raise`` raises: nothing in the service expects it."""


class _Armed(msgspec.Struct, frozen=True):
    act: Act
    seconds: float = 0.0


_armed: dict[str, _Armed] = {}


def fp(name: str) -> None:
    """Strike here if a test has armed this name. ``sleep`` stops the whole process, event loop and all, as SIGSTOP would."""
    if _armed and name in _armed:
        _strike(name, _armed[name])


def arm(text: str | None) -> None:
    """Arm what ``COMPLAINTS_FAILPOINTS`` says (None: nothing any more). Raises ValueError for text that cannot be read."""
    armed = parsed(text)
    _armed.clear()
    _armed.update(armed)


def parsed(text: str | None) -> dict[str, _Armed]:
    """``name:kill``, ``name:raise``, ``name:sleep:seconds``, separated by commas. Raises ValueError."""
    armed: dict[str, _Armed] = {}
    for part in (text or "").split(","):
        if not part.strip():
            continue
        name, _, rest = part.strip().partition(":")
        act, _, seconds = rest.partition(":")
        if not name or (Act(act) is Act.SLEEP) != bool(seconds):
            raise ValueError(part)
        armed[name] = _Armed(Act(act), float(seconds or 0))
    return armed


def readable(text: str | None) -> bool:
    """Whether ``parsed`` can read it."""
    try:
        parsed(text)
    except ValueError:
        return False
    return True


def _strike(name: str, armed: _Armed) -> None:
    match armed.act:
        case Act.KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        case Act.RAISE:
            raise Failure(name)
        case Act.SLEEP:
            time.sleep(armed.seconds)
