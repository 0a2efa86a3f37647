"""Everything a person reads has an Indonesian text, and the two agree about their placeholders."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from complaints_service.i18n import catalogue
from complaints_service.resources import templates_dir

PACKAGE = Path(__file__).parents[2] / "complaints_service"
FILES = sorted(path.name for path in (PACKAGE / "locale" / "id").glob("*.po"))
# Calls whose argument number n (from 0) is a msgid.
CALLS = {"translate": 1, "FieldProblem": 2, "Refusal": 1, "Refused": 0, "refuse": 2, "words": 0}
ERRORS = {
    "Malformed", "Unauthenticated", "Forbidden", "NotFound", "Stale", "TooLarge", "KeyReused", "PreconditionRequired",
    "UnsupportedMedia",
}  # fmt: skip
WORDS = re.compile(r"_(WORDS|LABELS|STEPS)$")
# A file without any of these holds no text; reading it as a tree takes its time.
MAY_HOLD_TEXTS = re.compile(rf"\b(?:{'|'.join([*CALLS, *ERRORS])})\(|_(?:WORDS|LABELS|STEPS)\b|\btitle\b")
IN_TEMPLATE = re.compile(r"""_\(\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')""")
PLACEHOLDER = re.compile(r"\{(\w+)\}")


def text_of(node: ast.expr | None) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return None


def texts_in_code(tree: ast.Module) -> Iterator[str]:
    """Literal msgids of calls, titles of errors, and tables of words (dicts whose name says so)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            position = 0 if name in ERRORS else CALLS.get(name)
            if position is not None and len(node.args) > position and (text := text_of(node.args[position])):
                yield text
        if isinstance(node, ast.ClassDef):
            yield from filter(None, map(title_of, node.body))
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict) and holds_words(node):
            yield from filter(None, map(text_of, node.value.values))


def title_of(line: ast.stmt) -> str | None:
    """The title in ``status, code, title = ...`` of an error's class."""
    if not (
        isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Tuple) and isinstance(line.value, ast.Tuple)
    ):
        return None
    names = [getattr(target, "id", "") for target in line.targets[0].elts]
    return text_of(line.value.elts[names.index("title")]) if "title" in names else None


def holds_words(node: ast.Assign) -> bool:
    return any(WORDS.search(getattr(target, "id", "")) for target in node.targets)


def all_texts() -> Iterator[tuple[str, str]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        source = path.read_text()
        for text in texts_in_code(ast.parse(source)) if MAY_HOLD_TEXTS.search(source) else ():
            if " " in text:
                yield str(path.relative_to(PACKAGE)), text
    for path in sorted(templates_dir().rglob("*")):
        if path.suffix in {".html", ".txt", ".jinja"}:
            for double, single in IN_TEMPLATE.findall(path.read_text()):
                yield str(path.relative_to(templates_dir())), (double or single).replace('\\"', '"').replace("\\'", "'")


def test_every_text_has_an_indonesian_one() -> None:
    words = catalogue("id")
    missing = sorted({f"{place}: {text}" for place, text in all_texts() if text and text not in words})
    assert missing == []


@cache
def translated(name: str) -> Catalog:
    with (PACKAGE / "locale" / "id" / name).open("rb") as file:
        return read_po(file)


@pytest.mark.parametrize("name", FILES)
def test_both_languages_name_the_same_values(name: str) -> None:
    for message in translated(name):
        if isinstance(message.id, str) and message.id and message.string:
            assert set(PLACEHOLDER.findall(str(message.string))) <= set(PLACEHOLDER.findall(message.id)), message.id


def test_a_text_has_one_translation_only() -> None:
    found: dict[str, set[str]] = {}
    for name in FILES:
        for message in translated(name):
            if isinstance(message.id, str) and message.id and message.string:
                found.setdefault(message.id, set()).add(str(message.string))
    assert {text for text, words in found.items() if len(words) > 1} == set()
