"""`complaints people`: what an administrator does on the machine itself."""

from __future__ import annotations

import asyncio
import io
import secrets
import sys

import msgspec
import pytest

from complaints_service.accounts.commands import run
from complaints_service.settings import Settings
from complaints_service.wiring import Services


@pytest.fixture
def username() -> str:
    """Somebody new."""
    return f"uji-{secrets.token_hex(5)}"


async def people(settings: Settings, monkeypatch: pytest.MonkeyPatch, *arguments: str, typed: str = "") -> int:
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    return await asyncio.to_thread(run, settings, list(arguments))


async def test_a_person_is_added_with_a_made_password_and_can_sign_in(
    settings: Settings,
    services: Services,
    username: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    call = ("add", username, "--name", "Uji Coba", "--role", "officer", "--unit", "tikkim", "--works-in", "lantaskim")
    assert await people(settings, monkeypatch, *call, "--generate", "--json") == 0
    answer = msgspec.json.decode(capsys.readouterr().out, type=dict[str, str | int])
    signed_in = await services.accounts.sign_in(username, str(answer["password"]), address="198.51.100.1")
    assert signed_in.viewer.person.id == answer["id"]
    assert {signed_in.viewer.office.units[unit].slug for unit in signed_in.viewer.unit_ids} == {"tikkim", "lantaskim"}


async def test_a_password_from_standard_input_is_never_printed(
    settings: Settings,
    services: Services,
    username: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    call = ("add", username, "--name", "Uji Coba", "--role", "supervisor", "--unit", "tikkim")
    assert await people(settings, monkeypatch, *call, typed="kata-sandi-yang-panjang\n") == 0
    assert "kata-sandi" not in "".join(capsys.readouterr())
    await services.accounts.sign_in(username, "kata-sandi-yang-panjang", address="198.51.100.1")
    assert await people(settings, monkeypatch, "password", username, typed="kata-sandi-yang-baru\n") == 0
    await services.accounts.sign_in(username, "kata-sandi-yang-baru", address="198.51.100.1")


async def test_everything_that_is_wrong_is_named_and_nothing_is_added(
    settings: Settings,
    services: Services,
    username: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    call = ("add", username, "--name", "Uji", "--role", "officer", "--unit", "tak-ada", "--email", "bukan surel")
    assert await people(settings, monkeypatch, *call, typed="pendek\n") == 2
    said = capsys.readouterr().err
    for field in ("unit:", "email:", "password:"):
        assert field in said
    async with services.database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM person WHERE username = $1", username) == 0


async def test_somebody_or_an_office_that_is_not_there(
    settings: Settings, username: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await people(settings, monkeypatch, "password", username, "--generate") == 1
    assert "There is no person with this username." in capsys.readouterr().err
    assert await people(settings, monkeypatch, "password", username, "--generate", "--office", "tak-ada") == 1


async def test_an_unknown_role_is_a_wrong_call(
    settings: Settings, username: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SystemExit) as caught:
        await people(settings, monkeypatch, "add", username, "--name", "Uji", "--role", "raja", "--unit", "tikkim")
    assert caught.value.code == 2
