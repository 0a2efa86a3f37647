"""Statements that lock or change rows hold no sub-select of their own, over a table under a policy, below the lock.

A row that somebody else has changed meanwhile is looked at again before it is locked. What PostgreSQL evaluates only then, a sub-select
with a value that is found once (each policy has some: ``(SELECT app_scope())``), it does not remember for the second such row of the
statement: it reads a null pointer and takes all connections with it (seen with 18.6, EvalPlanQual; the fault test is in
tests/faults/test_recompute.py). So whatever decides on other tables goes into a CTE before the lock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import msgspec
import pytest

from complaints_service.database import queries
from complaints_service.resources import sql_dir
from tests.servers import Running, on_database

# Looked at one by one: which sub-selects they reach depends on columns that never change, so none is reached for the first time in the
# second look.
HARMLESS = {"outbox.claim", "tickets.lock_tickets"}
LOCKING = re.compile(r"\bFOR (NO KEY )?UPDATE\b|\bUPDATE \w+|\bDELETE FROM\b")


@pytest.fixture
async def admin(running: Running, database_url: str) -> Any:
    """Past the policies: what is left are a statement's own sub-selects."""
    connection = await asyncpg.connect(on_database(running.admin_url, urlsplit(database_url).path.removeprefix("/")))
    yield connection
    await connection.close()


def sub_selects(plan: dict[str, Any], *, locked: bool = False, inside: bool = False) -> Iterator[str]:
    """Tables that a sub-select below a lock reads; a CTE, or a value found once for the whole statement, begins anew."""
    if locked and inside and "Relation Name" in plan:
        yield plan["Relation Name"]
    locks = plan["Node Type"] == "LockRows" or plan.get("Operation") in ("Update", "Delete")
    for part in plan.get("Plans", ()):
        if part["Parent Relationship"] == "InitPlan":
            yield from sub_selects(part)
        else:
            below = inside or part["Parent Relationship"] == "SubPlan"
            yield from sub_selects(part, locked=locked or locks, inside=below)


async def test_what_locks_rows_decides_on_other_tables_before(admin: asyncpg.Connection) -> None:
    guarded = {row["relname"] for row in await admin.fetch("SELECT relname FROM pg_class WHERE relrowsecurity")}
    assert {"ticket", "deadline", "outbox"} <= guarded
    await admin.execute("SET plan_cache_mode = force_generic_plan")
    found: dict[str, set[str]] = {}
    for path in sorted((sql_dir() / "queries").glob("*.sql")):
        named = queries(path.stem)
        for name in named.available_queries:
            sql: str = getattr(named, name).sql
            if name.endswith("_cursor") or not LOCKING.search(sql):
                continue
            await admin.execute(f"PREPARE looked_at AS {sql}")
            nulls = ", ".join(["NULL"] * len(set(re.findall(r"\$\d+", sql))))
            told = await admin.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE looked_at{f'({nulls})' * bool(nulls)}")
            await admin.execute("DEALLOCATE looked_at")
            if tables := guarded.intersection(sub_selects(msgspec.json.decode(told)[0]["Plan"])):
                found[f"{path.stem}.{name}"] = tables
    assert set(found) == HARMLESS, found
