"""Nobody who reads Bahasa Indonesia meets an English sentence on a page: every text of the templates is in the catalogues."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from complaints_service.i18n import catalogue, translate
from complaints_service.public import answers, case_words, filing_pages, ticket_pages
from complaints_service.resources import templates_dir

FOLDERS = ("public", "kiosk", "macros", "accounts", "desk", "management")


def texts_of(template: Path) -> Iterator[str]:
    """The msgids that a template asks for with ``_("...")``."""
    for call in Environment(autoescape=True).parse(template.read_text(encoding="utf-8")).find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "_":
            assert call.args, template
            first = call.args[0]
            if isinstance(first, nodes.Const):
                yield str(first.value)


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_text_of_the_templates_is_translated(folder: str) -> None:
    templates = sorted((templates_dir() / folder).rglob("*.html")) + sorted(templates_dir().glob("*.html"))
    asked = {text for template in templates for text in texts_of(template)}
    assert asked
    assert sorted(asked - catalogue("id").keys()) == []


def test_the_texts_of_the_public_modules_are_translated() -> None:
    tables = (
        answers.LABELS,
        answers.KIND_WORDS,
        answers.PRIVACY_WORDS,
        answers.SEND_WORDS,
        case_words.PRIVACY_SHORT,
        filing_pages.RECEIVED_WORDS,
        ticket_pages._DONE,
    )
    asked = {text for table in tables for text in table.values()}
    assert sorted(asked - catalogue("id").keys()) == []


def test_both_languages_fill_the_same_placeholders() -> None:
    for msgid in catalogue("id"):
        names = {name: f"<{name}>" for name in _placeholders(msgid)}
        for language in ("id", "en"):
            filled = translate(language, msgid, **names)
            assert all(filled.count(value) >= 1 for value in names.values()), msgid


def _placeholders(text: str) -> set[str]:
    from string import Formatter

    return {name for _, name, _, _ in Formatter().parse(text) if name}
