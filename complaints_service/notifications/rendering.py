"""From facts to words: e-mail as subject, text and HTML; WhatsApp as text with choices. Everything personal enters only here (D5).

``templates/email/<kind>.{txt,html}`` where they exist (roll-up, digest, cycle report), else ``templates/email/words/<kind>.jinja``
sets the words and ``message.{txt,html}`` lays them out; the same words make the WhatsApp message.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import css_inline
import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from complaints_service.compiled import Compiled
from complaints_service.i18n import day, moment, short, translate
from complaints_service.notifications.letterhead import Logo
from complaints_service.resources import templates_dir


class Email(msgspec.Struct, frozen=True):
    """What a mail says, ready for a transport. ``logo``: the picture that the HTML part shows."""

    subject: str
    text: str
    html: str
    logo: Logo | None = None


class Choice(msgspec.Struct, frozen=True):
    """A button or numbered line under a chat message."""

    id: str
    title: str


class ChatMessage(msgspec.Struct, frozen=True):
    """What a WhatsApp message says."""

    text: str
    choices: tuple[Choice, ...] = ()


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What ``words/<kind>.jinja`` sets. ``facts`` are label and value; ``quote`` are the office's own words to the reporter."""

    subject: str
    heading: str
    paragraphs: list[str] = []
    quote: str = ""
    facts: list[tuple[str, str]] = []
    button: str = ""
    outro: list[str] = []


_BLANK_LINES = re.compile(r"\n{3,}")
LONGEST_CHAT_TEXT = 4096
# By whether the code escapes.
_COMPILED = {False: Compiled(), True: Compiled()}


class Renderer:
    """Templates by language and zone. Raises what Jinja raises: an unknown name is an error, not a blank."""

    def __init__(self, *, auto_reload: bool = False) -> None:
        self._auto_reload = auto_reload
        self._environment = functools.cache(self._make_environment)
        self._inliner = css_inline.CSSInliner(load_remote_stylesheets=False)

    def email(
        self, kind: str, context: Mapping[str, object], language: str, zone: str, logo: Logo | None = None
    ) -> Email:
        """The three parts of a mail, under the office's logo; the subject in one line."""
        plain, rich = (self._environment(language, zone, escape) for escape in (False, True))
        if f"{kind}.txt" in self._own_layouts:
            template = plain.get_template(f"email/{kind}.txt")
            subject = "".join(template.blocks["subject"](template.new_context(dict(context))))
            body = dict(context) | {"subject": subject}
            layout = kind
        else:
            words = self._words(kind, context, plain)
            subject = words.subject
            body = dict(context) | _laid_out(words, context)
            layout = "message"
        subject = " ".join(subject.split())
        text = _BLANK_LINES.sub("\n\n", plain.get_template(f"email/{layout}.txt").render(body)).strip() + "\n"
        rich_text = rich.get_template(f"email/{layout}.html").render(body | {"subject": subject, "logo": logo})
        return Email(subject, text, self._inliner.inline(rich_text), logo)

    def chat(self, kind: str, context: Mapping[str, object], language: str, zone: str) -> ChatMessage:
        """A message about a ticket in a chat: the same words as the mail, shorter around them."""
        plain = self._environment(language, zone, False)
        words = self._words(kind, context, plain)
        text = plain.get_template("whatsapp/message.txt").render(dict(context) | _laid_out(words, context))
        return ChatMessage(_fit(text))

    def chat_turn(
        self, template: str, context: Mapping[str, object], choices: tuple[Choice, ...], language: str, zone: str
    ) -> ChatMessage:
        """A turn of the conversation (templates/whatsapp/chat/). Raises ValueError for a name that is no plain word."""
        if not template.replace("_", "").isalnum():
            raise ValueError("not the name of a chat template")
        plain = self._environment(language, zone, False)
        return ChatMessage(_fit(plain.get_template(f"whatsapp/chat/{template}.txt").render(context)), choices)

    def _words(self, kind: str, context: Mapping[str, object], environment: Environment) -> Words:
        module = environment.get_template(f"email/words/{kind}.jinja").make_module(dict(context))
        return msgspec.convert(
            {name: getattr(module, name) for name in Words.__struct_fields__ if hasattr(module, name)}, Words
        )

    @functools.cached_property
    def _own_layouts(self) -> frozenset[str]:
        return frozenset(path.name for path in (templates_dir() / "email").glob("*.txt"))

    def _make_environment(self, language: str, zone: str, escape: bool) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(templates_dir()),
            autoescape=escape,  # noqa: S701 - off only for the text parts
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=self._auto_reload,
            bytecode_cache=_COMPILED[escape],
        )

        def words(msgid: str, **values: object) -> str:
            return translate(language, msgid, **values)

        def to_moment(at: datetime) -> str:
            return moment(at, zone, language)

        def to_day(at: datetime) -> str:
            return day(at, zone, language)

        def to_short(at: datetime) -> str:
            return short(at, zone, language)

        # Any: what Jinja takes as a global; its type knows only its own.
        ours: dict[str, Any] = {"_": words, "language": language}
        environment.globals.update(ours)
        environment.filters |= {"moment": to_moment, "day": to_day, "short": to_short}
        return environment


def _laid_out(words: Words, context: Mapping[str, object]) -> dict[str, object]:
    """The words with ``reference``: the ticket's number where neither heading nor facts say it (a chat has no subject)."""
    number = str(context.get("number", ""))
    said = number in words.heading or any(number == value for _, value in words.facts)
    return {**msgspec.structs.asdict(words), "reference": "" if said else number}


def _fit(text: str) -> str:
    plain = _BLANK_LINES.sub("\n\n", text).strip()
    return plain if len(plain) <= LONGEST_CHAT_TEXT else plain[: LONGEST_CHAT_TEXT - 1] + "…"
