"""What a calendar would do to open tickets, as the review page shows it. No I/O."""

from __future__ import annotations

import msgspec

from complaints_service.i18n import moment, translate
from complaints_service.management.settings_view import TARGET_NAMES
from complaints_service.sla.effects import OpenEffects


class MoverRow(msgspec.Struct, frozen=True):
    """A deadline that would move far."""

    number: str
    target: str
    before: str
    after: str


def effect_rows(effects: OpenEffects | None, zone: str, language: str) -> dict[str, object]:
    """What happens to open tickets: ``targets`` and ``movers`` as rows of tables."""
    if effects is None:
        return {"targets": [], "movers": []}
    return {
        "targets": [
            (translate(language, TARGET_NAMES[each.target]), each.earlier, each.later, each.breached)
            for each in effects.by_target
        ],
        "movers": [
            MoverRow(
                each.number,
                translate(language, TARGET_NAMES[each.target]),
                moment(each.due_at, zone, language, weekday=False),
                moment(each.would_be_due_at, zone, language, weekday=False),
            )
            for each in effects.movers
        ],
    }
