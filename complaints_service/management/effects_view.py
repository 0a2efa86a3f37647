"""What a draft would do to open tickets, as the pages that publish it show it. No I/O."""

from __future__ import annotations

from datetime import datetime

from complaints_service.i18n import moment, translate
from complaints_service.management.effects_count import Counting
from complaints_service.management.settings_view import TARGET_NAMES
from complaints_service.sla.effects import OpenEffects


def effects_context(counted: OpenEffects | Counting | None, zone: str, language: str) -> dict[str, object]:
    """The effects, or the count that is under way, with the rows of their tables."""
    effects = counted if isinstance(counted, OpenEffects) else None

    def when(at: datetime) -> str:
        return moment(at, zone, language, weekday=False)

    def name(target: str) -> str:
        return translate(language, TARGET_NAMES[target])

    return {
        "effects": effects,
        "counting": counted if isinstance(counted, Counting) else None,
        "effect_rows": [(name(e.target), e.earlier, e.later, e.breached) for e in effects.by_target] if effects else [],
        "movers": [
            (each.number, name(each.target), when(each.due_at), when(each.would_be_due_at)) for each in effects.movers
        ]
        if effects
        else [],
    }
