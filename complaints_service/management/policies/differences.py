"""What is different between two versions of the policy, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from complaints_service.i18n import moment, translate
from complaints_service.management.policies.words import (
    RESTART_WORDS,
    act_text,
    conditions_text,
    extras,
    pause_text,
    receivers_text,
    target_name,
)
from complaints_service.office.model import Office, Policy, PolicyTarget, Rung
from complaints_service.office.rung_words import amount_text, rung_text
from complaints_service.sla.policy_vocabulary import TARGETS


class Change(msgspec.Struct, frozen=True):
    """One difference: where, and what stood and stands there (empty: nothing)."""

    where: str
    before: str
    after: str


def differences(before: Policy, after: Policy, office: Office, language: str) -> list[Change]:
    """Every difference between two versions in the order of the page: basics, deadlines, pauses, restarts, ladder."""
    return [
        *_basics(before, after, office, language),
        *_targets(before, after, office, language),
        *_pauses(before, after, language),
        *_restarts(before, after, language),
        *_ladder(before, after, office, language),
    ]


def _basics(before: Policy, after: Policy, office: Office, language: str) -> Iterator[Change]:
    def words(at: datetime) -> str:
        return moment(at, office.time_zone, language)

    if before.legal_source != after.legal_source:
        yield Change(translate(language, "Legal source"), before.legal_source, after.legal_source)
    if before.effective_from != after.effective_from:
        yield Change(translate(language, "In force from"), words(before.effective_from), words(after.effective_from))


def _targets(before: Policy, after: Policy, office: Office, language: str) -> Iterator[Change]:
    for target in TARGETS:
        name = target_name(target, language)
        old = _rows(before, target, office, language)
        new = _rows(after, target, office, language)
        for words in dict.fromkeys([*old, *new]):
            if old.get(words) != new.get(words):
                yield Change(f"{name}: {words}", old.get(words, ""), new.get(words, ""))
        kept_before = [words for words in old if words in new]
        kept_after = [words for words in new if words in old]
        if kept_before != kept_after:
            yield Change(
                translate(language, "{target}: order of the rows", target=name),
                " → ".join(kept_before),
                " → ".join(kept_after),
            )


def _rows(policy: Policy, target: str, office: Office, language: str) -> dict[str, str]:
    """What each row is for, and its time; the first of two rows for the same counts."""
    rows: dict[str, str] = {}
    for row in _of(policy, target):
        rows.setdefault(conditions_text(row, office, language), amount_text(row.amount, row.measure, language))
    return rows


def _of(policy: Policy, target: str) -> list[PolicyTarget]:
    return [row for row in policy.targets if row.target == target]


def _pauses(before: Policy, after: Policy, language: str) -> Iterator[Change]:
    old = {(pause.status, pause.target): pause_text(pause, language) for pause in before.pauses}
    new = {(pause.status, pause.target): pause_text(pause, language) for pause in after.pauses}
    for key in dict.fromkeys([*old, *new]):
        if old.get(key) != new.get(key):
            yield Change(translate(language, "Pause"), old.get(key, ""), new.get(key, ""))


def _restarts(before: Policy, after: Policy, language: str) -> Iterator[Change]:
    for name, title, was, now in (
        ("after_reopening", "After a reopening", before.after_reopening, after.after_reopening),
        ("after_transfer", "After a transfer to another unit", before.after_transfer, after.after_transfer),
    ):
        if was != now:
            words = RESTART_WORDS[name]
            yield Change(
                translate(language, title),
                translate(language, words.get(was, was)),
                translate(language, words.get(now, now)),
            )


def _ladder(before: Policy, after: Policy, office: Office, language: str) -> Iterator[Change]:
    for target in TARGETS:
        old = {rung.key: rung for rung in before.ladders.get(target, ())}
        new = {rung.key: rung for rung in after.ladders.get(target, ())}
        for key in dict.fromkeys([*old, *new]):
            was = rung_sentence(old[key], office, language) if key in old else ""
            now = rung_sentence(new[key], office, language) if key in new else ""
            if was != now:
                name = target_name(target, language)
                yield Change(translate(language, "Ladder of {target}: {key}", target=name, key=key), was, now)


def rung_sentence(rung: Rung, office: Office, language: str) -> str:
    """A whole rung in one line."""
    parts = [
        rung_text(rung, language),
        translate(language, "level {n}", n=rung.level),
        act_text(rung, office, language),
        *extras(rung, language),
    ]
    if rung.otherwise:
        people = receivers_text(rung.otherwise, office, language)
        parts.append(translate(language, "if nobody is there: {people}", people=people))
    return "; ".join(parts)
