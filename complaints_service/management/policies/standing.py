"""Where a version stands at a moment. Pure."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from complaints_service.office.model import Office, Policy


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


def may_be_taken_back(policy: Policy, office: Office, now: datetime) -> bool:
    """Whether a version can be taken back: until it is in force, and on the day it took effect while another one is left to count again.

    So a mistake can be corrected on the day it was made, although no two versions take effect on one date.
    """
    if policy.withdrawn or policy.effective_from > now:
        return not policy.withdrawn
    zone = ZoneInfo(office.time_zone)
    return (
        policy.effective_from.astimezone(zone).date() == now.astimezone(zone).date()
        and version_below(policy, office, now) is not None
    )


def version_below(policy: Policy, office: Office, now: datetime) -> Policy | None:
    """What would be in force at ``now`` without this version, or None."""
    others = (each for each in office.policies.values() if each is not policy and not each.withdrawn)
    return max(
        (each for each in others if each.effective_from <= now), key=lambda each: each.effective_from, default=None
    )
