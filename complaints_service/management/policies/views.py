"""Pages of the policy as values: what templates show, in the reader's language. No I/O."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from complaints_service.i18n import translate
from complaints_service.management.policies.drafts import Draft
from complaints_service.management.policies.ladder_drawing import Drawing, drawn
from complaints_service.management.policies.service import VersionNote
from complaints_service.management.policies.standing import STANDING_NAMES, Standing, standing_of
from complaints_service.management.policies.words import (
    RESTART_WORDS,
    TARGET_EXPLANATION_WORDS,
    act_text,
    conditions_text,
    extras,
    pause_text,
    receivers_text,
    target_name,
)
from complaints_service.office.model import Office, Policy, Rung
from complaints_service.office.rung_words import amount_text, rung_text
from complaints_service.sla.policy_vocabulary import TARGETS

TONES = {
    Standing.IN_FORCE: "positive",
    Standing.COMING: "info",
    Standing.PAST: "neutral",
    Standing.WITHDRAWN: "warning",
}


class VersionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A version on the time line."""

    note: VersionNote
    standing: Standing
    standing_name: str
    tone: str
    who: str


class TargetRow(msgspec.Struct, frozen=True):
    """Which cases, and how long."""

    for_what: str
    time: str


class TargetGroup(msgspec.Struct, frozen=True):
    """A deadline with its rows, the first that matches first."""

    target: str
    name: str
    explanation: str
    rows: tuple[TargetRow, ...]


class RungView(msgspec.Struct, frozen=True, kw_only=True):
    """A rung in words. ``place``: in the document's ladder, for the link to its form (None: published)."""

    key: str
    when: str
    level: int
    what: str
    otherwise: str
    extras: tuple[str, ...]
    place: int | None
    wrong: bool


class MarkView(msgspec.Struct, frozen=True, kw_only=True):
    """Something on the axis of a ladder; ``rung`` is None for the start and the deadline."""

    kind: str
    gap: int
    again: bool
    rung: RungView | None


class LadderView(msgspec.Struct, frozen=True, kw_only=True):
    """The ladder of one deadline; ``drawn_for``: the length of time it is drawn for, in words."""

    target: str
    name: str
    explanation: str
    drawn_for: str
    marks: tuple[MarkView, ...]
    rungs: tuple[RungView, ...]


class DraftRow(msgspec.Struct, frozen=True):
    """A draft in the list."""

    id: int
    name: str
    changed_at: datetime
    who: str


def version_rows(notes: Iterable[VersionNote], office: Office, now: datetime, language: str) -> list[VersionRow]:
    """The time line, the newest version first."""
    rows: list[VersionRow] = []
    for note in notes:
        if note.version in office.policies:
            standing = standing_of(note.version, office, now)
            rows.append(
                VersionRow(
                    note=note,
                    standing=standing,
                    standing_name=translate(language, STANDING_NAMES[standing]),
                    tone=TONES[standing],
                    who=person_name(note.created_by, office, language),
                )
            )
    return rows


def draft_rows(drafts: Iterable[Draft], office: Office, language: str) -> list[DraftRow]:
    """Drafts as a list."""
    return [
        DraftRow(draft.id, draft.name, draft.changed_at, person_name(draft.changed_by, office, language))
        for draft in drafts
    ]


def person_name(person_id: int | None, office: Office, language: str) -> str:
    """Who did it; the first version was set up with the office."""
    person = office.people.get(person_id) if person_id is not None else None
    return person.name if person is not None else translate(language, "set up with the office")


def target_groups(policy: Policy, office: Office, language: str) -> list[TargetGroup]:
    """The deadlines as a table."""
    groups: list[TargetGroup] = []
    for target in TARGETS:
        rows = [row for row in policy.targets if row.target == target]
        if rows:
            groups.append(
                TargetGroup(
                    target,
                    target_name(target, language),
                    translate(language, TARGET_EXPLANATION_WORDS[target]),
                    tuple(
                        TargetRow(
                            conditions_text(row, office, language)
                            if len(rows) > 1 or row.priority
                            else translate(language, "every case"),
                            amount_text(row.amount, row.measure, language),
                        )
                        for row in rows
                    ),
                )
            )
    return groups


def policy_content(policy: Policy, office: Office, language: str) -> dict[str, object]:
    """What a version says beside its ladder, for ``policy_parts.html``."""
    restarts = (
        ("After a reopening", RESTART_WORDS["after_reopening"][policy.after_reopening]),
        ("After a transfer to another unit", RESTART_WORDS["after_transfer"][policy.after_transfer]),
    )
    return {
        "groups": target_groups(policy, office, language),
        "pauses": [pause_text(pause, language) for pause in policy.pauses],
        "restarts": [(translate(language, title), translate(language, words)) for title, words in restarts],
    }


def ladders(
    policy: Policy,
    office: Office,
    language: str,
    places: dict[str, int] | None = None,
    wrong: frozenset[int] = frozenset(),
) -> list[LadderView]:
    """Every ladder of a policy. ``places``: key -> place in a draft's ladder; ``wrong``: places that need correction."""

    def view(rung: Rung) -> RungView:
        place = places.get(rung.key) if places is not None else None
        return RungView(
            key=rung.key,
            when=rung_text(rung, language),
            level=rung.level,
            what=act_text(rung, office, language),
            otherwise=receivers_text(rung.otherwise, office, language),
            extras=tuple(extras(rung, language)),
            place=place,
            wrong=place in wrong,
        )

    def of(drawing: Drawing) -> LadderView:
        row = drawing.row
        return LadderView(
            target=drawing.target,
            name=target_name(drawing.target, language),
            explanation=translate(language, TARGET_EXPLANATION_WORDS[drawing.target]),
            drawn_for=amount_text(row.amount, row.measure, language) if row is not None else "",
            marks=tuple(
                MarkView(kind=mark.kind, gap=mark.gap, again=mark.again, rung=view(mark.rung) if mark.rung else None)
                for mark in drawing.marks
            ),
            rungs=tuple(view(rung) for rung in policy.ladders.get(drawing.target, ())),
        )

    shown = [
        target for target in TARGETS if target in policy.ladders or any(t.target == target for t in policy.targets)
    ]
    return [of(drawn(policy, target)) for target in shown]
