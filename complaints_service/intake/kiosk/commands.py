"""``complaints kiosk add|revoke|list``: what an administrator does on the machine itself."""

from __future__ import annotations

import argparse
import asyncio
import sys

import msgspec

from complaints_service.errors import DomainError, Invalid
from complaints_service.i18n import translate
from complaints_service.intake.kiosk.model import Device
from complaints_service.office.store import OfficeMissing
from complaints_service.settings import Settings


def run(settings: Settings, arguments: list[str]) -> int:
    """Do what the command line says; 0 done, 1 failed, 2 wrong call."""
    call = _parser().parse_args(arguments)
    try:
        answer = asyncio.run(_do(settings, call))
    except Invalid as error:
        for problem in error.problems:
            field = problem.pointer.removeprefix("/")
            print(f"{field}: {translate('en', problem.detail, **problem.values)}", file=sys.stderr)
        return 2
    except OfficeMissing:
        print("there is no such office in this database", file=sys.stderr)
        return 1
    except DomainError:
        print("there is no such kiosk", file=sys.stderr)
        return 1
    if call.json:
        print(msgspec.json.encode(answer).decode())
    else:
        print("\n".join(_lines(answer)))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="complaints kiosk", description="Kiosk devices of the office.")
    tasks = parser.add_subparsers(dest="task", required=True, metavar="TASK")
    add = tasks.add_parser("add", help="add a kiosk and print its token, this once")
    add.add_argument("name", help="where it stands, for example 'Ruang tunggu lantai 1'")
    revoke = tasks.add_parser("revoke", help="its token works no more")
    revoke.add_argument("id", type=int, help="number of the kiosk")
    listing = tasks.add_parser("list", help="all kiosks")
    for task in (add, revoke, listing):
        task.add_argument("--office", help="short name of the office (default: the only one)")
        task.add_argument("--json", action="store_true", help="answer for machines")
    return parser


async def _do(settings: Settings, call: argparse.Namespace) -> dict[str, object] | list[dict[str, object]]:
    """Run one use case. ``settings`` come connected: their database_url is set."""
    from complaints_service.wiring import open_services

    services = await open_services(settings, hints=False)
    try:
        office = await services.offices.by_slug(call.office)
        match call.task:
            case "add":
                device, token = await services.kiosk.create_device(office, call.name)
                return _shown(device) | {"token": token}
            case "revoke":
                return _shown(await services.kiosk.revoke_device(office, call.id))
            case _:
                return [_shown(device) for device in await services.kiosk.devices(office)]
    finally:
        await services.close()


def _shown(device: Device) -> dict[str, object]:
    return {
        "id": device.id,
        "name": device.name,
        "created_at": device.created_at.isoformat(),
        "seen_at": device.seen_at.isoformat() if device.seen_at else None,
        "revoked_at": device.revoked_at.isoformat() if device.revoked_at else None,
    }


def _lines(answer: dict[str, object] | list[dict[str, object]]) -> list[str]:
    if isinstance(answer, dict):
        return [f"{name}: {value}" for name, value in answer.items() if value is not None]
    return [
        f"{kiosk['id']}\t{kiosk['name']}\t{'revoked' if kiosk['revoked_at'] else 'in use'}\t{kiosk['seen_at'] or '-'}"
        for kiosk in answer
    ]
