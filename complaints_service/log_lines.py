"""Log lines: JSON in production, readable in development, and never with personal data in them (invariant I9).

``configure_logging`` is called once by each process. Three walls: names of fields that hold personal data are refused; text
under a name nobody knows is withheld; in whatever is left, what looks like a telephone number, mail address, tracking code,
ticket number or token is masked. Errors are logged by type and place, their message only where it cannot repeat input.
"""

from __future__ import annotations

import contextlib
import logging
import re
import sys
import traceback
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, cast

import structlog

from complaints_service.errors import DomainError

if TYPE_CHECKING:
    from structlog.types import EventDict, Processor, WrappedLogger

    from complaints_service.settings import Settings

WITHHELD = "[withheld]"

# Fields whose names are harmless although they hold words; the values are looked at all the same.
KNOWN_FIELDS = frozenset(
    """
    event level logger timestamp request_id method route status kind way state reason channel job act process target rung
    failpoint setting migration version exception sqlstate component outcome provider scheme
    """.split()  # noqa: SIM905 - a list of words is easier to read and to add to
)
# Made by ourselves in this very line.
_OWN = ("timestamp", "level", "request_id", "process", "logger")
_PERSONAL = re.compile(
    r"name|phone|telp|mail|address|recipient|reporter|person$|subject|text|description|body|comment|message|note|location|"
    r"code$|token|secret|password|cookie|query|path|url|uri|header|username|number|contact|wa_?id|nik|passport|filename"
)
# Names that the pattern above would refuse although they hold no personal data.
_HARMLESS = frozenset({"sqlstate", "status_code", "error_code", "code", "exit_code"})
# Values that only code writes: identifiers, versions, durations. Capitals only where we choose from a closed set.
_CASED_FIELDS = frozenset({"method", "route", "sqlstate", "migration", "setting", "version"})
_CASED = re.compile(r"[A-Za-z0-9_./:{}<>-]{1,120}")
_PLAIN = re.compile(r"[a-z0-9_.:/@-]{1,60}")
_TYPE = re.compile(r"[A-Za-z_]{2,60}(?=$|\(|:)")
_MASKS = tuple(
    re.compile(pattern)
    for pattern in (
        r"[^\s@<>\"',;:=()]+@[^\s@<>\"',;:=()]+",  # mail addresses
        r"\+?\d[\d\s().-]{6,}\d",  # telephone and identity numbers
        r"\b[A-Z]{1,6}-\d{4}-\d{4,}\b",  # ticket numbers
        r"\b[0-9A-HJKMNP-TV-Z]{4}-?[0-9A-HJKMNP-TV-Z]{4}-?[0-9A-HJKMNP-TV-Z]{2}\b",  # tracking codes
        r"(?i)\b(?=[a-z-]*\d)[0-9a-z]{4}-?[0-9a-z]{4}-?[0-9a-z]{2}\b",  # and as people type them
        r"(?=[A-Za-z0-9_-]*\d)[A-Za-z0-9_-]{24,}",  # tokens, keys, hashes
    )
)
_LONGEST = 300
_TRACEBACK = "Traceback (most recent call last)"
_IN_TRACEBACK = re.compile(
    r'File "(?P<file>[^"]+)", line (?P<line>\d+), in (?P<function>\w+)'
    r"|^[ |]*(?P<type>[A-Za-z_][\w.]*(?:Error|Exception|Group|Exit|Interrupt|Missing|Refused|Unavailable))\b",
    re.MULTILINE,
)
_MESSAGE_IS_OURS = (DomainError, AttributeError, NameError, ImportError, TypeError, RecursionError, MemoryError)
_QUIET = ("httpx", "httpcore", "mail.log", "aiosmtpd", "asyncio", "uvicorn.access", "PIL", "arq", "multipart")


def configure_logging(settings: Settings, process: str) -> None:
    """Send every log line of this process, ours and the libraries', to standard error."""
    structlog.contextvars.clear_contextvars()
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _Process(process),
        safe_exception,
        without_personal_data,
    ]
    render: Processor = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
        if settings.dev
        else structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
    )
    level = getattr(logging, settings.log_level.upper())
    structlog.configure(
        processors=[structlog.stdlib.add_logger_name, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
            pass_foreign_args=True,
            foreign_pre_chain=[structlog.stdlib.add_logger_name, foreign_words, *shared],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


class _Process:
    """Adds which process speaks."""

    def __init__(self, process: str) -> None:
        self._process = process

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event.setdefault("process", self._process)
        return event


def foreign_words(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A library's line: its own words, with only numbers and plain identifiers filled in (asyncio repeats whole errors)."""
    record: object = event.get("_record")
    arguments: object = event.pop("positional_args", ())
    if isinstance(record, logging.LogRecord):
        words = str(record.msg)
        if _TRACEBACK in words:
            event["exception"] = _places(words)
        words = words.strip().partition("\n")[0]
        if isinstance(arguments, tuple) and arguments:
            with contextlib.suppress(TypeError, ValueError):
                words %= tuple(_argument(one) for one in cast("tuple[object, ...]", arguments))
        event["event"] = words
    return event


def _places(text: str) -> str:
    """What ``describe`` would say of a traceback that somebody else has written out: places and types, no messages."""
    parts = [
        f"{_short(found['file'])}:{found['line']} {found['function']}" if found["file"] else found["type"]
        for found in _IN_TRACEBACK.finditer(text)
    ]
    return " > ".join(parts[-12:])


def safe_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace ``exc_info`` by the type and place of the error and of what caused it."""
    given = event.pop("exc_info", None)
    event.pop("stack_info", None)
    if given:
        error = _error(given)
        if error is not None:
            event["exception"] = describe(error)
    return event


def without_personal_data(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Drop or mask what is, or looks like, personal data."""
    for key in list(event):
        if key.startswith("_"):
            continue  # structlog's own, removed before rendering
        event[key] = event[key] if key in _OWN else _safe(str(key), event[key])
    return event


def describe(error: BaseException) -> str:
    """Chain of causes as ``Type (message where it is ours) at file:line in function <- ...``, oldest call first."""
    return "\n".join(_causes(error, set()))


def _causes(error: BaseException, seen: set[int]) -> list[str]:
    # What is in a group often has the group as its context: each error is told once.
    parts: list[str] = []
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        frames = traceback.extract_tb(current.__traceback__, limit=-12)
        places = " > ".join(f"{_short(f.filename)}:{f.lineno} {f.name}" for f in frames)
        parts.append(f"{_title(current)} at {places or 'unknown place'}")
        if isinstance(current, BaseExceptionGroup):
            inner = cast("BaseExceptionGroup[BaseException]", current).exceptions
            for one in inner[:5]:
                parts += [f"in group: {line}" for line in _causes(one, seen)]
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return parts


def _title(error: BaseException) -> str:
    name = type(error).__name__
    sqlstate = getattr(error, "sqlstate", None)
    if isinstance(sqlstate, str):
        return f"{name} [{sqlstate}]"
    if isinstance(error, _MESSAGE_IS_OURS):
        return f"{name} ({_masked(str(error))})"
    if isinstance(error, OSError) and error.errno is not None:
        return f"{name} [errno {error.errno}]"
    return name


def _error(given: object) -> BaseException | None:
    if isinstance(given, BaseException):
        return given
    if isinstance(given, tuple):
        return cast("tuple[type[BaseException] | None, BaseException | None, object]", given)[1]
    return sys.exc_info()[1]


def _short(filename: str) -> str:
    """The last two parts of a path: enough to find the place, nothing about the machine."""
    return "/".join(Path(filename).parts[-2:])


def _safe(key: str, value: object) -> object:
    if key not in KNOWN_FIELDS and key not in _HARMLESS and _PERSONAL.search(key.lower()):
        return WITHHELD
    if value is None or isinstance(value, bool | int | float | datetime | date):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(k): _safe(str(k), v) for k, v in cast("Mapping[object, object]", value).items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_safe(key, one) for one in list(cast("Iterable[object]", value))[:20]]
    if not isinstance(value, str):
        return WITHHELD
    if key == "exception":
        return value
    if key == "error":  # the type of an error; what it says may repeat input
        found = _TYPE.match(value)
        return found[0] if found else WITHHELD
    if key == "event":
        return _masked(value)
    pattern = _CASED if key in _CASED_FIELDS else _PLAIN
    return value if pattern.fullmatch(value) and _masked(value) == value else WITHHELD


def _argument(value: object) -> object:
    if isinstance(value, int | float):
        return value
    text = str(value)
    return text if _PLAIN.fullmatch(text) and _masked(text) == text else WITHHELD


def _masked(text: str) -> str:
    for mask in _MASKS:
        text = mask.sub("[masked]", text)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
