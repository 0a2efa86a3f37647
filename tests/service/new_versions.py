"""Publishes versions of the calendar and the policy as the pages do, in as few words as a test needs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import asyncpg
import msgspec

from complaints_service.office.model import Office, Policy
from complaints_service.sla.recompute_work import start_recompute
from complaints_service.tickets.rows import as_json


async def publish_calendar(
    admin: asyncpg.Connection,
    office: Office,
    closed: list[date],
    *,
    opened: list[date] | None = None,
    work: bool = True,
) -> int:
    """A calendar in which these days are closed (``opened``: open as on a Monday after all) counts from now on; returns its version."""
    document = msgspec.json.decode(office.latest_calendar().document, type=dict[str, object])
    days = msgspec.convert(document.get("days_off", []), list[str])
    document["days_off"] = sorted({*days, *(day.isoformat() for day in closed)})
    if opened:
        weekly = msgspec.convert(document["weekly"], dict[str, list[list[str]]])
        extra = msgspec.convert(document.get("extra", []), list[dict[str, object]])
        document["extra"] = [*extra, *({"date": day.isoformat(), "hours": weekly["mon"]} for day in opened)]
    async with admin.transaction():
        version: int = await admin.fetchval(
            "INSERT INTO calendar (office_id, version, document, confirmed_through, why)"
            " SELECT office_id, max(version) + 1, $2, max(confirmed_through), 'tes' FROM calendar WHERE office_id = $1"
            " GROUP BY office_id RETURNING version",
            office.id,
            msgspec.json.encode(document).decode(),
        )
        if work:
            await start_recompute(admin, office.id, "calendar", version)
    return version


async def publish_policy(
    admin: asyncpg.Connection,
    office: Office,
    change: Callable[[Policy], Policy],
    *,
    effective_from: datetime | None = None,
    applies_to_open: bool = True,
) -> int:
    """The newest policy with a change takes effect (None: now); returns its version."""
    newest = office.policies[max(office.policies)]
    made, version = change(newest), newest.version + 1
    async with admin.transaction():
        await admin.execute(
            "INSERT INTO policy (office_id, version, effective_from, legal_source, why, applies_to_open, after_reopening,"
            " after_transfer) VALUES ($1, $2, coalesce($3, office_now()), 'tes', 'tes', $4, $5, $6)",
            office.id, version, effective_from, applies_to_open, made.after_reopening, made.after_transfer,
        )  # fmt: skip
        positions: dict[str, int] = {}
        for table, rows in (("policy_target", made.targets), ("policy_pause", made.pauses), ("rung", made.rungs)):
            records: list[dict[str, object]] = []
            for row in rows:
                record: dict[str, object] = {
                    "office_id": office.id,
                    "policy_version": version,
                    **msgspec.to_builtins(row),
                }
                place = f"{table}:{row.target}"
                positions[place] = positions.get(place, -1) + 1
                if table != "policy_pause":
                    record["position"] = positions[place]
                records.append(record)
            await admin.execute(
                f"INSERT INTO {table} SELECT * FROM json_populate_recordset(NULL::{table}, $1)",  # noqa: S608 - tables of the loop above
                as_json(records),
            )
        if applies_to_open:
            await start_recompute(admin, office.id, "policy", version, effective_from)
    return version
