"""Failpoints do nothing unless a development setting arms them (issue 5)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from complaints_service.failpoints import Failure, arm, fp
from complaints_service.settings import Settings, SettingsError


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    arm(None)


def test_a_place_that_nobody_armed_is_passed() -> None:
    fp("somewhere")
    arm("elsewhere:raise")
    fp("somewhere")
    with pytest.raises(Failure, match="elsewhere"):
        fp("elsewhere")


def test_an_armed_place_fails_until_it_is_disarmed() -> None:
    arm(" somewhere:raise , elsewhere:sleep:0 ")
    with pytest.raises(Failure, match="somewhere"):
        fp("somewhere")
    fp("elsewhere")
    arm(None)
    fp("somewhere")


@pytest.mark.parametrize(
    "text", ["somewhere", "somewhere:explode", ":kill", "somewhere:sleep", "somewhere:kill:3", "a:sleep:x"]
)
def test_what_cannot_be_read_is_refused_by_name(text: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_env({"COMPLAINTS_DEV": "1", "COMPLAINTS_FAILPOINTS": text, "COMPLAINTS_SECRET_KEY": "k" * 32})
    assert refused.value.problems == [
        "COMPLAINTS_FAILPOINTS: is name:kill, name:raise or name:sleep:seconds, separated by commas"
    ]


def test_outside_development_no_process_can_be_armed() -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_env({"COMPLAINTS_FAILPOINTS": "somewhere:kill", "COMPLAINTS_SECRET_KEY": "k" * 32})
    assert "COMPLAINTS_FAILPOINTS: is only for development (COMPLAINTS_DEV=1)" in refused.value.problems
