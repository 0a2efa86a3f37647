"""Migrations are one chain: where two could be applied in either order, the later one's checks were once replaced by the earlier one's."""

from __future__ import annotations

import re

from complaints_service.resources import sql_dir


def test_each_migration_depends_on_the_one_before_it() -> None:
    files = sorted((sql_dir() / "migrations").glob("*.sql"))
    chain = {file.stem: re.findall(r"^-- depends: ?(.*)$", file.read_text(), re.MULTILINE) for file in files}
    names = list(chain)
    assert len(names) == len({name.partition("_")[0] for name in names})
    assert chain == {name: [names[place - 1] if place else ""] for place, name in enumerate(names)}
