"""docs/reliability.md names only tests that exist, and says something of every invariant and every scenario."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
SOURCES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py")
}


def test_every_file_that_is_named_exists() -> None:
    named = set(re.findall(r"`((?:tests/\w+/)?test_\w+\.py)`", PAGE))
    assert len(named) > 15
    assert {name for name in named if (name if "/" in name else f"tests/faults/{name}") not in SOURCES} == set()


def test_every_test_that_is_named_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    there = {name for text in SOURCES.values() for name in re.findall(r"def (test_\w+)\(", text)}
    assert len(named) > 40
    assert named - there == set()


def test_every_invariant_and_scenario_has_its_line() -> None:
    assert re.findall(r"^\| I(\d+) \|", PAGE, re.MULTILINE) == [str(number) for number in range(1, 13)]
    scenarios = re.findall(r"^\| (\d+) \| [^|]+ \| ([^|]+) \|", PAGE, re.MULTILINE)
    assert [number for number, _ in scenarios] == [str(number) for number in range(1, 30)]
    assert all("`" in tests or "open" in tests for _, tests in scenarios)
