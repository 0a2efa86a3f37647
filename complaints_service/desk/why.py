"""Names of deadlines as the desk shows them, beside ``sla.why``, which tells how their dates came about."""

from __future__ import annotations

from complaints_service.desk.words import TARGETS
from complaints_service.i18n import translate
from complaints_service.sla.why import source_of, steps_of

__all__ = ["source_of", "steps_of", "target_name"]


def target_name(target: str, language: str) -> str:
    """The deadline's name."""
    return translate(language, TARGETS[target])
