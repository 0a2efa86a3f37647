"""What the load has planted must stand in no log and not in Valkey (I9), and no error may have ended in a traceback."""

from __future__ import annotations

import re

from tests.faults.soak.model import Told
from tests.faults.soak.parts import Broken
from tests.faults.soak.stories import PLANTED_MAIL, PLANTED_NAME, PLANTED_PHONE

_PLANTED = re.compile("|".join((PLANTED_NAME, PLANTED_PHONE, re.escape(PLANTED_MAIL))).encode(), re.IGNORECASE)
_CODE = re.compile(rb"\b[0-9A-HJKMNP-TV-Z]{4}-?[0-9A-HJKMNP-TV-Z]{4}-?[0-9A-HJKMNP-TV-Z]{2}\b")
_NUMBER = re.compile(rb"\bLT-\d{4}-\d{6,}\b")
_TRACEBACK = re.compile(rb"Traceback \(most recent call last\)|exception=|Error:.*\bline \d+")
# Some lines around a find, so that the report says what was going on.
_AROUND = 300


def told_in_logs(service: Broken, told: Told) -> tuple[int, list[str]]:
    """(bytes looked at, what should not be there)"""
    codes = {case.code.replace("-", "").encode() for case in told.cases if case.code}
    size = 0
    wrong: list[str] = []
    for path in [*service.logs(), *(service.data_dir / "valkey").rglob("*")]:
        if not path.is_file():
            continue
        text = path.read_bytes()
        size += len(text)
        if found := _PLANTED.search(text):
            wrong.append(f"{path.name} holds what a reporter told: ...{_near(text, found.start())}")
        if any(each.replace(b"-", b"") in codes for each in _CODE.findall(text)):
            wrong.append(f"{path.name} holds a tracking code")
        if path.suffix == ".log" and (found := _NUMBER.search(text)):
            wrong.append(f"{path.name} holds a ticket number: ...{_near(text, found.start())}")
        if found := _TRACEBACK.search(text):
            count = len(_TRACEBACK.findall(text))
            wrong.append(f"{path.name} holds {count} tracebacks: ...{_near(text, found.start())}")
    return size, wrong


def _near(text: bytes, place: int) -> str:
    return text[max(0, place - _AROUND) : place + _AROUND].decode(errors="replace")
