"""Where a version stands at a moment. Pure."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from complaints_service.office.model import Office


class Standing(StrEnum):
    """What a version is to the office now."""

    IN_FORCE = "in_force"
    COMING = "coming"
    PAST = "past"
    WITHDRAWN = "withdrawn"


STANDING_NAMES = {
    Standing.IN_FORCE: "in force",
    Standing.COMING: "coming",
    Standing.PAST: "no longer in force",
    Standing.WITHDRAWN: "taken back",
}


def standing_of(version: int, office: Office, now: datetime) -> Standing:
    """The standing of a version that the office has. Raises KeyError otherwise."""
    policy = office.policies[version]
    if policy.withdrawn:
        return Standing.WITHDRAWN
    if policy.effective_from > now:
        return Standing.COMING
    return Standing.IN_FORCE if office.policy_at(now).version == version else Standing.PAST
