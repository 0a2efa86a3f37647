"""A policy as a document: what administrators edit, the API takes and drafts keep. Values and conversions, no I/O.

Its ladder and targets are the rows of ``office.model.Policy``; ``policy_check`` says what is wrong with one.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from complaints_service.office.model import Policy, PolicyPause, PolicyTarget, Rung


class TargetEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How much time for what; conditions that are left out match anything. The first entry of a target that matches counts."""

    target: str
    amount: int
    measure: str
    kind: str | None = None
    category: str | None = None
    priority: str | None = None
    simple: bool | None = None
    oversight: bool | None = None


class PauseEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which status stops which clock, and for how long at most."""

    status: str
    target: str
    limit_amount: int
    limit_measure: str


class RungEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One step of the ladder (``office.model.Rung``); the order of the entries of a target is the order of the steps.

    ``receivers`` and ``otherwise`` hold words of ``ladder.RECEIVER_WORDS``, ``person:<username>`` or ``address:<e-mail>``.
    """

    key: str
    target: str
    anchor: str
    level: int
    receivers: tuple[str, ...] = ()
    otherwise: tuple[str, ...] = ()
    offset_amount: int = 0
    offset_measure: str = "working_days"
    act: str = "notify"
    repeats: bool = False
    roll_up: bool = False
    ways: tuple[str, ...] = ()
    raise_priority: str | None = None
    unassigns: bool = False
    note: str = ""


class PolicyDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole policy: targets, pauses, what restarts, and the ladder."""

    effective_from: datetime
    legal_source: str
    targets: tuple[TargetEntry, ...]
    ladder: tuple[RungEntry, ...]
    pauses: tuple[PauseEntry, ...] = ()
    after_reopening: str = "restart"
    after_transfer: str = "continue"


def policy_from(document: PolicyDocument, version: int, *, applies_to_open: bool = False) -> Policy:
    """The rules' value of a document that ``policy_check`` has nothing against."""
    rungs: list[Rung] = []
    targets: list[PolicyTarget] = []
    for name in dict.fromkeys(entry.target for entry in document.ladder):
        entries = [entry for entry in document.ladder if entry.target == name]
        rungs += [
            msgspec.convert({**msgspec.structs.asdict(entry), "position": position}, Rung)
            for position, entry in enumerate(entries, start=1)
        ]
    for name in dict.fromkeys(entry.target for entry in document.targets):
        targets += [PolicyTarget(**msgspec.structs.asdict(e)) for e in document.targets if e.target == name]
    return Policy(
        version=version,
        effective_from=document.effective_from,
        legal_source=document.legal_source,
        confirmed_by=None,
        targets=tuple(targets),
        rungs=tuple(rungs),
        pauses=tuple(PolicyPause(**msgspec.structs.asdict(pause)) for pause in document.pauses),
        applies_to_open=applies_to_open,
        after_reopening=document.after_reopening,
        after_transfer=document.after_transfer,
    )


def document_of(policy: Policy) -> PolicyDocument:
    """The document of a published version, to be shown, compared or edited."""
    rungs: list[RungEntry] = []
    for rung in policy.rungs:
        fields = msgspec.structs.asdict(rung)
        del fields["position"]
        rungs.append(RungEntry(**fields))
    return PolicyDocument(
        effective_from=policy.effective_from,
        legal_source=policy.legal_source,
        targets=tuple(TargetEntry(**msgspec.structs.asdict(target)) for target in policy.targets),
        ladder=tuple(rungs),
        pauses=tuple(PauseEntry(**msgspec.structs.asdict(pause)) for pause in policy.pauses),
        after_reopening=policy.after_reopening,
        after_transfer=policy.after_transfer,
    )
