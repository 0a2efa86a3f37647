"""A policy and its document say the same."""

from __future__ import annotations

import msgspec

from complaints_service.sla.policy_document import PolicyDocument, document_of, policy_from
from tests.unit.values import an_office


def test_a_policy_survives_its_document() -> None:
    policy = an_office().policies[1]
    written = msgspec.json.encode(document_of(policy))
    read = policy_from(msgspec.json.decode(written, type=PolicyDocument), 1)
    assert read.ladders.keys() == policy.ladders.keys()
    for target, rungs in policy.ladders.items():
        assert [rung.key for rung in read.ladders[target]] == [rung.key for rung in rungs]
    assert sorted(map(repr, read.targets)) == sorted(map(repr, policy.targets))
    assert read.pauses == policy.pauses


def test_the_first_target_that_matches_stays_the_first() -> None:
    policy = an_office().policies[1]
    answers = [target for target in policy.targets if target.target == "answer"]
    read = policy_from(document_of(policy), 2)
    assert [target for target in read.targets if target.target == "answer"] == answers
