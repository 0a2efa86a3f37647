"""``complaints doctor``: what a person who runs the service should know about it; ``--audit``: every promise over all data.

Exit codes: 0 well (perhaps with warnings), 1 something is broken, 2 wrong call or settings.
"""

from __future__ import annotations

import argparse
import asyncio
from enum import StrEnum
from typing import Any, cast

import aiosmtplib
import asyncpg
import msgspec
from redis.exceptions import RedisError

from complaints_service import frontend_parts
from complaints_service.clock import machine_now
from complaints_service.database import missing_migrations, queries
from complaints_service.doctor_audit import Violation, audit, audit_connections
from complaints_service.doctor_checks import INVARIANTS
from complaints_service.intake.attachments.storage import Storage
from complaints_service.notifications.smtp_address import smtp_address
from complaints_service.progress import Progress, bar, no_progress
from complaints_service.queue import close_queue, open_queue
from complaints_service.settings import Settings

SECONDS = 10.0
OLDEST_POSTGRES, NEWEST_POSTGRES, OLDEST_REDIS = 15, 18, 7
MOST_CLOCK_SECONDS = 60.0
HOLIDAY_DAYS = 60
SILENT_SECONDS = 30.0


class Health(StrEnum):
    """How a check went; a warning is nothing that stops the service."""

    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"


class Finding(msgspec.Struct, frozen=True):
    """One line of the report. ``what`` says what to do when it is not well."""

    check: str
    health: Health
    what: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All that was found; ``violations`` only with --audit."""

    findings: list[Finding]
    audited: list[str] = []
    violations: list[Violation] = []

    @property
    def well(self) -> bool:
        """Nothing is broken."""
        return not self.violations and all(finding.health is not Health.BROKEN for finding in self.findings)


def run(settings: Settings, arguments: list[str]) -> int:
    """Check, print, and give the exit code. ``settings`` come connected: their database_url is set."""
    parser = argparse.ArgumentParser(prog="complaints doctor", description="Checks the installation; changes nothing.")
    parser.add_argument("--audit", action="store_true", help="also check every promise over all data")
    parser.add_argument("--hash-files", action="store_true", help="with --audit: read every file, not only its size")
    parser.add_argument("--json", action="store_true", help="answer for machines")
    call = parser.parse_args(arguments)
    report = asyncio.run(examine(settings, with_audit=call.audit, whole_files=call.hash_files, progress=bar()))
    if call.json:
        print(msgspec.json.encode({"well": report.well, **msgspec.structs.asdict(report)}).decode())
    else:
        print("\n".join(_lines(report)))
    return 0 if report.well else 1


async def examine(
    settings: Settings, *, with_audit: bool = False, whole_files: bool = False, progress: Progress = no_progress
) -> Report:
    """Look at everything; what cannot be reached is a finding, never an error."""
    findings = [_settings(settings)]
    violations: list[Violation] = []
    try:
        connection = await asyncpg.connect(
            settings.database_url, timeout=SECONDS, statement_cache_size=settings.statement_cache
        )
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        findings.append(Finding("postgresql", Health.BROKEN, f"cannot be reached ({type(error).__name__})"))
    else:
        try:
            findings += await _database(connection)
            if with_audit and not _broken(findings, "migrations"):
                async with audit_connections(settings, settings.database_url or "") as looking:
                    violations = await audit(
                        looking[0],
                        progress=progress,
                        beside=looking[1:],
                        storage=Storage(settings.data_dir),
                        whole_files=whole_files,
                    )
        finally:
            await connection.close()
    findings += [await _valkey(settings), await _mail(settings), _parts()]
    audited = list(INVARIANTS) if with_audit and not _broken(findings, "postgresql", "migrations") else []
    if with_audit and not audited:
        findings.append(Finding("audit", Health.BROKEN, "not possible without a complete database"))
    return Report(findings=findings, audited=audited, violations=violations)


def _broken(findings: list[Finding], *checks: str) -> bool:
    return any(finding.check in checks and finding.health is Health.BROKEN for finding in findings)


def _settings(settings: Settings) -> Finding:
    problems = settings.missing_to_serve(alone=False)
    if problems:
        return Finding("settings", Health.BROKEN, "; ".join(problems))
    if settings.dev:
        return Finding("settings", Health.WARNING, "development (COMPLAINTS_DEV=1): not for citizens")
    if not settings.base_url.startswith("https://"):
        return Finding("settings", Health.WARNING, "COMPLAINTS_BASE_URL is not https: cookies are not Secure")
    return Finding("settings", Health.OK, "complete")


async def _database(connection: asyncpg.Connection) -> list[Finding]:
    """Everything that PostgreSQL can tell."""
    if missing := await missing_migrations(connection):
        advice = f"{len(missing)} missing, from {missing[0]} on: run `complaints db upgrade`"
        return [Finding("migrations", Health.BROKEN, advice)]
    server = await queries("doctor").server(connection)
    major = server["version_number"] // 10_000
    known = OLDEST_POSTGRES <= major <= NEWEST_POSTGRES
    unguarded = [row["name"] async for row in queries("doctor").unguarded(connection)]
    return [
        Finding("postgresql", Health.OK if known else Health.WARNING, server["version"]),
        Finding("migrations", Health.OK, "complete"),
        _role(server, unguarded),
        _clock(server),
        *[_holidays(row) async for row in queries("doctor").holidays(connection)],
        await _worker(connection),
        await _sending(connection),
    ]


def _role(server: asyncpg.Record, unguarded: list[str]) -> Finding:
    if server["unbound"]:
        advice = "is superuser or has BYPASSRLS: row-level security does not hold it; use complaints_app"
        return Finding("role", Health.BROKEN, f"{server['role_name']} {advice}")
    if unguarded:
        return Finding("role", Health.BROKEN, f"row-level security is off for {', '.join(unguarded)}")
    return Finding("role", Health.OK, f"{server['role_name']}, held by row-level security")


def _clock(server: asyncpg.Record) -> Finding:
    apart = abs((machine_now() - server["machine_time"]).total_seconds())
    if apart > MOST_CLOCK_SECONDS:
        advice = f"this machine and the database are {apart:.0f} s apart: set up time synchronisation"
        return Finding("clock", Health.WARNING, advice)
    if server["shift_seconds"]:
        return Finding("clock", Health.WARNING, f"office time is moved by {server['shift_seconds'] / 86_400:.2f} days")
    return Finding("clock", Health.OK, "machine and database agree")


def _holidays(row: asyncpg.Record) -> Finding:
    through, left = row["confirmed_through"], row["days_left"]
    if through is None:
        return Finding("holidays", Health.BROKEN, f"{row['slug']}: there is no calendar")
    health = Health.OK if left > HOLIDAY_DAYS else Health.WARNING
    return Finding("holidays", health, f"{row['slug']}: confirmed through {through.isoformat()}")


async def _worker(connection: asyncpg.Connection) -> Finding:
    seconds = await queries("doctor").last_seen(connection, kind="worker")
    if seconds is None or seconds > SILENT_SECONDS:
        return Finding("worker", Health.WARNING, "none gives a sign of life: clocks and mail stand still")
    return Finding("worker", Health.OK, "alive")


async def _sending(connection: asyncpg.Connection) -> Finding:
    held_at = await queries("doctor").held_since(connection)
    if held_at is None:
        return Finding("sending", Health.OK, "not held")
    advice = "nothing leaves until somebody runs `complaints resume-sending`"
    return Finding("sending", Health.WARNING, f"held since {held_at.isoformat(timespec='minutes')}: {advice}")


async def _valkey(settings: Settings) -> Finding:
    """Away is a warning only: hints are lost and the sweep makes up for them (D1)."""
    if settings.redis_url is None:
        return Finding("valkey", Health.WARNING, "no server is set: everything waits for the next sweep")
    try:
        async with asyncio.timeout(SECONDS):
            queue = await open_queue(settings.redis_url)
            try:
                about: dict[str, object] = await cast("Any", queue).info("server")
            finally:
                await close_queue(queue)
    except (OSError, TimeoutError, RedisError) as error:
        return Finding("valkey", Health.WARNING, f"cannot be reached ({type(error).__name__}): sweeps go on without")
    version = str(about.get("valkey_version") or about.get("redis_version") or "")
    major = version.partition(".")[0]
    known = major.isdigit() and int(major) >= OLDEST_REDIS
    return Finding("valkey", Health.OK if known else Health.WARNING, version or "tells no version")


async def _mail(settings: Settings) -> Finding:
    address = smtp_address(settings)
    if address is None:
        return Finding("mail", Health.BROKEN, "there is no mail server")
    client = aiosmtplib.SMTP(
        hostname=address.host,
        port=address.port,
        username=address.username,
        password=address.password,
        use_tls=address.use_tls,
        start_tls=address.start_tls,
        timeout=SECONDS,
    )
    try:
        await client.connect()
        await client.quit()
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        return Finding("mail", Health.BROKEN, f"{address.host}:{address.port} ({type(error).__name__})")
    return Finding("mail", Health.OK, f"{address.host}:{address.port} answers")


def _parts() -> Finding:
    if missing := frontend_parts.missing():
        return Finding("front-end parts", Health.WARNING, f"{len(missing)} files missing: run `make run` once")
    return Finding("front-end parts", Health.OK, "there")


def _lines(report: Report) -> list[str]:
    lines = [f"{finding.health.value:8} {finding.check}: {finding.what}" for finding in report.findings]
    for invariant in report.audited:
        broken = [violation for violation in report.violations if violation.invariant == invariant]
        lines.append(f"{'broken' if broken else 'ok':8} {invariant}: {len(broken)} rows")
        lines += [f"         office {found.office}, {found.row}: {found.what}" for found in broken]
        lines += [f"         do: {advice}" for advice in dict.fromkeys(found.advice for found in broken) if advice]
    return lines
