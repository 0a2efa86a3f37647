"""The conversation's turns as outbox rows of kind ``chat``: template, values, choices; never the person's words or a code.

Contract with whoever sends them (``params`` of the row)::

    {"template": "summary",                 templates/whatsapp/chat/summary.txt
     "values": {"site": "https://...", "number": "LT-2026-000417", ...},
     "choices": [["send:1f2e3d4c", "Send"], ["edit:1f2e3d4c", "Change"], ["cancel:1f2e3d4c", "Cancel"]]}

The template is rendered in the chat's language with the values, ``office`` and ``draft_text`` (the chat's draft at that moment).
Titles are msgids. The Cloud API shows choices as reply buttons, GOWA as numbered lines under the text.
"""

from __future__ import annotations

import msgspec

from complaints_service.intake.whatsapp.conversation import Say, choice_id
from complaints_service.intake.whatsapp.draft import Chat
from complaints_service.intake.whatsapp.words import Word

# At most 20 characters in every language (the Cloud API's limit for a reply button).
TITLES = {
    Word.SEND: "Send",
    Word.EDIT: "Change",
    Word.CANCEL: "Cancel",
    Word.NEW: "New complaint",
    Word.STATUS: "Ticket status",
    Word.OFFICER: "Talk to an officer",
    Word.SETTLED: "Yes, settled",
}


class TurnParams(msgspec.Struct, frozen=True):
    """``params`` of an outbox row of kind ``chat``."""

    template: str
    values: dict[str, str]
    choices: tuple[tuple[str, str], ...] = ()


def params_of(say: Say, chat: Chat, site: str) -> str:
    """The JSON of a row; ``chat`` as it is after the turn, ``site`` the address citizens see."""
    choices = tuple((choice_id(chat, word), TITLES[word]) for word in say.choices)
    return msgspec.json.encode(TurnParams(say.template, {"site": site, **say.values}, choices)).decode()
