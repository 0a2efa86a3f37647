"""Message-IDs (RFC 5322) that stay the same however often a message is tried, and the root by which a ticket's mails thread."""

from __future__ import annotations

import uuid

from complaints_service.keys import Keys

TICKET_TO_COME = "{t}"


class MessageIds:
    """Names for messages of one sender address."""

    def __init__(self, keys: Keys, mail_from: str) -> None:
        self._keys = keys
        self.host = mail_from.rpartition("@")[2]

    def for_row(self, dedupe_key: str) -> str:
        """The id of an outbox row: a keyed hash of its unique key; random while the key still waits for the ticket's id."""
        name = (
            uuid.uuid4().hex if TICKET_TO_COME in dedupe_key else self._keys.digest("message-id", dedupe_key)[:16].hex()
        )
        return f"<{name}@{self.host}>"

    def thread_root(self, office_id: int, ticket_id: int) -> str:
        """What every mail about a ticket refers to; no message carries it, mail programs group by it all the same."""
        return f"<ticket-{office_id}-{ticket_id}@{self.host}>"
