"""The wheel holds everything the service needs, and runs far from the checkout."""

from __future__ import annotations

import compileall
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from complaints_service import frontend_parts
from tests.platform.service_process import ServiceProcess

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the wheel was unpacked, as an installer would."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    compileall.compile_dir(folder / "site", quiet=1)
    return folder / "site"


def files_below(folder: Path, *, without: str = "__pycache__") -> set[str]:
    found = (path for path in folder.rglob("*") if path.is_file() and without not in path.parts)
    return {path.relative_to(folder).as_posix() for path in found}


@pytest.mark.parametrize("part", ["templates", "sql"])
def test_the_wheel_holds_all_templates_and_sql(installed: Path, part: str) -> None:
    bundled = files_below(installed / "complaints_service" / "_bundled" / part)
    assert bundled == files_below(CHECKOUT / part)


@pytest.mark.parametrize("part", ["locale", "static"])
def test_the_wheel_holds_catalogues_and_static_files_with_the_vendor_parts(installed: Path, part: str) -> None:
    packed = files_below(installed / "complaints_service" / part)
    assert packed == files_below(CHECKOUT / "complaints_service" / part)
    if part == "static":
        assert {"vendor/htmx/htmx.min.js", "vendor/htmx/LICENSE"} <= packed


def test_the_front_end_parts_are_all_there() -> None:
    assert frontend_parts.missing() == []


def test_the_wheel_serves_pages_from_another_folder(installed: Path, tmp_path: Path) -> None:
    program = [sys.executable, "-m", "complaints_service.cli"]
    service = ServiceProcess(tmp_path / "var", program=program, PYTHONPATH=str(installed))
    where = subprocess.run(
        [sys.executable, "-c", "from complaints_service.resources import *; print(templates_dir())"],
        env=service.environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(where.stdout.strip()) == installed / "complaints_service" / "_bundled" / "templates"
    try:
        service.start()
        assert service.status("/") == 200
        assert service.status("/static/any/vendor/htmx/htmx.min.js") == 200
        service.interrupt()
    finally:
        service.stop()
