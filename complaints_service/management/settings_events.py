"""The log of settings, as management's pages use it; it lives beside the office, so that notifications can write into it too."""

from __future__ import annotations

from complaints_service.office.settings_events import (
    LONGEST_WHY,
    WHY_FIELD,
    Difference,
    Setting,
    SettingEvent,
    add_office_event,
    compare_documents,
    list_office_events,
    office_event,
)

__all__ = [
    "LONGEST_WHY",
    "WHY_FIELD",
    "Difference",
    "Setting",
    "SettingEvent",
    "add_office_event",
    "compare_documents",
    "list_office_events",
    "office_event",
]
