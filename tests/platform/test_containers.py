"""compose.yaml and Dockerfile hold together with the settings, the files and the lock they name."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from complaints_service import settings_page

CHECKOUT = Path(__file__).parents[2]
Service = dict[str, object]


class Compose(msgspec.Struct):
    """The parts of compose.yaml that refer to one another."""

    services: dict[str, Service]
    volumes: dict[str, object]
    secrets: dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def compose() -> Compose:
    return msgspec.yaml.decode((CHECKOUT / "compose.yaml").read_bytes(), type=Compose)


def variables(service: Service) -> dict[str, str]:
    return msgspec.convert(service.get("environment", {}), dict[str, str])


def test_it_has_servers_web_worker_and_a_migration_that_runs_once(compose: Compose) -> None:
    assert set(compose.services) == {"postgres", "valkey", "migrate", "web", "worker"}
    assert compose.services["migrate"]["restart"] == "no"
    assert all("healthcheck" in compose.services[name] for name in ("postgres", "valkey", "web", "worker"))


def test_web_and_worker_wait_for_the_migration_and_it_for_a_healthy_database(compose: Compose) -> None:
    waits = {"migrate": {"condition": "service_completed_successfully"}, "valkey": {"condition": "service_healthy"}}
    assert compose.services["web"]["depends_on"] == waits
    assert compose.services["worker"]["depends_on"] == waits
    assert compose.services["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}


def test_every_variable_is_a_setting(compose: Compose) -> None:
    page = settings_page.reference()
    for service in compose.services.values():
        for name in variables(service):
            if name.startswith("COMPLAINTS_"):
                assert f"`{name.removesuffix('_FILE')}`" in page


def test_secrets_come_from_files_that_the_service_is_given(compose: Compose) -> None:
    assert all(set(secret) == {"file"} for secret in compose.secrets.values())
    for service in compose.services.values():
        given = set(msgspec.convert(service.get("secrets", []), list[str]))
        assert given <= set(compose.secrets)
        used = {
            Path(value).name
            for name, value in variables(service).items()
            if name.endswith("_FILE") and value.startswith("/run/secrets/")
        }
        assert used <= given


def test_every_file_and_volume_it_mounts_exists(compose: Compose) -> None:
    for service in compose.services.values():
        for mount in msgspec.convert(service.get("volumes", []), list[str]):
            source = mount.partition(":")[0]
            assert source in compose.volumes or (CHECKOUT / source).is_file(), mount


def test_the_image_runs_without_root_and_installs_by_hash() -> None:
    text = (CHECKOUT / "Dockerfile").read_text()
    stages = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert len(stages) == 2
    assert re.findall(r"^USER (\S+)", text, re.MULTILINE) == ["complaints"]
    assert text.count("--require-hashes") == 2
    copied = re.search(r"^COPY (requirements\S+ requirements\S+) \./", text, re.MULTILINE)
    assert copied is not None
    assert all((CHECKOUT / name).is_file() for name in copied[1].split())
