"""The page docs/lifecycle.md, made from the transition table: run this module and send its output there."""

from __future__ import annotations

from complaints_service.tickets.model import ENDED, ActorKind, Status
from complaints_service.tickets.transitions import OFFICE_ROLES, REPLY_LEADS, TRANSITIONS, Transition

_HEAD = """# The lifecycle of a ticket

Made from the transition table in `complaints_service/tickets/transitions.py` by
`python -m complaints_service.tickets.lifecycle_page`; a test fails when this page is stale. A ticket changes only by one of these
commands; whatever is not in the table is refused with 409 and the list of what is allowed.

```mermaid
stateDiagram-v2
"""


def markdown() -> str:
    """The whole page."""
    return _HEAD + "\n".join(_arrows()) + "\n```\n\n" + "\n".join(_rows()) + "\n\n" + "\n".join(_statuses()) + "\n"


def _arrows() -> list[str]:
    lines = ["    [*] --> received: file"]
    by_target: dict[tuple[Status, Status], list[str]] = {}
    for transition in TRANSITIONS:
        if transition.target is None:
            continue
        for source in sorted(transition.sources, key=list(Status).index):
            if source is not transition.target:
                by_target.setdefault((source, transition.target), []).append(transition.command)
    for leads in REPLY_LEADS:
        by_target.setdefault(leads, []).append("reply (resolved)" if leads[1] is Status.CLOSED else "reply")
    lines += [f"    {source} --> {target}: {', '.join(names)}" for (source, target), names in by_target.items()]
    return lines + [f"    {status} --> [*]" for status in Status if status in ENDED]


def _rows() -> list[str]:
    head = [
        "| command | by | from | to | event | counts as a sign of life | undo 10 s | note |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    return head + [
        f"| `{t.command}` | {_who(t)} | {_from(t)} | {t.target or 'stays'} | `{t.event}` | {_yes(t.sign)} | "
        f"{_yes(t.undoable)} | {t.note} |"
        for t in TRANSITIONS
    ]


def _who(transition: Transition) -> str:
    if transition.actor is not ActorKind.PERSON:
        return {"reporter": "reporter", "system": "the clock"}[transition.actor.value]
    if transition.roles == OFFICE_ROLES:
        return "office"
    return ", ".join(sorted(role.value for role in transition.roles))


def _from(transition: Transition) -> str:
    if len(transition.sources) == len(Status):
        return "any"
    return ", ".join(sorted(transition.sources, key=list(Status).index))


def _yes(value: bool) -> str:
    return "yes" if value else ""


def _statuses() -> list[str]:
    ended = ", ".join(f"`{status}`" for status in Status if status in ENDED)
    return [
        f"Ended statuses: {ended}. Every other status is open, and an open ticket always has an armed timer (invariant I12).",
        "",
        "The office's deeds can be undone by the same person for 10 s; until then the citizen sees the status before, and words",
        "wait in the outbox.",
    ]


if __name__ == "__main__":
    print(markdown(), end="")
