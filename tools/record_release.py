"""``python -m tools.record_release``: what a release asks its database, for tests/service/test_previous_release.py.

Run it in the commit that releases a version (its heading in CHANGELOG.md loses "unreleased"). It writes every named query as it is sent
to the server, with the types of its parameters and of what it gives, into tests/previous_release.json.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import asyncpg
import msgspec

from complaints_service.database import queries, upgrade
from complaints_service.embedded import throwaway_servers
from complaints_service.resources import sql_dir

ROOT = Path(__file__).parents[1]
RECORD = ROOT / "tests" / "previous_release.json"
_HEADING = re.compile(r"^## (\S+)( \(unreleased\))?", re.MULTILINE)


class Query(msgspec.Struct, frozen=True):
    """A named query and its types, as the server told them."""

    sql: str
    parameters: list[str]
    columns: list[tuple[str, str]]


class Release(msgspec.Struct, frozen=True):
    """``released`` False: recorded while the first version was still being made."""

    version: str
    released: bool
    migrations: list[str]
    queries: dict[str, Query]


def newest_release(changelog: str) -> tuple[str, bool]:
    """The newest version that is out; while none is, the one in the making and False."""
    headings = [(version, not unreleased) for version, unreleased in _HEADING.findall(changelog)]
    return next((heading for heading in headings if heading[1]), headings[-1])


async def planned(connection: asyncpg.Connection, sql: str) -> Query:
    """The query as this schema understands it. Raises what asyncpg raises when it does not."""
    statement = await connection.prepare(sql)
    return Query(
        sql,
        [kind.name for kind in statement.get_parameters()],
        [(column.name, column.type.name) for column in statement.get_attributes()],
    )


async def record(connection: asyncpg.Connection) -> Release:
    """Everything that this version asks a database with its own schema."""
    version, released = newest_release((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    found: dict[str, Query] = {}
    for path in sorted((sql_dir() / "queries").glob("*.sql")):
        named = queries(path.stem)
        for name in sorted(named.available_queries):
            if not name.endswith("_cursor"):
                found[f"{path.stem}.{name}"] = await planned(connection, getattr(named, name).sql)
    migrations = sorted(path.stem for path in (sql_dir() / "migrations").glob("*.sql"))
    return Release(version, released, migrations, found)


async def main() -> None:
    async with throwaway_servers(durable=False) as servers:
        await upgrade(servers.admin_url)
        connection = await asyncpg.connect(servers.admin_url)
        release = await record(connection)
        await connection.close()
    RECORD.write_bytes(msgspec.json.format(msgspec.json.encode(release), indent=1) + b"\n")
    print(f"{release.version}: {len(release.queries)} queries after {release.migrations[-1]}")


if __name__ == "__main__":
    asyncio.run(main())
